"""userInfo: what an access token still shows of its user."""

from collections.abc import Mapping

from app_client_authz.crypto import jwts
from app_client_authz.domain import attributes, scopes
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.dialect import Dialect
from app_client_authz.domain.errors import InvalidToken, OpenIdScopeMissing
from app_client_authz.domain.issuers import Issuers
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.token_session import is_signed_in, standing_since
from app_client_authz.domain.user import User
from app_client_authz.services.keys import Keys
from app_client_authz.services.own_tokens import proven
from app_client_authz.services.pools import Dialects
from app_client_authz.storage.unit import Unit, Units


class Profile:
    """Every look is at the present state: revocation, deletion and disabling count at once (R18, JWT-5)."""

    def __init__(self, units: Units, keys: Keys, dialects: Dialects, issuers: Issuers, clock: Clock) -> None:
        self._units = units
        self._keys = keys
        self._dialects = dialects
        self._issuers = issuers
        self._clock = clock

    def userinfo(self, access_token: str, base: str) -> dict[str, object]:
        """Claims about the user of an access token (endpoints.md 4, OIDC Core section 5.3).

        Raises:
            InvalidToken: not a live access token of a pool under ``base``.
            OpenIdScopeMissing: it is one, without the scope ``openid``.
        """
        claims = self._verified(access_token, base)
        granted = str(claims.get("scope", "")).split()
        if scopes.OPENID not in granted:
            raise OpenIdScopeMissing
        registration, user = self._units.read(lambda unit: self._alive(unit, claims, base))
        pool = registration.pool
        dialect = self._dialects.of(pool)
        visible = attributes.visible(
            user.attributes,
            read_attributes=registration.client.spec.read_attributes,
            scopes=granted,
            pool=pool,
            dialect=dialect,
        )
        return {"sub": user.sub, **attributes.userinfo_values(visible, dialect), "username": user.username}

    def dialect_for(self, access_token: str, base: str) -> Dialect:
        """In whose words to refuse this token: its pool's, or the site's where it names none."""
        pool_id = self._issuers.pool_id_in(jwts.peek(access_token).get("iss"), base)
        pool = None if pool_id is None else self._units.read(lambda unit: unit.pools.find(pool_id))
        return self._dialects.default if pool is None else self._dialects.of(pool)

    def _verified(self, access_token: str, base: str) -> Mapping[str, object]:
        return proven(self._keys, self._issuers, jwts.read(access_token), base, "access", self._clock())

    def _alive(self, unit: Unit, claims: Mapping[str, object], base: str) -> tuple[Registration, User]:
        origin_jti = claims.get("origin_jti")
        found = unit.token_sessions.bearer(
            str(claims.get("client_id", "")), str(claims.get("sub", "")), str(origin_jti) if origin_jti else None
        )
        if found is None or claims["iss"] != self._issuers.of(base, found.registration.pool.id):
            raise InvalidToken(detail="client or user deleted")
        issued_at = standing_since(claims, found.registration.pool.sessions_valid_from, found.opened_at)
        if found.revoked_at is not None or issued_at is None or not is_signed_in(found.user, issued_at):
            raise InvalidToken(detail="revoked, signed out or disabled")
        return found.registration, found.user
