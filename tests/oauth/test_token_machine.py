"""grant_type=client_credentials: custom scopes of the client and nothing of a user (endpoints.md 3.4, 3.5; SCP-2)."""

import re

import pytest

from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from tests.support.back_channel import GIVE_UP, REVOKE, change, refresh, token, userinfo
from tests.support.clock import MovableClock
from tests.support.site import Site, claims


def granted(site: Site, **body: str) -> str:
    """The scopes of the token that ``machine`` gets."""
    answer = token(site, site.machine, grant_type="client_credentials", **body)
    assert answer.status_code == 200, answer.text
    return str(claims(answer.json["access_token"])["scope"])


@pytest.mark.compliance("RFC 6749", "4.4.3", "an access token, and no refresh token")
def test_a_machine_gets_an_access_token_and_nothing_else(site: Site) -> None:
    answer = token(site, site.machine, grant_type="client_credentials")
    assert list(answer.json) == ["access_token", "expires_in", "token_type"]
    assert (answer.json["expires_in"], answer.json["token_type"]) == (3600, "Bearer")


def test_in_the_oidc_dialect_the_answer_names_the_granted_scopes(oidc_site: Site) -> None:
    answer = token(oidc_site, oidc_site.machine, grant_type="client_credentials", scope="orders/read")
    assert list(answer.json) == ["access_token", "expires_in", "token_type", "scope"]
    assert answer.json["scope"] == "orders/read"


def test_the_token_has_exactly_cognitos_ten_claims(site: Site, clock: MovableClock) -> None:
    body = token(site, site.machine, grant_type="client_credentials", scope="orders/read").json
    said = claims(body["access_token"])
    assert re.fullmatch("[0-9a-f-]{36}", said.pop("jti"))
    assert list(said.items()) == [
        ("sub", site.machine.client_id),
        ("token_use", "access"),
        ("scope", "orders/read"),
        ("auth_time", int(clock())),
        ("iss", site.issuer),
        ("exp", int(clock()) + 3600),
        ("iat", int(clock())),
        ("version", 2),
        ("client_id", site.machine.client_id),
    ]


def test_every_token_has_a_jti_of_its_own(site: Site) -> None:
    tokens = [token(site, site.machine, grant_type="client_credentials").json["access_token"] for _ in range(3)]
    assert len({claims(each)["jti"] for each in tokens}) == 3


@pytest.mark.compliance("RFC 6749", "3.3", "without scope: a default; order does not matter")
@pytest.mark.parametrize(
    "scope, expected",
    [
        ("", "orders/read orders/write"),
        ("orders/read", "orders/read"),
        ("orders/write orders/read", "orders/write orders/read"),
        ("orders/write orders/write", "orders/write"),
    ],
)
def test_a_machine_gets_the_scopes_it_asks_for_or_all_of_its_own(site: Site, scope: str, expected: str) -> None:
    assert granted(site, scope=scope) == expected


@pytest.mark.attack("R17")
@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
@pytest.mark.parametrize(
    "scope",
    [
        "openid",
        "aws.cognito.signin.user.admin",
        "orders/read openid",
        "orders/delete",
        "orders/read orders/delete",
        "orders",
        "orders/*",
        "ORDERS/READ",
        "offline_access",
        'orders/read "quote"',
        "orders/read  orders/write",
        " orders/read",
        "\N{SNOWMAN}",
    ],
)
def test_any_other_scope_is_an_invalid_scope(request: pytest.FixtureRequest, dialect: str, scope: str) -> None:
    site: Site = request.getfixturevalue(dialect)
    answer = token(site, site.machine, grant_type="client_credentials", scope=scope)
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_scope"}')


@pytest.mark.attack("R17")
def test_a_scope_that_its_resource_server_lost_is_dropped_at_once(site: Site) -> None:
    assert granted(site) == "orders/read orders/write"
    orders = site.services.resource_servers.describe(site.pool.id, "orders")
    site.services.resource_servers.replace(orders.replace(name="Orders", scopes=[only("read")]))
    assert granted(site) == "orders/read"
    assert granted(site, scope="orders/read orders/write") == "orders/read"
    gone = token(site, site.machine, grant_type="client_credentials", scope="orders/write")
    assert (gone.status_code, gone.json) == (400, {"error": "invalid_scope"})


def test_a_machine_without_any_live_scope_gets_invalid_scope(site: Site) -> None:
    site.services.resource_servers.delete(site.pool.id, "orders")
    answer = token(site, site.machine, grant_type="client_credentials")
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_scope"})


def test_a_scope_that_the_client_got_or_lost_counts_from_the_next_request(site: Site) -> None:
    change(site, site.machine, allowed_oauth_scopes=("orders/read",))
    assert granted(site) == "orders/read"
    site.services.resource_servers.create(
        ResourceServer.create(
            pool_id=site.pool.id, identifier="https://api.example/v1", name="API", scopes=[only("use")]
        )
    )
    change(site, site.machine, allowed_oauth_scopes=("orders/read", "https://api.example/v1/use"))
    assert granted(site, scope="https://api.example/v1/use") == "https://api.example/v1/use"


def only(name: str) -> ResourceServerScope:
    return ResourceServerScope(name, name)


# --- who may not --------------------------------------------------------------------------------------


def test_with_oauth_switched_off_it_is_an_invalid_grant_as_cognito_says(site: Site) -> None:
    change(site, site.machine, allowed_oauth_flows_user_pool_client=False)
    answer = token(site, site.machine, grant_type="client_credentials")
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_grant"}')


@pytest.mark.compliance("RFC 6749", "5.2", "unauthorized_client")
def test_with_oauth_switched_off_the_oidc_dialect_says_unauthorized_client(oidc_site: Site) -> None:
    change(oidc_site, oidc_site.machine, allowed_oauth_flows_user_pool_client=False)
    answer = token(oidc_site, oidc_site.machine, grant_type="client_credentials")
    assert (answer.status_code, answer.data) == (400, b'{"error":"unauthorized_client"}')


@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
@pytest.mark.parametrize("client", ["web", "spa", "implicit"])
def test_a_client_without_the_flow_is_unauthorized(request: pytest.FixtureRequest, dialect: str, client: str) -> None:
    site: Site = request.getfixturevalue(dialect)
    answer = token(site, getattr(site, client), grant_type="client_credentials", scope="orders/read")
    assert (answer.status_code, answer.data) == (400, b'{"error":"unauthorized_client"}')


def test_a_machine_has_no_refresh_tokens(site: Site) -> None:
    stolen = site.tokens(site.web)["refresh_token"]
    answer = refresh(site, site.machine, stolen)
    assert (answer.status_code, answer.data) == (400, b'{"error":"unauthorized_client"}')
    assert refresh(site, site.web, stolen).status_code == 200


@pytest.mark.attack("R17")
def test_a_machine_token_does_not_open_userinfo(site: Site) -> None:
    access_token = token(site, site.machine, grant_type="client_credentials").json["access_token"]
    answer = userinfo(site, access_token)
    assert answer.status_code == 401
    assert answer.json["error"] == "invalid_token"


def test_a_machine_token_cannot_be_refreshed_or_revoked(site: Site) -> None:
    access_token = token(site, site.machine, grant_type="client_credentials").json["access_token"]
    assert refresh(site, site.web, access_token).json == GIVE_UP
    answer = site.browse().post(REVOKE, data=site.machine.credentials | {"token": access_token})
    assert (answer.status_code, answer.data) == (400, b'{"error":"unsupported_token_type"}')
