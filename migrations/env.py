"""Alembic's entry: only ever run by app_client_authz.storage.migrate, over a connection that it has open."""

from alembic import context

from app_client_authz.storage.migrate import VERSION_TABLE, include_own_name

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["target_metadata"],
    version_table=VERSION_TABLE,
    include_name=include_own_name,
    render_as_batch=True,  # SQLite cannot alter most of a table in place
    compare_type=True,
    compare_server_default=True,
    transactional_ddl=True,  # SQLite too: migrate.py begins the transaction itself
)
with context.begin_transaction():
    context.run_migrations()
