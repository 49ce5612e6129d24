"""Resource servers: the custom scopes of a pool."""

import json

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.storage.tables import resource_servers as table


class ResourceServers:
    """Keyed by pool ID and identifier."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_pool(self, pool_id: str) -> list[ResourceServer]:
        rows = self._connection.execute(
            select(table.c.identifier, table.c.name, table.c.scopes)
            .where(table.c.pool_id == pool_id)
            .order_by(table.c.identifier)
        )
        return [
            ResourceServer(
                pool_id=pool_id,
                identifier=row.identifier,
                name=row.name,
                scopes=tuple(ResourceServerScope(name, about) for name, about in json.loads(row.scopes)),
            )
            for row in rows
        ]

    def find(self, pool_id: str, identifier: str) -> ResourceServer | None:
        return next((server for server in self.of_pool(pool_id) if server.identifier == identifier), None)

    def scope_strings(self, pool_id: str) -> frozenset[str]:
        """All custom scopes of the pool, as they stand in clients and tokens."""
        return frozenset(scope for server in self.of_pool(pool_id) for scope in server.scope_strings)

    def add(self, server: ResourceServer) -> None:
        try:
            self._connection.execute(
                insert(table).values(
                    pool_id=server.pool_id, identifier=server.identifier, name=server.name, scopes=_dump(server)
                )
            )
        except IntegrityError:
            raise InvalidParameter(f"{server.identifier} already exists in user pool {server.pool_id}.") from None

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


def _dump(server: ResourceServer) -> str:
    return json.dumps([[scope.name, scope.description] for scope in server.scopes], separators=(",", ":"))
