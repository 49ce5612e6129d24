"""Client secrets: Add, List, Delete (api.md 2.11)."""

from app_client_authz.api import client_wire
from app_client_authz.api.operation import Call, Json, Run


def add_user_pool_client_secret(call: Call) -> Json:
    given = call.input.get("ClientSecret")
    kept, clear = call.services.app_clients.add_secret(call.input["UserPoolId"], call.input["ClientId"], given)
    # Whoever brings a secret along knows it.
    return {"ClientSecretDescriptor": client_wire.from_secret(kept, clear if given is None else None)}


def list_user_pool_client_secrets(call: Call) -> Json:
    # Both always fit on one page: there is no token that this list ever gave.
    call.services.page_tokens.read(call.input.get("NextToken"), call.operation)
    client = call.services.app_clients.look_up(call.input["UserPoolId"], call.input["ClientId"])
    return {"ClientSecrets": [client_wire.from_secret(kept) for kept in client.secrets]}


def delete_user_pool_client_secret(call: Call) -> None:
    call.services.app_clients.delete_secret(
        call.input["UserPoolId"], call.input["ClientId"], call.input["ClientSecretId"]
    )


OPERATIONS: dict[str, Run] = {
    "AddUserPoolClientSecret": add_user_pool_client_secret,
    "ListUserPoolClientSecrets": list_user_pool_client_secrets,
    "DeleteUserPoolClientSecret": delete_user_pool_client_secret,
}
