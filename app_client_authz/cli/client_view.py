"""An app client as people read it: what is in effect, defaults included."""

from app_client_authz.cli.output import duration
from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.sso import LIFETIME_SECONDS


def labelled(found: Registration) -> dict[str, object]:
    """Everything about a client, without a secret."""
    client, pool = found.client, found.pool
    spec = client.spec
    return {
        "Client ID": client.client_id,
        "Name": client.name,
        "User pool": f"{pool.id} ({pool.name})",
        "Type": _kind(client),
        "OAuth": "on" if client.oauth_enabled else "off",
        "OAuth flows": spec.allowed_oauth_flows or "none",
        "Scopes": client.scopes or "none",
        "Callback URLs": client.callback_urls or "none",
        "Sign-out URLs": client.logout_urls or "none",
        "Default callback": spec.default_redirect_uri,
        "Identity providers": client.identity_providers or "none: nobody can sign in at the pages",
        "PKCE": _pkce(found),
        "Access token": duration(client.access_token_seconds),
        "ID token": duration(client.id_token_seconds),
        "Refresh token": duration(client.refresh_token_seconds),
        "Rotation": f"on, grace period {duration(client.grace_seconds)}" if client.rotation_enabled else "off",
        "Revocation": "on" if client.revocation_enabled else "off",
        "Reads": "all attributes" if spec.read_attributes is None else spec.read_attributes,
        "Writes": "all mutable attributes" if spec.write_attributes is None else spec.write_attributes,
        "Explicit flows": spec.explicit_auth_flows or "SRP, custom and refresh (nothing is set)",
        "Hides who exists": "yes" if client.prevents_user_existence_errors else "no (LEGACY)",
        "Single sign-on": _sso(client),
        "API sign-in": f"within {duration(client.auth_session_seconds)}",
        "Context data": "taken from this client" if spec.enable_propagate_additional_user_context_data else None,
        "Created": client.created_at,
        "Changed": client.updated_at,
    }


def _kind(client: AppClient) -> str:
    if not client.confidential:
        return "public"
    return "confidential, one secret" if len(client.secrets) == 1 else "confidential, two secrets"


def _pkce(found: Registration) -> str:
    if found.pool.spec.require_pkce:
        return "required (by the pool)"
    return "required" if found.client.requires_pkce else "optional"


def _sso(client: AppClient) -> str:
    if client.sso_max_seconds == 0:
        return "never: every sign-in asks for the password"
    return f"with a sign-in of at most {duration(min(client.sso_max_seconds, LIFETIME_SECONDS))} ago"
