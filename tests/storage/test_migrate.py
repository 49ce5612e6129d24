"""The tables that migrations make are the tables that the code uses."""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import produce_migrations
from alembic.config import Config
from alembic.migration import MigrationContext

from app_client_authz.storage import migrate
from app_client_authz.storage.tables import complete, metadata
from tests.support.databases import sqlite_url

# What a database itself says of its schema: stricter than Alembic's comparison, which sees no check constraint
# and no condition of an index.
CATALOGUE = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name LIKE '%authz!_%' ESCAPE '!'",
    "postgresql": """
        SELECT 'column', table_name, column_name,
               concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    """,
}


@pytest.fixture
def blank(unmigrated_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(unmigrated_url)
    yield engine
    engine.dispose()


def catalogue(engine: sa.Engine) -> list[list[str]]:
    """Every table, column, constraint and index, but for the version table; their order does not count."""
    with engine.connect() as connection:
        rows = connection.execute(sa.text(CATALOGUE[engine.dialect.name])).all()
    return sorted(
        # SQLite keeps the statement as it was written: one column or constraint a line.
        sorted(line.strip(", \t") for cell in row for line in str(cell).splitlines())
        for row in rows
        if migrate.VERSION_TABLE not in row
    )


def test_migrations_make_exactly_the_tables_of_the_code(blank: sa.Engine) -> None:
    complete().create_all(blank)
    from_code = catalogue(blank)
    metadata.drop_all(blank)
    migrate.upgrade(blank)

    assert catalogue(blank) == from_code
    assert len(from_code) > len(metadata.tables)


def test_check_finds_nothing_to_migrate(engine: sa.Engine) -> None:
    migrate.check(engine)


def test_unmigrated_database_is_not_current(blank: sa.Engine) -> None:
    assert not migrate.is_current(blank)


def test_upgrade_makes_it_current(blank: sa.Engine) -> None:
    migrate.upgrade(blank)

    assert migrate.is_current(blank)


def test_tables_that_are_made_at_once_are_those_of_the_migrations(blank: sa.Engine) -> None:
    migrate.make(blank)
    at_once = catalogue(blank)
    assert migrate.is_current(blank)
    migrate.upgrade(blank)
    migrate.check(blank)

    assert catalogue(blank) == at_once


def test_second_upgrade_changes_nothing_and_keeps_rows(engine: sa.Engine) -> None:
    before = catalogue(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO authz_canary (id, sealed) VALUES (1, 'kept')"))

    migrate.upgrade(engine)

    assert catalogue(engine) == before
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT sealed FROM authz_canary")) == "kept"


def test_upgrade_of_a_memory_database_reaches_the_engine_it_was_given() -> None:
    memory = sa.create_engine("sqlite://", poolclass=sa.StaticPool)

    migrate.upgrade(memory)

    assert migrate.is_current(memory)
    memory.dispose()


def test_four_processes_upgrade_at_once(unmigrated_url: str, blank: sa.Engine) -> None:
    processes = multiprocessing.get_context("spawn").Pool(4)
    with processes:
        outcomes = processes.map(_upgrade, [unmigrated_url] * 4)

    assert outcomes == [True] * 4
    migrate.check(blank)


def test_failing_migration_leaves_nothing_behind(blank: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: sa.Connection) -> None:
        raise RuntimeError("halfway")

    _after_upgrade(monkeypatch, fail)
    with pytest.raises(RuntimeError, match="halfway"):
        migrate.upgrade(blank)

    assert sa.inspect(blank).get_table_names() == []


def test_migration_that_orphans_rows_is_rolled_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = sa.create_engine(sqlite_url(tmp_path / "orphans.sqlite"))
    orphan = sa.text("INSERT INTO authz_resource_servers VALUES ('us-east-1_gone', 'orders', 'Orders', '[]')")
    _after_upgrade(monkeypatch, lambda connection: connection.execute(orphan))

    with pytest.raises(migrate.BrokenMigration, match="authz_resource_servers"):
        migrate.upgrade(engine)

    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_downgrade_leads_back_to_nothing(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(migrate.config(connection), "base")

    assert sa.inspect(engine).get_table_names() == [migrate.VERSION_TABLE]


@pytest.mark.parametrize(
    "kind, name, parents, theirs",
    [
        ("table", "authz_users", {}, False),
        ("index", "ix_anything", {"table_name": "authz_users"}, False),
        ("table", "users", {}, True),
        ("column", "id", {"table_name": "users"}, True),
        ("schema", None, {}, True),
    ],
)
def test_host_sees_everything_but_our_tables(
    kind: str, name: str | None, parents: Mapping[str, str | None], theirs: bool
) -> None:
    assert migrate.include_name(name, kind, parents) is theirs


def test_host_that_uses_include_name_does_not_drop_our_tables(engine: sa.Engine) -> None:
    host = sa.MetaData()
    with engine.connect() as connection:
        options = {"include_name": migrate.include_name, "target_metadata": host}
        proposal = produce_migrations(MigrationContext.configure(connection, opts=options), host)

    assert proposal.upgrade_ops is not None
    assert proposal.upgrade_ops.is_empty()


def _after_upgrade(patch: pytest.MonkeyPatch, step: Callable[[sa.Connection], object]) -> None:
    """Lets every upgrade end with one step more, inside its transaction."""
    upgrade = command.upgrade

    def longer(config: Config, revision: str) -> None:
        upgrade(config, revision)
        step(config.attributes["connection"])

    patch.setattr(command, "upgrade", longer)


def _upgrade(url: str) -> bool:
    engine = sa.create_engine(url)
    migrate.upgrade(engine)
    current = migrate.is_current(engine)
    engine.dispose()
    return current
