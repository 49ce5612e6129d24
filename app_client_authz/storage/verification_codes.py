"""Codes that prove an address or reset a password: one row per user and purpose."""

from sqlalchemy import Connection, bindparam, delete, select, update

from app_client_authz.domain.verification import KEPT_SUPERSEDED, PendingCode
from app_client_authz.storage.insert_once import hold
from app_client_authz.storage.tables import users
from app_client_authz.storage.tables import verification_codes as table

_DIGEST_BYTES = 32
_FIND = select(table).where(table.c.sub == bindparam("sub"), table.c.purpose == bindparam("purpose"))


class VerificationCodes:
    """Keyed by ``sub`` and the name of the purpose."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, sub: str, purpose: str, *, digest: bytes, destination: str, now: float, expires_at: float) -> None:
        """The code of that digest is the one that counts; those before it are known to be superseded."""
        fresh = {"digest": digest, "destination": destination, "created_at": now, "expires_at": expires_at}
        row = hold(self._connection, table, sub=sub, purpose=purpose, superseded=b"", **fresh)
        earlier = row.superseded if row.digest == digest else row.digest + row.superseded
        self._connection.execute(
            update(table)
            .where(table.c.sub == sub, table.c.purpose == purpose)
            .values(superseded=earlier[: _DIGEST_BYTES * KEPT_SUPERSEDED], **fresh)
        )

    def find(self, sub: str, purpose: str) -> PendingCode | None:
        row = self._connection.execute(_FIND, {"sub": sub, "purpose": purpose}).one_or_none()
        if row is None:
            return None
        starts = range(0, len(row.superseded), _DIGEST_BYTES)
        superseded = tuple(bytes(row.superseded[start : start + _DIGEST_BYTES]) for start in starts)
        return PendingCode(bytes(row.digest), row.destination, row.expires_at, superseded)

    def consume(self, sub: str, purpose: str, digest: bytes, now: float) -> bool:
        """True for exactly one caller, before the code expires and unless a newer one was sent (ATM-1)."""
        hit = delete(table).where(
            table.c.sub == sub, table.c.purpose == purpose, table.c.digest == digest, table.c.expires_at > now
        )
        return self._connection.execute(hit).rowcount == 1

    def drop_of_pool(self, pool_id: str) -> None:
        """No code of any user of the pool is pending any more."""
        subs = select(users.c.sub).where(users.c.pool_id == pool_id)
        self._connection.execute(delete(table).where(table.c.sub.in_(subs)))

    def drop(self, sub: str, purpose: str) -> None:
        """No such code is pending any more."""
        self._connection.execute(delete(table).where(table.c.sub == sub, table.c.purpose == purpose))
