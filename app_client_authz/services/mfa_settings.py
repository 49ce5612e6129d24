"""Which second factors a user wants, said by the user or by an administrator (api.md 4.24)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app_client_authz.domain import user_mfa
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import verified_address_of
from app_client_authz.domain.message import Medium
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import User
from app_client_authz.domain.user_mfa import SOFTWARE_TOKEN, Wish
from app_client_authz.services import audit
from app_client_authz.services.access_tokens import AccessTokens, held
from app_client_authz.services.pools import existing_pool
from app_client_authz.services.stored_users import existing_user, store
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser


@dataclass(frozen=True, slots=True)
class AuthFactors:
    """A user and the ``factors`` that the user could sign in with, whatever the pool lets count."""

    user: User
    factors: tuple[str, ...]


class MfaSettings:
    """A change holds the user's row: of two at once, the second sees what the first one left."""

    def __init__(self, units: Units, access_tokens: AccessTokens, clock: Clock) -> None:
        self._units = units
        self._access_tokens = access_tokens
        self._clock = clock

    def prefer(self, access_token: str, base: str, wishes: Mapping[str, Wish]) -> None:
        """Switch factors of one's own on and off (SetUserMFAPreference, SetUserSettings).

        Raises:
            As ``AccessTokens.holder``.
            InvalidParameter: see ``user_mfa.changed``; nothing is changed.
        """
        holder = self._access_tokens.holder(access_token, base)
        pool = holder.registration.pool

        def change(unit: Unit) -> User:
            return self._change(unit, pool, held(unit, holder), wishes)

        user = self._units.write(change)
        client_id = holder.registration.client.client_id
        audit.record("mfa_preference_changed", pool_id=pool.id, client_id=client_id, sub=user.sub)

    def prefer_for(self, pool_id: str, name: str, wishes: Mapping[str, Wish]) -> None:
        """The same for a user whom an administrator names.

        Raises:
            ResourceNotFound, UserNotFound: no such pool, no such user in it.
            InvalidParameter: as ``prefer``.
        """

        def change(unit: Unit) -> User:
            pool = existing_pool(unit, pool_id)
            return self._change(unit, pool, existing_user(unit, pool, name, hold=True), wishes)

        user = self._units.write(change)
        audit.record("mfa_preference_changed", pool_id=pool_id, sub=user.sub)

    def factors(self, access_token: str, base: str) -> AuthFactors:
        """What the holder of a live access token could sign in with (GetUserAuthFactors).

        Raises:
            As ``AccessTokens.holder``.
        """
        holder = self._access_tokens.holder(access_token, base)
        pool = holder.registration.pool
        return _factors(self._units.read(lambda unit: existing_user(unit, pool, holder.user.sub)))

    def factors_of(self, pool_id: str, name: str) -> AuthFactors:
        """The same of a user whom an administrator names.

        Raises:
            ResourceNotFound, UserNotFound: no such pool, no such user in it.
        """
        return _factors(self._units.read(lambda unit: existing_user(unit, existing_pool(unit, pool_id), name)))

    def _change(self, unit: Unit, pool: UserPool, stored: StoredUser, wishes: Mapping[str, Wish]) -> User:
        user = stored.user
        token = unit.software_tokens.find(user.sub) if SOFTWARE_TOKEN in wishes else None
        after = user_mfa.changed(
            user.mfa,
            wishes,
            offered=user_mfa.of_pool(pool.spec.factors),
            required=pool.spec.mfa == "ON",
            attributes=user.attributes,
            associated=token is not None and token.pending is not None,
        )
        return store(unit, pool, stored, replace(user, mfa=after, updated_at=self._clock()))


def _factors(stored: StoredUser) -> AuthFactors:
    user = stored.user
    has = {
        "PASSWORD": stored.has_password,
        "EMAIL_OTP": verified_address_of(user, Medium.EMAIL) is not None,
        "SMS_OTP": verified_address_of(user, Medium.SMS) is not None,
        "SOFTWARE_TOKEN": user.mfa.software_token,
    }
    return AuthFactors(user, tuple(factor for factor, there in has.items() if there))
