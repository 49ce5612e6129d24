"""The fixtures for hosts: the suite of the documentation, as a host runs it, and the bench behind them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app_client_authz import AppClientAuthz, require_token
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.extension import SystemClock
from app_client_authz.pytest_plugin.bench import AuthzBench
from app_client_authz.pytest_plugin.pages import SignIn
from tests.samples.running import environment
from tests.support.clock import MovableClock
from tests.support.documents import taken
from tests.support.live import LiveServer
from tests.support.site import SMALL_HASHES, claims

PLUGIN = ["-p", "app_client_authz.pytest_plugin"]


def run_suite(folder: Path, source: str) -> str:
    (folder / "test_host.py").write_text(source)
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", *PLUGIN]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_suite_of_the_documentation_passes(tmp_path: Path) -> None:
    source = taken("docs/how-to/testing.md", "import pytest")

    assert f"{source.count('def test_')} passed" in run_suite(tmp_path, source)


def test_fixtures_of_the_host_win_and_mistakes_are_told(tmp_path: Path) -> None:
    told = run_suite(
        tmp_path,
        """
import time

import pytest
from flask import Flask
from app_client_authz import AppClientAuthz

@pytest.fixture
def app():
    app = Flask(__name__)
    app.config.update(SECRET_KEY="for this test only, and long enough", SQLALCHEMY_DATABASE_URI="sqlite://")
    AppClientAuthz(app, clock=lambda: 1_800_000_000.0)
    return app

@pytest.fixture
def user():
    return "the host's own"

@pytest.fixture
def pool():
    return "the host's own"

def test_own(user, pool, authz_bench, app_client):
    assert user == pool == "the host's own"
    assert authz_bench.pool.id
    assert app_client.client_id in repr(app_client)

def test_foreign_clock(authz_clock):
    pass
""",
    )

    assert "1 passed, 1 error" in told
    assert "move that one" in told


def make_bench(**settings: object) -> AuthzBench:
    app = Flask("host")
    app.testing = True
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI="sqlite://", **SMALL_HASHES)
    app.config.update(settings)
    AppClientAuthz(app, clock=SystemClock())
    app.add_url_rule("/any", view_func=require_token()(lambda: "any"))
    return AuthzBench(app)


@pytest.fixture(scope="module")
def bench() -> AuthzBench:
    return make_bench()


def test_scopes_are_made_as_they_are_asked_for(bench: AuthzBench) -> None:
    for scopes in (["orders/read"], ["orders/write", "openid"], ["https://api.example/all"], ["orders/read"]):
        issued = bench.tokens_for(bench.user, scopes=scopes)
        assert set(claims(issued.access_token)["scope"].split()) == set(scopes)
        assert (issued.id_token is not None) == ("openid" in scopes)
    assert claims(bench.machine_tokens(["orders/read"]).access_token)["scope"] == "orders/read"
    assert claims(bench.machine_tokens(["other/all"]).access_token)["scope"] == "other/all"
    with pytest.raises(TypeError, match="a list of scopes"):
        bench.tokens_for(bench.user, scopes="openid")


def test_client_of_the_host_gets_no_scope_that_it_does_not_have(bench: AuthzBench) -> None:
    client = bench.create_app_client(generate_secret=True)
    bench._made.discard(client.client_id)

    assert bench.tokens_for(bench.user, app_client=client).id_token
    with pytest.raises(Exception, match="invalid_scope"):
        bench.tokens_for(bench.user, ["orders/read"], app_client=client)


def test_sign_in_at_the_pages_gives_tokens_of_a_confidential_client_too(bench: AuthzBench) -> None:
    client = bench.create_app_client(generate_secret=True)
    browser = bench.app.test_client()

    assert claims(bench.sign_in(bench.user, app_client=client).access_token)["client_id"] == client.client_id
    issued = bench.sign_in(bench.user, ["openid"], browser=browser)
    assert claims(issued.access_token)["username"] == bench.user.username
    assert browser._cookies


def test_wrong_password_and_machine_are_told_in_the_words_of_the_page(bench: AuthzBench) -> None:
    nobody = type(bench.user)(sub="x", username="nobody", password="wrong")
    with pytest.raises(AssertionError, match="no sign-in: 200 OK Error: Sign in"):
        bench.sign_in(nobody)
    bench.machine_tokens(["orders/read"])
    with pytest.raises(LookupError, match="no callback URL"):
        bench.sign_in(bench.user, ["orders/read"], app_client=bench._machine)


@pytest.mark.parametrize(
    "settings",
    [
        {"AUTHZ_PUBLIC_URL": "https://login.example.com/auth"},
        {"AUTHZ_PUBLIC_URL": "https://login.example.com/sso/id", "AUTHZ_URL_PREFIX": "/id"},
        {"AUTHZ_URL_PREFIX": ""},
        {"AUTHZ_DIALECT": "oidc"},
    ],
    ids=str,
)
def test_bench_fits_the_settings_of_the_host(settings: dict[str, object]) -> None:
    bench = make_bench(**settings)
    http, base = bench.app.test_client(), str(settings.get("AUTHZ_PUBLIC_URL", "http://localhost/"))

    for issued in (bench.tokens_for(bench.user), bench.sign_in(bench.user)):
        answer = http.get("/any", headers=issued.headers, base_url=base.partition("/auth")[0])
        assert answer.status_code == 200


def test_pool_is_the_one_that_the_guards_take() -> None:
    named = make_bench(AUTHZ_GUARD_POOLS=["us-east-1_Shop00001"])
    assert named.pool.id == "us-east-1_Shop00001"
    assert AuthzBench(named.app).pool == named.pool

    several = make_bench()
    only = several.pool
    assert AuthzBench(several.app).pool == only
    several.services.pools.create(PoolSpec(name="second"))
    with pytest.raises(LookupError, match="AUTHZ_GUARD_POOLS"):
        _ = AuthzBench(several.app).pool


def test_tokens_for_an_app_behind_a_live_server(live_server: Callable[..., LiveServer]) -> None:
    bench = make_bench()
    url = live_server(bench.app).url
    issued = bench.tokens_for(bench.user, base=f"{url}/auth")

    assert bench.app.test_client().get("/any", headers=issued.headers, base_url=url).status_code == 200


@pytest.mark.attack("R11")
def test_nothing_that_is_a_secret_is_in_a_representation(bench: AuthzBench) -> None:
    client, issued = bench.create_app_client(generate_secret=True), bench.tokens_for(bench.user)
    shown = repr((client, bench.user, issued))

    for secret in (client.secret, bench.user.password, issued.access_token, issued.id_token, issued.refresh_token):
        assert str(secret) not in shown


def test_clock_moves_and_goes_back(bench: AuthzBench) -> None:
    clock = AppClientAuthz.services(bench.app).clock
    assert isinstance(clock, SystemClock)
    now = clock()

    assert clock.advance(60) >= now + 60
    clock.ahead = 0.0
    assert clock() < now + 60


def test_clock_that_the_host_passes_is_the_clock() -> None:
    app = Flask("host")
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI="sqlite://", **SMALL_HASHES)
    clock = MovableClock()
    AppClientAuthz(app, clock=clock)

    assert AppClientAuthz.services(app).clock is clock


def test_pages_that_send_the_browser_away_without_a_code_are_told(bench: AuthzBench) -> None:
    driver = SignIn(bench.app.test_client(), bench.base, "/auth")
    params = {"client_id": bench.app_client.client_id, "redirect_uri": "https://app.example/callback"}

    with pytest.raises(AssertionError, match="no code: error=invalid_request"):
        driver.code({**params, "response_type": "nonsense"}, "x", "y")
    with pytest.raises(AssertionError, match="no sign-in: 4"):
        driver.code({**params, "redirect_uri": "https://mallory.example", "response_type": "code"}, "x", "y")
    with pytest.raises(AssertionError, match="no tokens"):
        driver.redeem("x", params["redirect_uri"], "v" * 43, params["client_id"], None)
