"""App clients: Create, Describe, List, Update, Delete (api.md part 2)."""

from app_client_authz.api import client_wire, paging
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.wire import present
from app_client_authz.domain.client_entry import ClientEntry

DEFAULT_PAGE = 60


def create_user_pool_client(call: Call) -> Json:
    described = call.services.app_clients.create(call.input["UserPoolId"], client_wire.to_spec(call.input))
    return {"UserPoolClient": client_wire.from_client(described)}


def describe_user_pool_client(call: Call) -> Json:
    described = call.services.app_clients.describe(call.input["UserPoolId"], call.input["ClientId"])
    return {"UserPoolClient": client_wire.from_client(described)}


def list_user_pool_clients(call: Call) -> Json:
    pool_id, kind = call.input["UserPoolId"], call.input.get("ClientType")

    def fetch(after: str, limit: int) -> list[ClientEntry]:
        return call.services.app_clients.entries(pool_id, after=int(after or 0), limit=limit, kind=kind)

    found, token = paging.page(
        call, fetch, lambda entry: str(entry.number), kind or "", size=call.input.get("MaxResults", DEFAULT_PAGE)
    )
    return present({"UserPoolClients": [client_wire.from_entry(entry) for entry in found], "NextToken": token})


def update_user_pool_client(call: Call) -> Json:
    described = call.services.app_clients.replace(
        call.input["UserPoolId"], call.input["ClientId"], client_wire.to_spec(call.input)
    )
    return {"UserPoolClient": client_wire.from_client(described)}


def delete_user_pool_client(call: Call) -> None:
    call.services.app_clients.delete(call.input["UserPoolId"], call.input["ClientId"])


OPERATIONS: dict[str, Run] = {
    "CreateUserPoolClient": create_user_pool_client,
    "DescribeUserPoolClient": describe_user_pool_client,
    "ListUserPoolClients": list_user_pool_clients,
    "UpdateUserPoolClient": update_user_pool_client,
    "DeleteUserPoolClient": delete_user_pool_client,
}
