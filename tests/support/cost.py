"""What a request costs the database: statements, writes, commits; the steps that SQLite takes for them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

# What frames a transaction or sets up a connection costs no look-up.
FRAME = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|PRAGMA)\b", re.IGNORECASE)
READING = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)


@dataclass
class Cost:
    """Statements with their parameters, and commits, while the engine was watched."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    commits: int = 0

    @property
    def figures(self) -> tuple[int, int, int]:
        """Statements, writes among them, commits."""
        writes = sum(1 for statement, _ in self.statements if not READING.match(statement))
        return len(self.statements), writes, self.commits

    def __str__(self) -> str:
        return "\n".join(statement for statement, _ in self.statements)


@contextmanager
def cost_on(engine: sa.Engine) -> Iterator[Cost]:
    cost = Cost()

    def executed(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not FRAME.match(statement):
            cost.statements.append((statement, parameters))

    def committed(_connection: Any) -> None:
        cost.commits += 1

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    yield cost
    event.remove(engine, "before_cursor_execute", executed)
    event.remove(engine, "commit", committed)


def sqlite_steps(engine: sa.Engine, work: Callable[[], object]) -> int:
    """Steps of SQLite's virtual machine during ``work``: each row that is read costs some."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    def watched(driver: Any, *_: Any) -> None:
        driver.set_progress_handler(step, 1)

    event.listen(engine, "checkout", watched)
    work()
    event.remove(engine, "checkout", watched)
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(None, 0)
    return steps


def sqlite_plan(engine: sa.Engine, cost: Cost) -> list[str]:
    """How SQLite finds the rows of those statements, table by table."""
    with engine.connect() as connection:
        return [
            detail
            for statement, parameters in cost.statements
            for *_, detail in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            # What has no table of its own.
            if not re.fullmatch(r"SCAN CONSTANT ROW|SCALAR SUBQUERY \d+", detail)
        ]
