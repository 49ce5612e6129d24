"""The site of ``app-client-authz serve``: an app on a database in memory, in a folder, or elsewhere."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app_client_authz.domain.errors import ConfigurationError
from app_client_authz.extension import AppClientAuthz
from app_client_authz.services.registry import Services
from app_client_authz.standalone import bare, secret_key
from app_client_authz.storage import migrate
from app_client_authz.storage.engine import engine_options, make_private, tune_sqlite

IN_MEMORY = "sqlite://"


@dataclass(frozen=True, slots=True)
class Site:
    """An app that is ready to serve. ``kept_in`` says where everything is kept, and is None for memory.

    ``folder`` is the data folder if the database is in it, too.
    """

    app: Flask
    services: Services
    kept_in: str | None
    folder: Path | None


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
    if url is not None:
        return _elsewhere(config, folder, url)
    if folder is None:
        config["SQLALCHEMY_DATABASE_URI"] = IN_MEMORY
    app = bare(config, folder)
    AppClientAuthz(app)
    kept_in = None if folder is None else f"{folder}, with the key to it in {folder / secret_key.NAME}"
    return Site(app, AppClientAuthz.services(app), kept_in, folder)


def _elsewhere(config: dict[str, Any], folder: Path | None, url: str) -> Site:
    app = bare(config | {"SQLALCHEMY_DATABASE_URI": url}, folder)
    db = SQLAlchemy(engine_options=engine_options(url))
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    tune_sqlite(engine)
    make_private(engine)
    migrate.upgrade(engine)
    AppClientAuthz(app, db)
    return Site(app, AppClientAuthz.services(app), f"the database {engine.url.database}", None)
