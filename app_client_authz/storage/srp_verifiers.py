"""The sealed verifiers of users' passwords: in the user's row, read by nobody but who runs SRP."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, select, update

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain.credentials import Credentials, SrpVerifier
from app_client_authz.domain.srp import SALT_BYTES
from app_client_authz.storage.tables import pools, users

_VALUE_BYTES = 384
_FIND = select(users.c.sealed_srp).where(users.c.sub == bindparam("sub"))
_DROP = (
    update(users)
    .where(users.c.pool_id == bindparam("of_pool"), users.c.sealed_srp.is_not(None))
    .values(sealed_srp=None)
)


class SrpVerifiers:
    """Keyed by ``sub``. Written with the password, by ``Users``."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def find(self, sub: str) -> SrpVerifier | None:
        """None for a user without one, and for nobody.

        Raises:
            SealError: sealed under a key that we do not have.
        """
        sealed = self._connection.execute(_FIND, {"sub": sub}).scalar_one_or_none()
        if sealed is None:
            return None
        clear = self._sealer.open(sealed, row=_identity(sub))
        return SrpVerifier(int.from_bytes(clear[:SALT_BYTES], "big"), int.from_bytes(clear[SALT_BYTES:], "big"))

    def drop_of_pool(self, pool_id: str) -> None:
        """No user of the pool has one any more; whoever does that holds the pool's row."""
        self._connection.execute(_DROP, {"of_pool": pool_id})

    def reseal(self, after: str, *, limit: int) -> tuple[str | None, int]:
        """Seal anew what is not under the first sealing key, of the ``limit`` users behind the ``sub`` ``after``.

        Returns:
            The last ``sub`` that was looked at, None at the end; and how many verifiers were under another key.
        """
        rows = self._connection.execute(
            select(users.c.sub, users.c.sealed_srp)
            .where(users.c.sub > after, users.c.sealed_srp.is_not(None))
            .order_by(users.c.sub)
            .limit(limit)
            .with_for_update()
        ).all()
        resealed = 0
        for sub, sealed in rows:
            if self._sealer.needs_reseal(sealed):
                clear = self._sealer.open(sealed, row=_identity(sub))
                anew = self._sealer.seal(clear, row=_identity(sub))
                self._connection.execute(update(users).where(users.c.sub == sub).values(sealed_srp=anew))
                resealed += 1
        return (rows[-1].sub if rows else None), resealed


def kept(
    sealer: Sealer, sub: str, credentials: Credentials | None, *, pool_id: str | ColumnElement[str] = users.c.pool_id
) -> Any:
    """What goes into the row of the user beside the password's hash.

    The verifier, sealed, if a client of the pool allows SRP at the moment when the row is written: whoever ends that
    holds the pool's row, and so finds this verifier, or is found by it. None otherwise.
    """
    if credentials is None or credentials.srp is None:
        return None
    verifier = credentials.srp
    clear = verifier.salt.to_bytes(SALT_BYTES, "big") + verifier.value.to_bytes(_VALUE_BYTES, "big")
    keeps = select(pools.c.keeps_verifiers).where(pools.c.id == pool_id).with_for_update(read=True).scalar_subquery()
    return case((keeps, sealer.seal(clear, row=_identity(sub))), else_=None)


def _identity(sub: str) -> str:
    return f"authz_users/sealed_srp/{sub}"
