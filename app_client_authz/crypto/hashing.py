"""User passwords: Argon2id, a bounded number at a time (SEC-5, SEC-7, R15, R22).

argon2 is imported at the first hash: a process that only serves tokens never pays for it.
"""

import os
import re
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from app_client_authz.domain.errors import ConfigurationError, InvalidPassword, TooManyRequests, Unavailable

if TYPE_CHECKING:
    import argon2

T = TypeVar("T")

MAX_PASSWORD_CHARACTERS: Final = 256
MAX_MEMORY_KIB: Final = 1024 * 1024
MAX_TIME_COST: Final = 16
MAX_PARALLELISM: Final = 16
# What the library says of its own distress (argon2.low_level.error_to_str of -22 and -33).
_OUT_OF_RESOURCES: Final = frozenset({"Memory allocation error", "Threading failure"})
_STORED: Final = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}", re.ASCII
)


class PasswordHasher:
    """Makes and checks password hashes; one per process, shared by all threads.

    Peak memory is about ``slots`` times ``memory_kib``, whatever the number of requests: the hashes are made in
    threads of their own, as many as there are slots. The C library keeps what a thread gave back for that very
    thread, so that in the threads of requests each of them would come to hold the memory of a hash.
    """

    def __init__(
        self,
        *,
        memory_kib: int = 19456,
        time_cost: int = 2,
        parallelism: int = 1,
        slots: int | None = None,
        wait_seconds: float = 2.0,
    ) -> None:
        """``slots`` is the number of hashes at a time (default: one per core); who finds none free
        waits ``wait_seconds``.

        Raises:
            ConfigurationError: a parameter is out of bounds.
        """
        if not _in_bounds(memory_kib, time_cost, parallelism):
            raise ConfigurationError(
                f"Argon2 parameters memory {memory_kib} KiB, time {time_cost}, parallelism {parallelism}: accepted are"
                f" 8 KiB per lane to {MAX_MEMORY_KIB} KiB, 1 to {MAX_TIME_COST}, 1 to {MAX_PARALLELISM}"
            )
        self._parameters = (memory_kib, time_cost, parallelism)
        self._slots = slots if slots is not None else os.cpu_count() or 1
        self._gate = threading.BoundedSemaphore(self._slots)
        self._wait_seconds = wait_seconds
        self._once = threading.Lock()
        self._ready: tuple[argon2.PasswordHasher, str] | None = None
        self._threads: tuple[int, ThreadPoolExecutor] | None = None

    def hash(self, password: str | bytes) -> str:
        """The hash to store, parameters and salt included.

        Raises:
            InvalidPassword: more than 256 characters, or octets where it is no text.
            TooManyRequests: no slot became free in time.
            Unavailable: the memory for it is not there.
        """
        if len(password) > MAX_PASSWORD_CHARACTERS:
            raise InvalidPassword(f"Password must have at most {MAX_PASSWORD_CHARACTERS} characters")
        from argon2.exceptions import HashingError

        def make() -> str:
            engine, _ = self._prepared()
            try:
                return engine.hash(_octets(password))
            except HashingError:
                raise Unavailable("The password cannot be hashed now", detail="argon2 failed, out of memory?") from None

        return self.in_slot(make)

    def verify(self, stored: str | None, password: str, *, like: str | None = None) -> bool:
        """Whether the password is the one behind ``stored``.

        With ``None`` (no such user, or a user without a password), with a stored hash that is broken or
        out of bounds and with an overlong password it costs a hash all the same and is False (ENU, R15):
        one with the parameters of ``like``, another user's hash, for a site whose parameters were changed
        has hashes of both costs.

        Raises:
            TooManyRequests: no slot became free in time; nothing was checked.
            Unavailable: the memory for it is not there; nothing was checked.
        """
        from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

        def check() -> bool:
            engine, _ = self._prepared()
            sound = stored is not None and _acceptable(stored) and len(password) <= MAX_PASSWORD_CHARACTERS
            against = stored if stored is not None and sound else self._dummy(stored or like)
            try:
                engine.verify(against, _octets(password[:MAX_PASSWORD_CHARACTERS]))
            except (VerifyMismatchError, InvalidHashError):
                return False
            except VerificationError as error:
                if str(error) in _OUT_OF_RESOURCES:
                    # Not a wrong password: it must not count as one.
                    raise Unavailable("The password cannot be checked now", detail=str(error)) from None
                return False  # a stored hash that does not decode
            return sound

        return self.in_slot(check)

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's: hash anew at a good sign-in."""
        found = _STORED.fullmatch(stored)
        return found is None or tuple(int(value) for value in found.groups()) != self._parameters

    def in_slot(self, work: Callable[[], T]) -> T:
        """What ``work`` returns: other work on passwords that takes as much.

        Raises:
            TooManyRequests: no slot became free in time.
        """
        if not self._gate.acquire(timeout=self._wait_seconds):
            raise TooManyRequests("Rate exceeded", detail="all password hashing slots are busy")
        try:
            return self._executor().submit(work).result()
        finally:
            self._gate.release()

    def _executor(self) -> ThreadPoolExecutor:
        """Threads of this very process: a child of it has none of its parent's (gunicorn --preload)."""
        threads, process = self._threads, os.getpid()
        if threads is None or threads[0] != process:
            with self._once:
                threads = self._threads
                if threads is None or threads[0] != process:
                    threads = self._threads = process, ThreadPoolExecutor(self._slots, "authz-password-hash")
        return threads[1]

    def _dummy(self, like: str | None) -> str:
        """A hash that no password fits, with the parameters of ``like`` or, without one, today's."""
        _, dummy = self._prepared()
        found = None if like is None or not _acceptable(like) else _STORED.fullmatch(like)
        if found is None:
            return dummy
        head = f"$argon2id$v=19$m={found[1]},t={found[2]},p={found[3]}$"
        return head + dummy.split("$", 4)[4]

    def _prepared(self) -> tuple["argon2.PasswordHasher", str]:
        """The engine and the dummy hash. Every first caller makes them, so that making the dummy
        does not mark the first unknown user."""
        if self._ready is None:
            with self._once:
                if self._ready is None:
                    from argon2 import PasswordHasher as Engine

                    memory_kib, time_cost, parallelism = self._parameters
                    engine = Engine(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism)
                    self._ready = (engine, engine.hash(secrets.token_bytes(32)))
        return self._ready


def _acceptable(stored: str) -> bool:
    """Whether checking against this hash costs no more than we are ever willing to pay (SEC-5)."""
    found = _STORED.fullmatch(stored)
    return found is not None and _in_bounds(*(int(value) for value in found.groups()))


def _in_bounds(memory_kib: int, time_cost: int, parallelism: int) -> bool:
    return (
        1 <= parallelism <= MAX_PARALLELISM
        and 8 * parallelism <= memory_kib <= MAX_MEMORY_KIB
        and 1 <= time_cost <= MAX_TIME_COST
    )


def _octets(password: str | bytes) -> bytes:
    return password if isinstance(password, bytes) else password.encode("utf-8", "surrogatepass")
