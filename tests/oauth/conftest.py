"""Sites for the tests of the OAuth face."""

import pytest

from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate
from tests.support.site import Site, copied_site, make_site


@pytest.fixture
def site(sqlite_url_migrated: str, clock: MovableClock) -> Site:
    """A site in the Cognito dialect."""
    return copied_site(sqlite_url_migrated, clock)


@pytest.fixture
def oidc_site(sqlite_url_migrated: str, clock: MovableClock) -> Site:
    """A site in the OIDC dialect; not for a test that also asks for ``site``."""
    return copied_site(sqlite_url_migrated, clock, AUTHZ_DIALECT="oidc")


@pytest.fixture(scope="module")
def standing(sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site in the Cognito dialect that a module's tests share: they only look, or add what nobody else sees."""
    url = sqlite_template.copy_to(tmp_path_factory.mktemp("standing") / "authz.sqlite")
    return make_site(url.render_as_string(), MovableClock())


@pytest.fixture(scope="module")
def standing_oidc(sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The same in the OIDC dialect."""
    url = sqlite_template.copy_to(tmp_path_factory.mktemp("standing") / "authz.sqlite")
    return make_site(url.render_as_string(), MovableClock(), AUTHZ_DIALECT="oidc")
