"""Claims of ID and access tokens, in the order in which Cognito writes them (endpoints.md 5.2 and 5.3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.user import Group, User, preferred_role

Claims = dict[str, object]

# Access tokens of the implicit flow were seen in another order than those of a code.
_IMPLICIT = (
    *("sub", "cognito:groups", "token_use", "scope", "auth_time", "iss", "exp", "iat", "version", "jti"),
    *("client_id", "aud", "username"),
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one authentication gave to one client. Instants are epoch seconds.

    ``origin_jti`` and ``event_id`` are None where no token session stands behind the tokens (implicit).
    ``by_api``: tokens of InitiateAuth say nothing of a version (api.md 4.30). ``device_key`` is that of the tracked
    device which signed in.
    """

    scopes: tuple[str, ...]
    auth_time: float
    origin_jti: str | None = None
    event_id: str | None = None
    nonce: str | None = None
    resource: str | None = None
    by_api: bool = False
    device_key: str | None = None


def access_token(issuer: str, client: AppClient, user: User, grant: Grant, jti: str, now: float) -> Claims:
    """Claims of a user's access token: no personal data, no ``aud`` unless ``resource`` was asked for."""
    issued_at = int(now)
    tracked = grant.origin_jti is not None and client.tracks_token_sessions
    claims: Claims = {
        "sub": user.sub,
        "device_key": grant.device_key,
        "cognito:groups": [group.name for group in user.groups] or None,
        "iss": issuer,
        "version": None if grant.by_api else 2,
        "client_id": client.client_id,
        "aud": grant.resource,
        "origin_jti": grant.origin_jti if tracked else None,
        "event_id": grant.event_id,
        "token_use": "access",
        "scope": " ".join(grant.scopes),
        "auth_time": int(grant.auth_time),
        "exp": issued_at + client.access_token_seconds,
        "iat": issued_at,
        "jti": jti,
        "username": user.username,
    }
    present = _present(claims)
    return present if grant.origin_jti is not None else {name: present[name] for name in _IMPLICIT if name in present}


def id_token(
    issuer: str,
    client: AppClient,
    user: User,
    attributes: Mapping[str, object],
    grant: Grant,
    jti: str,
    now: float,
    *,
    at_hash: str | None,
) -> Claims:
    """Claims of an ID token. ``attributes`` are those that the read filter lets through, typed."""
    issued_at = int(now)
    tracked = grant.origin_jti is not None and client.tracks_token_sessions
    claims: Claims = {
        "at_hash": at_hash,
        "sub": user.sub,
        "cognito:groups": [group.name for group in user.groups] or None,
        "email_verified": attributes.get("email_verified"),
        "cognito:preferred_role": preferred_role(user.groups),
        "iss": issuer,
        "phone_number_verified": attributes.get("phone_number_verified"),
        "cognito:username": user.username,
        "nonce": grant.nonce,
        "origin_jti": grant.origin_jti if tracked else None,
        "cognito:roles": roles(user.groups) or None,
        "aud": client.client_id,
        "identities": attributes.get("identities"),
        "event_id": grant.event_id,
        "token_use": "id",
        "auth_time": int(grant.auth_time),
        "exp": issued_at + client.id_token_seconds,
        "iat": issued_at,
        "jti": jti if tracked else None,
    }
    # Attributes come last and cannot replace a claim of ours, whatever a schema names them.
    return _present(claims | {name: value for name, value in attributes.items() if name not in claims})


def client_credentials(issuer: str, client: AppClient, scopes: tuple[str, ...], jti: str, now: float) -> Claims:
    """Claims of a machine's access token: exactly these ten, ``sub`` is the client."""
    issued_at = int(now)
    return {
        "sub": client.client_id,
        "token_use": "access",
        "scope": " ".join(scopes),
        "auth_time": issued_at,
        "iss": issuer,
        "exp": issued_at + client.access_token_seconds,
        "iat": issued_at,
        "version": 2,
        "jti": jti,
        "client_id": client.client_id,
    }


def roles(groups: tuple[Group, ...]) -> list[str]:
    """The roles of the groups, each once."""
    return list(dict.fromkeys(group.role_arn for group in groups if group.role_arn))


def _present(claims: Claims) -> Claims:
    return {name: value for name, value in claims.items() if value is not None}
