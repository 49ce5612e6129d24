"""The configuration document of a pool (endpoints.md 9.1, OpenID Connect Discovery section 3)."""

from app_client_authz.domain.dialect import Dialect
from app_client_authz.domain.scopes import ADMIN


def configuration(base: str, pool_id: str, dialect: Dialect, issuer: str) -> dict[str, object]:
    """The document, keys in alphabetical order, as Cognito has them.

    Beyond Cognito's members it advertises PKCE, which disturbs no client; the OIDC dialect
    adds what a strict client looks for.
    """
    document: dict[str, object] = {
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "code_challenge_methods_supported": ["S256"],
        "end_session_endpoint": f"{base}/logout",
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": f"{base}/{pool_id}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": f"{base}/oauth2/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": f"{base}/oauth2/userInfo",
    }
    if dialect.discovery_is_complete:
        document |= {
            "authorization_response_iss_parameter_supported": dialect.authorization_response_has_iss,
            "claims_parameter_supported": False,
            "claims_supported": _CLAIMS,
            "grant_types_supported": ["authorization_code", "implicit", "refresh_token", "client_credentials"],
            "prompt_values_supported": ["none", "login"],
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "response_modes_supported": ["query", "fragment"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": ["openid", "email", "phone", "profile", ADMIN],
        }
    return dict(sorted(document.items()))


_CLAIMS = [
    *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "jti", "token_use", "origin_jti", "event_id"),
    *("cognito:username", "cognito:groups", "cognito:roles", "cognito:preferred_role"),
    *("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture"),
    *("website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number"),
    *("phone_number_verified", "address", "updated_at"),
]
