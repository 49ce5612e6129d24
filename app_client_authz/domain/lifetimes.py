"""How long the tokens of an app client live (api.md 2.3, JWT-7)."""

from dataclasses import dataclass

from app_client_authz.domain.client_spec import TokenValidityUnits
from app_client_authz.domain.errors import InvalidParameter

SECONDS_PER_UNIT = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
UNITS = tuple(SECONDS_PER_UNIT)

DEFAULT_ACCESS_VALIDITY = 1
DEFAULT_ID_VALIDITY = 1
DEFAULT_REFRESH_VALIDITY = 30

SHORT_LIVED_SECONDS = (5 * 60, 86_400)
"""Least and most of an access or ID token."""
LONGEST_TOKEN_SECONDS = SHORT_LIVED_SECONDS[1]
REFRESH_SECONDS = (60 * 60, 3_650 * 86_400)
"""Least and most of a refresh token."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Effective lifetimes in seconds."""

    access_token_seconds: int
    id_token_seconds: int
    refresh_token_seconds: int


def effective(
    access_token: int | None, id_token: int | None, refresh_token: int | None, units: TokenValidityUnits
) -> Lifetimes:
    """The lifetimes that these numbers and units stand for, in range or not.

    A unit given without its number applies to the default number. A refresh validity of 0 is the default's.
    """
    return Lifetimes(
        _seconds(access_token, DEFAULT_ACCESS_VALIDITY, units.access_token or "hours"),
        _seconds(id_token, DEFAULT_ID_VALIDITY, units.id_token or "hours"),
        _seconds(refresh_token or None, DEFAULT_REFRESH_VALIDITY, units.refresh_token or "days"),
    )


def check(lifetimes: Lifetimes) -> None:
    """Nothing, if the lifetimes are allowed.

    Raises:
        InvalidParameter: one is out of range, or an access or ID token would outlive the refresh token.
    """
    access, identity, refresh = (
        lifetimes.access_token_seconds,
        lifetimes.id_token_seconds,
        lifetimes.refresh_token_seconds,
    )
    least, most = SHORT_LIVED_SECONDS
    refresh_least, refresh_most = REFRESH_SECONDS
    in_range = least <= access <= most and least <= identity <= most and refresh_least <= refresh <= refresh_most
    if not in_range:
        raise InvalidParameter("Invalid range for token validity.")
    if max(access, identity) > refresh:
        raise InvalidParameter(
            "Access and Id Token expiration times must be less than or equal to refresh token expiration times."
        )


def _seconds(value: int | None, default: int, unit: str) -> int:
    return (default if value is None else value) * SECONDS_PER_UNIT[unit]
