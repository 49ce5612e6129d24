"""A pool with a client and a user, over the services alone: what the tests of services and storage start from."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app_client_authz.config import Settings
from app_client_authz.domain.client_spec import ClientSpec, RefreshTokenRotation
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.message import MessageSender
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.services.authentication import NewPasswordRequired
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.registry import Services, build

BASE = "https://login.example/auth"
CALLBACK = "https://app.example/callback"
PASSWORD = "Correct-h0rse-battery"
WRONG_PASSWORD = "Wrong-h0rse-battery"
SEALING_KEY = "the sealing key of the tests, 32 and more"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
SCOPES = ("openid", "email", "profile", "orders/read")


def services_over(engine: sa.Engine, clock: Clock, *, sender: MessageSender | None = None, **settings: Any) -> Services:
    """The services of one process; a second call on the same database is a second worker."""
    cheap: dict[str, Any] = {
        "sealing_keys": (SEALING_KEY,),
        "password_hash_memory_kib": 8,
        "password_hash_time_cost": 1,
        "password_hash_slots": 8,
    }
    return build(Settings(**(cheap | settings)), engine, clock, sender=sender)


def rotation(grace_seconds: int = 0) -> dict[str, Any]:
    """The members of a client that rotates its refresh tokens."""
    return {"refresh_token_rotation": RefreshTokenRotation("ENABLED", grace_seconds)}


def web_spec(**members: Any) -> ClientSpec:
    """A confidential client for the code flow."""
    defaults: dict[str, Any] = {
        "client_name": "web",
        "generate_secret": True,
        "allowed_oauth_flows_user_pool_client": True,
        "allowed_oauth_flows": ("code",),
        "allowed_oauth_scopes": ("openid", "email", "profile"),
        "callback_urls": (CALLBACK,),
        "supported_identity_providers": ("COGNITO",),
    }
    return ClientSpec(**(defaults | members))


@dataclass
class World:
    """One pool in one database."""

    services: Services
    clock: Any
    pool: UserPool

    def client(self, **members: Any) -> Registration:
        """A new client, by default confidential and for the code flow."""
        made = self.services.app_clients.create(self.pool.id, web_spec(**members)).client
        return self.registration(made.client_id)

    def registration(self, client_id: str) -> Registration:
        """The client and its pool as they are now."""
        found = self.services.app_clients.find(client_id)
        assert found is not None
        return found

    def user(self, name: str = "kim", /, password: str | None = PASSWORD, **attributes: str) -> User:
        """A confirmed user."""
        given = {"email": f"{name}@example.com", **attributes}
        return self.services.users.create(self.pool.id, name, given, password=password, permanent=True)

    def sign_in(self, registration: Registration, name: str = "kim", password: str = PASSWORD) -> User:
        answer = self.services.authentication.sign_in(registration, name, password, session_seconds=180)
        assert isinstance(answer, User)
        return answer

    def challenge(self, registration: Registration, name: str = "kim", password: str = PASSWORD) -> NewPasswordRequired:
        answer = self.services.authentication.sign_in(registration, name, password, session_seconds=180)
        assert isinstance(answer, NewPasswordRequired)
        return answer

    def code(self, registration: Registration, user: User, **parameters: str) -> str:
        """A code as the authorization endpoint gives it to a user who just signed in."""
        request = self.services.authorization.judge(
            {
                "client_id": registration.client.client_id,
                "redirect_uri": CALLBACK,
                "response_type": "code",
                "scope": "openid email",
                **parameters,
            }
        )
        _, signed_in = self.services.sessions.begin(user, replacing=None)
        return dict(self.services.authorization.complete(request, signed_in, BASE).parameters)["code"]

    def redeem(self, registration: Registration, code: str, verifier: str | None = None) -> TokenSet:
        return redeem(self.services, registration, code, verifier)

    def tokens(self, registration: Registration, user: User, **parameters: str) -> TokenSet:
        return self.redeem(registration, self.code(registration, user, **parameters))

    def refresh(self, registration: Registration, tokens: TokenSet | str) -> TokenSet:
        token = tokens if isinstance(tokens, str) else tokens.refresh_token
        assert token is not None
        return self.services.tokens.refresh(registration, token, BASE)

    def userinfo(self, tokens: TokenSet) -> dict[str, object]:
        return self.services.profile.userinfo(tokens.access_token, BASE)


def redeem(services: Services, registration: Registration, code: str, verifier: str | None = None) -> TokenSet:
    """Tokens for a code, as the token endpoint asks for them."""
    redeemable = services.tokens.find_code(registration, code, CALLBACK)
    return services.tokens.redeem_code(registration, redeemable, verifier, BASE)


def world_over(engine: sa.Engine, clock: Clock, *, spec: PoolSpec | None = None, **settings: Any) -> World:
    services = services_over(engine, clock, **settings)
    return World(services, clock, services.pools.create(spec or PoolSpec(name="customers")))


def claims(token: str | None) -> dict[str, Any]:
    """The payload of a token, unverified."""
    return dict(json.loads(_segment(token, 1)))


def header(token: str | None) -> dict[str, Any]:
    return dict(json.loads(_segment(token, 0)))


def rows(engine: sa.Engine, table: str) -> int:
    """How many rows a table has."""
    with engine.connect() as connection:
        return int(connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)


def _segment(token: str | None, index: int) -> bytes:
    assert token is not None
    segment = token.split(".")[index]
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
