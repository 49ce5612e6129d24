"""What an ID token still proves after its time: which client it was issued to (RP-Initiated Logout section 2)."""

from app_client_authz.crypto import jwts
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidToken, ResourceNotFound
from app_client_authz.domain.issuers import Issuers
from app_client_authz.domain.registration import Registration
from app_client_authz.services.app_clients import AppClients
from app_client_authz.services.keys import Keys


class Hints:
    """Reads ``id_token_hint``."""

    def __init__(self, app_clients: AppClients, keys: Keys, issuers: Issuers, clock: Clock) -> None:
        self._app_clients = app_clients
        self._keys = keys
        self._issuers = issuers
        self._clock = clock

    def registration(self, id_token: str, base: str) -> Registration | None:
        """The client of an ID token that we signed, expired ones too; None for anything else."""
        try:
            presented = jwts.read(id_token)
            pool_id = self._issuers.pool_id_in(presented.unproven.get("iss"), base)
            if pool_id is None:
                return None
            ring = self._keys.ring(pool_id)
            claims = jwts.verify(
                presented,
                ring.public,
                issuer=self._issuers.of(base, pool_id),
                token_use="id",
                now=self._clock(),
                may_be_expired=True,
            )
        except (ResourceNotFound, InvalidToken):
            return None
        found = self._app_clients.find(str(claims["aud"]))
        return found if found is not None and found.pool.id == pool_id else None
