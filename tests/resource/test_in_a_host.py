"""Guards in the ways in which hosts are built and run: factories, several apps, a shell, proxies."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app_client_authz import AppClientAuthz, TokenGuard, current_token, require_scope, require_token
from tests.resource.cognito import ISSUER, Cognito
from tests.resource.host import Host
from tests.resource.machines import machine_token, orders_pool
from tests.samples.running import environment, free_port
from tests.support.clock import START, MovableClock
from tests.support.live import LiveServer
from tests.support.nginx import nginx
from tests.support.site import SMALL_HASHES

# As a host has them in modules of their own: made once, used by every app of the process.
authz = AppClientAuthz()
orders = Blueprint("orders", __name__)


@orders.get("/orders")
@require_scope("orders/read")
def list_orders() -> dict[str, object]:
    return {"client": current_token.client_id, "issuer": current_token.issuer}


def create_app(folder: Path, **settings: object) -> Flask:
    app = Flask("host", instance_path=str(folder))
    app.testing = True
    app.config.update(SECRET_KEY="s" * 40, **SMALL_HASHES)
    app.config.update(settings)
    authz.init_app(app)
    app.register_blueprint(orders)
    return app


def token_of_a_machine(app: Flask, base_url: str = "http://localhost", prefix: str = "/auth") -> str:
    """A token of a new machine, of the only pool of the app or of a new one."""
    pool = next(iter(AppClientAuthz.services(app).pools.all()), None) or orders_pool(app, "customers")
    return machine_token(app, pool, base_url, prefix)


def opens(app: Flask, token: str, **options: object) -> int:
    headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}  # type: ignore[dict-item]
    return app.test_client().get("/orders", headers=headers, **options).status_code  # type: ignore[arg-type]


def test_two_apps_with_two_configurations_in_one_process(tmp_path: Path) -> None:
    apps = [
        create_app(tmp_path / "one", AUTHZ_PUBLIC_URL="https://one.example/auth"),
        create_app(tmp_path / "two", AUTHZ_PUBLIC_URL="https://two.example/id", AUTHZ_URL_PREFIX="/id"),
    ]
    tokens = [token_of_a_machine(app, prefix=prefix) for app, prefix in zip(apps, ("/auth", "/id"), strict=True)]

    assert [[opens(app, token) for token in tokens] for app in apps] == [[200, 401], [401, 200]]


def test_app_beside_a_service_of_another_issuer(tmp_path: Path) -> None:
    cognito, keys = Cognito(now=START), tmp_path / "jwks.json"
    keys.write_bytes(cognito.jwks)
    own, service = create_app(tmp_path), Flask("service")
    service.config["AUTHZ_GUARD_POOLS"] = {ISSUER: {"client_ids": None, "jwks": keys}}
    TokenGuard(clock=MovableClock()).init_app(service)
    service.register_blueprint(orders)
    token = token_of_a_machine(own)

    assert [opens(app, token) for app in (own, service)] == [200, 401]
    assert [opens(app, cognito.access_token()) for app in (own, service)] == [401, 200]


def test_app_factory_called_twice_makes_two_apps_that_work(tmp_path: Path) -> None:
    first, second = create_app(tmp_path), create_app(tmp_path)
    token = token_of_a_machine(first)

    assert [opens(first, token), opens(second, token), opens(second, "x")] == [200, 200, 401]


def test_flask_shell_has_the_services_and_the_guards(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    typed = "from app_client_authz import current_authz\nprint('POOLS', len(current_authz.pools.all()))\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "flask", "--app", "app", "shell"],
        cwd=tmp_path,
        env=environment(),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "POOLS 0" in done.stdout + done.stderr


APP = """
from flask import Flask
from app_client_authz import AppClientAuthz, require_token

app = Flask(__name__)
app.config["SECRET_KEY"] = "for this test only, and long enough"
AppClientAuthz(app)

@app.get("/orders")
@require_token()
def orders():
    return "first"

@app.get("/open")
def open_to_all():
    return "first"
"""


def test_debug_reloader_loads_the_app_anew_and_its_guard_with_it(tmp_path: Path) -> None:
    source, port = tmp_path / "app.py", free_port()
    source.write_text(APP)
    command = [sys.executable, "-m", "flask", "--app", "app", "--debug", "run", "--port", str(port)]
    with _process(command, tmp_path):
        assert _answer(port, "/open", until="first") == (200, "first")
        assert _answer(port, "/orders")[0] == 401
        source.write_text(APP.replace('"first"', '"second"'))

        assert _answer(port, "/open", until="second") == (200, "second")
        assert _answer(port, "/orders")[0] == 401


@contextmanager
def _process(command: list[str], folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _answer(port: int, path: str, *, until: str | None = None, seconds: float = 60) -> tuple[int, str]:
    """The answer; with ``until``, once it is that text."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                found = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                found = error.code, error.read().decode()
        except OSError:
            found = 0, ""
        if found[1] == until or (until is None and found[0]) or time.monotonic() > give_up:
            return found
        time.sleep(0.1)


# --- behind a proxy -----------------------------------------------------------------------------


def test_host_behind_proxy_fix_below_a_path(tmp_path: Path) -> None:
    app = create_app(tmp_path, AUTHZ_PUBLIC_URL="https://example.com/sso/auth")
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    token = token_of_a_machine(app)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.com", "X-Forwarded-Prefix": "/sso"}

    assert opens(app, token, headers=forwarded) == 200
    # The public URL is what counts, whatever a stranger says of hosts.
    assert opens(app, token, headers=forwarded | {"X-Forwarded-Host": "mallory.example"}) == 200
    assert opens(app, token) == 200


def test_host_below_a_path_without_a_public_url(tmp_path: Path) -> None:
    app = create_app(tmp_path)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    below = {"X-Forwarded-Prefix": "/sso"}
    token = token_of_a_machine(app)

    assert opens(app, token) == 200
    assert opens(app, token, headers=below) == 401
    answer = app.test_client().get("/auth/us-east-1_x/.well-known/openid-configuration", headers=below)
    assert answer.status_code == 404


def test_unknown_host_without_a_public_url_is_told_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(tmp_path)

    assert opens(app, token_of_a_machine(app), base_url="https://api.example.com") == 401
    assert "Set AUTHZ_PUBLIC_URL" in caplog.text


def test_everything_works_behind_an_nginx_that_rewrites_paths(tmp_path: Path) -> None:
    port = free_port()
    app = create_app(tmp_path / "instance", AUTHZ_PUBLIC_URL=f"http://127.0.0.1:{port}/sso/auth")
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    app.add_url_rule("/any", view_func=require_token()(lambda: "any"))
    token = token_of_a_machine(app)
    pool_id = AppClientAuthz.services(app).pools.all()[0].id
    with LiveServer(app) as server, nginx(tmp_path, port, path="/sso/", upstream=server.url):
        _, document = _answer(port, f"/sso/auth/{pool_id}/.well-known/openid-configuration")
        discovered = json.loads(document)
        assert discovered["jwks_uri"] == f"http://127.0.0.1:{port}/sso/auth/{pool_id}/.well-known/jwks.json"
        with urllib.request.urlopen(discovered["jwks_uri"], timeout=10) as answer:
            assert json.loads(answer.read())["keys"]
        assert _answer(port, "/sso/any")[0] == 401
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/sso/orders", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert json.loads(answer.read())["issuer"] == discovered["issuer"]


def test_proof_above_would_notice_a_token_of_another_process(host: Host, tmp_path: Path) -> None:
    assert opens(create_app(tmp_path), host.machine_token()) == 401
