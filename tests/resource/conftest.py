"""A host with guarded views of every kind, and tokens for them."""

import pytest

from tests.resource.host import Host, make_host
from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate


@pytest.fixture
def host(sqlite_url_migrated: str, clock: MovableClock) -> Host:
    """A host whose users, clients and sessions a test may change."""
    return make_host(sqlite_url_migrated, clock)


@pytest.fixture(scope="module")
def standing_host(sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A host that a module's tests share: they only ask."""
    url = sqlite_template.copy_to(tmp_path_factory.mktemp("standing") / "authz.sqlite")
    return make_host(url.render_as_string(), MovableClock())
