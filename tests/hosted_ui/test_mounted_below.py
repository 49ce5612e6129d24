"""A host that is itself mounted below a path: cookies have to come back there."""

from werkzeug.test import Client

from tests.support.clock import MovableClock
from tests.support.site import make_site


def test_cookies_of_an_app_below_a_path_come_back_to_it(sqlite_url_migrated: str, clock: MovableClock) -> None:
    site = make_site(sqlite_url_migrated, clock)
    browser = Client(site.app)
    login = site.authorize_url(site.web).replace("/oauth2/authorize", "/login")

    page = browser.get(login, base_url="http://localhost/below")

    assert page.status_code == 200
    cookies = page.headers.getlist("Set-Cookie")
    assert cookies
    assert all("Path=/below/auth" in cookie for cookie in cookies)
