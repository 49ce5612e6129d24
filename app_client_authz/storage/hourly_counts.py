"""How often an account did something in the last hour: counters that two threads cannot cheat (LCK-5 to LCK-7)."""

from sqlalchemy import ColumnElement, Connection, update

from app_client_authz.storage.attempts import Account
from app_client_authz.storage.insert_once import hold
from app_client_authz.storage.tables import hourly_counts as table

HOUR = 3_600


class HourlyCounts:
    """Keyed by account and action; an hour begins with what is counted first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, account: Account, action: str, *, limit: int, now: float) -> bool:
        """Count one more, unless the hour has ``limit`` already; False then.

        Nobody else counts for the account and action until the transaction ends.
        """
        row = hold(
            self._connection, table, pool_id=account.pool_id, account=account.key, action=action, used=0, since=now
        )
        used, since = (0, now) if row.since <= now - HOUR else (row.used, row.since)
        if used >= limit:
            return False
        self._connection.execute(update(table).where(*self._own(account, action)).values(used=used + 1, since=since))
        return True

    def give_back(self, account: Account, action: str) -> None:
        """One that was taken does not count after all; nothing, if its hour is over and the next one is empty."""
        self._connection.execute(
            update(table).where(*self._own(account, action), table.c.used > 0).values(used=table.c.used - 1)
        )

    @staticmethod
    def _own(account: Account, action: str) -> tuple[ColumnElement[bool], ...]:
        return table.c.pool_id == account.pool_id, table.c.account == account.key, table.c.action == action
