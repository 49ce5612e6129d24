"""A sign-in of the host's own that counts as one here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostSession:
    """Who is signed in at the host in the request at hand.

    ``user`` is the key of the pool's directory; in a pool without one, the username. ``auth_time`` is when the user
    proved to be one, in epoch seconds; 0 if that is not known, and then it is not recent enough for any ``max_age``.
    """

    user: str
    auth_time: float = 0.0
