"""The site as gunicorn and Flask's command line load it: an app with nothing but the server, behind one proxy.

The folder that ``OFFLINE_SITE`` names (/etc/offline-site) holds its configuration: ``settings.toml`` for everybody to
read, ``secrets.toml`` for the site's own account. The database is that of libpq's variables, ``PGDATABASE`` and so on,
so that pg_dump and pg_restore, which read them too, can never mean another one.
"""

import logging
import os
import stat
import sys
import tomllib
from pathlib import Path

from flask import Flask
from site_commands import commands
from werkzeug.middleware.proxy_fix import ProxyFix

from app_client_authz import AppClientAuthz

FOLDER = "/etc/offline-site"
GREETING = "This is a sign-in server. The app that you came from leads you back to itself.\n"


def create_app() -> Flask:
    """The app, configured by the environment.

    Raises:
        OSError: a file of the configuration cannot be read.
        PermissionError: other accounts of this machine can read the secrets.
        app_client_authz.AuthzError: a setting is wrong, or the sealing keys are not those of the database.
    """
    folder = Path(os.environ.get("OFFLINE_SITE", FOLDER)).absolute()
    app = Flask("site_app", static_folder=None)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"postgresql+psycopg:///{os.environ['PGDATABASE']}"
    app.config.from_file(str(folder / "settings.toml"), load=tomllib.load, text=False)
    app.config.from_file(str(_private(folder / "secrets.toml")), load=tomllib.load, text=False)
    app.debug = False  # whatever FLASK_DEBUG says to other apps of this machine
    _log_events()
    # The address of who asks, for the record of sign-ins; the URLs of the server come from AUTHZ_PUBLIC_URL alone.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)  # type: ignore[method-assign]
    AppClientAuthz(app)
    app.cli.add_command(commands)
    app.add_url_rule("/", view_func=lambda: (GREETING, {"Content-Type": "text/plain; charset=utf-8"}))
    return app


def _private(path: Path) -> Path:
    status = path.stat()
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionError(f"{path} is open to other accounts of this machine: chmod 600 {path}")
    return path


def _log_events() -> None:
    """One line per security event to stderr, which systemd keeps in its journal, with the time."""
    logger = logging.getLogger("app_client_authz")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
