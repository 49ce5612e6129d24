"""A server with pools, clients and users: made once, copied for every test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app_client_authz import AppClientAuthz
from tests.hosted_ui.site import CONFIG, Site, Visitor, furnish
from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate

MakeSite = Callable[..., Site]


def _site(path: Path, clock: MovableClock, config: dict[str, Any], **flask_options: Any) -> Site:
    app = Flask("host", **flask_options)
    app.config.update(CONFIG, SQLALCHEMY_DATABASE_URI=f"sqlite:///{path}")
    app.config.update(config)
    authz = AppClientAuthz(app, clock=clock)
    return Site(app, authz.services(app), clock)


@pytest.fixture(scope="session")
def furnished(sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Making two pools costs half a second of RSA: every test gets a copy instead.
    path = tmp_path_factory.mktemp("furnished") / "template.sqlite"
    sqlite_template.copy_to(path)
    site = _site(path, MovableClock(), {})
    furnish(site.services)
    site.services.engine.dispose()
    return path


@pytest.fixture
def make_site(furnished: Path, database_folder: Path, clock: MovableClock) -> MakeSite:
    """``make_site(AUTHZ_…=…)``: an app over a copy of the furnished database."""

    def make(flask_options: dict[str, Any] | None = None, **config: Any) -> Site:
        path = database_folder / f"{len(list(database_folder.iterdir()))}.sqlite"
        path.write_bytes(furnished.read_bytes())
        return _site(path, clock, config, **(flask_options or {}))

    return make


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site()


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """Somebody with a browser that holds no cookie."""
    return site.visitor()


@pytest.fixture(scope="module")
def standing_site(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that a module's tests share: they change nothing in it."""
    path = tmp_path_factory.mktemp("standing") / "authz.sqlite"
    path.write_bytes(furnished.read_bytes())
    return _site(path, MovableClock(), {})


@pytest.fixture
def passer_by(standing_site: Site) -> Visitor:
    """Somebody without a cookie who leaves everything as it is."""
    return standing_site.visitor()
