"""POST /oauth2/revoke: the whole token session ends, or the answer says so (endpoints.md 8; R7, REF-3, REF-12)."""

import pytest

from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.domain.errors import Unavailable
from app_client_authz.storage.unit import Units
from tests.support.back_channel import GIVE_UP, REVOKE, change, is_alive, refresh, revoke, userinfo
from tests.support.clock import MovableClock
from tests.support.site import Registered, Site, claims, make_site

pytestmark = pytest.mark.attack("R7")


@pytest.mark.compliance("RFC 7009", "2.1", "the token and all tokens based on the same grant are invalidated")
@pytest.mark.parametrize("client", ["web", "spa"])
def test_revocation_ends_the_session_and_only_that(site: Site, client: str) -> None:
    registered: Registered = getattr(site, client)
    other_session = site.tokens(registered)
    tokens = site.tokens(registered)
    refreshed = refresh(site, registered, tokens["refresh_token"]).json
    answer = revoke(site, registered, tokens["refresh_token"])
    assert (answer.status_code, answer.data) == (200, b"")
    assert not is_alive(site, registered, tokens)
    assert userinfo(site, refreshed["access_token"]).status_code == 401
    assert is_alive(site, registered, other_session)


def test_a_successful_revocation_is_empty_and_of_no_type(site: Site) -> None:
    # oidc-client-ts throws on text/html here.
    answer = revoke(site, site.web, site.tokens(site.web)["refresh_token"])
    assert "Content-Type" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_confidential_client_revokes_by_basic_too(site: Site) -> None:
    tokens = site.tokens(site.web)
    answer = site.browse().post(REVOKE, data={"token": tokens["refresh_token"]}, auth=site.web.auth)
    assert answer.status_code == 200
    assert not is_alive(site, site.web, tokens)


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "nonsense", "\N{SNOWMAN}"])
@pytest.mark.compliance("RFC 7009", "2.1", "a wrong token_type_hint does not matter")
def test_the_hint_is_ignored(site: Site, hint: str) -> None:
    tokens = site.tokens(site.web)
    assert revoke(site, site.web, tokens["refresh_token"], token_type_hint=hint).status_code == 200
    assert not is_alive(site, site.web, tokens)


@pytest.mark.compliance("RFC 7009", "2.2", "an invalid token is answered with 200")
@pytest.mark.parametrize(
    "token",
    ["x", "\N{SNOWMAN}", "a.b.c", "e30.e30.e30", "..", "x" * 8192, "eyJ" + "." * 50],
    ids=["short", "not ASCII", "three parts", "empty JWT", "dots", "long", "many dots"],
)
def test_garbage_is_no_error(site: Site, token: str) -> None:
    answer = revoke(site, site.web, token)
    assert (answer.status_code, answer.data) == (200, b"")


def test_a_token_that_is_revoked_expired_or_its_users_gone_is_no_error(site: Site, clock: MovableClock) -> None:
    revoked, expired, orphan = (site.tokens(site.web) for _ in range(3))
    assert revoke(site, site.web, revoked["refresh_token"]).status_code == 200
    assert revoke(site, site.web, revoked["refresh_token"]).data == b""
    clock.advance(31 * 86400)
    assert revoke(site, site.web, expired["refresh_token"]).status_code == 200
    site.services.users.delete(site.pool.id, "kim")
    assert revoke(site, site.web, orphan["refresh_token"]).status_code == 200


def test_a_missing_token_is_an_invalid_request(site: Site) -> None:
    for body in ({}, {"token": ""}):
        answer = site.browse().post(REVOKE, data=site.web.credentials | body)
        assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_request"}')


@pytest.mark.compliance("RFC 7009", "2.2.1", "unsupported_token_type")
@pytest.mark.parametrize("kind", ["access_token", "id_token"])
@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
def test_an_access_or_id_token_is_of_an_unsupported_type(
    request: pytest.FixtureRequest, dialect: str, kind: str
) -> None:
    site: Site = request.getfixturevalue(dialect)
    tokens = site.tokens(site.web)
    answer = revoke(site, site.web, tokens[kind])
    assert (answer.status_code, answer.data) == (400, b'{"error":"unsupported_token_type"}')
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert is_alive(site, site.web, tokens)


def test_without_a_client_a_public_clients_token_is_an_invalid_request(site: Site) -> None:
    tokens = site.tokens(site.spa)
    answer = site.browse().post(REVOKE, data={"token": tokens["refresh_token"]})
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_request"}')
    assert is_alive(site, site.spa, tokens)


@pytest.mark.compliance("RFC 7009", "2.1", "the token was issued to the requesting client")
def test_another_clients_token_is_an_invalid_request_and_stays(site: Site) -> None:
    tokens = site.tokens(site.web)
    for other in (site.client(generate_secret=True), site.spa, site.machine):
        answer = revoke(site, other, tokens["refresh_token"])
        assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_request"}')
    assert is_alive(site, site.web, tokens)


def test_a_client_that_does_not_prove_itself_revokes_nothing(site: Site) -> None:
    tokens = site.tokens(site.web)
    for credentials in ({"client_id": site.web.client_id}, site.web.credentials | {"client_secret": "x" * 40}):
        answer = site.browse().post(REVOKE, data={"token": tokens["refresh_token"]} | credentials)
        assert (answer.status_code, answer.data) == (401, b'{"error":"invalid_client"}')
    assert is_alive(site, site.web, tokens)


def test_a_superseded_token_ends_the_session_too(site: Site, clock: MovableClock) -> None:
    client = site.client(refresh_token_rotation=RefreshTokenRotation("ENABLED", 0))
    first = site.tokens(client)
    clock.advance(1)
    second = refresh(site, client, first["refresh_token"]).json
    clock.advance(100)
    assert revoke(site, client, first["refresh_token"]).status_code == 200
    assert refresh(site, client, second["refresh_token"]).json == GIVE_UP
    assert userinfo(site, second["access_token"]).status_code == 401


def test_revocation_leaves_the_browser_signed_in(site: Site) -> None:
    cookie = site.cookie()
    browser = site.browse(cookie=cookie)
    revoke(site, site.web, site.tokens(site.web)["refresh_token"])
    assert "code=" in browser.get(site.authorize_url(site.web)).headers["Location"]


# --- EnableTokenRevocation ----------------------------------------------------------------------------


def test_with_revocation_off_tokens_name_no_session(site: Site) -> None:
    client = site.client(enable_token_revocation=False)
    tokens = site.tokens(client)
    access, identity = claims(tokens["access_token"]), claims(tokens["id_token"])
    assert "origin_jti" not in access
    assert not {"origin_jti", "jti"} & identity.keys()
    assert access["jti"]
    again = refresh(site, client, tokens["refresh_token"]).json
    assert "origin_jti" not in claims(again["access_token"])


def test_with_rotation_on_tokens_name_their_session_whatever_revocation_says(site: Site) -> None:
    rotation = RefreshTokenRotation("ENABLED", 0)
    tokens = site.tokens(site.client(enable_token_revocation=False, refresh_token_rotation=rotation))
    assert claims(tokens["access_token"])["origin_jti"] == claims(tokens["id_token"])["origin_jti"]


@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
def test_with_revocation_off_the_endpoint_answers_invalid_request(request: pytest.FixtureRequest, dialect: str) -> None:
    site: Site = request.getfixturevalue(dialect)
    client = site.client(enable_token_revocation=False)
    tokens = site.tokens(client)
    for given in (tokens["refresh_token"], tokens["access_token"], "garbage"):
        answer = revoke(site, client, given)
        assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_request"}')
    assert is_alive(site, client, tokens)


def test_with_revocation_off_disabling_the_user_still_ends_everything(site: Site, clock: MovableClock) -> None:
    client = site.client(enable_token_revocation=False)
    tokens = site.tokens(client)
    clock.advance(1)
    site.services.users.sign_out(site.pool.id, "kim")
    assert not is_alive(site, client, tokens)


def test_switched_on_later_revocation_works_for_what_the_database_knows(site: Site) -> None:
    client = site.client(enable_token_revocation=False)
    tokens = site.tokens(client)
    change(site, client, enable_token_revocation=True)
    assert revoke(site, client, tokens["refresh_token"]).status_code == 200
    assert refresh(site, client, tokens["refresh_token"]).json == GIVE_UP
    # Issued while it was off, so it names no session: only its own exp ends it (endpoints.md 8, limits).
    assert userinfo(site, tokens["access_token"]).status_code == 200


# --- the truth ----------------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 7009", "2.2.1", "503 when the server cannot handle the request")
@pytest.mark.parametrize("when", ["read", "write"])
def test_a_storage_error_is_never_a_200(site: Site, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    tokens = site.tokens(site.web)

    def fails(*_: object) -> None:
        raise Unavailable(detail="gone")

    with monkeypatch.context() as patch:
        patch.setattr(Units, when, fails)
        answer = revoke(site, site.web, tokens["refresh_token"])
    assert answer.status_code == 503
    assert answer.json == {"error": "temporarily_unavailable"}
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert is_alive(site, site.web, tokens)


def test_a_200_means_that_every_other_process_knows(database_url: str, clock: MovableClock) -> None:
    site = make_site(database_url, clock)
    tokens = site.tokens(site.web)
    assert revoke(site, site.web, tokens["refresh_token"]).status_code == 200
    site.services.engine.dispose()
    assert not is_alive(site, site.web, tokens)
