"""A site behind a real socket, and a user agent that signs kim in."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.live import LiveServer
from tests.support.site import CALLBACK, PASSWORD, PREFIX, USERNAME, Site, make_site

# In the whole process, since Chromium knows nothing of it: http is refused by both libraries otherwise.
INSECURE = ("AUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_INSECURE_TRANSPORT")


@dataclass
class Live:
    """A site and what it says of itself."""

    site: Site
    server: LiveServer
    metadata: dict[str, Any]

    def sign_in(self, url: str, *, by_form: bool) -> str:
        """Where an authorization request ends up: the callback URL with everything behind it."""
        browser = requests.Session()
        if not by_form:
            browser.cookies.set(f"authz-session-{self.site.pool.id}", self.site.cookie(), path=PREFIX)
        answer = browser.get(url, allow_redirects=False)
        if by_form:
            page = browser.get(urljoin(url, answer.headers["Location"]))
            form = Form(page.text)
            fields = form.fields | {"username": USERNAME, "password": PASSWORD}
            answer = browser.post(urljoin(page.url, form.action), data=fields, allow_redirects=False)
        location = answer.headers["Location"]
        assert location.startswith(f"{CALLBACK}?")
        return location

    def verified(self, token: str, **expected: Any) -> dict[str, Any]:
        """The claims of a token, its signature checked with the published keys, as a client would."""
        keys = KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=10).json())
        decoded = jwt.decode(token, keys, algorithms=["RS256"])
        values = {name: {"essential": True, "value": value} for name, value in expected.items()}
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.metadata["issuer"]}, exp={"essential": True}, **values
        ).validate(decoded.claims)
        return dict(decoded.claims)


class Form(HTMLParser):
    """Action and hidden fields of the page's form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "form":
            self.action = known.get("action") or ""
        elif tag == "input" and known.get("type") == "hidden":
            self.fields[str(known["name"])] = known.get("value") or ""


@pytest.fixture(params=["cognito", "oidc"])
def live(
    request: pytest.FixtureRequest,
    sqlite_url_migrated: str,
    live_server: Callable[..., LiveServer],
    monkeypatch: pytest.MonkeyPatch,
) -> Live:
    """In each dialect; the clock is the world's, since the clients look at it too."""
    for variable in INSECURE:
        monkeypatch.setenv(variable, "1")
    site = make_site(sqlite_url_migrated, time.time, AUTHZ_DIALECT=request.param)
    server = live_server(site.app)
    answer = requests.get(f"{server.url}{PREFIX}/{site.pool.id}/.well-known/openid-configuration", timeout=10)
    metadata = answer.json()
    assert metadata["issuer"] == f"{server.url}{PREFIX}/{site.pool.id}"
    assert all(re.match(re.escape(server.url), url) for name, url in metadata.items() if name.endswith("_endpoint"))
    return Live(site, server, metadata)
