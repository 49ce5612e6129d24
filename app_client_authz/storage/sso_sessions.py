"""Browser sign-ins, one row per cookie."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from app_client_authz.domain.sso import SsoSession
from app_client_authz.domain.user import User
from app_client_authz.domain.uuids import octets_of, text_of
from app_client_authz.storage.looks import Looks
from app_client_authz.storage.tables import sso_sessions, users
from app_client_authz.storage.users import GROUP_COLUMNS, USER_COLUMNS, read_user, with_groups

_FIND = with_groups(
    select(
        *USER_COLUMNS,
        sso_sessions.c.id,
        sso_sessions.c.auth_time,
        sso_sessions.c.renewed_at,
        sso_sessions.c.expires_at,
        *GROUP_COLUMNS,
    )
    .select_from(sso_sessions)
    .join(users, users.c.sub == sso_sessions.c.sub)
    .where(sso_sessions.c.digest == bindparam("digest"), sso_sessions.c.pool_id == bindparam("pool_id"))
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An SSO session and its user."""

    session: SsoSession
    user: User


class SsoSessions:
    """Keyed by pool and the digest of the cookie's value (hexadecimal)."""

    def __init__(self, connection: Connection, looks: Looks | None = None) -> None:
        self._connection = connection
        self._looks = looks

    def add(self, digest: str, session: SsoSession) -> None:
        """Raises:
        ValueError: the host keeps the session.
        """
        if session.id is None:
            raise ValueError("a session of the host has no row")
        self._connection.execute(
            insert(sso_sessions).values(
                digest=bytes.fromhex(digest),
                id=octets_of(session.id),
                pool_id=session.pool_id,
                sub=session.sub,
                auth_time=session.auth_time,
                renewed_at=session.renewed_at,
                expires_at=session.expires_at,
            )
        )

    def find(self, pool_id: str, digest: str) -> SignedIn | None:
        rows = self._connection.execute(_FIND, {"pool_id": pool_id, "digest": bytes.fromhex(digest)}).all()
        user = read_user(rows)
        if user is None:
            return None
        if self._looks is not None:
            self._looks.by_sub(pool_id, user.sub)
        row = rows[0]
        session_id, times = text_of(row.id), (row.auth_time, row.renewed_at, row.expires_at)
        return SignedIn(SsoSession(session_id, pool_id, user.sub, user.username, *times), user)

    def renew(self, digest: str, *, now: float, expires_at: float) -> bool:
        hit = (
            update(sso_sessions)
            .where(sso_sessions.c.digest == bytes.fromhex(digest), sso_sessions.c.expires_at > now)
            .values(renewed_at=now, expires_at=expires_at)
        )
        return self._connection.execute(hit).rowcount == 1

    def end(self, digest: str) -> str | None:
        """The sub of whose session it was; None if there was none."""
        hit = delete(sso_sessions).where(sso_sessions.c.digest == bytes.fromhex(digest)).returning(sso_sessions.c.sub)
        return self._connection.execute(hit).scalar_one_or_none()

    def is_there(self, sub: str, session_id: str) -> bool:
        """Whether the user's session of that ID was not ended, whatever its time."""
        return self._connection.execute(select(sso_sessions.c.id).where(*_of(sub, session_id))).first() is not None

    def end_one(self, sub: str, session_id: str) -> bool:
        """End the user's session of that ID; False if there was none."""
        return self._connection.execute(delete(sso_sessions).where(*_of(sub, session_id))).rowcount == 1

    def end_of_user(self, sub: str) -> None:
        self._connection.execute(delete(sso_sessions).where(sso_sessions.c.sub == sub))

    def end_of_pool(self, pool_id: str) -> None:
        self._connection.execute(delete(sso_sessions).where(sso_sessions.c.pool_id == pool_id))


def _of(sub: str, session_id: str) -> tuple[ColumnElement[bool], ...]:
    return sso_sessions.c.sub == sub, sso_sessions.c.id == octets_of(session_id)
