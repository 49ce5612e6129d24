"""A site with one access key, behind a socket and without."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app_client_authz import AppClientAuthz
from app_client_authz.api.local_client import LocalClient
from tests.support.aws import ACCESS_KEY, SECRET_KEY, Wire, boto_client
from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate
from tests.support.live import LiveServer
from tests.support.site import Site, copied_site, make_site


@pytest.fixture(autouse=True)
def _ready_made_keys(request: pytest.FixtureRequest) -> None:
    if "standing" not in request.fixturenames:
        request.getfixturevalue("ready_made_keys")


@pytest.fixture
def clock() -> MovableClock:
    """Starts now: botocore signs with the time of the machine. Signatures fail once it moved by 5 minutes."""
    return MovableClock(time.time())


@pytest.fixture
def site(sqlite_url_migrated: str, clock: MovableClock) -> Site:
    """``site.pool`` with ``kim`` and its clients; see tests/support/site.py."""
    return copied_site(sqlite_url_migrated, clock, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY})


@pytest.fixture(scope="module")
def standing(sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that a module's tests share: they only look, or add what nobody else sees. Its clock goes."""
    url = sqlite_template.copy_to(tmp_path_factory.mktemp("standing") / "authz.sqlite")
    return make_site(url.render_as_string(), time.time, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY})


@pytest.fixture
def cognito(site: Site, live_server: Callable[..., LiveServer]) -> Iterator[Any]:
    """boto3's client of ``site``."""
    client = boto_client(live_server(site.app).url)
    yield client
    client.close()


@pytest.fixture
def local(site: Site) -> LocalClient:
    """The in-process client of ``site``."""
    return AppClientAuthz().client("cognito-idp", app=site.app)


@pytest.fixture
def wire(site: Site) -> Wire:
    """``wire("DescribeUserPool", {...})`` posts to ``site`` without a socket."""
    return Wire(site.app)


@pytest.fixture
def pool_id(site: Site) -> str:
    return site.pool.id
