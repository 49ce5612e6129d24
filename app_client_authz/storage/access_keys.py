"""Access keys, their secrets sealed."""

import json

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.engine import Row

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain.access_key import AccessKey
from app_client_authz.storage.tables import access_keys

_FIND = select(access_keys).where(access_keys.c.id == bindparam("id"))


def access_key_identity(key_id: str) -> str:
    """What a sealed secret is bound to."""
    return f"authz_access_keys/secret/{key_id}"


class AccessKeys:
    """Keyed by access key ID."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def find(self, key_id: str) -> tuple[AccessKey, str] | None:
        """The key and its secret."""
        row = self._connection.execute(_FIND, {"id": key_id}).one_or_none()
        if row is None:
            return None
        return _key_of(row), self._sealer.open(row.sealed_secret, row=access_key_identity(key_id)).decode()

    def all(self) -> list[AccessKey]:
        statement = select(access_keys).order_by(access_keys.c.created_at, access_keys.c.id)
        return [_key_of(row) for row in self._connection.execute(statement)]

    def any(self) -> bool:
        return self._connection.execute(select(access_keys.c.id).limit(1)).first() is not None

    def add(self, key: AccessKey, secret: str) -> None:
        self._connection.execute(
            insert(access_keys).values(
                id=key.id,
                sealed_secret=self._sealer.seal(secret, row=access_key_identity(key.id)),
                description=key.description,
                read_only=key.read_only,
                pool_ids=None if key.pool_ids is None else json.dumps(sorted(key.pool_ids)),
                created_at=key.created_at,
            )
        )

    def reseal(self, key_id: str) -> int:
        """Seal a secret anew if it is not under the first sealing key; 1 if it was not."""
        statement = select(access_keys.c.sealed_secret).where(access_keys.c.id == key_id).with_for_update()
        sealed = self._connection.execute(statement).scalar_one_or_none()
        if sealed is None or not self._sealer.needs_reseal(sealed):
            return 0
        row = access_key_identity(key_id)
        anew = self._sealer.seal(self._sealer.open(sealed, row=row), row=row)
        hit = update(access_keys).where(access_keys.c.id == key_id).values(sealed_secret=anew)
        return self._connection.execute(hit).rowcount

    def delete(self, key_id: str) -> bool:
        return self._connection.execute(delete(access_keys).where(access_keys.c.id == key_id)).rowcount == 1


def _key_of(row: Row[tuple[object, ...]]) -> AccessKey:
    return AccessKey(
        id=row.id,
        description=row.description,
        read_only=row.read_only,
        pool_ids=None if row.pool_ids is None else frozenset(json.loads(row.pool_ids)),
        created_at=row.created_at,
    )
