"""Fixtures that every room's tests share."""

import gc
import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, BrowserContext

from app_client_authz.crypto import jwts
from app_client_authz.storage.engine import tune_sqlite
from tests.support.browser import chromium, launched
from tests.support.clock import MovableClock
from tests.support.databases import PostgresServer, SqliteTemplate, postgres_server, quick_folder, sqlite_url
from tests.support.keys import ready_made
from tests.support.live import LiveServer
from tests.support.sockets import only_loopback


def pytest_collection_finish() -> None:
    """Keeps the garbage collector from looking through twelve thousand tests again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        only_loopback(patch)
        yield


@pytest.fixture(autouse=True)
def _no_pool_outlives_its_test() -> Iterator[None]:
    """Closes what apps leave open: else it is closed, with a warning, in the middle of some later test."""
    used: set[sa.Engine] = set()

    def note(connection: sa.Connection) -> None:
        # Other pools hold no connections, or the only one of a database in memory.
        if isinstance(connection.engine.pool, sa.QueuePool):
            used.add(connection.engine)

    sa.event.listen(sa.Engine, "engine_connect", note)
    yield
    sa.event.remove(sa.Engine, "engine_connect", note)
    for engine in used:
        engine.dispose()


@pytest.fixture
def ready_made_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test draws its signing keys from the same store as others: making one takes longer than most tests.

    For a database of the test's own: no two tests may put the same key into one.
    """
    numbers = itertools.count()
    monkeypatch.setattr(jwts, "generate_signing_key", lambda: ready_made(next(numbers)))


@pytest.fixture
def clock() -> MovableClock:
    """A present that moves only by ``clock.advance(seconds)``."""
    return MovableClock()


# --- databases ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server per test process, started by the first test that asks. No server is a failure, never a skip."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def database_folder() -> Iterator[Path]:
    """An empty folder of the test's own, for SQLite files."""
    with quick_folder() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on; every fixture below follows it, and the test runs once per database."""
    return str(request.param)


@pytest.fixture
def database_url(database: str, request: pytest.FixtureRequest, database_folder: Path) -> Iterator[str]:
    """The URL of a migrated, otherwise empty database of the test's own."""
    if database == "sqlite":
        template: SqliteTemplate = request.getfixturevalue("sqlite_template")
        yield _render(template.copy_to(database_folder / "authz.sqlite"))
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield _render(url)


@pytest.fixture
def unmigrated_url(database: str, request: pytest.FixtureRequest, database_folder: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    if database == "sqlite":
        yield _render(sqlite_url(database_folder / "unmigrated.sqlite"))
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database(migrated=False) as url:
        yield _render(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """A migrated database, on SQLite and on PostgreSQL."""
    engine = sa.create_engine(database_url)
    tune_sqlite(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_url_migrated(sqlite_template: SqliteTemplate, database_folder: Path) -> str:
    """The URL of a migrated SQLite file, for tests whose subject is not the database."""
    return _render(sqlite_template.copy_to(database_folder / "authz-only.sqlite"))


@pytest.fixture
def sqlite_engine(sqlite_url_migrated: str) -> Iterator[sa.Engine]:
    """A migrated SQLite file, for tests whose subject is not the database."""
    engine = sa.create_engine(sqlite_url_migrated)
    tune_sqlite(engine)
    yield engine
    engine.dispose()


def _render(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


# --- servers and browsers -------------------------------------------------------------------------


@pytest.fixture
def live_server() -> Iterator[Callable[..., LiveServer]]:
    """``live_server(app)`` serves the app until the test ends; see tests/support/live.py."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with ExitStack() as servers:

        def serve(app: Flask, *, host: str = "127.0.0.1") -> LiveServer:
            return servers.enter_context(LiveServer(app, host=host))

        yield serve


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Browser]:
    with launched(chromium()) as browser:
        yield browser


@pytest.fixture
def browser(chromium_browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile without any cookie; ``browser.new_page()`` opens a page."""
    context = chromium_browser.new_context()
    context.set_default_timeout(10_000)
    yield context
    context.close()
