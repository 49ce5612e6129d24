"""``/logout``: what ends, and where it may lead (endpoints.md part 7)."""

import base64
import json

import pytest
from werkzeug.test import TestResponse

from tests.hosted_ui.conftest import MakeSite
from tests.hosted_ui.site import (
    CALLBACK,
    CHOSEN,
    ENABLED,
    FOREIGN,
    LOGOUT,
    NO_OAUTH,
    OIDC,
    OTHER,
    OTHER_POOL_ID,
    POOL_ID,
    STATE,
    TEMPORARY,
    Site,
    Visitor,
    location,
    query,
    set_cookies,
    token,
)
from tests.support.clock import MovableClock

MISSING = {"error": "Required parameters missing"}
MISMATCH = {"error": "redirect_mismatch", "client_id": ENABLED}


def logout(visitor: Visitor, **params: str) -> TestResponse:
    return visitor.get("/logout", query_string={"client_id": ENABLED, **params})


def assert_signed_out(site: Site, visitor: Visitor, before: str | None, answer: TestResponse) -> None:
    assert "; Max-Age=0" in set_cookies(answer)[f"authz-session-{POOL_ID}"]
    assert visitor.session is None
    assert before is not None
    assert site.services.sessions.find(site.pool, before) is None, "a copied cookie still opens the session"


# --- logout_uri -----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [LOGOUT, "https://app.example/bye?then=%2Fhome", "com.example.app:/bye"])
def test_a_registered_sign_out_url_is_followed_verbatim(site: Site, visitor: Visitor, url: str) -> None:
    visitor.sign_in()
    before = visitor.session

    answer = logout(visitor, logout_uri=url, state="not appended")

    assert answer.status_code == 302
    assert answer.headers["Location"] == url
    assert_signed_out(site, visitor, before, answer)


def test_a_sign_out_url_beyond_ascii_is_followed(site: Site, visitor: Visitor) -> None:
    site.replace(ENABLED, logout_urls=("https://app.example/tschüß",))

    answer = logout(visitor, logout_uri="https://app.example/tschüß")

    assert answer.headers["Location"] == "https://app.example/tsch%C3%BC%C3%9F"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        CALLBACK,
        "https://help.example/cb",
        f"{LOGOUT}/",
        f"{LOGOUT}?x=1",
        LOGOUT.upper(),
        f"{LOGOUT}#x",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        f"{LOGOUT}\r\nSet-Cookie: a=b",
        "https://app.example:443/bye",
    ],
)
@pytest.mark.attack("R2")
def test_any_other_url_is_refused_and_the_session_ends_all_the_same(site: Site, visitor: Visitor, url: str) -> None:
    visitor.sign_in()
    before = visitor.session

    answer = logout(visitor, logout_uri=url)

    assert location(answer) == ("/auth/error", MISMATCH)
    assert_signed_out(site, visitor, before, answer)


def test_logout_uri_wins_over_redirect_uri(visitor: Visitor) -> None:
    good = logout(visitor, logout_uri=LOGOUT, redirect_uri=CALLBACK, response_type="code")
    bad = logout(visitor, logout_uri=CALLBACK, redirect_uri=CALLBACK, response_type="code")

    assert good.headers["Location"] == LOGOUT
    assert location(bad) == ("/auth/error", MISMATCH)


def test_a_client_without_oauth_can_sign_out(visitor: Visitor) -> None:
    assert logout(visitor, client_id=NO_OAUTH, logout_uri=LOGOUT).headers["Location"] == LOGOUT


# --- neither, or nobody ---------------------------------------------------------------------------


def test_without_a_target_the_session_ends_and_an_error_is_shown(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()
    before = visitor.session

    answer = logout(visitor)

    assert location(answer) == ("/auth/error", MISSING)
    assert_signed_out(site, visitor, before, answer)


@pytest.mark.attack("R1")
def test_without_a_client_nothing_redirects(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()

    assert location(visitor.get(f"/logout?logout_uri={LOGOUT}")) == ("/auth/error", MISSING)
    unknown = logout(visitor, client_id="nobody", logout_uri=LOGOUT)

    assert location(unknown) == ("/auth/error", {"error": "invalid_request", "client_id": "nobody"})
    assert site.services.sessions.find(site.pool, visitor.session) is not None


def test_nobody_signed_in_makes_no_difference(visitor: Visitor) -> None:
    assert logout(visitor, logout_uri=LOGOUT).headers["Location"] == LOGOUT


def test_a_sign_out_at_one_pool_leaves_the_other_alone(visitor: Visitor) -> None:
    visitor.sign_in()

    logout(visitor, client_id=FOREIGN, logout_uri=LOGOUT)

    assert "Sign in as alice" in visitor.page().text


def test_a_sign_out_ends_one_browser_only(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()
    elsewhere = site.visitor()
    elsewhere.sign_in()

    logout(visitor, logout_uri=LOGOUT)

    assert "Sign in as alice" in elsewhere.page().text
    assert "Sign in as" not in visitor.page().text


def test_a_sign_out_ends_a_step_that_is_pending(visitor: Visitor) -> None:
    visitor.sign_in("newcomer", TEMPORARY)
    form = {"_csrf": token(visitor.page("/changePassword")), "password": CHOSEN, "confirm_password": CHOSEN}

    logout(visitor, logout_uri=LOGOUT)

    assert location(visitor.post(f"/changePassword?{query()}", form))[0] == "/auth/login"


@pytest.mark.attack("R21")
def test_posting_signs_nobody_out(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()

    assert visitor.post("/logout", {"client_id": ENABLED, "logout_uri": LOGOUT}).status_code == 405
    assert site.services.sessions.find(site.pool, visitor.session) is not None


# --- back to the sign-in page ---------------------------------------------------------------------


def test_a_callback_url_leads_back_to_the_sign_in_page(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()
    before = visitor.session

    answer = logout(visitor, redirect_uri=CALLBACK, response_type="token", state=STATE, scope="email", nonce="n")

    target, parameters = location(answer)
    assert target == "/auth/login"
    assert parameters == {
        "client_id": ENABLED,
        "redirect_uri": CALLBACK,
        "response_type": "token",
        "state": STATE,
        "scope": "email",
        "nonce": "n",
    }
    assert_signed_out(site, visitor, before, answer)
    page = visitor.follow(answer)
    assert page.status_code == 200
    assert "Sign in as" not in page.text


def test_absent_scopes_are_all_of_the_client_and_the_absent_flow_is_code(visitor: Visitor) -> None:
    target, parameters = location(logout(visitor, redirect_uri=CALLBACK))

    assert target == "/auth/login"
    assert sorted(parameters.pop("scope").split()) == ["email", "openid"]
    assert parameters == {"client_id": ENABLED, "redirect_uri": CALLBACK, "response_type": "code"}


def test_the_challenge_of_a_client_that_must_use_pkce_is_passed_on(site: Site, visitor: Visitor) -> None:
    site.replace(ENABLED, require_pkce=True)
    challenge = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}

    answer = logout(visitor, redirect_uri=CALLBACK, **challenge)

    assert location(answer)[1].items() >= challenge.items()
    assert visitor.follow(answer).status_code == 200


def test_other_parameters_are_dropped(visitor: Visitor) -> None:
    params = {"prompt": "none", "identity_provider": "Google", "next": "https://evil.example", "logout_hint": "x"}

    assert location(logout(visitor, redirect_uri=CALLBACK, **params))[1].keys().isdisjoint(params)


@pytest.mark.parametrize(
    "params, target, error",
    [
        ({"redirect_uri": "https://evil.example/"}, "/auth/error", MISMATCH),
        ({"redirect_uri": LOGOUT}, "/auth/error", MISMATCH),
        ({"redirect_uri": CALLBACK, "response_type": "id_token"}, CALLBACK, {"error": "invalid_request"}),
        (
            {"redirect_uri": CALLBACK, "scope": "phone"},
            CALLBACK,
            {"error_description": "invalid_scope", "error": "invalid_request"},
        ),
    ],
)
@pytest.mark.attack("R1")
def test_the_way_back_is_judged_like_an_authorization_request(
    site: Site, visitor: Visitor, params: dict[str, str], target: str, error: dict[str, str]
) -> None:
    visitor.sign_in()
    before = visitor.session

    answer = logout(visitor, **params)

    assert location(answer) == (target, error)
    assert_signed_out(site, visitor, before, answer)


# --- the parameters of OpenID Connect -------------------------------------------------------------


def test_cognito_knows_no_openid_parameters(visitor: Visitor) -> None:
    answer = logout(visitor, post_logout_redirect_uri=LOGOUT, id_token_hint="x", state="s")

    assert location(answer) == ("/auth/error", MISSING)


@pytest.fixture
def id_token(visitor: Visitor) -> str:
    """An ID token of the client in the pool with the OIDC dialect, whose user is signed in."""
    _, parameters = location(visitor.sign_in(client_id=OIDC))
    exchange = {
        "grant_type": "authorization_code",
        "client_id": OIDC,
        "redirect_uri": CALLBACK,
        "code": parameters["code"],
    }
    return str(visitor.post("/oauth2/token", exchange).get_json()["id_token"])


def oidc_session(visitor: Visitor) -> str | None:
    return visitor.cookie(f"authz-session-{OTHER_POOL_ID}")


@pytest.mark.compliance("RP-Initiated Logout", "3", "post_logout_redirect_uri is followed, with state")
def test_the_client_follows_from_the_hint(visitor: Visitor, id_token: str) -> None:
    answer = visitor.get(
        "/logout", query_string={"id_token_hint": id_token, "post_logout_redirect_uri": LOGOUT, "state": STATE}
    )

    assert location(answer) == (LOGOUT, {"state": STATE})
    assert oidc_session(visitor) is None


@pytest.mark.compliance("RP-Initiated Logout", "4", "an ID token that expired is still a hint")
def test_an_expired_id_token_is_a_hint(visitor: Visitor, id_token: str, clock: MovableClock) -> None:
    clock.advance(30 * 86_400)

    answer = visitor.get("/logout", query_string={"id_token_hint": id_token, "post_logout_redirect_uri": LOGOUT})

    assert answer.headers["Location"] == LOGOUT


def test_a_state_joins_the_query_that_a_sign_out_url_has(visitor: Visitor) -> None:
    url = "https://app.example/bye?then=%2Fhome"

    answer = logout(visitor, client_id=OIDC, post_logout_redirect_uri=url, state="a&b")

    assert answer.headers["Location"] == f"{url}&state=a%26b"


def test_cognitos_own_parameter_works_in_both_dialects(visitor: Visitor) -> None:
    answer = logout(visitor, client_id=OIDC, logout_uri=LOGOUT, post_logout_redirect_uri=CALLBACK, state="s")

    assert answer.headers["Location"] == LOGOUT


@pytest.mark.attack("R2")
def test_a_post_logout_redirect_uri_has_to_be_registered(visitor: Visitor) -> None:
    answer = logout(visitor, client_id=OIDC, post_logout_redirect_uri="https://evil.example/")

    assert location(answer) == ("/auth/error", {"error": "redirect_mismatch", "client_id": OIDC})


@pytest.mark.compliance("RP-Initiated Logout", "2", "post_logout_redirect_uri is optional")
def test_without_a_target_a_page_says_that_it_is_done(visitor: Visitor, id_token: str) -> None:
    answer = visitor.get("/logout", query_string={"id_token_hint": id_token})

    assert answer.status_code == 200
    assert "You are signed out" in answer.text
    assert oidc_session(visitor) is None


@pytest.mark.compliance("RP-Initiated Logout", "2", "client_id and the audience of the hint are the same")
def test_a_hint_of_another_client_is_refused(visitor: Visitor, id_token: str) -> None:
    answer = logout(visitor, client_id=FOREIGN, id_token_hint=id_token, post_logout_redirect_uri=LOGOUT)

    assert location(answer) == ("/auth/error", {"error": "invalid_request", "client_id": FOREIGN})
    assert oidc_session(visitor) is None


def forgeries(id_token: str) -> dict[str, str]:
    header, payload, signature = id_token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    swapped = base64.urlsafe_b64encode(json.dumps({**claims, "aud": FOREIGN}).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    other_issuer = base64.urlsafe_b64encode(json.dumps({**claims, "iss": "http://evil.example"}).encode()).decode()
    odd_pool = base64.urlsafe_b64encode(json.dumps({**claims, "iss": "http://localhost/auth/\x00"}).encode()).decode()
    return {
        "a changed claim": f"{header}.{swapped}.{signature}",
        "no signature": f"{header}.{payload}.",
        "alg none": f"{none}.{payload}.{signature}",
        "another issuer": f"{header}.{other_issuer.rstrip('=')}.{signature}",
        "an impossible pool": f"{header}.{odd_pool.rstrip('=')}.{signature}",
        "no token": "x",
        "non-ASCII": "é.é.é",
    }


@pytest.mark.parametrize("kind", list(forgeries("e30.e30.e30")))
@pytest.mark.attack("R9")
def test_a_forged_hint_names_no_client(visitor: Visitor, id_token: str, kind: str) -> None:
    forged = forgeries(id_token)[kind]

    without = visitor.get("/logout", query_string={"id_token_hint": forged, "post_logout_redirect_uri": LOGOUT})
    beside = logout(visitor, client_id=OIDC, id_token_hint=forged, post_logout_redirect_uri=LOGOUT)

    assert location(without) == ("/auth/error", MISSING)
    assert location(beside) == ("/auth/error", {"error": "invalid_request", "client_id": OIDC})


def test_an_access_token_is_no_hint(visitor: Visitor, id_token: str) -> None:
    fragment = visitor.sign_in(client_id=OIDC, response_type="token").headers["Location"].partition("#")[2]
    access_token = dict(pair.split("=") for pair in fragment.split("&"))["access_token"]

    answer = visitor.get("/logout", query_string={"id_token_hint": access_token, "post_logout_redirect_uri": LOGOUT})

    assert location(answer) == ("/auth/error", MISSING)


@pytest.mark.attack("R18")
def test_the_hint_of_a_deleted_client_is_none(site: Site, visitor: Visitor, id_token: str) -> None:
    site.services.app_clients.delete(OTHER_POOL_ID, OIDC)

    answer = visitor.get("/logout", query_string={"id_token_hint": id_token, "post_logout_redirect_uri": LOGOUT})

    assert location(answer) == ("/auth/error", MISSING)


def test_the_hint_of_a_pool_in_cognitos_dialect_is_none(site: Site, visitor: Visitor) -> None:
    fragment = visitor.sign_in(response_type="token").headers["Location"].partition("#")[2]
    id_token = dict(pair.split("=") for pair in fragment.split("&"))["id_token"]

    answer = visitor.get("/logout", query_string={"id_token_hint": id_token, "logout_uri": LOGOUT})

    assert location(answer) == ("/auth/error", MISSING)


def test_the_whole_site_can_speak_openid(make_site: MakeSite) -> None:
    site = make_site(AUTHZ_DIALECT="oidc")
    visitor = site.visitor()
    visitor.sign_in(client_id=OTHER, redirect_uri="https://help.example/cb")

    answer = logout(visitor, client_id=OTHER, post_logout_redirect_uri=LOGOUT, state="s")

    assert location(answer) == (LOGOUT, {"state": "s"})
    assert visitor.session is None
