"""Every endpoint of both faces with a request that it would answer, and the shape of its refusals."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus

from werkzeug.test import TestResponse

from tests.support.site import CALLBACK, PREFIX, SIGNED_OUT, Site

FORM = "application/x-www-form-urlencoded"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sent:
    """A request as it goes out: pairs, so that a name can come twice; values are encoded already."""

    method: str
    path: str
    query: Pairs = ()
    body: Pairs | None = None
    headers: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def with_pairs(self, change: Callable[[Pairs], Pairs]) -> "Sent":
        """The same with other parameters, wherever this door reads them."""
        if self.body is not None:
            return replace(self, body=change(self.body))
        return replace(self, query=change(self.query))


def joined(pairs: Pairs) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)


def encoded(**params: str) -> Pairs:
    return tuple((name, quote_plus(value)) for name, value in params.items())


@dataclass(frozen=True)
class Door:
    """``kind`` is the shape of its refusals. ``names`` are the parameters that it reads."""

    name: str
    kind: str
    names: tuple[str, ...]
    request: Callable[[Site], Sent]


AUTHORIZATION = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge"),
    *("code_challenge_method", "resource", "prompt", "max_age", "login_hint", "identity_provider", "lang"),
)


def _asked(site: Site) -> Pairs:
    query = site.authorize_url(site.web).partition("?")[2]
    return tuple((name, value) for name, _, value in (pair.partition("=") for pair in query.split("&")))


def _token(site: Site) -> Sent:
    body = encoded(grant_type="client_credentials", scope="orders/read", **site.machine.credentials)
    return Sent("POST", "/oauth2/token", body=body)


def _code(site: Site) -> Sent:
    body = encoded(grant_type="authorization_code", code="x", redirect_uri=CALLBACK, **site.web.credentials)
    return Sent("POST", "/oauth2/token", body=body)


def _refresh(site: Site) -> Sent:
    body = encoded(grant_type="refresh_token", refresh_token="x", **site.web.credentials)
    return Sent("POST", "/oauth2/token", body=body)


def _logout(site: Site) -> Sent:
    return Sent("GET", "/logout", encoded(client_id=site.web.client_id, logout_uri=SIGNED_OUT))


DOORS = (
    Door("authorize", "authorize", AUTHORIZATION, lambda site: Sent("GET", "/oauth2/authorize", _asked(site))),
    Door("authorize by POST", "authorize", AUTHORIZATION,
         lambda site: Sent("POST", "/oauth2/authorize", body=_asked(site))),
    Door("authorize alias", "authorize", AUTHORIZATION, lambda site: Sent("GET", "/authorize", _asked(site))),
    Door("token for a machine", "back", ("grant_type", "client_id", "client_secret", "scope", "resource"), _token),
    Door("token for a code", "back", ("code", "redirect_uri", "code_verifier", "client_id", "grant_type"), _code),
    Door("token by refresh", "back", ("refresh_token", "scope"), _refresh),
    Door("revoke", "back", ("token", "token_type_hint", "client_id", "client_secret"),
         lambda site: Sent("POST", "/oauth2/revoke", body=encoded(token="x", **site.web.credentials))),
    Door("userInfo", "bearer", ("access_token",), lambda _site: Sent("GET", "/oauth2/userInfo")),
    Door("userInfo by POST", "bearer", ("access_token",), lambda _site: Sent("POST", "/oauth2/userInfo", body=())),
    Door("login", "page", AUTHORIZATION, lambda site: Sent("GET", "/login", _asked(site))),
    Door("login by POST", "page", ("username", "password", "_csrf", "csrf", "continue"),
         lambda site: Sent("POST", "/login", _asked(site), body=encoded(username="kim"))),
    Door("changePassword", "page", AUTHORIZATION, lambda site: Sent("GET", "/changePassword", _asked(site))),
    Door("changePassword by POST", "page", ("password", "confirm_password", "_csrf", "userAttributes.email"),
         lambda site: Sent("POST", "/changePassword", _asked(site), body=encoded(password="x"))),
    Door("logout", "page", ("client_id", "logout_uri", "redirect_uri", "response_type", "state", "scope"), _logout),
    Door("error", "error", ("error", "client_id"), lambda _site: Sent("GET", "/error", encoded(error="server_error"))),
    Door("discovery", "document", (), lambda site: Sent("GET", f"/{site.pool.id}/.well-known/openid-configuration")),
    Door("jwks", "document", (), lambda site: Sent("GET", f"/{site.pool.id}/.well-known/jwks.json")),
)  # fmt: skip


def send(site: Site, door: Door, sent: Sent) -> TestResponse:
    """Sends it from a browser that has seen the form, so that not the CSRF check alone answers."""
    browser = site.browse()
    body = sent.body
    if door.kind == "page" and body is not None:
        page = browser.get(f"{PREFIX}/login?{joined(_asked(site))}")
        token = re.search(r'name="_csrf"[^>]*value="([^"]+)"', page.text)
        assert token is not None
        if "_csrf" not in dict(body):
            body = (*body, ("_csrf", token[1]))
    options: dict[str, Any] = {"headers": sent.headers}
    if body is not None:
        options |= {"data": joined(body).encode("latin-1"), "content_type": FORM}
    options |= sent.options
    # WSGI's own form of bytes: characters up to 255.
    options["environ_overrides"] = {"QUERY_STRING": joined(sent.query)} | sent.options.get("environ_overrides", {})
    return browser.open(PREFIX + sent.path, method=sent.method, **options)


# --- what a refusal looks like ------------------------------------------------------------------------------

CODES = {
    *("invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "invalid_token"),
    *("unsupported_grant_type", "unauthorized_client"),
}
STATUSES = {"back": {400, 401, 405, 413}, "bearer": {400, 401, 405}, "document": {400, 404, 405}}


def check_headers_come_once(answer: TestResponse) -> None:
    """nginx answers 502 for a server that says its Content-Length twice."""
    names = [name.lower() for name, _ in answer.headers if name.lower() != "set-cookie"]
    assert sorted(names) == sorted(set(names))


def check(door: Door, answer: TestResponse, *, refused: bool) -> None:
    """The answer has the shape of its endpoint; ``refused`` asks for more: that it is a refusal."""
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    check_headers_come_once(answer)
    if answer.status_code == 405:
        assert "Allow" in answer.headers
    elif door.kind in STATUSES:
        _check_json(door, answer, refused=refused)
    elif door.kind == "authorize" and answer.status_code in {302, 303}:
        where = answer.headers["Location"]
        own_error = where.startswith("/auth/error?error=")
        assert own_error or (not refused and where.startswith(("/auth/login?", "/auth/oauth2/authorize?", CALLBACK)))
    elif door.kind == "authorize":
        assert answer.status_code in {400, 413}
        assert answer.json == {"error": "invalid_request"}
    elif answer.status_code == 302:
        where = answer.headers["Location"]
        own_error = where.startswith("/auth/error?error=")
        assert own_error or (not refused and where.startswith(("/auth/login?", SIGNED_OUT, CALLBACK)))
    else:
        assert answer.status_code in ({400, 401, 403, 413} if refused else {200, 400, 401, 403, 413})
        assert answer.content_type == "text/html;charset=UTF-8"


def _check_json(door: Door, answer: TestResponse, *, refused: bool) -> None:
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    if answer.status_code == 200 and not (refused and door.kind == "back"):
        return
    assert answer.status_code in STATUSES[door.kind]
    assert answer.content_type.startswith("application/json")
    assert answer.json["error"] in CODES
