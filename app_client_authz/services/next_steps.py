"""What follows a factor that was proved: the next challenge, or nothing more (api.md 4.8)."""

from dataclasses import dataclass, field, replace

from app_client_authz.domain import user_mfa
from app_client_authz.domain.auth_event import Answered, answers
from app_client_authz.domain.challenge import (
    DEVICE_SRP_AUTH,
    MFA_SETUP,
    ONE_TIME,
    SELECT_MFA_TYPE,
    Door,
    NextStep,
    StepState,
    second_factor,
)
from app_client_authz.domain.delivery import CodeDelivery, address_of
from app_client_authz.domain.errors import ChallengeExpired, CodeDeliveryFailure, TriggerFailed
from app_client_authz.domain.message import Medium, MessageKind
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import User, id_for_srp
from app_client_authz.services import audit
from app_client_authz.services.challenges import INVALID_SESSION, Challenges, Passed, Settle
from app_client_authz.services.delivery import Delivery
from app_client_authz.services.sign_in_codes import SignInCodes
from app_client_authz.services.stored_users import check_unchanged
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units


@dataclass(frozen=True, slots=True)
class ChallengeRequired:
    """One more step, within the session's time.

    ``challenge`` is the name of it. ``offered`` is what there is to choose from (SELECT_MFA_TYPE,
    SELECT_CHALLENGE) or to set up (MFA_SETUP), and beside a first factor what could have been chosen. ``delivery``
    is where a code went, masked. ``user_id`` is the username, or what it could be.
    """

    session: str = field(repr=False)
    challenge: str
    user_id: str
    offered: tuple[str, ...] = ()
    delivery: CodeDelivery | None = None
    friendly_name: str | None = None


class NextSteps:
    """One place decides, for every door and every first factor."""

    def __init__(self, units: Units, challenges: Challenges, codes: SignInCodes, delivery: Delivery) -> None:
        self._units = units
        self._challenges = challenges
        self._codes = codes
        self._delivery = delivery

    def after(
        self,
        registration: Registration,
        user: User,
        *,
        door: Door,
        seconds: int,
        first_factor: str,
        settle: Settle | None = None,
        caller: Caller | None = None,
        device_id: str | None = None,
    ) -> User | Passed | ChallengeRequired:
        """The user who may come in, or the second factor that is asked for; before that, whether it is the device.

        ``user`` is as it was when ``first_factor`` was proved; ``settle`` uses up the answer that proved it.
        ``device_id`` is the device that the user named; one that was forgotten since is none.

        Raises:
            NotAuthorized: the user changed since.
            LimitExceeded, CodeDeliveryFailure, TriggerFailed: no code could be sent.
        """
        known = None
        if device_id is not None:
            known = self._units.read(lambda unit: unit.devices.find(user.sub, device_id))
        state = StepState(door, seconds, first_factor, device_id=None if known is None else known.id)
        if known is not None and known.proves_itself:
            return self.set(registration, user, NextStep(DEVICE_SRP_AUTH), state, settle)
        return self.second_factor(registration, user, state, settle, caller)

    def second_factor(
        self,
        registration: Registration,
        user: User,
        state: StepState,
        settle: Settle | None,
        caller: Caller | None = None,
    ) -> User | Passed | ChallengeRequired:
        """The same, once it is known whether the device is there.

        Raises:
            As ``after``.
        """
        step = second_factor(registration.pool, user)
        if step is not None:
            return self.set(registration, user, step, replace(state, offered=step.offered), settle, caller)
        return passed(user, settle, state.device_id, answers(state.first_factor))

    def set(
        self,
        registration: Registration,
        user: User,
        step: NextStep,
        state: StepState,
        settle: Settle | None = None,
        caller: Caller | None = None,
        *,
        hides: bool = False,
    ) -> ChallengeRequired:
        """The challenge, set: a code that it asks for is on its way to ``state.destination``, or the user's address.

        ``hides``: that a code could not be sent is not told, because nothing fails to reach who does not exist.

        Raises:
            As ``after``.
        """
        pool = registration.pool
        medium = _medium_of(step.challenge)
        destination = None
        if medium is not None:
            destination = state.destination or address_of(user, medium)
            if destination is None:
                raise ChallengeExpired(INVALID_SESSION, detail="the address is gone")

        def begin(unit: Unit) -> tuple[str, str]:
            # The user's row first, as everybody does who ends sessions.
            check_unchanged(unit, user)
            if settle is not None:
                settle(unit)
            code, digest = "", None
            if medium is not None:
                account = Account(pool.id, user.sub)
                code, digest = self._codes.issue(unit, account, step.challenge, is_first=state.first_factor is None)
            filled = replace(state, destination=destination, code_digest=digest)
            return self._challenges.begin(unit, registration, user, step.challenge, filled), code

        session, code = self._units.write(begin)
        ids = {"pool_id": pool.id, "client_id": registration.client.client_id, "sub": user.sub}
        audit.record("challenge_set", challenge=step.challenge, **ids)
        delivery = None
        if medium is not None and destination is not None:
            caller = caller or Caller.of(registration)
            try:
                self._delivery.send_code(MessageKind.AUTHENTICATION, pool, user, medium, destination, code, caller)
            except (CodeDeliveryFailure, TriggerFailed):
                if not hides:
                    raise
            delivery = CodeDelivery.of(medium, destination)
        return describe(pool, session, step.challenge, user, state, delivery)


def describe(
    pool: UserPool, session: str, challenge: str, user: User, state: StepState, delivery: CodeDelivery | None
) -> ChallengeRequired:
    """What the caller is told of a step."""
    shows_choice = challenge in {SELECT_MFA_TYPE, MFA_SETUP} or state.first_factor is None
    name = user.mfa.friendly_name if challenge == user_mfa.SOFTWARE_TOKEN else None
    # Before anything was proved, the caller is a stranger.
    user_id = id_for_srp(pool, user.username) if state.first_factor is None else user.username
    return ChallengeRequired(
        session, challenge, user_id, state.offered if shows_choice else (), delivery, friendly_name=name
    )


def passed(user: User, settle: Settle | None, device_id: str | None, answered: tuple[Answered, ...]) -> User | Passed:
    """The user who may come in, with what is left to be done about it; a bare one proved the password."""
    if settle is None and device_id is None and answered == (Answered.PASSWORD_RIGHT,):
        return user
    return Passed(user, settle or _nothing, device_id, answered)


def _nothing(_unit: Unit) -> None:
    """There was no answer to use up."""


def _medium_of(challenge: str) -> Medium | None:
    return user_mfa.SENT_BY.get(challenge) or ONE_TIME.get(challenge)
