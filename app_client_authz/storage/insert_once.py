"""Inserts that may come second."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert the row unless one with its key is there: then nothing happens, in whatever order two come.

    Returns:
        Whether this call inserted it.
    """
    statement = _insert(connection, table, values).on_conflict_do_nothing()
    # SQLAlchemy looks at the count of an INSERT only if it is told to.
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount == 1


def hold(connection: Connection, table: Table, **values: Any) -> Row[Any]:
    """The row with that key, locked until the transaction ends; inserted if there is none.

    One statement: between an insert and a look, somebody else could delete the row.
    """
    key = list(table.primary_key.columns)
    upsert = _insert(connection, table, values).on_conflict_do_update(
        index_elements=key, set_={column: table.c[column.name] for column in key}
    )
    return connection.execute(upsert.returning(*table.c)).one()


def _insert(connection: Connection, table: Table, values: dict[str, Any]) -> "postgresql.Insert | sqlite.Insert":
    # Loaded with the engine, and not before: see ``tables.complete``.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table).values(**values)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table).values(**values)
