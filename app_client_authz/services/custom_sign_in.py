"""Sign-in by challenges of the host's own: CUSTOM_AUTH (api.md 4.10)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app_client_authz.crypto.sealing import Sealer, SealError
from app_client_authz.domain import auth_flows
from app_client_authz.domain.auth_event import EventType
from app_client_authz.domain.challenge import (
    CUSTOM_CHALLENGE,
    CUSTOM_PASSWORD_VERIFIER,
    PASSWORD_VERIFIER,
    Door,
    StepState,
)
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import (
    ChallengeExpired,
    InvalidLambdaResponse,
    InvalidParameter,
    LimitExceeded,
    NotAuthorized,
    OperationError,
    UserNotFound,
)
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.domain.user_triggers import Challenged, CustomChallenge
from app_client_authz.services import audit, auth_events
from app_client_authz.services.challenges import INVALID_SESSION, Challenges, OpenSession, Passed, Settle, session_key
from app_client_authz.services.next_steps import passed
from app_client_authz.services.password_attempts import WRONG, PasswordAttempts
from app_client_authz.services.sign_in_codes import GUESSES_PER_HOUR
from app_client_authz.services.srp_sign_in import SrpSignIn
from app_client_authz.services.stored_users import check_unchanged
from app_client_authz.services.triggers import Triggers
from app_client_authz.services.verification_codes import TOO_MANY
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

NOT_CONFIGURED = "Custom auth lambda trigger is not configured for the user pool."
_GUESS = "guess:custom_challenge"
Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CustomRequired:
    """A challenge of the host's, or PASSWORD_VERIFIER as a step among them."""

    session: str = field(repr=False)
    challenge: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class _Progress:
    """What was answered so far, and the challenge that waits. Sealed: it holds the right answer."""

    answered: tuple[Mapping[str, object], ...] = ()
    private: Mapping[str, str] = field(default_factory=dict, repr=False)
    metadata: str | None = None

    def with_result(self, challenge: str, *, right: bool) -> "_Progress":
        result: dict[str, object] = {"challengeName": challenge, "challengeResult": right}
        if challenge == CUSTOM_CHALLENGE and self.metadata is not None:
            result["challengeMetadata"] = self.metadata
        return _Progress((*self.answered, result))


@dataclass(frozen=True, slots=True)
class _Signer:
    """Who signs in: ``stored`` is None where no user may, and that is not to be told."""

    registration: Registration
    door: Door
    name: str
    key: str
    stored: StoredUser | None
    caller: Caller

    @property
    def told(self) -> Challenged:
        user = None if self.stored is None else self.stored.user
        name = self.name if user is None else user.username
        hides = self.registration.client.prevents_user_existence_errors
        return Challenged(self.registration.pool.id, name, user, hides)


class CustomSignIn:
    """The triggers decide; of ours are the sessions, the limits, and who may come in at all.

    A session is used up before its answer is looked at: of many answers at once one is judged (R14). The second
    factors of the pool are not asked for.
    """

    def __init__(
        self,
        units: Units,
        sealer: Sealer,
        attempts: PasswordAttempts,
        srp: SrpSignIn,
        challenges: Challenges,
        triggers: Triggers,
        clock: Clock,
    ) -> None:
        self._units = units
        self._sealer = sealer
        self._attempts = attempts
        self._srp = srp
        self._challenges = challenges
        self._triggers = triggers
        self._clock = clock

    def begin(
        self, registration: Registration, parameters: Parameters, *, door: Door, caller: Caller
    ) -> User | Passed | CustomRequired:
        """The first challenge. With CHALLENGE_NAME SRP_A the password may be one of them.

        Raises:
            InvalidParameter: nobody is registered, or SRP_A is missing.
            UserNotFound, UserDisabled, UserNotConfirmed, PasswordResetRequired: where the client shows who exists.
            NotAuthorized: the triggers want no sign-in.
            TriggerFailed: a trigger refused, or made no sense.
        """
        public_a, progress = None, _Progress()
        # The guide spells it one way, SDKs the other.
        if "SRP_A" in {parameters.get("CHALLENGE_NAME"), parameters.get("ChallengeName")}:
            auth_flows.require(parameters, "SRP_A")
            public_a, progress = parameters["SRP_A"], progress.with_result("SRP_A", right=True)
        signer = self._signer(registration, parameters["USERNAME"], door, caller)
        user = None if signer.stored is None else signer.stored.user
        self._triggers.pre_authentication(registration, signer.name, user, caller)
        return self._go_on(signer, progress, public_a=public_a)

    def answer(
        self, registration: Registration, session: str, responses: Parameters, *, door: Door, caller: Caller
    ) -> User | Passed | CustomRequired:
        """What the triggers make of the ANSWER to CUSTOM_CHALLENGE; a wrong one may lead to another challenge.

        Raises:
            ChallengeExpired: the session is over.
            LimitExceeded: 15 wrong answers within the hour; this one was not looked at.
            NotAuthorized, TriggerFailed: as ``begin``.
        """
        auth_flows.require(responses, "ANSWER")
        opened = self._challenges.find(
            session, CUSTOM_CHALLENGE, door=door, registration=registration, name=responses["USERNAME"]
        )
        progress = self._progress(opened)
        signer = self._again(opened, responses["USERNAME"], caller)
        self._count(opened, signer)
        challenge = CustomChallenge({}, progress.private, progress.metadata)
        right = self._triggers.verify_challenge(signer.told, challenge, responses["ANSWER"], caller)
        if right is None:
            raise InvalidParameter(NOT_CONFIGURED)
        if right:
            # This one does not count after all. The wrong ones before it do: what is easy to answer must not give
            # back the guesses at the challenge behind it (R14).
            account = self._attempts.account(registration.pool.id, signer.key, signer.stored)
            self._units.write(lambda unit: unit.hourly_counts.give_back(account, _GUESS))
        return self._go_on(signer, progress.with_result(CUSTOM_CHALLENGE, right=right))

    def waits_for_password(
        self, registration: Registration, session: str | None, name: str, *, door: Door
    ) -> OpenSession | None:
        """The custom sign-in whose step PASSWORD_VERIFIER is; None if the password is proved for itself."""
        if not session:
            return None
        try:
            return self._challenges.find(
                session, CUSTOM_PASSWORD_VERIFIER, door=door, registration=registration, name=name
            )
        except ChallengeExpired:
            return None

    def prove(self, opened: OpenSession, responses: Parameters, caller: Caller) -> User | Passed | CustomRequired:
        """What follows the right password in a custom sign-in; a wrong one leaves the session open.

        Raises:
            NotAuthorized and what ``SrpSignIn.prove`` raises: no proof.
            ChallengeExpired: the session was answered by another request.
            TriggerFailed: as ``begin``.
        """
        progress = self._progress(opened)
        stored = self._srp.prove(opened.registration, responses, in_custom_flow=True).stored
        if opened.stored is None or stored.user.sub != opened.stored.user.sub:
            raise NotAuthorized(WRONG, detail="another user's proof")
        signer = replace(self._again(opened, responses["USERNAME"], caller), stored=stored)
        settle = self._challenges.settling(opened)
        return self._go_on(signer, progress.with_result(PASSWORD_VERIFIER, right=True), settle)

    # --------------------------------------------------------------------------------------------

    def _signer(self, registration: Registration, name: str, door: Door, caller: Caller) -> _Signer:
        pool, key = registration.pool, session_key(registration.pool, name)
        stored = self._units.read(lambda unit: unit.users.find_by_name(pool.id, key, typed=name))
        try:
            if stored is None:
                raise UserNotFound
            self._attempts.check_status(stored)
        except OperationError:
            if not registration.client.prevents_user_existence_errors:
                raise
            stored = None
        return _Signer(registration, door, name, key, stored, caller)

    @staticmethod
    def _again(opened: OpenSession, name: str, caller: Caller) -> _Signer:
        state = opened.state
        return _Signer(opened.registration, state.door, name, state.name_key or "", opened.stored, caller)

    def _go_on(
        self, signer: _Signer, progress: _Progress, settle: Settle | None = None, *, public_a: str | None = None
    ) -> User | Passed | CustomRequired:
        decided = self._triggers.define_challenge(signer.told, progress.answered, signer.caller)
        if decided is None:
            raise InvalidParameter(NOT_CONFIGURED)
        if decided.fails:
            registration, now = signer.registration, self._clock()
            if signer.stored is None:
                account = self._attempts.account(registration.pool.id, signer.key, None)
                auth_events.simulate_failure(self._units, registration, account, now)
            else:
                sub = signer.stored.user.sub
                auth_events.record_failure(self._units, registration, sub, EventType.SIGN_IN, now)
            raise NotAuthorized(WRONG, detail="the triggers end it")
        if decided.issues_tokens:
            return self._let_in(signer, settle)
        if decided.name == PASSWORD_VERIFIER:
            if public_a is None:
                raise InvalidLambdaResponse(detail="PASSWORD_VERIFIER without SRP_A")
            parameters = self._srp.challenge(signer.registration, signer.name, public_a, in_custom_flow=True)
            return self._set(signer, CUSTOM_PASSWORD_VERIFIER, progress, parameters, settle)
        made = self._triggers.create_challenge(signer.told, progress.answered, signer.caller)
        if made is None:
            raise InvalidParameter(NOT_CONFIGURED)
        waiting = replace(progress, private=made.private, metadata=made.metadata)
        parameters = {**made.public, "USERNAME": self._user_id(signer)}
        return self._set(signer, CUSTOM_CHALLENGE, waiting, parameters, settle)

    def _user_id(self, signer: _Signer) -> str:
        return self._srp.user_id(signer.registration.pool, signer.key, signer.stored)

    @staticmethod
    def _let_in(signer: _Signer, settle: Settle | None) -> User | Passed:
        if signer.stored is None or signer.stored.user.status != UserStatus.CONFIRMED:
            raise NotAuthorized(WRONG, detail="nobody who may come in")
        user = signer.stored.user
        return passed(user, settle, None, ())

    def _set(
        self, signer: _Signer, challenge: str, progress: _Progress, parameters: Parameters, settle: Settle | None
    ) -> CustomRequired:
        registration, user = signer.registration, None if signer.stored is None else signer.stored.user
        seconds, user_id = registration.client.auth_session_seconds, self._user_id(signer)
        state = StepState(signer.door, seconds, name_key=signer.key, user_id=user_id)
        plain = json.dumps([list(progress.answered), dict(progress.private), progress.metadata])

        def begin(unit: Unit) -> str:
            # The user's row first, as everybody does who ends sessions.
            if user is None:
                unit.users.lock(self._attempts.account(registration.pool.id, signer.key, None).key)
            else:
                check_unchanged(unit, user)
            if settle is not None:
                settle(unit)
            return self._challenges.begin(
                unit, registration, user, challenge, state, lambda digest: self._sealer.seal(plain, row=_row(digest))
            )

        session = self._units.write(begin)
        name = PASSWORD_VERIFIER if challenge == CUSTOM_PASSWORD_VERIFIER else challenge
        return CustomRequired(session, name, parameters)

    def _progress(self, opened: OpenSession) -> _Progress:
        try:
            answered, private, metadata = json.loads(
                self._sealer.open(opened.state.sealed or "", row=_row(opened.digest))
            )
        except SealError:
            raise ChallengeExpired(INVALID_SESSION, detail="sealed under another key") from None
        return _Progress(tuple(answered), private, metadata)

    def _count(self, opened: OpenSession, signer: _Signer) -> None:
        """One more answer, before it is looked at; the session is used up by it."""
        registration, now = opened.registration, self._clock()
        account = self._attempts.account(registration.pool.id, signer.key, signer.stored)

        def take(unit: Unit) -> bool:
            if not unit.hourly_counts.take(account, _GUESS, limit=GUESSES_PER_HOUR, now=now):
                return False
            self._challenges.consume(unit, opened)
            return True

        if not self._units.write(take):
            sub = None if signer.stored is None else signer.stored.user.sub
            client_id = registration.client.client_id
            audit.record("code_attempts_exceeded", pool_id=registration.pool.id, client_id=client_id, sub=sub)
            raise LimitExceeded(TOO_MANY)


def _row(digest: str) -> str:
    return f"custom-challenge/{digest}"
