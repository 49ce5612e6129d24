"""Forgotten passwords (api.md 4.16, 4.17)."""

from app_client_authz.api import auth_wire
from app_client_authz.api.operation import Call, Json, Run


def forgot_password(call: Call) -> Json:
    sent = call.services.recovery.forgot(auth_wire.client_of(call), call.input["Username"], auth_wire.caller(call))
    return {"CodeDeliveryDetails": auth_wire.delivery(sent)}


def confirm_forgot_password(call: Call) -> None:
    call.services.recovery.confirm(
        auth_wire.client_of(call),
        call.input["Username"],
        call.input["ConfirmationCode"],
        call.input["Password"],
        auth_wire.caller(call),
    )


OPERATIONS: dict[str, Run] = {
    "ForgotPassword": forgot_password,
    "ConfirmForgotPassword": confirm_forgot_password,
}
