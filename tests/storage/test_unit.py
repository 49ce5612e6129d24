"""The unit of work when the database does not do what it is asked to."""

import contextlib
import sqlite3
import threading
import traceback
from collections.abc import Iterator

import psycopg.errors
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app_client_authz.crypto.sealing import Sealer, SealingKey
from app_client_authz.domain.credentials import Credentials
from app_client_authz.domain.errors import ConcurrentModification, Unavailable
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.storage import unit as units_module
from app_client_authz.storage.engine import engine_options, tune_sqlite
from app_client_authz.storage.tables import complete, metadata
from app_client_authz.storage.unit import TRIES, Unit, Units

SECRET = "what-no-log-may-ever-hold"


def sealer() -> Sealer:
    return Sealer([SealingKey.of("a sealing key for tests of the storage")])


@pytest.fixture
def units(engine: sa.Engine) -> Units:
    return Units(engine, sealer())


def pool(number: int = 0) -> UserPool:
    return UserPool.create(PoolSpec(name=f"pool {number}"), pool_id=f"us-east-1_Pool{number}", now=0.0)


def pool_ids(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT id FROM authz_pools ORDER BY id")).scalars())


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


# --- commit and rollback --------------------------------------------------------------------------


def test_write_is_there_for_everybody_when_it_returns(units: Units, engine: sa.Engine) -> None:
    assert units.write(lambda unit: unit.pools.add(pool())) is None
    assert pool_ids(engine) == ["us-east-1_Pool0"]


def test_write_that_raises_keeps_nothing_and_lets_others_write(units: Units, engine: sa.Engine) -> None:
    def half(unit: Unit) -> None:
        unit.pools.add(pool())
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            units.write(half)
    units.write(lambda unit: unit.pools.add(pool(1)))

    assert pool_ids(engine) == ["us-east-1_Pool1"]


@pytest.mark.parametrize("session_id", [None, "", "no UUID", "\ud800", "é", "0" * 4000])
def test_session_id_that_is_no_uuid_names_no_session(units: Units, session_id: str | None) -> None:
    assert units.read(lambda unit: unit.token_sessions.bearer("client", "sub", session_id)) is None


def test_read_holds_no_transaction_open(units: Units, engine: sa.Engine) -> None:
    units.read(lambda unit: unit.pools.all())
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM authz_pools"))
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            open_ = sa.text("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
            assert connection.scalar(open_) == 0


def test_parallel_writers_lose_nothing(units: Units, engine: sa.Engine) -> None:
    units.write(lambda unit: unit.pools.add(pool()))
    started = units.read(lambda unit: unit.pools.find(pool().id))
    assert started is not None

    def touch() -> None:
        for _ in range(20):
            units.write(lambda unit: unit.pools.touch(pool().id))

    threads = [threading.Thread(target=touch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = units.read(lambda unit: unit.pools.find(pool().id))

    assert after is not None
    assert after.version == started.version + 120


# --- what a host chose for its own transactions ---------------------------------------------------

LEVELS = ["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


@pytest.fixture(params=LEVELS)
def engine_at_a_level(database_url: str, request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """A host's engine on PostgreSQL that was made with ``isolation_level``."""
    engine = sa.create_engine(database_url, isolation_level=request.param)
    yield engine
    engine.dispose()


@pytest.mark.attack("R24")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_write_that_raises_keeps_nothing_at_whatever_level_the_host_works(engine_at_a_level: sa.Engine) -> None:
    units = Units(engine_at_a_level, sealer())

    def half(unit: Unit) -> None:
        unit.pools.add(pool())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        units.write(half)
    assert pool_ids(engine_at_a_level) == []
    units.write(lambda unit: unit.pools.add(pool(1)))
    assert pool_ids(engine_at_a_level) == ["us-east-1_Pool1"]


@pytest.mark.attack("R24")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_writes_are_at_read_committed_and_leave_the_host_its_level(engine_at_a_level: sa.Engine) -> None:
    """Row locks and conditional updates count on it: higher up, whoever waited for a lock fails."""
    asked = sa.text("SHOW transaction_isolation")

    def level() -> str:
        with engine_at_a_level.connect() as connection:
            return str(connection.scalar(asked))

    before = level()
    units = Units(engine_at_a_level, sealer())

    assert units.write(lambda unit: unit.connection.scalar(asked)) == "read committed"
    assert level() == before


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_parallel_writers_all_succeed_at_whatever_level_the_host_works(engine_at_a_level: sa.Engine) -> None:
    units = Units(engine_at_a_level, sealer())
    units.write(lambda unit: unit.pools.add(pool()))
    at_once, failed = threading.Barrier(6), []

    def touch(unit: Unit) -> None:
        unit.pools.find(pool().id)
        unit.pools.touch(pool().id)

    def work() -> None:
        at_once.wait(30)
        for _ in range(20):
            try:
                units.write(touch)
            except Unavailable as error:
                failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []


# --- a database that is locked --------------------------------------------------------------------


@contextlib.contextmanager
def held(engine: sa.Engine) -> Iterator[None]:
    """Another process in the middle of a write."""
    with contextlib.closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_sqlite_locked_by_another_process_is_unavailable_after_the_timeout(
    sqlite_engine: sa.Engine,
) -> None:
    @sa.event.listens_for(sqlite_engine, "connect")
    def impatient(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=50")

    units = Units(sqlite_engine, sealer())
    units.read(lambda unit: unit.pools.all())
    with held(sqlite_engine):
        with pytest.raises(Unavailable):
            units.write(lambda unit: unit.pools.add(pool()))
        assert units.read(lambda unit: unit.pools.all()) == []

    units.write(lambda unit: unit.pools.add(pool(1)))
    assert pool_ids(sqlite_engine) == ["us-east-1_Pool1"]


@pytest.mark.parametrize("is_wal_already", [True, False])
def test_sqlite_waits_for_another_process_up_to_the_timeout(sqlite_engine: sa.Engine, is_wal_already: bool) -> None:
    units = Units(sqlite_engine, sealer())
    if is_wal_already:
        units.read(lambda unit: unit.pools.all())
    with held(sqlite_engine):
        writer = threading.Thread(target=lambda: units.write(lambda unit: unit.pools.add(pool())))
        writer.start()
        writer.join(0.2)
        assert writer.is_alive()
    writer.join()

    assert pool_ids(sqlite_engine) == ["us-east-1_Pool0"]


def test_writer_of_this_process_that_never_ends_makes_others_unavailable(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units_module, "WRITER_WAIT_SECONDS", 0.05)
    units = Units(sqlite_engine, sealer())
    began, end = threading.Event(), threading.Event()

    def endless(_unit: Unit) -> None:
        began.set()
        end.wait(30)

    writer = threading.Thread(target=units.write, args=(endless,))
    writer.start()
    began.wait(30)
    with pytest.raises(Unavailable):
        units.write(lambda unit: unit.pools.add(pool()))
    end.set()
    writer.join()
    units.write(lambda unit: unit.pools.add(pool(1)))

    assert pool_ids(sqlite_engine) == ["us-east-1_Pool1"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_postgresql_lock_that_is_never_given_back_ends_in_unavailable(database_url: str) -> None:
    options = engine_options(database_url)
    assert options["connect_args"]["options"] == "-c statement_timeout=5000 -c lock_timeout=5000"
    options["connect_args"]["options"] = "-c lock_timeout=20"
    engine = sa.create_engine(database_url, **options)
    units = Units(engine, sealer())
    units.write(lambda unit: unit.pools.add(pool()))
    with engine.begin() as other:
        other.execute(sa.text("LOCK TABLE authz_pools IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(Unavailable):
            units.write(lambda unit: unit.pools.touch(pool().id))
        with pytest.raises(Unavailable):
            units.read(lambda unit: unit.pools.all())
    units.write(lambda unit: unit.pools.touch(pool().id))
    engine.dispose()


# --- conflicts and lost connections ---------------------------------------------------------------


def failing(times: int, error: Exception) -> tuple[list[int], object]:
    """Work that adds a pool and then fails so many times."""
    tries: list[int] = []

    def work(unit: Unit) -> str:
        tries.append(len(tries))
        unit.pools.add(pool(len(tries)))
        if len(tries) <= times:
            raise error
        return "done"

    return tries, work


CONFLICTS = [psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable]


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_conflict_is_tried_again_from_the_start(units: Units, engine: sa.Engine, conflict: type[psycopg.Error]) -> None:
    tries, work = failing(TRIES - 1, OperationalError("SELECT", {}, conflict()))

    assert units.write(work) == "done"  # type: ignore[arg-type]
    assert pool_ids(engine) == [f"us-east-1_Pool{TRIES}"]
    assert len(tries) == TRIES


def test_conflict_without_end_is_unavailable_and_keeps_nothing(units: Units, engine: sa.Engine) -> None:
    tries, work = failing(100, OperationalError("SELECT", {}, psycopg.errors.DeadlockDetected()))

    with pytest.raises(Unavailable):
        units.write(work)  # type: ignore[arg-type]
    assert (len(tries), pool_ids(engine)) == (TRIES, [])


@pytest.mark.parametrize(
    "message", ["database or disk is full", "disk I/O error", "attempt to write a readonly database"]
)
def test_disk_that_is_full_or_broken_is_unavailable_and_keeps_nothing(
    units: Units, engine: sa.Engine, message: str
) -> None:
    tries, work = failing(1, OperationalError("INSERT", {}, sqlite3.OperationalError(message)))

    with pytest.raises(Unavailable):
        units.write(work)  # type: ignore[arg-type]
    assert (len(tries), pool_ids(engine)) == (1, [])


def test_commit_that_fails_is_never_run_again(units: Units, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell whether it was committed."""
    tries, work = failing(0, ZeroDivisionError())
    error = OperationalError("COMMIT", {}, psycopg.errors.AdminShutdown(), connection_invalidated=True)

    def broken(_connection: sa.Connection) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(sa.Connection, "commit", broken)
        with pytest.raises(Unavailable):
            units.write(work)  # type: ignore[arg-type]
    assert (len(tries), pool_ids(engine)) == (1, [])


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("operation", ["read", "write"])
def test_killed_connections_are_replaced_without_a_word(units: Units, engine: sa.Engine, operation: str) -> None:
    units.write(lambda unit: unit.pools.add(pool()))
    with contextlib.ExitStack() as several:
        for _ in range(4):
            several.enter_context(engine.connect()).execute(sa.text("SELECT 1"))
    kill = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    other = sa.create_engine(engine.url, poolclass=sa.NullPool)
    with other.connect() as connection:
        assert len(connection.execute(kill).all()) >= 4

    assert getattr(units, operation)(lambda unit: unit.pools.find(pool().id)) is not None


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_connection_killed_in_the_middle_of_a_write_is_tried_again(units: Units, engine: sa.Engine) -> None:
    other = sa.create_engine(engine.url, poolclass=sa.NullPool)
    tries: list[int] = []

    def work(unit: Unit) -> None:
        tries.append(unit.connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0)
        unit.pools.add(pool(len(tries)))
        if len(tries) == 1:
            with other.connect() as killer:
                killer.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": tries[0]})
            unit.pools.all()

    units.write(work)

    assert len(tries) == 2
    assert pool_ids(engine) == ["us-east-1_Pool2"]


def test_server_that_is_not_there_is_unavailable() -> None:
    engine = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", connect_args={"connect_timeout": 1})

    with pytest.raises(Unavailable):
        Units(engine, sealer()).read(lambda unit: unit.pools.all())


def test_missing_tables_are_unavailable(unmigrated_url: str) -> None:
    engine = sa.create_engine(unmigrated_url)
    units = Units(engine, sealer())

    with pytest.raises(Unavailable):
        units.read(lambda unit: unit.pools.all())
    with pytest.raises(Unavailable):
        units.write(lambda unit: unit.pools.add(pool()))
    engine.dispose()


@pytest.mark.attack("R11")
def test_error_of_the_database_shows_no_value_that_was_bound(unmigrated_url: str) -> None:
    engine = sa.create_engine(unmigrated_url)
    with pytest.raises(Unavailable) as refused:
        Units(engine, sealer()).write(lambda unit: unit.users.rehash("sub", SECRET, Credentials(SECRET)))

    assert "authz_users" in told(refused.value)
    assert SECRET not in told(refused.value)
    engine.dispose()


# --- SQLite's own ways ----------------------------------------------------------------------------


def test_our_sqlite_survives_power_loss_and_knows_foreign_keys(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.connect() as connection:
        found = {
            name: connection.scalar(sa.text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


@pytest.mark.parametrize("fails", [False, True])
def test_foreign_keys_of_a_hosts_engine_are_on_for_our_transactions_only(sqlite_url_migrated: str, fails: bool) -> None:
    engine = sa.create_engine(sqlite_url_migrated, pool_size=1, max_overflow=0)
    units = Units(engine, sealer())
    orphan = sa.insert(metadata.tables["authz_resource_servers"]).values(
        pool_id="us-east-1_None", identifier="orders", name="Orders", scopes="[]"
    )
    if fails:
        with pytest.raises(ConcurrentModification) as refused:
            units.write(lambda unit: unit.connection.execute(orphan))
        assert "us-east-1_None" not in f"{refused.value} {refused.value.__cause__}"
    else:
        units.write(lambda unit: unit.pools.add(pool()))

    with engine.connect() as connection:
        assert connection.scalar(sa.text("PRAGMA foreign_keys")) == 0
    engine.dispose()


@pytest.fixture(params=["a host's", "ours"])
def recipe_engine(sqlite_url_migrated: str, request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """An engine on which somebody took over transactions as SQLAlchemy's manual shows it for SQLite."""
    engine = sa.create_engine(sqlite_url_migrated)
    if request.param == "ours":
        tune_sqlite(engine)

    @sa.event.listens_for(engine, "connect")
    def leave_transactions_alone(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    yield engine
    engine.dispose()


def test_host_that_begins_transactions_itself_can_be_written_to(recipe_engine: sa.Engine) -> None:
    units = Units(recipe_engine, sealer())

    def half(unit: Unit) -> None:
        unit.pools.add(pool())
        raise ZeroDivisionError

    for number in (1, 2):
        with pytest.raises(ZeroDivisionError):
            units.write(half)
        units.write(lambda unit, number=number: unit.pools.add(pool(number)))  # type: ignore[misc]
        assert len(units.read(lambda unit: unit.pools.all())) == number

    assert pool_ids(recipe_engine) == ["us-east-1_Pool1", "us-east-1_Pool2"]


@pytest.mark.attack("R24")
def test_write_holds_the_lock_from_its_beginning_where_the_host_begins_deferred(recipe_engine: sa.Engine) -> None:
    units = Units(recipe_engine, sealer())
    path = str(recipe_engine.url.database)

    def is_locked() -> bool:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                return "locked" in str(error)
            other.execute("ROLLBACK")
            return False

    assert units.write(lambda _unit: is_locked())
    assert not is_locked()


def test_sqlite_locked_by_another_process_is_unavailable_where_the_host_begins_transactions_itself(
    recipe_engine: sa.Engine,
) -> None:
    @sa.event.listens_for(recipe_engine, "connect")
    def impatient(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=50")

    units = Units(recipe_engine, sealer())
    units.read(lambda unit: unit.pools.all())
    with held(recipe_engine), pytest.raises(Unavailable):
        units.write(lambda unit: unit.pools.add(pool()))

    units.write(lambda unit: unit.pools.add(pool(1)))
    assert pool_ids(recipe_engine) == ["us-east-1_Pool1"]


def test_readers_do_not_undo_a_writer_where_all_threads_share_one_connection() -> None:
    """A database in memory: what a reader rolls back on leaving would be the writer's work."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, connect_args={"check_same_thread": False})
    tune_sqlite(engine)
    complete().create_all(engine)
    units = Units(engine, sealer())
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            units.read(lambda unit: unit.pools.all())

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(40):
        units.write(lambda unit, number=number: unit.pools.add(pool(number)))  # type: ignore[misc]
    stop.set()
    for reader in readers:
        reader.join()

    assert len(pool_ids(engine)) == 40
    engine.dispose()


def test_no_statement_of_a_user_shows_its_hash(units: Units) -> None:
    assert "password_hash=***" in repr(_stored(units))


def _stored(units: Units) -> object:
    from app_client_authz.domain.credentials import Credentials
    from app_client_authz.domain.user import User, UserStatus

    units.write(lambda unit: unit.pools.add(pool()))
    kim = User(pool().id, "sub", "kim", UserStatus.CONFIRMED)
    units.write(lambda unit: unit.users.add(kim, "kim", {}, Credentials(SECRET)))
    stored = units.read(lambda unit: unit.users.find(pool().id, "sub"))
    assert stored is not None
    assert stored.password_hash == SECRET
    return stored
