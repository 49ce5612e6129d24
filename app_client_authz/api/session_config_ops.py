"""How long a client takes sign-ins over silently: Get, Set (api.md 2.12)."""

from app_client_authz.api import client_wire
from app_client_authz.api.operation import Call, Json, Run


def get_user_pool_client_session_configuration(call: Call) -> Json:
    client = call.services.app_clients.look_up(call.input["UserPoolId"], call.input["ClientId"])
    return client_wire.from_sso_bound(client)


def set_user_pool_client_session_configuration(call: Call) -> Json:
    client = call.services.app_clients.bound_sso(
        call.input["UserPoolId"], call.input["ClientId"], call.input["SSOSession"]["MaxValidityMinutes"]
    )
    return client_wire.from_sso_bound(client)


OPERATIONS: dict[str, Run] = {
    "GetUserPoolClientSessionConfiguration": get_user_pool_client_session_configuration,
    "SetUserPoolClientSessionConfiguration": set_user_pool_client_session_configuration,
}
