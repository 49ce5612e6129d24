"""A site with one access key, behind a socket and without."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.aws import ACCESS_KEY, SECRET_KEY, Wire, boto_client
from tests.support.clock import MovableClock
from tests.support.live import LiveServer
from tests.support.site import Site, make_site


@pytest.fixture
def clock() -> MovableClock:
    """Starts now: botocore signs with the time of the machine. Signatures fail once it moved by 5 minutes."""
    return MovableClock(time.time())


@pytest.fixture
def site(sqlite_url_migrated: str, clock: MovableClock) -> Site:
    """``site.pool`` with ``kim`` and its clients; see tests/support/site.py."""
    return make_site(sqlite_url_migrated, clock, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY})


@pytest.fixture
def cognito(site: Site, live_server: Callable[..., LiveServer]) -> Iterator[Any]:
    """boto3's client of ``site``."""
    client = boto_client(live_server(site.app).url)
    yield client
    client.close()


@pytest.fixture
def wire(site: Site) -> Wire:
    """``wire("DescribeUserPool", {...})`` posts to ``site`` without a socket."""
    return Wire(site.app)


@pytest.fixture
def pool_id(site: Site) -> str:
    return site.pool.id
