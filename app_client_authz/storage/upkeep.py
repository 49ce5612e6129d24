"""Clearing what is over, in small batches (ATM-17); the canary; sealing everything anew."""

import json

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_, update

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain.lifetimes import LONGEST_TOKEN_SECONDS
from app_client_authz.domain.lockout import LONGEST_LOCK_SECONDS, QUIET_SECONDS
from app_client_authz.storage import tables
from app_client_authz.storage.app_clients import secret_identity
from app_client_authz.storage.hourly_counts import HOUR
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.keys import private_key_identity
from app_client_authz.storage.messages import DAY

CANARY = "authz_canary/sealed/1"


class Upkeep:
    """What no request needs."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def prune(self, now: float, *, limit: int, events_until: float) -> dict[str, int]:
        """Delete at most ``limit`` rows of each kind that are over, and of what users did until then on record; table
        → how many.

        A token session stays until the last access token refreshed from it is over, with all its superseded
        refresh tokens: reuse detection and userInfo need them until then.
        """
        over: dict[Table, ColumnElement[bool]] = {
            tables.token_sessions: tables.token_sessions.c.expires_at <= now - LONGEST_TOKEN_SECONDS,
            # An hour beyond its own expiry: a late replay of a consumed code still revokes what it gave.
            tables.codes: tables.codes.c.expires_at <= now - 3600,
            tables.sso_sessions: tables.sso_sessions.c.expires_at <= now,
            tables.challenge_sessions: tables.challenge_sessions.c.expires_at <= now,
            tables.attempts: tables.attempts.c.last_attempt_at <= now - LONGEST_LOCK_SECONDS - QUIET_SECONDS,
            tables.signing_keys: tables.signing_keys.c.published_until <= now,
            # An expired code is still told from a wrong one for a while.
            tables.verification_codes: tables.verification_codes.c.expires_at <= now - DAY,
            tables.hourly_counts: tables.hourly_counts.c.since <= now - HOUR,
            tables.messages: tables.messages.c.sent_at <= now - DAY,
            tables.auth_events: tables.auth_events.c.created_at <= events_until,
        }
        return {table.name: self._delete(table, condition, limit) for table, condition in over.items()}

    def _delete(self, table: Table, condition: ColumnElement[bool], limit: int) -> int:
        key = tuple_(*table.primary_key.columns)
        batch = select(*table.primary_key.columns).where(condition).limit(limit)
        return self._connection.execute(delete(table).where(key.in_(batch))).rowcount

    def add_canary(self, secret: bytes) -> None:
        """Seal the secret of a database that has none; whoever comes second changes nothing."""
        insert_once(self._connection, tables.canary, id=1, sealed=self._sealer.seal(secret, row=CANARY))

    def reseal_canary(self) -> None:
        """Seal the same secret under the present first key."""
        held = self._connection.execute(select(tables.canary.c.sealed).with_for_update()).scalar_one_or_none()
        anew = None if held is None else self._anew(held, CANARY)
        if anew is not None:
            self._connection.execute(update(tables.canary).values(sealed=anew))

    def canary(self) -> str | None:
        """The sealed canary; None in a database that never saw one."""
        return self._connection.execute(select(tables.canary.c.sealed)).scalar_one_or_none()

    def open_canary(self) -> bytes | None:
        """The secret in it; None in a database that never saw one.

        Raises:
            SealError: none of the sealing keys is the one this database was sealed with.
        """
        sealed = self.canary()
        return None if sealed is None else self._sealer.open(sealed, row=CANARY)

    def sealed_rows(self) -> tuple[list[str], list[str]]:
        """What holds sealed values: the kids of signing keys, the IDs of app clients."""
        kids = self._connection.execute(select(tables.signing_keys.c.kid)).scalars()
        clients = self._connection.execute(select(tables.app_clients.c.client_id)).scalars()
        return list(kids), list(clients)

    def reseal_key(self, kid: str) -> int:
        """Seal a private key anew if it is not under the first sealing key; 1 if it was not."""
        table = tables.signing_keys
        row = self._connection.execute(
            select(table.c.pool_id, table.c.sealed_private_key).where(table.c.kid == kid).with_for_update()
        ).one_or_none()
        sealed = None if row is None else self._anew(row.sealed_private_key, private_key_identity(row.pool_id, kid))
        if sealed is None:
            return 0
        hit = update(table).where(table.c.kid == kid).values(sealed_private_key=sealed)
        return self._connection.execute(hit).rowcount

    def reseal_secrets(self, client_id: str) -> int:
        """The same for the secrets of a client; how many there were.

        The version moves: who read the client before would write the old sealed values back.
        """
        table = tables.app_clients
        secrets = self._connection.execute(
            select(table.c.secrets).where(table.c.client_id == client_id).with_for_update()
        ).scalar_one_or_none()
        entries = json.loads(secrets or "[]")
        resealed = 0
        for entry in entries:
            if sealed := self._anew(entry["sealed"], secret_identity(client_id, entry["id"])):
                entry["sealed"] = sealed
                resealed += 1
        if resealed:
            anew = json.dumps(entries, separators=(",", ":"))
            self._connection.execute(
                update(table).where(table.c.client_id == client_id).values(secrets=anew, version=table.c.version + 1)
            )
        return resealed

    def _anew(self, sealed: str, row: str) -> str | None:
        if not self._sealer.needs_reseal(sealed):
            return None
        return self._sealer.seal(self._sealer.open(sealed, row=row), row=row)
