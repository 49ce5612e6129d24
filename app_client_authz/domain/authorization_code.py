"""An authorization code: one use, five minutes, bound to what was asked for (RFC 6749 section 4.1.2)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """What a code stands for; the code itself is kept only as a digest. Instants are epoch seconds.

    ``token_session_id`` names what a consumed code gave, so that a replay can revoke just that (COD-2);
    ``sso_session_id`` the SSO session that gave it.
    """

    client_id: str
    sub: str
    redirect_uri: str
    scopes: tuple[str, ...]
    auth_time: float
    created_at: float
    expires_at: float
    nonce: str | None = None
    code_challenge: str | None = None
    resource: str | None = None
    consumed_at: float | None = None
    token_session_id: str | None = None
    sso_session_id: str | None = None
