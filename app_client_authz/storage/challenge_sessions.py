"""The rows behind the steps of a sign-in."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from app_client_authz.storage.tables import app_clients
from app_client_authz.storage.tables import challenge_sessions as table


@dataclass(frozen=True, slots=True)
class ChallengeSession:
    """Who has to answer which challenge at which client until when (epoch seconds)."""

    client_id: str
    sub: str
    challenge: str
    created_at: float
    expires_at: float
    consumed_at: float | None = None


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
            ).where(table.c.digest == bytes.fromhex(digest))
        ).one_or_none()
        return None if row is None else ChallengeSession(*row)

    def consume(self, digest: str, now: float) -> bool:
        """True for exactly one caller, and only before it expires (R24)."""
        hit = (
            update(table)
            .where(table.c.digest == bytes.fromhex(digest), table.c.consumed_at.is_(None), table.c.expires_at > now)
            .values(consumed_at=now)
        )
        return self._connection.execute(hit).rowcount == 1

    def end_of_pool(self, pool_id: str) -> None:
        clients = select(app_clients.c.client_id).where(app_clients.c.pool_id == pool_id)
        self._connection.execute(delete(table).where(table.c.client_id.in_(clients)))

    def end_of_user(self, sub: str) -> None:
        self._connection.execute(delete(table).where(table.c.sub == sub))
