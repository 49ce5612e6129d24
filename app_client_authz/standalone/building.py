"""The site of ``app-client-authz serve``: an app on a database in memory, in a folder, or elsewhere."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, StaticPool, create_engine

from app_client_authz.domain.errors import ConfigurationError
from app_client_authz.extension import AppClientAuthz
from app_client_authz.services.registry import Services
from app_client_authz.standalone import bare, secret_key
from app_client_authz.storage import migrate
from app_client_authz.storage.engine import engine_options, is_in_memory, make_private, tune_sqlite

IN_MEMORY = "sqlite://"
FILE = "authz.db"
"""In a data folder; the name that the embedded database has everywhere."""


@dataclass(frozen=True, slots=True)
class Site:
    """An app that is ready to serve. ``kept_in`` says where everything is kept, and is None for memory.

    ``folder`` is the data folder if the database is in it, too.
    """

    app: Flask
    services: Services
    kept_in: str | None
    folder: Path | None


@dataclass(frozen=True, slots=True)
class _Database:
    """What the extension asks of a Flask-SQLAlchemy object, without the ORM, whose import a start would wait for."""

    engines: Mapping[str | None, Engine]


def build(given: Mapping[str, Any], folder: Path | None, database: str | None) -> Site:
    """The site with that configuration; a database that is not migrated is migrated now.

    Raises:
        ConfigurationError: a setting is wrong, or the key of the database is not there.
        SQLAlchemyError: the database does not answer.
    """
    config = dict(given)
    url = database or config.pop("SQLALCHEMY_DATABASE_URI", None)
    if folder is not None:
        try:
            secret_key.make(folder)
        except OSError as error:
            raise ConfigurationError(f"--data {folder}: {error.strerror}") from None
        config.setdefault("SECRET_KEY", secret_key.kept(folder))
    elif url is None:
        config.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    app = bare(config, folder)
    if url is not None:
        kept_in = f"the database {url.rpartition('/')[2].partition('?')[0]}"
        return Site(app, _mounted(app, url), kept_in, None)
    if folder is None:
        return Site(app, _mounted(app, IN_MEMORY), None, None)
    kept_in = f"{folder}, with the key to it in {folder / secret_key.NAME}"
    return Site(app, _mounted(app, f"sqlite:///{(folder / FILE).absolute()}"), kept_in, folder)


def _mounted(app: Flask, url: str) -> Services:
    engine = _engine(url)
    tune_sqlite(engine)
    make_private(engine)
    if not (is_in_memory(engine) or migrate.is_current(engine)):
        migrate.upgrade(engine)
    AppClientAuthz(app, _Database({None: engine}))
    return AppClientAuthz.services(app)


def _engine(url: str) -> Engine:
    if url == IN_MEMORY:
        # One connection for all threads: every other one would have a database of its own.
        return create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    return create_engine(url, **engine_options(url))
