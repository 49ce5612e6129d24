"""Registration (api.md 4.13 to 4.15)."""

from app_client_authz.api import auth_wire
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.wire import from_pairs, present
from app_client_authz.domain.user import UserStatus


def sign_up(call: Call) -> Json:
    done = call.services.sign_up.sign_up(
        auth_wire.client_of(call),
        call.input["Username"],
        call.input.get("Password"),
        from_pairs(call.input.get("UserAttributes")),
        auth_wire.caller(call),
    )
    return present(
        {
            "UserConfirmed": done.user.status == UserStatus.CONFIRMED,
            "CodeDeliveryDetails": None if done.sent is None else auth_wire.delivery(done.sent),
            "UserSub": done.user.sub,
            "Session": done.session,
        }
    )


def confirm_sign_up(call: Call) -> Json:
    confirmed = call.services.sign_up.confirm(
        auth_wire.client_of(call),
        call.input["Username"],
        call.input["ConfirmationCode"],
        auth_wire.caller(call),
        takes_aliases=call.input.get("ForceAliasCreation", False),
        session=call.input.get("Session"),
    )
    return present({"Session": confirmed.session})


def resend_confirmation_code(call: Call) -> Json:
    sent = call.services.sign_up.resend(auth_wire.client_of(call), call.input["Username"], auth_wire.caller(call))
    return {"CodeDeliveryDetails": auth_wire.delivery(sent)}


OPERATIONS: dict[str, Run] = {
    "SignUp": sign_up,
    "ConfirmSignUp": confirm_sign_up,
    "ResendConfirmationCode": resend_confirmation_code,
}
