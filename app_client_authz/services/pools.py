"""User pools, and what is kept in the process about them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app_client_authz.crypto import digests
from app_client_authz.domain import ids, pool_rules
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.dialect import DIALECTS, Dialect
from app_client_authz.domain.errors import ConcurrentModification, InvalidParameter, ResourceNotFound
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.pool_domain import PoolDomain
from app_client_authz.domain.schema import SchemaAttribute
from app_client_authz.services import audit
from app_client_authz.services.keys import Keys
from app_client_authz.storage.unit import Unit, Units

_CHANGED = "The user pool was changed by another request."
_HAS_DOMAIN = "User pool cannot be deleted. It has a domain configured that should be deleted first."


@dataclass(frozen=True, slots=True)
class DescribedPool:
    """A pool as DescribeUserPool shows it: with how many users it has, and its domains."""

    pool: UserPool
    users: int = 0
    domains: Sequence[PoolDomain] = ()


class Dialects:
    """The dialect of each pool: its own, or the site's."""

    def __init__(self, default: Dialect) -> None:
        self.default = default

    def of(self, pool: UserPool) -> Dialect:
        return DIALECTS[pool.spec.dialect] if pool.spec.dialect else self.default


class LiveScopes:
    """The custom scopes that exist in a pool, kept under the pool's version: never stale."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._kept: dict[str, tuple[int, frozenset[str]]] = {}

    def of(self, pool: UserPool) -> frozenset[str]:
        kept = self._kept.get(pool.id)
        if kept is None or kept[0] != pool.version:
            if len(self._kept) > 1024:
                self._kept.clear()
            kept = (pool.version, self._units.read(lambda unit: unit.resource_servers.scope_strings(pool.id)))
            self._kept[pool.id] = kept
        return kept[1]


def existing_pool(unit: Unit, pool_id: str, *, hold: bool = False) -> UserPool:
    """The pool; with ``hold``, nobody else changes it until the transaction ends.

    Raises:
        ResourceNotFound: no such pool.
    """
    find = unit.pools.hold if hold else unit.pools.find
    pool = find(pool_id) if ids.is_pool_id(pool_id) else None
    if pool is None:
        raise ResourceNotFound(f"User pool {pool_id} does not exist.")
    return pool


class Pools:
    """Create, describe, list, update, delete."""

    def __init__(self, units: Units, keys: Keys, region: str, clock: Clock) -> None:
        self._units = units
        self._keys = keys
        self._region = region
        self._clock = clock

    def create(self, spec: PoolSpec, *, pool_id: str | None = None) -> UserPool:
        """A new pool with its signing keys (CreateUserPool); ``pool_id`` reproduces a known one.

        Raises:
            InvalidParameter, FeatureUnavailableInTier, LimitExceeded: as ``UserPool.create``.
        """
        new_id = pool_id or ids.pool_id_from(self._region, digests.random_int(64))
        ids.check("userPoolId", new_id, ids.POOL_ID)
        refuse_unenforced(spec)
        now = self._clock()
        # Caches are kept under these numbers: a pool that is made anew under its old ID must not meet its own past.
        version, keys_version = digests.random_int(30), digests.random_int(30)
        pool = replace(UserPool.create(spec, pool_id=new_id, now=now), version=version, keys_version=keys_version)
        keys = self._keys.make()

        def add(unit: Unit) -> None:
            unit.pools.add(pool)
            self._keys.add(unit, pool.id, keys, "current", now)

        self._units.write(add)
        audit.record("pool_created", pool_id=pool.id)
        return pool

    def describe(self, pool_id: str) -> UserPool:
        """Raises:
        ResourceNotFound: no such pool.
        """
        return self._units.read(lambda unit: existing_pool(unit, pool_id))

    def described(self, pool_id: str) -> DescribedPool:
        """The pool with what is counted and looked up beside it (DescribeUserPool).

        Raises:
            ResourceNotFound: no such pool.
        """

        def look(unit: Unit) -> DescribedPool:
            pool = existing_pool(unit, pool_id)
            return DescribedPool(pool, unit.users.count(pool_id), unit.domains.of_pool(pool_id))

        return self._units.read(look)

    def all(self) -> list[UserPool]:
        return self._units.read(lambda unit: unit.pools.all())

    def page(self, *, after: str = "", limit: int) -> list[UserPool]:
        """At most ``limit`` pools in the order of their IDs, beginning behind ``after`` (ListUserPools)."""
        return self._units.read(lambda unit: unit.pools.page(after=after, limit=limit))

    def user_count(self, pool_id: str) -> int:
        """How many users the pool has (EstimatedNumberOfUsers)."""
        return self._units.read(lambda unit: unit.users.count(pool_id))

    def replace(self, pool_id: str, spec: PoolSpec, *, expected_version: int | None = None) -> UserPool:
        """The pool after an update (UpdateUserPool: replacement, with the exceptions of ``UserPool.replace``).

        With ``expected_version``, only if nobody changed the pool since it was described.

        Raises:
            ResourceNotFound, ConcurrentModification, and whatever ``UserPool.replace`` raises.
        """

        def change(unit: Unit) -> UserPool:
            pool = existing_pool(unit, pool_id, hold=True)
            refuse_unenforced(spec)
            if expected_version not in {None, pool.version}:
                raise ConcurrentModification(_CHANGED)
            in_use = _higher_features_of(unit, pool_id) if pool.is_downgraded_by(spec) else ()
            return store(unit, pool, pool.replace(spec, now=self._clock(), in_use=in_use))

        pool = self._units.write(change)
        audit.record("pool_changed", pool_id=pool_id)
        return pool

    def add_custom_attributes(self, pool_id: str, attributes: Iterable[SchemaAttribute]) -> UserPool:
        """The pool with more custom attributes (AddCustomAttributes); of two calls at once both count.

        Raises:
            ResourceNotFound, and whatever ``UserPool.add_custom_attributes`` raises.
        """
        additions = tuple(attributes)

        def change(unit: Unit) -> UserPool:
            pool = existing_pool(unit, pool_id, hold=True)
            return store(unit, pool, pool.add_custom_attributes(additions, now=self._clock()))

        pool = self._units.write(change)
        audit.record("pool_changed", pool_id=pool_id)
        return pool

    def delete(self, pool_id: str) -> None:
        """Delete the pool with everything in it (DeleteUserPool).

        Raises:
            ResourceNotFound: no such pool.
            InvalidParameter: deletion protection is active, or the pool has a domain.
        """

        def change(unit: Unit) -> None:
            existing_pool(unit, pool_id, hold=True).check_deletable()
            unit.pools.hold_alone(pool_id)
            if unit.domains.of_pool(pool_id):
                raise InvalidParameter(_HAS_DOMAIN)
            unit.pools.delete(pool_id)

        self._units.write(change)
        audit.record("pool_deleted", pool_id=pool_id)

    def forget_sessions(self, pool_id: str) -> None:
        """Every token session, code and SSO session begun before now is dead: after a restore (ATM-13).

        Raises:
            ResourceNotFound: no such pool.
        """

        def change(unit: Unit) -> None:
            existing_pool(unit, pool_id)
            unit.pools.forget_sessions(pool_id, self._clock())
            unit.sso_sessions.end_of_pool(pool_id)
            unit.challenge_sessions.end_of_pool(pool_id)
            unit.verification_codes.drop_of_pool(pool_id)

        self._units.write(change)
        audit.record("sessions_forgotten", pool_id=pool_id)


def _higher_features_of(unit: Unit, pool_id: str) -> Iterator[str]:
    """What clients and domains of the pool use, and LITE pools do not have."""
    clients = unit.app_clients.all(pool_id)
    if any(client.rotation_enabled for client in clients):
        yield pool_rules.ROTATION
    if any("ALLOW_USER_AUTH" in (client.spec.explicit_auth_flows or ()) for client in clients):
        yield pool_rules.PASSWORDLESS
    if any(domain.managed_login_version == 2 for domain in unit.domains.of_pool(pool_id)):
        yield pool_rules.MANAGED_LOGIN_2


def store(unit: Unit, before: UserPool, after: UserPool) -> UserPool:
    """The pool that replaces another one.

    Raises:
        ConcurrentModification: somebody else changed it meanwhile.
    """
    if not unit.pools.replace(after, before.version):
        raise ConcurrentModification(_CHANGED)
    return after


def refuse_unenforced(spec: PoolSpec) -> None:
    """A protection that nothing enforces yet must not look as if it were on (OPS-4).

    Raises:
        InvalidParameter: the spec asks for one.
    """
    if spec.password_policy is not None and spec.password_policy.password_history_size:
        raise InvalidParameter("PasswordHistorySize: this release keeps no password history, so only 0 is accepted.")
    add_ons = spec.add_ons or {}
    mode = add_ons.get("AdvancedSecurityMode", "OFF")
    if mode not in {"OFF", "AUDIT"} or add_ons.get("AdvancedSecurityAdditionalFlows"):
        raise InvalidParameter(
            "UserPoolAddOns: this release keeps a record of sign-ins and acts on none, so only an AdvancedSecurityMode "
            "of OFF or AUDIT is accepted."
        )
    if (spec.key_configuration or {}).get("KeyType", "AWS_OWNED_KEY") != "AWS_OWNED_KEY":
        raise InvalidParameter(
            "KeyConfiguration: this release encrypts with the sealing keys of the site, so only AWS_OWNED_KEY is "
            "accepted."
        )
