"""App clients with up to two sealed secrets."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain.app_client import MAX_PER_POOL, AppClient, ClientSecret
from app_client_authz.domain.app_client_codec import spec_from_dict, spec_to_dict
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.registration import Registration
from app_client_authz.storage.pools import POOL_COLUMNS, parse_pool
from app_client_authz.storage.tables import app_clients, pools

_COLUMNS = (
    app_clients.c.client_id,
    app_clients.c.pool_id,
    app_clients.c.spec,
    app_clients.c.secrets,
    app_clients.c.version,
    app_clients.c.created_at,
    app_clients.c.updated_at,
)
REGISTRATION_COLUMNS = (*_COLUMNS, *POOL_COLUMNS)
# Client and pool in one statement: the whole cost of authenticating a client (docs/performance.md).
_FIND = (
    select(*REGISTRATION_COLUMNS).join_from(app_clients, pools).where(app_clients.c.client_id == bindparam("client_id"))
)
_PAGE = (
    select(*_COLUMNS)
    .where(app_clients.c.pool_id == bindparam("pool_id"), app_clients.c.client_id > bindparam("after"))
    .order_by(app_clients.c.client_id)
    .limit(bindparam("limit"))
)
_COUNT = select(func.count()).where(app_clients.c.pool_id == bindparam("pool_id"))


@dataclass(frozen=True, slots=True)
class _Row:
    client: AppClient
    sealed: dict[str, str]


@lru_cache(maxsize=4096)
def _parse(
    client_id: str, pool_id: str, spec: str, secrets: str, version: int, created_at: float, updated_at: float
) -> _Row:
    """The value of a row. The row itself is the key of the cache, so it can never be stale."""
    entries = json.loads(secrets)
    client = AppClient(
        client_id=client_id,
        pool_id=pool_id,
        spec=spec_from_dict(json.loads(spec)),
        confidential=bool(entries),
        secrets=tuple(ClientSecret(entry["id"], entry["digest"], entry["created_at"]) for entry in entries),
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )
    return _Row(client, {entry["id"]: entry["sealed"] for entry in entries})


def registration_of(values: tuple[Any, ...]) -> Registration:
    """The client and pool of a row that begins with ``REGISTRATION_COLUMNS``."""
    end = len(REGISTRATION_COLUMNS)
    return Registration(_parse(*values[: len(_COLUMNS)]).client, parse_pool(*values[len(_COLUMNS) : end]))


def secret_identity(client_id: str, secret_id: str) -> str:
    """What a sealed secret is bound to."""
    return f"authz_app_clients/secrets/{client_id}/{secret_id}"


class AppClients:
    """Keyed by client ID, which is unique across pools."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def find(self, client_id: str) -> Registration | None:
        row = self._connection.execute(_FIND, {"client_id": client_id}).one_or_none()
        return None if row is None else registration_of(tuple(row))

    def page(self, pool_id: str, *, after: str = "", limit: int = 60) -> list[AppClient]:
        """At most ``limit`` clients of the pool in the order of their IDs, beginning behind ``after``."""
        rows = self._connection.execute(_PAGE, {"pool_id": pool_id, "after": after, "limit": limit})
        return [_parse(*row).client for row in rows]

    def all(self, pool_id: str) -> list[AppClient]:
        """Every client of the pool: for changes of the pool that its clients may stand against."""
        return self.page(pool_id, limit=MAX_PER_POOL)

    def count(self, pool_id: str) -> int:
        return int(self._connection.execute(_COUNT, {"pool_id": pool_id}).scalar_one())

    def add(self, client: AppClient, clear_secrets: dict[str, str]) -> None:
        """``clear_secrets``: secret ID → the secret itself, which is sealed here and nowhere kept."""
        try:
            self._connection.execute(
                insert(app_clients).values(
                    client_id=client.client_id,
                    pool_id=client.pool_id,
                    name=client.name,
                    spec=_dump(client),
                    secrets=self._dump_secrets(client, {}, clear_secrets),
                    version=client.version,
                    created_at=client.created_at,
                    updated_at=client.updated_at,
                )
            )
        except IntegrityError:
            raise InvalidParameter(f"User pool client {client.client_id} already exists.") from None

    def replace(self, client: AppClient, expected_version: int, clear_secrets: dict[str, str] | None = None) -> bool:
        """False if somebody else changed the client since it was read, or deleted it."""
        row = self._connection.execute(select(*_COLUMNS).where(app_clients.c.client_id == client.client_id)).first()
        if row is None:
            return False
        hit = (
            update(app_clients)
            .where(app_clients.c.client_id == client.client_id, app_clients.c.version == expected_version)
            .values(
                name=client.name,
                spec=_dump(client),
                secrets=self._dump_secrets(client, _parse(*row).sealed, clear_secrets or {}),
                version=client.version,
                updated_at=client.updated_at,
            )
        )
        return self._connection.execute(hit).rowcount == 1

    def delete(self, pool_id: str, client_id: str) -> bool:
        """Codes and token sessions of the client go with it."""
        hit = delete(app_clients).where(app_clients.c.client_id == client_id, app_clients.c.pool_id == pool_id)
        return self._connection.execute(hit).rowcount == 1

    def open_secrets(self, client_id: str) -> dict[str, str]:
        """Secret ID → clear secret, oldest first: for DescribeUserPoolClient and SECRET_HASH only."""
        row = self._connection.execute(select(*_COLUMNS).where(app_clients.c.client_id == client_id)).first()
        if row is None:
            return {}
        sealed = _parse(*row).sealed
        return {
            secret_id: self._sealer.open(value, row=secret_identity(client_id, secret_id)).decode()
            for secret_id, value in sealed.items()
        }

    def _dump_secrets(self, client: AppClient, sealed: dict[str, str], clear: dict[str, str]) -> str:
        entries = []
        for secret in client.secrets:
            value = sealed.get(secret.secret_id)
            if value is None:
                row = secret_identity(client.client_id, secret.secret_id)
                value = self._sealer.seal(clear[secret.secret_id], row=row)
            entries.append(
                {
                    "id": secret.secret_id,
                    "digest": secret.digest,
                    "created_at": secret.created_at,
                    "sealed": value,
                }
            )
        return json.dumps(entries, separators=(",", ":"))


def _dump(client: AppClient) -> str:
    return json.dumps(spec_to_dict(client.spec), separators=(",", ":"))
