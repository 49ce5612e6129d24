"""Authorization requests: judged, answered from an SSO session, or left for the sign-in page."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app_client_authz.crypto import digests
from app_client_authz.domain import sso
from app_client_authz.domain.authorization import AuthorizationRequest, judge, required_parameters_present
from app_client_authz.domain.authorization_code import AuthorizationCode
from app_client_authz.domain.client_rules import LOCAL_PROVIDER
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import (
    InvalidAuthorizationRequest,
    InvalidGrant,
    LoginRequired,
    RedirectableError,
    TriggerFailed,
    TriggerRefused,
)
from app_client_authz.domain.issuers import Issuers
from app_client_authz.domain.registration import Registration
from app_client_authz.services import audit
from app_client_authz.services.app_clients import AppClients
from app_client_authz.services.host_sessions import HostSessions
from app_client_authz.services.implicit_tokens import ImplicitTokens
from app_client_authz.services.pools import Dialects, LiveScopes
from app_client_authz.services.sessions import Sessions, stands
from app_client_authz.storage.sso_sessions import SignedIn
from app_client_authz.storage.unit import Unit, Units


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """What travels to the callback URL: parameters in order, in the query or in the fragment."""

    redirect_uri: str
    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    in_fragment: bool


class Authorization:
    """``base`` is the outside URL of the mounted prefix: it shapes the issuer."""

    def __init__(
        self,
        units: Units,
        app_clients: AppClients,
        dialects: Dialects,
        live_scopes: LiveScopes,
        sessions: Sessions,
        host_sessions: HostSessions,
        implicit_tokens: ImplicitTokens,
        issuers: Issuers,
        clock: Clock,
        code_lifetime_seconds: int,
    ) -> None:
        self._units = units
        self._app_clients = app_clients
        self._dialects = dialects
        self._live_scopes = live_scopes
        self._sessions = sessions
        self._host_sessions = host_sessions
        self._implicit_tokens = implicit_tokens
        self._issuers = issuers
        self._clock = clock
        self._code_lifetime_seconds = code_lifetime_seconds

    def judge(self, params: Mapping[str, str]) -> AuthorizationRequest:
        """The request behind these parameters, each given once and none empty.

        Raises:
            AuthorizationError: for our own error page.
            RedirectableError: for the callback URL, with its ``target``.
        """
        required_parameters_present(params)
        found = self._app_clients.find(params["client_id"])
        if found is None:
            return judge(params, None, None, self._dialects.default, ())
        pool = found.pool
        return judge(
            params, found.client, pool, self._dialects.of(pool), self._live_scopes.of(pool), issuers=self._issuers
        )

    def resume(self, request: AuthorizationRequest, cookie: str | None) -> SignedIn | None:
        """The SSO session that answers the request without a page; None if the user has to sign in.

        Raises:
            LoginRequired: ``prompt=none``, and there is no such session.
        """
        signed_in = None if "login" in request.prompts else self.offer(request, cookie)
        if signed_in is None and "none" in request.prompts:
            error = LoginRequired()
            error.target = request.error_target
            raise error
        return signed_in

    def offer(self, request: AuthorizationRequest, cookie: str | None) -> SignedIn | None:
        """The browser's SSO session, if this client may take it over for this request.

        Who is signed in at the host counts before the cookie of a sign-in here.
        """
        if not self.takes_local_users(request):
            return None
        signed_in = self._host_sessions.find(request.pool) or self._sessions.find(request.pool, cookie)
        if signed_in is None:
            return None
        now = self._clock()
        usable = sso.usable(signed_in.session, request.client, now)
        return signed_in if usable and sso.recent_enough(signed_in.session, request.max_age, now) else None

    @staticmethod
    def takes_local_users(request: AuthorizationRequest) -> bool:
        """Whether the request can be answered by a user of the pool itself."""
        provider = request.provider or LOCAL_PROVIDER
        return provider == LOCAL_PROVIDER and LOCAL_PROVIDER in request.client.identity_providers

    def complete(self, request: AuthorizationRequest, signed_in: SignedIn, base: str) -> AuthorizationResponse:
        """The success response: a code, or the tokens of the implicit flow.

        Raises:
            RedirectableError: the implicit flow's tokens cannot be issued, or somebody just ended the sign-in.
        """
        try:
            parameters = (
                self._tokens_of(request, signed_in, base) if request.in_fragment else self._code(request, signed_in)
            )
        except RedirectableError as error:
            error.target = request.error_target
            raise
        if request.state is not None:
            parameters.append(("state", request.state))
        if request.dialect.authorization_response_has_iss:
            parameters.append(("iss", request.issuers.of(base, request.pool.id)))
        return AuthorizationResponse(request.redirect_uri, tuple(parameters), request.in_fragment)

    def _code(self, request: AuthorizationRequest, signed_in: SignedIn) -> list[tuple[str, str]]:
        code, client_id, sub = digests.random_uuid(), request.client.client_id, signed_in.user.sub

        def add(unit: Unit) -> None:
            if not stands(unit, signed_in):
                raise LoginRequired(detail="the sign-in was ended")
            now = self._clock()
            stored = AuthorizationCode(
                client_id=client_id,
                sub=sub,
                redirect_uri=request.redirect_uri,
                scopes=request.scopes,
                nonce=request.nonce,
                code_challenge=request.code_challenge,
                resource=request.resource,
                auth_time=signed_in.session.auth_time,
                created_at=now,
                expires_at=now + self._code_lifetime_seconds,
                sso_session_id=signed_in.session.id,
            )
            unit.codes.add(digests.digest(code), stored)

        self._units.write(add)
        audit.record("code_issued", pool_id=request.pool.id, client_id=client_id, sub=sub)
        return [("code", code)]

    def _tokens_of(self, request: AuthorizationRequest, signed_in: SignedIn, base: str) -> list[tuple[str, str]]:
        try:
            tokens = self._implicit_tokens.issue(
                Registration(request.client, request.pool),
                signed_in,
                request.scopes,
                base,
                nonce=request.nonce,
                resource=request.resource,
            )
        except InvalidGrant as error:
            raise InvalidAuthorizationRequest(detail=error.detail) from None
        except TriggerFailed as error:
            raise TriggerRefused(error.message, detail=error.detail) from None
        parameters = [] if tokens.id_token is None else [("id_token", tokens.id_token)]
        parameters += [("access_token", tokens.access_token), ("expires_in", str(tokens.expires_in))]
        return [*parameters, ("token_type", "Bearer")]
