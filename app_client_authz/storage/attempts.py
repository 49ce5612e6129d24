"""Failed passwords per account: counters that two threads cannot cheat (R14, LCK-3)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, case, delete, update

from app_client_authz.domain.lockout import QUIET_SECONDS, free_slots, lock_seconds
from app_client_authz.storage.insert_once import hold
from app_client_authz.storage.tables import attempts

_OWN = update(attempts).where(attempts.c.pool_id == bindparam("of_pool"), attempts.c.account == bindparam("of_account"))
_RESERVE = _OWN.values(
    {name: bindparam(name) for name in ("failures", "reserved", "reserved_until", "last_attempt_at")}
)
_RELEASE = _OWN.values(reserved=case((attempts.c.reserved > 0, attempts.c.reserved - 1), else_=0))
_SUCCEED = _RELEASE.values(failures=0, locked_until=0.0, last_attempt_at=bindparam("now"))
_FAIL = _RELEASE.values(
    {name: bindparam(name) for name in ("failures", "locked_until")} | {"last_attempt_at": bindparam("now")}
)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose attempts: a pool, and a user's sub or the keyed digest of a name that nobody has."""

    pool_id: str
    key: str


class Attempts:
    """Every method is meant for a transaction of its own, in which its first statement holds the account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def reserve(self, account: Account, now: float, *, until: float) -> str:
        """``reserved``; ``busy`` while other checks hold all slots; or ``locked``.

        A reservation that is never settled counts as a failure from ``until`` (epoch seconds) on.
        """
        row = self._hold(account, now)
        failures, reserved = row.failures, row.reserved
        if reserved and row.reserved_until <= now:
            failures, reserved = failures + reserved, 0
        # Quiet begins when the lock ends: else the longest lock would wipe out the count that led to it.
        if max(row.last_attempt_at, row.locked_until) <= now - QUIET_SECONDS:
            failures = 0
        if row.locked_until > now:
            return "locked"
        if reserved >= free_slots(failures):
            return "busy"
        self._settle(
            _RESERVE, account, failures=failures, reserved=reserved + 1, reserved_until=until, last_attempt_at=now
        )
        return "reserved"

    def fail(self, account: Account, now: float) -> None:
        """A reserved check came out wrong."""
        row = self._hold(account, now)
        failures = row.failures + 1
        lock = lock_seconds(failures)
        self._settle(_FAIL, account, failures=failures, locked_until=now + lock if lock else row.locked_until, now=now)

    def succeed(self, account: Account, now: float) -> None:
        """A reserved check came out right: the count begins anew."""
        self._settle(_SUCCEED, account, now=now)

    def release(self, account: Account) -> None:
        """A reserved check did not happen."""
        self._settle(_RELEASE, account)

    def clear(self, account: Account) -> None:
        self._connection.execute(
            delete(attempts).where(attempts.c.pool_id == account.pool_id, attempts.c.account == account.key)
        )

    def _hold(self, account: Account, now: float) -> Row[Any]:
        """The account's row, locked until the transaction ends; made when it is the first attempt."""
        return hold(
            self._connection,
            attempts,
            pool_id=account.pool_id,
            account=account.key,
            failures=0,
            reserved=0,
            reserved_until=0.0,
            locked_until=0.0,
            last_attempt_at=now,
        )

    def _settle(self, statement: Update, account: Account, **values: float) -> None:
        self._connection.execute(statement, {"of_pool": account.pool_id, "of_account": account.key, **values})
