"""External identity providers of a pool, their details sealed."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.engine import Row

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain.identity_provider import IdentityProvider, ListedProvider
from app_client_authz.storage import long_secrets
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.tables import identity_providers as table
from app_client_authz.storage.tables import idp_identifiers

_NAMES = select(table.c.name).where(table.c.pool_id == bindparam("pool_id"))


def details_identity(pool_id: str, name: str) -> str:
    """What sealed details are bound to."""
    return f"authz_identity_providers/details/{pool_id}/{name}"


class IdentityProviders:
    """Keyed by pool ID and name."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def names(self, pool_id: str) -> set[str]:
        """What clients of the pool can list beside COGNITO."""
        return set(self._connection.execute(_NAMES, {"pool_id": pool_id}).scalars())

    def count(self, pool_id: str) -> int:
        statement = select(func.count()).where(table.c.pool_id == pool_id)
        return int(self._connection.execute(statement).scalar_one())

    def page(self, pool_id: str, *, after: str = "", limit: int) -> list[ListedProvider]:
        """At most ``limit`` providers in the order of their names, beginning behind ``after``."""
        statement = (
            select(table.c.name, table.c.type, table.c.created_at, table.c.updated_at)
            .where(table.c.pool_id == pool_id, table.c.name > after)
            .order_by(table.c.name)
            .limit(limit)
        )
        return [ListedProvider(*row) for row in self._connection.execute(statement)]

    def find(self, pool_id: str, name: str, *, for_update: bool = False) -> IdentityProvider | None:
        """The provider; ``for_update`` keeps others from changing it until the transaction ends."""
        statement = select(table).where(table.c.pool_id == pool_id, table.c.name == name)
        row = self._connection.execute(statement.with_for_update() if for_update else statement).one_or_none()
        return None if row is None else self._provider_of(row)

    def find_by_identifier(self, pool_id: str, identifier: str) -> IdentityProvider | None:
        statement = (
            select(table)
            .join(
                idp_identifiers,
                (idp_identifiers.c.pool_id == table.c.pool_id) & (idp_identifiers.c.provider_name == table.c.name),
            )
            .where(idp_identifiers.c.pool_id == pool_id, idp_identifiers.c.identifier == identifier)
        )
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else self._provider_of(row)

    def add(self, provider: IdentityProvider) -> bool:
        """False if the pool has a provider of that name. Its identifiers come by ``set_identifiers``."""
        return insert_once(
            self._connection,
            table,
            pool_id=provider.pool_id,
            name=provider.name,
            type=provider.type,
            created_at=provider.created_at,
            **self._values(provider),
        )

    def replace(self, provider: IdentityProvider) -> bool:
        """False if there is none. Its identifiers come by ``set_identifiers``."""
        hit = (
            update(table)
            .where(table.c.pool_id == provider.pool_id, table.c.name == provider.name)
            .values(**self._values(provider))
        )
        return self._connection.execute(hit).rowcount == 1

    def set_identifiers(self, provider: IdentityProvider) -> str | None:
        """Give the provider its identifiers and take all others from it.

        Returns:
            The first one that another provider of the pool has; None if all went well.
        """
        self._connection.execute(
            delete(idp_identifiers).where(
                idp_identifiers.c.pool_id == provider.pool_id, idp_identifiers.c.provider_name == provider.name
            )
        )
        positions = {identifier: position for position, identifier in enumerate(provider.identifiers or ())}
        # In one order for everybody: two transactions never wait for each other.
        for identifier in sorted(positions):
            if not insert_once(
                self._connection,
                idp_identifiers,
                pool_id=provider.pool_id,
                identifier=identifier,
                provider_name=provider.name,
                position=positions[identifier],
            ):
                return identifier
        return None

    def delete(self, pool_id: str, name: str) -> bool:
        """Its identifiers are free afterwards."""
        return (
            self._connection.execute(delete(table).where(table.c.pool_id == pool_id, table.c.name == name)).rowcount
            == 1
        )

    def sealed_rows(self) -> list[tuple[str, str]]:
        """Pool ID and name of every provider there is."""
        return [(row.pool_id, row.name) for row in self._connection.execute(select(table.c.pool_id, table.c.name))]

    def reseal(self, pool_id: str, name: str) -> int:
        """Seal the details anew if they are not under the first sealing key; 1 if they were not."""
        own = (table.c.pool_id == pool_id) & (table.c.name == name)
        sealed = self._connection.execute(
            select(table.c.sealed_details).where(own).with_for_update()
        ).scalar_one_or_none()
        anew = None if sealed is None else long_secrets.anew(self._sealer, sealed, row=details_identity(pool_id, name))
        if anew is None:
            return 0
        return self._connection.execute(update(table).where(own).values(sealed_details=anew)).rowcount

    def _values(self, provider: IdentityProvider) -> dict[str, object]:
        clear = json.dumps(dict(provider.details), separators=(",", ":"))
        spec = {
            "attribute_mapping": _plain(provider.attribute_mapping),
            "acr_mapping": _plain(provider.acr_mapping),
            # The identifiers themselves are rows: here stands whether anybody gave any.
            "has_identifiers": provider.identifiers is not None,
        }
        return {
            "sealed_details": long_secrets.seal(
                self._sealer, clear, row=details_identity(provider.pool_id, provider.name)
            ),
            "spec": json.dumps(spec, separators=(",", ":")),
            "updated_at": provider.updated_at,
        }

    def _provider_of(self, row: Row[Any]) -> IdentityProvider:
        spec = json.loads(row.spec)
        identity = details_identity(row.pool_id, row.name)
        identifiers = None
        if spec["has_identifiers"]:
            statement = (
                select(idp_identifiers.c.identifier)
                .where(idp_identifiers.c.pool_id == row.pool_id, idp_identifiers.c.provider_name == row.name)
                .order_by(idp_identifiers.c.position)
            )
            identifiers = tuple(self._connection.execute(statement).scalars())
        return IdentityProvider(
            pool_id=row.pool_id,
            name=row.name,
            type=row.type,
            details=json.loads(long_secrets.open_(self._sealer, row.sealed_details, row=identity)),
            created_at=row.created_at,
            updated_at=row.updated_at,
            attribute_mapping=spec["attribute_mapping"],
            identifiers=identifiers,
            acr_mapping=spec["acr_mapping"],
        )


def _plain(mapping: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if mapping is None else dict(mapping)
