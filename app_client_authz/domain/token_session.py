"""A token session: everything issued from one authentication, and what its refresh tokens still give."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.user import User


@dataclass(frozen=True, slots=True)
class TokenSession:
    """What is remembered of an authentication; ``id`` is the ``origin_jti`` of its tokens.

    ``expires_at`` is absolute: rotation never moves it (REF-7). ``by_api`` sessions were begun by InitiateAuth,
    and have the scope ``aws.cognito.signin.user.admin`` alone. ``device_id`` is the device that a session of a
    pool with device tracking is tied to, ``device.FORGOTTEN`` once its user forgot it. ``sso_session_id`` is the SSO
    session that answered the authorization request. ``rotated_at`` is the last rotation; in pools that track sessions
    also, to the hour, the last refresh of a client that does not rotate. All instants are epoch seconds.
    """

    id: str
    client_id: str
    sub: str
    scopes: tuple[str, ...]
    auth_time: float
    event_id: str
    created_at: float
    expires_at: float
    resource: str | None = None
    by_api: bool = False
    sso_session_id: str | None = None
    rotated_at: float | None = None
    revoked_at: float | None = None
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A refresh token as found by its digest: its session, and since when it is superseded."""

    session: TokenSession
    superseded_at: float | None


class Verdict(Enum):
    """What a presented refresh token gives."""

    FRESH = "the newest of its line"
    GRACE = "the direct predecessor, retried in time"
    REUSED = "superseded: either it or its successor is in the wrong hands"
    REVOKED = "its token session is over"
    EXPIRED = "past its absolute expiry"


def decide(
    presented: PresentedToken, client: AppClient, user: User | None, now: float, *, valid_from: float = 0.0
) -> Verdict:
    """The one place that judges a refresh token (R6, REF-4 to REF-9).

    ``valid_from``: sessions of the pool begun before that instant are dead (after a restore, ATM-13).
    """
    session = presented.session
    if session.revoked_at is not None or session.created_at < valid_from:
        return Verdict.REVOKED
    if not is_signed_in(user, session.created_at):
        return Verdict.REVOKED
    if now >= session.expires_at:
        return Verdict.EXPIRED
    if presented.superseded_at is None:
        return Verdict.FRESH
    if not client.rotation_enabled:
        # Switched off since: the newest one goes on, and who holds an older one is no thief for that.
        return Verdict.REVOKED
    # Only the direct predecessor has a grace period: once the successor was used, this one is history.
    direct = presented.superseded_at == session.rotated_at
    # The distance, not the difference: a clock that steps back revives nothing (JWT-11).
    in_time = abs(now - presented.superseded_at) < client.grace_seconds
    if direct and in_time:
        return Verdict.GRACE
    return Verdict.REUSED


class SignInState(Protocol):
    """What of a user decides whether they are signed in."""

    @property
    def enabled(self) -> bool: ...

    @property
    def signed_out_at(self) -> float | None: ...


def is_signed_in(user: SignInState | None, since: float) -> bool:
    """True if the user exists, is enabled, and did not sign out everywhere at or after ``since`` (R18)."""
    return user is not None and user.enabled and (user.signed_out_at is None or user.signed_out_at < since)


def standing_since(claims: Mapping[str, object], valid_from: float, opened_at: float | None) -> float | None:
    """Since when the authority of a proven token stands; None if its session is gone or from before a restore.

    ``valid_from`` is the pool's ``sessions_valid_from``; ``opened_at`` is when the token's session was opened, None
    if it is not there. A token without a session has only its ``iat``, whole seconds: one from the second of a
    global sign-out counts as older than it.
    """
    since = opened_at if claims.get("origin_jti") is not None else float(str(claims["iat"]))
    return None if since is None or since < valid_from else since
