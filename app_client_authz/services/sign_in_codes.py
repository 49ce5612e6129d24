"""Codes in a message that are a first or a second factor: sent, guessed within limits (api.md 7.2, LCK-5, LCK-6)."""

import hmac
from collections.abc import Iterable

from app_client_authz.crypto import digests
from app_client_authz.domain.auth_event import EventType
from app_client_authz.domain.challenge import EMAIL_OTP
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import CodeMismatch, LimitExceeded
from app_client_authz.services import audit, auth_events
from app_client_authz.services.challenges import OpenSession
from app_client_authz.services.verification_codes import TOO_MANY
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units

SENDS_PER_HOUR = 20
GUESSES_PER_HOUR = 15
WRONG_CODE = "Invalid code or auth state for the user."
_DIGITS, _DIGITS_OF_EMAIL = 6, 8


class SignInCodes:
    """The digest of a code stands in its challenge session, its limits with the account: a new code is no new count.

    First and second factors are counted apart, so that strangers cannot use up the guesses that a password opens.
    """

    def __init__(self, units: Units, keys: tuple[bytes, ...], clock: Clock) -> None:
        """The first of ``keys`` makes codes; codes of the others are still recognised."""
        self._units = units
        self._keys = keys
        self._clock = clock

    def issue(self, unit: Unit, account: Account, challenge: str, *, is_first: bool) -> tuple[str, str]:
        """A new code and its digest; send the code after the commit.

        Raises:
            LimitExceeded: 20 were sent within the hour.
        """
        self._count_sending(unit, account, is_first=is_first)
        code = digests.random_digits(_DIGITS_OF_EMAIL if is_first and challenge == EMAIL_OTP else _DIGITS)
        return code, _digest(self._keys[0], account, challenge, code)

    def prove(self, opened: OpenSession, account: Account, code: str) -> None:
        """Nothing, if that is the code of the session. A guess is counted before it is looked at (R14).

        A session that nobody is behind has the same limit, and no code is right (ENU-7).

        Raises:
            LimitExceeded: 15 wrong guesses within the hour; the code was not looked at.
            CodeMismatch: wrong.
        """
        is_first = opened.state.first_factor is None
        guesses = [_digest(key, account, opened.challenge, code) for key in self._keys]
        action = _action("guess", is_first=is_first)

        def guess(unit: Unit) -> bool | None:
            if not unit.hourly_counts.take(account, action, limit=GUESSES_PER_HOUR, now=self._clock()):
                return None
            if not _matches(opened.state.code_digest, guesses) or opened.stored is None:
                return False
            unit.hourly_counts.give_back(account, action)
            return True

        right = self._units.write(guess)
        if right:
            return
        if opened.stored is None:
            auth_events.simulate_failure(self._units, opened.registration, account, self._clock())
        elif is_first:
            # What becomes of a second factor, ``SecondFactors`` puts on record.
            sub, now = opened.stored.user.sub, self._clock()
            auth_events.record_failure(self._units, opened.registration, sub, EventType.SIGN_IN, now)
        ids = {
            "pool_id": account.pool_id,
            "client_id": opened.registration.client.client_id,
            "sub": None if opened.stored is None else opened.stored.user.sub,
            "challenge": opened.challenge,
        }
        if right is None:
            audit.record("code_attempts_exceeded", **ids)
            raise LimitExceeded(TOO_MANY)
        audit.record("code_wrong", **ids)
        raise CodeMismatch(WRONG_CODE)

    def _count_sending(self, unit: Unit, account: Account, *, is_first: bool) -> None:
        action = _action("send", is_first=is_first)
        if not unit.hourly_counts.take(account, action, limit=SENDS_PER_HOUR, now=self._clock()):
            raise LimitExceeded(TOO_MANY)


def _action(what: str, *, is_first: bool) -> str:
    return f"{what}:{'first' if is_first else 'second'}_factor"


def _matches(digest: str | None, guesses: Iterable[str]) -> bool:
    right = False
    for guess in guesses:
        right |= digest is not None and hmac.compare_digest(digest, guess)
    return right


def _digest(key: bytes, account: Account, challenge: str, code: str) -> str:
    return digests.keyed_digest(key, "sign-in code", account.pool_id, account.key, challenge, code)
