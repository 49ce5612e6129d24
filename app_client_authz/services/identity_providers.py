"""External identity providers of a pool: stored and listed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import DuplicateProvider, InvalidParameter, LimitExceeded, ResourceNotFound
from app_client_authz.domain.identity_provider import MAX_PER_POOL, IdentityProvider, ListedProvider
from app_client_authz.services import audit
from app_client_authz.services.pools import existing_pool
from app_client_authz.storage.unit import Unit, Units


@dataclass(frozen=True, slots=True)
class ProviderChange:
    """What a request says of a provider; None: nothing."""

    details: Mapping[str, str] | None = field(default=None, repr=False)
    attribute_mapping: Mapping[str, str] | None = None
    identifiers: tuple[str, ...] | None = None
    acr_mapping: Mapping[str, str] | None = None


class IdentityProviders:
    """Create, describe, list, update, delete. Nothing is fetched from a provider: the server works offline."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def create(self, pool_id: str, name: str, provider_type: str, given: ProviderChange) -> IdentityProvider:
        """A new provider (CreateIdentityProvider).

        Raises:
            ResourceNotFound: no such pool.
            InvalidParameter, UnsupportedIdentityProvider: as ``IdentityProvider.create``; or another provider of
                the pool has one of the identifiers.
            DuplicateProvider: the pool has a provider of that name.
            LimitExceeded: the pool has 300 already.
        """

        def add(unit: Unit) -> IdentityProvider:
            existing_pool(unit, pool_id, hold=True)
            provider = IdentityProvider.create(
                pool_id=pool_id,
                name=name,
                provider_type=provider_type,
                details=given.details or {},
                attribute_mapping=given.attribute_mapping,
                identifiers=given.identifiers,
                acr_mapping=given.acr_mapping,
                now=self._clock(),
            )
            if not unit.identity_providers.add(provider):
                raise DuplicateProvider(f"{name} already exists in user pool {pool_id}.")
            if unit.identity_providers.count(pool_id) > MAX_PER_POOL:
                raise LimitExceeded(f"A user pool has at most {MAX_PER_POOL} identity providers.")
            _set_identifiers(unit, provider)
            return provider

        provider = self._units.write(add)
        audit.record("identity_provider_created", pool_id=pool_id, provider=name)
        return provider

    def describe(self, pool_id: str, name: str) -> IdentityProvider:
        """Raises:
        ResourceNotFound: no such pool or provider.
        """

        def look(unit: Unit) -> IdentityProvider:
            existing_pool(unit, pool_id)
            return _existing(unit.identity_providers.find(pool_id, name), name)

        return self._units.read(look)

    def describe_by_identifier(self, pool_id: str, identifier: str) -> IdentityProvider:
        """The provider that has the identifier (GetIdentityProviderByIdentifier).

        Raises:
            ResourceNotFound: no such pool, or no provider of it has that identifier.
        """

        def look(unit: Unit) -> IdentityProvider:
            existing_pool(unit, pool_id)
            return _existing(unit.identity_providers.find_by_identifier(pool_id, identifier), identifier)

        return self._units.read(look)

    def page(self, pool_id: str, *, after: str = "", limit: int) -> list[ListedProvider]:
        """At most ``limit`` providers in the order of their names (ListIdentityProviders).

        Raises:
            ResourceNotFound: no such pool.
        """

        def look(unit: Unit) -> list[ListedProvider]:
            existing_pool(unit, pool_id)
            return unit.identity_providers.page(pool_id, after=after, limit=limit)

        return self._units.read(look)

    def update(self, pool_id: str, name: str, given: ProviderChange) -> IdentityProvider:
        """The provider after UpdateIdentityProvider: what is not given stays, what is empty is cleared.

        Raises:
            ResourceNotFound: no such pool or provider.
            InvalidParameter: as ``IdentityProvider.replace``; or another provider has one of the identifiers.
        """

        def change(unit: Unit) -> IdentityProvider:
            existing_pool(unit, pool_id)
            before = _existing(unit.identity_providers.find(pool_id, name, for_update=True), name)
            after = before.replace(
                details=given.details,
                attribute_mapping=given.attribute_mapping,
                identifiers=given.identifiers,
                acr_mapping=given.acr_mapping,
                now=self._clock(),
            )
            unit.identity_providers.replace(after)
            if given.identifiers is not None:
                _set_identifiers(unit, after)
            return after

        provider = self._units.write(change)
        audit.record("identity_provider_changed", pool_id=pool_id, provider=name)
        return provider

    def delete(self, pool_id: str, name: str) -> None:
        """Delete the provider; clients that list it keep the name until they are updated (DeleteIdentityProvider).

        Raises:
            ResourceNotFound: no such pool or provider.
        """

        def change(unit: Unit) -> None:
            existing_pool(unit, pool_id)
            if not unit.identity_providers.delete(pool_id, name):
                raise _unknown(name)

        self._units.write(change)
        audit.record("identity_provider_deleted", pool_id=pool_id, provider=name)


def _set_identifiers(unit: Unit, provider: IdentityProvider) -> None:
    taken = unit.identity_providers.set_identifiers(provider)
    if taken is not None:
        raise InvalidParameter(f"IdpIdentifier {taken} is used by another identity provider of the user pool.")


def _existing(provider: IdentityProvider | None, name: str) -> IdentityProvider:
    if provider is None:
        raise _unknown(name)
    return provider


def _unknown(name: str) -> ResourceNotFound:
    return ResourceNotFound(f"Identity provider {name} does not exist.")
