"""A user's sessions, listed and ended one by one (api.md 4.22), and how many there may be (api.md 2.12)."""

from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidParameter, ResourceNotFound
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.token_session import TokenSession
from app_client_authz.domain.user import User
from app_client_authz.domain.user_session import SessionKind, UserSession, parsed
from app_client_authz.services import audit
from app_client_authz.services.access_tokens import AccessTokens, Holder, held
from app_client_authz.services.pools import Dialects, existing_pool
from app_client_authz.services.stored_users import existing_user
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.user_sessions import Whose
from app_client_authz.storage.users import Standing

NOTED_EVERY_SECONDS = 3600
"""How exactly it is known when a session that does not rotate was used last."""
_NO_SUCH = "Session does not exist."
_OWN = "The current session cannot be revoked."
_EVER = -1.0


class UserSessions:
    """Where the pool tracks no sessions, a user has none to list or to end (SetUserPoolSessionConfiguration)."""

    def __init__(self, units: Units, access_tokens: AccessTokens, dialects: Dialects, clock: Clock) -> None:
        self._units = units
        self._access_tokens = access_tokens
        self._dialects = dialects
        self._clock = clock

    def holder(self, access_token: str, base: str) -> Holder:
        """Whose sessions ``page_of`` lists for the holder of an access token (ListUserSessions).

        Raises:
            As ``AccessTokens.holder``.
        """
        return self._access_tokens.holder(access_token, base)

    def page_of(self, holder: Holder, *, after: str, limit: int) -> list[UserSession]:
        """At most ``limit`` active sessions in the order of their IDs, the first one behind ``after``."""
        pool, user = holder.registration.pool, holder.user
        return self._units.read(lambda unit: self._page(unit, pool, user, after, limit))

    def page(self, pool_id: str, name: str, *, after: str, limit: int) -> list[UserSession]:
        """The same for an administrator (AdminListUserSessions).

        Raises:
            ResourceNotFound, UserNotFound: no such pool, no such user.
        """

        def look(unit: Unit) -> list[UserSession]:
            pool = existing_pool(unit, pool_id)
            return self._page(unit, pool, existing_user(unit, pool, name).user, after, limit)

        return self._units.read(look)

    def revoke_own(self, access_token: str, base: str, session_id: str, *, linked: bool) -> None:
        """End another session of the holder's (RevokeUserSession); ``linked`` as for ``revoke``.

        Raises:
            ResourceNotFound: the holder has no such session (any more).
            InvalidParameter: it is the one that the access token belongs to.
            And as ``AccessTokens.holder``.
        """
        holder = self._access_tokens.holder(access_token, base)
        if parsed(session_id) == (SessionKind.TOKEN, holder.claims.get("origin_jti")):
            raise InvalidParameter(_OWN)

        def change(unit: Unit) -> None:
            stored = held(unit, holder)
            self._end(unit, holder.registration.pool, stored.user, session_id, linked)

        self._units.write(change)
        _tell(holder.registration.pool.id, holder.user.sub, session_id)

    def revoke(self, pool_id: str, name: str, session_id: str, *, linked: bool) -> None:
        """End a session: refresh and access tokens of a token session, the cookie of an SSO session; at once.

        ``linked``: with a token session ends the SSO session that it came from; with an SSO session end the token
        sessions that came from it, and the codes that are under way (AdminRevokeUserSession).

        Raises:
            ResourceNotFound: no such pool, or the user has no such session (any more).
            UserNotFound: no such user.
        """

        def change(unit: Unit) -> str:
            pool = existing_pool(unit, pool_id)
            user = existing_user(unit, pool, name, hold=True).user
            self._end(unit, pool, user, session_id, linked)
            return user.sub

        _tell(pool_id, self._units.write(change), session_id)

    # --------------------------------------------------------------------------------------------

    def _page(self, unit: Unit, pool: UserPool, user: User, after: str, limit: int) -> list[UserSession]:
        if not pool.tracks_sessions or not user.enabled:
            return []
        return unit.user_sessions.page(self._whose(pool, user), after=after, limit=limit)

    def _end(self, unit: Unit, pool: UserPool, user: User, session_id: str, linked: bool) -> None:
        """Whoever calls this holds the user's row: a redemption of a code comes before or after us (ATM-3)."""
        now, named = self._clock(), parsed(session_id) if pool.tracks_sessions else None
        found = None if named is None else unit.user_sessions.find(self._whose(pool, user), *named)
        if found is None:
            raise ResourceNotFound(_NO_SUCH)
        if found.kind is SessionKind.TOKEN:
            if not unit.token_sessions.revoke(found.key, now):
                raise ResourceNotFound(_NO_SUCH)
            if linked and found.origin is not None:
                unit.sso_sessions.end_one(user.sub, found.origin)
            return
        if not unit.sso_sessions.end_one(user.sub, found.key):
            raise ResourceNotFound(_NO_SUCH)
        if linked:
            unit.codes.drop_of_sso(user.sub, found.key, now)
            unit.token_sessions.revoke_of_sso(pool.id, user.sub, found.key, now)

    def _whose(self, pool: UserPool, user: User) -> Whose:
        signed_out = _EVER if user.signed_out_at is None else user.signed_out_at
        survives = self._dialects.of(pool).sso_survives_global_sign_out
        return Whose(
            pool.id, user.sub, self._clock(), pool.sessions_valid_from, signed_out, _EVER if survives else signed_out
        )


def lock_to_open(unit: Unit, pool: UserPool, sub: str) -> Standing | None:
    """How the user stands, held still as ``open_within_limit`` needs it: where sessions count, one opens at a time."""
    return unit.users.hold(sub) if pool.tracks_sessions else unit.users.lock(sub)


def open_within_limit(unit: Unit, pool: UserPool, session: TokenSession, refresh_digest: str) -> None:
    """Open a token session; the user is locked by ``lock_to_open``.

    Beyond the pool's limit, the session that was used least recently ends for it (SetUserPoolSessionConfiguration).
    """
    if pool.tracks_sessions:
        now = session.created_at
        whose = Whose(pool.id, session.sub, now, pool.sessions_valid_from, _EVER, _EVER)
        for key in unit.user_sessions.least_recently_used(whose, keep=pool.spec.token_sessions_per_user - 1):
            unit.token_sessions.revoke(key, now)
    unit.token_sessions.open(session, refresh_digest)


def note_use(units: Units, pool: UserPool, session: TokenSession, now: float) -> bool:
    """A session that does not rotate is written once an hour where sessions count: so the one used last is known.

    False if it was revoked meanwhile.
    """
    noted = now - (session.rotated_at or session.created_at) < NOTED_EVERY_SECONDS
    if not pool.tracks_sessions or noted:
        return True
    return units.write(lambda unit: unit.token_sessions.rotate(session.id, now))


def _tell(pool_id: str, sub: str, session_id: str) -> None:
    audit.record("user_session_revoked", pool_id=pool_id, sub=sub, session=session_id)
