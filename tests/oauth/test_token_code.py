"""grant_type=authorization_code: what a code gives, once (endpoints.md 3.4, 3.5 and 11; R4, R5, R24)."""

import base64
import dataclasses
import hashlib
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app_client_authz.crypto import digests
from app_client_authz.domain import pkce
from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.storage.codes import Codes
from tests.support.back_channel import GIVE_UP, change, exchange, is_alive, refresh, token, userinfo
from tests.support.clock import MovableClock
from tests.support.site import BASE, CALLBACK, CHALLENGE, VERIFIER, Site, claims, make_site

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WITHOUT_PKCE = ("code_challenge", "code_challenge_method")


def plain_code(site: Site, **params: str) -> str:
    """A code for ``web`` whose authorization request had no challenge."""
    answer = site.browse(signed_in=True).get(site.authorize_url(site.web, without=WITHOUT_PKCE, **params))
    return answer.headers["Location"].partition("code=")[2].partition("&")[0]


# --- what it gives ------------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 6749", "4.1.4", "access token response")
@pytest.mark.parametrize("client", ["web", "spa"])
def test_a_code_gives_id_access_and_refresh_token_in_cognitos_order(site: Site, client: str) -> None:
    answer = exchange(site, getattr(site, client), site.code(getattr(site, client)))
    assert answer.status_code == 200
    body = answer.json
    assert list(body) == ["id_token", "access_token", "refresh_token", "expires_in", "token_type"]
    assert (body["expires_in"], body["token_type"]) == (3600, "Bearer")
    assert b" " not in answer.data


@pytest.mark.compliance("RFC 6749", "5.1", "scope in the response")
def test_in_the_oidc_dialect_the_answer_names_the_granted_scopes(oidc_site: Site) -> None:
    body = exchange(oidc_site, oidc_site.web, oidc_site.code(oidc_site.web)).json
    assert list(body) == ["id_token", "access_token", "refresh_token", "expires_in", "token_type", "scope"]
    assert body["scope"] == claims(body["access_token"])["scope"] == "openid email"


def test_the_tokens_carry_cognitos_claims_in_cognitos_order(site: Site, clock: MovableClock) -> None:
    cookie = site.cookie()
    signed_in_at = clock()
    clock.advance(20)
    url = site.authorize_url(site.web, nonce="n-0S6", scope="openid email orders/read")
    code = site.browse(cookie=cookie).get(url).headers["Location"].partition("code=")[2].partition("&")[0]
    assert UUID.fullmatch(code)
    clock.advance(5)
    body = exchange(site, site.web, code).json
    access, identity = claims(body["access_token"]), claims(body["id_token"])
    assert list(access) == [
        *("sub", "iss", "version", "client_id", "origin_jti", "event_id", "token_use", "scope"),
        *("auth_time", "exp", "iat", "jti", "username"),
    ]
    assert list(identity) == [
        *("at_hash", "sub", "email_verified", "iss", "cognito:username", "nonce", "origin_jti", "aud", "event_id"),
        *("token_use", "auth_time", "exp", "iat", "jti", "email"),
    ]
    both = {
        "sub": site.user.sub,
        "iss": f"{BASE}/{site.pool.id}",
        "auth_time": int(signed_in_at),
        "iat": int(clock()),
        "exp": int(clock()) + 3600,
    }
    assert both.items() <= access.items()
    assert both.items() <= identity.items()
    assert access["scope"] == "openid email orders/read"
    assert (access["token_use"], access["version"], access["username"]) == ("access", 2, "kim")
    assert access["client_id"] == identity["aud"] == site.web.client_id
    assert (identity["token_use"], identity["nonce"], identity["cognito:username"]) == ("id", "n-0S6", "kim")
    assert (identity["email"], identity["email_verified"]) == ("kim@example.com", True)
    assert identity["origin_jti"] == access["origin_jti"]
    assert identity["event_id"] == access["event_id"]
    assert len({access["jti"], identity["jti"], access["origin_jti"], access["event_id"]}) == 4


@pytest.mark.compliance("OIDC Core", "3.1.3.6", "at_hash is the left half of the access token's SHA-256")
def test_the_id_token_is_bound_to_its_access_token(site: Site) -> None:
    body = site.tokens(site.web)
    half = hashlib.sha256(body["access_token"].encode()).digest()[:16]
    assert claims(body["id_token"])["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()


def test_the_header_of_a_token_is_kid_and_alg_and_each_kind_has_its_own_key(site: Site) -> None:
    body = site.tokens(site.web)
    headers = [base64.urlsafe_b64decode(body[kind].split(".")[0] + "==") for kind in ("id_token", "access_token")]
    for header in headers:
        assert re.fullmatch(rb'\{"kid":"[A-Za-z0-9+/]{43}=","alg":"RS256"\}', header)
    assert headers[0] != headers[1]


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "openid is what makes an OpenID Connect request")
def test_without_openid_there_is_no_id_token(site: Site) -> None:
    body = site.tokens(site.web, scope="email orders/read")
    assert list(body) == ["access_token", "refresh_token", "expires_in", "token_type"]


def test_without_scope_the_code_gives_all_scopes_of_the_client(site: Site) -> None:
    answer = site.browse(signed_in=True).get(site.authorize_url(site.web, without=("scope",)))
    code = answer.headers["Location"].partition("code=")[2].partition("&")[0]
    body = exchange(site, site.web, code).json
    assert claims(body["access_token"])["scope"] == "openid profile email orders/read"
    assert claims(body["id_token"])["name"] == "Kim"


def test_a_nonce_that_was_not_sent_is_not_invented(site: Site) -> None:
    assert "nonce" not in claims(site.tokens(site.web)["id_token"])


def test_resource_becomes_the_audience_of_the_access_token_only(site: Site) -> None:
    body = site.tokens(site.web, resource="https://api.example/orders")
    assert claims(body["access_token"])["aud"] == "https://api.example/orders"
    assert claims(body["id_token"])["aud"] == site.web.client_id
    again = refresh(site, site.web, body["refresh_token"]).json
    assert claims(again["access_token"])["aud"] == "https://api.example/orders"


@pytest.mark.attack("R17")
def test_scope_at_redemption_does_not_widen(site: Site) -> None:
    body = exchange(site, site.web, site.code(site.web), scope="openid email profile orders/read").json
    assert claims(body["access_token"])["scope"] == "openid email"


@pytest.mark.attack("R17")
def test_a_scope_that_the_client_lost_before_redemption_is_not_granted(site: Site) -> None:
    code = site.code(site.web, scope="openid email orders/read")
    change(site, site.web, allowed_oauth_scopes=("openid", "email"))
    body = exchange(site, site.web, code).json
    assert claims(body["access_token"])["scope"] == "openid email"
    change(site, site.web, allowed_oauth_scopes=("openid", "email", "orders/read"))
    assert claims(refresh(site, site.web, body["refresh_token"]).json["access_token"])["scope"] == "openid email"


# --- errors of the request ----------------------------------------------------------------------------


@pytest.mark.compliance("RFC 6749", "4.1.3", "redirect_uri is identical")
@pytest.mark.parametrize(
    "redirect_uri",
    [CALLBACK + "/", CALLBACK + "?", CALLBACK.upper(), CALLBACK.replace("cb", "c%62"), "https://app.example/other"],
)
def test_another_redirect_uri_is_refused_in_cognitos_words_and_leaves_the_code_usable(
    site: Site, redirect_uri: str
) -> None:
    code = site.code(site.web)
    answer = exchange(site, site.web, code, redirect_uri=redirect_uri)
    assert (answer.status_code, answer.data) == (
        400,
        b'{"error":"unauthorized_client","error_description":"invalid_redirect"}',
    )
    assert exchange(site, site.web, code).status_code == 200


@pytest.mark.compliance("RFC 6749", "5.2", "a redirection URI that does not match is invalid_grant")
def test_in_the_oidc_dialect_another_redirect_uri_is_an_invalid_grant(oidc_site: Site) -> None:
    answer = exchange(oidc_site, oidc_site.web, oidc_site.code(oidc_site.web), redirect_uri=CALLBACK + "/")
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_grant"}')


def test_another_registered_redirect_uri_than_the_requests_is_refused(site: Site) -> None:
    client = site.client(callback_urls=(CALLBACK, "https://app.example/other"))
    answer = exchange(site, client, site.code(client), redirect_uri="https://app.example/other")
    assert answer.json == {"error": "unauthorized_client", "error_description": "invalid_redirect"}


@pytest.mark.parametrize(
    "code",
    ["00000000-0000-4000-8000-000000000000", "x", "\N{SNOWMAN}", "' OR 1=1 --", "x" * 8192],
    ids=["uuid", "short", "not ASCII", "quote", "long"],
)
def test_an_unknown_code_is_an_invalid_grant(site: Site, code: str) -> None:
    answer = exchange(site, site.web, code)
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_grant"}')


def test_a_code_is_spelled_exactly(site: Site) -> None:
    code = site.code(site.web)
    for wrong in (code.upper(), code + " ", code.replace("-", "")):
        assert exchange(site, site.web, wrong).json == GIVE_UP
    assert exchange(site, site.web, code).status_code == 200


@pytest.mark.parametrize("age, expected", [(299, 200), (300, 400), (301, 400)])
def test_a_code_lives_for_five_minutes(site: Site, clock: MovableClock, age: int, expected: int) -> None:
    code = site.code(site.web)
    clock.advance(age)
    answer = exchange(site, site.web, code)
    assert answer.status_code == expected
    if expected == 400:
        assert answer.data == b'{"error":"invalid_grant"}'


def test_a_site_may_shorten_the_life_of_codes(sqlite_url_migrated: str, clock: MovableClock) -> None:
    site = make_site(sqlite_url_migrated, clock, AUTHZ_CODE_LIFETIME_SECONDS=60)
    early, late = site.code(site.web), site.code(site.web)
    clock.advance(59)
    assert exchange(site, site.web, early).status_code == 200
    clock.advance(1)
    assert exchange(site, site.web, late).json == GIVE_UP


@pytest.mark.compliance("RFC 6749", "4.1.3", "the code was issued to the authenticated client")
@pytest.mark.attack("R5")
def test_another_clients_code_is_an_invalid_grant_and_stays_usable_for_its_own(site: Site) -> None:
    code = site.code(site.web)
    for other in (site.client(generate_secret=True), site.spa):
        answer = exchange(site, other, code)
        assert (answer.status_code, answer.json) == (400, GIVE_UP)
    assert exchange(site, site.web, code).status_code == 200


@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
def test_a_client_that_lost_the_code_flow_is_unauthorized(request: pytest.FixtureRequest, dialect: str) -> None:
    site: Site = request.getfixturevalue(dialect)
    client = site.client(allowed_oauth_flows=("code", "implicit"))
    code = site.code(client)
    change(site, client, allowed_oauth_flows=("implicit",))
    answer = exchange(site, client, code)
    assert (answer.status_code, answer.data) == (400, b'{"error":"unauthorized_client"}')


@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
def test_a_client_whose_oauth_was_switched_off_is_unauthorized(request: pytest.FixtureRequest, dialect: str) -> None:
    site: Site = request.getfixturevalue(dialect)
    code = site.code(site.web)
    change(site, site.web, allowed_oauth_flows_user_pool_client=False)
    answer = exchange(site, site.web, code)
    assert (answer.status_code, answer.data) == (400, b'{"error":"unauthorized_client"}')


def test_a_machine_client_redeems_no_code(site: Site) -> None:
    answer = exchange(site, site.machine, site.code(site.web))
    assert (answer.status_code, answer.data) == (400, b'{"error":"unauthorized_client"}')


@pytest.mark.parametrize(
    "readable, scope, expected",
    [
        (("email",), "openid email", 400),
        (("email_verified",), "openid email", 400),
        (("name",), "openid email", 400),
        (("phone_number",), "openid phone", 400),
        (("email", "email_verified"), "openid email", 200),
        (("phone_number", "phone_number_verified"), "openid phone", 200),
        (("name",), "openid", 200),
        (("name",), "openid profile", 200),
        (("email",), "openid profile", 200),
    ],
)
def test_a_scope_whose_attributes_the_client_may_not_read_fails_at_the_exchange(
    site: Site, readable: tuple[str, ...], scope: str, expected: int
) -> None:
    scopes = ("openid", "email", "phone", "profile")
    client = site.client(read_attributes=readable, allowed_oauth_scopes=scopes)
    answer = exchange(site, client, site.code(client, scope=scope))
    assert answer.status_code == expected
    if expected == 400:
        assert answer.data == b'{"error":"invalid_grant"}'


# --- state at use -------------------------------------------------------------------------------------

ENDS: dict[str, Callable[[Site], None]] = {
    "disabled": lambda site: site.services.users.disable(site.pool.id, "kim"),
    "deleted": lambda site: site.services.users.delete(site.pool.id, "kim"),
    "signed out": lambda site: site.services.users.sign_out(site.pool.id, "kim"),
    "restored": lambda site: site.services.pools.forget_sessions(site.pool.id),
}


@pytest.mark.attack("R18")
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_code_of_a_user_who_is_gone_gives_nothing(
    site: Site, clock: MovableClock, end: Callable[[Site], None]
) -> None:
    code = site.code(site.web)
    clock.advance(1)
    end(site)
    answer = exchange(site, site.web, code)
    assert (answer.status_code, answer.json) == (400, GIVE_UP)


@pytest.mark.attack("R18")
def test_enabling_a_user_again_revives_no_code(site: Site, clock: MovableClock) -> None:
    code = site.code(site.web)
    clock.advance(1)
    site.services.users.disable(site.pool.id, "kim")
    site.services.users.enable(site.pool.id, "kim")
    assert exchange(site, site.web, code).json == GIVE_UP


@pytest.mark.attack("R18")
@pytest.mark.parametrize("end", [ENDS[how] for how in ("disabled", "deleted", "signed out")])
def test_a_user_who_goes_while_the_code_is_redeemed_gets_no_tokens(
    site: Site, clock: MovableClock, end: Callable[[Site], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = site.code(site.web)
    clock.advance(1)
    verify = pkce.verify

    def late(challenge: str | None, verifier: str | None) -> None:
        verify(challenge, verifier)
        end(site)

    monkeypatch.setattr(pkce, "verify", late)
    before = site.row_counts()["authz_token_sessions"]
    assert exchange(site, site.web, code).json == GIVE_UP
    assert site.row_counts()["authz_token_sessions"] == before


def test_the_code_of_a_deleted_client_is_gone(site: Site) -> None:
    code = site.code(site.web)
    site.services.app_clients.delete(site.pool.id, site.web.client_id)
    assert exchange(site, site.web, code).json == {"error": "invalid_client"}
    assert site.services.app_clients.find(site.web.client_id) is None


# --- PKCE ---------------------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 7636", "4.6", "the server verifies code_verifier")
@pytest.mark.attack("R4")
@pytest.mark.parametrize(
    "verifier",
    ["", "w" * 50, VERIFIER + "v", VERIFIER[:-1], CHALLENGE, VERIFIER.upper(), "\N{SNOWMAN}" * 50, "v" * 42],
    ids=["missing", "wrong", "longer", "shorter", "the challenge itself", "other case", "not ASCII", "too short"],
)
def test_a_missing_or_wrong_verifier_is_an_invalid_grant_and_leaves_the_code_usable(site: Site, verifier: str) -> None:
    for client in (site.spa, site.web):
        code = site.code(client)
        answer = exchange(site, client, code, code_verifier=verifier)
        assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_grant"}')
        assert exchange(site, client, code).status_code == 200


@pytest.mark.attack("R4")
@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
def test_a_verifier_without_a_challenge_is_refused(request: pytest.FixtureRequest, dialect: str) -> None:
    site: Site = request.getfixturevalue(dialect)
    code = plain_code(site)
    answer = exchange(site, site.web, code)
    assert (answer.status_code, answer.json) == (400, GIVE_UP)
    assert exchange(site, site.web, code, code_verifier="").status_code == 200


@pytest.mark.compliance("RFC 7636", "4.1", "43 to 128 unreserved characters")
@pytest.mark.parametrize("verifier, expected", [("a" * 43, 200), ("-._~" * 32, 200), ("a" * 42, 400), ("a" * 129, 400)])
def test_verifiers_have_43_to_128_characters(site: Site, verifier: str, expected: int) -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    code = site.code(site.spa, code_challenge=challenge)
    assert exchange(site, site.spa, code, code_verifier=verifier).status_code == expected


# --- once ---------------------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 6749", "4.1.2", "a code used twice revokes what the first use gave")
@pytest.mark.attack("R5")
@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
@pytest.mark.parametrize("client", ["web", "spa"])
def test_a_second_use_is_refused_and_revokes_what_the_first_gave_and_nothing_else(
    request: pytest.FixtureRequest, dialect: str, client: str
) -> None:
    site: Site = request.getfixturevalue(dialect)
    registered = getattr(site, client)
    other_session = site.tokens(registered)
    code = site.code(registered)
    tokens = exchange(site, registered, code).json
    assert is_alive(site, registered, tokens)
    answer = exchange(site, registered, code)
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_grant"}')
    assert not is_alive(site, registered, tokens)
    assert is_alive(site, registered, other_session)


@pytest.mark.attack("R5")
def test_a_second_use_after_expiry_still_revokes(site: Site, clock: MovableClock) -> None:
    code = site.code(site.web)
    tokens = exchange(site, site.web, code).json
    clock.advance(301)
    assert exchange(site, site.web, code).json == GIVE_UP
    assert not is_alive(site, site.web, tokens)


@pytest.mark.attack("R5")
def test_a_second_use_revokes_what_came_of_rotation_too(site: Site, clock: MovableClock) -> None:
    client = site.client(refresh_token_rotation=RefreshTokenRotation("ENABLED", 0))
    code = site.code(client)
    tokens = exchange(site, client, code).json
    clock.advance(1)
    successor = refresh(site, client, tokens["refresh_token"]).json
    exchange(site, client, code)
    assert refresh(site, client, successor["refresh_token"]).json == GIVE_UP
    assert userinfo(site, successor["access_token"]).status_code == 401


@pytest.mark.attack("R5")
def test_a_second_use_by_another_client_or_without_proof_revokes_nothing(site: Site) -> None:
    code = site.code(site.web)
    tokens = exchange(site, site.web, code).json
    assert exchange(site, site.client(generate_secret=True), code).json == GIVE_UP
    assert exchange(site, site.spa, code).json == GIVE_UP
    impostor = dataclasses.replace(site.web, secret="x" * 40)
    assert exchange(site, impostor, code).json == {"error": "invalid_client"}
    # Whoever found the code in a log has no verifier: else a dead code were a way to sign others out.
    assert exchange(site, site.web, code, code_verifier="w" * 50).json == GIVE_UP
    assert is_alive(site, site.web, tokens)


def test_the_database_holds_no_code_and_no_refresh_token(site: Site) -> None:
    code = site.code(site.web)
    tokens = exchange(site, site.web, code).json
    engine = site.services.engine
    engine.dispose()
    content = Path(str(engine.url.database)).read_bytes()
    for secret in (code, tokens["refresh_token"], tokens["access_token"].split(".")[2], str(site.web.secret), VERIFIER):
        assert secret.encode() not in content
    # The digests are there, so the file that was looked into is the right one.
    assert bytes.fromhex(digests.digest(code)) in content
    assert bytes.fromhex(digests.digest(tokens["refresh_token"])) in content


@pytest.mark.attack("R24")
@pytest.mark.compliance("RFC 6749", "4.1.2", "the client must not use a code more than once")
def test_of_two_threads_with_one_code_exactly_one_gets_tokens(
    database_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(database_url, clock)
    code = site.code(site.web)
    both_found_it = threading.Barrier(2, timeout=20)
    verify = pkce.verify

    def together(challenge: str | None, verifier: str | None) -> None:
        verify(challenge, verifier)
        both_found_it.wait()

    monkeypatch.setattr(pkce, "verify", together)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(exchange(site, site.web, code))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    loser = next(answer for answer in answers if answer.status_code == 400)
    assert loser.json == GIVE_UP
    # The loser was a second use: it revoked what the winner had got.
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert not is_alive(site, site.web, winner.json)
    assert site.row_counts()["authz_token_sessions"] == 1


def test_the_consumption_of_a_code_is_decided_by_the_database_alone(
    database_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who saw the code unconsumed, an eternity ago, still cannot consume it again."""
    site = make_site(database_url, clock)
    code = site.code(site.web)
    with site.services.engine.connect() as connection:
        found = Codes(connection).find(digests.digest(code))
    tokens = exchange(site, site.web, code).json
    find = Codes.find
    stale = [found]

    def as_before(self: Codes, digest: str) -> Any:
        return stale.pop() if stale else find(self, digest)

    monkeypatch.setattr(Codes, "find", as_before)
    assert exchange(site, site.web, code).json == GIVE_UP
    assert not stale
    assert not is_alive(site, site.web, tokens)


def test_a_token_request_of_another_kind_does_not_touch_the_code(site: Site) -> None:
    code = site.code(site.web)
    assert token(site, site.web, grant_type="refresh_token", refresh_token=code).json == GIVE_UP
    assert exchange(site, site.web, code).status_code == 200
