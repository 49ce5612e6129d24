"""Resource servers by boto3 (api.md 3.1)."""

from typing import Any

import pytest

from app_client_authz.services import resource_servers
from tests.support.aws import Wire
from tests.support.refusals import PATTERN, refused, violation
from tests.support.site import Site

NOWHERE = "us-east-1_nowhere00"
API = "https://api.example.com/v1"
READ = {"ScopeName": "read", "ScopeDescription": "Read the invoices"}
WRITE = {"ScopeName": "write", "ScopeDescription": "Write the invoices"}


@pytest.fixture
def made(cognito: Any, pool_id: str) -> dict[str, Any]:
    created = cognito.create_resource_server(UserPoolId=pool_id, Identifier=API, Name="Invoices", Scopes=[WRITE, READ])
    return dict(created["ResourceServer"])


def test_resource_server_comes_back_as_it_was_made(cognito: Any, pool_id: str, made: dict[str, Any]) -> None:
    assert made == {"UserPoolId": pool_id, "Identifier": API, "Name": "Invoices", "Scopes": [WRITE, READ]}
    assert cognito.describe_resource_server(UserPoolId=pool_id, Identifier=API)["ResourceServer"] == made


def test_resource_server_without_scopes_has_no_member_for_them(cognito: Any, pool_id: str) -> None:
    bare = {"UserPoolId": pool_id, "Identifier": "bare", "Name": "Bare"}

    assert cognito.create_resource_server(**bare)["ResourceServer"] == bare
    assert cognito.describe_resource_server(UserPoolId=pool_id, Identifier="bare")["ResourceServer"] == bare
    assert bare in cognito.list_resource_servers(UserPoolId=pool_id, MaxResults=50)["ResourceServers"]


def test_update_replaces_name_and_scopes(cognito: Any, pool_id: str, made: dict[str, Any]) -> None:
    renamed = cognito.update_resource_server(UserPoolId=pool_id, Identifier=API, Name="Bills", Scopes=[READ])
    assert renamed["ResourceServer"] == made | {"Name": "Bills", "Scopes": [READ]}

    emptied = cognito.update_resource_server(UserPoolId=pool_id, Identifier=API, Name="Bills")
    assert "Scopes" not in emptied["ResourceServer"]
    described = cognito.describe_resource_server(UserPoolId=pool_id, Identifier=API)
    assert described["ResourceServer"] == emptied["ResourceServer"]


def test_scopes_of_a_resource_server_are_what_clients_may_list(cognito: Any, pool_id: str) -> None:
    wanted = {
        "UserPoolId": pool_id,
        "ClientName": "machine",
        "GenerateSecret": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": [f"{API}/read"],
        "AllowedOAuthFlowsUserPoolClient": True,
    }
    with refused("ScopeDoesNotExist", f"Invalid scope requested: {API}/read"):
        cognito.create_user_pool_client(**wanted)

    cognito.create_resource_server(UserPoolId=pool_id, Identifier=API, Name="Invoices", Scopes=[READ])
    client = cognito.create_user_pool_client(**wanted)["UserPoolClient"]
    assert client["AllowedOAuthScopes"] == [f"{API}/read"]

    cognito.delete_resource_server(UserPoolId=pool_id, Identifier=API)
    kept = cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client["ClientId"])["UserPoolClient"]
    assert kept["AllowedOAuthScopes"] == [f"{API}/read"]


def test_delete_answers_without_a_body(wire: Wire, pool_id: str, made: dict[str, Any]) -> None:
    answer = wire("DeleteResourceServer", {"UserPoolId": pool_id, "Identifier": API})

    assert (answer.status_code, answer.data) == (200, b"")


def test_deleted_resource_server_is_gone(cognito: Any, pool_id: str, made: dict[str, Any]) -> None:
    cognito.delete_resource_server(UserPoolId=pool_id, Identifier=API)

    with refused("ResourceNotFound", f"Resource server {API} does not exist."):
        cognito.describe_resource_server(UserPoolId=pool_id, Identifier=API)
    with refused("ResourceNotFound", f"Resource server {API} does not exist."):
        cognito.delete_resource_server(UserPoolId=pool_id, Identifier=API)
    with refused("ResourceNotFound", f"Resource server {API} does not exist."):
        cognito.update_resource_server(UserPoolId=pool_id, Identifier=API, Name="Invoices")


def test_second_one_of_the_same_identifier_is_refused(cognito: Any, pool_id: str, made: dict[str, Any]) -> None:
    with refused("InvalidParameter", f"{API} already exists in user pool {pool_id}."):
        cognito.create_resource_server(UserPoolId=pool_id, Identifier=API, Name="Again")

    assert cognito.describe_resource_server(UserPoolId=pool_id, Identifier=API)["ResourceServer"] == made


def test_pool_has_25_resource_servers_at_most(cognito: Any, pool_id: str) -> None:
    for number in range(resource_servers.MAX_PER_POOL - 1):
        cognito.create_resource_server(UserPoolId=pool_id, Identifier=f"api-{number}", Name="Api")

    with refused("LimitExceeded", "A user pool has at most 25 resource servers."):
        cognito.create_resource_server(UserPoolId=pool_id, Identifier="one-too-many", Name="Api")
    assert len(cognito.list_resource_servers(UserPoolId=pool_id, MaxResults=50)["ResourceServers"]) == 25


@pytest.mark.parametrize(
    "members, message",
    [
        (
            {"Scopes": [READ, READ]},
            "A resource server cannot have two scopes of the same name.",
        ),
        ({"Identifier": "aws.cognito/dcr"}, "The identifier aws.cognito/dcr is reserved."),
        ({"Name": "a;b"}, violation("'a;b' at 'name'", PATTERN + r"[\w\s+=,.@-]+")),
        (
            {"Scopes": [{"ScopeName": "a/b", "ScopeDescription": "x"}]},
            violation("'a/b' at 'scopes.1.member.scopeName'", PATTERN + r"[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]+"),
        ),
        (
            {"Scopes": [{"ScopeName": "a"}]},
            violation("null at 'scopes.1.member.scopeDescription'", "Member must not be null"),
        ),
    ],
)
def test_malformed_resource_server_is_refused(
    cognito: Any, pool_id: str, members: dict[str, Any], message: str
) -> None:
    with refused("InvalidParameter", message):
        cognito.create_resource_server(**({"UserPoolId": pool_id, "Identifier": "x", "Name": "X"} | members))


def test_description_of_a_scope_may_be_any_text(cognito: Any, pool_id: str) -> None:
    odd = {"ScopeName": "odd", "ScopeDescription": "\u2028 <b> \U0001f512"}

    cognito.create_resource_server(UserPoolId=pool_id, Identifier="x", Name="X", Scopes=[odd])

    described = cognito.describe_resource_server(UserPoolId=pool_id, Identifier="x")["ResourceServer"]
    assert described["Scopes"] == [odd]


def test_list_goes_on_where_the_page_ended(cognito: Any, pool_id: str, site: Site) -> None:
    identifiers = ["orders", *(f"api-{number}" for number in range(4))]  # the site has orders
    for identifier in identifiers[1:]:
        cognito.create_resource_server(UserPoolId=pool_id, Identifier=identifier, Name="Api")

    pages = list(cognito.get_paginator("list_resource_servers").paginate(UserPoolId=pool_id, MaxResults=2))

    sizes = [len(page["ResourceServers"]) for page in pages]
    assert sizes == [2, 2, 1]
    assert sorted(each["Identifier"] for page in pages for each in page["ResourceServers"]) == sorted(identifiers)


def test_full_page_that_is_the_last_has_no_token(cognito: Any, pool_id: str) -> None:
    cognito.create_resource_server(UserPoolId=pool_id, Identifier="api", Name="Api")

    assert "NextToken" in cognito.list_resource_servers(UserPoolId=pool_id, MaxResults=1)
    assert "NextToken" not in cognito.list_resource_servers(UserPoolId=pool_id, MaxResults=2)
    assert "NextToken" not in cognito.list_resource_servers(UserPoolId=pool_id)


@pytest.mark.parametrize("operation", ["list_resource_servers", "list_identity_providers"])
def test_token_of_another_list_is_refused(cognito: Any, pool_id: str, operation: str) -> None:
    cognito.create_resource_server(UserPoolId=pool_id, Identifier="api", Name="Api")
    token = cognito.list_resource_servers(UserPoolId=pool_id, MaxResults=1)["NextToken"]
    other = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]

    invalid = "Provided pagination token is invalid. Check the token and try your request again."
    with refused("InvalidParameter", invalid):
        getattr(cognito, operation)(UserPoolId=other, NextToken=token)
    with refused("InvalidParameter", invalid):
        getattr(cognito, operation)(UserPoolId=pool_id, NextToken="garbage")


@pytest.mark.parametrize(
    "operation, members",
    [
        ("create_resource_server", {"Identifier": "x", "Name": "X"}),
        ("describe_resource_server", {"Identifier": "x"}),
        ("list_resource_servers", {}),
        ("update_resource_server", {"Identifier": "x", "Name": "X"}),
        ("delete_resource_server", {"Identifier": "x"}),
    ],
)
def test_unknown_pool_is_not_found(cognito: Any, operation: str, members: dict[str, Any]) -> None:
    with refused("ResourceNotFound", f"User pool {NOWHERE} does not exist."):
        getattr(cognito, operation)(UserPoolId=NOWHERE, **members)
