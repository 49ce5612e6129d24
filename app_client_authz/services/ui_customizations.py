"""How the classic sign-in pages are to look: stored, not yet shown on the pages."""

from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ResourceNotFound
from app_client_authz.domain.ui_customization import ALL, UiCustomization
from app_client_authz.services import audit
from app_client_authz.services.pools import existing_pool
from app_client_authz.storage.unit import Unit, Units


class UiCustomizations:
    """Get and set."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def get(self, pool_id: str, applies_to: str = ALL) -> UiCustomization | None:
        """What counts for the client, or for the pool: a client without its own has the pool's.

        Raises:
            ResourceNotFound: no such pool, or no such client in it.
        """

        def look(unit: Unit) -> UiCustomization | None:
            existing_pool(unit, pool_id)
            _check_client(unit, pool_id, applies_to)
            return unit.ui_customizations.find(pool_id, applies_to)

        return self._units.read(look)

    def set(
        self, pool_id: str, applies_to: str = ALL, *, css: str | None = None, image: bytes | None = None
    ) -> UiCustomization | None:
        """Replace style sheet and logo; with neither, the client's or the pool's own goes. What counts afterwards.

        Raises:
            ResourceNotFound: no such pool, or no such client in it.
            InvalidParameter: as ``UiCustomization.create``.
        """

        def change(unit: Unit) -> UiCustomization | None:
            existing_pool(unit, pool_id, hold=True)
            _check_client(unit, pool_id, applies_to)
            given = UiCustomization.create(
                pool_id=pool_id, applies_to=applies_to, css=css, image=image, now=self._clock()
            )
            if given.empty:
                unit.ui_customizations.delete(pool_id, applies_to)
            else:
                unit.ui_customizations.put(given)
            return unit.ui_customizations.find(pool_id, applies_to)

        counting = self._units.write(change)
        audit.record("ui_customization_set", pool_id=pool_id, client_id=None if applies_to == ALL else applies_to)
        return counting


def _check_client(unit: Unit, pool_id: str, applies_to: str) -> None:
    if applies_to == ALL:
        return
    found = unit.app_clients.find(applies_to)
    if found is None or found.client.pool_id != pool_id:
        raise ResourceNotFound("User pool client does not exist.")
