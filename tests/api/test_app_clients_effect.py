"""What the API changes counts at the next request, at every face; and the command line shows the same clients."""

import json
from typing import Any

import pytest

from tests.api.test_app_clients import EVERYTHING
from tests.support.aws import Wire, output
from tests.support.back_channel import is_alive, refresh, token, userinfo
from tests.support.site import CALLBACK, Registered, Site

Json = dict[str, Any]

WEB: Json = {
    "CallbackURLs": [CALLBACK],
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "email", "profile", "orders/read"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "SupportedIdentityProviders": ["COGNITO"],
}
MACHINE: Json = {
    "AllowedOAuthFlows": ["client_credentials"],
    "AllowedOAuthScopes": ["orders/read", "orders/write"],
    "AllowedOAuthFlowsUserPoolClient": True,
}


def named(site: Site, client: Registered) -> Json:
    return {"UserPoolId": site.pool.id, "ClientId": client.client_id}


def machine_token(site: Site, client_id: str, secret: str, **body: str) -> Json:
    answer = token(site, None, grant_type="client_credentials", client_id=client_id, client_secret=secret, **body)
    return {"status": answer.status_code, **answer.json}


# --- at the next request ------------------------------------------------------------------------------


def test_a_new_client_has_its_tokens_at_once(site: Site, wire: Wire) -> None:
    asked = {"UserPoolId": site.pool.id, "ClientName": "nightly", "GenerateSecret": True, **MACHINE}

    made = output(wire("CreateUserPoolClient", asked))["UserPoolClient"]

    assert machine_token(site, made["ClientId"], made["ClientSecret"])["status"] == 200
    assert machine_token(site, made["ClientId"], made["ClientSecret"][:-1])["error"] == "invalid_client"


def test_a_changed_lifetime_holds_for_the_next_token(site: Site, wire: Wire) -> None:
    refresh_token = site.tokens(site.web)["refresh_token"]
    shorter = {"AccessTokenValidity": 7, "TokenValidityUnits": {"AccessToken": "minutes"}}

    output(wire("UpdateUserPoolClient", {**named(site, site.web), **WEB, **shorter}))

    assert refresh(site, site.web, refresh_token).json["expires_in"] == 420


def test_scopes_that_are_taken_away_are_given_no_more(site: Site, wire: Wire) -> None:
    fewer = {**MACHINE, "AllowedOAuthScopes": ["orders/read"]}
    output(wire("UpdateUserPoolClient", {**named(site, site.machine), **fewer}))
    assert site.machine.secret is not None

    asked = machine_token(site, site.machine.client_id, site.machine.secret, scope="orders/write")
    granted = machine_token(site, site.machine.client_id, site.machine.secret)

    assert (asked["status"], asked["error"]) == (400, "invalid_scope")
    assert granted["status"] == 200


def test_an_update_that_says_nothing_of_oauth_switches_it_off(site: Site, wire: Wire) -> None:
    output(wire("UpdateUserPoolClient", named(site, site.machine)))

    assert token(site, site.machine, grant_type="client_credentials").status_code == 400


def test_attributes_that_a_client_may_no_longer_read_stop_with_old_tokens(site: Site, wire: Wire) -> None:
    access_token = site.tokens(site.web)["access_token"]
    before = userinfo(site, access_token).json

    output(wire("UpdateUserPoolClient", {**named(site, site.web), **WEB, "ReadAttributes": ["name"]}))

    assert before["email"] == "kim@example.com"
    assert "email" not in userinfo(site, access_token).json


def test_a_deleted_client_takes_its_tokens_with_it_and_nobody_elses(site: Site, wire: Wire) -> None:
    doomed, other = site.tokens(site.web), site.tokens(site.spa)

    output(wire("DeleteUserPoolClient", named(site, site.web)))

    assert userinfo(site, doomed["access_token"]).status_code == 401
    assert refresh(site, site.web, doomed["refresh_token"]).json["error"] == "invalid_client"
    assert is_alive(site, site.spa, other)
    assert site.services.users.describe(site.pool.id, site.user.username) == site.user


# --- the command line ---------------------------------------------------------------------------------


def command(site: Site, *words: str) -> Any:
    """What ``flask authz … --json`` prints."""
    result = site.app.test_cli_runner().invoke(args=["authz", *words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


OURS = {"Confidential", "RequirePkce", "SSOSession"}
DATES = {"CreationDate", "LastModifiedDate"}


@pytest.mark.parametrize("members", [{"ClientName": "plain"}, {**EVERYTHING, "GenerateSecret": True}])
def test_the_command_line_describes_a_client_as_the_api_made_it(site: Site, wire: Wire, members: Json) -> None:
    made = output(wire("CreateUserPoolClient", {"UserPoolId": site.pool.id, **members}))["UserPoolClient"]

    shown = command(site, "client", "describe", made["ClientId"], "--show-secret")

    assert shown.keys() == made.keys() | OURS
    for member in made.keys() - DATES:
        assert shown[member] == made[member], member


def test_the_api_describes_a_client_as_the_command_line_made_it(site: Site, wire: Wire) -> None:
    made = command(
        site,
        *("client", "create", site.pool.id, "shop", "--generate-secret", "--flow", "code", "--scope", "openid"),
        *("--callback-url", CALLBACK, "--access-token-validity", "30m", "--read-attribute", "email"),
        *("--rotate-refresh-tokens", "--grace", "20", "--no-token-revocation"),
    )

    name = {"UserPoolId": site.pool.id, "ClientId": made["ClientId"]}
    described = output(wire("DescribeUserPoolClient", name))["UserPoolClient"]

    assert made.keys() == described.keys() | OURS
    for member in described.keys() - DATES:
        assert described[member] == made[member], member


def test_what_one_face_changes_the_other_shows(site: Site, wire: Wire) -> None:
    name = named(site, site.web)

    command(site, "client", "update", site.web.client_id, "--name", "by hand", "--id-token-validity", "20m")
    described = output(wire("DescribeUserPoolClient", name))["UserPoolClient"]
    output(wire("UpdateUserPoolClient", {**name, **WEB, "ClientName": "by program"}))
    shown = command(site, "client", "describe", site.web.client_id)

    assert (described["ClientName"], described["IdTokenValidity"]) == ("by hand", 20)
    assert described["TokenValidityUnits"] == {"IdToken": "minutes"}
    assert (shown["ClientName"], shown["TokenValidityUnits"]) == ("by program", {})
    assert "IdTokenValidity" not in shown


def test_both_list_the_same_clients_in_the_same_order(site: Site, wire: Wire) -> None:
    listed = output(wire("ListUserPoolClients", {"UserPoolId": site.pool.id}))["UserPoolClients"]
    shown = command(site, "client", "list", site.pool.id)

    assert [each["ClientId"] for each in shown] == [each["ClientId"] for each in listed]
    assert len(listed) == 4


def test_a_secret_that_one_face_adds_the_other_lists_and_deletes(site: Site, wire: Wire) -> None:
    name = named(site, site.machine)
    by_hand = command(site, "client", "secret", "add", site.machine.client_id)

    listed = output(wire("ListUserPoolClientSecrets", name))["ClientSecrets"]
    output(wire("DeleteUserPoolClientSecret", {**name, "ClientSecretId": listed[0]["ClientSecretId"]}))
    left = command(site, "client", "secret", "list", site.machine.client_id)

    assert [each["ClientSecretId"] for each in left] == [by_hand["ClientSecretId"]]
    assert listed[1]["ClientSecretId"] == by_hand["ClientSecretId"]
    assert machine_token(site, site.machine.client_id, by_hand["ClientSecretValue"])["status"] == 200
    assert token(site, site.machine, grant_type="client_credentials").json["error"] == "invalid_client"
