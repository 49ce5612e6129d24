"""App clients with up to two sealed secrets."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain import auth_flows
from app_client_authz.domain.app_client import AppClient, ClientSecret
from app_client_authz.domain.app_client_codec import spec_from_dict, spec_to_dict
from app_client_authz.domain.client_entry import ClientEntry
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
# Client and pool in one statement: the whole cost of authenticating a client (docs/explanation/performance.md).
_FIND = (
    select(*REGISTRATION_COLUMNS).join_from(app_clients, pools).where(app_clients.c.client_id == bindparam("client_id"))
)
_OF_POOL = select(*_COLUMNS).where(app_clients.c.pool_id == bindparam("pool_id")).order_by(app_clients.c.number)
_ENTRIES = (
    select(app_clients.c.client_id, app_clients.c.pool_id, app_clients.c.name, app_clients.c.number)
    .where(app_clients.c.pool_id == bindparam("pool_id"), app_clients.c.number > bindparam("after"))
    .order_by(app_clients.c.number)
    .limit(bindparam("limit"))
)

_ANY_ALLOWS_SRP = (
    select(app_clients.c.client_id)
    .where(app_clients.c.pool_id == bindparam("pool_id"), app_clients.c.allows_srp)
    .limit(1)
)

_others = app_clients.alias("others")
_newest = func.coalesce(
    select(func.max(_others.c.number)).where(_others.c.pool_id == bindparam("pool_id")).scalar_subquery(), 0
)
_ADDED = ("client_id", "pool_id", "name", "spec", "secrets", "allows_srp", "version", "created_at", "updated_at")
_ADD = insert(app_clients).from_select(
    ["number", *_ADDED],
    select(_newest + 1, *(bindparam(name, type_=app_clients.c[name].type) for name in _ADDED)).where(
        # A pool that never had so many needs no counting: two looks at the end of an index, however many it has.
        or_(
            _newest < bindparam("at_most"),
            select(func.count()).where(_others.c.pool_id == bindparam("pool_id")).scalar_subquery()
            < bindparam("at_most"),
        )
    ),
)
_NO_LIMIT = 2**31 - 1


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
        secrets=tuple(
            ClientSecret(entry["id"], entry["digest"], entry["created_at"], entry["newest"]) for entry in entries
        ),
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

    def describe(self, client_id: str) -> tuple[Registration, str | None] | None:
        """The client with its pool and its oldest secret in clear, which a public client does not have."""
        row = self._connection.execute(_FIND, {"client_id": client_id}).one_or_none()
        if row is None:
            return None
        found = registration_of(tuple(row))
        sealed = next(iter(_parse(*row[: len(_COLUMNS)]).sealed.items()), None)
        return found, None if sealed is None else self._open(client_id, *sealed)

    def entries(self, pool_id: str, *, after: int, limit: int) -> list[ClientEntry]:
        """At most ``limit`` clients of the pool as they were made, beginning behind number ``after``."""
        rows = self._connection.execute(_ENTRIES, {"pool_id": pool_id, "after": after, "limit": limit})
        return [ClientEntry(*row) for row in rows]

    def all(self, pool_id: str) -> list[AppClient]:
        """Every client of the pool as they were made: for what looks at each of them."""
        rows = self._connection.execute(_OF_POOL, {"pool_id": pool_id})
        return [_parse(*row).client for row in rows]

    def add(self, client: AppClient, clear_secrets: dict[str, str], *, at_most: int = _NO_LIMIT) -> bool:
        """False if the pool has ``at_most`` clients already; whoever sets that limit holds the pool's row.

        ``clear_secrets``: secret ID → the secret itself, which is sealed here and nowhere kept.

        Raises:
            InvalidParameter: the client ID is taken.
        """
        values = {
            "client_id": client.client_id,
            "pool_id": client.pool_id,
            "name": client.name,
            "spec": _dump(client),
            "secrets": self._dump_secrets(client, {}, clear_secrets),
            "allows_srp": auth_flows.leads_to_srp(client),
            "version": client.version,
            "created_at": client.created_at,
            "updated_at": client.updated_at,
        }
        try:
            added = self._connection.execute(
                _ADD,
                {**values, "at_most": at_most},
                # SQLAlchemy looks at the count of an INSERT only if it is told to.
                execution_options={"preserve_rowcount": True},
            )
        except IntegrityError:
            raise InvalidParameter(f"User pool client {client.client_id} already exists.") from None
        return added.rowcount == 1

    def replace(self, client: AppClient, expected_version: int) -> bool:
        """Everything but the secrets. False if somebody else changed the client since it was read, or deleted it."""
        allows_srp = auth_flows.leads_to_srp(client)
        return self._update(client, expected_version, name=client.name, spec=_dump(client), allows_srp=allows_srp)

    def replace_secrets(
        self, client: AppClient, expected_version: int, clear_secrets: dict[str, str] | None = None
    ) -> bool:
        """The secrets, of which ``clear_secrets`` are new. False as for ``replace``."""
        row = self._connection.execute(_FIND, {"client_id": client.client_id}).one_or_none()
        if row is None:
            return False
        sealed = _parse(*row[: len(_COLUMNS)]).sealed
        return self._update(client, expected_version, secrets=self._dump_secrets(client, sealed, clear_secrets or {}))

    def delete(self, pool_id: str, client_id: str) -> bool:
        """Codes and token sessions of the client go with it."""
        hit = delete(app_clients).where(app_clients.c.client_id == client_id, app_clients.c.pool_id == pool_id)
        return self._connection.execute(hit).rowcount == 1

    def any_allows_srp(self, pool_id: str) -> bool:
        """Whether some client of the pool does."""
        return self._connection.execute(_ANY_ALLOWS_SRP, {"pool_id": pool_id}).first() is not None

    def open_secrets(self, client_id: str) -> dict[str, str]:
        """Secret ID → clear secret, oldest first: for SECRET_HASH only."""
        row = self._connection.execute(select(*_COLUMNS).where(app_clients.c.client_id == client_id)).first()
        sealed = {} if row is None else _parse(*row).sealed
        return {secret_id: self._open(client_id, secret_id, value) for secret_id, value in sealed.items()}

    def _update(self, client: AppClient, expected_version: int, **values: object) -> bool:
        hit = (
            update(app_clients)
            .where(app_clients.c.client_id == client.client_id, app_clients.c.version == expected_version)
            .values(version=client.version, updated_at=client.updated_at, **values)
        )
        return self._connection.execute(hit).rowcount == 1

    def _open(self, client_id: str, secret_id: str, sealed: str) -> str:
        return self._sealer.open(sealed, row=secret_identity(client_id, secret_id)).decode()

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
                    "newest": secret.newest,
                    "sealed": value,
                }
            )
        return json.dumps(entries, separators=(",", ":"))


def _dump(client: AppClient) -> str:
    return json.dumps(spec_to_dict(client.spec), separators=(",", ":"))
