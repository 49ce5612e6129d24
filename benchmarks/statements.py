"""SQL counted by the engine's own events: figures without noise."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

WRITES = ("INSERT", "UPDATE", "DELETE")
NOT_COUNTED = ("BEGIN", "PRAGMA")


class Count:
    """What an engine was asked while it was listened to; as text: statements/writes/commits."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.commits = 0

    def __str__(self) -> str:
        writes = sum(statement.startswith(WRITES) for statement in self.statements)
        return f"{len(self.statements)}/{writes}/{self.commits}"


@contextmanager
def counting(engine: Engine) -> Iterator[Count]:
    """Counts until the block is left."""
    count = Count()

    def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(NOT_COUNTED):
            count.statements.append(statement)

    def committed(_connection: Any) -> None:
        count.commits += 1

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    try:
        yield count
    finally:
        event.remove(engine, "before_cursor_execute", executed)
        event.remove(engine, "commit", committed)
