"""Second factors of a user pool: Get and SetUserPoolMfaConfig (api.md 3.7)."""

from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.pool_wire import Names, shown, structure, thawed
from app_client_authz.api.wire import present
from app_client_authz.domain.pool import MfaChange, UserPool
from app_client_authz.domain.pool_settings import EmailMfaConfiguration, WebAuthnConfiguration

_EMAIL: Names = {"Message": "message", "Subject": "subject"}
_WEB_AUTHN: Names = {
    "RelyingPartyId": "relying_party_id",
    "UserVerification": "user_verification",
    "FactorConfiguration": "factor_configuration",
}


def get_user_pool_mfa_config(call: Call) -> Json:
    return factors(call.services.pools.describe(call.input["UserPoolId"]))


def set_user_pool_mfa_config(call: Call) -> Json:
    return factors(call.services.pool_settings.set_mfa(call.input["UserPoolId"], to_change(call.input)))


OPERATIONS: dict[str, Run] = {
    "GetUserPoolMfaConfig": get_user_pool_mfa_config,
    "SetUserPoolMfaConfig": set_user_pool_mfa_config,
}


def to_change(members: Json) -> MfaChange:
    """What a SetUserPoolMfaConfig says."""
    sms, token = members.get("SmsMfaConfiguration"), members.get("SoftwareTokenMfaConfiguration")
    email, web_authn = members.get("EmailMfaConfiguration"), members.get("WebAuthnConfiguration")
    return MfaChange(
        mode=members.get("MfaConfiguration"),
        sms=sms is not None,
        sms_configuration=None if sms is None else sms.get("SmsConfiguration"),
        sms_authentication_message=None if sms is None else sms.get("SmsAuthenticationMessage"),
        # AWS's SDKs leave out what is false.
        software_token=None if token is None else token.get("Enabled", False),
        email=None if email is None else structure(EmailMfaConfiguration, _EMAIL, email),
        web_authn=None if web_authn is None else structure(WebAuthnConfiguration, _WEB_AUTHN, web_authn),
    )


def factors(pool: UserPool) -> Json:
    """The second factors of a pool, as GetUserPoolMfaConfig shows them."""
    spec, kept = pool.spec, pool.spec.factors
    sms = present(
        {
            "SmsAuthenticationMessage": spec.sms_authentication_message,
            "SmsConfiguration": thawed(spec.sms_configuration),
        }
    )
    return present(
        {
            "SmsMfaConfiguration": sms if kept.sms else None,
            "SoftwareTokenMfaConfiguration": None if kept.software_token is None else {"Enabled": kept.software_token},
            "EmailMfaConfiguration": None if kept.email is None else shown(_EMAIL, kept.email),
            "MfaConfiguration": spec.mfa,
            "WebAuthnConfiguration": None if kept.web_authn is None else shown(_WEB_AUTHN, kept.web_authn),
        }
    )
