"""Resource servers: the custom scopes that clients of a pool may hold."""

from collections.abc import Callable

from app_client_authz.domain.errors import InvalidParameter, LimitExceeded, ResourceNotFound
from app_client_authz.domain.resource_server import MAX_PER_POOL, ResourceServer
from app_client_authz.services import audit
from app_client_authz.services.pools import existing_pool
from app_client_authz.storage.unit import Unit, Units


class ResourceServers:
    """Create, describe, list, update, delete."""

    def __init__(self, units: Units) -> None:
        self._units = units

    def create(self, server: ResourceServer) -> ResourceServer:
        """Raises:
        InvalidParameter: the pool has one of that identifier.
        LimitExceeded: the pool has 25 already.
        ResourceNotFound: no such pool.
        """

        def change(unit: Unit) -> None:
            if not unit.resource_servers.add(server):
                raise InvalidParameter(f"{server.identifier} already exists in user pool {server.pool_id}.")
            if unit.resource_servers.count(server.pool_id) > MAX_PER_POOL:
                raise LimitExceeded(f"A user pool has at most {MAX_PER_POOL} resource servers.")

        self._change(server.pool_id, change)
        return server

    def describe(self, pool_id: str, identifier: str) -> ResourceServer:
        """Raises:
        ResourceNotFound: no such pool or resource server.
        """

        def look(unit: Unit) -> ResourceServer:
            existing_pool(unit, pool_id)
            server = unit.resource_servers.find(pool_id, identifier)
            if server is None:
                raise ResourceNotFound(f"Resource server {identifier} does not exist.")
            return server

        return self._units.read(look)

    def of_pool(self, pool_id: str) -> list[ResourceServer]:
        """Raises:
        ResourceNotFound: no such pool.
        """

        def look(unit: Unit) -> list[ResourceServer]:
            existing_pool(unit, pool_id)
            return unit.resource_servers.of_pool(pool_id)

        return self._units.read(look)

    def page(self, pool_id: str, *, after: str = "", limit: int) -> list[ResourceServer]:
        """At most ``limit`` resource servers in the order of their identifiers (ListResourceServers).

        Raises:
            ResourceNotFound: no such pool.
        """

        def look(unit: Unit) -> list[ResourceServer]:
            existing_pool(unit, pool_id)
            return unit.resource_servers.page(pool_id, after=after, limit=limit)

        return self._units.read(look)

    def replace(self, server: ResourceServer) -> ResourceServer:
        """Replace name and scopes; clients keep scopes that are gone, and no longer get them.

        Raises:
            ResourceNotFound: no such pool or resource server.
        """

        def change(unit: Unit) -> None:
            if not unit.resource_servers.replace(server):
                raise ResourceNotFound(f"Resource server {server.identifier} does not exist.")

        self._change(server.pool_id, change)
        return server

    def delete(self, pool_id: str, identifier: str) -> None:
        """Raises:
        ResourceNotFound: no such pool or resource server.
        """

        def change(unit: Unit) -> None:
            if not unit.resource_servers.delete(pool_id, identifier):
                raise ResourceNotFound(f"Resource server {identifier} does not exist.")

        self._change(pool_id, change)

    def _change(self, pool_id: str, change: Callable[[Unit], None]) -> None:
        def work(unit: Unit) -> None:
            existing_pool(unit, pool_id)
            # First: it holds the pool's row, so that no other change of its scopes is under way.
            unit.pools.touch(pool_id)
            change(unit)

        self._units.write(work)
        audit.record("resource_servers_changed", pool_id=pool_id)
