"""When a browser's SSO session may answer an authorization request without a page (endpoints.md 6)."""

from dataclasses import dataclass

from app_client_authz.domain.app_client import AppClient

LIFETIME_SECONDS = 60 * 60


@dataclass(frozen=True, slots=True)
class SsoSession:
    """A browser's sign-in at the hosted pages of one pool. ``id`` is a UUID that names it, and opens nothing; None for
    a sign-in at the host, which keeps that itself.

    ``auth_time`` is the interactive sign-in and goes into tokens; ``renewed_at`` is the last time the user
    chose to go on as the same user, which restarts the hour. Epoch seconds.
    """

    id: str | None
    pool_id: str
    sub: str
    username: str
    auth_time: float
    renewed_at: float
    expires_at: float

    @property
    def is_of_host(self) -> bool:
        """Whether the host keeps it, and renews it or does not."""
        return self.id is None


def usable(session: SsoSession | None, client: AppClient, now: float) -> bool:
    """True if this client may take the session over silently: within its hour and the client's own bound.

    The host renews its own sessions: only a bound that the client was given counts then, from the sign-in on.
    """
    if session is None or session.pool_id != client.pool_id or now >= session.expires_at:
        return False
    if session.is_of_host:
        return client.spec.sso_max_validity_minutes is None or now - session.auth_time < client.sso_max_seconds
    return now - session.renewed_at < client.sso_max_seconds


def recent_enough(session: SsoSession, max_age_seconds: int | None, now: float) -> bool:
    """OIDC Core section 3.1.2.1: more than ``max_age`` seconds since the sign-in asks for a new one."""
    return max_age_seconds is None or now - session.auth_time <= max_age_seconds
