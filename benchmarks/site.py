"""The site under measurement: a bare Flask app with the embedded default database, and what is in it."""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.crypto import digests
from app_client_authz.crypto.sealing import Sealer, keys_from
from app_client_authz.domain.authorization_code import AuthorizationCode
from app_client_authz.domain.client_spec import ClientSpec, RefreshTokenRotation
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.domain.token_session import TokenSession
from app_client_authz.services.registry import Services
from app_client_authz.storage.unit import Unit, Units

FOLDER = "AUTHZ_BENCHMARK_FOLDER"
CALLBACK = "https://app.example/callback"
SCOPES = ("openid", "email", "profile", "orders/read")
PASSWORD = "Passw0rd!x"
SECRET_KEY = "a key of the benchmark, for throw-away data"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
DAY_SECONDS = 24 * 60 * 60
DATABASE = "authz.db"
MACHINE = ClientSpec(
    client_name="machine",
    generate_secret=True,
    allowed_oauth_flows=("client_credentials",),
    allowed_oauth_scopes=("orders/read",),
    allowed_oauth_flows_user_pool_client=True,
)
APP = ClientSpec(
    client_name="app",
    explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"),
    prevent_user_existence_errors="ENABLED",
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client and its secret."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Whom the requests are about. ``rotating`` is ``web`` with refresh token rotation, ``app`` public."""

    pool_id: str
    sub: str
    machine: Credentials
    web: Credentials
    rotating: Credentials
    app: Credentials


def make_app(folder: Path, **settings: object) -> Flask:
    """An app as a quick start has it: no database configured, so an SQLite file in ``folder``."""
    app = Flask("benchmarks", instance_path=str(folder))
    # One outside URL, whatever the port: tokens made by a direct call are good under gunicorn too.
    app.config.update(SECRET_KEY=SECRET_KEY, AUTHZ_PUBLIC_URL="http://localhost/auth", **settings)
    AppClientAuthz(app)
    return app


def services_of(app: Flask) -> Services:
    return AppClientAuthz.services(app)


def _register(services: Services, pool_id: str, spec: ClientSpec) -> Credentials:
    described = services.app_clients.create(pool_id, spec)
    return Credentials(described.client.client_id, described.secret or "")


def fill(app: Flask, folder: Path) -> Contents:
    """One pool with a resource server, four clients and a user, noted in ``folder`` for other processes."""
    services = services_of(app)
    pool = services.pools.create(PoolSpec(name="benchmark"))
    scopes = [ResourceServerScope("read", "Read orders")]
    services.resource_servers.create(
        ResourceServer.create(pool_id=pool.id, identifier="orders", name="Orders", scopes=scopes)
    )
    user = services.users.create(
        pool.id,
        "kim",
        {"email": "kim@example.com", "email_verified": "true", "name": "Kim Example", "locale": "en"},
        password=PASSWORD,
        permanent=True,
    )
    contents = Contents(
        pool_id=pool.id,
        sub=user.sub,
        machine=_register(services, pool.id, MACHINE),
        web=_register(services, pool.id, web_client("web")),
        rotating=_register(services, pool.id, web_client("rotating", rotates=True)),
        app=_register(services, pool.id, APP),
    )
    (folder / "contents.json").write_text(json.dumps(asdict(contents)))
    return contents


def web_client(name: str, *, rotates: bool = False) -> ClientSpec:
    """A confidential client with the code flow."""
    return ClientSpec(
        client_name=name,
        generate_secret=True,
        allowed_oauth_flows=("code",),
        allowed_oauth_scopes=SCOPES,
        allowed_oauth_flows_user_pool_client=True,
        callback_urls=(CALLBACK,),
        supported_identity_providers=("COGNITO",),
        explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH",),
        refresh_token_rotation=RefreshTokenRotation("ENABLED", 60) if rotates else None,
    )


def read_contents(folder: Path) -> Contents:
    """What ``fill`` noted."""
    noted = json.loads((folder / "contents.json").read_text())
    return Contents(
        pool_id=noted["pool_id"],
        sub=noted["sub"],
        machine=Credentials(**noted["machine"]),
        web=Credentials(**noted["web"]),
        rotating=Credentials(**noted["rotating"]),
        app=Credentials(**noted["app"]),
    )


def served_app() -> Flask:
    """What gunicorn runs: the site in the folder that the environment names."""
    return make_app(Path(os.environ[FOLDER]))


def units_of(services: Services) -> Units:
    """Units of work of our own, for what no service has a reason to do: bulk inserts."""
    settings = services.settings
    return Units(services.engine, Sealer(keys_from(settings.sealing_keys, settings.secret_keys)))


def add_codes(units: Units, client_id: str, subs: Sequence[str], now: float) -> list[str]:
    """One authorization code for each of ``subs``, as the authorization endpoint stores it."""
    codes = [digests.random_uuid() for _ in subs]

    def add(unit: Unit) -> None:
        for value, sub in zip(codes, subs, strict=True):
            code = AuthorizationCode(
                client_id=client_id,
                sub=sub,
                redirect_uri=CALLBACK,
                scopes=SCOPES,
                auth_time=now,
                created_at=now,
                expires_at=now + DAY_SECONDS,
                nonce="n-0S6_WzA2Mj",
                code_challenge=CHALLENGE,
                sso_session_id=digests.random_uuid(),
            )
            unit.codes.add(digests.digest(value), code)

    units.write(add)
    return codes


def add_token_sessions(units: Units, client_id: str, subs: Sequence[str], now: float) -> list[str]:
    """One token session for each of ``subs``, with the refresh token that is returned."""
    tokens = [digests.random_token() for _ in subs]

    def add(unit: Unit) -> None:
        for value, sub in zip(tokens, subs, strict=True):
            session = TokenSession(
                id=digests.random_uuid(),
                client_id=client_id,
                sub=sub,
                scopes=SCOPES,
                auth_time=now,
                event_id=digests.random_uuid(),
                created_at=now,
                expires_at=now + 30 * DAY_SECONDS,
                sso_session_id=digests.random_uuid(),
            )
            unit.token_sessions.open(session, digests.digest(value))

    units.write(add)
    return tokens
