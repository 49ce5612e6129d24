"""Passwords of users, as an administrator resets them (api.md part 5)."""

from app_client_authz.api import auth_wire
from app_client_authz.api.operation import Call, Run


def admin_reset_user_password(call: Call) -> None:
    call.services.recovery.require_reset(call.input["UserPoolId"], call.input["Username"], auth_wire.caller(call))


OPERATIONS: dict[str, Run] = {
    "AdminResetUserPassword": admin_reset_user_password,
}
