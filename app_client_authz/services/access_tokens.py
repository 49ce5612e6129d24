"""The door of operations that an access token opens: whose it is, and whether it still counts (api.md 4.18)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app_client_authz.crypto import jwts
from app_client_authz.domain import scopes
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import (
    InvalidToken,
    NotAuthorized,
    PasswordResetRequired,
    ResourceNotFound,
    UserDisabled,
    UserNotConfirmed,
    UserNotFound,
)
from app_client_authz.domain.issuers import Issuers
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.token_session import standing_since
from app_client_authz.domain.user import User, UserStatus, username_key
from app_client_authz.services.keys import Keys
from app_client_authz.services.own_tokens import proven
from app_client_authz.services.stored_users import existing_user
from app_client_authz.storage.token_sessions import Bearer, Footing
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

# What ``jwts`` finds wrong, in Cognito's words; everything else is no access token of ours.
_MESSAGES = {"signature": "Could not verify signature for Access Token", "exp": "Access Token has expired"}
_INVALID = "Invalid Access Token"
_REVOKED = "Access Token has been revoked"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a live access token speaks for, as they are now; ``user`` comes without groups."""

    registration: Registration
    user: User
    claims: Mapping[str, object] = field(repr=False)


def held(unit: Unit, holder: Holder) -> StoredUser:
    """The holder's row, held until the transaction ends, if the token still counts.

    Raises:
        UserNotFound: deleted since the token was looked at.
        UserDisabled, NotAuthorized: see ``check_still_counts``.
    """
    stored = existing_user(unit, holder.registration.pool, holder.user.sub, hold=True)
    check_still_counts(holder, unit, stored)
    return stored


def check_still_counts(holder: Holder, unit: Unit, stored: StoredUser) -> None:
    """Nothing, if nobody ended what the token stands on meanwhile, nor does until the transaction ends (ATM-3, REF-3).

    ``stored`` is the holder's row, which the transaction holds: it comes first, the token session then.

    Raises:
        UserDisabled: disabled since the token was looked at.
        NotAuthorized: since then the user was signed out or reset, the token session ended or the client deleted.
    """
    user = stored.user
    if not user.enabled:
        raise UserDisabled
    footing = unit.token_sessions.hold(holder.registration.client.client_id, _session_of(holder.claims))
    if footing is None or _is_over(holder.claims, footing, user):
        raise NotAuthorized(_REVOKED)
    if (user.status, user.signed_out_at) != (holder.user.status, holder.user.signed_out_at):
        raise NotAuthorized(_REVOKED)


def _session_of(claims: Mapping[str, object]) -> str | None:
    """None for a token of a client without token revocation."""
    origin_jti = claims.get("origin_jti")
    return str(origin_jti) if origin_jti else None


def _is_over(claims: Mapping[str, object], footing: Footing, user: User) -> bool:
    since = standing_since(claims, footing.sessions_valid_from, footing.opened_at)
    return footing.revoked_at is not None or since is None or (user.signed_out_at or 0) >= since


class AccessTokens:
    """Every look is at the present state: revocation, deletion and disabling count at once (JWT-5)."""

    def __init__(self, units: Units, keys: Keys, issuers: Issuers, clock: Clock) -> None:
        self._units = units
        self._keys = keys
        self._issuers = issuers
        self._clock = clock

    def holder(self, access_token: str, base: str) -> Holder:
        """The holder of a live access token with scope ``aws.cognito.signin.user.admin`` (API-9).

        Raises:
            NotAuthorized: no access token of a pool under ``base``, expired, revoked, without the scope, or of a
                user who was deleted since, whatever user has the name now.
            ResourceNotFound: its app client was deleted.
            UserNotFound, UserDisabled, UserNotConfirmed, PasswordResetRequired: what became of its user.
        """
        claims = self._verified(access_token, base)
        if scopes.ADMIN not in str(claims.get("scope", "")).split():
            raise NotAuthorized("Access Token does not have required scopes")

        def look(unit: Unit) -> Bearer:
            found = unit.token_sessions.bearer(
                str(claims["client_id"]), str(claims.get("sub", "")), _session_of(claims)
            )
            return self._gone(unit, claims) if found is None else found

        found = self._units.read(look)
        pool, user = found.registration.pool, found.user
        if claims["iss"] != self._issuers.of(base, pool.id):
            raise NotAuthorized(_INVALID, detail="another pool's client")
        if not user.enabled:
            raise UserDisabled
        if _is_over(claims, Footing(pool.sessions_valid_from, found.opened_at, found.revoked_at), user):
            raise NotAuthorized(_REVOKED)
        if user.status == UserStatus.RESET_REQUIRED:
            raise PasswordResetRequired
        return Holder(found.registration, user, claims)

    def _verified(self, access_token: str, base: str) -> Mapping[str, object]:
        try:
            presented = jwts.read(access_token)
            return proven(self._keys, self._issuers, presented, base, "access", self._clock())
        except InvalidToken as error:
            raise NotAuthorized(_MESSAGES.get(error.detail, _INVALID), detail=error.detail) from None

    @staticmethod
    def _gone(unit: Unit, claims: Mapping[str, object]) -> Bearer:
        """Says which of client and user went away; the name is looked for before the ``sub`` (api.md 4.18)."""
        registration = unit.app_clients.find(str(claims["client_id"]))
        if registration is None:
            raise ResourceNotFound(f"User pool client {claims['client_id']} does not exist.")
        pool = registration.pool
        name = str(claims.get("username", ""))
        namesake = unit.users.find_by_name(pool.id, username_key(name, pool.case_sensitive), typed=name)
        if namesake is None:
            raise UserNotFound
        if namesake.user.status == UserStatus.UNCONFIRMED:
            raise UserNotConfirmed
        raise NotAuthorized("Invalid access token.")
