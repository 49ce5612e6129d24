"""Two services that trust each other by tokens: what a scope opens, who is kept out, how seldom one is fetched."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from authlib.integrations.base_client import OAuthError
from flask import Flask, request

from tests.samples.launching import SAMPLES, Sample, launched, module, modules_of
from tests.support.clock import MovableClock
from tests.support.documents import taken
from tests.support.live import LiveServer
from tests.support.site import PREFIX, Site, claims, make_site

pytestmark = pytest.mark.xdist_group("machine_to_machine")

PRINTED = ("Client ID", "Client secret")
Serve = Callable[[Flask], LiveServer]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    log = tmp_path_factory.mktemp("machine_to_machine") / "log"
    with launched(SAMPLES / "machine_to_machine", servers=3, log=log) as sample:
        yield sample


@pytest.fixture
def sample_modules() -> Iterator[None]:
    with modules_of("machine_to_machine"):
        yield


@pytest.fixture
def site(sqlite_url_migrated: str) -> Site:
    """Another authorization server, whose ``machine`` may read orders."""
    return make_site(sqlite_url_migrated, time.time)


class Endpoint:
    """A site behind a socket, and how often its token endpoint was asked."""

    def __init__(self, site: Site, serve: Serve) -> None:
        self.asked = 0
        site.app.before_request(self._count)
        base = serve(site.app).url + PREFIX
        self.issuer, self.url = f"{base}/{site.pool.id}", f"{base}/oauth2/token"
        self.credentials = (site.machine.client_id, site.machine.secret or "")

    def _count(self) -> None:
        self.asked += request.path.endswith("/oauth2/token")

    def token(self, **options: Any) -> Any:
        return module("machine_token").MachineToken(self.url, *self.credentials, "orders/read", **options)


@pytest.fixture
def endpoint(sample_modules: None, site: Site, live_server: Serve) -> Endpoint:
    return Endpoint(site, live_server)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def dashboard(running: Sample) -> tuple[str, str]:
    """Client ID and secret from the first line that the start prints."""
    words = running.commands()[0].split()
    client_id, _, secret = words[words.index("-u") + 1].partition(":")
    return client_id, secret


def test_printed_commands_get_the_report_and_no_orders(running: Sample) -> None:
    script = "\n".join(running.commands())

    answers = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True).stdout

    report, forbidden, unauthorized = (f"HTTP/1.1 {answer}" for answer in answers.split("HTTP/1.1 ")[1:])
    assert report.startswith("HTTP/1.1 200 ")
    assert report.endswith('{"Kim":4325,"Noor":400}\n')
    assert forbidden.startswith("HTTP/1.1 403 ")
    assert 'error="insufficient_scope"' in forbidden
    assert 'scope="orders/read"' in forbidden
    assert unauthorized.startswith("HTTP/1.1 401 ")
    assert 'WWW-Authenticate: Bearer realm="api"' in unauthorized


def test_reports_are_guarded_too(running: Sample) -> None:
    answer = requests.get(f"{running.url(2)}/reports/customers", timeout=30)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_dashboard_is_given_no_scope_that_it_was_not_registered_with(running: Sample) -> None:
    asked = {"grant_type": "client_credentials", "scope": "orders/read"}

    answer = requests.post(f"{running.url()}/auth/oauth2/token", asked, auth=dashboard(running), timeout=30)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_pages_and_json_api_are_not_there(running: Sample) -> None:
    assert requests.get(f"{running.url()}/auth/login", timeout=30).status_code == 404
    assert requests.post(f"{running.url()}/auth/", timeout=30).status_code == 404


def test_token_of_another_server_opens_nothing(running: Sample, endpoint: Endpoint) -> None:
    answer = requests.get(f"{running.url(1)}/orders", headers=bearer(endpoint.token().text()), timeout=30)

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_expired_token_opens_nothing(sample_modules: None, sqlite_url_migrated: str, live_server: Serve) -> None:
    yesterday = make_site(sqlite_url_migrated, MovableClock(time.time() - 86_400))
    endpoint = Endpoint(yesterday, live_server)
    orders = live_server(module("orders").create_app(endpoint.issuer)).url

    answer = requests.get(f"{orders}/orders", headers=bearer(endpoint.token().text()), timeout=30)

    assert answer.status_code == 401
    assert 'error="invalid_token", error_description="The token has expired."' in answer.headers["WWW-Authenticate"]


def test_token_is_fetched_once_and_used_until_it_is_about_to_expire(endpoint: Endpoint) -> None:
    token = endpoint.token()
    assert token.text() == token.text()
    assert endpoint.asked == 1

    always_late = endpoint.token(leeway_seconds=3601)
    assert always_late.text() != always_late.text()
    assert endpoint.asked == 3


def test_threads_share_one_token(endpoint: Endpoint) -> None:
    token = endpoint.token()

    with ThreadPoolExecutor(8) as threads:
        texts = {each.result() for each in [threads.submit(token.text) for _ in range(8)]}

    assert len(texts) == 1
    assert endpoint.asked == 1


def test_deleted_client_gets_no_further_token_and_the_last_one_counts_until_it_expires(
    endpoint: Endpoint, site: Site, live_server: Serve
) -> None:
    orders = live_server(module("orders").create_app(endpoint.issuer)).url
    last = endpoint.token().text()
    site.services.app_clients.delete(site.pool.id, site.machine.client_id)

    assert requests.get(f"{orders}/orders", headers=bearer(last), timeout=30).status_code == 200
    with pytest.raises(OAuthError, match="invalid_client"):
        endpoint.token().text()


def test_command_on_the_page_registers_a_service(site: Site) -> None:
    command = taken("docs/how-to/machine-to-machine.md", "flask authz client create")
    arguments = command.replace("us-east-1_Shop00001", site.pool.id).split()[1:]

    outcome = site.app.test_cli_runner().invoke(args=arguments)

    assert outcome.exit_code == 0, outcome.output
    client_id, secret = (re.findall(rf"^{name} +(\w+)$", outcome.output, re.MULTILINE)[0] for name in PRINTED)
    asked = {"grant_type": "client_credentials", "scope": "orders/read"}
    answer = site.app.test_client().post(f"{PREFIX}/oauth2/token", data=asked, auth=(client_id, secret))
    assert answer.status_code == 200


@pytest.mark.parametrize("secret, orders_port", [("wrong", 1), (None, 9)], ids=["no token", "no orders"])
def test_report_without_orders_is_one_sentence_and_no_secret(
    running: Sample, sample_modules: None, caplog: pytest.LogCaptureFixture, secret: str | None, orders_port: int
) -> None:
    client_id, right = dashboard(running)
    token_url = f"{running.url()}/auth/oauth2/token"
    token = module("machine_token").MachineToken(token_url, client_id, secret or right, "reports/read")
    dashboards = requests.post(token_url, {"grant_type": "client_credentials"}, auth=(client_id, right), timeout=30)
    access_token = dashboards.json()["access_token"]
    app = module("reports").create_app(claims(access_token)["iss"], f"http://127.0.0.1:{orders_port}/orders", token)

    answer = app.test_client().get("/reports/customers", headers=bearer(access_token))

    assert (answer.status_code, answer.json) == (502, {"error": "orders cannot be read now"})
    assert "orders cannot be read" in caplog.text
    for private in (right, access_token):
        assert private not in caplog.text
