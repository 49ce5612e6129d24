"""A sign-in of the host's own that counts as one here."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostSession:
    """Who is signed in at the host in the request at hand.

    ``user`` is the key of the pool's directory, as text; in a pool without one, the username. ``auth_time`` is when
    the user proved to be one, in epoch seconds; 0 if that is not known, and then it is not recent enough for any
    ``max_age``.

    Raises:
        ValueError: ``user`` is no text, or ``auth_time`` no instant.
    """

    user: str
    auth_time: float = 0.0

    def __post_init__(self) -> None:
        if not _is_text(self.user):
            raise ValueError("user is a text")
        if not _is_instant(self.auth_time):
            raise ValueError("auth_time is a number of seconds since 1970")


# What the host's code hands over was not looked at by a type checker.


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_instant(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
