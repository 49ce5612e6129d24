"""Resource servers: the custom scopes of a pool."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.engine import Row

from app_client_authz.domain.resource_server import MAX_PER_POOL, ResourceServer, ResourceServerScope
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.tables import resource_servers as table

_COLUMNS = (table.c.pool_id, table.c.identifier, table.c.name, table.c.scopes)
_FIND = select(*_COLUMNS).where(table.c.pool_id == bindparam("pool_id"), table.c.identifier == bindparam("identifier"))
_PAGE = (
    select(*_COLUMNS)
    .where(table.c.pool_id == bindparam("pool_id"), table.c.identifier > bindparam("after"))
    .order_by(table.c.identifier)
    .limit(bindparam("limit"))
)
_COUNT = select(func.count()).where(table.c.pool_id == bindparam("pool_id"))


class ResourceServers:
    """Keyed by pool ID and identifier."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_pool(self, pool_id: str) -> list[ResourceServer]:
        return self.page(pool_id, limit=MAX_PER_POOL)

    def page(self, pool_id: str, *, after: str = "", limit: int) -> list[ResourceServer]:
        """At most ``limit`` of them in the order of their identifiers, beginning behind ``after``."""
        rows = self._connection.execute(_PAGE, {"pool_id": pool_id, "after": after, "limit": limit})
        return [_server_of(row) for row in rows]

    def find(self, pool_id: str, identifier: str) -> ResourceServer | None:
        row = self._connection.execute(_FIND, {"pool_id": pool_id, "identifier": identifier}).one_or_none()
        return None if row is None else _server_of(row)

    def count(self, pool_id: str) -> int:
        return int(self._connection.execute(_COUNT, {"pool_id": pool_id}).scalar_one())

    def scope_strings(self, pool_id: str) -> frozenset[str]:
        """All custom scopes of the pool, as they stand in clients and tokens."""
        return frozenset(scope for server in self.of_pool(pool_id) for scope in server.scope_strings)

    def add(self, server: ResourceServer) -> bool:
        """False if the pool has one of that identifier."""
        return insert_once(
            self._connection,
            table,
            pool_id=server.pool_id,
            identifier=server.identifier,
            name=server.name,
            scopes=_dump(server),
        )

    def replace(self, server: ResourceServer) -> bool:
        hit = (
            update(table)
            .where(table.c.pool_id == server.pool_id, table.c.identifier == server.identifier)
            .values(name=server.name, scopes=_dump(server))
        )
        return self._connection.execute(hit).rowcount == 1

    def delete(self, pool_id: str, identifier: str) -> bool:
        hit = delete(table).where(table.c.pool_id == pool_id, table.c.identifier == identifier)
        return self._connection.execute(hit).rowcount == 1


def _server_of(row: Row[*tuple[Any, ...]]) -> ResourceServer:
    return ResourceServer(
        pool_id=row.pool_id,
        identifier=row.identifier,
        name=row.name,
        scopes=tuple(ResourceServerScope(name, about) for name, about in json.loads(row.scopes)),
    )


def _dump(server: ResourceServer) -> str:
    return json.dumps([[scope.name, scope.description] for scope in server.scopes], separators=(",", ":"))
