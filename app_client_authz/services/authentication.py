"""Proving to be a user: the password, and the challenges that come after it (api.md 4.2, 7.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.domain import attributes
from app_client_authz.domain.auth_event import Answered, EventType
from app_client_authz.domain.challenge import NEW_PASSWORD_REQUIRED, PASSWORD, Door, StepState
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.credentials import Credentials
from app_client_authz.domain.errors import (
    ChallengeExpired,
    NotAuthorized,
    OperationError,
    PasswordAttemptsExceeded,
    TooManyRequests,
    Unavailable,
    UserNotConfirmed,
    UserNotFound,
)
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import User, UserStatus, aliases_of, username_key
from app_client_authz.services import audit
from app_client_authz.services.challenges import INVALID_SESSION, Challenges, OpenSession, Passed, Settle
from app_client_authz.services.directories import Directories
from app_client_authz.services.migration import Migration, TakenOver
from app_client_authz.services.next_steps import ChallengeRequired, NextSteps
from app_client_authz.services.password_attempts import WRONG, PasswordAttempts
from app_client_authz.services.passwords import NewPasswords, verifier
from app_client_authz.services.stored_users import check_unchanged
from app_client_authz.services.triggers import Triggers
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import Standing, StoredUser


@dataclass(frozen=True, slots=True)
class NewPasswordRequired:
    """The password was right and is temporary: the next step is a new one, within the session's time."""

    session: str = field(repr=False)
    user: User


Outcome = User | Passed | NewPasswordRequired | ChallengeRequired
"""What a proof leads to: the user may come in (``User``, ``Passed``), or a step is left."""


class Authentication:
    """One counter per account for every door: whoever checks a password, checks it here (LCK-2)."""

    def __init__(
        self,
        units: Units,
        hasher: PasswordHasher,
        directories: Directories,
        new_passwords: NewPasswords,
        attempts: PasswordAttempts,
        challenges: Challenges,
        next_steps: NextSteps,
        migration: Migration,
        triggers: Triggers,
        clock: Clock,
    ) -> None:
        self._units = units
        self._hasher = hasher
        self._directories = directories
        self._new_passwords = new_passwords
        self._attempts = attempts
        self._challenges = challenges
        self._next_steps = next_steps
        self._migration = migration
        self._triggers = triggers
        self._clock = clock

    def sign_in(
        self,
        registration: Registration,
        name: str,
        password: str,
        *,
        session_seconds: int,
        door: Door = "pages",
        settle: Settle | None = None,
        caller: Caller | None = None,
        device_id: str | None = None,
    ) -> Outcome:
        """The user with that name or alias and that password, or the step that comes next.

        ``session_seconds`` bounds each step that follows, which are answered at the same ``door``. ``settle`` uses
        up the choice that the password answers. A PreAuthentication trigger is asked before the password is looked
        at, and UserMigration where nobody has the name. ``device_id`` is the user's device that signs in, if it was
        named.

        Raises:
            UserNotFound, UserDisabled, UserNotConfirmed, PasswordResetRequired: before the password was looked
                at where PreventUserExistenceErrors is LEGACY (api.md 4.2), else only once it was right (ENU-1).
                UserNotConfirmed says which of both it was.
            PasswordAttemptsExceeded: the account is locked; the password was not looked at.
            NotAuthorized: wrong name or password, or a temporary password that expired.
            TooManyRequests: no slot to check a password became free.
            LimitExceeded, CodeDeliveryFailure: the code of a second factor could not be sent.
            TriggerFailed: a trigger refused.
        """
        client, pool = registration.client, registration.pool
        key = username_key(name, pool.case_sensitive)
        stored, like = self._units.read(lambda unit: _find(unit, pool.id, key, name))
        hides = client.prevents_user_existence_errors
        caller = caller or Caller.of(registration)
        if stored is None and self._migration.is_possible(pool):
            stored = self._take_over(registration, name, password, like, caller)
        else:
            if not hides and stored is None:
                raise UserNotFound
            if not hides and stored is not None and not stored.user.enabled:
                self._attempts.check_standing(registration, stored)

            def prove() -> bool:
                self._ask(registration, name, stored, caller)
                return self._directories.verify(pool.id, stored, password, like=like)

            self._attempts.judge(registration, key, stored, prove)
        if stored is None:
            raise NotAuthorized(WRONG)
        try:
            proved = self.go_on(
                registration,
                stored,
                session_seconds=session_seconds,
                door=door,
                settle=settle,
                caller=caller,
                device_id=device_id,
            )
        except UserNotConfirmed as error:
            error.proved = stored.user.sub
            raise
        self._keep_up(pool, stored, password)
        return proved

    def go_on(
        self,
        registration: Registration,
        stored: StoredUser,
        *,
        session_seconds: int,
        door: Door,
        settle: Settle | None = None,
        caller: Caller | None = None,
        device_id: str | None = None,
    ) -> Outcome:
        """What comes after the right password of ``stored``, however it was proved.

        Raises:
            UserDisabled, UserNotConfirmed, PasswordResetRequired, NotAuthorized: as ``sign_in``.
        """
        if registration.client.prevents_user_existence_errors:
            self._attempts.check_standing(registration, stored, Answered.PASSWORD_RIGHT)
        user = stored.user
        if user.status != UserStatus.FORCE_CHANGE_PASSWORD:
            return self._next_steps.after(
                registration,
                user,
                door=door,
                seconds=session_seconds,
                first_factor=PASSWORD,
                settle=settle,
                caller=caller,
                device_id=device_id,
            )

        def begin(unit: Unit) -> str:
            # The password was right for the user as read: another one may have been set since.
            check_unchanged(unit, user)
            if settle is not None:
                settle(unit)
            state = StepState(door, session_seconds, PASSWORD, device_id=device_id)
            return self._challenges.begin(unit, registration, user, NEW_PASSWORD_REQUIRED, state)

        return NewPasswordRequired(self._units.write(begin), user)

    def resume(self, registration: Registration, user: User, *, session_seconds: int, door: Door = "pages") -> Outcome:
        """What comes after the right password of ``user``, who proved it earlier and was confirmed since.

        Raises:
            NotAuthorized: the user was changed since.
            TriggerFailed: a PreAuthentication trigger refused.
            UserDisabled, UserNotConfirmed, PasswordResetRequired, LimitExceeded, CodeDeliveryFailure: as ``sign_in``.
        """
        stored = self._units.read(lambda unit: unit.users.find(user.pool_id, user.sub))
        if stored is None or stored.user.updated_at != user.updated_at:
            raise NotAuthorized(WRONG, detail="changed since the user was confirmed")
        self._attempts.check_status(stored)
        self._ask(registration, user.username, stored, Caller.of(registration))
        return self.go_on(registration, stored, session_seconds=session_seconds, door=door)

    def check_password(self, registration: Registration, user: User, password: str) -> StoredUser:
        """The user as read before the password turned out to be right: it tells whether that changed since.

        A user without a password proves it by saying none.

        Raises:
            NotAuthorized, PasswordAttemptsExceeded, TooManyRequests: as ``sign_in``; or the password is temporary,
                and is replaced at a sign-in only.
        """
        stored = self._units.read(lambda unit: unit.users.find(user.pool_id, user.sub))
        key = username_key(user.username, registration.pool.case_sensitive)
        has_none = stored is not None and not stored.has_password and not password
        self._attempts.judge(
            registration,
            key,
            stored,
            lambda: has_none or self._directories.verify(user.pool_id, stored, password),
            event=EventType.PASSWORD_CHANGE,
        )
        if stored is None or _may_set_password(stored.user):
            raise NotAuthorized("User password cannot be changed in the current state.")
        return stored

    def answer_new_password(
        self,
        registration: Registration,
        session: str,
        password: str,
        given: Mapping[str, str],
        *,
        door: Door = "pages",
        name: str | None = None,
        caller: Caller | None = None,
    ) -> User | Passed | ChallengeRequired:
        """The user, with the new password set and CONFIRMED, or the second factor that is left.

        ``given`` are attributes still missing. A refused answer leaves the session usable (api.md 0.3#7).
        ``name`` is who answers, where that is said.

        Raises:
            ChallengeExpired: the session is over, another client's, user's or door's, or was answered.
            InvalidPassword, InvalidParameter: the password or an attribute is not acceptable.
            NotAuthorized: the client may not write an attribute, or the user has that address already.
            LimitExceeded, CodeDeliveryFailure: the password is set, but no code of a second factor could be sent.
        """
        client, pool = registration.client, registration.pool
        pending = self._pending(registration, session, door, name)
        before, sub = pending.user, pending.user.sub
        for address in ("email", "phone_number"):
            if address in given and before.attributes.get(address):
                raise NotAuthorized(f"Cannot modify an already provided {address}")
        attributes.check_writable(given, client.spec.write_attributes, pool)
        after = attributes.check_update(pool, before.attributes, given) if given else before.attributes
        if attributes.missing(pool, after):
            # It names what is missing; an administrator made the account.
            present = {name: value for name, value in after.items() if name in pool.required_attributes}
            attributes.check_new(pool, present, by_admin=True)
        credentials = self._new_passwords.hash(pool, password, username=before.username)
        now = self._clock()

        def change(unit: Unit) -> User:
            # Held first: of two sessions answered at once, the second finds the user CONFIRMED.
            standing = unit.users.hold(sub)
            user = unit.users.find(pool.id, sub)
            waits = standing is not None and _may_set_password(standing)
            if not waits or user is None or not unit.challenge_sessions.consume(pending.digest, now):
                raise ChallengeExpired(INVALID_SESSION)
            if given:
                merged = attributes.check_update(pool, user.user.attributes, given)
                changed = replace(user.user, attributes=merged, updated_at=now)
                aliases = aliases_of(pool, changed.username, changed.attributes)
                unit.users.replace(changed, user.version, aliases)
            unit.users.set_password(sub, credentials, status=UserStatus.CONFIRMED, temporary_until=None, now=now)
            final = unit.users.find(pool.id, sub)
            assert final is not None  # noqa: S101 - written in this very transaction
            return final.user

        user = self._units.write(change)
        audit.record("password_changed", pool_id=pool.id, client_id=client.client_id, sub=user.sub)
        return self._next_steps.after(
            registration,
            user,
            door=door,
            seconds=pending.state.seconds,
            first_factor=PASSWORD,
            caller=caller,
            device_id=pending.state.device_id,
        )

    def missing_attributes(self, registration: Registration, session: str) -> tuple[str, ...]:
        """Required attributes that the user of a pending NEW_PASSWORD_REQUIRED does not have yet.

        Raises:
            ChallengeExpired: the session is over.
        """
        pending = self._pending(registration, session, "pages", None)
        return attributes.missing(registration.pool, pending.user.attributes)

    # --------------------------------------------------------------------------------------------

    def _ask(self, registration: Registration, name: str, stored: StoredUser | None, caller: Caller) -> None:
        user = None if stored is None else stored.user
        self._triggers.pre_authentication(registration, name, user, caller)

    def _take_over(
        self, registration: Registration, name: str, password: str, like: str | None, caller: Caller
    ) -> StoredUser:
        """The user whom another directory knows by that name and password (UserMigration).

        Whatever comes of it but a user counts as a wrong password: the trigger may have looked at it (R14). If the name
        leads to a user who is here already, the password is then looked at as anybody's.
        """
        hides = registration.client.prevents_user_existence_errors
        taken: list[TakenOver] = []
        failed: OperationError = UserNotFound()

        def prove() -> bool:
            nonlocal failed
            try:
                found = self._migration.at_sign_in(registration, name, password, caller)
            except TooManyRequests:
                raise
            except OperationError as error:
                found, failed = None, error
            if found is None:
                return self._hasher.verify(None, password, like=like)
            taken.append(found)
            if found.is_proved:
                self._ask(registration, name, found.stored, caller)
            return True

        try:
            self._attempts.judge(registration, username_key(name, registration.pool.case_sensitive), None, prove)
        except PasswordAttemptsExceeded:
            raise
        except NotAuthorized:
            if hides:
                raise
            raise failed from None
        (found,) = taken
        if not found.is_proved:
            self._prove_existing(registration, name, found.stored, password, caller)
        elif not hides:
            self._attempts.check_status(found.stored)
        return found.stored

    def _prove_existing(
        self, registration: Registration, name: str, stored: StoredUser, password: str, caller: Caller
    ) -> None:
        """Counted and locked as the user's own, whatever spelling the trigger led here from (LCK-2)."""

        def prove() -> bool:
            self._ask(registration, name, stored, caller)
            return self._hasher.verify(stored.password_hash, password)

        try:
            self._attempts.judge(registration, name, stored, prove)
        except PasswordAttemptsExceeded as error:
            if not registration.client.prevents_user_existence_errors:
                raise
            # Only a password that the trigger takes comes as far as the lock, which would tell it (LCK-1).
            raise NotAuthorized(WRONG, detail=error.message) from None

    def _keep_up(self, pool: UserPool, stored: StoredUser, password: str) -> None:
        """What is stored of the right password, as it would be stored today: its hash, and the verifier beside it."""
        user, old = stored.user, stored.password_hash
        lacks_verifier = pool.keeps_verifiers and not stored.has_verifier
        if old is None or not (lacks_verifier or self._hasher.needs_rehash(old)):
            return
        try:
            new = self._hasher.hash(password) if self._hasher.needs_rehash(old) else old
        except (TooManyRequests, Unavailable):
            return  # the next sign-in will do: this one was right
        made = verifier(pool, password, username=user.username) if lacks_verifier else None
        self._units.write(lambda unit: unit.users.rehash(user.sub, old, Credentials(new, made)))

    def _pending(self, registration: Registration, session: str, door: Door, name: str | None) -> OpenSession:
        found = self._challenges.find(session, NEW_PASSWORD_REQUIRED, door=door, registration=registration, name=name)
        if not _may_set_password(found.user):
            raise ChallengeExpired(INVALID_SESSION)
        return found


def _find(unit: Unit, pool_id: str, name_key: str, name: str) -> tuple[StoredUser | None, str | None]:
    """The user of that name, and another user's hash: what a hash costs where there is no user (ENU-6)."""
    return unit.users.find_by_name(pool_id, name_key, typed=name), unit.users.neighbour_hash(pool_id, name_key)


def _may_set_password(standing: Standing | User) -> bool:
    return standing.enabled and standing.status == UserStatus.FORCE_CHANGE_PASSWORD
