"""Proving to be a user: the password, and the challenges that come after it (api.md 4.2, 7.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from app_client_authz.crypto import digests
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.domain import attributes
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import (
    ChallengeExpired,
    NotAuthorized,
    TooManyRequests,
    Unavailable,
    UserDisabled,
    UserNotFound,
)
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User, UserStatus, aliases_of, goes_by, username_key
from app_client_authz.services import audit
from app_client_authz.services.password_attempts import WRONG, PasswordAttempts
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.storage.challenge_sessions import ChallengeSession
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import Standing, StoredUser

NEW_PASSWORD_REQUIRED = "NEW_PASSWORD_REQUIRED"
Door = Literal["pages", "api"]
# A step that began at the pages gives no tokens of the API, whose flows the client may not have (API-1).
_CHALLENGES: Mapping[Door, str] = {"pages": f"pages:{NEW_PASSWORD_REQUIRED}", "api": NEW_PASSWORD_REQUIRED}
INVALID_SESSION = "Invalid session for the user."


@dataclass(frozen=True, slots=True)
class NewPasswordRequired:
    """The password was right and is temporary: the next step is a new one, within the session's time."""

    session: str = field(repr=False)
    user: User


class Authentication:
    """One counter per account for every door: whoever checks a password, checks it here (LCK-2)."""

    def __init__(
        self,
        units: Units,
        hasher: PasswordHasher,
        new_passwords: NewPasswords,
        attempts: PasswordAttempts,
        clock: Clock,
    ) -> None:
        self._units = units
        self._hasher = hasher
        self._new_passwords = new_passwords
        self._attempts = attempts
        self._clock = clock

    def sign_in(
        self, registration: Registration, name: str, password: str, *, session_seconds: int, door: Door = "pages"
    ) -> User | NewPasswordRequired:
        """The user with that name or alias and that password.

        ``session_seconds`` bounds the step after a temporary password, which is answered at the same ``door``.

        Raises:
            UserNotFound, UserDisabled, UserNotConfirmed, PasswordResetRequired: before the password was looked
                at where PreventUserExistenceErrors is LEGACY (api.md 4.2), else only once it was right (ENU-1).
            PasswordAttemptsExceeded: the account is locked; the password was not looked at.
            NotAuthorized: wrong name or password, or a temporary password that expired.
            TooManyRequests: no slot to check a password became free.
        """
        client, pool = registration.client, registration.pool
        key = username_key(name, pool.case_sensitive)
        stored, like = self._units.read(lambda unit: _find(unit, pool.id, key))
        hides = client.prevents_user_existence_errors
        if not hides and stored is None:
            raise UserNotFound
        if not hides and stored is not None and not stored.user.enabled:
            raise UserDisabled
        self._attempts.judge(
            registration,
            key,
            stored,
            lambda: self._hasher.verify(stored.password_hash if stored else None, password, like=like),
        )
        if stored is None:
            raise NotAuthorized(WRONG)
        proved = self.go_on(registration, stored, session_seconds=session_seconds, door=door)
        self._rehash(stored, password)
        return proved

    def go_on(
        self, registration: Registration, stored: StoredUser, *, session_seconds: int, door: Door
    ) -> User | NewPasswordRequired:
        """What comes after the right password of ``stored``, however it was proved.

        Raises:
            UserDisabled, UserNotConfirmed, PasswordResetRequired, NotAuthorized: as ``sign_in``.
        """
        if registration.client.prevents_user_existence_errors:
            self._attempts.check_status(stored)
        if stored.user.status != UserStatus.FORCE_CHANGE_PASSWORD:
            return stored.user
        session = self._begin(registration, stored.user, _CHALLENGES[door], session_seconds)
        return NewPasswordRequired(session, stored.user)

    def check_password(self, registration: Registration, user: User, password: str) -> str | None:
        """The hash that the right password was held against: it tells whether the password changed since.

        Raises:
            NotAuthorized, PasswordAttemptsExceeded, TooManyRequests: as ``sign_in``; or the password is temporary,
                and is replaced at a sign-in only.
        """
        stored = self._units.read(lambda unit: unit.users.find(user.pool_id, user.sub))
        key = username_key(user.username, registration.pool.case_sensitive)
        password_hash = None if stored is None else stored.password_hash
        self._attempts.judge(registration, key, stored, lambda: self._hasher.verify(password_hash, password))
        if stored is None or _may_set_password(stored.user):
            raise NotAuthorized("User password cannot be changed in the current state.")
        return password_hash

    def answer_new_password(
        self,
        registration: Registration,
        session: str,
        password: str,
        given: Mapping[str, str],
        *,
        door: Door = "pages",
        name: str | None = None,
    ) -> User:
        """The user, with the new password set and CONFIRMED; ``given`` are attributes still missing.

        A refused answer leaves the session usable (api.md 0.3#7). ``name`` is who answers, where that is said.

        Raises:
            ChallengeExpired: the session is over, another client's, user's or door's, or was answered.
            InvalidPassword, InvalidParameter: the password or an attribute is not acceptable.
            NotAuthorized: the client may not write an attribute, or the user has that address already.
        """
        client, pool = registration.client, registration.pool
        digest = digests.digest(session)
        challenge, stored = self._pending(registration, digest, door)
        if name is not None and not goes_by(pool, stored.user, name):
            raise ChallengeExpired(INVALID_SESSION, detail="another user's")
        for address in ("email", "phone_number"):
            if address in given and stored.user.attributes.get(address):
                raise NotAuthorized(f"Cannot modify an already provided {address}")
        attributes.check_writable(given, client.spec.write_attributes, pool)
        after = attributes.check_update(pool, stored.user.attributes, given) if given else stored.user.attributes
        if attributes.missing(pool, after):
            attributes.check_new(
                pool, {name: value for name, value in after.items() if name in pool.required_attributes}
            )
        credentials = self._new_passwords.hash(pool, password, username=stored.user.username)
        now = self._clock()

        def change(unit: Unit) -> User:
            # Held first: of two sessions answered at once, the second finds the user CONFIRMED.
            standing = unit.users.hold(challenge.sub)
            user = unit.users.find(pool.id, challenge.sub)
            pending = standing is not None and _may_set_password(standing)
            if not pending or user is None or not unit.challenge_sessions.consume(digest, now):
                raise ChallengeExpired(INVALID_SESSION)
            if given:
                merged = attributes.check_update(pool, user.user.attributes, given)
                changed = replace(user.user, attributes=merged, updated_at=now)
                aliases = aliases_of(pool, changed.username, changed.attributes)
                unit.users.replace(changed, user.version, aliases)
            unit.users.set_password(
                challenge.sub, credentials, status=UserStatus.CONFIRMED, temporary_until=None, now=now
            )
            final = unit.users.find(pool.id, challenge.sub)
            assert final is not None  # noqa: S101 - written in this very transaction
            return final.user

        user = self._units.write(change)
        audit.record("password_changed", pool_id=pool.id, client_id=client.client_id, sub=user.sub)
        return user

    def missing_attributes(self, registration: Registration, session: str) -> tuple[str, ...]:
        """Required attributes that the user of a pending NEW_PASSWORD_REQUIRED does not have yet.

        Raises:
            ChallengeExpired: the session is over.
        """
        _, stored = self._pending(registration, digests.digest(session), "pages")
        return attributes.missing(registration.pool, stored.user.attributes)

    # --------------------------------------------------------------------------------------------

    def _rehash(self, stored: StoredUser, password: str) -> None:
        old = stored.password_hash
        if old is None or not self._hasher.needs_rehash(old):
            return
        try:
            new = self._hasher.hash(password)
        except (TooManyRequests, Unavailable):
            return  # the next sign-in will do: this one was right
        self._units.write(lambda unit: unit.users.rehash(stored.user.sub, old, new))

    def _begin(self, registration: Registration, user: User, challenge: str, seconds: int) -> str:
        session = digests.random_token()
        now = self._clock()
        begun = ChallengeSession(registration.client.client_id, user.sub, challenge, now, now + seconds)

        def begin(unit: Unit) -> None:
            standing = unit.users.lock(user.sub)
            # The password was right for the user as read: another one may have been set since.
            if standing is None or not _may_set_password(standing) or standing.updated_at != user.updated_at:
                raise NotAuthorized(WRONG, detail="changed since the password was right")
            unit.challenge_sessions.begin(digests.digest(session), begun)

        self._units.write(begin)
        return session

    def _pending(self, registration: Registration, digest: str, door: Door) -> tuple[ChallengeSession, StoredUser]:
        def look(unit: Unit) -> tuple[ChallengeSession, StoredUser] | None:
            challenge = unit.challenge_sessions.find(digest)
            if challenge is None or challenge.client_id != registration.client.client_id:
                return None
            stored = unit.users.find(registration.pool.id, challenge.sub)
            return None if stored is None else (challenge, stored)

        found = self._units.read(look)
        if found is None or found[0].challenge != _CHALLENGES[door]:
            raise ChallengeExpired(INVALID_SESSION)
        if found[0].consumed_at is not None:
            raise ChallengeExpired("Invalid session for the user, session can only be used once.")
        if self._clock() >= found[0].expires_at:
            raise ChallengeExpired("Invalid session for the user, session is expired.")
        if not _may_set_password(found[1].user):
            raise ChallengeExpired(INVALID_SESSION)
        return found


def _find(unit: Unit, pool_id: str, name_key: str) -> tuple[StoredUser | None, str | None]:
    """The user of that name, and another user's hash: what a hash costs where there is no user (ENU-6)."""
    return unit.users.find_by_name(pool_id, name_key), unit.users.neighbour_hash(pool_id, name_key)


def _may_set_password(standing: Standing | User) -> bool:
    return standing.enabled and standing.status == UserStatus.FORCE_CHANGE_PASSWORD
