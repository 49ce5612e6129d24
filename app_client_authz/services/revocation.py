"""The end of a token session by its refresh token: /oauth2/revoke and RevokeToken (api.md 4.21)."""

from app_client_authz.crypto import digests, jwts
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidTokenRequest, UnsupportedTokenType
from app_client_authz.domain.issuers import Issuers
from app_client_authz.domain.registration import Registration
from app_client_authz.services import audit
from app_client_authz.storage.unit import Unit, Units


class Revocation:
    """Effective on every process when the answer leaves (REF-3)."""

    def __init__(self, units: Units, issuers: Issuers, clock: Clock) -> None:
        self._units = units
        self._issuers = issuers
        self._clock = clock

    def revoke(self, registration: Registration, token: str, base: str, *, linked: bool = False) -> None:
        """End the token session of a refresh token, superseded ones too (RFC 7009, REF-3).

        A token that nobody knows, or whose session is over, is no error. ``linked``: in a pool that tracks sessions,
        the SSO session that it came from ends too, if there is one.

        Raises:
            InvalidTokenRequest: revocation is switched off for the client, or the token is another client's.
            UnsupportedTokenType: an access or ID token of this pool.
        """
        client, pool = registration.client, registration.pool
        if not client.revocation_enabled:
            raise InvalidTokenRequest(detail="EnableTokenRevocation is off")
        said = jwts.peek(token)
        if said.get("iss") == self._issuers.of(base, pool.id) and said.get("token_use") in {"access", "id"}:
            raise UnsupportedTokenType(detail="only refresh tokens are revoked")
        digest, now = digests.digest(token), self._clock()
        found = self._units.read(lambda unit: unit.token_sessions.present(digest, to_be_used=False))
        if found is None:
            return
        session = found[0].session
        if session.client_id != client.client_id:
            raise InvalidTokenRequest(detail="another client's refresh token")

        def end(unit: Unit) -> bool:
            # The token session first, as whoever writes in its name holds it (see ``held``).
            ended = unit.token_sessions.revoke(session.id, now)
            if linked and pool.tracks_sessions and session.sso_session_id is not None:
                unit.sso_sessions.end_one(session.sub, session.sso_session_id)
            return ended

        if self._units.write(end):
            audit.record("token_session_revoked", pool_id=pool.id, client_id=client.client_id, sub=session.sub)
