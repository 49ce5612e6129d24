"""Domains of user pools."""

import json
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.engine import Row

from app_client_authz.domain.pool_domain import CustomDomain, PoolDomain
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.tables import domains as table

_COLUMNS = (table.c.domain, table.c.pool_id, table.c.spec, table.c.created_at)


class Domains:
    """Keyed by the domain, which is unique across pools."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_pool(self, pool_id: str) -> list[PoolDomain]:
        """At most two: the prefix first, then the custom domain."""
        statement = select(*_COLUMNS).where(table.c.pool_id == pool_id).order_by(table.c.custom)
        return [_domain_of(row) for row in self._connection.execute(statement)]

    def find(self, domain: str) -> PoolDomain | None:
        """The domain, whichever pool it belongs to."""
        row = self._connection.execute(select(*_COLUMNS).where(table.c.domain == domain)).one_or_none()
        return None if row is None else _domain_of(row)

    def add(self, domain: PoolDomain) -> bool:
        """False if some pool has the domain, or the pool has one of that kind."""
        return insert_once(
            self._connection,
            table,
            domain=domain.domain,
            pool_id=domain.pool_id,
            custom=domain.custom,
            spec=_dump(domain),
            created_at=domain.created_at,
        )

    def replace(self, before: PoolDomain, after: PoolDomain) -> bool:
        """False if somebody else changed the domain since it was read, or deleted it."""
        hit = (
            update(table)
            .where(table.c.domain == before.domain, table.c.pool_id == before.pool_id, table.c.spec == _dump(before))
            .values(spec=_dump(after))
        )
        return self._connection.execute(hit).rowcount == 1

    def delete(self, pool_id: str, domain: str) -> bool:
        hit = delete(table).where(table.c.domain == domain, table.c.pool_id == pool_id)
        return self._connection.execute(hit).rowcount == 1


def _dump(domain: PoolDomain) -> str:
    spec: dict[str, object] = {"managed_login_version": domain.managed_login_version}
    if domain.config is not None:
        spec["certificate_arn"] = domain.config.certificate_arn
        spec["security_policy"] = domain.config.security_policy
    return json.dumps(spec, separators=(",", ":"))


def _domain_of(row: Row[*tuple[Any, ...]]) -> PoolDomain:
    spec = json.loads(row.spec)
    arn = spec.get("certificate_arn")
    return PoolDomain(
        domain=row.domain,
        pool_id=row.pool_id,
        created_at=row.created_at,
        managed_login_version=spec["managed_login_version"],
        config=None if arn is None else CustomDomain(arn, spec.get("security_policy")),
    )
