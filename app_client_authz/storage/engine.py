"""How a database is opened when it is ours to open."""

import os
import sqlite3
import time
import weakref
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

__all__ = ["Engine", "engine_options", "forget_after_fork", "is_in_memory", "make_private", "tune_sqlite"]

STATEMENT_SECONDS = 5
PRAGMAS = ("busy_timeout=5000", "synchronous=FULL", "foreign_keys=ON")
_POLL_SECONDS = 0.02


def tune_sqlite(engine: Engine) -> None:
    """Durable and concurrent: an acknowledged revocation survives a power loss (ATM-7)."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        _switch_to_wal(cursor)
        cursor.close()


def _switch_to_wal(cursor: Any) -> None:
    """Once in the life of a file this needs a lock that another process may hold; no busy_timeout waits for it."""
    give_up = time.monotonic() + STATEMENT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return


def engine_options(url: str) -> dict[str, Any]:
    """Options that bound how long a database may keep a request waiting (ATM-9)."""
    if make_url(url).get_backend_name() != "postgresql":
        return {}
    limits = f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c lock_timeout={STATEMENT_SECONDS * 1000}"
    return {"connect_args": {"connect_timeout": STATEMENT_SECONDS, "options": limits}}


def is_in_memory(engine: Engine) -> bool:
    """A database that lives in this process only: no command could migrate it."""
    return engine.dialect.name == "sqlite" and engine.url.database in {None, "", ":memory:"}


def make_private(engine: Engine) -> None:
    """Make the SQLite file for its owner alone before anything is in it; WAL and index take after it (ATM-7)."""
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and not is_in_memory(engine):
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def forget_after_fork(engine: Engine) -> None:
    """A forked worker opens connections of its own: one that two processes hold breaks both (ATM-7)."""
    if is_in_memory(engine) or not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(engine)

    def forget() -> None:
        inherited = reference()
        if inherited is not None:
            inherited.dispose(close=False)

    os.register_at_fork(after_in_child=forget)
