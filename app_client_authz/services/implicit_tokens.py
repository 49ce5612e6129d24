"""Tokens of the implicit flow: for the fragment of a callback URL (endpoints.md 5.2)."""

from dataclasses import replace

from app_client_authz.domain import attributes, claims
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidGrant, LoginRequired
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.token_trigger import TokenSource
from app_client_authz.services import audit
from app_client_authz.services.issuer import Issuer, TokenSet
from app_client_authz.services.pools import Dialects
from app_client_authz.services.sessions import stands
from app_client_authz.storage.sso_sessions import SignedIn
from app_client_authz.storage.unit import Unit, Units


class ImplicitTokens:
    """No refresh token and no token session: only its date says whether an access token is from before a sign-out."""

    def __init__(self, units: Units, issuer: Issuer, dialects: Dialects, clock: Clock) -> None:
        self._units = units
        self._issuer = issuer
        self._dialects = dialects
        self._clock = clock

    def issue(
        self,
        registration: Registration,
        signed_in: SignedIn,
        granted: tuple[str, ...],
        base: str,
        *,
        nonce: str | None = None,
        resource: str | None = None,
    ) -> TokenSet:
        """An access token, and an ID token where the dialect gives one. ``base`` shapes the issuer.

        Raises:
            InvalidGrant: the client may not read the attributes of a requested scope.
            LoginRequired: somebody just ended the sign-in.
            TriggerFailed: a PreTokenGeneration trigger wants none.
        """
        pool, user = registration.pool, signed_in.user
        if attributes.scopes_unreadable(granted, registration.client.spec.read_attributes):
            raise InvalidGrant(detail="the client may not read the attributes of a requested scope")
        grant = claims.Grant(granted, signed_in.session.auth_time, nonce=nonce, resource=resource)
        signing = self._issuer.signing(pool)
        changes = self._issuer.ask(registration, user, granted, TokenSource.HOSTED)

        def date(unit: Unit) -> float | None:
            # After the trigger, which may take its time. A sign-out that comes after us has a later date.
            return self._clock() if stands(unit, signed_in) else None

        now = self._units.write(date)
        if now is None:
            raise LoginRequired(detail="the sign-in was ended")
        tokens = self._issuer.issue(registration, user, grant, base, now, signing, changes)
        audit.record("tokens_issued", pool_id=pool.id, client_id=registration.client.client_id, sub=user.sub)
        keeps_id_token = self._dialects.of(pool).implicit_gives_id_token
        return tokens if keeps_id_token else replace(tokens, id_token=None)
