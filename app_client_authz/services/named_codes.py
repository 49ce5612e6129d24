"""Codes for users whom anybody can name: asked for and guessed without telling who exists (api.md 6, ENU-3, ENU-4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app_client_authz.domain.auth_event import EventResponse, EventType
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import CodeDelivery, simulated
from app_client_authz.domain.errors import CodeDeliveryFailure, OperationError, TriggerFailed, UserNotFound
from app_client_authz.domain.message import Medium, MessageKind
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import User, username_key
from app_client_authz.domain.verification import CONFIRM_SIGN_UP, RESET_PASSWORD, Purpose
from app_client_authz.services import auth_events
from app_client_authz.services.delivery import Delivery
from app_client_authz.services.password_attempts import PasswordAttempts
from app_client_authz.services.verification_codes import Proof, VerificationCodes
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

# What goes on record when a code is asked for, and when a wrong one is tried.
_ASKED = {
    RESET_PASSWORD.name: (EventType.FORGOT_PASSWORD, EventResponse.IN_PROGRESS),
    CONFIRM_SIGN_UP.name: (EventType.RESEND_CODE, EventResponse.PASS),
}
_TRIED = {RESET_PASSWORD.name: EventType.FORGOT_PASSWORD, CONFIRM_SIGN_UP.name: EventType.SIGN_UP}
UNKNOWN = "Username/client id combination not found."


@dataclass(frozen=True, slots=True)
class CodeKind:
    """What is asked for. ``channel`` says where it goes, or refuses, by what it raises, a user who gets none; ``media``
    in which order it looks for a way.

    ``source`` is what a CustomMessage trigger is told, if not that of the message.
    """

    purpose: Purpose
    message: MessageKind
    sends_per_hour: int
    channel: Callable[[UserPool, User], tuple[Medium, str]]
    media: Callable[[UserPool], Sequence[Medium]]
    source: str | None = None


class NamedCodes:
    """Where the client hides who exists, every refusal that depends on the user becomes a simulated answer.

    It takes as many statements, and has the same limits, as a real one.
    """

    def __init__(
        self, units: Units, attempts: PasswordAttempts, codes: VerificationCodes, delivery: Delivery, clock: Clock
    ) -> None:
        self._units = units
        self._attempts = attempts
        self._codes = codes
        self._delivery = delivery
        self._clock = clock

    def send(self, registration: Registration, name: str, kind: CodeKind, caller: Caller | None = None) -> CodeDelivery:
        """Send a code, or look as if one was sent.

        Raises:
            LimitExceeded: too many were asked for within the hour.
            UserNotFound, and whatever ``kind.channel`` raises: where the client shows who exists.
            CodeDeliveryFailure, TriggerFailed: likewise; the code counts, but could not be sent.
        """
        pool, hides = registration.pool, registration.client.prevents_user_existence_errors

        def issue(unit: Unit) -> CodeDelivery | tuple[User, Medium, str, str]:
            stored, account = self._find(unit, registration, name, hold=True)
            try:
                target = kind.channel(pool, _existing(stored).user)
            except OperationError:
                if not hides:
                    raise
                target = None
            self._codes.count_sending(unit, account, kind.purpose, per_hour=kind.sends_per_hour)
            if stored is None or target is None:
                self._codes.simulate(unit, account, kind.purpose)
                digest = self._attempts.account(pool.id, _key(pool, name), None).key
                return simulated(pool, name, digest, kind.media(pool))
            sub, event = stored.user.sub, _ASKED[kind.purpose.name]
            auth_events.record(unit, registration, sub, *event, self._clock())
            return stored.user, *target, self._codes.issue(unit, account, kind.purpose, target[1])

        issued = self._units.write(issue)
        if isinstance(issued, CodeDelivery):
            return issued
        user, medium, address, code = issued
        caller = caller or Caller.of(registration)
        try:
            self._delivery.send_code(kind.message, pool, user, medium, address, code, caller, source=kind.source)
        except (CodeDeliveryFailure, TriggerFailed):
            # Nothing fails to reach a user who does not exist: log and audit tell of it, the answer does not.
            if not hides:
                raise
        return CodeDelivery.of(medium, address)

    def prove(
        self, registration: Registration, name: str, purpose: Purpose, code: str, check: Callable[[User], None]
    ) -> Proof:
        """Proof that the named user's code is right; ``check`` refuses, by what it raises, who has no use for it.

        Raises:
            CodeMismatch, ExpiredCode, LimitExceeded: see ``VerificationCodes.prove``.
            UserNotFound, and whatever ``check`` raises: where the client shows who exists.
        """
        stored, account = self._units.read(lambda unit: self._find(unit, registration, name, hold=False))
        hides, refuses = registration.client.prevents_user_existence_errors, False
        try:
            check(_existing(stored).user)
        except OperationError:
            if not hides:
                raise
            refuses = True
        try:
            return self._codes.prove(account, purpose, code, hides=hides, refuses=refuses)
        except OperationError:
            kind, now = _TRIED[purpose.name], self._clock()
            if stored is None:
                auth_events.simulate_failure(self._units, registration, account, now)
            else:
                auth_events.record_failure(self._units, registration, stored.user.sub, kind, now)
            raise

    def _find(
        self, unit: Unit, registration: Registration, name: str, *, hold: bool
    ) -> tuple[StoredUser | None, Account]:
        pool = registration.pool
        key = _key(pool, name)
        stored = unit.users.find_by_name(pool.id, key, typed=name, hold=hold)
        return stored, self._attempts.account(pool.id, key, stored)


def _key(pool: UserPool, name: str) -> str:
    return username_key(name, pool.case_sensitive)


def _existing(stored: StoredUser | None) -> StoredUser:
    if stored is None:
        raise UserNotFound(UNKNOWN)
    return stored
