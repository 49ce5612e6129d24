"""Secrets of authenticator apps, sealed (SEC-11)."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, select, update

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.storage.insert_once import hold
from app_client_authz.storage.tables import software_tokens as table

_FIND = select(table).where(table.c.sub == bindparam("sub"))
_NEVER = -1


@dataclass(frozen=True, slots=True)
class SoftwareToken:
    """The app that counts, and the one that is being set up; ``last_step`` is of the last code that was used."""

    secret: bytes | None = field(repr=False)
    pending: bytes | None = field(repr=False)
    last_step: int


class SoftwareTokens:
    """Keyed by ``sub``. Hold the user's row before anything is written: the user's own row says what is active."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def find(self, sub: str) -> SoftwareToken | None:
        """Raises:
        SealError: sealed under a key that we do not have.
        """
        row = self._connection.execute(_FIND, {"sub": sub}).one_or_none()
        if row is None:
            return None
        return SoftwareToken(
            self._open(row.sealed_secret, _secret(sub)), self._open(row.sealed_pending, _pending(sub)), row.last_step
        )

    def associate(self, sub: str, secret: bytes) -> None:
        """A secret that is being set up, in place of any other such; the one that counts stays."""
        hold(self._connection, table, sub=sub, sealed_secret=None, last_step=_NEVER, sealed_pending=None)
        sealed = self._sealer.seal(secret, row=_pending(sub))
        self._connection.execute(update(table).where(table.c.sub == sub).values(sealed_pending=sealed))

    def activate(self, sub: str, secret: bytes, step: int) -> None:
        """The secret counts from now on, and its code of ``step`` is used."""
        sealed = self._sealer.seal(secret, row=_secret(sub))
        self._connection.execute(
            update(table).where(table.c.sub == sub).values(sealed_secret=sealed, last_step=step, sealed_pending=None)
        )

    def use(self, sub: str, step: int) -> bool:
        """True for exactly one caller: a code works once, and none before it works any more (R24)."""
        hit = (
            update(table)
            .where(table.c.sub == sub, table.c.sealed_secret.is_not(None), table.c.last_step < step)
            .values(last_step=step)
        )
        return self._connection.execute(hit).rowcount == 1

    def delete(self, sub: str) -> None:
        self._connection.execute(delete(table).where(table.c.sub == sub))

    def reseal(self, after: str, *, limit: int) -> tuple[str | None, int]:
        """Seal anew what is not under the first sealing key, of the ``limit`` users behind the ``sub`` ``after``.

        Returns:
            The last ``sub`` that was looked at, None at the end; and how many secrets were under another key.
        """
        rows = self._connection.execute(
            select(table).where(table.c.sub > after).order_by(table.c.sub).limit(limit).with_for_update()
        ).all()
        resealed = 0
        for row in rows:
            anew = {
                "sealed_secret": self._anew(row.sealed_secret, _secret(row.sub)),
                "sealed_pending": self._anew(row.sealed_pending, _pending(row.sub)),
            }
            values = {name: value for name, value in anew.items() if value is not None}
            if values:
                self._connection.execute(update(table).where(table.c.sub == row.sub).values(**values))
                resealed += len(values)
        return (rows[-1].sub if rows else None), resealed

    def _open(self, sealed: str | None, identity: str) -> bytes | None:
        return None if sealed is None else self._sealer.open(sealed, row=identity)

    def _anew(self, sealed: str | None, identity: str) -> str | None:
        if sealed is None or not self._sealer.needs_reseal(sealed):
            return None
        return self._sealer.seal(self._sealer.open(sealed, row=identity), row=identity)


def _secret(sub: str) -> str:
    return f"authz_software_tokens/sealed_secret/{sub}"


def _pending(sub: str) -> str:
    return f"authz_software_tokens/sealed_pending/{sub}"
