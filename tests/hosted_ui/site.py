"""A furnished server and browsers for tests of the hosted pages."""

import re
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app_client_authz.domain.app_client import AppClient, ClientSpec
from app_client_authz.domain.pool import PoolSpec, SchemaAttribute, UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services.registry import Services
from tests.support.clock import MovableClock

SECRET_KEY = "only for tests, and as long as a real one has to be"
CONFIG: dict[str, Any] = {
    "SECRET_KEY": SECRET_KEY,
    "TESTING": True,
    "AUTHZ_PASSWORD_HASH_MEMORY_KIB": 8,
    "AUTHZ_PASSWORD_HASH_TIME_COST": 1,
}
POOL_ID = "us-east-1_HostedUi1"
OTHER_POOL_ID = "us-east-1_HostedUi2"
MEMBERS_POOL_ID = "us-east-1_HostedUi3"
CALLBACK = "https://app.example/callback"
LOGOUT = "https://app.example/bye"
PASSWORD = "Correct-Horse-1"
TEMPORARY = "Temporary-1"
CHOSEN = "Chosen-By-Me-2"
HOSTILE = '"><script>alert(1)</script>'
STATE = "a state & more"

ENABLED, LEGACY, OTHER, BARE, NO_OAUTH, FOREIGN, OIDC, MEMBERS, CLUB = (
    f"{name}client" for name in ("enabled", "legacy", "other", "bare", "nooauth", "foreign", "oidc", "members", "club")
)


def client_spec(name: str = "Storefront", **members: Any) -> ClientSpec:
    """A public client for the code and implicit flows at COGNITO."""
    defaults: dict[str, Any] = {
        "client_name": name,
        "allowed_oauth_flows_user_pool_client": True,
        "allowed_oauth_flows": ("code", "implicit"),
        "allowed_oauth_scopes": ("openid", "email"),
        "supported_identity_providers": ("COGNITO",),
        "callback_urls": (CALLBACK, "http://localhost:3000/cb"),
        "logout_urls": (LOGOUT, "https://app.example/bye?then=%2Fhome", "com.example.app:/bye"),
        "prevent_user_existence_errors": "ENABLED",
    }
    return ClientSpec(**(defaults | members))


def furnish(services: Services) -> None:
    """Pools, clients and users that no test changes in a way that another one sees."""
    schema = (SchemaAttribute("given_name", required=True),)
    services.pools.create(PoolSpec(name="people", schema=schema), pool_id=POOL_ID)
    services.pools.create(PoolSpec(name="others", dialect="oidc"), pool_id=OTHER_POOL_ID)
    members = PoolSpec(name="members", schema=schema, alias_attributes=("email",), auto_verified_attributes=("email",))
    services.pools.create(members, pool_id=MEMBERS_POOL_ID)
    create = services.app_clients.create
    create(POOL_ID, client_spec(), client_id=ENABLED)
    create(POOL_ID, client_spec("Old shop", prevent_user_existence_errors="LEGACY"), client_id=LEGACY)
    create(POOL_ID, client_spec("Help desk", callback_urls=("https://help.example/cb",)), client_id=OTHER)
    create(POOL_ID, client_spec("Bare", supported_identity_providers=()), client_id=BARE)
    create(POOL_ID, client_spec("No OAuth", allowed_oauth_flows_user_pool_client=False), client_id=NO_OAUTH)
    create(OTHER_POOL_ID, client_spec("Abroad"), client_id=FOREIGN)
    create(OTHER_POOL_ID, client_spec("Standard"), client_id=OIDC)
    create(MEMBERS_POOL_ID, client_spec("Members"), client_id=MEMBERS)
    create(MEMBERS_POOL_ID, client_spec("Club", prevent_user_existence_errors="LEGACY"), client_id=CLUB)
    member(services, "ann")
    services.sign_up.sign_up(registration(services, MEMBERS), "una", PASSWORD, given("una"))
    user(services, "alice")
    services.users.create(POOL_ID, "newcomer", {"given_name": "Nora"}, password=TEMPORARY)
    services.users.create(OTHER_POOL_ID, "alice", {}, password=PASSWORD, permanent=True)
    user(services, "disabled")
    services.users.disable(POOL_ID, "disabled")
    user(services, "unconfirmed", UserStatus.UNCONFIRMED)
    user(services, "forgetful", UserStatus.RESET_REQUIRED)


def user(services: Services, name: str, status: UserStatus = UserStatus.CONFIRMED) -> None:
    created = services.users.create(POOL_ID, name, {"given_name": "A"}, password=PASSWORD, permanent=True)
    if status != UserStatus.CONFIRMED:
        set_status(services, created.sub, status)


def given(name: str) -> dict[str, str]:
    """The attributes that the pool of the members asks for."""
    return {"given_name": name.capitalize(), "email": f"{name}@example.org"}


def member(services: Services, name: str) -> None:
    """A confirmed user with a verified address."""
    attributes = {**given(name), "email_verified": "true"}
    services.users.create(MEMBERS_POOL_ID, name, attributes, password=PASSWORD, permanent=True)


def registration(services: Services, client_id: str) -> Registration:
    found = services.app_clients.find(client_id)
    assert found is not None
    return found


def set_status(services: Services, sub: str, status: UserStatus) -> None:
    """What the JSON API will do one day: no operation of this version leads to these states."""
    change = sa.text("UPDATE authz_users SET status = :status WHERE sub = :sub")
    with services.engine.begin() as connection:
        connection.execute(change, {"status": status.value, "sub": sub})


@dataclass
class Site:
    """One app, with the furnished database to itself."""

    app: Flask
    services: Services
    clock: MovableClock

    def visitor(self) -> "Visitor":
        return Visitor(self.app.test_client())

    @property
    def pool(self) -> UserPool:
        return self.services.pools.describe(POOL_ID)

    def client(self, client_id: str = ENABLED) -> AppClient:
        found = self.services.app_clients.find(client_id)
        assert found is not None
        return found.client

    def member(self, name: str) -> User:
        return self.services.users.describe(MEMBERS_POOL_ID, name)

    def codes(self, name: str) -> list[str]:
        """The codes that the member was sent, the newest first."""
        assert self.services.outbox is not None
        return [message.code for message in self.services.outbox.of_user(MEMBERS_POOL_ID, self.member(name).sub)]

    def change_pool(self, pool_id: str = MEMBERS_POOL_ID, **members: Any) -> None:
        """The pool, with these members changed."""
        spec = self.services.pools.describe(pool_id).spec
        self.services.pools.replace(pool_id, replace(spec, **members))

    def replace(self, client_id: str, **members: Any) -> None:
        """The client as furnished, with these members changed."""
        self.services.app_clients.replace(self.client(client_id).pool_id, client_id, client_spec(**members))


class Visitor:
    """A test client that fills in forms as a person does in a browser."""

    def __init__(self, client: FlaskClient, prefix: str = "/auth") -> None:
        self.http = client
        self.prefix = prefix

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.http.get(self.prefix + path, **options)

    def page(self, page: str = "/login", **changes: str | None) -> TestResponse:
        return self.get(f"{page}?{query(**changes)}")

    def post(self, path: str, fields: dict[str, str], **options: Any) -> TestResponse:
        return self.http.post(self.prefix + path, data=fields, **options)

    def submit(
        self, fields: dict[str, str], page: str = "/login", headers: dict[str, str] | None = None, **changes: str | None
    ) -> TestResponse:
        """Opens the page, fills in its form and sends it."""
        shown = self.page(page, **changes)
        return self.post(f"{page}?{query(**changes)}", {"_csrf": token(shown), **fields}, headers=headers)

    def sign_in(self, name: str = "alice", password: str = PASSWORD, **changes: str | None) -> TestResponse:
        return self.submit({"username": name, "password": password}, **changes)

    def follow(self, response: TestResponse) -> TestResponse:
        """The page that a redirect on the same host leads to."""
        location = response.headers["Location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        return self.http.get(location)

    def cookie(self, name: str) -> str | None:
        """What this browser would send to our pages."""
        found = self.http.get_cookie(name, path=self.prefix)
        return None if found is None else found.value

    def session_at(self, pool_id: str) -> str | None:
        return self.cookie(f"authz-session-{pool_id}")

    @property
    def session(self) -> str | None:
        return self.session_at(POOL_ID)


def query(**changes: str | None) -> str:
    """The query of a good authorization request with changes; None leaves a parameter out."""
    params = {
        "client_id": ENABLED,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "state": STATE,
    }
    return urlencode({name: value for name, value in {**params, **changes}.items() if value is not None})


def token(page: TestResponse) -> str:
    found = re.search(r'name="_csrf" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return unescape(found[1])


def alert(page: TestResponse) -> str | None:
    """The message that a screen reader announces; None without one."""
    found = re.search(r'role="alert">(.*?)</p>', page.text, re.DOTALL)
    return None if found is None else unescape(found[1]).strip()


def notice(page: TestResponse) -> str | None:
    """What the page says that was done; None if nothing was."""
    found = re.search(r'role="status">(.*?)</p>', page.text, re.DOTALL)
    return None if found is None else unescape(found[1]).strip()


def value_of(page: TestResponse, name: str) -> str:
    """What an input holds."""
    found = re.search(rf'<input id="{re.escape(name)}"[^>]* value="([^"]*)"', page.text)
    assert found is not None, page.text
    return unescape(found[1])


def links(page: TestResponse) -> dict[str, str]:
    """Where the links of a page lead, by their text."""
    return {unescape(text): unescape(href) for href, text in re.findall(r'<a [^>]*href="([^"]+)">(.*?)</a>', page.text)}


def location(response: TestResponse) -> tuple[str, dict[str, str]]:
    """Where a redirect leads, and the parameters in its query."""
    assert response.status_code == 302, response.text
    url = response.headers["Location"]
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, strict_parsing=True) if parts.query else []
    assert len(dict(pairs)) == len(parse_qs(parts.query)) == len(pairs)
    return url.partition("?")[0], dict(pairs)


def set_cookies(response: TestResponse) -> dict[str, str]:
    """Each cookie that the response sets, by name, with its attributes."""
    return {header.partition("=")[0]: header for header in response.headers.getlist("Set-Cookie")}
