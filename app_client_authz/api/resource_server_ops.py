"""Resource servers: Create, Describe, List, Update, Delete (api.md 3.1)."""

from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.paging import page
from app_client_authz.api.wire import present
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope

DEFAULT_PAGE = 50


def create_resource_server(call: Call) -> Json:
    return {"ResourceServer": shown(call.services.resource_servers.create(to_server(call.input)))}


def describe_resource_server(call: Call) -> Json:
    found = call.services.resource_servers.describe(call.input["UserPoolId"], call.input["Identifier"])
    return {"ResourceServer": shown(found)}


def list_resource_servers(call: Call) -> Json:
    servers, token = page(
        call,
        lambda after, limit: call.services.resource_servers.page(call.input["UserPoolId"], after=after, limit=limit),
        lambda server: server.identifier,
        size=call.input.get("MaxResults", DEFAULT_PAGE),
    )
    return present({"ResourceServers": [shown(server) for server in servers], "NextToken": token})


def update_resource_server(call: Call) -> Json:
    return {"ResourceServer": shown(call.services.resource_servers.replace(to_server(call.input)))}


def delete_resource_server(call: Call) -> None:
    call.services.resource_servers.delete(call.input["UserPoolId"], call.input["Identifier"])


OPERATIONS: dict[str, Run] = {
    "CreateResourceServer": create_resource_server,
    "DescribeResourceServer": describe_resource_server,
    "ListResourceServers": list_resource_servers,
    "UpdateResourceServer": update_resource_server,
    "DeleteResourceServer": delete_resource_server,
}


def to_server(members: Json) -> ResourceServer:
    """The resource server that CreateResourceServer and UpdateResourceServer describe."""
    scopes = members.get("Scopes", ())
    return ResourceServer.create(
        pool_id=members["UserPoolId"],
        identifier=members["Identifier"],
        name=members["Name"],
        scopes=[ResourceServerScope(scope["ScopeName"], scope["ScopeDescription"]) for scope in scopes],
    )


def shown(server: ResourceServer) -> Json:
    """``ResourceServerType``."""
    scopes = [{"ScopeName": scope.name, "ScopeDescription": scope.description} for scope in server.scopes]
    return present(
        {
            "UserPoolId": server.pool_id,
            "Identifier": server.identifier,
            "Name": server.name,
            "Scopes": scopes or None,
        }
    )
