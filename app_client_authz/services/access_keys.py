"""Access keys of the signed operations: made, listed, deleted, and asked whether they signed something."""

from collections.abc import Collection, Iterable

from app_client_authz.config import Settings
from app_client_authz.crypto import digests, sigv4
from app_client_authz.domain import ids
from app_client_authz.domain.access_key import AccessKey
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidParameter, ResourceNotFound
from app_client_authz.services import audit
from app_client_authz.services.pools import existing_pool
from app_client_authz.storage.unit import Unit, Units

MAX_DESCRIPTION_CHARACTERS = 256


class AccessKeys:
    """Keys of the settings come first, then those of the database."""

    def __init__(self, units: Units, settings: Settings, clock: Clock) -> None:
        self._units = units
        self._settings = settings
        self._clock = clock
        # Compared with where there is no such key: unknown and wrong cost the same (SIG-5).
        self._nobody = digests.random_token()

    def create(
        self, *, description: str = "", read_only: bool = False, pool_ids: Iterable[str] | None = None
    ) -> tuple[AccessKey, str]:
        """A new key and its secret, which is shown this once and kept sealed. Without ``pool_ids``: for all pools.

        Raises:
            ResourceNotFound: one of the pools does not exist.
            InvalidParameter: no pool at all, or a description that is too long or not printable.
        """
        key = AccessKey(
            id=ids.access_key_id_from(digests.random_int(80)),
            description=description,
            read_only=read_only,
            pool_ids=None if pool_ids is None else frozenset(pool_ids),
            created_at=self._clock(),
        )
        if len(description) > MAX_DESCRIPTION_CHARACTERS or not description.isprintable():
            raise InvalidParameter(f"A description has at most {MAX_DESCRIPTION_CHARACTERS} printable characters.")
        if key.pool_ids is not None and not key.pool_ids:
            raise InvalidParameter("An access key that is limited to pools names at least one.")
        secret = digests.random_token()

        def add(unit: Unit) -> None:
            for pool_id in sorted(key.pool_ids or ()):
                existing_pool(unit, pool_id)
            unit.access_keys.add(key, secret)

        self._units.write(add)
        audit.record("access_key_created", access_key_id=key.id)
        return key, secret

    def all(self) -> list[AccessKey]:
        """Keys of the database, the oldest first."""
        return self._units.read(lambda unit: unit.access_keys.all())

    def configured(self) -> list[AccessKey]:
        """Keys of the settings."""
        return [AccessKey(key_id) for key_id in self._settings.access_keys]

    def any(self) -> bool:
        """Whether there is any key at all."""
        return bool(self._settings.access_keys) or self._units.read(lambda unit: unit.access_keys.any())

    def delete(self, key_id: str) -> None:
        """The key opens nothing from now on.

        Raises:
            InvalidParameter: it stands in the settings.
            ResourceNotFound: no such key in the database.
        """

        def change(unit: Unit) -> None:
            if unit.access_keys.delete(key_id):
                return
            if key_id in self._settings.access_keys:
                raise InvalidParameter(f"Access key {key_id} stands in AUTHZ_ACCESS_KEYS: take it out there.")
            raise ResourceNotFound("Access key does not exist.")

        self._units.write(change)
        audit.record("access_key_deleted", access_key_id=key_id)

    def verify(
        self, key_id: str, signature: str, *, date: str, service: str, strings: Collection[str]
    ) -> tuple[AccessKey | None, bool]:
        """The key of that ID, if there is one, and whether it signed one of the strings.

        An unknown key is compared like a known one (SIG-5). One statement at most, none for a key of the settings.
        """
        key, secret = self._find(key_id)
        matches = sigv4.signs_one_of(
            strings, signature, secret=secret, date=date, region=self._settings.region, service=service
        )
        if key is None or not matches:
            audit.record("signature_refused", access_key_id=key_id)
        return key, matches and key is not None

    def _find(self, key_id: str) -> tuple[AccessKey | None, str]:
        configured = self._settings.access_keys.get(key_id)
        if configured is not None:
            return AccessKey(key_id), configured
        found = self._units.read(lambda unit: unit.access_keys.find(key_id)) if ids.is_access_key_id(key_id) else None
        return (None, self._nobody) if found is None else found
