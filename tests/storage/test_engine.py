"""How a database is opened when it is ours to open."""

import os
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from app_client_authz.storage.engine import engine_options, forget_after_fork, make_private, tune_sqlite


@pytest.fixture
def own_engine(tmp_path: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{tmp_path / 'own.db'}")


def test_sqlite_is_durable_and_holds_foreign_keys(own_engine: sa.Engine) -> None:
    tune_sqlite(own_engine)
    with own_engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_database_file_is_its_owners_alone_with_everything_beside_it(own_engine: sa.Engine, tmp_path: Path) -> None:
    make_private(own_engine)
    tune_sqlite(own_engine)
    with own_engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        connection.commit()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"own.db": 0o600, "own.db-wal": 0o600, "own.db-shm": 0o600}


def test_forked_worker_opens_a_connection_of_its_own(own_engine: sa.Engine) -> None:
    forget_after_fork(own_engine)
    with own_engine.connect() as connection:
        inherited = connection.connection.driver_connection
    # Back in the pool, where a child without the rule would find it.
    child = os.fork()
    if child == 0:
        with own_engine.connect() as connection:
            os._exit(0 if connection.connection.driver_connection is not inherited else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_silent_postgresql_keeps_a_request_waiting_for_seconds_only() -> None:
    options = engine_options("postgresql+psycopg://db.example/authz")["connect_args"]
    assert options["connect_timeout"] == 5
    assert "statement_timeout=5000" in options["options"]
    assert engine_options("sqlite:///x.db") == {}
