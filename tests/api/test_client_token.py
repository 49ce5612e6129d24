"""GetClientToken: the client_credentials grant as an operation (api.md 2.5, 4.27)."""

from typing import Any

import pytest

from app_client_authz.domain.pool import PoolSpec
from tests.support.aws import Wire, output, refusal
from tests.support.back_channel import token
from tests.support.site import BASE, Registered, Site, claims

FLOW = "ALLOW_CLIENT_TOKEN_AUTH"
NO_FLOW = "Auth flow not enabled for this client"


@pytest.fixture
def machine(site: Site) -> Registered:
    """A client that has no OAuth flow at all."""
    return _machine(site)


def _machine(site: Site, **spec: Any) -> Registered:
    wanted: dict[str, Any] = {
        "generate_secret": True,
        "callback_urls": None,
        "logout_urls": None,
        "allowed_oauth_flows": None,
        "allowed_oauth_scopes": ("orders/read", "orders/write"),
        "allowed_oauth_flows_user_pool_client": None,
        "explicit_auth_flows": (FLOW,),
    }
    return site.client(**(wanted | spec))


def asked(client: Registered, **more: Any) -> dict[str, Any]:
    return {"ClientId": client.client_id, "Secret": client.secret, **more}


def test_token_is_that_of_the_client_credentials_grant(cognito: Any, site: Site, machine: Registered) -> None:
    answer = cognito.get_client_token(**asked(machine))["ClientAuthenticationResult"]

    other = token(site, site.machine, grant_type="client_credentials").json
    assert answer.keys() == {"AccessToken", "ExpiresIn", "TokenType"}
    assert (answer["ExpiresIn"], answer["TokenType"]) == (3600, "Bearer")
    ours, theirs = claims(answer["AccessToken"]), claims(other["access_token"])
    assert list(ours) == list(theirs)
    assert ours["sub"] == ours["client_id"] == machine.client_id
    assert ours["scope"] == "orders/read orders/write"


def test_token_is_limited_to_the_scopes_asked_for(site: Site, wire: Wire, machine: Registered) -> None:
    answer = output(wire("GetClientToken", asked(machine, Scopes=["orders/write"])))["ClientAuthenticationResult"]

    said = claims(answer["AccessToken"])
    assert said["scope"] == "orders/write"
    assert said["iss"] == f"{BASE}/{site.pool.id}"


def test_no_scope_at_all_means_all_of_them(wire: Wire, machine: Registered) -> None:
    answer = output(wire("GetClientToken", asked(machine, Scopes=[])))["ClientAuthenticationResult"]

    assert claims(answer["AccessToken"])["scope"] == "orders/read orders/write"


@pytest.mark.parametrize("wanted", [["openid"], ["orders/read", "orders/delete"], ["aws.cognito.signin.user.admin"]])
def test_scopes_that_are_not_the_clients_own_are_refused(wire: Wire, machine: Registered, wanted: list[str]) -> None:
    refused = wire("GetClientToken", asked(machine, Scopes=wanted))

    assert refusal(refused) == ("InvalidParameterException", "Invalid scope requested.")


def test_client_without_custom_scopes_gets_none(site: Site, wire: Wire) -> None:
    bare = _machine(site, allowed_oauth_scopes=None)

    assert refusal(wire("GetClientToken", asked(bare))) == ("InvalidParameterException", "Invalid scope requested.")


def test_flow_has_to_be_enabled(site: Site, wire: Wire) -> None:
    assert refusal(wire("GetClientToken", asked(site.machine))) == ("InvalidParameterException", NO_FLOW)


def test_flow_opens_no_other_door(site: Site, wire: Wire, machine: Registered) -> None:
    grant = token(site, machine, grant_type="client_credentials")
    body = {"ClientId": machine.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {}}

    assert grant.status_code == 400
    assert refusal(wire("InitiateAuth", body, signed=False))[0] == "InvalidParameterException"


@pytest.mark.attack("R8")
def test_wrong_secrets_of_any_client_are_refused_before_its_flows(site: Site, wire: Wire, machine: Registered) -> None:
    for client in (machine, site.machine, site.spa):
        refused = wire("GetClientToken", {"ClientId": client.client_id, "Secret": "w" * 40})
        assert refusal(refused) == (
            "NotAuthorizedException",
            f"Unable to verify secret hash for client {client.client_id}",
        )
    assert refusal(wire("GetClientToken", {"ClientId": "unknown", "Secret": "w" * 40})) == (
        "ResourceNotFoundException",
        "User pool client unknown does not exist.",
    )


def test_either_of_two_secrets_opens(site: Site, wire: Wire, machine: Registered) -> None:
    _, second = site.services.app_clients.add_secret(site.pool.id, machine.client_id)

    for secret in (machine.secret, second):
        output(wire("GetClientToken", asked(machine) | {"Secret": secret}))


@pytest.mark.attack("SIG-1")
@pytest.mark.usefixtures("ready_made_keys")
def test_call_is_signed_and_a_key_reaches_its_own_pools_only(site: Site, machine: Registered) -> None:
    elsewhere = site.services.pools.create(PoolSpec(name="other"))
    assert refusal(Wire(site.app)("GetClientToken", asked(machine), signed=False))[0] == (
        "MissingAuthenticationTokenException"
    )
    for pool, opens in ((site.pool, True), (elsewhere, False)):
        key, secret = site.services.access_keys.create(pool_ids=[pool.id])
        answer = Wire(site.app, key=key.id, secret=secret)("GetClientToken", asked(machine))
        assert (answer.status_code == 200) is opens
        if not opens:
            assert refusal(answer)[0] == "AccessDeniedException"
