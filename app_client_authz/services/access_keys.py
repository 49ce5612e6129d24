"""Access keys of the signed operations: made, listed, deleted, and asked whether they signed something."""

import hmac
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

MAX_KEYS = 100


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
        """A new key and its secret, which is shown this once and kept sealed.

        Raises:
            ResourceNotFound: one of the pools does not exist.
            InvalidParameter: a description of more than 256 characters, no pool, or 100 keys are there already.
        """
        limited = None if pool_ids is None else frozenset(pool_ids)
        if len(description) > 256 or (limited is not None and not limited):
            raise InvalidParameter("A description has at most 256 characters, and a limited key at least one pool.")
        key = AccessKey(
            id=ids.access_key_id_from(digests.random_int(80)),
            description=description,
            read_only=read_only,
            pool_ids=limited,
            created_at=self._clock(),
        )
        secret = digests.random_token()

        def add(unit: Unit) -> None:
            for pool_id in sorted(limited or ()):
                existing_pool(unit, pool_id)
            if len(unit.access_keys.all()) >= MAX_KEYS:
                raise InvalidParameter(f"There are {MAX_KEYS} access keys already: delete some.")
            unit.access_keys.add(key, secret)

        self._units.write(add)
        audit.record("access_key_created", access_key_id=key.id)
        return key, secret

    def all(self) -> list[AccessKey]:
        """Keys of the database, the oldest first; those of the settings are the host's to list."""
        return self._units.read(lambda unit: unit.access_keys.all())

    def delete(self, key_id: str) -> None:
        """The key opens nothing from now on.

        Raises:
            ResourceNotFound: no such key in the database.
        """

        def change(unit: Unit) -> None:
            if not unit.access_keys.delete(key_id):
                raise ResourceNotFound("Access key does not exist.")

        self._units.write(change)
        audit.record("access_key_deleted", access_key_id=key_id)

    def any(self) -> bool:
        """Whether there is any key at all."""
        return bool(self._settings.access_keys) or bool(self.all())

    def verify(
        self, key_id: str, signature: str, *, date: str, service: str, candidates: Collection[str]
    ) -> tuple[AccessKey | None, bool]:
        """The key of that ID, if there is one, and whether it signed one of the candidates.

        Every candidate is compared in constant time, for an unknown key too (SIG-5).
        """
        key, secret = self._find(key_id)
        matches = False
        for text in candidates:
            expected = sigv4.signature(
                secret, date=date, region=self._settings.region, service=service, string_to_sign=text
            )
            matches |= hmac.compare_digest(expected, signature)
        return key, matches and key is not None

    def _find(self, key_id: str) -> tuple[AccessKey | None, str]:
        configured = self._settings.access_keys.get(key_id)
        if configured is not None:
            return AccessKey(key_id), configured
        found = self._units.read(lambda unit: unit.access_keys.find(key_id)) if ids.is_access_key_id(key_id) else None
        return (None, self._nobody) if found is None else found
