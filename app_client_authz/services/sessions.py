"""SSO sessions: a browser's cookie and the user behind it."""

from app_client_authz.crypto import digests
from app_client_authz.domain.auth_event import Answered, EventResponse, EventType
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.sso import LIFETIME_SECONDS, SsoSession
from app_client_authz.domain.token_session import is_signed_in
from app_client_authz.domain.trigger import NOBODY, Caller
from app_client_authz.domain.user import SIGNED_IN, User
from app_client_authz.services import audit, auth_events
from app_client_authz.services.challenges import Passed
from app_client_authz.services.pools import Dialects
from app_client_authz.services.stored_users import check_unchanged, is_signed_in_still
from app_client_authz.services.triggers import Triggers
from app_client_authz.storage.sso_sessions import SignedIn
from app_client_authz.storage.unit import Unit, Units


def stands(unit: Unit, signed_in: SignedIn) -> bool:
    """Whether nobody ended the sign-in since it was looked at; nobody signs the user out until the transaction ends.

    Whoever gives something for it asks this in the transaction that does: an end of it, or of all that the user was
    given, comes before or after (ATM-3).
    """
    session, user = signed_in.session, signed_in.user
    if not is_signed_in_still(unit.users.lock(user.sub), user):
        return False
    # A session of the host's has no row.
    return session.id is None or unit.sso_sessions.is_there(user.sub, session.id)


class Sessions:
    """Only the digest of a cookie is stored; a cookie that is not ours means "not signed in" (UI-9)."""

    def __init__(self, units: Units, dialects: Dialects, triggers: Triggers, clock: Clock) -> None:
        self._units = units
        self._dialects = dialects
        self._triggers = triggers
        self._clock = clock

    def begin(
        self,
        who: User | Passed,
        *,
        replacing: str | None,
        caller: Caller = NOBODY,
        registration: Registration | None = None,
    ) -> tuple[str, SignedIn]:
        """A new cookie for a user who just proved to be one; ``replacing`` is the cookie that came along.

        ``registration`` is the client for whose sake the user signed in, for the record.

        Whatever the browser held before is ended: no value from before the sign-in becomes a session (UI-3).

        Raises:
            NotAuthorized: since the proof the user was disabled, deleted, signed out, or given another password, or
                the answer to the last challenge was used by another request.
            ExpiredCode: likewise, with a code.
            TriggerFailed: a PostAuthentication trigger refused.
        """
        user = who if isinstance(who, User) else who.user
        self._triggers.post_authentication(user, caller)
        now = self._clock()
        cookie = digests.random_token()
        session = SsoSession(
            digests.random_uuid(), user.pool_id, user.sub, user.username, now, now, now + LIFETIME_SECONDS
        )

        def change(unit: Unit) -> None:
            check_unchanged(unit, user)
            if isinstance(who, Passed):
                who.settle(unit)
            if replacing:
                unit.sso_sessions.end(digests.digest(replacing))
            unit.sso_sessions.add(digests.digest(cookie), session)
            if registration is not None:
                answered = who.answered if isinstance(who, Passed) else (Answered.PASSWORD_RIGHT,)
                auth_events.record(
                    unit, registration, user.sub, EventType.SIGN_IN, EventResponse.PASS, now, answered=answered
                )

        self._units.write(change)
        audit.record("signed_in", pool_id=user.pool_id, sub=user.sub)
        return cookie, SignedIn(session, user)

    def find(self, pool: UserPool, cookie: str | None) -> SignedIn | None:
        """Who is signed in at that pool with that cookie; None for a foreign, forged, old or ended one."""
        if not cookie:
            return None
        found = self._units.read(lambda unit: unit.sso_sessions.find(pool.id, digests.digest(cookie)))
        if found is None or self._clock() >= found.session.expires_at:
            return None
        if found.session.auth_time < pool.sessions_valid_from or found.user.status not in SIGNED_IN:
            return None
        # Cognito's cookie survives a global sign-out: only disabling and deletion end it (endpoints.md 6).
        survives = self._dialects.of(pool).sso_survives_global_sign_out
        if not (found.user.enabled if survives else is_signed_in(found.user, found.session.auth_time)):
            return None
        return found

    def renew(self, cookie: str) -> bool:
        """The user chose to go on: the hour begins anew; False if the session is over."""
        now = self._clock()
        digest = digests.digest(cookie)
        return self._units.write(
            lambda unit: unit.sso_sessions.renew(digest, now=now, expires_at=now + LIFETIME_SECONDS)
        )

    def end(self, pool: UserPool, cookie: str | None) -> None:
        """A copied cookie is worthless from now on (OUT-3)."""
        if cookie:
            sub = self._units.write(lambda unit: unit.sso_sessions.end(digests.digest(cookie)))
            if sub is not None:
                audit.record("signed_out", pool_id=pool.id, sub=sub)
