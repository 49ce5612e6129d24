"""The app client: one application's configuration within a pool (api.md part 2)."""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app_client_authz.domain import client_rules, flows, ids
from app_client_authz.domain.client_rules import Case
from app_client_authz.domain.client_secret import ClientSecret
from app_client_authz.domain.client_spec import ClientSpec, RefreshTokenRotation, TokenValidityUnits
from app_client_authz.domain.errors import InvalidParameter, LimitExceeded, ResourceNotFound

if TYPE_CHECKING:
    from app_client_authz.domain.pool import UserPool

__all__ = ["AppClient", "ClientSecret", "ClientSpec", "RefreshTokenRotation", "TokenValidityUnits"]

MAX_SECRETS = 2
MAX_PER_POOL = 1000
DEFAULT_SSO_MINUTES = 60


@dataclass(frozen=True, slots=True)
class AppClient:
    """An app client whose every rule was checked. Instants are epoch seconds.

    ``spec`` is normalised and holds no secret; ``secrets`` are the oldest first, at most two. What requests
    ask again and again is worked out once, when the value is made.
    """

    client_id: str
    pool_id: str
    spec: ClientSpec
    confidential: bool
    secrets: tuple[ClientSecret, ...]
    created_at: float
    updated_at: float
    version: int = 1
    access_token_seconds: int = field(init=False, repr=False, compare=False)
    id_token_seconds: int = field(init=False, repr=False, compare=False)
    refresh_token_seconds: int = field(init=False, repr=False, compare=False)
    read_attributes: frozenset[str] | None = field(init=False, repr=False, compare=False)
    """Names that the client may read; None means every attribute, those added later too."""
    write_attributes: frozenset[str] | None = field(init=False, repr=False, compare=False)
    """Names that the client may write; None means every mutable attribute, those added later too."""
    _auth_flows: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        spec, derive = self.spec, object.__setattr__
        lifetimes = client_rules.effective_lifetimes(spec)
        derive(self, "access_token_seconds", lifetimes.access_token_seconds)
        derive(self, "id_token_seconds", lifetimes.id_token_seconds)
        derive(self, "refresh_token_seconds", lifetimes.refresh_token_seconds)
        derive(self, "read_attributes", None if spec.read_attributes is None else frozenset(spec.read_attributes))
        derive(self, "write_attributes", None if spec.write_attributes is None else frozenset(spec.write_attributes))
        derive(self, "_auth_flows", flows.enabled(spec.explicit_auth_flows, rotation=self.rotation_enabled))

    @classmethod
    def create(
        cls,
        spec: ClientSpec,
        *,
        client_id: str,
        pool: "UserPool",
        scopes_available: Collection[str],
        providers: Collection[str],
        now: float,
        generated_secret: str | None = None,
    ) -> "AppClient":
        """A new client (CreateUserPoolClient).

        ``scopes_available`` are all custom scopes of the pool, ``providers`` the names of its identity
        providers. ``generated_secret`` comes from ``ids.secret_from`` and is used only where the spec says
        ``generate_secret``; the caller seals and returns it, this value keeps its digest.

        Raises:
            InvalidParameter: a member is out of bounds, or contradicts another.
            InvalidOAuthFlow: the OAuth flows contradict each other.
            ScopeDoesNotExist: a scope is neither built-in nor of the pool's resource servers.
            FeatureUnavailableInTier: the pool's tier does not have what is asked for.
            ValueError: a secret is to be generated, and none came along.
        """
        ids.check("clientId", client_id, ids.CLIENT_ID)
        if spec.generate_secret and spec.client_secret is not None:
            raise InvalidParameter("Cannot specify both GenerateSecret and ClientSecret.")
        confidential = bool(spec.generate_secret) or spec.client_secret is not None
        checked = client_rules.checked(Case(spec, pool, confidential, scopes_available, providers))
        secret = generated_secret if spec.generate_secret else spec.client_secret
        if spec.generate_secret and secret is None:
            raise ValueError("generate_secret needs a generated_secret")
        secrets = () if secret is None else (ClientSecret.of(client_id, secret, now),)
        return cls(client_id, pool.id, checked, confidential, secrets, created_at=now, updated_at=now)

    def replace(
        self,
        spec: ClientSpec,
        *,
        pool: "UserPool",
        scopes_available: Collection[str],
        providers: Collection[str],
        now: float,
    ) -> "AppClient":
        """The client after UpdateUserPoolClient: what ``spec`` leaves out goes back to its default.

        Kept are the ID, the secrets (a secret in ``spec`` is ignored), the creation date, and what
        UpdateUserPoolClient has no member for or keeps when omitted: name, rotation, ``require_pkce`` and
        ``sso_max_validity_minutes``.

        Raises:
            InvalidParameter, InvalidOAuthFlow, ScopeDoesNotExist, FeatureUnavailableInTier: as ``create``.
            ResourceNotFound: the client is not of this pool.
        """
        if pool.id != self.pool_id:
            raise ResourceNotFound("User pool client does not exist.")
        stored = self.spec
        spec = dataclasses.replace(
            spec,
            client_name=stored.client_name if spec.client_name is None else spec.client_name,
            generate_secret=False,
            client_secret=None,
            refresh_token_rotation=spec.refresh_token_rotation or stored.refresh_token_rotation,
            require_pkce=stored.require_pkce if spec.require_pkce is None else spec.require_pkce,
            sso_max_validity_minutes=(
                stored.sso_max_validity_minutes
                if spec.sso_max_validity_minutes is None
                else spec.sso_max_validity_minutes
            ),
        )
        checked = client_rules.checked(Case(spec, pool, self.confidential, scopes_available, providers))
        return dataclasses.replace(self, spec=checked, updated_at=now, version=self.version + 1)

    def with_secret(self, secret: str, *, now: float) -> "AppClient":
        """The client with a second secret (AddUserPoolClientSecret); either opens until one is deleted.

        Raises:
            InvalidParameter: the client is public, the secret malformed or the client's already.
            LimitExceeded: there are two secrets.
        """
        if not self.confidential:
            raise InvalidParameter("A client secret cannot be added to a client without a client secret.")
        ids.check("clientSecret", secret, ids.CLIENT_SECRET)
        if len(self.secrets) >= MAX_SECRETS:
            raise LimitExceeded(f"A user pool client can have at most {MAX_SECRETS} client secrets.")
        if self.secret_matches(secret):
            # Twice the same secret would outlive the deletion of one.
            raise InvalidParameter("The client secret is already in use.")
        added = ClientSecret.of(self.client_id, secret, now, beside=self.secrets)
        secrets = (*self.secrets, added)
        return dataclasses.replace(self, secrets=secrets, updated_at=now, version=self.version + 1)

    def without_secret(self, secret_id: str, *, now: float) -> "AppClient":
        """The client with one secret less (DeleteUserPoolClientSecret).

        Raises:
            ResourceNotFound: the client has no such secret.
            InvalidParameter: it is the client's last.
        """
        newest = max((secret.newest for secret in self.secrets), default=0)
        left = tuple(
            dataclasses.replace(secret, newest=newest) for secret in self.secrets if secret.secret_id != secret_id
        )
        if len(left) == len(self.secrets):
            raise ResourceNotFound("Client secret does not exist.")
        if not left:
            raise InvalidParameter("The last client secret cannot be deleted.")
        return dataclasses.replace(self, secrets=left, updated_at=now, version=self.version + 1)

    def with_sso_bound(self, minutes: int, *, pool: "UserPool", now: float) -> "AppClient":
        """The client that takes over sign-ins of at most that age (SetUserPoolClientSessionConfiguration).

        Raises:
            FeatureUnavailableInTier, InvalidParameter: the pool's tier cannot track sessions, or the pool does not.
            InvalidParameter: more than 90 days.
        """
        client_rules.check_tracking(pool)
        spec = dataclasses.replace(self.spec, sso_max_validity_minutes=minutes)
        client_rules.check_shape(spec)
        return dataclasses.replace(self, spec=spec, updated_at=now, version=self.version + 1)

    def secret_matches(self, presented: str) -> bool:
        """True if ``presented`` is one of the secrets; compares with all of them, in constant time (CLI-1)."""
        found = False
        for secret in self.secrets:
            found |= secret.matches(presented)
        return found

    @property
    def name(self) -> str:
        return self.spec.client_name or ""

    @property
    def oauth_enabled(self) -> bool:
        """Whether the client may use the OAuth endpoints at all."""
        return self.spec.allowed_oauth_flows_user_pool_client is True

    def allows_flow(self, name: str) -> bool:
        """True if ``code``, ``implicit`` or ``client_credentials`` is among the client's OAuth flows."""
        return name in (self.spec.allowed_oauth_flows or ())

    def allows_grant(self, grant_type: str) -> bool:
        """True if the token endpoint serves the client with that grant (endpoints.md 0.7 and 3.5).

        client_credentials is left to ``oauth_enabled`` and ``allows_flow``: each has an answer of its own there.
        """
        if grant_type == "authorization_code":
            return self.oauth_enabled and self.allows_flow("code")
        if grant_type == "refresh_token":
            return self.oauth_enabled and not self.allows_flow("client_credentials")
        return True

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes that the client may ask for; some of the custom ones may be gone by now."""
        return self.spec.allowed_oauth_scopes or ()

    @property
    def callback_urls(self) -> tuple[str, ...]:
        return self.spec.callback_urls or ()

    @property
    def logout_urls(self) -> tuple[str, ...]:
        return self.spec.logout_urls or ()

    @property
    def identity_providers(self) -> tuple[str, ...]:
        """Providers of the hosted sign-in; ``COGNITO`` is the pool's own directory."""
        return self.spec.supported_identity_providers or ()

    def can_use_auth_flow(self, name: str) -> bool:
        """True if ``name`` is a value of InitiateAuth's AuthFlow that the client may use (api.md 4.2)."""
        return name in self._auth_flows

    @property
    def revocation_enabled(self) -> bool:
        return self.spec.enable_token_revocation is not False

    @property
    def rotation_enabled(self) -> bool:
        rotation = self.spec.refresh_token_rotation
        return rotation is not None and rotation.feature == "ENABLED"

    @property
    def tracks_token_sessions(self) -> bool:
        """Whether tokens carry ``origin_jti``, and ID tokens ``jti``: with revocation or rotation."""
        return self.revocation_enabled or self.rotation_enabled

    @property
    def grace_seconds(self) -> int:
        """How long a rotated refresh token still works."""
        rotation = self.spec.refresh_token_rotation
        return 0 if rotation is None else rotation.retry_grace_period_seconds or 0

    @property
    def requires_pkce(self) -> bool:
        return self.spec.require_pkce is True

    @property
    def prevents_user_existence_errors(self) -> bool:
        return self.spec.prevent_user_existence_errors == "ENABLED"

    @property
    def auth_session_seconds(self) -> int:
        """How long a challenge session of the API lasts."""
        return 60 * (self.spec.auth_session_validity or client_rules.DEFAULT_AUTH_SESSION_MINUTES)

    @property
    def sso_max_minutes(self) -> int:
        """How old a sign-in may be for the client to take it over silently; 0 means never."""
        minutes = self.spec.sso_max_validity_minutes
        return DEFAULT_SSO_MINUTES if minutes is None else minutes

    @property
    def sso_max_seconds(self) -> int:
        """The same in seconds."""
        return 60 * self.sso_max_minutes
