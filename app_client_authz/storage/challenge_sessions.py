"""The rows behind the steps of a sign-in."""

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select, update

from app_client_authz.domain.challenge import PASSWORD_VERIFIER, StepState
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.tables import app_clients
from app_client_authz.storage.tables import challenge_sessions as table

_WAITING_AT_MOST = 10
SPENT_PROOF = PASSWORD_VERIFIER
"""What stays until it expires, whatever ends: an SRP proof that was used must never count again."""


@dataclass(frozen=True, slots=True)
class ChallengeSession:
    """Who has to answer which challenge at which client until when (epoch seconds).

    ``sub`` is None where nobody can answer. A proof that was spent has no ``state``.
    """

    client_id: str
    sub: str | None
    challenge: str
    created_at: float
    expires_at: float
    consumed_at: float | None = None
    state: StepState | None = None


class ChallengeSessions:
    """Keyed by the digest of the session string (hexadecimal)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, digest: str, session: ChallengeSession) -> None:
        self._connection.execute(
            insert(table).values(
                digest=bytes.fromhex(digest),
                client_id=session.client_id,
                sub=session.sub,
                challenge=session.challenge,
                state=None if session.state is None else json.dumps(asdict(session.state), separators=(",", ":")),
                created_at=session.created_at,
                expires_at=session.expires_at,
                consumed_at=None,
            )
        )

    def find(self, digest: str) -> ChallengeSession | None:
        row = self._connection.execute(
            select(
                table.c.client_id,
                table.c.sub,
                table.c.challenge,
                table.c.created_at,
                table.c.expires_at,
                table.c.consumed_at,
                table.c.state,
            ).where(table.c.digest == bytes.fromhex(digest))
        ).one_or_none()
        return None if row is None else ChallengeSession(*row[:-1], state=_read_state(row.state))

    def waiting(self, client_id: str, sub: str, challenge: str, now: float) -> list[tuple[str, ChallengeSession]]:
        """Digests and sessions that the user has yet to answer at the client, newest first; not all of many."""
        digests = self._connection.execute(
            select(table.c.digest)
            .where(
                table.c.sub == sub,
                table.c.client_id == client_id,
                table.c.challenge == challenge,
                table.c.consumed_at.is_(None),
                table.c.expires_at > now,
            )
            .order_by(table.c.created_at.desc())
            .limit(_WAITING_AT_MOST)
        ).scalars()
        found = [(digest.hex(), self.find(digest.hex())) for digest in map(bytes, digests.all())]
        return [(digest, session) for digest, session in found if session is not None]

    def consume(self, digest: str, now: float) -> bool:
        """True for exactly one caller, and only before it expires (R24)."""
        hit = (
            update(table)
            .where(table.c.digest == bytes.fromhex(digest), table.c.consumed_at.is_(None), table.c.expires_at > now)
            .values(consumed_at=now)
        )
        return self._connection.execute(hit).rowcount == 1

    def spend(self, digest: str, session: ChallengeSession) -> bool:
        """Note that a proof was used: True for exactly one caller, however often it is presented (API-3)."""
        return insert_once(
            self._connection,
            table,
            digest=bytes.fromhex(digest),
            client_id=session.client_id,
            sub=session.sub,
            challenge=SPENT_PROOF,
            created_at=session.created_at,
            expires_at=session.expires_at,
            consumed_at=session.created_at,
        )

    def end_of_pool(self, pool_id: str) -> None:
        clients = select(app_clients.c.client_id).where(app_clients.c.pool_id == pool_id)
        self._connection.execute(delete(table).where(table.c.client_id.in_(clients), table.c.challenge != SPENT_PROOF))

    def end_of_user(self, sub: str) -> None:
        self._connection.execute(delete(table).where(table.c.sub == sub, table.c.challenge != SPENT_PROOF))


def _read_state(text: str | None) -> StepState | None:
    if text is None:
        return None
    plain = json.loads(text)
    return StepState(**{**plain, "offered": tuple(plain["offered"])})
