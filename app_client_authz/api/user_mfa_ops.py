"""Second factors of a user: authenticator apps, preferences, what there is to sign in with (api.md 4.23, 4.24)."""

from app_client_authz.api import user_wire
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.wire import present
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.user_mfa import EMAIL, SMS, SOFTWARE_TOKEN, Wish
from app_client_authz.services.mfa_settings import AuthFactors

_SETTINGS = {"SMSMfaSettings": SMS, "SoftwareTokenMfaSettings": SOFTWARE_TOKEN, "EmailMfaSettings": EMAIL}


def associate_software_token(call: Call) -> Json:
    tokens = call.services.software_tokens
    if _by_session(call):
        made = tokens.associate_in_sign_in(call.input["Session"])
    else:
        made = tokens.associate(call.input["AccessToken"], call.base)
    return present({"SecretCode": made.secret_code, "Session": made.session})


def verify_software_token(call: Call) -> Json:
    """A wrong code is an exception, never ``Status`` ``ERROR`` (api.md 9, 16)."""
    tokens, code, name = call.services.software_tokens, call.input["UserCode"], call.input.get("FriendlyDeviceName")
    session = None
    if _by_session(call):
        session = tokens.verify_in_sign_in(call.input["Session"], code, name)
    else:
        tokens.verify(call.input["AccessToken"], call.base, code, name)
    return present({"Status": "SUCCESS", "Session": session})


def admin_delete_software_token(call: Call) -> None:
    call.services.software_tokens.delete(call.input["UserPoolId"], call.input["Username"])


def set_user_mfa_preference(call: Call) -> None:
    call.services.mfa_settings.prefer(call.input["AccessToken"], call.base, _wishes(call))


def admin_set_user_mfa_preference(call: Call) -> None:
    call.services.mfa_settings.prefer_for(call.input["UserPoolId"], call.input["Username"], _wishes(call))


def set_user_settings(call: Call) -> None:
    call.services.mfa_settings.prefer(call.input["AccessToken"], call.base, _options(call))


def admin_set_user_settings(call: Call) -> None:
    call.services.mfa_settings.prefer_for(call.input["UserPoolId"], call.input["Username"], _options(call))


def get_user_auth_factors(call: Call) -> Json:
    return _factors(call.services.mfa_settings.factors(call.input["AccessToken"], call.base))


def admin_get_user_auth_factors(call: Call) -> Json:
    return _factors(call.services.mfa_settings.factors_of(call.input["UserPoolId"], call.input["Username"]))


OPERATIONS: dict[str, Run] = {
    "AssociateSoftwareToken": associate_software_token,
    "VerifySoftwareToken": verify_software_token,
    "AdminDeleteSoftwareToken": admin_delete_software_token,
    "SetUserMFAPreference": set_user_mfa_preference,
    "AdminSetUserMFAPreference": admin_set_user_mfa_preference,
    "SetUserSettings": set_user_settings,
    "AdminSetUserSettings": admin_set_user_settings,
    "GetUserAuthFactors": get_user_auth_factors,
    "AdminGetUserAuthFactors": admin_get_user_auth_factors,
}


def _by_session(call: Call) -> bool:
    given = [name for name in ("AccessToken", "Session") if call.input.get(name) is not None]
    if len(given) != 1:
        raise InvalidParameter("Exactly one of AccessToken and Session must be provided.")
    return given == ["Session"]


def _wishes(call: Call) -> dict[str, Wish]:
    """AWS's SDKs leave out what is false."""
    if (call.input.get("WebAuthnMfaSettings") or {}).get("Enabled"):
        raise InvalidParameter("WebAuthnMfaSettings is not supported by this server.")
    return {
        factor: Wish(call.input[member].get("Enabled", False), call.input[member].get("PreferredMfa", False))
        for member, factor in _SETTINGS.items()
        if call.input.get(member) is not None
    }


def _options(call: Call) -> dict[str, Wish]:
    """The old form, which knows nothing but SMS: an empty list switches it off."""
    for option in call.input["MFAOptions"]:
        if (option.get("DeliveryMedium"), option.get("AttributeName")) != ("SMS", "phone_number"):
            raise InvalidParameter("MFAOptions: only SMS to phone_number is supported.")
    return {SMS: Wish(enabled=bool(call.input["MFAOptions"]))}


def _factors(found: AuthFactors) -> Json:
    settings = user_wire.mfa(found.user)
    settings.pop("MFAOptions", None)
    return {"Username": found.user.username, **settings, "ConfiguredUserAuthFactors": list(found.factors)}
