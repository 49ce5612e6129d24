"""A clock that moves only when a test says so."""

START = 1_790_000_000.0
"""An arbitrary present for tests that meet no foreign clock."""


class MovableClock:
    """Fits ``app_client_authz.domain.clock.Clock``."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> float:
        """Moves on and returns the new present."""
        self.now += seconds
        return self.now
