"""Sign-in by the JSON API: InitiateAuth, RespondToAuthChallenge and their Admin forms (api.md 4.2 to 4.11)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app_client_authz.domain import auth_flows
from app_client_authz.domain.auth_flows import CHOICE, CUSTOM, REFRESH, SRP
from app_client_authz.domain.challenge import (
    BY_PASSWORD,
    CUSTOM_CHALLENGE,
    DEVICE_PASSWORD_VERIFIER,
    DEVICE_SRP_AUTH,
    EMAIL_OTP,
    MFA_SETUP,
    NEW_PASSWORD_REQUIRED,
    PASSWORD_VERIFIER,
    SELECT_CHALLENGE,
    SELECT_MFA_TYPE,
    SMS_MFA,
    SMS_OTP,
    SOFTWARE_TOKEN_MFA,
)
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.token_trigger import TokenSource
from app_client_authz.domain.trigger import Caller, Metadata
from app_client_authz.domain.user import User
from app_client_authz.services.authentication import Authentication, NewPasswordRequired, Outcome
from app_client_authz.services.challenge_parameters import Challenge, challenge_of, new_password_challenge
from app_client_authz.services.challenges import Challenges, Passed
from app_client_authz.services.choice_sign_in import ChoiceSignIn, SrpRequired
from app_client_authz.services.client_proofs import ClientProofs
from app_client_authz.services.custom_sign_in import CustomRequired, CustomSignIn
from app_client_authz.services.device_sign_in import DeviceProofRequired, DeviceSignIn
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.second_factors import Reply, SecondFactors
from app_client_authz.services.srp_sign_in import SrpSignIn
from app_client_authz.services.tokens import Tokens

__all__ = ["Answer", "Challenge", "Request", "SignIns"]

_ATTRIBUTE = "userAttributes."
Parameters = Mapping[str, str]
Answer = TokenSet | Challenge
_Step = Outcome | SrpRequired | CustomRequired | DeviceProofRequired
_WITHOUT_SESSION = frozenset({DEVICE_SRP_AUTH, DEVICE_PASSWORD_VERIFIER})
"""What SDKs answer with or without a session."""
_SOURCES = {NEW_PASSWORD_REQUIRED: TokenSource.NEW_PASSWORD, DEVICE_PASSWORD_VERIFIER: TokenSource.DEVICE}
"""What PreTokenGeneration is told after the answer to a challenge, if not that of any other sign-in."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks: ``event_id`` is the request's, ``base`` the outside URL that issuers begin with.

    ``metadata`` is what came along for triggers (ClientMetadata). ``ip_address`` is where the user is, as far as it
    is known.
    """

    registration: Registration
    event_id: str
    base: str
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    ip_address: str | None = None

    @property
    def beginning(self) -> Caller:
        """Who begins a sign-in: what came along is to be validated (api.md 4.29)."""
        return Caller(self.registration.client.client_id, validation=self.metadata)

    @property
    def answering(self) -> Caller:
        """Who answers a challenge."""
        return Caller.of(self.registration, self.metadata)


@dataclass(frozen=True, slots=True)
class _Response:
    request: Request
    challenge: str
    session: str = field(repr=False)
    given: Parameters = field(repr=False)

    @property
    def reply(self) -> Reply:
        request = self.request
        return Reply(request.registration, self.session, "api", self.given["USERNAME"], request.answering)

    def required(self, name: str) -> str:
        auth_flows.require(self.given, name)
        return self.given[name]


class SignIns:
    """The order of checks is that of api.md 4.2: flow, parameters, client, and only then the user."""

    def __init__(
        self,
        proofs: ClientProofs,
        authentication: Authentication,
        srp: SrpSignIn,
        choice: ChoiceSignIn,
        custom: CustomSignIn,
        second_factors: SecondFactors,
        devices: DeviceSignIn,
        challenges: Challenges,
        tokens: Tokens,
    ) -> None:
        self._proofs = proofs
        self._authentication = authentication
        self._srp = srp
        self._choice = choice
        self._custom = custom
        self._second_factors = second_factors
        self._devices = devices
        self._challenges = challenges
        self._tokens = tokens
        self._answers: Mapping[str, Callable[[_Response], _Step]] = {
            NEW_PASSWORD_REQUIRED: self._new_password,
            SMS_MFA: self._code,
            SOFTWARE_TOKEN_MFA: self._code,
            EMAIL_OTP: self._code_by_email,
            SMS_OTP: self._first_factor,
            SELECT_MFA_TYPE: lambda response: self._second_factors.choose(response.reply, response.required("ANSWER")),
            MFA_SETUP: self._set_up,
            SELECT_CHALLENGE: self._choose,
            CUSTOM_CHALLENGE: self._custom_answer,
            DEVICE_SRP_AUTH: self._begin_device,
            DEVICE_PASSWORD_VERIFIER: self._device,
            **dict.fromkeys(BY_PASSWORD, self._first_factor),
        }

    def initiate(
        self, request: Request, flow: str, parameters: Parameters, *, by_admin: bool, session: str | None = None
    ) -> Answer:
        """Tokens, or the first challenge. ``session`` is that of a confirmed registration (ConfirmSignUp).

        Raises:
            InvalidParameter, UnsupportedOperation: see ``auth_flows.started``.
            NotAuthorized and what ``Authentication.sign_in`` and ``ChoiceSignIn.begin`` raise: client or user did
                not prove to be one.
            ResourceNotFound: DEVICE_KEY is none of the user's devices.
            InvalidGrant: a refresh token gives nothing (any more).
            TriggerFailed: a trigger refused.
        """
        registration = request.registration
        name = auth_flows.started(flow, registration.client, parameters, by_admin=by_admin)
        if name == REFRESH:
            return self._refresh(request, parameters)
        username = parameters["USERNAME"]
        self._proofs.check_hash(registration, username, parameters.get("SECRET_HASH"))
        # A choice-based sign-in takes no DEVICE_KEY (api.md 4.4), and a custom one asks for no second factor.
        device_id = None if name in {CHOICE, CUSTOM} else self._device_named(registration, parameters)
        if name == SRP:
            asked = self._srp.challenge(
                registration, username, parameters["SRP_A"], request.beginning, device_id=device_id
            )
            return Challenge(PASSWORD_VERIFIER, asked)
        if name == CUSTOM:
            first = self._custom.begin(registration, parameters, door="api", caller=request.beginning)
            return self._next(request, first)
        if name == CHOICE and session is not None:
            confirmed = self._choice.go_on_from_sign_up(
                registration, session, username, door="api", caller=request.beginning
            )
            return self._next(request, confirmed)
        if name == CHOICE:
            begun = self._choice.begin(registration, parameters, door="api", caller=request.beginning)
            return self._next(request, begun)
        proved = self._authentication.sign_in(
            registration,
            username,
            parameters["PASSWORD"],
            session_seconds=registration.client.auth_session_seconds,
            door="api",
            caller=request.beginning,
            device_id=device_id,
        )
        return self._next(request, proved)

    def respond(self, request: Request, challenge: str, session: str | None, responses: Parameters) -> Answer:
        """Tokens, or the next challenge. A refused answer leaves the session usable (api.md 4.5).

        Raises:
            InvalidParameter: a response is missing, or no such challenge was set.
            ChallengeExpired: the session is over, or belongs to another challenge, client or user.
            UserDisabled, UserNotConfirmed, PasswordResetRequired, PasswordAttemptsExceeded: as ``initiate``.
            ResourceNotFound: DEVICE_KEY is none of the user's devices; the proof of the password stays good.
            CodeMismatch, ExpiredCode, LimitExceeded: a code is wrong, was used, or was guessed too often.
            NotAuthorized, InvalidPassword, InvalidParameter: the answer is not acceptable.
        """
        auth_flows.require(responses, "USERNAME")
        self._proofs.check_hash(request.registration, responses["USERNAME"], responses.get("SECRET_HASH"))
        if challenge == PASSWORD_VERIFIER:
            custom = self._custom.waits_for_password(request.registration, session, responses["USERNAME"], door="api")
            if custom is not None:
                followed = self._custom.prove(custom, responses, request.answering)
                return self._next(request, followed, metadata=request.metadata)
            return self._next(request, self._password(request, responses), metadata=request.metadata)
        if challenge not in self._answers:
            raise InvalidParameter(f"{challenge} is not supported by this server.")
        if challenge not in _WITHOUT_SESSION:
            auth_flows.require({"Session": session or ""}, "Session")
        outcome = self._answers[challenge](_Response(request, challenge, session or "", responses))
        return self._next(request, outcome, _SOURCES.get(challenge, TokenSource.AUTHENTICATION), request.metadata)

    # --- answers --------------------------------------------------------------------------------

    def _password(self, request: Request, responses: Parameters) -> Outcome:
        registration = request.registration
        device_id = self._device_named(registration, responses)
        proved = self._srp.prove(registration, responses)
        return self._authentication.go_on(
            registration,
            proved.stored,
            session_seconds=registration.client.auth_session_seconds,
            door="api",
            caller=request.answering,
            device_id=device_id or proved.device_id,
        )

    def _begin_device(self, response: _Response) -> DeviceProofRequired:
        key, a = response.required("DEVICE_KEY"), response.required("SRP_A")
        registration, name = response.request.registration, response.given["USERNAME"]
        return self._devices.challenge(registration, response.session, name, key, a)

    def _device(self, response: _Response) -> Outcome:
        request = response.request
        return self._devices.prove(request.registration, response.session, response.given, request.answering)

    def _new_password(self, response: _Response) -> Outcome:
        password = response.required("NEW_PASSWORD")
        given = {
            name.removeprefix(_ATTRIBUTE): value
            for name, value in response.given.items()
            if name.startswith(_ATTRIBUTE)
        }
        return self._authentication.answer_new_password(
            response.request.registration,
            response.session,
            password,
            given,
            door="api",
            name=response.given["USERNAME"],
            caller=response.request.answering,
        )

    def _code(self, response: _Response) -> Outcome:
        code = response.required(f"{response.challenge}_CODE")
        return self._second_factors.answer(response.reply, response.challenge, code)

    def _code_by_email(self, response: _Response) -> Outcome | SrpRequired:
        """EMAIL_OTP is the name of a first and of a second factor: the session knows which."""
        opened = self._challenges.find(
            response.session,
            EMAIL_OTP,
            door="api",
            registration=response.request.registration,
            name=response.given["USERNAME"],
        )
        return self._first_factor(response) if opened.state.first_factor is None else self._code(response)

    def _set_up(self, response: _Response) -> Outcome:
        if response.given.get("EMAIL"):
            return self._second_factors.set_up_email(response.reply, response.given["EMAIL"])
        return self._second_factors.finish_set_up(response.reply)

    def _choose(self, response: _Response) -> Outcome | SrpRequired:
        request = response.request
        return self._choice.choose(
            request.registration, response.session, response.given, door="api", caller=request.answering
        )

    def _first_factor(self, response: _Response) -> Outcome | SrpRequired:
        request = response.request
        return self._choice.answer(
            request.registration,
            response.session,
            response.challenge,
            response.given,
            door="api",
            caller=request.answering,
        )

    def _custom_answer(self, response: _Response) -> User | Passed | CustomRequired:
        request = response.request
        return self._custom.answer(
            request.registration, response.session, response.given, door="api", caller=request.answering
        )

    # --------------------------------------------------------------------------------------------

    def _device_named(self, registration: Registration, parameters: Parameters) -> str | None:
        return self._devices.named(registration, parameters["USERNAME"], parameters.get("DEVICE_KEY"))

    def _next(
        self,
        request: Request,
        outcome: _Step,
        source: TokenSource = TokenSource.AUTHENTICATION,
        metadata: Metadata = None,
    ) -> Answer:
        # ``metadata`` is an answer's: what comes with InitiateAuth does not reach PreTokenGeneration (api.md 4.29).
        if isinstance(outcome, (User, Passed)):
            return self._tokens.sign_in(
                request.registration,
                outcome,
                request.event_id,
                request.base,
                source,
                metadata,
                ip=request.ip_address,
            )
        if isinstance(outcome, SrpRequired):
            return Challenge(PASSWORD_VERIFIER, outcome.parameters)
        if isinstance(outcome, CustomRequired):
            return Challenge(outcome.challenge, outcome.parameters, outcome.session)
        if isinstance(outcome, DeviceProofRequired):
            return Challenge(DEVICE_PASSWORD_VERIFIER, outcome.parameters, outcome.session)
        if isinstance(outcome, NewPasswordRequired):
            return new_password_challenge(request.registration, outcome)
        return challenge_of(outcome)

    def _refresh(self, request: Request, parameters: Parameters) -> TokenSet:
        token = parameters["REFRESH_TOKEN"]
        if request.registration.client.confidential:
            # The hash is made with the name of whoever the token belongs to, which the caller does not send. A
            # token of nobody's gives nothing anyway, and says why.
            owner = self._tokens.owner(token)
            self._proofs.check_hash(request.registration, owner, parameters.get("SECRET_HASH"))
        return self._tokens.refresh(request.registration, token, request.base, device_key=parameters.get("DEVICE_KEY"))
