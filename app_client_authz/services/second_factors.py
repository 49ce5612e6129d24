"""Answers to the challenges of a second factor (api.md 4.7, 4.8)."""

from dataclasses import dataclass, field, replace

from app_client_authz.domain import attributes
from app_client_authz.domain.auth_event import Answered, EventType, answers
from app_client_authz.domain.challenge import (
    EMAIL_OTP,
    MFA_SETUP,
    SELECT_MFA_TYPE,
    SOFTWARE_TOKEN_MFA,
    Door,
    NextStep,
    active_factors,
    second_factor,
)
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import CodeDelivery
from app_client_authz.domain.errors import ChallengeExpired, CodeMismatch, ExpiredCode, InvalidParameter, LimitExceeded
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.domain.user_mfa import SENT_BY, address_of
from app_client_authz.services import audit, auth_events
from app_client_authz.services.challenges import INVALID_SESSION, Challenges, OpenSession, Passed
from app_client_authz.services.next_steps import ChallengeRequired, NextSteps, describe, passed
from app_client_authz.services.sign_in_codes import SignInCodes
from app_client_authz.services.software_tokens import SoftwareTokens
from app_client_authz.services.stored_users import existing_user, store
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units


@dataclass(frozen=True, slots=True)
class Reply:
    """Who answers which session at which client; ``door`` is where, ``name`` whom the caller says to be.

    ``caller`` is for the triggers.
    """

    registration: Registration
    session: str = field(repr=False)
    door: Door = "pages"
    name: str | None = None
    caller: Caller | None = None


class SecondFactors:
    """A refused answer leaves the session open; a right one is used up by whoever lets the user in (``Passed``)."""

    def __init__(
        self,
        units: Units,
        challenges: Challenges,
        next_steps: NextSteps,
        codes: SignInCodes,
        software_tokens: SoftwareTokens,
        clock: Clock,
    ) -> None:
        self._units = units
        self._challenges = challenges
        self._next_steps = next_steps
        self._codes = codes
        self._software_tokens = software_tokens
        self._clock = clock

    def look(self, reply: Reply, challenges: frozenset[str]) -> ChallengeRequired:
        """The step as it was set, if it is one of these, for a page that shows it again; nothing is sent.

        Raises:
            ChallengeExpired: the step is over.
        """
        opened = self._find(reply, challenges)
        medium, destination = SENT_BY.get(opened.challenge), opened.state.destination
        delivery = None if medium is None or destination is None else CodeDelivery.of(medium, destination)
        pool = reply.registration.pool
        return describe(pool, reply.session, opened.challenge, opened.user, opened.state, delivery)

    def answer(self, reply: Reply, challenge: str, code: str) -> User | Passed:
        """The user, for the right code of SMS_MFA, EMAIL_OTP or SOFTWARE_TOKEN_MFA.

        Raises:
            ChallengeExpired: the session is over, or what it asks for is no factor of the user any more.
            CodeMismatch, ExpiredCode: wrong, or used already.
            LimitExceeded: too many wrong codes; this one was not looked at.
            AliasExists: the address that was to be set up is another user's by now.
        """
        opened = self._find(reply, challenge)
        if opened.state.first_factor is None:
            raise ChallengeExpired(INVALID_SESSION, detail="a first factor")
        try:
            return self._judge(opened, challenge, code)
        except (CodeMismatch, ExpiredCode, LimitExceeded):
            answered = answers(opened.state.first_factor, Answered.MFA_WRONG)
            auth_events.record_failure(
                self._units, opened.registration, opened.user.sub, EventType.SIGN_IN, self._clock(), *answered
            )
            raise

    def _judge(self, opened: OpenSession, challenge: str, code: str) -> User | Passed:
        registration, user = opened.registration, opened.user
        answered = answers(opened.state.first_factor, Answered.MFA_RIGHT)
        if challenge == SOFTWARE_TOKEN_MFA:
            _check_active(opened)
            step = self._software_tokens.prove(registration, user, code)

            def settle(unit: Unit) -> None:
                self._software_tokens.use(unit, user, step)
                self._challenges.consume(unit, opened)

            return Passed(user, settle, opened.state.device_id, answered)
        if opened.state.sets_up:
            _check_setting_up(registration, user)
        else:
            _check_active(opened)
        self._codes.prove(opened, Account(registration.pool.id, user.sub), code)
        if opened.state.sets_up:
            user = self._units.write(lambda unit: self._add_email(unit, opened))
            ids = {"pool_id": user.pool_id, "client_id": registration.client.client_id, "sub": user.sub}
            audit.record("mfa_set_up", factor=challenge, **ids)
            return passed(user, None, opened.state.device_id, answered)
        return Passed(user, self._challenges.settling(opened), opened.state.device_id, answered)

    def choose(self, reply: Reply, factor: str) -> ChallengeRequired:
        """The challenge of one of the factors that SELECT_MFA_TYPE offered.

        Raises:
            ChallengeExpired: the session is over, or the factor is none of the user's any more.
            InvalidParameter: a factor that was not offered.
            LimitExceeded, CodeDeliveryFailure: no code could be sent.
        """
        opened = self._find(reply, SELECT_MFA_TYPE)
        if factor not in opened.state.offered:
            raise InvalidParameter("Invalid answer: choose one of MFAS_CAN_CHOOSE.")
        if factor not in active_factors(opened.registration.pool, opened.user):
            raise ChallengeExpired(INVALID_SESSION, detail="no factor any more")
        state = replace(opened.state, offered=())
        settle = self._challenges.settling(opened)
        return self._next_steps.set(opened.registration, opened.user, NextStep(factor), state, settle, reply.caller)

    def finish_set_up(self, reply: Reply) -> Passed:
        """The user, who verified an app with the session that leads here (MFA_SETUP).

        Raises:
            ChallengeExpired: the session is over.
            InvalidParameter: no app was verified with it.
        """
        opened = self._find(reply, MFA_SETUP)
        if not opened.state.done:
            raise InvalidParameter("User has not verified software token mfa")
        if SOFTWARE_TOKEN_MFA not in active_factors(opened.registration.pool, opened.user):
            raise ChallengeExpired(INVALID_SESSION, detail="deleted since")
        answered = answers(opened.state.first_factor, Answered.MFA_RIGHT)
        return Passed(opened.user, self._challenges.settling(opened), opened.state.device_id, answered)

    def set_up_email(self, reply: Reply, address: str) -> ChallengeRequired:
        """A code to the address, which becomes the user's second factor with the right answer (MFA_SETUP).

        Raises:
            ChallengeExpired: the session is over, or the user has a second factor by now.
            InvalidParameter: e-mail is no factor of the pool, that is no address, or not the one that the user has.
            LimitExceeded, CodeDeliveryFailure: no code could be sent.
        """
        opened = self._find(reply, MFA_SETUP)
        registration, user = opened.registration, opened.user
        if opened.state.done or EMAIL_OTP not in opened.state.offered:
            raise InvalidParameter("EMAIL_OTP cannot be set up.")
        _check_setting_up(registration, user)
        present = user.attributes.get("email")
        if present and present != address:
            raise InvalidParameter("Cannot modify an already provided email")
        attributes.check_update(registration.pool, user.attributes, {"email": address}, by_admin=True)
        state = replace(opened.state, offered=(), destination=address, sets_up=True)
        settle = self._challenges.settling(opened)
        return self._next_steps.set(registration, user, NextStep(EMAIL_OTP), state, settle, reply.caller)

    # --------------------------------------------------------------------------------------------

    def _find(self, reply: Reply, challenge: str | frozenset[str]) -> OpenSession:
        opened = self._challenges.find(
            reply.session, challenge, door=reply.door, registration=reply.registration, name=reply.name
        )
        if opened.user.status != UserStatus.CONFIRMED:
            raise ChallengeExpired(INVALID_SESSION, detail=f"status {opened.user.status}")
        return opened

    def _add_email(self, unit: Unit, opened: OpenSession) -> User:
        pool = opened.registration.pool
        stored = existing_user(unit, pool, opened.user.sub, hold=True)
        _check_setting_up(opened.registration, stored.user)
        self._challenges.consume(unit, opened)
        address = opened.state.destination or ""
        if stored.user.attributes.get("email") not in {None, "", address}:
            raise ChallengeExpired(INVALID_SESSION, detail="another address since")
        proven = {**stored.user.attributes, "email": address, "email_verified": "true"}
        mfa = stored.user.mfa.with_enabled(EMAIL_OTP)
        after = replace(stored.user, attributes=proven, mfa=mfa, updated_at=self._clock())
        return store(unit, pool, stored, after)


def _check_active(opened: OpenSession) -> None:
    """What was asked for still counts, and at the address that the code went to (R18)."""
    user, challenge = opened.user, opened.challenge
    moved = challenge in SENT_BY and address_of(challenge, user.attributes) != opened.state.destination
    if moved or challenge not in active_factors(opened.registration.pool, user):
        raise ChallengeExpired(INVALID_SESSION, detail="no factor any more")


def _check_setting_up(registration: Registration, user: User) -> None:
    step = second_factor(registration.pool, user)
    if step is None or step.challenge != MFA_SETUP:
        raise ChallengeExpired(INVALID_SESSION, detail="nothing to set up any more")
