"""How an SQLite database is opened and kept, as far as its safety depends on it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

_FULL = 2
_COMPANIONS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class SqliteState:
    """``mode`` is what group and others may do with the files, as permission bits; 0 is the aim."""

    durable: bool
    write_ahead: bool
    path: Path | None
    mode: int


def sqlite_state(engine: Engine) -> SqliteState | None:
    """What the engine's own connections have switched on; None for another database."""
    if engine.dialect.name != "sqlite":
        return None
    with engine.connect() as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        main = connection.exec_driver_sql("PRAGMA database_list").all()[0][2]
        path = Path(main) if main else None
        synchronous = pragma("synchronous")
        return SqliteState(
            durable=isinstance(synchronous, int) and synchronous >= _FULL,
            # A database in memory has no log, and nothing to lose.
            write_ahead=path is None or pragma("journal_mode") == "wal",
            path=path,
            mode=0 if path is None else _open_to_others(path),
        )


def _open_to_others(path: Path) -> int:
    if os.name != "posix":
        return 0
    files = [path.with_name(path.name + suffix) for suffix in _COMPANIONS]
    mode = 0
    for file in files:
        try:
            mode |= file.stat().st_mode
        except FileNotFoundError:
            continue  # the log and its index come and go
    return mode & (stat.S_IRWXG | stat.S_IRWXO)
