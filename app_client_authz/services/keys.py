"""Signing keys: next → current → retired, with no token broken on the way (JWT-12)."""

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from app_client_authz.crypto import jwts
from app_client_authz.crypto.certificates import self_signed
from app_client_authz.crypto.jwts import SigningKey, VerificationKey
from app_client_authz.domain import ids
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidParameter, ResourceNotFound
from app_client_authz.domain.lifetimes import LONGEST_TOKEN_SECONDS
from app_client_authz.services import audit
from app_client_authz.storage.keys import StoredKey
from app_client_authz.storage.unit import Unit, Units

PURPOSES: tuple[Literal["id", "access"], ...] = ("id", "access")
RING_SECONDS = 2.0
"""How long a process may go on with a key ring that it did not look up by version."""
RETIREMENT_SECONDS = LONGEST_TOKEN_SECONDS + 300
"""A retired key stays published so long: the longest token it signed is dead then, by any clock."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of a pool, ready for use."""

    version: int
    signing: Mapping[str, SigningKey] = field(repr=False)
    """By purpose: the current ones."""
    public: Mapping[str, VerificationKey] = field(repr=False)
    """By kid: all that are published."""
    jwks: bytes = field(repr=False)
    etag: str


class Keys:
    """Key rings, kept in the process; and the life of the keys in them."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._rings: dict[str, tuple[float, KeyRing]] = {}
        self._loading = threading.Lock()

    def ring(self, pool_id: str, version: int | None = None) -> KeyRing:
        """The pool's keys, as of ``version`` or, without one, not older than two seconds.

        Raises:
            ResourceNotFound: no such pool.
        """
        # Age is measured by the monotonic clock: a wall clock that is set must not prolong a key's life.
        kept = self._rings.get(pool_id)
        if kept is not None and (
            kept[1].version == version or (version is None and time.monotonic() - kept[0] < RING_SECONDS)
        ):
            return kept[1]
        if not ids.is_pool_id(pool_id):
            # Not asked of a database: PostgreSQL chokes on NUL (INP-4).
            raise ResourceNotFound(f"User pool {pool_id} does not exist.")
        with self._loading:
            looked_up_at = time.monotonic()
            ring = self._units.read(lambda unit: self._load(unit, pool_id))
            if len(self._rings) > 1024:
                self._rings.clear()
            self._rings[pool_id] = (looked_up_at, ring)
        return ring

    def make(self) -> list[tuple[jwts.GeneratedKey, Literal["id", "access"]]]:
        """New keys for a pool, one for each purpose. Takes about 0.1 s of CPU: outside a transaction."""
        return [(jwts.generate_signing_key(), purpose) for purpose in PURPOSES]

    def add(
        self,
        unit: Unit,
        pool_id: str,
        keys: list[tuple[jwts.GeneratedKey, Literal["id", "access"]]],
        state: str,
        now: float,
    ) -> None:
        for key, purpose in keys:
            unit.keys.add(StoredKey(key.kid, pool_id, purpose, state, key.public_jwk, now, None), key.private_pem)

    def of_pool(self, pool_id: str) -> list[StoredKey]:
        """Raises:
        ResourceNotFound: no such pool.
        """
        found = self._units.read(lambda unit: unit.keys.ring(pool_id))
        if found is None:
            raise ResourceNotFound(f"User pool {pool_id} does not exist.")
        return [key for key, _ in found[1]]

    def certificate(self, pool_id: str) -> bytes:
        """An X.509 certificate of the key that signs the pool's ID tokens now, in DER (GetSigningCertificate).

        The same at every call and on every process, until the key rotates.

        Raises:
            ResourceNotFound: no such pool.
        """

        def look(unit: Unit) -> tuple[StoredKey, bytes]:
            found = unit.keys.ring(pool_id) if ids.is_pool_id(pool_id) else None
            if found is None:
                raise ResourceNotFound(f"User pool {pool_id} does not exist.")
            key, sealed = next(each for each in found[1] if (each[0].purpose, each[0].state) == ("id", "current"))
            return key, unit.keys.open_private_key(key, sealed)

        key, pem = self._units.read(look)
        return self_signed(jwts.load_signing_key(key.kid, pem, purpose="id"), name=pool_id, since=key.created_at)

    def stage(self, pool_id: str) -> list[StoredKey]:
        """Publish the next keys without signing with them yet; those already staged stay.

        Raises:
            ResourceNotFound: no such pool.
        """
        fresh = self.make()
        now = self._clock()

        def change(unit: Unit) -> None:
            staged = {key.purpose for key in self._held(unit, pool_id) if key.state == "next"}
            self.add(unit, pool_id, [(key, purpose) for key, purpose in fresh if purpose not in staged], "next", now)

        self._units.write(change)
        audit.record("signing_keys_staged", pool_id=pool_id)
        return [key for key in self.of_pool(pool_id) if key.state == "next"]

    def rotate(self, pool_id: str, *, at_once: bool = False) -> list[StoredKey]:
        """Sign with the next keys from now on; the present ones retire, published until their last token died.

        Raises:
            InvalidParameter: no keys are staged; ``at_once`` stages and rotates in one step, for a key that leaked.
            ResourceNotFound: no such pool.
        """
        if at_once:
            self.stage(pool_id)
        now = self._clock()

        def change(unit: Unit) -> None:
            held = self._held(unit, pool_id)
            if {key.purpose for key in held if key.state == "next"} != set(PURPOSES):
                raise InvalidParameter(
                    "No next keys are published: stage them first, and rotate when clients saw them."
                )
            for state, successor, until in (
                ("current", "retired", now + RETIREMENT_SECONDS),
                ("next", "current", None),
            ):
                for key in held:
                    if key.state == state:
                        unit.keys.move(pool_id, key.kid, state=successor, published_until=until)

        self._units.write(change)
        audit.record("signing_keys_rotated", pool_id=pool_id)
        return self.of_pool(pool_id)

    def withdraw(self, pool_id: str, kid: str) -> None:
        """Stop publishing a key that signs no more: its tokens die within two seconds.

        Raises:
            InvalidParameter: the key still signs.
            ResourceNotFound: no such key in the pool.
        """

        def change(unit: Unit) -> None:
            key = next((key for key in self._held(unit, pool_id) if key.kid == kid), None)
            if key is None:
                raise ResourceNotFound(f"Signing key {kid} does not exist.")
            if key.state == "current":
                raise InvalidParameter("The key still signs tokens: rotate first.")
            unit.keys.delete(pool_id, kid)

        self._units.write(change)
        audit.record("signing_key_withdrawn", pool_id=pool_id, kid=kid)

    @staticmethod
    def _held(unit: Unit, pool_id: str) -> list[StoredKey]:
        """The pool's keys, no other change of them under way until the transaction ends."""
        if not unit.pools.touch_keys(pool_id):
            raise ResourceNotFound(f"User pool {pool_id} does not exist.")
        found = unit.keys.ring(pool_id)
        return [] if found is None else [key for key, _ in found[1]]

    def _load(self, unit: Unit, pool_id: str) -> KeyRing:
        found = unit.keys.ring(pool_id)
        if found is None:
            raise ResourceNotFound(f"User pool {pool_id} does not exist.")
        version, stored = found
        now = self._clock()
        published = [
            (key, sealed) for key, sealed in stored if key.published_until is None or key.published_until > now
        ]
        signing = {
            key.purpose: jwts.load_signing_key(
                key.kid, unit.keys.open_private_key(key, sealed), purpose=cast(Literal["id", "access"], key.purpose)
            )
            for key, sealed in published
            if key.state == "current"
        }
        public = {key.kid: jwts.load_public_key(key.public_jwk) for key, _ in published}
        document = {"keys": [key.public_jwk for key, _ in published]}
        jwks = json.dumps(document, separators=(",", ":")).encode()
        return KeyRing(version, signing, public, jwks, hashlib.sha256(jwks).hexdigest()[:32])
