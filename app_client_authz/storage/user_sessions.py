"""The active sessions of one user, of both kinds, in the order of their public IDs."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from app_client_authz.domain.user_session import SessionKind, UserSession, parsed
from app_client_authz.domain.uuids import octets_of, text_of
from app_client_authz.storage.tables import app_clients, sso_sessions, token_sessions

_TOKEN_ACTIVE_AT = func.coalesce(token_sessions.c.rotated_at, token_sessions.c.created_at)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose sessions, and since when a sign-in counts (epoch seconds): both bounds are exclusive but ``valid_from``."""

    pool_id: str
    sub: str
    now: float
    valid_from: float
    tokens_after: float
    sso_after: float


class UserSessions:
    """What a user's row is looked up by is indexed; how many other users there are does not matter."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(self, whose: Whose, *, after: str, limit: int) -> list[UserSession]:
        """At most ``limit`` sessions behind the public ID ``after``, the empty text for the first."""
        kind, key = parsed(after) or (SessionKind.SSO, "")
        # Public IDs begin with the kind, and go on in the order of the keys.
        found = []
        if kind is SessionKind.SSO:
            found = self._sso(whose, sso_sessions.c.id > octets_of(key), limit)
            key = ""
        if len(found) < limit:
            found += self._tokens(whose, token_sessions.c.id > octets_of(key), limit - len(found))
        return found

    def find(self, whose: Whose, kind: SessionKind, key: str) -> UserSession | None:
        """The user's active session of that key."""
        if kind is SessionKind.SSO:
            found = self._sso(whose, sso_sessions.c.id == octets_of(key), 1)
        else:
            found = self._tokens(whose, token_sessions.c.id == octets_of(key), 1)
        return next(iter(found), None)

    def least_recently_used(self, whose: Whose, *, keep: int) -> list[str]:
        """The keys of the user's active token sessions without the ``keep`` that were used last."""
        query = (
            select(token_sessions.c.id)
            .where(*_active(whose))
            .order_by(_TOKEN_ACTIVE_AT.desc(), token_sessions.c.id.desc())
            .offset(keep)
        )
        return [text_of(key) for key in self._connection.execute(query).scalars()]

    def _tokens(self, whose: Whose, which: ColumnElement[bool], limit: int) -> list[UserSession]:
        query = select(
            token_sessions.c.id,
            token_sessions.c.client_id,
            token_sessions.c.created_at,
            _TOKEN_ACTIVE_AT.label("active_at"),
            token_sessions.c.sso_session_id,
        ).where(*_active(whose), which)
        return [_token_session(row) for row in self._rows(query.order_by(token_sessions.c.id).limit(limit))]

    def _sso(self, whose: Whose, which: ColumnElement[bool], limit: int) -> list[UserSession]:
        # Whatever came from it counts as its use, what is revoked since too.
        used = (
            select(token_sessions.c.sso_session_id, func.max(_TOKEN_ACTIVE_AT).label("used_at"))
            .where(*_owned(whose), token_sessions.c.sso_session_id.is_not(None))
            .group_by(token_sessions.c.sso_session_id)
            .subquery()
        )
        query = (
            select(sso_sessions.c.id, sso_sessions.c.auth_time, sso_sessions.c.renewed_at, used.c.used_at)
            .outerjoin_from(sso_sessions, used, used.c.sso_session_id == sso_sessions.c.id)
            .where(
                sso_sessions.c.sub == whose.sub,
                sso_sessions.c.pool_id == whose.pool_id,
                sso_sessions.c.expires_at > whose.now,
                sso_sessions.c.auth_time >= whose.valid_from,
                sso_sessions.c.auth_time > whose.sso_after,
                which,
            )
            .order_by(sso_sessions.c.id)
            .limit(limit)
        )
        return [
            UserSession(
                SessionKind.SSO, text_of(row.id), row.auth_time, max(row.renewed_at, row.used_at or row.renewed_at)
            )
            for row in self._rows(query)
        ]

    def _rows(self, query: Select[tuple[object, ...]]) -> list[Row[tuple[object, ...]]]:
        return list(self._connection.execute(query).all())


def _owned(whose: Whose) -> tuple[ColumnElement[bool], ...]:
    # By the clients of the pool, for whom there is an index: one on the user alone would cost every sign-in a page.
    clients = select(app_clients.c.client_id).where(app_clients.c.pool_id == whose.pool_id)
    return token_sessions.c.sub == whose.sub, token_sessions.c.client_id.in_(clients)


def _active(whose: Whose) -> tuple[ColumnElement[bool], ...]:
    return (
        *_owned(whose),
        token_sessions.c.revoked_at.is_(None),
        token_sessions.c.expires_at > whose.now,
        token_sessions.c.created_at >= whose.valid_from,
        token_sessions.c.created_at > whose.tokens_after,
    )


def _token_session(row: Row[tuple[object, ...]]) -> UserSession:
    origin = row.sso_session_id
    return UserSession(
        SessionKind.TOKEN,
        text_of(row.id),
        row.created_at,
        row.active_at,
        client_id=row.client_id,
        origin=None if origin is None else text_of(origin),
    )
