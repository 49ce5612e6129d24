"""What a caller may say about an app client: the members of CreateUserPoolClient (api.md 2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TokenValidityUnits:
    """``seconds``, ``minutes``, ``hours`` or ``days`` per kind of token; None means the default unit.

    ``given`` tells a member that was sent, though empty, from one that was not.
    """

    access_token: str | None = None
    id_token: str | None = None
    refresh_token: str | None = None
    given: bool = False


@dataclass(frozen=True, slots=True)
class RefreshTokenRotation:
    """``ENABLED`` or ``DISABLED``; the grace period is in seconds."""

    feature: str
    retry_grace_period_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSpec:
    """An app client as described by its owner; None means unset, which a default stands in for.

    A new client needs its name; an update without one keeps the old. The numbers of ``*_token_validity`` count
    in ``token_validity_units``; ``auth_session_validity`` is in minutes. ``require_pkce`` and
    ``sso_max_validity_minutes`` are no members of CreateUserPoolClient.
    """

    client_name: str | None = None
    generate_secret: bool = False
    client_secret: str | None = field(default=None, repr=False)
    refresh_token_validity: int | None = None
    access_token_validity: int | None = None
    id_token_validity: int | None = None
    token_validity_units: TokenValidityUnits = TokenValidityUnits()
    read_attributes: tuple[str, ...] | None = None
    write_attributes: tuple[str, ...] | None = None
    explicit_auth_flows: tuple[str, ...] | None = None
    supported_identity_providers: tuple[str, ...] | None = None
    callback_urls: tuple[str, ...] | None = None
    logout_urls: tuple[str, ...] | None = None
    default_redirect_uri: str | None = None
    allowed_oauth_flows: tuple[str, ...] | None = None
    allowed_oauth_scopes: tuple[str, ...] | None = None
    allowed_oauth_flows_user_pool_client: bool | None = None
    analytics_configuration: Mapping[str, object] | None = field(default=None, hash=False)
    prevent_user_existence_errors: str | None = None
    enable_token_revocation: bool | None = None
    enable_propagate_additional_user_context_data: bool | None = None
    auth_session_validity: int | None = None
    refresh_token_rotation: RefreshTokenRotation | None = None
    require_pkce: bool | None = None
    sso_max_validity_minutes: int | None = None
