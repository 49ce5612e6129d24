"""Authorization requests that are granted, or sent to the sign-in page (endpoints.md 1.1, 1.3, 1.6 and 6)."""

import re
from urllib.parse import urlencode, urlsplit

import pytest

from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.resource_server import ResourceServerScope
from tests.support.clock import MovableClock
from tests.support.site import CALLBACK, CHALLENGE, PASSWORD, PREFIX, VERIFIER, Registered, Site, claims, location

UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
FORM = "application/x-www-form-urlencoded"
LOGIN = "/auth/login?"
IGNORED = [
    ("response_mode", "form_post"),
    ("display", "popup"),
    ("ui_locales", "de"),
    ("claims", "{}"),
    ("request", "x.y.z"),
    ("request_uri", "https://evil.example/request"),
    ("id_token_hint", "x"),
    ("registration", "{}"),
    ("access_type", "offline"),
    ("acr_values", "urn:cognito:loa:4"),
    ("userContextData", "e30="),
    ("lang", "xx"),
    ("next", "https://evil.example/"),
    ("prompt", "select_account"),
    ("prompt", "consent"),
    ("prompt", "create"),
    ("prompt", "consent select_account"),
]


def goes_to_login(site: Site, url: str, cookie: str | None = None) -> bool:
    where = site.browse(cookie=cookie).get(url).headers["Location"]
    assert where.startswith((LOGIN, f"{CALLBACK}?code=")), where
    return where.startswith(LOGIN)


# --- the answer (1.3) -------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 6749", "4.1.2", "code and state in the query of the redirection URI")
@pytest.mark.parametrize("path", ["/oauth2/authorize", "/authorize"])
def test_a_signed_in_browser_comes_back_at_once_with_code_and_state(site: Site, path: str) -> None:
    url = site.authorize_url(site.web).replace("/oauth2/authorize", path)
    answer = site.browse(signed_in=True).get(url)
    assert answer.status_code == 302
    assert re.fullmatch(re.escape(CALLBACK) + rf"\?code={UUID4}&state=xyz", answer.headers["Location"])


def test_without_state_only_the_code_comes_back(site: Site) -> None:
    answer = site.browse(signed_in=True).get(site.authorize_url(site.web, without=("state",)))
    assert re.fullmatch(re.escape(CALLBACK) + rf"\?code={UUID4}", answer.headers["Location"])


@pytest.mark.compliance("RFC 6749", "3.1.2", "a query component of the redirection URI is retained")
@pytest.mark.parametrize(
    "callback, expected",
    [
        ("https://app.example/cb?tenant=1", "https://app.example/cb?tenant=1&code="),
        ("https://app.example/cb?code=mine", "https://app.example/cb?code=mine&code="),
        ("https://app.example", "https://app.example?code="),
        ("http://localhost:8000/cb", "http://localhost:8000/cb?code="),
        ("http://[::1]:8000/cb", "http://[::1]:8000/cb?code="),
        ("myapp://callback/here", "myapp://callback/here?code="),
        ("com.example.app:/cb", "com.example.app:/cb?code="),
        ("https://app.example/%63b%2F", "https://app.example/%63b%2F?code="),
    ],
)
def test_the_location_begins_with_the_registered_string(site: Site, callback: str, expected: str) -> None:
    client = site.client(callback_urls=(callback,))
    answer = site.browse(signed_in=True).get(site.authorize_url(client, redirect_uri=callback))
    assert answer.headers["Location"].startswith(expected)


def test_the_answer_is_an_empty_redirect_that_nobody_keeps(site: Site) -> None:
    answer = site.browse(signed_in=True).get(site.authorize_url(site.web))
    assert answer.data == b""
    assert answer.headers["Content-Length"] == "0"
    assert answer.headers["Cache-Control"] == "no-cache, no-store, max-age=0, must-revalidate"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["Vary"] == "Cookie"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_every_answer_to_an_authorization_request_varies_with_the_cookie(site: Site) -> None:
    for extra in ({}, {"prompt": "none"}, {"scope": "no/such"}):
        answer = site.browse().get(site.authorize_url(site.web, **extra))
        assert answer.headers["Vary"] == "Cookie"


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "the authorization endpoint supports GET and POST")
def test_a_posted_request_is_answered_like_one_in_the_url(site: Site) -> None:
    query = site.authorize_url(site.web).partition("?")[2]
    answer = site.browse(signed_in=True).post(f"{PREFIX}/oauth2/authorize", data=query, content_type=FORM)
    assert answer.status_code == 302
    assert re.fullmatch(re.escape(CALLBACK) + rf"\?code={UUID4}&state=xyz", answer.headers["Location"])


def test_a_posted_request_without_a_cookie_comes_again_as_get(site: Site) -> None:
    # SameSite=Lax cookies do not travel with a POST from another site.
    query = site.authorize_url(site.web, prompt="none").partition("?")[2]
    browser = site.browse()
    answer = browser.post(f"{PREFIX}/oauth2/authorize", data=query, content_type=FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PREFIX}/oauth2/authorize?{query}")
    assert location(browser.get(answer.headers["Location"])) == [("error", "login_required"), ("state", "xyz")]


def test_a_posted_request_may_have_parameters_in_both_places(site: Site) -> None:
    first, _, second = site.authorize_url(site.web).partition("?")[2].partition("&")
    answer = site.browse(signed_in=True).post(f"{PREFIX}/oauth2/authorize?{first}", data=second, content_type=FORM)
    assert answer.headers["Location"].startswith(f"{CALLBACK}?code=")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"])
def test_other_methods_are_not_allowed(site: Site, method: str) -> None:
    answer = site.browse(signed_in=True).open(site.authorize_url(site.web), method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert "Location" not in answer.headers


# --- the code and what it is bound to -----------------------------------------------------------------


def test_the_code_carries_scopes_nonce_resource_and_challenge(site: Site) -> None:
    tokens = site.tokens(site.web, nonce="n-1", resource="https://api.example/v1", scope="email openid")
    assert claims(tokens["id_token"])["nonce"] == "n-1"
    assert claims(tokens["access_token"])["aud"] == "https://api.example/v1"
    assert claims(tokens["access_token"])["scope"] == "openid email"


@pytest.mark.parametrize("resource", ["https://api.example/v1", "http://localhost:3000", "myapi://orders", None])
def test_resource_becomes_the_audience_of_the_access_token(site: Site, resource: str | None) -> None:
    given = {} if resource is None else {"resource": resource}
    tokens = site.tokens(site.web, **given)
    assert claims(tokens["access_token"]).get("aud") == resource
    assert claims(tokens["id_token"])["aud"] == site.web.client_id


@pytest.mark.compliance("RFC 6749", "3.3", "an omitted scope means a default")
@pytest.mark.parametrize("params", [{"without": ("scope",)}, {"scope": ""}], ids=["absent", "empty"])
def test_without_scope_all_scopes_of_the_client_are_granted(site: Site, params: dict[str, object]) -> None:
    answer = site.browse(signed_in=True).get(site.authorize_url(site.web, **params))
    body = {
        "grant_type": "authorization_code",
        "code": dict(location(answer))["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    token = site.browse().post(f"{PREFIX}/oauth2/token", data=body, auth=site.web.auth).json
    assert claims(token["access_token"])["scope"] == "openid profile email orders/read"
    assert "id_token" in token


def test_a_scope_asked_for_twice_is_granted_once(site: Site) -> None:
    tokens = site.tokens(site.web, scope="email openid email openid")
    assert claims(tokens["access_token"])["scope"] == "openid email"


def test_a_custom_scope_that_is_gone_is_dropped_without_a_word(site: Site) -> None:
    server = site.services.resource_servers.describe(site.pool.id, "orders")
    site.services.resource_servers.replace(
        server.replace(name="Orders", scopes=[ResourceServerScope("write", "Write")])
    )
    tokens = site.tokens(site.web, scope="openid orders/read")
    assert claims(tokens["access_token"])["scope"] == "openid"


def test_scopes_without_openid_give_no_id_token(site: Site) -> None:
    tokens = site.tokens(site.web, scope="email orders/read")
    assert "id_token" not in tokens
    assert claims(tokens["access_token"])["scope"] == "email orders/read"


def test_the_oidc_dialect_lets_offline_access_pass_and_does_not_grant_it(oidc_site: Site) -> None:
    tokens = oidc_site.tokens(oidc_site.web, scope="openid offline_access")
    assert claims(tokens["access_token"])["scope"] == "openid"


@pytest.mark.parametrize("name, value", IGNORED)
def test_parameters_without_effect_here_are_ignored(standing: Site, name: str, value: str) -> None:
    answer = standing.browse(signed_in=True).get(standing.authorize_url(standing.web, **{name: value}))
    assert re.fullmatch(re.escape(CALLBACK) + rf"\?code={UUID4}&state=xyz", answer.headers["Location"])


# --- the implicit flow --------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 6749", "4.2.2", "the tokens travel in the fragment, without a refresh token")
def test_the_implicit_flow_answers_in_the_fragment_in_cognitos_order(site: Site) -> None:
    answer = site.browse(signed_in=True).get(site.authorize_url(site.implicit, response_type="token"))
    where, mark, _ = answer.headers["Location"].partition("#")
    assert (answer.status_code, where, mark) == (302, CALLBACK, "#")
    assert [name for name, _ in location(answer)] == ["id_token", "access_token", "expires_in", "token_type", "state"]
    assert location(answer)[2:] == [("expires_in", "3600"), ("token_type", "Bearer"), ("state", "xyz")]


def test_the_implicit_flow_gives_an_id_token_only_with_openid(site: Site) -> None:
    url = site.authorize_url(site.implicit, response_type="token", scope="email", without=("state",))
    answer = site.browse(signed_in=True).get(url)
    assert [name for name, _ in location(answer)] == ["access_token", "expires_in", "token_type"]


@pytest.mark.compliance("OIDC Core", "3", "response_type=token is none of OpenID Connect's")
def test_the_oidc_dialect_gives_no_id_token_for_response_type_token(oidc_site: Site) -> None:
    url = oidc_site.authorize_url(oidc_site.implicit, response_type="token")
    answer = oidc_site.browse(signed_in=True).get(url)
    assert [name for name, _ in location(answer)] == ["access_token", "expires_in", "token_type", "state", "iss"]


def test_the_implicit_flow_opens_no_token_session_and_issues_no_code(site: Site) -> None:
    browser = site.browse(signed_in=True)
    before = site.row_counts()
    browser.get(site.authorize_url(site.implicit, response_type="token"))
    assert site.row_counts() == before


# --- iss (RFC 9207) -----------------------------------------------------------------------------------


@pytest.mark.parametrize("response_type, mark", [("code", "?"), ("token", "#")])
def test_the_oidc_dialect_ends_every_answer_with_its_issuer(oidc_site: Site, response_type: str, mark: str) -> None:
    url = oidc_site.authorize_url(oidc_site.implicit, response_type=response_type)
    answer = oidc_site.browse(signed_in=True).get(url)
    assert answer.headers["Location"].startswith(f"{CALLBACK}{mark}")
    assert location(answer)[-2:] == [("state", "xyz"), ("iss", oidc_site.issuer)]


def test_a_pool_may_have_another_dialect_than_the_site(site: Site) -> None:
    site.services.pools.replace(site.pool.id, PoolSpec(name="demo", dialect="oidc"))
    assert location(site.browse(signed_in=True).get(site.authorize_url(site.web)))[-1] == ("iss", site.issuer)


# --- to the sign-in page (1.2, step 14) ---------------------------------------------------------------


def test_without_a_session_the_same_query_goes_to_the_sign_in_page(site: Site) -> None:
    query = (
        f"client_id={site.web.client_id}&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code"
        "&login_hint=kim%40example.com&state=a%20b+c&lang=de&scope=openid%20email&nonce=n&resource=https%3A%2F%2Fx.example"
    )
    answer = site.browse().get(f"{PREFIX}/oauth2/authorize?{query}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{LOGIN}{query}")
    assert answer.data == b""


def test_the_sign_in_page_gets_the_login_hint(site: Site) -> None:
    browser = site.browse()
    answer = browser.get(site.authorize_url(site.web, login_hint="kim@example.com"))
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "kim@example.com" in page.text


@pytest.mark.attack("R19")
def test_characters_that_a_browser_should_have_encoded_survive_the_way_to_the_sign_in_page(site: Site) -> None:
    query = site.authorize_url(site.web, without=("state",)).partition("?")[2]
    answer = site.browse().get(f"{PREFIX}/oauth2/authorize", query_string=f"{query}&state=ü")
    assert answer.headers["Location"] == f"{LOGIN}{query}&state=%C3%BC"


@pytest.mark.attack("R19")
@pytest.mark.attack("R2")
def test_a_raw_line_feed_in_the_query_adds_no_header(site: Site) -> None:
    query = site.authorize_url(site.web, without=("state",)).partition("?")[2]
    answer = site.browse().get(f"{PREFIX}/oauth2/authorize", query_string=f"{query}&state=a\r\nSet-Cookie: x=y")
    assert answer.status_code == 302
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Location"] == f"{LOGIN}{query}&state=a%0D%0ASet-Cookie:%20x=y"


# --- session reuse (1.6, 6) ---------------------------------------------------------------------------


def test_all_clients_of_a_pool_share_one_sign_in(site: Site) -> None:
    cookie = site.cookie()
    for client in (site.web, site.spa, site.implicit):
        assert not goes_to_login(site, site.authorize_url(client), cookie)


@pytest.mark.compliance("OIDC Core", "2", "auth_time is when the end-user authentication occurred")
def test_reuse_gives_fresh_tokens_with_the_time_of_the_sign_in(site: Site, clock: MovableClock) -> None:
    cookie = site.cookie()
    signed_in_at = int(clock())
    now = int(clock.advance(1800))
    url = site.authorize_url(site.implicit, response_type="token")
    tokens = dict(location(site.browse(cookie=cookie).get(url)))
    for token in (claims(tokens["id_token"]), claims(tokens["access_token"])):
        assert (token["auth_time"], token["iat"], token["exp"]) == (signed_in_at, now, now + 3600)


def test_the_session_ends_an_hour_after_the_sign_in_however_often_it_is_used(site: Site, clock: MovableClock) -> None:
    cookie, url = site.cookie(), site.authorize_url(site.web)
    for _ in range(3):
        clock.advance(1190)
        assert not goes_to_login(site, url, cookie)
    clock.advance(29.9)
    assert not goes_to_login(site, url, cookie)
    clock.advance(0.1)
    assert goes_to_login(site, url, cookie)


@pytest.mark.parametrize("minutes, last_second", [(1, 59), (5, 299), (60, 3599), (120, 3599), (None, 3599)])
def test_a_client_bounds_the_age_of_the_session_it_takes_over(
    site: Site, clock: MovableClock, minutes: int | None, last_second: int
) -> None:
    client = site.client(sso_max_validity_minutes=minutes)
    cookie, url = site.cookie(), site.authorize_url(client)
    clock.advance(last_second)
    assert not goes_to_login(site, url, cookie)
    clock.advance(1)
    assert goes_to_login(site, url, cookie)
    assert goes_to_login(site, site.authorize_url(site.web), cookie) is (last_second == 3599)


def test_a_client_with_a_bound_of_zero_never_takes_a_session_over(site: Site) -> None:
    client = site.client(sso_max_validity_minutes=0)
    cookie = site.cookie()
    assert goes_to_login(site, site.authorize_url(client), cookie)
    answer = site.browse(cookie=cookie).get(site.authorize_url(client, prompt="none"))
    assert location(answer) == [("error", "login_required"), ("state", "xyz")]
    assert not goes_to_login(site, site.authorize_url(site.web), cookie)


@pytest.mark.attack("R23")
def test_a_session_of_another_pool_is_none_here(site: Site) -> None:
    other = site.services.pools.create(PoolSpec(name="other"))
    stranger = site.services.users.create(other.id, "kim", {}, password=PASSWORD, permanent=True)
    assert goes_to_login(site, site.authorize_url(site.web), site.cookie(stranger))


@pytest.mark.attack("R18")
@pytest.mark.parametrize("change", ["disable", "delete"])
def test_a_session_of_a_user_who_is_gone_is_none(site: Site, change: str) -> None:
    cookie = site.cookie()
    getattr(site.services.users, change)(site.pool.id, "kim")
    assert goes_to_login(site, site.authorize_url(site.web), cookie)


def test_the_session_survives_a_global_sign_out_in_the_cognito_dialect(site: Site, clock: MovableClock) -> None:
    cookie = site.cookie()
    clock.advance(1)
    site.services.users.sign_out(site.pool.id, "kim")
    assert not goes_to_login(site, site.authorize_url(site.web), cookie)


def test_the_session_ends_with_a_global_sign_out_in_the_oidc_dialect(oidc_site: Site, clock: MovableClock) -> None:
    cookie = oidc_site.cookie()
    clock.advance(1)
    oidc_site.services.users.sign_out(oidc_site.pool.id, "kim")
    assert goes_to_login(oidc_site, oidc_site.authorize_url(oidc_site.web), cookie)


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "value", ["x", "é", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "x" * 5000, "a b"]
)
def test_a_cookie_that_is_not_ours_means_not_signed_in(site: Site, value: str) -> None:
    answer = site.app.test_client(use_cookies=False).get(
        site.authorize_url(site.web), headers={"Cookie": f'authz-session-{site.pool.id}="{value}"'}
    )
    assert answer.headers["Location"].startswith(LOGIN)


@pytest.mark.attack("R23")
def test_two_cookies_of_one_name_do_not_add_up(site: Site) -> None:
    name = f"authz-session-{site.pool.id}"
    answer = site.app.test_client(use_cookies=False).get(
        site.authorize_url(site.web), headers={"Cookie": f"{name}=forged; {name}={site.cookie()}"}
    )
    assert answer.headers["Location"].startswith(LOGIN)


# --- prompt, max_age, identity_provider -----------------------------------------------------------------


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "prompt=none shows no page")
def test_prompt_none_signs_in_silently(site: Site) -> None:
    assert not goes_to_login(site, site.authorize_url(site.web, prompt="none"), site.cookie())


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "prompt=login asks for the credentials again")
@pytest.mark.parametrize("prompt", ["login", "login consent", "select_account login"])
def test_prompt_login_shows_the_sign_in_page_and_leaves_the_session_alone(site: Site, prompt: str) -> None:
    cookie = site.cookie()
    assert goes_to_login(site, site.authorize_url(site.web, prompt=prompt), cookie)
    assert not goes_to_login(site, site.authorize_url(site.web), cookie)


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "max_age bounds the age of the authentication")
def test_a_sign_in_older_than_max_age_is_done_again(site: Site, clock: MovableClock) -> None:
    cookie, url = site.cookie(), site.authorize_url(site.web, max_age="300")
    assert not goes_to_login(site, site.authorize_url(site.web, max_age="0"), cookie)
    clock.advance(300)
    assert not goes_to_login(site, url, cookie)
    clock.advance(1)
    assert goes_to_login(site, url, cookie)
    assert goes_to_login(site, site.authorize_url(site.web, max_age="0"), cookie)
    assert not goes_to_login(site, site.authorize_url(site.web), cookie)
    silent = site.browse(cookie=cookie).get(site.authorize_url(site.web, max_age="300", prompt="none"))
    assert location(silent) == [("error", "login_required"), ("state", "xyz")]


def test_naming_the_pool_itself_as_provider_changes_nothing(site: Site) -> None:
    url = site.authorize_url(site.web, identity_provider="COGNITO")
    assert goes_to_login(site, url)
    assert not goes_to_login(site, url, site.cookie())


@pytest.mark.parametrize(
    "name, value",
    [
        ("identity_provider", "Google"),
        ("identity_provider", "cognito"),
        ("identity_provider", "no such"),
        ("idp_identifier", "acme.example"),
        ("idp_identifier", "cognito"),
    ],
)
def test_a_provider_that_is_not_there_is_refused_on_the_sign_in_page(site: Site, name: str, value: str) -> None:
    browser = site.browse(signed_in=True)
    before = site.row_counts()
    answer = browser.get(site.authorize_url(site.web, **{name: value}))
    assert answer.headers["Location"].startswith(LOGIN)
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 401
    assert "Login option is not available. Please try another one" in page.text
    silent = browser.get(site.authorize_url(site.web, **{name: value}, prompt="none"))
    assert silent.headers["Location"].startswith(f"{CALLBACK}?")
    assert location(silent) == [("error", "login_required"), ("state", "xyz")]
    assert site.row_counts() == before


def test_a_client_without_the_pools_own_users_takes_no_session_over(site: Site) -> None:
    client = site.client(supported_identity_providers=None)
    assert goes_to_login(site, site.authorize_url(client), site.cookie())


@pytest.mark.attack("R21")
def test_only_a_granted_request_writes_and_it_writes_one_code(site: Site) -> None:
    browser = site.browse(signed_in=True)
    before = site.row_counts()
    browser.get(site.authorize_url(site.web, prompt="login"))
    site.browse().get(site.authorize_url(site.web))
    assert site.row_counts() == before
    browser.get(site.authorize_url(site.web))
    assert site.row_counts() == before | {"authz_codes": before["authz_codes"] + 1}


def test_pkce_is_optional_for_public_and_confidential_clients(site: Site) -> None:
    def answered(client: Registered) -> str:
        params = {"client_id": client.client_id, "redirect_uri": CALLBACK, "response_type": "code"}
        answer = site.browse(signed_in=True).get(f"{PREFIX}/oauth2/authorize?{urlencode(params)}")
        return str(answer.headers["Location"])

    assert answered(site.web).startswith(f"{CALLBACK}?code=")
    assert answered(site.spa).startswith(f"{CALLBACK}?code=")
    assert len(CHALLENGE) == 43


def test_identifier_spelt_as_the_local_directory_is_no_name_of_it(site: Site) -> None:
    answer = site.browse(signed_in=True).get(site.authorize_url(site.web, idp_identifier="COGNITO"))
    assert urlsplit(answer.headers["Location"]).path == "/auth/login"
