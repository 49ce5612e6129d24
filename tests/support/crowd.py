"""App clients in thousands, put into the database directly: more than a pool may have, in no time."""

import sqlalchemy as sa

from app_client_authz.storage import tables
from tests.support.site import Site


def add_clients(site: Site, count: int) -> list[str]:
    """As many more copies of ``site.spa``, made after all clients that the pool has; their IDs in that order."""
    table = tables.app_clients
    with site.services.engine.begin() as connection:
        model = connection.execute(sa.select(table).where(table.c.client_id == site.spa.client_id)).one()._asdict()
        newest = connection.scalar(sa.select(sa.func.max(table.c.number)).where(table.c.pool_id == site.pool.id)) or 0
        rows = [model | {"client_id": f"crowd{newest + more}", "number": newest + more} for more in range(1, count + 1)]
        connection.execute(sa.insert(table), rows)
    return [row["client_id"] for row in rows]
