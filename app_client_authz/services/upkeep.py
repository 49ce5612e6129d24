"""Clearing what is over, the canary of the sealing keys, and sealing anew."""

from app_client_authz.crypto.sealing import SealError
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ConfigurationError
from app_client_authz.services import audit
from app_client_authz.storage.unit import Unit, Units

BATCH = 500


class Upkeep:
    """For operators and start-up; no request calls it."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def prune(self) -> dict[str, int]:
        """Delete everything that is over, in batches of 500; table name → rows deleted (ATM-17)."""
        total: dict[str, int] = {}
        while True:
            now = self._clock()
            batch = self._units.write(lambda unit: unit.upkeep.prune(now, limit=BATCH))  # noqa: B023
            for table, rows in batch.items():
                total[table] = total.get(table, 0) + rows
            if max(batch.values()) < BATCH:
                return total

    def check_sealing_keys(self) -> None:
        """Make sure that what this database holds opens with the sealing keys at hand (SEC-3).

        Raises:
            ConfigurationError: it does not: another key sealed it.
        """
        if self._units.read(lambda unit: unit.upkeep.canary()) is None:
            self._units.write(lambda unit: unit.upkeep.add_canary())
        try:
            # Read anew: a worker that starts at the same time may have been first.
            self._units.read(lambda unit: unit.upkeep.open_canary())
        except SealError as error:
            raise ConfigurationError(
                "The sealing keys do not open this database: set AUTHZ_SEALING_KEYS (or SECRET_KEY and its "
                f"SECRET_KEY_FALLBACKS) to those it was sealed with ({error.detail})"
            ) from None

    def reseal(self) -> int:
        """Seal everything under the first sealing key; how many values were under another.

        Afterwards the other keys can be taken out of the configuration.
        """

        def work(unit: Unit) -> int:
            resealed = unit.upkeep.reseal()
            unit.upkeep.set_canary()
            return resealed

        resealed = self._units.write(work)
        audit.record("resealed", values=resealed)
        return resealed
