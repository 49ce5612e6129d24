"""A site as a host would build it: a Flask app with AppClientAuthz, a pool, clients of every kind, and kim.

>>> site = make_site(url, clock, AUTHZ_DIALECT="oidc")
>>> site.browse(signed_in=True).get(site.authorize_url(site.web))
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app_client_authz import AppClientAuthz
from app_client_authz.crypto import jwts
from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.domain.user import User
from app_client_authz.services.registry import Services
from app_client_authz.storage.tables import metadata
from tests.support.keys import ready_made

PREFIX = "/auth"
BASE = f"http://localhost{PREFIX}"
CALLBACK = "https://app.example/cb"
SIGNED_OUT = "https://app.example/bye"
USERNAME = "kim"
PASSWORD = "Passw0rd!kim"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SMALL_HASHES = {"AUTHZ_PASSWORD_HASH_MEMORY_KIB": 8, "AUTHZ_PASSWORD_HASH_TIME_COST": 1}

_KEPT: dict[str, tuple[bytes, "Site"]] = {}
"""By kind of site: its database file when it was new, and the site."""


@dataclass(frozen=True)
class Registered:
    """An app client and its secret in clear; None for a public one."""

    client: AppClient
    secret: str | None = None

    @property
    def client_id(self) -> str:
        return self.client.client_id

    @property
    def auth(self) -> tuple[str, str]:
        """For Basic authentication."""
        assert self.secret is not None
        return self.client_id, self.secret

    @property
    def credentials(self) -> dict[str, str]:
        """For authentication in the body."""
        return {"client_id": self.client_id} | ({} if self.secret is None else {"client_secret": self.secret})


@dataclass(repr=False)
class Site:
    """``web`` is confidential with the code flow, ``spa`` public, ``implicit`` has response_type=token,
    ``machine`` client_credentials with ``orders/read`` and ``orders/write``."""

    app: Flask
    services: Services
    clock: Clock
    pool: UserPool
    web: Registered
    spa: Registered
    implicit: Registered
    machine: Registered
    user: User

    @property
    def issuer(self) -> str:
        return f"{BASE}/{self.pool.id}"

    def client(self, **spec: Any) -> Registered:
        """One more client of the pool: as ``web``, except for what is given."""
        wanted: dict[str, Any] = {
            "client_name": "another",
            "callback_urls": (CALLBACK,),
            "logout_urls": (SIGNED_OUT,),
            "allowed_oauth_flows": ("code",),
            "allowed_oauth_scopes": ("openid", "email", "profile", "orders/read"),
            "allowed_oauth_flows_user_pool_client": True,
            "supported_identity_providers": ("COGNITO",),
        }
        described = self.services.app_clients.create(self.pool.id, ClientSpec(**(wanted | spec)))
        return Registered(described.client, described.secret)

    def cookie(self, user: User | None = None) -> str:
        """The SSO cookie of a user who signs in now."""
        who = user or self.user
        as_of_now = self.services.users.describe(who.pool_id, who.username)
        value, _ = self.services.sessions.begin(as_of_now, replacing=None)
        return value

    def browse(self, *, signed_in: bool = False, cookie: str | None = None) -> FlaskClient:
        """A browser of its own, with an SSO session of kim or the given cookie."""
        browser = self.app.test_client()
        if signed_in or cookie is not None:
            browser.set_cookie(f"authz-session-{self.pool.id}", cookie or self.cookie(), path=PREFIX)
        return browser

    def authorize_url(self, client: Registered, without: tuple[str, ...] = (), **params: str) -> str:
        """An authorization request with PKCE and state; ``params`` replace or add, ``without`` leaves out."""
        query = {
            "client_id": client.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid email",
            "state": "xyz",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | params
        kept = {name: value for name, value in query.items() if name not in without}
        return f"{PREFIX}/oauth2/authorize?{urlencode(kept)}"

    def code(self, client: Registered, **params: str) -> str:
        """A code for kim, who is signed in already."""
        answer = self.browse(signed_in=True).get(self.authorize_url(client, **params))
        return dict(location(answer))["code"]

    def tokens(self, client: Registered, **params: str) -> dict[str, Any]:
        """The token response to such a code."""
        body = {
            "grant_type": "authorization_code",
            "code": self.code(client, **params),
            "redirect_uri": params.get("redirect_uri", CALLBACK),
            "code_verifier": VERIFIER,
        }
        answer = self.browse().post(f"{PREFIX}/oauth2/token", data=body | client.credentials)
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def row_counts(self) -> dict[str, int]:
        """How many rows each table has: equal before and after a request that wrote no new row."""
        counts = [
            sa.select(sa.func.count()).select_from(table).scalar_subquery().label(table.name)
            for table in metadata.sorted_tables
        ]
        with self.services.engine.connect() as connection:
            return dict(connection.execute(sa.select(*counts)).one()._mapping)


def copied_site(url: str, clock: Clock, **settings: object) -> Site:
    """As ``make_site`` on an SQLite file, from a copy of the first site of that kind: the same IDs, a fraction of
    the time, and as old as the first one. For one site of a test; what is compared with it is made by ``make_site``."""
    kind = str(sorted(settings.items()))
    file = Path(str(sa.make_url(url).database))
    if kind not in _KEPT:
        site = make_site(url, clock, **settings)
        with site.services.engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        site.services.engine.dispose()
        _KEPT[kind] = file.read_bytes(), site
        return site
    content, first = _KEPT[kind]
    file.write_bytes(content)
    app = _app(url, clock, settings)
    return replace(first, app=app, services=AppClientAuthz.services(app), clock=clock)


def make_site(url: str, clock: Clock, *, config: Mapping[str, object] | None = None, **settings: object) -> Site:
    """A site on the migrated, empty database at ``url``; ``settings`` are keys of the Flask config."""
    app = _app(url, clock, {**(config or {}), **settings})
    services = AppClientAuthz.services(app)
    with patch.object(jwts, "generate_signing_key", side_effect=(ready_made(-1), ready_made(-2))):
        pool = services.pools.create(PoolSpec(name="demo"))
    read, write = ResourceServerScope("read", "Read"), ResourceServerScope("write", "Write")
    services.resource_servers.create(
        ResourceServer.create(pool_id=pool.id, identifier="orders", name="Orders", scopes=[read, write])
    )
    attributes = {"email": "kim@example.com", "email_verified": "true", "name": "Kim"}
    user = services.users.create(pool.id, USERNAME, attributes, password=PASSWORD, permanent=True)
    site = Site(app, services, clock, pool, *[None] * 4, user)  # type: ignore[arg-type]
    site.web = site.client(client_name="web", generate_secret=True)
    site.spa = site.client(client_name="spa")
    site.implicit = site.client(client_name="implicit", allowed_oauth_flows=("code", "implicit"))
    site.machine = site.client(
        client_name="machine",
        generate_secret=True,
        callback_urls=None,
        logout_urls=None,
        allowed_oauth_flows=("client_credentials",),
        allowed_oauth_scopes=("orders/read", "orders/write"),
    )
    return site


def _app(url: str, clock: Clock, settings: Mapping[str, object]) -> Flask:
    app = Flask("site")
    app.testing = True
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI=url, **SMALL_HASHES)
    app.config.update(settings)
    AppClientAuthz(app, clock=clock)
    return app


def location(answer: Any) -> list[tuple[str, str]]:
    """The parameters of a redirect, in order, from its query or else its fragment."""
    parts = urlsplit(answer.headers["Location"])
    return parse_qsl(parts.query or parts.fragment, keep_blank_values=True)


def claims(token: str) -> dict[str, Any]:
    """What a token says, its signature unchecked; members in their order."""
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
