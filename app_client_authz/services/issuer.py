"""Signing: what a grant becomes in the hands of a client."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app_client_authz.crypto import digests, jwts
from app_client_authz.crypto.jwts import SigningKey
from app_client_authz.domain import attributes, claims, scopes
from app_client_authz.domain.device import NewDevice
from app_client_authz.domain.issuers import Issuers
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.token_trigger import TokenChanges, TokenSource
from app_client_authz.domain.trigger import Caller, Metadata
from app_client_authz.domain.user import User
from app_client_authz.services.keys import Keys
from app_client_authz.services.pools import Dialects
from app_client_authz.services.triggers import Triggers


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What the client gets; ``expires_in`` is the access token's lifetime in seconds, ``scopes`` are its scopes."""

    access_token: str = field(repr=False)
    expires_in: int
    scopes: tuple[str, ...]
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    new_device: NewDevice | None = None
    """Where devices are tracked, of a sign-in from one that nobody knows yet."""


class Issuer:
    """Makes tokens and keeps nothing: whether they may be made is decided by who asks."""

    def __init__(self, keys: Keys, dialects: Dialects, issuers: Issuers, triggers: Triggers) -> None:
        self._keys = keys
        self._dialects = dialects
        self._issuers = issuers
        self._triggers = triggers

    def signing(self, pool: UserPool) -> Mapping[str, SigningKey]:
        """The keys that sign for the pool now, by purpose."""
        return self._keys.ring(pool.id, pool.keys_version).signing

    def ask(
        self,
        registration: Registration,
        user: User,
        granted: tuple[str, ...],
        source: TokenSource,
        metadata: Metadata = None,
    ) -> tuple[TokenChanges, ...]:
        """What PreTokenGeneration triggers change: to be asked before anything is consumed, and handed to ``issue``.

        Raises:
            TriggerFailed: there are to be no tokens.
        """
        caller = Caller(registration.client.client_id, metadata or {})
        return self._triggers.user_tokens(source, registration.pool, user, granted, caller)

    def issue(
        self,
        registration: Registration,
        user: User,
        grant: claims.Grant,
        base: str,
        now: float,
        signing: Mapping[str, SigningKey],
        changes: tuple[TokenChanges, ...] = (),
        *,
        at_sign_in: bool = True,
    ) -> TokenSet:
        """An access token, and an ID token where the grant has scope ``openid`` or comes from the JSON API."""
        client, pool = registration.client, registration.pool
        issuer = self._issuers.of(base, pool.id)
        granted = _granted(grant.scopes, changes)
        of_access = claims.access_token(
            issuer, client, user, replace(grant, scopes=granted) if changes else grant, digests.random_uuid(), now
        )
        for change in changes:
            of_access = change.on_access_token(of_access)
        access_token = jwts.sign(of_access, signing["access"])
        # Whether there is an ID token, and what it shows, goes by what was granted.
        if scopes.OPENID not in grant.scopes and not grant.by_api:
            return TokenSet(access_token, client.access_token_seconds, granted)
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
        for change in changes:
            payload = change.on_id_token(payload)
        return TokenSet(access_token, client.access_token_seconds, granted, jwts.sign(payload, signing["id"]))

    def issue_to_machine(
        self,
        registration: Registration,
        granted: tuple[str, ...],
        base: str,
        now: float,
        metadata: Metadata = None,
    ) -> TokenSet:
        """An access token for the client itself.

        Raises:
            TriggerFailed: a PreTokenGeneration trigger wants none.
        """
        client, pool = registration.client, registration.pool
        changes = self._triggers.machine_token(pool, granted, Caller(client.client_id, metadata or {}))
        granted = _granted(granted, changes)
        issuer = self._issuers.of(base, pool.id)
        said = claims.client_credentials(issuer, client, granted, digests.random_uuid(), now)
        for change in changes:
            said = change.on_access_token(said)
        return TokenSet(jwts.sign(said, self.signing(pool)["access"]), client.access_token_seconds, granted)


def _granted(scopes_before: tuple[str, ...], changes: tuple[TokenChanges, ...]) -> tuple[str, ...]:
    for change in changes:
        scopes_before = change.granted(scopes_before)
    return scopes_before
