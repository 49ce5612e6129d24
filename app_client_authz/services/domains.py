"""Domains of user pools: stored and shown. The URLs of the server are where its host mounted it."""

from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ConcurrentModification, InvalidParameter
from app_client_authz.domain.pool_domain import (
    NO_SUCH_DOMAIN,
    ONE_IS_ENOUGH,
    TAKEN,
    CustomDomain,
    PoolDomain,
    check_name,
)
from app_client_authz.services import audit
from app_client_authz.services.pools import existing_pool
from app_client_authz.storage.unit import Unit, Units


class Domains:
    """Create, find, update, delete."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def create(
        self,
        pool_id: str,
        domain: str,
        *,
        managed_login_version: int | None = None,
        config: CustomDomain | None = None,
    ) -> PoolDomain:
        """A new domain of the pool (CreateUserPoolDomain).

        Raises:
            ResourceNotFound: no such pool.
            InvalidParameter: as ``PoolDomain.create``; or another pool has the domain, or this pool has a domain
                of that kind.
            FeatureUnavailableInTier: as ``PoolDomain.create``.
        """

        def add(unit: Unit) -> PoolDomain:
            made = PoolDomain.create(
                pool=existing_pool(unit, pool_id),
                domain=domain,
                managed_login_version=managed_login_version,
                config=config,
                now=self._clock(),
            )
            if not unit.domains.add(made):
                holder = unit.domains.find(domain)
                raise InvalidParameter(ONE_IS_ENOUGH if holder is None or holder.pool_id == pool_id else TAKEN)
            return made

        made = self._units.write(add)
        audit.record("domain_created", pool_id=pool_id, domain=domain)
        return made

    def find(self, domain: str) -> PoolDomain | None:
        """The domain, whichever pool it belongs to (DescribeUserPoolDomain); None for an unknown one.

        Raises:
            InvalidParameter: no domain can be called so.
        """
        check_name(domain)
        return self._units.read(lambda unit: unit.domains.find(domain))

    def update(
        self,
        pool_id: str,
        domain: str,
        *,
        managed_login_version: int | None = None,
        config: CustomDomain | None = None,
    ) -> PoolDomain:
        """The domain after UpdateUserPoolDomain: what is not given stays.

        Raises:
            ResourceNotFound: no such pool.
            InvalidParameter: the pool has no such domain; or as ``PoolDomain.replace``.
            FeatureUnavailableInTier: as ``PoolDomain.replace``.
            ConcurrentModification: somebody else changed it at the same time.
        """

        def change(unit: Unit) -> PoolDomain:
            pool = existing_pool(unit, pool_id)
            check_name(domain)
            before = unit.domains.find(domain)
            if before is None or before.pool_id != pool_id:
                raise InvalidParameter(NO_SUCH_DOMAIN)
            after = before.replace(pool=pool, managed_login_version=managed_login_version, config=config)
            if not unit.domains.replace(before, after):
                raise ConcurrentModification("The user pool domain was changed by another request.")
            return after

        after = self._units.write(change)
        audit.record("domain_changed", pool_id=pool_id, domain=domain)
        return after

    def delete(self, pool_id: str, domain: str) -> None:
        """Delete the domain; it is free for any pool afterwards (DeleteUserPoolDomain).

        Raises:
            ResourceNotFound: no such pool.
            InvalidParameter: the pool has no such domain.
        """

        def change(unit: Unit) -> None:
            existing_pool(unit, pool_id)
            check_name(domain)
            if not unit.domains.delete(pool_id, domain):
                raise InvalidParameter(NO_SUCH_DOMAIN)

        self._units.write(change)
        audit.record("domain_deleted", pool_id=pool_id, domain=domain)
