"""CPU time per request in S: the CPU time of one RSA-2048 signature in the same run, which the machine scales alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

SIGNATURE = "signature"

Measure = Callable[[], float]
"""Seconds of CPU for one of something."""


@dataclass(slots=True)
class Rounds:
    """Seconds of CPU for one of something, in each round."""

    seconds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return median(self.seconds)


def cpu_of(work: Callable[[], object]) -> float:
    """Seconds of CPU of this process, all threads, that ``work`` takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


def signer() -> Callable[[int], float]:
    """Measures S: ``signer()(n)`` is the CPU time of the middle one of n signatures."""
    key = generate_private_key(65537, 2048)

    def measure(count: int) -> float:
        return median(cpu_of(lambda: key.sign(b"x" * 600, PKCS1v15(), SHA256())) for _ in range(count))

    return measure


def interleaved(measures: Sequence[tuple[str, Measure]], rounds: int) -> dict[str, Rounds]:
    """Every measure once per round, so that a busy minute of the machine meets all of them.

    Many short rounds, and of each the middle request: some are left alone even on a loaded machine.
    """
    found = {name: Rounds() for name, _ in measures}
    for _ in range(rounds):
        for name, measure in measures:
            found[name].seconds.append(measure())
    return found
