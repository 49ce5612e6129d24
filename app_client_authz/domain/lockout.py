"""How long failed passwords lock an account (api.md 7.1, LCK-1)."""

FREE_FAILURES = 5
LONGEST_LOCK_SECONDS = 15 * 60
QUIET_SECONDS = 15 * 60
"""So long without an attempt, and the count begins anew."""


def lock_seconds(failures: int) -> int:
    """Seconds of lock after that many consecutive failures: none below five, then 1, 2, 4 … 900."""
    if failures < FREE_FAILURES:
        return 0
    # The exponent is bounded first: a count in the thousands must not make an enormous number.
    return min(1 << min(failures - FREE_FAILURES, 10), LONGEST_LOCK_SECONDS)


def free_slots(failures: int) -> int:
    """How many passwords may be under check at once for an account with that many failures.

    Up to the limit, guesses in flight count as if they had failed; beyond it one at a time, so that
    parallel guesses never get more tries than the same guesses in a row (R14, LCK-3).
    """
    return max(FREE_FAILURES - failures, 1)
