"""What a host's tests need of the server, over the host's own app."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from flask import Flask, request
from flask.testing import FlaskClient

from app_client_authz.crypto import digests
from app_client_authz.domain import pkce
from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.errors import ResourceNotFound
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.domain.user import Group
from app_client_authz.extension import AppClientAuthz
from app_client_authz.pytest_plugin.pages import SignIn
from app_client_authz.services.issuer import TokenSet
from app_client_authz.web.base_url import base_url

CALLBACK: Final = "https://app.example/callback"
PASSWORD: Final = "Correct-h0rse-battery-staple"
SCOPES: Final = ("openid", "email", "profile")


@dataclass(frozen=True, slots=True)
class BenchClient:
    """An app client; ``secret`` is None for a public one."""

    client_id: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class BenchUser:
    """A confirmed user of the pool."""

    sub: str
    username: str
    password: str = field(default=PASSWORD, repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gave. ``headers`` go with requests to guarded views."""

    access_token: str = field(repr=False)
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


class AuthzBench:
    """A pool, its clients and users, made when they are asked for."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.services = AppClientAuthz.services(app)
        self._pool: UserPool | None = None
        self._app_client: BenchClient | None = None
        self._machine: BenchClient | None = None
        self._user: BenchUser | None = None
        self._made: set[str] = set()

    @property
    def base(self) -> str:
        """The outside URL of the mounted prefix, as the app's test client sees it."""
        with self.app.test_request_context():
            return base_url(self.services.settings, request)

    @property
    def pool(self) -> UserPool:
        """The one pool that there is or, of several, the first of the site's own in ``AUTHZ_GUARD_POOLS``.

        Raises:
            LookupError: there are several pools, and none is named.
        """
        if self._pool is None:
            self._pool = self._find_pool()
        return self._pool

    @property
    def app_client(self) -> BenchClient:
        if self._app_client is None:
            self._app_client = self.create_app_client()
        return self._app_client

    @property
    def user(self) -> BenchUser:
        if self._user is None:
            self._user = self.create_user("test-user", email="test-user@example.com", email_verified="true")
        return self._user

    def create_app_client(self, **members: Any) -> BenchClient:
        """A public client with the code flow, except for what ``members`` of ``ClientSpec`` say."""
        wanted: dict[str, Any] = {
            "client_name": "tests",
            "callback_urls": (CALLBACK,),
            "allowed_oauth_flows": ("code",),
            "allowed_oauth_scopes": SCOPES,
            "allowed_oauth_flows_user_pool_client": True,
            "supported_identity_providers": ("COGNITO",),
        }
        described = self.services.app_clients.create(self.pool.id, ClientSpec(**(wanted | members)))
        self._made.add(described.client.client_id)
        return BenchClient(described.client.client_id, described.secret)

    def create_user(
        self, username: str, /, *, password: str = PASSWORD, groups: Iterable[str] = (), **attributes: str
    ) -> BenchUser:
        """A confirmed user, in these groups, which are made if they are not there."""
        pool_id = self.pool.id
        made = self.services.users.create(pool_id, username, attributes, password=password, permanent=True)
        for name in groups:
            try:
                self.services.groups.describe(pool_id, name)
            except ResourceNotFound:
                self.services.groups.create(Group(pool_id, name, None, None, None))
            self.services.groups.add_member(pool_id, name, made.username)
        return BenchUser(made.sub, made.username, password)

    def tokens_for(
        self,
        user: BenchUser,
        scopes: Iterable[str] = SCOPES,
        *,
        app_client: BenchClient | None = None,
        base: str | None = None,
    ) -> Tokens:
        """What the code flow gives the user: without pages and password, and quick.

        Custom scopes are made, and given to clients that were made here. ``base`` is for an app that is served by
        a live server: the URL of its prefix, such as ``http://localhost:5001/auth``.
        """
        client, where = app_client or self.app_client, base or self.base
        scopes = self._allowed(client, scopes)
        registration, verifier = self._registration(client), digests.random_token()
        asked = self.services.authorization.judge(_authorization(registration, scopes, verifier))
        as_of_now = self.services.users.describe(self.pool.id, user.username)
        _, signed_in = self.services.sessions.begin(as_of_now, replacing=None)
        code = dict(self.services.authorization.complete(asked, signed_in, where).parameters)["code"]
        redeemable = self.services.tokens.find_code(registration, code, asked.redirect_uri)
        return _tokens(self.services.tokens.redeem_code(registration, redeemable, verifier, where))

    def machine_tokens(self, scopes: Iterable[str], *, base: str | None = None) -> Tokens:
        """What client credentials give a machine with these custom scopes."""
        if self._machine is None:
            self._machine = self.create_app_client(
                client_name="test machine",
                generate_secret=True,
                callback_urls=None,
                allowed_oauth_flows=("client_credentials",),
                allowed_oauth_scopes=self._existing(scopes),
                supported_identity_providers=None,
            )
        asked = " ".join(self._allowed(self._machine, scopes))
        registration = self._registration(self._machine)
        return _tokens(self.services.machine_tokens.client_credentials(registration, asked, base or self.base))

    def sign_in(
        self,
        user: BenchUser,
        scopes: Iterable[str] = SCOPES,
        *,
        app_client: BenchClient | None = None,
        browser: FlaskClient | None = None,
    ) -> Tokens:
        """The user signs in at the pages, in a new browser or in ``browser``, and the client redeems its code.

        Raises:
            AssertionError: a page says something else; its text is in the message.
        """
        client = app_client or self.app_client
        scopes = self._allowed(client, scopes)
        registration, verifier = self._registration(client), digests.random_token()
        driver = SignIn(browser or self.app.test_client(), self.base, self.services.settings.url_prefix)
        params = _authorization(registration, scopes, verifier)
        code = driver.code(params, user.username, user.password)
        said = driver.redeem(code, params["redirect_uri"], verifier, client.client_id, client.secret)
        return Tokens(said["access_token"], said.get("id_token"), said.get("refresh_token"))

    def _find_pool(self) -> UserPool:
        listed = self.services.settings.guard_pools or ()
        named = next((each.pool_id for each in listed if each.issuer is None), None)
        pools = self.services.pools.all()
        if named is not None:
            found = next((pool for pool in pools if pool.id == named), None)
            return found or self.services.pools.create(PoolSpec(name="tests"), pool_id=named)
        if len(pools) > 1:
            raise LookupError("This app has several user pools: name one in AUTHZ_GUARD_POOLS.")
        return pools[0] if pools else self.services.pools.create(PoolSpec(name="tests"))

    def _registration(self, client: BenchClient) -> Registration:
        found = self.services.app_clients.find(client.client_id)
        if found is None:
            raise LookupError(f"There is no app client {client.client_id}.")
        return found

    def _allowed(self, client: BenchClient, scopes: Iterable[str]) -> tuple[str, ...]:
        """The scopes, which a client that was made here may ask for from now on."""
        wanted = self._existing(scopes)
        spec = self._registration(client).client.spec
        had = spec.allowed_oauth_scopes or ()
        if client.client_id in self._made and not set(wanted) <= set(had):
            more = replace(spec, allowed_oauth_scopes=tuple(dict.fromkeys((*had, *wanted))))
            self.services.app_clients.replace(self.pool.id, client.client_id, more)
        return wanted

    def _existing(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """The scopes, each custom one with its resource server."""
        if isinstance(scopes, str):
            raise TypeError(f"scopes={scopes!r}: accepted is a list of scopes")
        wanted = tuple(scopes)
        for scope in wanted:
            identifier, slash, name = scope.rpartition("/")
            if slash:
                self._make_scope(identifier, name)
        return wanted

    def _make_scope(self, identifier: str, name: str) -> None:
        servers, made = self.services.resource_servers, ResourceServerScope(name, name)
        try:
            present = servers.describe(self.pool.id, identifier)
        except ResourceNotFound:
            servers.create(
                ResourceServer.create(pool_id=self.pool.id, identifier=identifier, name="tests", scopes=[made])
            )
            return
        if all(scope.name != name for scope in present.scopes):
            servers.replace(present.replace(name=present.name, scopes=(*present.scopes, made)))


def _authorization(registration: Registration, scopes: tuple[str, ...], verifier: str) -> Mapping[str, str]:
    callback_urls = registration.client.callback_urls
    if not callback_urls:
        raise LookupError(f"App client {registration.client.client_id} has no callback URL: no user signs in with it.")
    return {
        "client_id": registration.client.client_id,
        "redirect_uri": callback_urls[0],
        "response_type": "code",
        "scope": " ".join(scopes),
        "code_challenge": pkce.challenge_of(verifier),
        "code_challenge_method": "S256",
    }


def _tokens(issued: TokenSet) -> Tokens:
    return Tokens(issued.access_token, issued.id_token, issued.refresh_token)
