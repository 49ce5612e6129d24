"""Six-digit codes: made, guessed, used once (API-6, LCK-5)."""

from dataclasses import dataclass, field

from app_client_authz.crypto import digests
from app_client_authz.domain import ids
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import attribute_of
from app_client_authz.domain.errors import CodeMismatch, ExpiredCode, LimitExceeded
from app_client_authz.domain.user import User
from app_client_authz.domain.verification import DIGITS, Purpose, Verdict, is_known, judge
from app_client_authz.services import audit
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units

EXPIRED = "Invalid code provided, please request a code again."
MISMATCH = "Invalid verification code provided, please try again."
_NO_LIMIT = 2**31 - 1
TOO_MANY = "Attempt limit exceeded, please try after some time."


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody knew the code of an account; ``destination`` is the address that it was sent to."""

    account: Account
    purpose: Purpose
    destination: str = field(repr=False)
    digest: bytes = field(repr=False)

    @property
    def attribute(self) -> str:
        """The attribute that ``destination`` is an address of."""
        return attribute_of(self.destination)

    def check_address(self, user: User) -> None:
        """A code ends with its address: who reads an old mailbox proves nothing (ATT-6, R18).

        Raises:
            ExpiredCode: the address that it was sent to is not the user's any more.
        """
        if user.attributes.get(self.attribute) != self.destination:
            raise ExpiredCode(EXPIRED, detail="the address was changed since")


class VerificationCodes:
    """Only keyed digests are stored: a plain one of a million values is no protection (SEC-4)."""

    def __init__(self, units: Units, keys: tuple[bytes, ...], clock: Clock) -> None:
        """The first of ``keys`` makes codes; codes of the others are still recognised."""
        self._units = units
        self._keys = keys
        self._clock = clock

    def issue(self, unit: Unit, account: Account, purpose: Purpose, destination: str) -> str:
        """A new code for the user, whose earlier ones for that purpose are over: send it after the commit.

        ``account`` names the user by ``sub``. Hold the user's row before: two codes at once are then in a row.
        """
        code, now = digests.random_digits(DIGITS), self._clock()
        unit.verification_codes.put(
            account.key,
            purpose.name,
            digest=_digest(self._keys[0], account, purpose, code),
            destination=destination,
            now=now,
            expires_at=now + purpose.lifetime_seconds,
        )
        return code

    def simulate(self, unit: Unit, account: Account, purpose: Purpose) -> None:
        """No code is issued, at the cost of issuing one: as many statements, one row (ENU-6)."""
        unit.hourly_counts.take(account, f"simulated:{purpose.name}", limit=_NO_LIMIT, now=self._clock())

    def count_sending(self, unit: Unit, account: Account, purpose: Purpose, *, per_hour: int) -> None:
        """One more code is about to be sent, whichever operation asks for it (LCK-6).

        Raises:
            LimitExceeded: ``per_hour`` were sent within the hour already.
        """
        if not unit.hourly_counts.take(account, f"send:{purpose.name}", limit=per_hour, now=self._clock()):
            raise LimitExceeded(TOO_MANY)

    def prove(
        self, account: Account, purpose: Purpose, code: str, *, hides: bool = False, refuses: bool = False
    ) -> Proof:
        """Proof that the code is right, which ``redeem`` takes once; the code is not used up by this.

        A guess is counted before it is looked at, in a transaction that lets no other guess in, and a wrong one
        stays counted. ``account`` may be one that nobody has: it has no code, and the same limit (ENU-7).
        ``hides``: whether a code is pending is told only to who knows one that was sent: everybody else's guess is
        wrong, whoever the user is (ENU-3, ENU-4). ``refuses``: the right code is wrong too.

        Raises:
            LimitExceeded: too many wrong guesses within the hour; the code was not looked at.
            CodeMismatch: wrong.
            ExpiredCode: no code is pending, it expired, or a newer one was sent.
        """
        guesses = [_digest(key, account, purpose, code) for key in self._keys]
        now = self._clock()

        def guess(unit: Unit) -> Proof | Verdict | None:
            if not unit.hourly_counts.take(account, _guessing(purpose), limit=purpose.guesses_per_hour, now=now):
                return None
            pending = unit.verification_codes.find(account.key, purpose.name)
            verdict = judge(pending, guesses, now)
            if hides and verdict is Verdict.OVER and not (pending is not None and is_known(pending, guesses)):
                verdict = Verdict.WRONG
            if pending is None or verdict is not Verdict.RIGHT:
                return verdict
            if refuses:
                return Verdict.WRONG
            unit.hourly_counts.give_back(account, _guessing(purpose))
            return Proof(account, purpose, pending.destination, pending.digest)

        answer = self._units.write(guess)
        if isinstance(answer, Proof):
            return answer
        # An account that nobody has is a digest, and no user.
        sub = account.key if ids.is_sub(account.key) else None
        known = {"pool_id": account.pool_id, "sub": sub, "purpose": purpose.name}
        if answer is None:
            audit.record("code_attempts_exceeded", **known)
            raise LimitExceeded(TOO_MANY)
        audit.record("code_wrong", **known)
        raise CodeMismatch(MISMATCH) if answer is Verdict.WRONG else ExpiredCode(EXPIRED)

    def redeem(self, unit: Unit, proof: Proof) -> None:
        """Use the code up, in the transaction that does what it was for; for exactly one caller (ATM-1).

        Raises:
            ExpiredCode: it was used, replaced by a newer one, or expired since it was proved.
        """
        if not unit.verification_codes.consume(proof.account.key, proof.purpose.name, proof.digest, self._clock()):
            raise ExpiredCode(EXPIRED)


def _guessing(purpose: Purpose) -> str:
    return f"guess:{purpose.name}"


def _digest(key: bytes, account: Account, purpose: Purpose, code: str) -> bytes:
    return bytes.fromhex(digests.keyed_digest(key, "verification", account.pool_id, account.key, purpose.name, code))
