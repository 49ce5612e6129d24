"""App clients: Create, Describe, List, Update, Delete (api.md part 2)."""

from app_client_authz.api import client_wire
from app_client_authz.api.operation import Call, Json, Run

DEFAULT_PAGE = 60


def create_user_pool_client(call: Call) -> Json:
    described = call.services.app_clients.create(call.input["UserPoolId"], client_wire.to_spec(call.input))
    return {"UserPoolClient": client_wire.from_client(described)}


def describe_user_pool_client(call: Call) -> Json:
    described = call.services.app_clients.describe(call.input["UserPoolId"], call.input["ClientId"])
    return {"UserPoolClient": client_wire.from_client(described)}


def delete_user_pool_client(call: Call) -> None:
    call.services.app_clients.delete(call.input["UserPoolId"], call.input["ClientId"])


OPERATIONS: dict[str, Run] = {
    "CreateUserPoolClient": create_user_pool_client,
    "DescribeUserPoolClient": describe_user_pool_client,
    "DeleteUserPoolClient": delete_user_pool_client,
}
