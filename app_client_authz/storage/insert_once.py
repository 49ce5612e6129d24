"""Inserts that may come second; each statement is made once for its table."""

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement, Connection, Row, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.sql.dml import ReturningInsert


def insert_once(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert the row unless one with its key is there: then nothing happens, in whatever order two come.

    A value may be an expression, which the database works out.

    Returns:
        Whether this call inserted it.
    """
    statement = _unless_there(connection.dialect.name, table)
    expressions = {name: value for name, value in values.items() if isinstance(value, ClauseElement)}
    if expressions:
        statement = statement.values(expressions)
        values = {name: value for name, value in values.items() if name not in expressions}
    # SQLAlchemy looks at the count of an INSERT only if it is told to.
    return connection.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount == 1


def hold(connection: Connection, table: Table, **values: Any) -> Row[Any]:
    """The row with that key, locked until the transaction ends; inserted if there is none.

    One statement: between an insert and a look, somebody else could delete the row.
    """
    return connection.execute(_held(connection.dialect.name, table), values).one()


@cache
def _unless_there(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _held(dialect: str, table: Table) -> "ReturningInsert[Any]":
    key = list(table.primary_key.columns)
    upsert = _insert(dialect, table).on_conflict_do_update(
        index_elements=key, set_={column: table.c[column.name] for column in key}
    )
    return upsert.returning(*table.c)


def _insert(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    # Loaded with the engine, and not before: see ``tables.complete``.
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
