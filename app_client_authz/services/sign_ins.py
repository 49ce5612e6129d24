"""Sign-in by the JSON API: InitiateAuth, RespondToAuthChallenge and their Admin forms (api.md 4.2 to 4.11)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from app_client_authz.domain import attributes, auth_flows
from app_client_authz.domain.auth_flows import ADMIN_PASSWORD, PASSWORD, REFRESH, SRP
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.services.authentication import NEW_PASSWORD_REQUIRED, Authentication, NewPasswordRequired
from app_client_authz.services.client_proofs import ClientProofs
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.srp_sign_in import PASSWORD_VERIFIER, SrpSignIn
from app_client_authz.services.tokens import Tokens

_ATTRIBUTE = "userAttributes."


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the caller has to answer before there are tokens."""

    name: str
    parameters: Mapping[str, str]
    session: str | None = field(default=None, repr=False)
    """None where the parameters say all: PASSWORD_VERIFIER (api.md 4.6)."""


Answer = TokenSet | Challenge


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks: ``event_id`` is the request's, ``base`` the outside URL that issuers begin with."""

    registration: Registration
    event_id: str
    base: str


class SignIns:
    """The order of checks is that of api.md 4.2: flow, parameters, client, and only then the user."""

    def __init__(self, proofs: ClientProofs, authentication: Authentication, srp: SrpSignIn, tokens: Tokens) -> None:
        self._proofs = proofs
        self._authentication = authentication
        self._srp = srp
        self._tokens = tokens

    def initiate(self, request: Request, flow: str, parameters: Mapping[str, str], *, by_admin: bool) -> Answer:
        """Tokens, or the first challenge.

        Raises:
            InvalidParameter, UnsupportedOperation: see ``auth_flows.started``.
            NotAuthorized and what ``Authentication.sign_in`` raises: client or user did not prove to be one.
            InvalidGrant: a refresh token gives nothing (any more).
        """
        client = request.registration.client
        name = auth_flows.started(flow, client, parameters, by_admin=by_admin)
        if name == REFRESH:
            return self._refresh(request, parameters)
        if name not in {PASSWORD, ADMIN_PASSWORD, SRP}:
            raise InvalidParameter(f"{flow} is not supported by this server.")
        username = parameters["USERNAME"]
        self._proofs.check_hash(request.registration, username, parameters.get("SECRET_HASH"))
        if name == SRP:
            return Challenge(
                PASSWORD_VERIFIER, self._srp.challenge(request.registration, username, parameters["SRP_A"])
            )
        proved = self._authentication.sign_in(
            request.registration,
            username,
            parameters["PASSWORD"],
            session_seconds=client.auth_session_seconds,
            door="api",
        )
        return self._next(request, proved)

    def respond(self, request: Request, challenge: str, session: str | None, responses: Mapping[str, str]) -> Answer:
        """Tokens, or the next challenge. A refused answer leaves the session usable (api.md 4.5).

        Raises:
            InvalidParameter: a response is missing, or no such challenge was set.
            ChallengeExpired: the session is over, or belongs to another challenge, client or user.
            UserDisabled, UserNotConfirmed, PasswordResetRequired, PasswordAttemptsExceeded: as ``initiate``.
            NotAuthorized, InvalidPassword, InvalidParameter: the answer is not acceptable.
        """
        auth_flows.require(responses, "USERNAME")
        self._proofs.check_hash(request.registration, responses["USERNAME"], responses.get("SECRET_HASH"))
        if challenge == PASSWORD_VERIFIER:
            stored = self._srp.prove(request.registration, responses)
            seconds = request.registration.client.auth_session_seconds
            return self._next(
                request, self._authentication.go_on(request.registration, stored, session_seconds=seconds, door="api")
            )
        if challenge != NEW_PASSWORD_REQUIRED:
            raise InvalidParameter(f"{challenge} is not supported by this server.")
        auth_flows.require({"Session": session or ""}, "Session")
        auth_flows.require(responses, "NEW_PASSWORD")
        given = {
            name.removeprefix(_ATTRIBUTE): value for name, value in responses.items() if name.startswith(_ATTRIBUTE)
        }
        user = self._authentication.answer_new_password(
            request.registration,
            session or "",
            responses["NEW_PASSWORD"],
            given,
            door="api",
            name=responses["USERNAME"],
        )
        return self._next(request, user)

    def _next(self, request: Request, proved: User | NewPasswordRequired) -> Answer:
        if isinstance(proved, User):
            return self._tokens.sign_in(request.registration, proved, request.event_id, request.base)
        return Challenge(NEW_PASSWORD_REQUIRED, _new_password_parameters(request.registration, proved), proved.session)

    def _refresh(self, request: Request, parameters: Mapping[str, str]) -> TokenSet:
        token = parameters["REFRESH_TOKEN"]
        if request.registration.client.confidential:
            # The hash is made with the name of whoever the token belongs to, which the caller does not send. A
            # token of nobody's gives nothing anyway, and says why.
            owner = self._tokens.owner(token)
            self._proofs.check_hash(request.registration, owner, parameters.get("SECRET_HASH"))
        return self._tokens.refresh(request.registration, token, request.base)


def _new_password_parameters(registration: Registration, pending: NewPasswordRequired) -> dict[str, str]:
    user, pool = pending.user, registration.pool
    readable = attributes.readable_names(registration.client.read_attributes, pool) - {"sub"}
    shown = {name: value for name, value in user.attributes.items() if name in readable}
    wanted = [_ATTRIBUTE + name for name in attributes.missing(pool, user.attributes)]
    return {
        "USER_ID_FOR_SRP": user.username,
        "requiredAttributes": json.dumps(wanted, separators=(",", ":")),
        "userAttributes": json.dumps(shown, separators=(",", ":"), ensure_ascii=False),
    }
