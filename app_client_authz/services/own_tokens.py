"""Tokens of this site's own pools, presented by whoever holds them: proven, and held against the present state."""

import time
from collections.abc import Mapping

from app_client_authz.crypto import jwts
from app_client_authz.crypto.jwts import Presented, Purpose
from app_client_authz.domain.accepted_token import AcceptedToken
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidToken, ResourceNotFound
from app_client_authz.domain.issuers import Issuers
from app_client_authz.domain.token_session import is_signed_in, standing_since
from app_client_authz.domain.user import User
from app_client_authz.services.keys import RING_SECONDS, Keys
from app_client_authz.storage.unit import Units


def proven(keys: Keys, issuers: Issuers, token: Presented, base: str, use: Purpose, now: float) -> Mapping[str, object]:
    """The claims of a token that a pool under the outside URL ``base`` signed for that use.

    Raises:
        InvalidToken: it did not.
    """
    pool_id = issuers.pool_id_in(token.unproven.get("iss"), base)
    if pool_id is None:
        raise InvalidToken(detail="issuer")
    try:
        ring = keys.ring(pool_id)
    except ResourceNotFound:
        raise InvalidToken(detail="issuer") from None
    return jwts.verify(token, ring.public, issuer=issuers.of(base, pool_id), token_use=use, now=now)


class OwnTokens:
    """What a guarded view asks of the site's own pools."""

    def __init__(self, units: Units, keys: Keys, issuers: Issuers, clock: Clock) -> None:
        self._units = units
        self._keys = keys
        self._issuers = issuers
        self._clock = clock
        self._only_pool: tuple[float, str | None] = (float("-inf"), None)

    def proven(self, token: Presented, base: str, use: Purpose) -> Mapping[str, object]:
        """Raises:
        InvalidToken: no pool under ``base`` signed it for that use, or it has expired.
        """
        return proven(self._keys, self._issuers, token, base, use, self._clock())

    def pool_id_in(self, issuer: object, base: str) -> str | None:
        """The pool of this site whose issuer that would be; see ``Issuers``."""
        return self._issuers.pool_id_in(issuer, base)

    def stamp(self, pool_id: str, kid: str) -> int | None:
        """The version of the pool's keys, not older than two seconds; None without that key among them."""
        try:
            ring = self._keys.ring(pool_id)
        except ResourceNotFound:
            return None
        return ring.version if kid in ring.public else None

    def check_standing(self, token: AcceptedToken) -> None:
        """Nothing, if client, user and token session are still what the token says (R18, JWT-5).

        Raises:
            InvalidToken: the client or the user was deleted, the user disabled or signed out, the session revoked.
        """
        origin_jti = token.claims.get("origin_jti")
        session_id = origin_jti if isinstance(origin_jti, str) else None
        found = self._units.read(lambda unit: unit.token_sessions.standing(token.client_id, token.sub, session_id))
        if found is None or found.pool_id != token.pool_id:
            raise InvalidToken(detail="client deleted")
        since = standing_since(token.claims, found.sessions_valid_from, found.opened_at)
        if since is None or found.revoked_at is not None:
            raise InvalidToken(detail="revoked")
        if not token.is_of_a_machine and not is_signed_in(found.user, since):
            raise InvalidToken(detail="user deleted, disabled or signed out")

    def user(self, token: AcceptedToken) -> User | None:
        """Whom the token speaks for, as they are now and with groups; None for a machine or a deleted user."""
        if token.is_of_a_machine:
            return None
        found = self._units.read(lambda unit: unit.users.find(token.pool_id, token.sub))
        return None if found is None else found.user

    def only_pool(self) -> str | None:
        """The ID of the one pool of the site, not older than two seconds; None if there is none, or several."""
        looked_at, pool_id = self._only_pool
        if time.monotonic() - looked_at < RING_SECONDS:
            return pool_id
        looked_at = time.monotonic()
        found = self._units.read(lambda unit: unit.pools.page(after="", limit=2))
        pool_id = found[0].id if len(found) == 1 else None
        self._only_pool = (looked_at, pool_id)
        return pool_id
