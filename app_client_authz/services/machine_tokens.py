"""Access tokens of a client for itself: the client_credentials grant, and the same as an operation."""

from collections.abc import Iterable

from app_client_authz.domain import auth_flows, scopes
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import GrantNotAllowed, OAuthDisabled
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Metadata
from app_client_authz.services import audit
from app_client_authz.services.issuer import Issuer, TokenSet
from app_client_authz.services.pools import LiveScopes


class MachineTokens:
    """Whoever calls this has seen the client's secret. ``base`` is the outside URL that issuers begin with."""

    def __init__(self, issuer: Issuer, live_scopes: LiveScopes, clock: Clock) -> None:
        self._issuer = issuer
        self._live_scopes = live_scopes
        self._clock = clock

    def client_credentials(
        self, registration: Registration, scope: str | None, base: str, metadata: Metadata = None
    ) -> TokenSet:
        """An access token for the client itself, custom scopes only (RFC 6749 section 4.4).

        Raises:
            OAuthDisabled, GrantNotAllowed: the client may not.
            InvalidScope: a scope is not the client's, or none is left.
            TriggerFailed: a PreTokenGeneration trigger wants none.
        """
        client = registration.client
        if not client.oauth_enabled:
            raise OAuthDisabled(detail="OAuth is switched off for this client")
        if not client.allows_flow("client_credentials") or not client.confidential:
            raise GrantNotAllowed(detail="client_credentials is not among the client's flows")
        return self._issue(registration, scope, base, metadata)

    def client_token(
        self, registration: Registration, wanted: Iterable[str], base: str, metadata: Metadata = None
    ) -> TokenSet:
        """The same for a client with the flow ALLOW_CLIENT_TOKEN_AUTH, whatever its OAuth flows (GetClientToken).

        Without ``wanted``, all custom scopes of the client.

        Raises:
            InvalidParameter: the flow is not enabled.
            InvalidScope: a scope is not the client's, or none is left.
            TriggerFailed: a PreTokenGeneration trigger wants none.
        """
        auth_flows.check_client_token(registration.client)
        return self._issue(registration, " ".join(wanted), base, metadata)

    def _issue(self, registration: Registration, scope: str | None, base: str, metadata: Metadata) -> TokenSet:
        pool = registration.pool
        granted = scopes.resolve_machine(scope, registration.client, self._live_scopes.of(pool))
        tokens = self._issuer.issue_to_machine(registration, granted, base, self._clock(), metadata)
        audit.record("client_token_issued", pool_id=pool.id, client_id=registration.client.client_id)
        return tokens
