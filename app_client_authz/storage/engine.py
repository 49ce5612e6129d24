"""How a database is opened when it is ours to open."""

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

__all__ = ["Engine", "engine_options", "tune_sqlite"]

STATEMENT_SECONDS = 5
# busy_timeout first: switching to WAL needs a lock that another process may hold at that moment.
PRAGMAS = ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def tune_sqlite(engine: Engine) -> None:
    """Durable and concurrent: an acknowledged revocation survives a power loss (design decision 3, ATM-7)."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def engine_options(url: str) -> dict[str, Any]:
    """Options that bound how long a database may keep a request waiting (ATM-9)."""
    if make_url(url).get_backend_name() != "postgresql":
        return {}
    limits = f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c lock_timeout={STATEMENT_SECONDS * 1000}"
    return {"connect_args": {"connect_timeout": STATEMENT_SECONDS, "options": limits}}
