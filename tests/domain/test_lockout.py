"""How long failed passwords lock an account."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain.lockout import FREE_FAILURES, free_slots, lock_seconds


@pytest.mark.attack("R14")
@pytest.mark.parametrize(
    "failures, seconds",
    [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (13, 256), (14, 512), (15, 900), (16, 900), (10**9, 900)],
)
def test_lock_doubles_from_the_fifth_failure_up_to_fifteen_minutes(failures: int, seconds: int) -> None:
    assert lock_seconds(failures) == seconds


@given(st.integers(0, 10_000))
def test_one_failure_more_never_locks_shorter(failures: int) -> None:
    assert lock_seconds(failures) <= lock_seconds(failures + 1)


@given(st.integers(0, 10_000))
def test_guesses_in_flight_never_exceed_what_is_left(failures: int) -> None:
    assert free_slots(failures) == max(FREE_FAILURES - failures, 1)
