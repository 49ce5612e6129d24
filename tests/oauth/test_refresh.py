"""grant_type=refresh_token without rotation: what stays, what is new, what ends it (endpoints.md 3.4; R17, R18)."""

from collections.abc import Callable
from typing import Any

import pytest

from app_client_authz.domain.user import Group
from tests.support.back_channel import GIVE_UP, change, is_alive, refresh, revoke, token
from tests.support.clock import MovableClock
from tests.support.site import Site, claims

KEPT_IN_ACCESS = (
    "sub",
    "iss",
    "version",
    "client_id",
    "origin_jti",
    "event_id",
    "token_use",
    "scope",
    "auth_time",
    "username",
)


@pytest.mark.compliance("RFC 6749", "6", "refreshing an access token")
@pytest.mark.parametrize("client", ["web", "spa"])
def test_a_refresh_gives_id_and_access_token_but_no_refresh_token(site: Site, client: str) -> None:
    registered = getattr(site, client)
    answer = refresh(site, registered, site.tokens(registered)["refresh_token"])
    assert list(answer.json) == ["id_token", "access_token", "expires_in", "token_type"]
    assert (answer.json["expires_in"], answer.json["token_type"]) == (3600, "Bearer")


def test_in_the_oidc_dialect_the_answer_names_the_scopes(oidc_site: Site) -> None:
    answer = refresh(oidc_site, oidc_site.web, oidc_site.tokens(oidc_site.web)["refresh_token"])
    assert list(answer.json) == ["id_token", "access_token", "expires_in", "token_type", "scope"]
    assert answer.json["scope"] == "openid email"


@pytest.mark.compliance("OIDC Core", "12.2", "iss, sub, aud and auth_time stay; iat is new")
def test_a_refresh_keeps_who_signed_in_when_and_for_what(site: Site, clock: MovableClock) -> None:
    first = site.tokens(site.web, nonce="n1")
    clock.advance(1000)
    second = refresh(site, site.web, first["refresh_token"]).json
    before, after = claims(first["access_token"]), claims(second["access_token"])
    assert list(before) == list(after)
    assert {name for name in before if before[name] == after[name]} == set(KEPT_IN_ACCESS)
    assert after["iat"] == before["iat"] + 1000
    before, after = claims(first["id_token"]), claims(second["id_token"])
    assert [name for name in before if name not in after] == ["at_hash", "nonce"]
    assert {name for name in after if before[name] != after[name]} == {"iat", "exp", "jti"}


def test_without_rotation_a_refresh_token_works_again_and_again_until_it_expires(
    site: Site, clock: MovableClock
) -> None:
    refresh_token = site.tokens(site.web)["refresh_token"]
    seen = set()
    for _ in range(30):
        answer = refresh(site, site.web, refresh_token)
        assert answer.status_code == 200
        seen.add(claims(answer.json["access_token"])["jti"])
        clock.advance(86400)
    assert len(seen) == 30
    answer = refresh(site, site.web, refresh_token)
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_grant"}')


def test_a_refresh_writes_nothing(site: Site) -> None:
    refresh_token = site.tokens(site.web)["refresh_token"]
    before = site.row_counts()
    refresh(site, site.web, refresh_token)
    assert site.row_counts() == before


def test_attributes_and_groups_are_read_anew(site: Site) -> None:
    tokens = site.tokens(site.web)
    groups, pool_id = site.services.groups, site.pool.id
    site.services.users.update_attributes(pool_id, "kim", {"email": "new@example.com", "email_verified": "true"})
    groups.create(Group(pool_id, "b", role_arn="arn:aws:iam::1:role/b", precedence=2))
    groups.create(Group(pool_id, "a", role_arn="arn:aws:iam::1:role/a", precedence=1))
    groups.add_member(pool_id, "b", "kim")
    groups.add_member(pool_id, "a", "kim")
    body = refresh(site, site.web, tokens["refresh_token"]).json
    identity = claims(body["id_token"])
    assert identity["email"] == "new@example.com"
    assert identity["cognito:groups"] == claims(body["access_token"])["cognito:groups"] == ["a", "b"]
    assert identity["cognito:preferred_role"] == "arn:aws:iam::1:role/a"
    assert identity["cognito:roles"] == ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"]
    groups.remove_member(pool_id, "a", "kim")
    groups.delete(pool_id, "b")
    assert "cognito:groups" not in claims(refresh(site, site.web, tokens["refresh_token"]).json["access_token"])


# --- scopes -------------------------------------------------------------------------------------------


@pytest.mark.attack("R17")
@pytest.mark.parametrize(
    "scope", ["openid", "openid email profile orders/read", "nonsense", "aws.cognito.signin.user.admin"]
)
def test_scope_at_refresh_is_ignored(site: Site, scope: str) -> None:
    tokens = site.tokens(site.web)
    answer = refresh(site, site.web, tokens["refresh_token"], scope=scope)
    assert claims(answer.json["access_token"])["scope"] == "openid email"


@pytest.mark.attack("R17")
@pytest.mark.compliance("RFC 6749", "6", "the scope must not include any scope not originally granted")
def test_scopes_narrow_with_the_client_and_never_widen(site: Site) -> None:
    tokens = site.tokens(site.web, scope="openid email orders/read")

    def refreshed() -> str:
        body = refresh(site, site.web, tokens["refresh_token"]).json
        return str(claims(body["access_token"])["scope"])

    change(site, site.web, allowed_oauth_scopes=("openid", "email", "profile", "phone"))
    assert refreshed() == "openid email"
    change(site, site.web, allowed_oauth_scopes=("openid", "profile"))
    assert refreshed() == "openid"
    change(site, site.web, allowed_oauth_scopes=("openid", "email", "profile", "orders/read", "orders/write"))
    assert refreshed() == "openid email orders/read"


@pytest.mark.attack("R17")
def test_a_scope_that_is_gone_from_its_resource_server_is_gone_from_the_refreshed_token(site: Site) -> None:
    tokens = site.tokens(site.web, scope="openid orders/read")
    site.services.resource_servers.delete(site.pool.id, "orders")
    body = refresh(site, site.web, tokens["refresh_token"]).json
    assert claims(body["access_token"])["scope"] == "openid"


def test_without_openid_a_refresh_gives_no_id_token(site: Site) -> None:
    tokens = site.tokens(site.web, scope="email orders/read")
    body = refresh(site, site.web, tokens["refresh_token"]).json
    assert list(body) == ["access_token", "expires_in", "token_type"]
    identified = site.tokens(site.web)
    change(site, site.web, allowed_oauth_scopes=("email", "orders/read"))
    assert "id_token" not in refresh(site, site.web, identified["refresh_token"]).json


@pytest.mark.attack("R16")
def test_read_attributes_count_as_they_are_now(site: Site) -> None:
    tokens = site.tokens(site.web, scope="openid email profile")
    change(site, site.web, read_attributes=("name", "email_verified"))
    identity = claims(refresh(site, site.web, tokens["refresh_token"]).json["id_token"])
    assert "email" not in identity
    assert (identity["name"], identity["email_verified"]) == ("Kim", True)


# --- what refreshes nothing ---------------------------------------------------------------------------


@pytest.mark.compliance("RFC 6749", "6", "the refresh token was issued to the authenticated client")
def test_only_a_refresh_token_refreshes(site: Site) -> None:
    tokens = site.tokens(site.web)
    others = (
        tokens["access_token"],
        tokens["id_token"],
        site.code(site.web),
        "x",
        "\N{SNOWMAN}",
        tokens["refresh_token"] + "x",
        tokens["refresh_token"][:-1],
        tokens["refresh_token"].swapcase(),
        "x" * 8192,
    )
    for other in others:
        answer = refresh(site, site.web, other)
        assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_grant"}')
    assert is_alive(site, site.web, tokens)


@pytest.mark.attack("R6")
def test_another_clients_refresh_token_gives_nothing_and_stays_as_it_was(site: Site) -> None:
    tokens = site.tokens(site.web)
    before = site.row_counts()
    for other in (site.client(generate_secret=True), site.spa):
        answer = refresh(site, other, tokens["refresh_token"])
        assert (answer.status_code, answer.json) == (400, GIVE_UP)
    assert site.row_counts() | {"authz_app_clients": 0} == before | {"authz_app_clients": 0}
    assert is_alive(site, site.web, tokens)


def test_a_code_is_no_refresh_token_and_a_refresh_token_no_code(site: Site) -> None:
    tokens = site.tokens(site.web)
    answer = token(
        site,
        site.web,
        grant_type="authorization_code",
        code=tokens["refresh_token"],
        redirect_uri="https://app.example/cb",
        code_verifier="v" * 50,
    )
    assert (answer.status_code, answer.json) == (400, GIVE_UP)


# --- state at use -------------------------------------------------------------------------------------

ENDS: dict[str, Callable[[Site, dict[str, Any]], object]] = {
    "user disabled": lambda site, _: site.services.users.disable(site.pool.id, "kim"),
    "user deleted": lambda site, _: site.services.users.delete(site.pool.id, "kim"),
    "user signed out everywhere": lambda site, _: site.services.users.sign_out(site.pool.id, "kim"),
    "token session revoked": lambda site, tokens: revoke(site, site.web, tokens["refresh_token"]),
    "database restored": lambda site, _: site.services.pools.forget_sessions(site.pool.id),
}


@pytest.mark.attack("R18")
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
def test_userinfo_and_refresh_stop_at_once(
    request: pytest.FixtureRequest, clock: MovableClock, dialect: str, end: Callable[[Site, dict[str, Any]], object]
) -> None:
    site: Site = request.getfixturevalue(dialect)
    tokens = site.tokens(site.web)
    refreshed = tokens | refresh(site, site.web, tokens["refresh_token"]).json
    assert is_alive(site, site.web, tokens)
    clock.advance(1)
    end(site, tokens)
    assert not is_alive(site, site.web, tokens)
    assert not is_alive(site, site.web, refreshed)


@pytest.mark.attack("R18")
def test_a_sign_out_in_the_very_second_of_the_sign_in_counts(site: Site) -> None:
    tokens = site.tokens(site.web)
    site.services.users.sign_out(site.pool.id, "kim")
    assert not is_alive(site, site.web, tokens)


@pytest.mark.attack("R18")
def test_enabling_a_user_again_revives_nothing_but_lets_sign_in_anew(site: Site, clock: MovableClock) -> None:
    tokens = site.tokens(site.web)
    clock.advance(1)
    site.services.users.disable(site.pool.id, "kim")
    clock.advance(1)
    site.services.users.enable(site.pool.id, "kim")
    assert not is_alive(site, site.web, tokens)
    clock.advance(1)
    assert is_alive(site, site.web, site.tokens(site.web))


@pytest.mark.attack("R18")
def test_a_new_user_of_the_same_name_is_somebody_else(site: Site, clock: MovableClock) -> None:
    tokens = site.tokens(site.web)
    clock.advance(1)
    site.services.users.delete(site.pool.id, "kim")
    site.services.users.create(site.pool.id, "kim", {}, password="Passw0rd!kim", permanent=True)
    assert not is_alive(site, site.web, tokens)


@pytest.mark.attack("R18")
def test_one_users_sign_out_leaves_others_alone(site: Site, clock: MovableClock) -> None:
    other = site.services.users.create(site.pool.id, "lee", {}, password="Passw0rd!lee", permanent=True)
    tokens = site.tokens(site.web)
    clock.advance(1)
    site.services.users.sign_out(site.pool.id, other.username)
    site.services.users.disable(site.pool.id, other.username)
    assert is_alive(site, site.web, tokens)


@pytest.mark.attack("R18")
def test_a_deleted_clients_tokens_are_dead(site: Site) -> None:
    tokens = site.tokens(site.web)
    site.services.app_clients.delete(site.pool.id, site.web.client_id)
    answer = refresh(site, site.web, tokens["refresh_token"])
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_client"})
    assert site.row_counts()["authz_token_sessions"] == site.row_counts()["authz_refresh_tokens"] == 0


def test_a_deleted_pools_clients_are_unknown(site: Site) -> None:
    tokens = site.tokens(site.web)
    site.services.pools.delete(site.pool.id)
    assert refresh(site, site.web, tokens["refresh_token"]).json == {"error": "invalid_client"}
