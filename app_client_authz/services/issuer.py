"""Signing: what a grant becomes in the hands of a client."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app_client_authz.crypto import digests, jwts
from app_client_authz.crypto.jwts import SigningKey
from app_client_authz.domain import attributes, claims, scopes
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.services.keys import Keys
from app_client_authz.services.pools import Dialects


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What the client gets; ``expires_in`` is the access token's lifetime in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    scopes: tuple[str, ...]
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


class Issuer:
    """Makes tokens and keeps nothing: whether they may be made is decided by who asks."""

    def __init__(self, keys: Keys, dialects: Dialects) -> None:
        self._keys = keys
        self._dialects = dialects

    def signing(self, pool: UserPool) -> Mapping[str, SigningKey]:
        """The keys that sign for the pool now, by purpose."""
        return self._keys.ring(pool.id, pool.keys_version).signing

    def issue(
        self,
        registration: Registration,
        user: User,
        grant: claims.Grant,
        base: str,
        now: float,
        signing: Mapping[str, SigningKey],
        *,
        at_sign_in: bool = True,
    ) -> TokenSet:
        """An access token, and an ID token where the grant has scope ``openid`` or comes from the JSON API."""
        client, pool = registration.client, registration.pool
        issuer = f"{base}/{pool.id}"
        access_token = jwts.sign(
            claims.access_token(issuer, client, user, grant, digests.random_uuid(), now), signing["access"]
        )
        if scopes.OPENID not in grant.scopes and not grant.by_api:
            return TokenSet(access_token, client.access_token_seconds, grant.scopes)
        visible = attributes.visible(
            user.attributes,
            read_attributes=client.spec.read_attributes,
            scopes=None if grant.by_api else grant.scopes,
            pool=pool,
            dialect=self._dialects.of(pool),
        )
        payload = claims.id_token(
            issuer,
            client,
            user,
            attributes.id_token_values(visible),
            grant,
            digests.random_uuid(),
            now,
            # Cognito has no at_hash on refreshed ID tokens (endpoints.md 5.2), nor on those of the JSON API.
            at_hash=jwts.at_hash(access_token) if at_sign_in and not grant.by_api else None,
        )
        return TokenSet(access_token, client.access_token_seconds, grant.scopes, jwts.sign(payload, signing["id"]))
