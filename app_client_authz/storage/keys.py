"""Signing keys, private parts sealed."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.storage.tables import pools, signing_keys


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key without its private part. ``published_until`` is an epoch second, None while in use."""

    kid: str
    pool_id: str
    purpose: str
    state: str
    public_jwk: dict[str, str]
    created_at: float
    published_until: float | None


_RING = (
    select(signing_keys, pools.c.keys_version)
    .join_from(pools, signing_keys, isouter=True)
    .where(pools.c.id == bindparam("pool_id"))
    # Published order: the ID key first, then the access key; within each, the current one first.
    .order_by(signing_keys.c.purpose.desc(), signing_keys.c.state, signing_keys.c.created_at, signing_keys.c.kid)
)


def private_key_identity(pool_id: str, kid: str) -> str:
    """What a sealed private key is bound to."""
    return f"authz_signing_keys/sealed_private_key/{pool_id}/{kid}"


class SigningKeys:
    """Keyed by pool and kid."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def ring(self, pool_id: str) -> tuple[int, list[tuple[StoredKey, str]]] | None:
        """``keys_version`` of the pool and its keys with their sealed private parts; None without the pool."""
        rows = self._connection.execute(_RING, {"pool_id": pool_id}).all()
        if not rows:
            return None
        keys = [
            (
                StoredKey(
                    row.kid,
                    row.pool_id,
                    row.purpose,
                    row.state,
                    json.loads(row.public_jwk),
                    row.created_at,
                    row.published_until,
                ),
                str(row.sealed_private_key),
            )
            for row in rows
            if row.kid is not None
        ]
        return int(rows[0].keys_version), keys

    def open_private_key(self, key: StoredKey, sealed: str) -> bytes:
        return self._sealer.open(sealed, row=private_key_identity(key.pool_id, key.kid))

    def add(self, key: StoredKey, private_pem: bytes) -> None:
        self._connection.execute(
            insert(signing_keys).values(
                kid=key.kid,
                pool_id=key.pool_id,
                purpose=key.purpose,
                state=key.state,
                sealed_private_key=self._sealer.seal(private_pem, row=private_key_identity(key.pool_id, key.kid)),
                public_jwk=json.dumps(key.public_jwk, separators=(",", ":")),
                created_at=key.created_at,
                published_until=key.published_until,
            )
        )

    def move(self, pool_id: str, kid: str, *, state: str, published_until: float | None) -> bool:
        hit = (
            update(signing_keys)
            .where(signing_keys.c.pool_id == pool_id, signing_keys.c.kid == kid)
            .values(state=state, published_until=published_until)
        )
        return self._connection.execute(hit).rowcount == 1

    def delete(self, pool_id: str, kid: str) -> bool:
        hit = delete(signing_keys).where(signing_keys.c.pool_id == pool_id, signing_keys.c.kid == kid)
        return self._connection.execute(hit).rowcount == 1
