"""Six-digit codes: what they are for, how long they live, how often one may guess (api.md 7.2)."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

DIGITS = 6
KEPT_SUPERSEDED = 20
"""How many earlier codes are recognised as such: no more than can be asked for in an hour."""

_DAY, _HOUR = 86_400, 3_600


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a code proves; one that was made for another purpose proves nothing (API-6).

    ``guesses_per_hour`` bounds wrong answers, whatever number of codes was sent meanwhile (LCK-5).
    """

    name: str
    lifetime_seconds: int
    guesses_per_hour: int


CONFIRM_SIGN_UP = Purpose("confirm_sign_up", _DAY, 15)
RESET_PASSWORD = Purpose("reset_password", _HOUR, 10)
VERIFY_EMAIL = Purpose("verify:email", _DAY, 15)
VERIFY_PHONE_NUMBER = Purpose("verify:phone_number", _DAY, 15)
BY_ATTRIBUTE = {"email": VERIFY_EMAIL, "phone_number": VERIFY_PHONE_NUMBER}


class Verdict(Enum):
    """What a guess is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"
    """No code is pending, or it expired, or a newer one was sent."""


@dataclass(frozen=True, slots=True)
class PendingCode:
    """The newest code of a user for one purpose: keyed digests only. ``expires_at`` is in epoch seconds."""

    digest: bytes = field(repr=False)
    destination: str = field(repr=False)
    expires_at: float
    superseded: tuple[bytes, ...] = field(default=(), repr=False)


def judge(pending: PendingCode | None, guesses: Iterable[bytes], now: float) -> Verdict:
    """What the guess is worth, given its digests under every key that may have made the code (SEC-9)."""
    if pending is None:
        return Verdict.OVER
    right, older = _matches(pending, guesses)
    if now >= pending.expires_at or (older and not right):
        return Verdict.OVER
    return Verdict.RIGHT if right else Verdict.WRONG


def is_known(pending: PendingCode, guesses: Iterable[bytes]) -> bool:
    """Whether the guess is a code that was sent, be it expired or superseded."""
    return any(_matches(pending, guesses))


def _matches(pending: PendingCode, guesses: Iterable[bytes]) -> tuple[bool, bool]:
    """Whether the guess is the newest code, and whether it is an earlier one."""
    right = older = False
    for guess in guesses:
        right |= hmac.compare_digest(pending.digest, guess)
        for earlier in pending.superseded:
            older |= hmac.compare_digest(earlier, guess)
    return right, older
