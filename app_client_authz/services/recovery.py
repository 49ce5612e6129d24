"""Ways back for a user without a password: codes that reset it (api.md 4.16, 4.17, 5)."""

from dataclasses import replace

from app_client_authz.domain import passwords
from app_client_authz.domain.auth_event import EventResponse, EventType
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import (
    RESETTABLE,
    CodeDelivery,
    recovery_channel,
    reset_channel,
    reset_media,
)
from app_client_authz.domain.errors import NotAuthorized, UserDisabled, UserNotConfirmed
from app_client_authz.domain.message import Medium, MessageKind
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import NOBODY, Caller
from app_client_authz.domain.user import VERIFIABLE, User, UserStatus
from app_client_authz.domain.user_triggers import CONFIRM_FORGOT_PASSWORD
from app_client_authz.domain.verification import RESET_PASSWORD
from app_client_authz.services import audit, auth_events
from app_client_authz.services.delivery import Delivery
from app_client_authz.services.directory_writes import NO_RESET, DirectoryWrites, HostUser
from app_client_authz.services.migration import Migration
from app_client_authz.services.named_codes import CodeKind, NamedCodes
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.services.pools import existing_pool
from app_client_authz.services.stored_users import end_in_browsers, existing_user, store
from app_client_authz.services.triggers import Triggers
from app_client_authz.services.verification_codes import Proof, VerificationCodes
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units

SENDS_PER_HOUR = 20
_FORGOTTEN = CodeKind(RESET_PASSWORD, MessageKind.RESET_PASSWORD, SENDS_PER_HOUR, recovery_channel, reset_media)


class Recovery:
    """The code is stored first and sent then: a code that was sent always counts."""

    def __init__(
        self,
        units: Units,
        named_codes: NamedCodes,
        codes: VerificationCodes,
        new_passwords: NewPasswords,
        directory: DirectoryWrites,
        delivery: Delivery,
        triggers: Triggers,
        migration: Migration,
        clock: Clock,
    ) -> None:
        self._units = units
        self._named_codes = named_codes
        self._new_passwords = new_passwords
        self._directory = directory
        self._codes = codes
        self._delivery = delivery
        self._triggers = triggers
        self._migration = migration
        self._clock = clock

    def require_reset(self, pool_id: str, name: str, caller: Caller = NOBODY) -> CodeDelivery:
        """Nobody signs in as the user until the code that is sent now has set a new password.

        SSO sessions and unfinished sign-ins end at once. Token sessions live on, as Cognito's do:
        AdminUserGlobalSignOut ends them. Once more sends a new code (AdminResetUserPassword).

        Raises:
            ResourceNotFound, UserNotFound: no such pool, no such user.
            NotAuthorized, InvalidParameter: nothing changed; see ``reset_channel``.
            CodeDeliveryFailure, TriggerFailed: the user has to reset the password, but no code could be sent.
        """

        def change(unit: Unit) -> tuple[UserPool, User, Medium, str, str]:
            pool = existing_pool(unit, pool_id)
            stored = existing_user(unit, pool, name, hold=True)
            if stored.directory_key is not None:
                raise NotAuthorized(NO_RESET)
            medium, address = reset_channel(pool, stored.user)
            after = replace(stored.user, status=UserStatus.RESET_REQUIRED, updated_at=self._clock())
            user = store(unit, pool, stored, after)
            end_in_browsers(unit, user.sub)
            code = self._codes.issue(unit, Account(pool.id, user.sub), RESET_PASSWORD, address)
            return pool, user, medium, address, code

        pool, user, medium, address, code = self._units.write(change)
        audit.record("password_reset_required", pool_id=pool.id, sub=user.sub)
        self._delivery.send_code(MessageKind.RESET_PASSWORD, pool, user, medium, address, code, caller)
        return CodeDelivery.of(medium, address)

    def forgot(self, registration: Registration, name: str, caller: Caller | None = None) -> CodeDelivery:
        """Send a code that resets the password; the old one keeps working until then (ForgotPassword).

        Raises:
            NotAuthorized: only administrators recover accounts of this pool, or its directory sets no passwords.
            TriggerFailed: a UserMigration trigger failed, where the client shows who exists.
            LimitExceeded, and what ``recovery_channel`` raises: see ``NamedCodes.send``.
        """
        self._directory.check_recovers_itself(registration.pool)
        caller = caller or Caller.of(registration)
        self._migration.at_recovery(registration, name, caller)
        return self._named_codes.send(registration, name, _FORGOTTEN, caller)

    def confirm(
        self, registration: Registration, name: str, code: str, password: str, caller: Caller | None = None
    ) -> None:
        """Another password for who knows the code (ConfirmForgotPassword).

        The address that the code went to is verified. A lock ends, and so do SSO sessions and unfinished sign-ins;
        token sessions live on, as Cognito's do.

        Raises:
            CodeMismatch, ExpiredCode, LimitExceeded, UserNotFound, NotAuthorized, UserNotConfirmed: see
                ``NamedCodes.prove``.
            ExpiredCode: the address that the code went to is not the user's any more.
            InvalidPassword: not acceptable; the code stays good.
            TriggerFailed: a PostConfirmation trigger failed; the new password counts all the same.
        """
        pool = registration.pool
        self._directory.check_sets_passwords(pool)
        proof = self._named_codes.prove(registration, name, RESET_PASSWORD, code, _check_can_reset)
        known = self._units.read(lambda unit: existing_user(unit, pool, proof.account.key)).user
        hosted = self._directory.user(pool.id, known.sub)
        if hosted is not None:
            self._confirm_there(registration, hosted, proof, password, caller)
            return
        credentials = self._new_passwords.hash(pool, password, username=known.username, prefix=passwords.CHOSEN)
        now = self._clock()

        def change(unit: Unit) -> User:
            stored = existing_user(unit, pool, proof.account.key, hold=True)
            user = stored.user
            _check_can_reset(user)
            if user.status not in RESETTABLE:
                raise NotAuthorized("User password cannot be reset in the current state.")
            self._codes.redeem(unit, proof)
            proof.check_address(user)
            verified = {**user.attributes, VERIFIABLE[proof.attribute]: "true"}
            user = store(unit, pool, stored, replace(user, attributes=verified, updated_at=now))
            unit.users.set_password(user.sub, credentials, status=UserStatus.CONFIRMED, temporary_until=None, now=now)
            end_in_browsers(unit, user.sub)
            unit.attempts.clear(proof.account)
            auth_events.record(unit, registration, user.sub, EventType.FORGOT_PASSWORD, EventResponse.PASS, now)
            return replace(user, status=UserStatus.CONFIRMED, temporary_password_until=None, updated_at=now)

        user = self._units.write(change)
        audit.record("password_reset", pool_id=pool.id, client_id=registration.client.client_id, sub=proof.account.key)
        self._triggers.post_confirmation(CONFIRM_FORGOT_PASSWORD, user, caller or Caller.of(registration))

    def _confirm_there(
        self, registration: Registration, hosted: HostUser, proof: Proof, password: str, caller: Caller | None
    ) -> None:
        pool, sub = registration.pool, hosted.user.sub
        _check_can_reset(hosted.user)
        proof.check_address(hosted.user)

        def redeem(unit: Unit) -> None:
            self._codes.redeem(unit, proof)
            kind, response = EventType.FORGOT_PASSWORD, EventResponse.PASS
            auth_events.record(unit, registration, sub, kind, response, self._clock())

        user = self._directory.set_password(hosted, password, prefix=passwords.CHOSEN, unlocks=True, claim=redeem)
        audit.record("password_reset", pool_id=pool.id, client_id=registration.client.client_id, sub=sub)
        self._triggers.post_confirmation(CONFIRM_FORGOT_PASSWORD, user, caller or Caller.of(registration))


def _check_can_reset(user: User) -> None:
    if not user.enabled:
        raise UserDisabled
    if user.status == UserStatus.UNCONFIRMED:
        raise UserNotConfirmed
