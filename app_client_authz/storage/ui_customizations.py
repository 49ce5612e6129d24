"""Style sheets and logos of pools and clients."""

from typing import Any

from sqlalchemy import Connection, case, delete, insert, select, update
from sqlalchemy.engine import Row

from app_client_authz.domain.ui_customization import ALL, UiCustomization
from app_client_authz.storage.tables import ui_customizations as table

_COLUMNS = (
    table.c.pool_id,
    table.c.applies_to,
    table.c.css,
    table.c.image,
    table.c.created_at,
    table.c.updated_at,
)


class UiCustomizations:
    """Keyed by pool ID and client ID, or ALL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, pool_id: str, applies_to: str) -> UiCustomization | None:
        """What counts for a client: its own, or else the pool's."""
        statement = (
            select(*_COLUMNS)
            .where(table.c.pool_id == pool_id, table.c.applies_to.in_((applies_to, ALL)))
            .order_by(case((table.c.applies_to == applies_to, 0), else_=1))
            .limit(1)
        )
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else _customization_of(row)

    def put(self, customization: UiCustomization) -> None:
        """Set it, whether or not there was one; the day of its creation stays. Hold the pool meanwhile."""
        hit = (
            update(table)
            .where(table.c.pool_id == customization.pool_id, table.c.applies_to == customization.applies_to)
            .values(css=customization.css, image=customization.image, updated_at=customization.updated_at)
        )
        if self._connection.execute(hit).rowcount == 1:
            return
        self._connection.execute(
            insert(table).values(
                pool_id=customization.pool_id,
                applies_to=customization.applies_to,
                client_id=customization.client_id,
                css=customization.css,
                image=customization.image,
                created_at=customization.created_at,
                updated_at=customization.updated_at,
            )
        )

    def delete(self, pool_id: str, applies_to: str) -> None:
        self._connection.execute(delete(table).where(table.c.pool_id == pool_id, table.c.applies_to == applies_to))


def _customization_of(row: Row[*tuple[Any, ...]]) -> UiCustomization:
    return UiCustomization(
        pool_id=row.pool_id,
        applies_to=row.applies_to,
        css=row.css,
        image=row.image,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
