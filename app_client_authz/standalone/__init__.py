"""The server on its own: no host app, everything from the environment, from options and from a seed file.

``app-client-authz serve`` is for development and CI. For anything else there is the factory:

    AUTHZ_PUBLIC_URL=https://login.example.com/auth AUTHZ_SEALING_KEYS='["…"]' \\
    SQLALCHEMY_DATABASE_URI=postgresql+psycopg://… gunicorn 'app_client_authz.standalone:create_app()'
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from app_client_authz.domain.errors import ConfigurationError
from app_client_authz.extension import AppClientAuthz
from app_client_authz.standalone import environment, secret_key

__all__ = ["DATA", "create_app"]

DATA = "APP_CLIENT_AUTHZ_DATA"
"""The variable that names the folder of ``app-client-authz serve --data``."""


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """An app with nothing but this server, for gunicorn and for ``flask --app app_client_authz.standalone authz …``.

    Read from the environment: ``AUTHZ_…``, ``SECRET_KEY``, ``SQLALCHEMY_DATABASE_URI``; or, in place of the last two,
    ``APP_CLIENT_AUTHZ_DATA``, the folder that ``app-client-authz serve --data`` made.

    Raises:
        ConfigurationError: there is no database, or a setting is wrong.
    """
    given = os.environ if environ is None else environ
    config = environment.settings(given)
    folder = given.get(DATA)
    if folder is None and "SQLALCHEMY_DATABASE_URI" not in config:
        raise ConfigurationError(f"no database: set SQLALCHEMY_DATABASE_URI, or {DATA} to a folder of 'serve --data'")
    if folder is not None and "SECRET_KEY" not in config:
        config["SECRET_KEY"] = secret_key.kept(Path(folder))
    app = bare(config, Path(folder) if folder is not None else None)
    AppClientAuthz(app)
    return app


def bare(config: Mapping[str, Any], folder: Path | None) -> Flask:
    """A Flask app with that configuration and no view; the embedded database would be in ``folder``."""
    # No static folder: what the pages need comes with their blueprint.
    place = None if folder is None else str(folder.absolute())
    app = Flask("app_client_authz.standalone", static_folder=None, instance_path=place)
    app.config.update(config)
    app.debug = False  # whatever FLASK_DEBUG says to other apps of this machine (OPS-3)
    return app
