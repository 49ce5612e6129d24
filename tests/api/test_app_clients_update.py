"""UpdateUserPoolClient replaces: what is left out goes back to its default, with few exceptions (api.md 2.6)."""

from typing import Any

import pytest

from tests.api.test_app_clients import EVERYTHING
from tests.support.aws import Wire, output, refusal
from tests.support.clock import MovableClock
from tests.support.site import Site

Json = dict[str, Any]


@pytest.fixture
def full(wire: Wire, pool_id: str) -> Json:
    """A client with every member set."""
    made = output(wire("CreateUserPoolClient", {"UserPoolId": pool_id, "GenerateSecret": True, **EVERYTHING}))
    client: Json = made["UserPoolClient"]
    return client


def named(client: Json) -> Json:
    return {"UserPoolId": client["UserPoolId"], "ClientId": client["ClientId"]}


def update(wire: Wire, client: Json, **members: Any) -> Json:
    client = output(wire("UpdateUserPoolClient", {**named(client), **members}))["UserPoolClient"]
    assert output(wire("DescribeUserPoolClient", named(client)))["UserPoolClient"] == client
    return client


def test_update_without_members_resets_all_but_name_secret_and_rotation(
    wire: Wire, full: Json, clock: MovableClock
) -> None:
    clock.advance(60)

    assert update(wire, full) == {
        "UserPoolId": full["UserPoolId"],
        "ClientId": full["ClientId"],
        "ClientName": full["ClientName"],
        "ClientSecret": full["ClientSecret"],
        "CreationDate": full["CreationDate"],
        "LastModifiedDate": pytest.approx(full["CreationDate"] + 60),
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {},
        "AllowedOAuthFlowsUserPoolClient": False,
        # It was false: the default is true.
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AuthSessionValidity": 3,
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
    }


def test_what_is_described_can_be_sent_back(cognito: Any, wire: Wire, full: Json) -> None:
    """boto3's users describe, change one member and update."""
    described = cognito.describe_user_pool_client(**named(full))["UserPoolClient"]
    not_sent = {"ClientSecret", "CreationDate", "LastModifiedDate"}
    members = {name: value for name, value in described.items() if name not in not_sent}

    updated = cognito.update_user_pool_client(**{**members, "ClientName": "renamed"})["UserPoolClient"]

    assert updated == {**described, "ClientName": "renamed"}


def test_modification_moves_even_when_nothing_else_does(wire: Wire, full: Json, clock: MovableClock) -> None:
    clock.advance(1)
    first = update(wire, full, **EVERYTHING)
    clock.advance(1)
    second = update(wire, full, **EVERYTHING)

    assert first["LastModifiedDate"] < second["LastModifiedDate"]
    assert first | {"LastModifiedDate": None} == second | {"LastModifiedDate": None}
    assert second["CreationDate"] == full["CreationDate"]


def test_no_update_makes_or_changes_a_secret(site: Site, wire: Wire, full: Json) -> None:
    public = {"UserPoolId": site.pool.id, "ClientId": site.spa.client_id}

    assert "ClientSecret" not in update(wire, public, GenerateSecret=True, ClientSecret="a" * 24)
    assert update(wire, full, GenerateSecret=False, ClientSecret="a" * 24)["ClientSecret"] == full["ClientSecret"]


def test_rotation_stays_until_it_is_switched_off(wire: Wire, full: Json) -> None:
    refresh = {"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]}

    refused = wire("UpdateUserPoolClient", {**named(full), **refresh})
    off = update(wire, full, **refresh, RefreshTokenRotation={"Feature": "DISABLED"})
    later = update(wire, full, **refresh)

    assert refusal(refused) == (
        "InvalidParameterException",
        "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled.",
    )
    assert off["RefreshTokenRotation"] == {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0}
    assert later["RefreshTokenRotation"] == off["RefreshTokenRotation"]


def test_scope_that_is_gone_stays_until_the_next_update(site: Site, wire: Wire) -> None:
    machine = {"UserPoolId": site.pool.id, "ClientId": site.machine.client_id}
    output(wire("DeleteResourceServer", {"UserPoolId": site.pool.id, "Identifier": "orders"}))

    described = output(wire("DescribeUserPoolClient", machine))["UserPoolClient"]
    oauth = {
        name: described[name] for name in ("AllowedOAuthFlows", "AllowedOAuthScopes", "AllowedOAuthFlowsUserPoolClient")
    }

    assert described["AllowedOAuthScopes"] == ["orders/read", "orders/write"]
    assert refusal(wire("UpdateUserPoolClient", {**machine, **oauth})) == (
        "ScopeDoesNotExistException",
        "Invalid scope requested: orders/read",
    )
    assert output(wire("DescribeUserPoolClient", machine))["UserPoolClient"] == described


def test_pkce_that_only_the_command_line_knows_is_kept(site: Site, wire: Wire) -> None:
    client = site.client(require_pkce=True)

    update(wire, {"UserPoolId": site.pool.id, "ClientId": client.client_id})

    assert site.services.app_clients.look_up(site.pool.id, client.client_id).requires_pkce
