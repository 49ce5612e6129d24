"""Time as the package sees it."""

from collections.abc import Callable

Clock = Callable[[], float]
"""Returns the present instant: seconds since the epoch, UTC, as ``time.time`` does."""
