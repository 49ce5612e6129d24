"""A browser signs in where nginx serves the app below a path that the app does not see."""

import time
from pathlib import Path

import pytest
import requests
from playwright.sync_api import BrowserContext
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.samples.running import free_port
from tests.support.live import LiveServer
from tests.support.nginx import nginx
from tests.support.site import PASSWORD, USERNAME, make_site

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("prefix", ["/auth", ""])
@pytest.mark.parametrize("public", [True, False], ids=["public-url", "forwarded-prefix"])
def test_sign_in_single_sign_on_and_sign_out_stay_below_the_path(
    browser: BrowserContext, sqlite_url_migrated: str, tmp_path: Path, prefix: str, public: bool
) -> None:
    port = free_port()
    outside = f"http://localhost:{port}/sso"
    settings = {"AUTHZ_PUBLIC_URL": f"{outside}{prefix}"} if public else {}
    site = make_site(sqlite_url_migrated, time.time, AUTHZ_URL_PREFIX=prefix, **settings)
    site.app.wsgi_app = ProxyFix(site.app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    site.app.add_url_rule("/cb", view_func=lambda: "back in the app")
    client = site.client(callback_urls=(f"{outside}/cb",), logout_urls=(f"{outside}/cb",), generate_secret=True)
    page = browser.new_page()

    with LiveServer(site.app) as server, nginx(tmp_path, port, path="/sso/", upstream=server.url):
        found = requests.get(f"{outside}{prefix}/{site.pool.id}/.well-known/openid-configuration", timeout=10).json()
        assert found["issuer"] == f"{outside}{prefix}/{site.pool.id}"
        ask = f"{found['authorization_endpoint']}?client_id={client.client_id}&response_type=code&scope=openid"
        ask += f"&redirect_uri={outside}/cb"

        page.goto(ask)
        assert page.url.startswith(f"{outside}{prefix}/login?")
        page.get_by_label("Username").fill(USERNAME)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{outside}/cb?code=*")
        code = page.url.partition("code=")[2].partition("&")[0]
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": f"{outside}/cb"}
        answer = requests.post(found["token_endpoint"], data=body, auth=client.auth, timeout=10)
        assert answer.status_code == 200, answer.text
        # No cookie goes to what else there is on this host.
        assert {cookie["path"] for cookie in browser.cookies()} == {f"/sso{prefix}"}

        page.goto(ask)
        page.wait_for_url(f"{outside}/cb?code=*")
        page.goto(f"{outside}{prefix}/logout?client_id={client.client_id}&logout_uri={outside}/cb")
        page.wait_for_url(f"{outside}/cb")
        page.goto(ask)
        assert page.url.startswith(f"{outside}{prefix}/login?")
