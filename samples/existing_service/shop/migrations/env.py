"""Alembic's entry, as Flask-Migrate calls it: the app's database, models and options."""

from alembic import context
from flask import current_app

extension = current_app.extensions["migrate"]
options = {"target_metadata": extension.db.metadata, "render_as_batch": True, **extension.configure_args}

with extension.db.engine.connect() as connection:
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()
