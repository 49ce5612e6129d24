"""What a guessed code is worth."""

import pytest

from app_client_authz.domain import verification
from app_client_authz.domain.verification import PendingCode, Verdict, judge

RIGHT, OLD, OLDER, OTHER = (bytes([number]) * 32 for number in range(4))
PENDING = PendingCode(RIGHT, "kim@example.com", expires_at=100.0, superseded=(OLD, OLDER))


@pytest.mark.parametrize(
    "guesses, now, verdict",
    [
        ([RIGHT], 99.9, Verdict.RIGHT),
        ([OTHER, RIGHT], 0.0, Verdict.RIGHT),
        ([RIGHT, OTHER], 0.0, Verdict.RIGHT),
        ([RIGHT], 100.0, Verdict.OVER),
        ([OTHER], 99.9, Verdict.WRONG),
        ([OTHER], 100.0, Verdict.OVER),
        ([OLD], 0.0, Verdict.OVER),
        ([OLDER], 0.0, Verdict.OVER),
        ([OLD, RIGHT], 0.0, Verdict.RIGHT),
    ],
)
def test_only_the_newest_code_is_right_and_only_until_it_expires(
    guesses: list[bytes], now: float, verdict: Verdict
) -> None:
    assert judge(PENDING, guesses, now) is verdict


def test_no_code_is_pending_where_none_was_sent() -> None:
    assert judge(None, [RIGHT], 0.0) is Verdict.OVER


def test_a_code_drawn_twice_is_right_although_it_was_superseded() -> None:
    assert judge(PendingCode(RIGHT, "", 100.0, (RIGHT,)), [RIGHT], 0.0) is Verdict.RIGHT


@pytest.mark.parametrize(
    "purpose, hours, guesses",
    [
        (verification.CONFIRM_SIGN_UP, 24, 15),
        (verification.VERIFY_EMAIL, 24, 15),
        (verification.VERIFY_PHONE_NUMBER, 24, 15),
        (verification.RESET_PASSWORD, 1, 10),
    ],
)
def test_codes_live_and_are_limited_as_cognito_has_them(
    purpose: verification.Purpose, hours: int, guesses: int
) -> None:
    assert (purpose.lifetime_seconds, purpose.guesses_per_hour) == (hours * 3600, guesses)


def test_a_pending_code_shows_nothing_in_its_repr() -> None:
    assert repr(PENDING) == "PendingCode(expires_at=100.0)"
