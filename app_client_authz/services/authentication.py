"""Proving to be a user: the password, and the challenges that come after it (api.md 4.2, 7.1)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app_client_authz.crypto import digests
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.domain import attributes
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import (
    AuthzError,
    ChallengeExpired,
    NotAuthorized,
    PasswordAttemptsExceeded,
    PasswordResetRequired,
    TemporaryPasswordExpired,
    TooManyRequests,
    Unavailable,
    UserDisabled,
    UserNotConfirmed,
    UserNotFound,
)
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User, UserStatus, aliases_of, username_key
from app_client_authz.services import audit
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.challenge_sessions import ChallengeSession
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import Standing, StoredUser

NEW_PASSWORD_REQUIRED = "NEW_PASSWORD_REQUIRED"
WRONG = "Incorrect username or password."
INVALID_SESSION = "Invalid session for the user."
RESERVATION_SECONDS = 30.0
SLOT_WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class NewPasswordRequired:
    """The password was right and is temporary: the next step is a new one, within the session's time."""

    session: str = field(repr=False)


class Authentication:
    """One counter per account for every door: whoever checks a password, checks it here (LCK-2)."""

    def __init__(
        self, units: Units, hasher: PasswordHasher, new_passwords: NewPasswords, attempt_key: bytes, clock: Clock
    ) -> None:
        self._units = units
        self._hasher = hasher
        self._new_passwords = new_passwords
        self._attempt_key = attempt_key
        self._clock = clock

    def sign_in(
        self, registration: Registration, name: str, password: str, *, session_seconds: int
    ) -> User | NewPasswordRequired:
        """The user with that name or alias and that password.

        ``session_seconds`` bounds the step after a temporary password.

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
            raise UserNotFound("User does not exist.")
        if not hides and stored is not None and not stored.user.enabled:
            raise UserDisabled("User is disabled.")
        account = Account(pool.id, self._account_key(pool.id, key, stored))
        self._check_password(registration, account, stored, password, like)
        if stored is None:
            raise NotAuthorized(WRONG)
        if hides:
            self._check_status(stored)
        self._rehash(stored, password)
        if stored.user.status != UserStatus.FORCE_CHANGE_PASSWORD:
            return stored.user
        return NewPasswordRequired(self._begin(registration, stored.user, NEW_PASSWORD_REQUIRED, session_seconds))

    def answer_new_password(
        self, registration: Registration, session: str, password: str, given: Mapping[str, str]
    ) -> User:
        """The user, with the new password set and CONFIRMED; ``given`` are attributes still missing.

        A refused answer leaves the session usable (api.md 0.3#7).

        Raises:
            ChallengeExpired: the session is over, another client's, or was answered.
            InvalidPassword, InvalidParameter: the password or an attribute is not acceptable.
            NotAuthorized: the client may not write an attribute.
        """
        client, pool = registration.client, registration.pool
        digest = digests.digest(session)
        challenge, stored = self._pending(registration, digest)
        attributes.check_writable(given, client.spec.write_attributes, pool)
        after = attributes.check_update(pool, stored.user.attributes, given) if given else stored.user.attributes
        if attributes.missing(pool, after):
            attributes.check_new(
                pool, {name: value for name, value in after.items() if name in pool.required_attributes}
            )
        new_hash = self._new_passwords.hash(pool, password)
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
            unit.users.set_password(challenge.sub, new_hash, status=UserStatus.CONFIRMED, temporary_until=None, now=now)
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
        _, stored = self._pending(registration, digests.digest(session))
        return attributes.missing(registration.pool, stored.user.attributes)

    # --------------------------------------------------------------------------------------------

    def _check_password(
        self,
        registration: Registration,
        account: Account,
        stored: StoredUser | None,
        password: str,
        like: str | None,
    ) -> None:
        """Reserve an attempt, then look at the password, then settle the attempt (R14)."""
        ids = {"pool_id": account.pool_id, "client_id": registration.client.client_id}
        sub = stored.user.sub if stored else None
        self._reserve(account, ids, sub)
        try:
            if stored is not None and not registration.client.prevents_user_existence_errors:
                self._check_status(stored)
            right = self._hasher.verify(stored.password_hash if stored else None, password, like=like)
        except AuthzError:
            self._units.write(lambda unit: unit.attempts.release(account))
            raise
        now = self._clock()
        if right:
            self._units.write(lambda unit: unit.attempts.succeed(account, now))
            return
        self._units.write(lambda unit: unit.attempts.fail(account, now))
        audit.record("password_wrong", sub=sub, **ids)
        raise NotAuthorized(WRONG)

    def _reserve(self, account: Account, ids: Mapping[str, str], sub: str | None) -> None:
        """Wait while others check passwords of the same account: parallel right ones must all come through."""
        give_up = time.monotonic() + SLOT_WAIT_SECONDS
        while True:
            now = self._clock()
            until = now + RESERVATION_SECONDS
            answer = self._units.write(lambda unit: unit.attempts.reserve(account, now, until=until))  # noqa: B023
            if answer == "reserved":
                return
            if answer == "locked":
                audit.record("account_locked", sub=sub, **ids)
                raise PasswordAttemptsExceeded("Password attempts exceeded")
            if time.monotonic() > give_up:
                raise TooManyRequests("Rate exceeded", detail="too many sign-ins of one account at once")
            time.sleep(_POLL_SECONDS)

    def _check_status(self, stored: StoredUser) -> None:
        user = stored.user
        if not user.enabled:
            raise UserDisabled("User is disabled.")
        if user.status == UserStatus.UNCONFIRMED:
            raise UserNotConfirmed("User is not confirmed.")
        if user.status == UserStatus.RESET_REQUIRED:
            raise PasswordResetRequired("Password reset required for the user")
        until = user.temporary_password_until
        if user.status == UserStatus.FORCE_CHANGE_PASSWORD and until is not None and self._clock() >= until:
            raise TemporaryPasswordExpired("Temporary password has expired and must be reset by an administrator.")
        if user.status not in {UserStatus.CONFIRMED, UserStatus.FORCE_CHANGE_PASSWORD}:
            raise NotAuthorized(WRONG, detail=f"status {user.status}")

    def _account_key(self, pool_id: str, name_key: str, stored: StoredUser | None) -> str:
        """All names of a user share one counter; a name that nobody has counts just the same (ENU-7)."""
        if stored is not None:
            return stored.user.sub
        return digests.keyed_digest(self._attempt_key, "attempts", pool_id, name_key)

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

    def _pending(self, registration: Registration, digest: str) -> tuple[ChallengeSession, StoredUser]:
        def look(unit: Unit) -> tuple[ChallengeSession, StoredUser] | None:
            challenge = unit.challenge_sessions.find(digest)
            if challenge is None or challenge.client_id != registration.client.client_id:
                return None
            stored = unit.users.find(registration.pool.id, challenge.sub)
            return None if stored is None else (challenge, stored)

        found = self._units.read(look)
        if found is None or found[0].consumed_at is not None or self._clock() >= found[0].expires_at:
            raise ChallengeExpired(INVALID_SESSION)
        if found[1].user.status != UserStatus.FORCE_CHANGE_PASSWORD or not found[1].user.enabled:
            raise ChallengeExpired(INVALID_SESSION)
        return found


def _find(unit: Unit, pool_id: str, name_key: str) -> tuple[StoredUser | None, str | None]:
    """The user of that name, and another user's hash: what a hash costs where there is no user (ENU-6)."""
    return unit.users.find_by_name(pool_id, name_key), unit.users.neighbour_hash(pool_id, name_key)


def _may_set_password(standing: Standing) -> bool:
    return standing.enabled and standing.status == UserStatus.FORCE_CHANGE_PASSWORD
