"""The second factors of a user: which there are, which are wanted, which comes first (api.md 4.24)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.message import Medium
from app_client_authz.domain.pool_settings import MfaFactors

SMS, SOFTWARE_TOKEN, EMAIL = "SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"
FACTORS = (SMS, SOFTWARE_TOKEN, EMAIL)
"""Under the names that UserMFASettingList has, and the challenges that ask for them; in the order of answers."""

SENT_BY: Mapping[str, Medium] = {SMS: Medium.SMS, EMAIL: Medium.EMAIL}
"""Factors that are codes in a message."""

_ADDRESSES = {SMS: "phone_number", EMAIL: "email"}
_MAX_NAME = 256


@dataclass(frozen=True, slots=True)
class UserMfa:
    """What is kept of a user's second factors.

    ``enabled`` are those that the user (or an administrator) switched on, in the order of ``FACTORS``; one of them
    may be ``preferred``. ``software_token``: an authenticator app was verified, whether it is enabled or not;
    ``friendly_name`` is what its holder calls it.
    """

    enabled: tuple[str, ...] = ()
    preferred: str | None = None
    software_token: bool = False
    friendly_name: str | None = None

    def with_software_token(self, name: str | None, *, enable: bool) -> "UserMfa":
        """After an app was verified; it replaces any other.

        Raises:
            InvalidParameter: the name is too long.
        """
        if name is not None and len(name) > _MAX_NAME:
            raise InvalidParameter(f"FriendlyDeviceName must not be longer than {_MAX_NAME} characters.")
        enabled = {*self.enabled, SOFTWARE_TOKEN} if enable else self.enabled
        return replace(self, enabled=_in_order(enabled), software_token=True, friendly_name=name or None)

    def without_software_token(self) -> "UserMfa":
        """After the app was deleted: what preferred it, prefers nothing."""
        preferred = None if self.preferred == SOFTWARE_TOKEN else self.preferred
        return UserMfa(tuple(each for each in self.enabled if each != SOFTWARE_TOKEN), preferred)

    def with_enabled(self, factor: str) -> "UserMfa":
        return replace(self, enabled=_in_order({*self.enabled, factor}))


NO_MFA = UserMfa()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller wants of one factor; a caller who says nothing of a factor leaves it as it is."""

    enabled: bool = False
    preferred: bool = False


def of_pool(factors: MfaFactors) -> tuple[str, ...]:
    """The second factors that users of a pool can have."""
    offered = {SMS: factors.sms, SOFTWARE_TOKEN: bool(factors.software_token), EMAIL: factors.email is not None}
    return tuple(factor for factor in FACTORS if offered[factor])


def address_of(factor: str, attributes: Mapping[str, str]) -> str | None:
    """Where the code of a factor goes; None for a factor that is no message, or without an address."""
    return attributes.get(_ADDRESSES[factor]) or None if factor in _ADDRESSES else None


def is_proven(factor: str, attributes: Mapping[str, str]) -> bool:
    """Whether the user has an address for the factor, and proved to own it."""
    address = _ADDRESSES.get(factor)
    return address is not None and bool(attributes.get(address)) and attributes.get(f"{address}_verified") == "true"


def works(factor: str, mfa: UserMfa, attributes: Mapping[str, str]) -> bool:
    """Whether the user can answer the challenge of a factor as things stand."""
    return mfa.software_token if factor == SOFTWARE_TOKEN else address_of(factor, attributes) is not None


def changed(
    mfa: UserMfa,
    wishes: Mapping[str, Wish],
    *,
    offered: Iterable[str],
    required: bool,
    attributes: Mapping[str, str],
    associated: bool,
) -> UserMfa:
    """The user's second factors after SetUserMFAPreference.

    ``offered`` are those of the pool, ``required``: every user needs one. ``associated``: a secret was made for
    an app, and no code of it was seen yet.

    Raises:
        InvalidParameter: a factor that the user cannot have, two that are preferred, one that is preferred and
            not enabled, or the last one of a user who needs one.
    """
    available = frozenset(offered)
    preferred = [factor for factor, wish in wishes.items() if wish.preferred]
    if len(preferred) > 1:
        raise InvalidParameter("Only one factor can be set as the preferred MFA.")
    for factor, wish in wishes.items():
        if wish.preferred and not wish.enabled:
            raise InvalidParameter(f"{factor} has to be enabled to be the preferred MFA.")
        if wish.enabled:
            _check_possible(factor, mfa, available, attributes, associated=associated)
    kept = {factor for factor in mfa.enabled if factor not in wishes}
    enabled = _in_order({*kept, *(factor for factor, wish in wishes.items() if wish.enabled)})
    if required and mfa.enabled and not enabled:
        raise InvalidParameter("MFA is required in this user pool: the last factor cannot be disabled.")
    still = mfa.preferred if mfa.preferred in kept else None
    return replace(mfa, enabled=enabled, preferred=preferred[0] if preferred else still)


def _check_possible(
    factor: str, mfa: UserMfa, available: frozenset[str], attributes: Mapping[str, str], *, associated: bool
) -> None:
    if factor == SOFTWARE_TOKEN and not mfa.software_token:
        done = "verified" if associated else "set up"
        raise InvalidParameter(f"User has not {done} software token mfa")
    # Only a proven address: a mistyped one would shut its owner out (ATT-6).
    if factor not in available or (factor != SOFTWARE_TOKEN and not is_proven(factor, attributes)):
        raise InvalidParameter(f"User does not have delivery config set to turn on {factor}")


def _in_order(factors: Iterable[str]) -> tuple[str, ...]:
    given = set(factors)
    return tuple(factor for factor in FACTORS if factor in given)
