"""Clearing what is over, the canary of the sealing keys, and sealing anew."""

from collections.abc import Callable

from app_client_authz.crypto import digests
from app_client_authz.crypto.sealing import SealError
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ConfigurationError, Unavailable
from app_client_authz.services import audit
from app_client_authz.services.site_secret import SiteSecret
from app_client_authz.storage.unit import Units

BATCH = 500
RESEAL_PASSES = 5
SECRET_BYTES = 32


class Upkeep:
    """For operators and start-up; no request calls it."""

    def __init__(self, units: Units, clock: Clock, auth_event_days: int, site_secret: SiteSecret) -> None:
        self._units = units
        self._clock = clock
        self._auth_event_seconds = auth_event_days * 86_400
        self._site_secret = site_secret

    def prune(self) -> dict[str, int]:
        """Delete everything that is over, in batches of 500; table name → rows deleted (ATM-17)."""
        total: dict[str, int] = {}
        while True:
            now = self._clock()
            until = now - self._auth_event_seconds
            batch = self._units.write(
                lambda unit: unit.upkeep.prune(now, limit=BATCH, events_until=until)  # noqa: B023
            )
            for table, rows in batch.items():
                total[table] = total.get(table, 0) + rows
            if max(batch.values()) < BATCH:
                return total

    def check_sealing_keys(self) -> None:
        """Make sure that what this database holds opens with the sealing keys at hand (SEC-3), and learn its secret.

        Raises:
            ConfigurationError: it does not: another key sealed it.
            Unavailable: somebody emptied the database meanwhile.
        """
        if self._units.read(lambda unit: unit.upkeep.canary()) is None:
            self._units.write(lambda unit: unit.upkeep.add_canary(digests.random_octets(SECRET_BYTES)))
        try:
            # Read anew: a worker that starts at the same time may have been first.
            secret = self._units.read(lambda unit: unit.upkeep.open_canary())
        except SealError as error:
            raise ConfigurationError(
                "The sealing keys do not open this database: set AUTHZ_SEALING_KEYS (or SECRET_KEY and its "
                f"SECRET_KEY_FALLBACKS) to those it was sealed with ({error.detail})"
            ) from None
        if secret is None:
            raise Unavailable(detail="the canary is gone")
        self._site_secret.learn(secret)

    def reseal(self) -> int:
        """Seal everything under the first sealing key; how many values were under another.

        Afterwards the other keys can be taken out of the configuration.
        """

        self._units.write(lambda unit: unit.upkeep.reseal_canary())
        total = 0
        # Again until nothing is left: a worker that seals under the old key may still have added something.
        for _ in range(RESEAL_PASSES):
            resealed = self._reseal_once()
            total += resealed
            if not resealed:
                break
        audit.record("resealed", values=total)
        return total

    def _reseal_once(self) -> int:
        """A transaction a row: nobody waits for all of them, and what broke off goes on where it was (SEC-3)."""
        kids, clients = self._units.read(lambda unit: unit.upkeep.sealed_rows())
        access_keys = [key.id for key in self._units.read(lambda unit: unit.access_keys.all())]
        providers = self._units.read(lambda unit: unit.identity_providers.sealed_rows())
        messages = self._units.read(lambda unit: unit.messages.sealed_rows())
        keys = sum(self._reseal_key(kid) for kid in kids)
        keys += sum(self._reseal_access_key(key_id) for key_id in access_keys)
        keys += sum(self._reseal_provider(pool_id, name) for pool_id, name in providers)
        keys += sum(self._reseal_message(row_id) for row_id in messages)
        keys += self._reseal_users(self._reseal_verifiers_behind)
        keys += self._reseal_users(self._reseal_tokens_behind)
        keys += self._reseal_devices()
        return keys + sum(self._reseal_secrets(client_id) for client_id in clients)

    @staticmethod
    def _reseal_users(reseal_behind: Callable[[str], tuple[str | None, int]]) -> int:
        total = 0
        after: str | None = ""
        while after is not None:
            after, resealed = reseal_behind(after)
            total += resealed
        return total

    def _reseal_verifiers_behind(self, sub: str) -> tuple[str | None, int]:
        return self._units.write(lambda unit: unit.srp_verifiers.reseal(sub, limit=BATCH))

    def _reseal_tokens_behind(self, sub: str) -> tuple[str | None, int]:
        return self._units.write(lambda unit: unit.software_tokens.reseal(sub, limit=BATCH))

    def _reseal_devices(self) -> int:
        total = 0
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            after, resealed = self._reseal_devices_behind(after)
            total += resealed
        return total

    def _reseal_devices_behind(self, after: tuple[str, str]) -> tuple[tuple[str, str] | None, int]:
        return self._units.write(lambda unit: unit.devices.reseal(after, limit=BATCH))

    def _reseal_access_key(self, key_id: str) -> int:
        return self._units.write(lambda unit: unit.access_keys.reseal(key_id))

    def _reseal_provider(self, pool_id: str, name: str) -> int:
        return self._units.write(lambda unit: unit.identity_providers.reseal(pool_id, name))

    def _reseal_message(self, row_id: int) -> int:
        return self._units.write(lambda unit: unit.messages.reseal(row_id))

    def _reseal_key(self, kid: str) -> int:
        return self._units.write(lambda unit: unit.upkeep.reseal_key(kid))

    def _reseal_secrets(self, client_id: str) -> int:
        return self._units.write(lambda unit: unit.upkeep.reseal_secrets(client_id))
