"""Choice-based sign-in: USER_AUTH, whose first factor the user or the application chooses (api.md 4.9, part 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app_client_authz.domain import auth_flows
from app_client_authz.domain.challenge import (
    BY_PASSWORD,
    FIRST_FACTORS,
    ONE_TIME,
    PASSWORD,
    PASSWORD_SRP,
    SELECT_CHALLENGE,
    SIGNED_UP,
    Door,
    NextStep,
    StepState,
    first_factors,
    offered_to_all,
    takes_code,
)
from app_client_authz.domain.delivery import simulated_by, verified_address_of
from app_client_authz.domain.errors import (
    ChallengeExpired,
    FeatureUnavailableInTier,
    InvalidParameter,
    NotAuthorized,
    OperationError,
    UserNotFound,
)
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.pool_rules import PASSWORDLESS, lite_refuses
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import UserStatus
from app_client_authz.services.authentication import Authentication, Outcome
from app_client_authz.services.challenges import INVALID_SESSION, Challenges, OpenSession, Settle, session_key
from app_client_authz.services.directories import Directories
from app_client_authz.services.next_steps import ChallengeRequired, NextSteps
from app_client_authz.services.password_attempts import WRONG, PasswordAttempts
from app_client_authz.services.sign_in_codes import SignInCodes
from app_client_authz.services.srp_sign_in import SrpSignIn
from app_client_authz.services.triggers import Triggers
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

Parameters = Mapping[str, str]
_STEP_UP = ("TARGET_ACR_VALUES", "MAX_AGE", "ACCESS_TOKEN")


@dataclass(frozen=True, slots=True)
class SrpRequired:
    """The password is to be proved by SRP: the parameters of PASSWORD_VERIFIER."""

    parameters: Parameters


@dataclass(frozen=True, slots=True)
class _Chooser:
    """Who begins: ``stored`` is None where no user may begin, and that is not to be told."""

    registration: Registration
    door: Door
    name: str
    key: str
    stored: StoredUser | None
    offered: tuple[str, ...]
    caller: Caller

    @property
    def state(self) -> StepState:
        seconds = self.registration.client.auth_session_seconds
        return StepState(self.door, seconds, offered=self.offered, name_key=self.key)


class ChoiceSignIn:
    """Where the client hides who exists, everybody is offered what the pool has.

    What a user cannot use of it is simulated then.
    """

    def __init__(
        self,
        units: Units,
        attempts: PasswordAttempts,
        directories: Directories,
        authentication: Authentication,
        srp: SrpSignIn,
        challenges: Challenges,
        next_steps: NextSteps,
        codes: SignInCodes,
        triggers: Triggers,
    ) -> None:
        self._units = units
        self._attempts = attempts
        self._directories = directories
        self._authentication = authentication
        self._srp = srp
        self._challenges = challenges
        self._next_steps = next_steps
        self._codes = codes
        self._triggers = triggers

    def begin(
        self, registration: Registration, parameters: Parameters, *, door: Door, caller: Caller | None = None
    ) -> Outcome | SrpRequired:
        """The preferred challenge, if the user has it, else the choice (SELECT_CHALLENGE).

        Raises:
            InvalidParameter: an unknown PREFERRED_CHALLENGE, or what it needs is missing; a step-up.
            FeatureUnavailableInTier: the pool's tier is LITE.
            UserNotFound, UserDisabled, UserNotConfirmed, PasswordResetRequired: where the client shows who exists.
            NotAuthorized, and what ``Authentication.sign_in`` raises: the password was wrong.
            LimitExceeded, CodeDeliveryFailure: no code could be sent.
            TriggerFailed: a trigger refused. PreAuthentication is asked once a factor is chosen.
        """
        _check_possible(registration, parameters)
        preferred = parameters.get("PREFERRED_CHALLENGE")
        if preferred and preferred not in FIRST_FACTORS:
            raise InvalidParameter(f"PREFERRED_CHALLENGE must be one of {', '.join(FIRST_FACTORS)}.")
        caller = caller or Caller.of(registration)
        name, password = parameters["USERNAME"], parameters.get("PASSWORD")
        try:
            chooser = self._chooser(registration, name, door, caller)
        except UserNotFound:
            if preferred != PASSWORD or not password:
                raise
            # A UserMigration trigger may know who that is, by the password.
            seconds = registration.client.auth_session_seconds
            return self._authentication.sign_in(
                registration, name, password, session_seconds=seconds, door=door, caller=caller
            )
        if preferred in chooser.offered:
            return self._chosen(chooser, preferred, parameters, is_first=True)
        return self._set(chooser, SELECT_CHALLENGE)

    def go_on_from_sign_up(
        self, registration: Registration, session: str, name: str, *, door: Door, caller: Caller | None = None
    ) -> Outcome:
        """The user who just confirmed a registration: the code was the first factor (ConfirmSignUp's Session).

        Raises:
            ChallengeExpired: the session is over, or the registration was not confirmed with it.
        """
        opened = self._challenges.find(session, SIGNED_UP, door=door, registration=registration, name=name)
        if not opened.state.done:
            raise ChallengeExpired(INVALID_SESSION, detail="not confirmed")
        caller = caller or Caller.of(registration)
        self._triggers.pre_authentication(registration, name, opened.user, caller)
        return self._after_code(opened, caller)

    def choose(
        self,
        registration: Registration,
        session: str,
        responses: Parameters,
        *,
        door: Door,
        caller: Caller | None = None,
    ) -> Outcome | SrpRequired:
        """The chosen challenge, or what answering it at once leads to (SELECT_CHALLENGE).

        Raises:
            ChallengeExpired: the session is over.
            InvalidParameter: an answer that was not offered.
            As ``begin``.
        """
        auth_flows.require(responses, "ANSWER")
        opened = self._find(registration, session, SELECT_CHALLENGE, responses, door)
        answer = responses["ANSWER"]
        if answer not in opened.state.offered:
            raise InvalidParameter("Invalid answer: choose one of the available challenges.")
        return self._chosen(_again(opened, caller), answer, responses, self._challenges.settling(opened))

    def answer(
        self,
        registration: Registration,
        session: str,
        challenge: str,
        responses: Parameters,
        *,
        door: Door,
        caller: Caller | None = None,
    ) -> Outcome | SrpRequired:
        """What follows PASSWORD, PASSWORD_SRP, EMAIL_OTP or SMS_OTP as a first factor.

        Raises:
            ChallengeExpired: the session is over, or the user lost the address meanwhile.
            CodeMismatch, LimitExceeded: see ``SignInCodes.prove``.
            NotAuthorized, and what ``Authentication.sign_in`` raises: the password was wrong.
        """
        opened = self._find(registration, session, challenge, responses, door)
        if challenge in BY_PASSWORD:
            auth_flows.require(responses, "PASSWORD" if challenge == PASSWORD else "SRP_A")
            return self._chosen(_again(opened, caller), challenge, responses, self._challenges.settling(opened))
        code = f"{challenge}_CODE"
        auth_flows.require(responses, code)
        self._codes.prove(opened, self._account(opened), responses[code])
        return self._after_code(opened, caller)

    # --------------------------------------------------------------------------------------------

    def _find(
        self, registration: Registration, session: str, challenge: str, responses: Parameters, door: Door
    ) -> OpenSession:
        name = responses["USERNAME"]
        opened = self._challenges.find(session, challenge, door=door, registration=registration, name=name)
        if opened.state.first_factor is not None:
            raise ChallengeExpired(INVALID_SESSION, detail="a second factor")
        return opened

    def _chooser(self, registration: Registration, name: str, door: Door, caller: Caller) -> _Chooser:
        pool = registration.pool
        key = session_key(pool, name)
        stored = self._units.read(lambda unit: unit.users.find_by_name(pool.id, key, typed=name))
        if registration.client.prevents_user_existence_errors:
            offered = self._possible(pool, offered_to_all(pool))
            return _Chooser(registration, door, name, key, self._if_able(stored), offered, caller)
        if stored is None:
            raise UserNotFound
        self._attempts.check_standing(registration, stored)
        offered = self._possible(pool, first_factors(pool, stored.user, has_password=stored.has_password))
        if not offered:
            raise NotAuthorized(WRONG, detail="no first factor")
        return _Chooser(registration, door, name, key, stored, offered, caller)

    def _possible(self, pool: UserPool, offered: tuple[str, ...]) -> tuple[str, ...]:
        """Without SRP, where the pool's directory has no verifiers."""
        if not self._directories.has(pool.id):
            return offered
        return tuple(each for each in offered if each != PASSWORD_SRP)

    def _if_able(self, stored: StoredUser | None) -> StoredUser | None:
        try:
            if stored is not None:
                self._attempts.check_status(stored)
        except OperationError:
            return None
        return stored

    def _chosen(
        self,
        chooser: _Chooser,
        challenge: str,
        given: Parameters,
        settle: Settle | None = None,
        *,
        is_first: bool = False,
    ) -> Outcome | SrpRequired:
        registration, seconds = chooser.registration, chooser.state.seconds
        if challenge in BY_PASSWORD and is_first:
            auth_flows.require(given, "PASSWORD" if challenge == PASSWORD else "SRP_A")
        if challenge == PASSWORD and given.get("PASSWORD"):
            return self._authentication.sign_in(
                registration,
                chooser.name,
                given["PASSWORD"],
                session_seconds=seconds,
                door=chooser.door,
                settle=settle,
                caller=chooser.caller,
            )
        if challenge == PASSWORD_SRP and given.get("SRP_A"):
            required = SrpRequired(self._srp.challenge(registration, chooser.name, given["SRP_A"], chooser.caller))
            if settle is not None:
                self._units.write(settle)
            return required
        if challenge in ONE_TIME:
            # A password is asked about when it comes.
            user = None if chooser.stored is None else chooser.stored.user
            self._triggers.pre_authentication(registration, chooser.name, user, chooser.caller)
        return self._set(chooser, challenge, settle)

    def _set(self, chooser: _Chooser, challenge: str, settle: Settle | None = None) -> ChallengeRequired:
        pool, stored, state = chooser.registration.pool, chooser.stored, chooser.state
        if challenge not in ONE_TIME:
            if stored is not None:
                return self._next_steps.set(
                    chooser.registration, stored.user, NextStep(challenge), state, settle, chooser.caller
                )
            return self._simulate(chooser, challenge, settle)
        if stored is None or not takes_code(pool, stored.user, challenge):
            return self._simulate(chooser, challenge, settle)
        address = verified_address_of(stored.user, ONE_TIME[challenge])
        state = replace(state, destination=address)
        return self._next_steps.set(
            chooser.registration,
            stored.user,
            NextStep(challenge),
            state,
            settle,
            chooser.caller,
            hides=chooser.registration.client.prevents_user_existence_errors,
        )

    def _simulate(self, chooser: _Chooser, challenge: str, settle: Settle | None) -> ChallengeRequired:
        """As much work, the same limits and the same answer as for a user who has what was chosen (ENU-3, ENU-7)."""
        registration, pool = chooser.registration, chooser.registration.pool
        account = self._attempts.account(pool.id, chooser.key, None)
        # The caller may answer under this name, as users do under theirs.
        user_id = self._srp.user_id(pool, chooser.key, chooser.stored)

        def begin(unit: Unit) -> str:
            unit.users.lock(account.key)
            if settle is not None:
                settle(unit)
            digest = None
            if challenge in ONE_TIME:
                _, digest = self._codes.issue(unit, account, challenge, is_first=True)
            return self._challenges.begin(
                unit, registration, None, challenge, replace(chooser.state, code_digest=digest, user_id=user_id)
            )

        session = self._units.write(begin)
        delivery = simulated_by(ONE_TIME[challenge], chooser.name, account.key) if challenge in ONE_TIME else None
        return ChallengeRequired(session, challenge, user_id, chooser.offered, delivery)

    def _after_code(self, opened: OpenSession, caller: Caller | None) -> Outcome:
        registration, user, state = opened.registration, opened.user, opened.state
        if user.status != UserStatus.CONFIRMED:
            raise ChallengeExpired(INVALID_SESSION, detail=f"status {user.status}")
        if opened.challenge in ONE_TIME:
            address = verified_address_of(user, ONE_TIME[opened.challenge])
            if address != state.destination or not takes_code(registration.pool, user, opened.challenge):
                raise ChallengeExpired(INVALID_SESSION, detail="no first factor any more")
        return self._next_steps.after(
            registration,
            user,
            door=state.door,
            seconds=state.seconds,
            first_factor=opened.challenge,
            settle=self._challenges.settling(opened),
            caller=caller,
        )

    def _account(self, opened: OpenSession) -> Account:
        pool_id, key = opened.registration.pool.id, opened.state.name_key or ""
        return self._attempts.account(pool_id, key, opened.stored)


def _check_possible(registration: Registration, parameters: Parameters) -> None:
    if registration.pool.spec.tier == "LITE":
        raise FeatureUnavailableInTier(lite_refuses([PASSWORDLESS]))
    for name in _STEP_UP:
        # What an application relies on must not be passed over in silence (OPS-4).
        if parameters.get(name):
            raise InvalidParameter(f"{name} is not supported by this server.")


def _again(opened: OpenSession, caller: Caller | None) -> _Chooser:
    """Who chooses, of an answer to the session: by the name that never changes, where there is a user."""
    state, stored = opened.state, opened.stored
    key = state.name_key or ""
    name = key if stored is None else stored.user.username
    caller = caller or Caller.of(opened.registration)
    return _Chooser(opened.registration, state.door, name, key, stored, state.offered, caller)
