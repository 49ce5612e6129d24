"""An app client in Cognito's JSON (api.md 2.2 to 2.4)."""

from typing import Any

from app_client_authz.api.wire import Json, instant, present
from app_client_authz.domain.app_client import AppClient, ClientSecret
from app_client_authz.domain.client_entry import ClientEntry
from app_client_authz.domain.client_spec import ClientSpec, RefreshTokenRotation, TokenValidityUnits
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.services.app_clients import Described

# Members that go as they are; lists become tuples.
_PLAIN = {
    "ClientName": "client_name",
    "GenerateSecret": "generate_secret",
    "ClientSecret": "client_secret",
    "RefreshTokenValidity": "refresh_token_validity",
    "AccessTokenValidity": "access_token_validity",
    "IdTokenValidity": "id_token_validity",
    "ReadAttributes": "read_attributes",
    "WriteAttributes": "write_attributes",
    "ExplicitAuthFlows": "explicit_auth_flows",
    "SupportedIdentityProviders": "supported_identity_providers",
    "CallbackURLs": "callback_urls",
    "LogoutURLs": "logout_urls",
    "DefaultRedirectURI": "default_redirect_uri",
    "AllowedOAuthFlows": "allowed_oauth_flows",
    "AllowedOAuthScopes": "allowed_oauth_scopes",
    "AllowedOAuthFlowsUserPoolClient": "allowed_oauth_flows_user_pool_client",
    "AnalyticsConfiguration": "analytics_configuration",
    "PreventUserExistenceErrors": "prevent_user_existence_errors",
    "EnableTokenRevocation": "enable_token_revocation",
    "EnablePropagateAdditionalUserContextData": "enable_propagate_additional_user_context_data",
    "AuthSessionValidity": "auth_session_validity",
}
_UNITS = {"AccessToken": "access_token", "IdToken": "id_token", "RefreshToken": "refresh_token"}
_NEVER_SHOWN = {"GenerateSecret", "ClientSecret"}
NO_SECRETS_MANAGER = "Client secrets cannot be published in AWS Secrets Manager: this server does not use it."


def to_spec(members: Json) -> ClientSpec:
    """The description in a request; what was not sent is unset.

    Raises:
        InvalidParameter: the secret is to be published where this server publishes nothing.
    """
    if members.get("PublishSecretsInAWSSecretsManager"):
        raise InvalidParameter(
            "Client secrets cannot be published in AWS Secrets Manager: this server does not use it."
        )
    given: dict[str, Any] = {}
    for member, field in _PLAIN.items():
        if member in members:
            value = members[member]
            given[field] = tuple(value) if isinstance(value, list) else value
    units = members.get("TokenValidityUnits")
    if units is not None:
        given["token_validity_units"] = TokenValidityUnits(
            **{field: units.get(member) for member, field in _UNITS.items()}, given=True
        )
    rotation = members.get("RefreshTokenRotation")
    if rotation is not None:
        given["refresh_token_rotation"] = RefreshTokenRotation(
            rotation["Feature"], rotation.get("RetryGracePeriodSeconds")
        )
    return ClientSpec(**given)


def from_entry(entry: ClientEntry) -> Json:
    """One item of ListUserPoolClients: these three members and no other."""
    return {"ClientId": entry.client_id, "UserPoolId": entry.pool_id, "ClientName": entry.name}


def from_secret(kept: ClientSecret, clear: str | None = None) -> Json:
    """A secret as ListUserPoolClientSecrets has it; its value only where it is handed in."""
    return present(
        {
            "ClientSecretId": kept.secret_id,
            "ClientSecretValue": clear,
            "ClientSecretCreateDate": instant(kept.created_at),
        }
    )


def from_sso_bound(client: AppClient) -> Json:
    """The session configuration of a client."""
    return {
        "UserPoolId": client.pool_id,
        "ClientId": client.client_id,
        "SSOSession": {"MaxValidityMinutes": client.sso_max_minutes},
    }


def from_client(described: Described) -> Json:
    """The members of a client that was created, described or updated: what is unset is absent."""
    client, spec = described.client, described.client.spec
    units = spec.token_validity_units
    rotation = spec.refresh_token_rotation
    plain = {member: getattr(spec, field) for member, field in _PLAIN.items() if member not in _NEVER_SHOWN}
    return present(
        {
            "UserPoolId": client.pool_id,
            "ClientId": client.client_id,
            "ClientSecret": described.secret,
            "LastModifiedDate": instant(client.updated_at),
            "CreationDate": instant(client.created_at),
            **plain,
            "TokenValidityUnits": present({member: getattr(units, field) for member, field in _UNITS.items()}),
            "RefreshTokenRotation": None
            if rotation is None
            else {
                "Feature": rotation.feature,
                "RetryGracePeriodSeconds": rotation.retry_grace_period_seconds or 0,
            },
        }
    )
