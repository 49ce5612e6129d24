"""User pools."""

import json
from functools import lru_cache

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.pool_codec import pool_spec_from_dict, pool_spec_to_dict
from app_client_authz.storage.tables import pools

POOL_COLUMNS = (
    pools.c.id,
    pools.c.spec,
    pools.c.version,
    pools.c.keys_version,
    pools.c.sessions_valid_from,
    pools.c.keeps_verifiers,
    pools.c.created_at,
    pools.c.updated_at,
)
_FIND = select(*POOL_COLUMNS).where(pools.c.id == bindparam("id"))
# Beside those that only refer to the pool: rows that point to it can come and go.
_HOLD = _FIND.with_for_update(key_share=True)
_HOLD_ALONE = select(pools.c.id).where(pools.c.id == bindparam("id")).with_for_update()
_LIST = select(*POOL_COLUMNS).order_by(pools.c.id)
_PAGE = _LIST.where(pools.c.id > bindparam("after")).limit(bindparam("limit"))
_TOUCH = update(pools).where(pools.c.id == bindparam("b_id")).values(version=pools.c.version + 1)
_TOUCH_KEYS = update(pools).where(pools.c.id == bindparam("b_id")).values(keys_version=pools.c.keys_version + 1)


@lru_cache(maxsize=1024)
def parse_pool(
    pool_id: str,
    spec: str,
    version: int,
    keys_version: int,
    sessions_valid_from: float,
    keeps_verifiers: bool,
    created_at: float,
    updated_at: float,
) -> UserPool:
    """The value of a row. The row itself is the key of the cache, so it can never be stale."""
    return UserPool(
        id=pool_id,
        spec=pool_spec_from_dict(json.loads(spec)),
        created_at=created_at,
        updated_at=updated_at,
        version=version,
        keys_version=keys_version,
        sessions_valid_from=sessions_valid_from,
        keeps_verifiers=keeps_verifiers,
    )


class Pools:
    """Keyed by pool ID."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, pool_id: str) -> UserPool | None:
        row = self._connection.execute(_FIND, {"id": pool_id}).one_or_none()
        return None if row is None else parse_pool(*row)

    def hold(self, pool_id: str) -> UserPool | None:
        """The pool; nobody else changes or holds it until the transaction ends."""
        row = self._connection.execute(_HOLD, {"id": pool_id}).one_or_none()
        return None if row is None else parse_pool(*row)

    def hold_alone(self, pool_id: str) -> None:
        """The same, and nobody adds a row that points to the pool: for its end."""
        self._connection.execute(_HOLD_ALONE, {"id": pool_id}).one_or_none()

    def all(self) -> list[UserPool]:
        return [parse_pool(*row) for row in self._connection.execute(_LIST)]

    def page(self, *, after: str, limit: int) -> list[UserPool]:
        """At most ``limit`` pools in the order of their IDs, beginning behind ``after``."""
        return [parse_pool(*row) for row in self._connection.execute(_PAGE, {"after": after, "limit": limit})]

    def add(self, pool: UserPool) -> None:
        try:
            self._connection.execute(
                insert(pools).values(
                    id=pool.id,
                    name=pool.name,
                    spec=_dump(pool),
                    version=pool.version,
                    keys_version=pool.keys_version,
                    sessions_valid_from=0.0,
                    keeps_verifiers=pool.keeps_verifiers,
                    created_at=pool.created_at,
                    updated_at=pool.updated_at,
                )
            )
        except IntegrityError:
            raise InvalidParameter(f"User pool {pool.id} already exists.") from None

    def replace(self, pool: UserPool, expected_version: int) -> bool:
        """False if somebody else changed the pool since it was read."""
        hit = (
            update(pools)
            .where(pools.c.id == pool.id, pools.c.version == expected_version)
            .values(name=pool.name, spec=_dump(pool), version=expected_version + 1, updated_at=pool.updated_at)
        )
        return self._connection.execute(hit).rowcount == 1

    def touch(self, pool_id: str) -> None:
        """Something that is kept under the pool's version changed; also the lock of pool-wide changes."""
        self._connection.execute(_TOUCH, {"b_id": pool_id})

    def touch_keys(self, pool_id: str) -> bool:
        """The same for its signing keys; False if there is no such pool."""
        return self._connection.execute(_TOUCH_KEYS, {"b_id": pool_id}).rowcount == 1

    def keep_verifiers(self, pool_id: str, keeps: bool) -> None:
        """Whether verifiers are written from now on; whoever says so holds the pool's row."""
        self._connection.execute(update(pools).where(pools.c.id == pool_id).values(keeps_verifiers=keeps))

    def forget_sessions(self, pool_id: str, before: float) -> None:
        """Sessions and codes begun before that instant are dead from now on (ATM-13)."""
        self._connection.execute(update(pools).where(pools.c.id == pool_id).values(sessions_valid_from=before))

    def delete(self, pool_id: str) -> bool:
        return self._connection.execute(delete(pools).where(pools.c.id == pool_id)).rowcount == 1


def _dump(pool: UserPool) -> str:
    return json.dumps(pool_spec_to_dict(pool.spec), separators=(",", ":"))
