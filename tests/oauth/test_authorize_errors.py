"""Refused authorization requests: in which words, in which order, and to where (endpoints.md 1.1 to 1.5)."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.site import CALLBACK, CHALLENGE, PREFIX, Registered, Site, location

PAGE_A = "/auth/error?error=Required+parameters+missing"
NOT_ENABLED = "/auth/error?error=Client+is+not+enabled+for+OAuth2.0+flows.&client_id={}"
ENDPOINTS = ("/oauth2/authorize", "/authorize")
FORM = "application/x-www-form-urlencoded"


def request_of(client: Registered, without: tuple[str, ...] = (), **params: str) -> dict[str, str]:
    request = {
        "client_id": client.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid email",
        "state": "xyz",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | params
    return {name: value for name, value in request.items() if name not in without}


def answer(browser: FlaskClient, params: dict[str, str], how: str = "GET", at: str = ENDPOINTS[0]) -> TestResponse:
    if how == "GET":
        return browser.get(f"{PREFIX}{at}?{urlencode(params)}")
    return browser.post(f"{PREFIX}{at}", data=urlencode(params), content_type=FORM)


# --- our own error page (1.4) ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def disabled(standing: Site) -> Registered:
    """A client with everything that OAuth needs but the permission to use it."""
    return standing.client(client_name="disabled", allowed_oauth_flows_user_pool_client=False)


@dataclass(frozen=True)
class OwnPage:
    name: str
    change: Callable[[dict[str, str]], dict[str, str]]
    expected: str


def _without(*names: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda params: {name: value for name, value in params.items() if name not in names}


def _with(**changes: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda params: params | changes


OWN_PAGES = [
    OwnPage("A: client_id is missing", _without("client_id"), PAGE_A),
    OwnPage("A: client_id is empty", _with(client_id=""), PAGE_A),
    OwnPage("A: redirect_uri is missing", _without("redirect_uri"), PAGE_A),
    OwnPage("A: redirect_uri is empty", _with(redirect_uri=""), PAGE_A),
    OwnPage("A: client_id and response_type are missing", _without("client_id", "response_type"), PAGE_A),
    OwnPage("A: all after the first & is lost", lambda params: {"client_id": params["client_id"]}, PAGE_A),
    OwnPage("A: nothing at all", lambda _params: {}, PAGE_A),
    OwnPage(
        "B: client_id is unknown",
        _with(client_id="1h57kf5cpq17m0eml12example"),
        "/auth/error?error=invalid_request&client_id=1h57kf5cpq17m0eml12example",
    ),
    OwnPage(
        "B: client_id is none that could exist",
        _with(client_id='"><b>&x=y'),
        "/auth/error?error=invalid_request&client_id=%22%3E%3Cb%3E%26x%3Dy",
    ),
    OwnPage(
        "B: client_id is unknown, and redirect_uri leads anywhere",
        _with(client_id="nobody", redirect_uri="https://evil.example/"),
        "/auth/error?error=invalid_request&client_id=nobody",
    ),
]
C_VARIANTS = {
    "another path": "https://app.example/cb2",
    "another host": "https://evil.example/cb",
    "a slash at the end": f"{CALLBACK}/",
    "a query": f"{CALLBACK}?x=1",
    "an empty query": f"{CALLBACK}?",
    "a fragment": f"{CALLBACK}#x",
    "an empty fragment": f"{CALLBACK}#",
    "the default port": "https://app.example:443/cb",
    "upper-case scheme": "HTTPS://app.example/cb",
    "upper-case host": "https://APP.example/cb",
    "upper-case path": "https://app.example/CB",
    "http": "http://app.example/cb",
    "userinfo": "https://app.example@evil.example/cb",
    "two at signs": "https://app.example@evil.example@app.example/cb",
    "a backslash": "https://evil.example\\@app.example/cb",
    "dot segments": "https://app.example/x/../cb",
    "dot segments with path parameters": "https://app.example/cb/..;/cb",
    "a percent-encoded letter": "https://app.example/%63b",
    "a blank before": f" {CALLBACK}",
    "a blank after": f"{CALLBACK} ",
    "a line feed after": f"{CALLBACK}\n",
    "a prefix of it": CALLBACK[:-1],
    "a full-width letter": "https://app.example/ｃb",
    "no scheme": "//app.example/cb",
    "a script": "javascript:alert(1)",
}
TEMPTATIONS: tuple[dict[str, str], ...] = (
    {},
    {"prompt": "none"},
    {"response_type": "token"},
    {"response_type": "id_token"},
    {"scope": "no/such"},
    {"max_age": "-1"},
)
ALL_WAYS = [
    ("POST", ENDPOINTS[0], {}),
    ("GET", ENDPOINTS[1], {}),
    ("POST", ENDPOINTS[1], {}),
    *(("GET", ENDPOINTS[0], extra) for extra in TEMPTATIONS),
]


@pytest.mark.compliance("RFC 6749", "4.1.2.1", "an invalid client or redirection URI never redirects")
@pytest.mark.attack("R1")
@pytest.mark.parametrize("how, at, extra", ALL_WAYS)
@pytest.mark.parametrize("case", OWN_PAGES, ids=lambda case: case.name)
def test_a_request_without_proven_client_ends_on_our_own_page(
    standing: Site, case: OwnPage, how: str, at: str, extra: dict[str, str]
) -> None:
    params = request_of(standing.web)
    params = case.change(params | extra if params else params)
    refused = answer(standing.browse(signed_in=True), params, how, at)
    assert (refused.status_code, refused.headers["Location"]) == (302, case.expected)


@pytest.mark.compliance("RFC 6749", "3.1.2.3", "the redirection URI is compared as a simple string")
@pytest.mark.attack("R1")
@pytest.mark.attack("R2")
@pytest.mark.parametrize("redirect_uri", C_VARIANTS.values(), ids=C_VARIANTS.keys())
@pytest.mark.parametrize("how", ["GET", "POST"])
def test_a_redirect_uri_that_is_not_registered_ends_on_page_c(standing: Site, redirect_uri: str, how: str) -> None:
    params = request_of(standing.web, redirect_uri=redirect_uri, prompt="none")
    refused = answer(standing.browse(signed_in=True), params, how)
    expected = f"/auth/error?error=redirect_mismatch&client_id={standing.web.client_id}"
    assert (refused.status_code, refused.headers["Location"]) == (302, expected)


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "registered, sent",
    [
        ("http://localhost:8000/cb", "http://localhost:8001/cb"),
        ("http://localhost:8000/cb", "http://127.0.0.1:8000/cb"),
        ("http://localhost:8000/cb", "http://x@localhost:8000/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb"),
        ("com.example.app:/cb", "com.example.app:/cb/"),
        ("com.example.app:/cb", "COM.example.app:/cb"),
        ("https://app.example/cb?tenant=1", "https://app.example/cb"),
        ("https://app.example/cb?tenant=1", "https://app.example/cb?tenant=2"),
        ("https://app.example/cb%2Fx", "https://app.example/cb/x"),
        ("https://app.example/cb%2Fx", "https://app.example/cb%2fx"),
    ],
)
def test_loopback_custom_scheme_and_query_are_part_of_the_string(standing: Site, registered: str, sent: str) -> None:
    client = standing.client(callback_urls=(registered,))
    refused = answer(standing.browse(signed_in=True), request_of(client, redirect_uri=sent))
    assert refused.headers["Location"].startswith("/auth/error?error=redirect_mismatch&")
    accepted = answer(standing.browse(signed_in=True), request_of(client, redirect_uri=registered))
    assert accepted.headers["Location"].startswith(registered)


@pytest.mark.attack("R23")
def test_the_callback_url_of_another_client_is_not_registered_here(standing: Site) -> None:
    other = standing.client(callback_urls=("https://other.example/cb",))
    refused = answer(standing.browse(signed_in=True), request_of(standing.web, redirect_uri="https://other.example/cb"))
    assert refused.headers["Location"].startswith("/auth/error?error=redirect_mismatch&")
    assert other.client.callback_urls == ("https://other.example/cb",)


@pytest.mark.parametrize("how", ["GET", "POST"])
@pytest.mark.parametrize(
    "extra", [{}, {"prompt": "none"}, {"response_type": "id_token"}, {"scope": "no/such"}], ids=str
)
def test_a_client_with_oauth_switched_off_ends_on_page_d(
    standing: Site, disabled: Registered, how: str, extra: dict[str, str]
) -> None:
    refused = answer(standing.browse(signed_in=True), request_of(disabled) | extra, how)
    assert (refused.status_code, refused.headers["Location"]) == (302, NOT_ENABLED.format(disabled.client_id))


@pytest.mark.parametrize(
    "change, text",
    [
        (_without("client_id"), "Required parameters missing"),
        (_with(client_id="nobody"), "invalid_request"),
        (_with(redirect_uri="https://evil.example/"), "redirect_mismatch"),
        (None, "Client is not enabled for OAuth2.0 flows."),
    ],
    ids=["A", "B", "C", "D"],
)
def test_the_error_page_answers_400_and_names_the_reason(
    standing: Site, disabled: Registered, change: Callable[[dict[str, str]], dict[str, str]] | None, text: str
) -> None:
    params = request_of(disabled) if change is None else change(request_of(standing.web))
    browser = standing.browse()
    page = browser.get(answer(browser, params).headers["Location"])
    assert page.status_code == 400
    assert page.content_type == "text/html;charset=UTF-8"
    assert "An error was encountered with the requested page." in page.text
    assert text in page.text
    assert "evil.example" not in page.text


@pytest.mark.attack("R19")
@pytest.mark.compliance("RFC 6749", "3.1", "parameters must not be included more than once")
@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "response_type", "scope", "state", "prompt", "unknown"])
def test_a_parameter_given_twice_ends_on_our_own_page(standing: Site, name: str) -> None:
    params = request_of(standing.web, prompt="none", unknown="1")
    query = f"{urlencode(params)}&{urlencode({name: params[name]})}"
    for refused in (
        standing.browse(signed_in=True).get(f"{PREFIX}/oauth2/authorize?{query}"),
        standing.browse(signed_in=True).post(f"{PREFIX}/oauth2/authorize", data=query, content_type=FORM),
        standing.browse(signed_in=True).post(
            f"{PREFIX}/oauth2/authorize?{urlencode({name: params[name]})}",
            data=urlencode(params),
            content_type=FORM,
        ),
    ):
        assert (refused.status_code, refused.headers["Location"]) == (302, "/auth/error?error=invalid_request")


# --- errors for the callback URL (1.5) -------------------------------------------------------------

MALFORMED = "state=xyz&error=invalid_request"
BAD_SCOPE = "error_description=invalid_scope&state=xyz&error=invalid_request"
BAD_FLOW = "error_description=unauthorized_client&state=xyz&error=invalid_request"
NO_SESSION = "error=login_required&state=xyz"

# The change, the answer of the Cognito dialect, and the code of the OIDC dialect.
REDIRECTED: dict[str, tuple[Callable[[dict[str, str]], dict[str, str]], str, str]] = {
    "response_type is missing": (_without("response_type"), MALFORMED, "invalid_request"),
    "response_type is empty": (_with(response_type=""), MALFORMED, "invalid_request"),
    **{
        f"response_type is {value}": (_with(response_type=value), MALFORMED, "unsupported_response_type")
        for value in ("id_token", "code id_token", "code token", "none", "CODE", "code ", "client_credentials", 'é"\\')
    },
    "a scope of no resource server": (_with(scope="openid no/such"), BAD_SCOPE, "invalid_scope"),
    "a scope that the client does not have": (_with(scope="openid phone"), BAD_SCOPE, "invalid_scope"),
    "a custom scope that the client does not have": (_with(scope="orders/write"), BAD_SCOPE, "invalid_scope"),
    "the admin scope, not allowed": (_with(scope="aws.cognito.signin.user.admin"), BAD_SCOPE, "invalid_scope"),
    "a scope in another case": (_with(scope="OpenID"), BAD_SCOPE, "invalid_scope"),
    "scopes with two blanks": (_with(scope="openid  email"), BAD_SCOPE, "invalid_scope"),
    "a malformed scope": (_with(scope='openid "email"'), BAD_SCOPE, "invalid_scope"),
    "a scope beyond ASCII": (_with(scope="openid é"), BAD_SCOPE, "invalid_scope"),
    "a challenge without a method": (_without("code_challenge_method"), MALFORMED, "invalid_request"),
    "a method without a challenge": (_without("code_challenge"), MALFORMED, "invalid_request"),
    "an empty challenge": (_with(code_challenge=""), MALFORMED, "invalid_request"),
    **{
        f"code_challenge_method is {value}": (_with(code_challenge_method=value), MALFORMED, "invalid_request")
        for value in ("plain", "s256", "S512", "S256 ")
    },
    **{
        f"code_challenge is {name}": (_with(code_challenge=value), MALFORMED, "invalid_request")
        for name, value in {
            "too short": CHALLENGE[:-1],
            "too long": f"{CHALLENGE}A",
            "padded": f"{CHALLENGE}=",
            "standard base64": f"+{CHALLENGE[1:]}",
            "followed by a line feed": f"{CHALLENGE}\n",
        }.items()
    },
    **{
        f"resource is {value}": (_with(resource=value), MALFORMED, "invalid_request")
        for value in (
            "orders",
            "//api.example/",
            "http://api.example/",
            "https://api.example/#x",
            "javascript:alert(1)",
        )
    },
    **{
        f"max_age is {value}": (_with(max_age=value), MALFORMED, "invalid_request")
        for value in ("-1", "+1", "1.5", "soon", "٣", "1e3", "9" * 40)
    },
    "prompt=none together with another": (_with(prompt="none login"), MALFORMED, "invalid_request"),
    "prompt=none without a session": (_with(prompt="none"), NO_SESSION, "login_required"),
}
ROWS = [pytest.param(*row, id=name) for name, row in REDIRECTED.items()]
EVERY_ROW = [
    pytest.param(how, at, change, cognito, id=f"{how} {at} {name}")
    for how in ("GET", "POST")
    for at in ENDPOINTS
    for name, (change, cognito, _) in REDIRECTED.items()
    # Without a cookie a POST is asked to come again as GET first (test_authorize.py).
    if (how, cognito) != ("POST", NO_SESSION)
]


@pytest.mark.compliance("RFC 6749", "4.1.2.1", "errors after a proven redirection URI travel to it, with the state")
@pytest.mark.parametrize("how, at, change, cognito", EVERY_ROW)
def test_cognito_wraps_errors_in_its_own_order(
    standing: Site, change: Callable[[dict[str, str]], dict[str, str]], cognito: str, how: str, at: str
) -> None:
    refused = answer(standing.browse(), change(request_of(standing.web)), how, at)
    assert (refused.status_code, refused.headers["Location"]) == (302, f"{CALLBACK}?{cognito}")


@pytest.mark.compliance("RFC 6749", "4.1.2.1", "error is one of the registered codes")
@pytest.mark.compliance("OIDC Core", "3.1.2.6", "authentication error response")
@pytest.mark.parametrize("change, _cognito, code", ROWS)
def test_the_oidc_dialect_names_the_error_itself_and_its_issuer(
    standing_oidc: Site, change: Callable[[dict[str, str]], dict[str, str]], _cognito: str, code: str
) -> None:
    refused = answer(standing_oidc.browse(), change(request_of(standing_oidc.web)))
    assert refused.headers["Location"].startswith(f"{CALLBACK}?")
    assert location(refused) == [("error", code), ("state", "xyz"), ("iss", standing_oidc.issuer)]


@pytest.mark.parametrize("change, cognito, code", ROWS)
def test_without_state_none_is_sent_back(
    standing: Site,
    standing_oidc: Site,
    change: Callable[[dict[str, str]], dict[str, str]],
    cognito: str,
    code: str,
) -> None:
    refused = answer(standing.browse(), change(request_of(standing.web, without=("state",))))
    assert refused.headers["Location"] == f"{CALLBACK}?{cognito.replace('&state=xyz', '').replace('state=xyz&', '')}"
    refused = answer(standing_oidc.browse(), change(request_of(standing_oidc.web, without=("state",))))
    assert location(refused) == [("error", code), ("iss", standing_oidc.issuer)]


def test_an_empty_state_counts_as_none(standing: Site) -> None:
    refused = answer(standing.browse(), request_of(standing.web, state="", scope="no/such"))
    assert refused.headers["Location"] == f"{CALLBACK}?error_description=invalid_scope&error=invalid_request"


def test_the_code_flow_is_refused_to_a_client_that_lacks_it(standing: Site, standing_oidc: Site) -> None:
    only_implicit = {"allowed_oauth_flows": ("implicit",)}
    refused = answer(standing.browse(), request_of(standing.client(**only_implicit)))
    assert refused.headers["Location"] == f"{CALLBACK}?{BAD_FLOW}"
    refused = answer(standing_oidc.browse(), request_of(standing_oidc.client(**only_implicit)))
    assert location(refused)[0] == ("error", "unauthorized_client")


def test_errors_of_the_implicit_flow_travel_in_the_fragment(standing: Site, standing_oidc: Site) -> None:
    refused = answer(standing.browse(), request_of(standing.web, response_type="token"))
    assert refused.headers["Location"] == f"{CALLBACK}#{BAD_FLOW}"
    refused = answer(standing.browse(), request_of(standing.implicit, response_type="token", scope="no/such"))
    assert refused.headers["Location"] == f"{CALLBACK}#{BAD_SCOPE}"
    refused = answer(standing.browse(), request_of(standing.implicit, response_type="token", prompt="none"))
    assert refused.headers["Location"] == f"{CALLBACK}#{NO_SESSION}"
    refused = answer(standing_oidc.browse(), request_of(standing_oidc.implicit, response_type="token", prompt="none"))
    assert refused.headers["Location"].startswith(f"{CALLBACK}#error=login_required&state=xyz&iss=http")


@pytest.mark.compliance("RFC 6749", "3.1.2", "a query component of the redirection URI is retained")
def test_errors_are_added_to_the_query_of_a_callback_url(standing: Site) -> None:
    callback = "https://app.example/cb?tenant=1"
    client = standing.client(callback_urls=(callback,))
    refused = answer(standing.browse(), request_of(client, redirect_uri=callback, scope="no/such"))
    assert refused.headers["Location"] == f"{callback}&{BAD_SCOPE}"


def test_a_client_or_pool_that_demands_pkce_refuses_requests_without(standing: Site) -> None:
    client = standing.client(require_pkce=True, allowed_oauth_flows=("code", "implicit"))
    bare = request_of(client, without=("code_challenge", "code_challenge_method"))
    assert answer(standing.browse(), bare).headers["Location"] == f"{CALLBACK}?{MALFORMED}"
    implicit = answer(standing.browse(signed_in=True), bare | {"response_type": "token"})
    assert "access_token" in dict(location(implicit))


def test_the_implicit_flow_is_refused_when_the_scopes_attributes_may_not_be_read(standing: Site) -> None:
    client = standing.client(allowed_oauth_flows=("implicit",), read_attributes=("email",))
    refused = answer(standing.browse(signed_in=True), request_of(client, response_type="token", scope="openid email"))
    assert refused.headers["Location"] == f"{CALLBACK}#{MALFORMED}"


# --- the order of the checks (1.2) ------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request, and what it is answered with if it is the first one found."""

    name: str
    change: Callable[[dict[str, str]], dict[str, str]]
    page: str = ""
    cognito: str = ""
    code: str = ""


FAULTS = (
    Fault("a parameter is missing", _without("redirect_uri"), page="Required+parameters+missing"),
    Fault("client unknown", _with(client_id="nobody"), page="invalid_request&client_id=nobody"),
    Fault("callback not registered", _with(redirect_uri="https://evil.example/"), page="redirect_mismatch"),
    Fault("OAuth off", lambda params: params, page="Client+is+not+enabled"),
    Fault("response_type", _with(response_type="id_token"), cognito=MALFORMED, code="unsupported_response_type"),
    Fault("flow", _with(response_type="token"), cognito=BAD_FLOW, code="unauthorized_client"),
    Fault("scope", _with(scope="no/such"), cognito=BAD_SCOPE, code="invalid_scope"),
    Fault("PKCE", _with(code_challenge_method="plain"), cognito=MALFORMED, code="invalid_request"),
    Fault("resource", _with(resource="orders"), cognito=MALFORMED, code="invalid_request"),
    Fault("no session", _with(prompt="none"), cognito=NO_SESSION, code="login_required"),
)
# Both changes of such a pair concern one parameter, so that a request cannot have both.
IMPOSSIBLE = {
    ("a parameter is missing", "callback not registered"),
    ("response_type", "flow"),
    ("client unknown", "OAuth off"),
}
PAIRS = [
    pytest.param(first, second, id=f"{first.name} before {second.name}")
    for first, second in combinations(FAULTS, 2)
    if (first.name, second.name) not in IMPOSSIBLE
]


@pytest.mark.attack("R1")
@pytest.mark.parametrize("dialect", ["cognito", "oidc"])
@pytest.mark.parametrize("first, second", PAIRS)
def test_of_two_faults_the_earlier_check_answers(
    standing: Site, standing_oidc: Site, first: Fault, second: Fault, dialect: str
) -> None:
    site = standing if dialect == "cognito" else standing_oidc
    off = "OAuth off" in (first.name, second.name)
    client = site.client(allowed_oauth_flows_user_pool_client=False) if off else site.web
    refused = answer(site.browse(), first.change(second.change(request_of(client))))
    if first.page:
        assert refused.headers["Location"].startswith(f"/auth/error?error={first.page}")
        return
    mark = "#" if "flow" in (first.name, second.name) else "?"
    if dialect == "cognito":
        assert refused.headers["Location"] == f"{CALLBACK}{mark}{first.cognito}"
    else:
        assert refused.headers["Location"].startswith(f"{CALLBACK}{mark}error={first.code}&state=xyz&iss=")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_refused_request_writes_nothing_and_sets_no_cookie(standing: Site, fault: Fault) -> None:
    client = standing.client(allowed_oauth_flows_user_pool_client=fault.name != "OAuth off")
    before = standing.row_counts()
    refused = answer(standing.browse(), fault.change(request_of(client)))
    assert standing.row_counts() == before
    assert "Set-Cookie" not in refused.headers
    assert refused.data == b""
    assert refused.headers["Cache-Control"] == "no-cache, no-store, max-age=0, must-revalidate"
