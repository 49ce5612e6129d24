"""ListUserPoolClients: in the order of their making, page by page (api.md 1.7, 2.10)."""

from typing import Any

import pytest

from app_client_authz.domain.pool import PoolSpec
from tests.support.aws import Wire, output, refusal
from tests.support.crowd import add_clients
from tests.support.site import Site

INVALID_TOKEN = (
    "InvalidParameterException",
    "Provided pagination token is invalid. Check the token and try your request again.",
)


@pytest.fixture
def crowd(site: Site) -> list[str]:
    """All of the 70 clients of the pool, the oldest first."""
    known = [site.web, site.spa, site.implicit, site.machine]
    return [client.client_id for client in known] + add_clients(site, 66)


def ids_of(page: dict[str, Any]) -> list[str]:
    return [client["ClientId"] for client in page["UserPoolClients"]]


def test_an_item_has_three_members(wire: Wire, site: Site) -> None:
    listed = output(wire("ListUserPoolClients", {"UserPoolId": site.pool.id}))

    assert listed == {
        "UserPoolClients": [
            {"ClientId": client.client_id, "UserPoolId": site.pool.id, "ClientName": client.client.name}
            for client in (site.web, site.spa, site.implicit, site.machine)
        ]
    }


def test_pool_without_clients_has_an_empty_list(wire: Wire, site: Site) -> None:
    empty = site.services.pools.create(PoolSpec(name="empty"))

    assert output(wire("ListUserPoolClients", {"UserPoolId": empty.id})) == {"UserPoolClients": []}


def test_boto3_follows_the_pages_to_the_end(cognito: Any, pool_id: str, crowd: list[str]) -> None:
    pages = list(cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id, MaxResults=30))

    assert [len(page["UserPoolClients"]) for page in pages] == [30, 30, 10]
    assert [client_id for page in pages for client_id in ids_of(page)] == crowd


def test_a_page_has_sixty_unless_told_otherwise(wire: Wire, pool_id: str, crowd: list[str]) -> None:
    first = output(wire("ListUserPoolClients", {"UserPoolId": pool_id}))
    second = output(wire("ListUserPoolClients", {"UserPoolId": pool_id, "NextToken": first["NextToken"]}))

    assert (ids_of(first), ids_of(second)) == (crowd[:60], crowd[60:])
    assert "NextToken" not in second


@pytest.mark.parametrize("size", [35, 14, 10, 7])
def test_a_full_page_that_is_the_last_has_no_token(wire: Wire, pool_id: str, crowd: list[str], size: int) -> None:
    found: list[str] = []
    token: dict[str, str] = {}
    for left in reversed(range(len(crowd) // size)):
        page = output(wire("ListUserPoolClients", {"UserPoolId": pool_id, "MaxResults": size, **token}))
        found += ids_of(page)
        assert ("NextToken" in page) == (left > 0)
        token = {name: page[name] for name in page.keys() & {"NextToken"}}

    assert found == crowd


def test_what_is_deleted_or_made_meanwhile_moves_nobody(wire: Wire, pool_id: str, crowd: list[str]) -> None:
    first = output(wire("ListUserPoolClients", {"UserPoolId": pool_id, "MaxResults": 10}))
    for client_id in (crowd[2], crowd[9], crowd[12]):
        output(wire("DeleteUserPoolClient", {"UserPoolId": pool_id, "ClientId": client_id}))
    made = output(wire("CreateUserPoolClient", {"UserPoolId": pool_id, "ClientName": "new"}))["UserPoolClient"]

    rest = output(wire("ListUserPoolClients", {"UserPoolId": pool_id, "NextToken": first["NextToken"]}))

    assert ids_of(rest) == [*crowd[10:12], *crowd[13:], made["ClientId"]]


@pytest.mark.parametrize("kind, counted", [("REGULAR", 4), ("DCR", 0)])
def test_list_of_one_type_of_client(wire: Wire, pool_id: str, kind: str, counted: int) -> None:
    listed = output(wire("ListUserPoolClients", {"UserPoolId": pool_id, "ClientType": kind}))

    assert len(listed["UserPoolClients"]) == counted


def test_token_is_good_for_its_list_alone(wire: Wire, site: Site, crowd: list[str]) -> None:
    asked = {"UserPoolId": site.pool.id, "MaxResults": 5}
    token = {"NextToken": output(wire("ListUserPoolClients", asked))["NextToken"]}
    other = site.services.pools.create(PoolSpec(name="other"))

    for wrong in ({"UserPoolId": other.id}, {"UserPoolId": site.pool.id, "ClientType": "REGULAR"}):
        assert refusal(wire("ListUserPoolClients", {**wrong, **token})) == INVALID_TOKEN
    for operation in ("ListGroups", "ListResourceServers"):
        assert refusal(wire(operation, {"UserPoolId": site.pool.id, **token})) == INVALID_TOKEN
    assert ids_of(output(wire("ListUserPoolClients", {**asked, "MaxResults": 60, **token}))) == crowd[5:65]


def test_token_that_nobody_gave_is_refused(wire: Wire, pool_id: str, crowd: list[str]) -> None:
    token = output(wire("ListUserPoolClients", {"UserPoolId": pool_id, "MaxResults": 5}))["NextToken"]

    changed = token[:40] + ("B" if token[40] == "A" else "A") + token[41:]
    for forged in ("5", "AAQA-garbage", token[:-2], changed, "é", "a.b.c.d.e"):
        assert refusal(wire("ListUserPoolClients", {"UserPoolId": pool_id, "NextToken": forged})) == INVALID_TOKEN


@pytest.mark.parametrize(
    "size, phrase",
    [
        (0, "Member must have value greater than or equal to 1"),
        (61, "Member must have value less than or equal to 60"),
    ],
)
def test_a_page_has_one_to_sixty(wire: Wire, pool_id: str, size: int, phrase: str) -> None:
    assert refusal(wire("ListUserPoolClients", {"UserPoolId": pool_id, "MaxResults": size})) == (
        "InvalidParameterException",
        f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: {phrase}",
    )
