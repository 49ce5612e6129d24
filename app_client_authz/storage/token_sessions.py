"""Token sessions and their refresh tokens."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from app_client_authz.domain.device import FORGOTTEN
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.token_session import PresentedToken, TokenSession
from app_client_authz.domain.user import User
from app_client_authz.domain.uuids import octets_of, text_of
from app_client_authz.storage.app_clients import REGISTRATION_COLUMNS, registration_of
from app_client_authz.storage.looks import Looks
from app_client_authz.storage.tables import app_clients, pools, refresh_tokens, token_sessions, users
from app_client_authz.storage.users import GROUP_COLUMNS, USER_COLUMNS, read_user, user_of, with_groups

_OPEN = insert(token_sessions)
_ADD_TOKEN = insert(refresh_tokens)
_PRESENT = with_groups(
    select(
        *USER_COLUMNS,
        refresh_tokens.c.superseded_at,
        token_sessions.c.id,
        token_sessions.c.client_id,
        token_sessions.c.sub.label("session_sub"),
        token_sessions.c.scopes,
        token_sessions.c.resource,
        token_sessions.c.auth_time,
        token_sessions.c.event_id,
        token_sessions.c.created_at,
        token_sessions.c.expires_at,
        token_sessions.c.by_api,
        token_sessions.c.rotated_at,
        token_sessions.c.revoked_at,
        token_sessions.c.device_id,
        token_sessions.c.sso_session_id,
        *GROUP_COLUMNS,
    )
    .select_from(refresh_tokens)
    .join(token_sessions, token_sessions.c.id == refresh_tokens.c.token_session_id)
    .outerjoin(users, users.c.sub == token_sessions.c.sub)
    .where(refresh_tokens.c.digest == bindparam("digest"))
)
_LOCK = (
    update(token_sessions)
    .where(token_sessions.c.id == bindparam("b_id"), token_sessions.c.revoked_at.is_(None))
    .values(rotated_at=token_sessions.c.rotated_at)
)
_ROTATE = (
    update(token_sessions)
    .where(token_sessions.c.id == bindparam("b_id"), token_sessions.c.revoked_at.is_(None))
    .values(rotated_at=bindparam("b_now"))
)
_SUPERSEDE = (
    update(refresh_tokens)
    .where(refresh_tokens.c.digest == bindparam("b_digest"), refresh_tokens.c.superseded_at.is_(None))
    .values(superseded_at=bindparam("b_now"))
)
_REVOKE = (
    update(token_sessions)
    .where(token_sessions.c.id == bindparam("b_id"), token_sessions.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("b_now"))
)
_ALIVE = (
    select(
        *REGISTRATION_COLUMNS,
        *USER_COLUMNS,
        token_sessions.c.created_at.label("opened_at"),
        token_sessions.c.revoked_at,
    )
    .select_from(app_clients)
    .join(pools, pools.c.id == app_clients.c.pool_id)
    .join(users, (users.c.pool_id == pools.c.id) & (users.c.sub == bindparam("sub")))
    .outerjoin(
        token_sessions,
        (token_sessions.c.id == bindparam("id")) & (token_sessions.c.sub == users.c.sub),
    )
    .where(app_clients.c.client_id == bindparam("client_id"))
)
_STANDING = (
    select(
        app_clients.c.pool_id,
        pools.c.sessions_valid_from,
        token_sessions.c.created_at,
        token_sessions.c.revoked_at,
        users.c.enabled,
        users.c.signed_out_at,
    )
    .select_from(app_clients)
    .join(pools, pools.c.id == app_clients.c.pool_id)
    .outerjoin(users, (users.c.pool_id == pools.c.id) & (users.c.sub == bindparam("sub")))
    .outerjoin(
        token_sessions,
        (token_sessions.c.id == bindparam("id")) & (token_sessions.c.sub == users.c.sub),
    )
    .where(app_clients.c.client_id == bindparam("client_id"))
)
_HOLD = (
    select(pools.c.sessions_valid_from, token_sessions.c.created_at, token_sessions.c.revoked_at)
    .select_from(token_sessions)
    .join(app_clients, app_clients.c.client_id == token_sessions.c.client_id)
    .join(pools, pools.c.id == app_clients.c.pool_id)
    .where(token_sessions.c.id == bindparam("id"))
    # Not the client: it does not go without its sessions.
    .with_for_update(read=True, of=(token_sessions, pools))
)
_HOLD_CLIENT = (
    select(pools.c.sessions_valid_from)
    .select_from(app_clients)
    .join(pools, pools.c.id == app_clients.c.pool_id)
    .where(app_clients.c.client_id == bindparam("client_id"))
    .with_for_update(read=True)
)
_ALIVE_USER = slice(len(REGISTRATION_COLUMNS), len(REGISTRATION_COLUMNS) + len(USER_COLUMNS))


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom an access token speaks for, now. Instants are epoch seconds.

    ``user`` comes without groups. ``opened_at`` is None if the user has no such session.
    """

    registration: Registration
    user: User
    opened_at: float | None
    revoked_at: float | None


class UserStanding(NamedTuple):
    """Whether a user may get anything."""

    enabled: bool
    signed_out_at: float | None


class TokenStanding(NamedTuple):
    """What a token still stands on. Instants are epoch seconds.

    ``opened_at`` is None if the user has no such session, ``user`` if there is no such user in the client's pool.
    """

    pool_id: str
    sessions_valid_from: float
    opened_at: float | None
    revoked_at: float | None
    user: UserStanding | None


class Footing(NamedTuple):
    """What a token stands on besides its user. Instants are epoch seconds; ``opened_at`` is None without a session."""

    sessions_valid_from: float
    opened_at: float | None
    revoked_at: float | None


class TokenSessions:
    """Keyed by session ID (``origin_jti``) or by the digest of a refresh token (hexadecimal)."""

    def __init__(self, connection: Connection, looks: Looks | None = None) -> None:
        self._connection = connection
        self._looks = looks

    def open(self, session: TokenSession, refresh_digest: str) -> None:
        """A new session with its first refresh token."""
        self._connection.execute(
            _OPEN,
            {
                "id": octets_of(session.id),
                "client_id": session.client_id,
                "sub": session.sub,
                "scopes": " ".join(session.scopes),
                "resource": session.resource,
                "auth_time": session.auth_time,
                "event_id": octets_of(session.event_id),
                "created_at": session.created_at,
                "expires_at": session.expires_at,
                "by_api": session.by_api,
                "rotated_at": None,
                "revoked_at": None,
                "device_id": None if session.device_id is None else octets_of(session.device_id),
                "sso_session_id": None if session.sso_session_id is None else octets_of(session.sso_session_id),
            },
        )
        self.add_token(session.id, refresh_digest)

    def add_token(self, session_id: str, refresh_digest: str) -> None:
        row = {
            "digest": bytes.fromhex(refresh_digest),
            "token_session_id": octets_of(session_id),
            "superseded_at": None,
        }
        self._connection.execute(_ADD_TOKEN, row)

    def present(self, refresh_digest: str, *, to_be_used: bool = True) -> tuple[PresentedToken, User | None] | None:
        """The refresh token, superseded ones too, and its user with groups.

        Not ``to_be_used``: the user's directory is not asked what became of the user.
        """
        rows = self._connection.execute(_PRESENT, {"digest": bytes.fromhex(refresh_digest)}).all()
        if not rows:
            return None
        row = rows[0]
        session = TokenSession(
            id=text_of(row.id),
            client_id=row.client_id,
            sub=row.session_sub,
            scopes=tuple(row.scopes.split()),
            auth_time=row.auth_time,
            event_id=text_of(row.event_id),
            created_at=row.created_at,
            expires_at=row.expires_at,
            resource=row.resource,
            by_api=row.by_api,
            sso_session_id=None if row.sso_session_id is None else text_of(row.sso_session_id),
            rotated_at=row.rotated_at,
            revoked_at=row.revoked_at,
            device_id=_device_id(row.device_id),
        )
        user = read_user(rows)
        if to_be_used and self._looks is not None and user is not None:
            self._looks.by_sub(user.pool_id, user.sub)
        return PresentedToken(session, row.superseded_at), user

    def lock(self, session_id: str) -> bool:
        """Hold the live session until the transaction ends; False if it was revoked meanwhile (ATM-3)."""
        return self._connection.execute(_LOCK, {"b_id": octets_of(session_id)}).rowcount == 1

    def rotate(self, session_id: str, now: float) -> bool:
        """The same, and used at ``now``: only what was superseded then has a grace period from now on (R6)."""
        return self._connection.execute(_ROTATE, {"b_id": octets_of(session_id), "b_now": now}).rowcount == 1

    def supersede(self, refresh_digest: str, now: float) -> bool:
        """True for exactly one caller, ever."""
        hit = {"b_digest": bytes.fromhex(refresh_digest), "b_now": now}
        return self._connection.execute(_SUPERSEDE, hit).rowcount == 1

    def revoke(self, session_id: str, now: float) -> bool:
        """False if it already was."""
        return self._connection.execute(_REVOKE, {"b_id": octets_of(session_id), "b_now": now}).rowcount == 1

    def revoke_of_user(self, pool_id: str, sub: str, now: float) -> int:
        """All sessions of the user in one statement (R7); how many were live."""
        clients = select(app_clients.c.client_id).where(app_clients.c.pool_id == pool_id)
        hit = (
            update(token_sessions)
            .where(
                token_sessions.c.sub == sub,
                token_sessions.c.revoked_at.is_(None),
                token_sessions.c.client_id.in_(clients),
            )
            .values(revoked_at=now)
        )
        return self._connection.execute(hit).rowcount

    def is_on_device(self, client_id: str, sub: str, device_id: str) -> bool:
        """Whether the client has a live session of the user's on that device: after ``forget_device``, none."""
        statement = select(token_sessions.c.id).where(
            token_sessions.c.client_id == client_id,
            token_sessions.c.sub == sub,
            token_sessions.c.device_id == octets_of(device_id),
            token_sessions.c.revoked_at.is_(None),
        )
        return self._connection.execute(statement.limit(1)).first() is not None

    def forget_device(self, pool_id: str, sub: str, device_id: str) -> None:
        """From now on no device key fits the user's sessions on that device."""
        clients = select(app_clients.c.client_id).where(app_clients.c.pool_id == pool_id)
        self._connection.execute(
            update(token_sessions)
            .where(
                token_sessions.c.sub == sub,
                token_sessions.c.device_id == octets_of(device_id),
                token_sessions.c.client_id.in_(clients),
            )
            .values(device_id=octets_of(FORGOTTEN))
        )

    def revoke_of_sso(self, pool_id: str, sub: str, sso_session_id: str, now: float) -> None:
        """All sessions of the user that came from one SSO session."""
        clients = select(app_clients.c.client_id).where(app_clients.c.pool_id == pool_id)
        self._connection.execute(
            update(token_sessions)
            .where(
                token_sessions.c.sub == sub,
                token_sessions.c.client_id.in_(clients),
                token_sessions.c.sso_session_id == octets_of(sso_session_id),
                token_sessions.c.revoked_at.is_(None),
            )
            .values(revoked_at=now)
        )

    def bearer(self, client_id: str, sub: str, session_id: str | None) -> Bearer | None:
        """Client, pool, user and session of an access token in one statement; None without client or user."""
        parameters = {"client_id": client_id, "sub": sub, "id": _key_octets(session_id)}
        row = self._connection.execute(_ALIVE, parameters).one_or_none()
        if row is None:
            return None
        user = user_of(row[_ALIVE_USER])
        if self._looks is not None:
            self._looks.by_sub(user.pool_id, user.sub)
        return Bearer(registration_of(tuple(row)), user, row.opened_at, row.revoked_at)

    def hold(self, client_id: str, session_id: str | None) -> Footing | None:
        """What a token of the client stands on, held still until the transaction ends; None if that is gone (ATM-3).

        ``session_id`` is None for a token that names no session: its client is what it has.
        """
        if session_id is None:
            valid_from = self._connection.execute(_HOLD_CLIENT, {"client_id": client_id}).scalar_one_or_none()
            return None if valid_from is None else Footing(valid_from, None, None)
        row = self._connection.execute(_HOLD, {"id": _key_octets(session_id)}).one_or_none()
        return None if row is None else Footing(*row)

    def standing(self, client_id: str, sub: str, session_id: str | None) -> TokenStanding | None:
        """What a token of user or machine still stands on, in one statement; None without its client."""
        parameters = {"client_id": client_id, "sub": sub, "id": _key_octets(session_id)}
        row = self._connection.execute(_STANDING, parameters).one_or_none()
        if row is None:
            return None
        pool_id, valid_from, opened_at, revoked_at, enabled, signed_out_at = row
        user = None if enabled is None else UserStanding(enabled, signed_out_at)
        if self._looks is not None and user is not None:
            self._looks.by_sub(pool_id, sub)
        return TokenStanding(pool_id, valid_from, opened_at, revoked_at, user)


def _device_id(octets: bytes | None) -> str | None:
    return octets if octets is None else (text_of(octets) if octets else FORGOTTEN)


def _key_octets(session_id: str | None) -> bytes:
    """The key of a session; of none, for what names none."""
    try:
        return octets_of(session_id or "")
    except ValueError:
        return b""
