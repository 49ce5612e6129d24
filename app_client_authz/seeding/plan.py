"""What is going to be done: one line for each thing, and the work behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from app_client_authz.domain.errors import OperationError


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one thing; ``kind`` is a word such as ``client``, ``name`` what it is found by."""

    kind: str
    pool_id: str
    name: str
    outcome: Outcome


@dataclass(slots=True)
class Plan:
    """Lines in the order of the work: a pool before what is in it."""

    lines: list[Line] = field(default_factory=list)
    works: list[Callable[[], object]] = field(default_factory=list)

    def expect(
        self, kind: str, pool_id: str, name: str, *, exists: bool, changes: bool, work: Callable[[], object]
    ) -> None:
        """Add one thing: ``work`` creates it or, if ``changes``, makes what exists as it is to be."""
        outcome = Outcome.CREATED if not exists else Outcome.CHANGED if changes else Outcome.UNCHANGED
        self.lines.append(Line(kind, pool_id, name, outcome))
        if outcome is not Outcome.UNCHANGED:
            self.works.append(work)

    def apply(self) -> None:
        """Do the work. What was planned was checked, so that only what changed since can stand in the way.

        Raises:
            OperationError: something does; what was done before stays, and is found done by the next run.
        """
        for work in self.works:
            try:
                work()
            except OperationError as error:
                done = "What was done before this stays; run it again."
                raise type(error)(f"{error.message or error.code} {done}", detail=error.detail) from None

    def count(self, outcome: Outcome) -> int:
        return sum(line.outcome is outcome for line in self.lines)
