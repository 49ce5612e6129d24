"""app-client-authz serve, as a process of its own: from one command to tokens."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import boto3
import pytest
import requests
import yaml
from click.testing import CliRunner
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from app_client_authz import TokenGuard, require_scope
from app_client_authz.standalone.command import main
from tests.samples.running import environment
from tests.support.imports import ROOT
from tests.support.site import claims

pytestmark = pytest.mark.xdist_group("standalone")

POOL = "us-east-1_AbC123xyz"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"
CLIENT, SECRET = "4machine0123456789abcdefg", "machineSecret0123456789abcdefghij"
APP = "5app0123456789abcdefghijk"
PASSWORD = "Correct-h0rse"
START_SECONDS = 60
SEED = f"""
settings:
  AUTHZ_PASSWORD_HASH_MEMORY_KIB: 8
  AUTHZ_PASSWORD_HASH_TIME_COST: 1
pools:
  - Id: {POOL}
    PoolName: Shop
    clients:
      - ClientId: {CLIENT}
        ClientName: machine
        ClientSecret: {SECRET}
        AllowedOAuthFlows: [client_credentials]
        AllowedOAuthFlowsUserPoolClient: true
        AllowedOAuthScopes: [orders/read]
      - ClientId: {APP}
        ClientName: app
        ExplicitAuthFlows: [ALLOW_USER_PASSWORD_AUTH]
    resourceServers:
      - Identifier: orders
        Name: Orders
        Scopes: [{{ScopeName: read, ScopeDescription: Read}}]
    users:
      - Username: ann
        Password: {PASSWORD}
        Attributes: {{email: ann@example.com, email_verified: "true"}}
"""


class Served:
    """A server that answers at ``url``; ``output`` is what it printed until then."""

    def __init__(self, process: "subprocess.Popen[str]", output: str) -> None:
        self.process = process
        self.output = output
        found = re.search(r"Serving (http\S+)/auth until", output)
        assert found, output
        self.url = f"{found[1]}/auth"


@contextmanager
def serving(*options: str, before: str = "") -> Iterator[Served]:
    """The command on a free port, ended as a container or Ctrl+C ends it; ``before`` runs in the process first."""
    start = "from app_client_authz.standalone.command import main; main(prog_name='app-client-authz')"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{before}{start}", "serve", "--port", "0", *options],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as printed:
        try:
            yield Served(process, _screen(process, printed))
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(timeout=START_SECONDS)
    assert ended == 0


def _screen(process: "subprocess.Popen[str]", printed: IO[str]) -> str:
    """What is printed until it serves; a start that never comes to that is ended."""
    give_up = threading.Timer(START_SECONDS, process.kill)
    give_up.start()
    lines: list[str] = []
    for line in printed:
        lines.append(line)
        if line == "\n" and any("Try" in each for each in lines):
            break
    give_up.cancel()
    return "".join(lines)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    seed = tmp_path_factory.mktemp("seed") / "seed.yaml"
    seed.write_text(SEED)
    with serving("--seed", str(seed), "--issuer", ISSUER, "--access-key", "local:local-secret") as running:
        yield running


def machine_token(url: str) -> dict[str, Any]:
    answer = requests.post(
        f"{url}/oauth2/token", data={"grant_type": "client_credentials"}, auth=(CLIENT, SECRET), timeout=30
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def cognito(url: str) -> Any:
    return boto3.client(
        "cognito-idp",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local-secret",
    )


def test_boto3_finds_the_seeded_pool_and_client(served: Served) -> None:
    client = cognito(served.url)
    assert client.describe_user_pool(UserPoolId=POOL)["UserPool"]["Name"] == "Shop"
    described = client.describe_user_pool_client(UserPoolId=POOL, ClientId=CLIENT)["UserPoolClient"]
    assert described["ClientSecret"] == SECRET


def test_a_service_that_pins_the_real_issuer_takes_the_tokens(served: Served) -> None:
    signed_in = cognito(served.url).initiate_auth(
        ClientId=APP, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD}
    )["AuthenticationResult"]
    keys = KeySet.import_key_set(requests.get(f"{served.url}/{POOL}/.well-known/jwks.json", timeout=30).json())
    for token in (machine_token(served.url)["access_token"], signed_in["IdToken"], signed_in["AccessToken"]):
        assert jwt.decode(token, keys, algorithms=["RS256"]).claims["iss"] == ISSUER


def test_guarded_views_that_were_made_for_the_real_pool_take_the_tokens(served: Served) -> None:
    app = Flask("orders")
    app.config["AUTHZ_GUARD_POOLS"] = {
        ISSUER: {"client_ids": [CLIENT], "jwks": f"{served.url}/{POOL}/.well-known/jwks.json"}
    }
    TokenGuard(app)

    @app.get("/orders")
    @require_scope("orders/read")
    def orders() -> list[str]:
        return ["one"]

    token = machine_token(served.url)["access_token"]
    answer = app.test_client().get("/orders", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json) == (200, ["one"])


def test_the_screen_says_where_and_what_and_no_secret(served: Served) -> None:
    for text in (POOL, ISSUER, CLIENT, "/.well-known/jwks.json", "in memory", f"curl -u {CLIENT}:SECRET", "aws --"):
        assert text in served.output
    assert "export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=SECRET\n" in served.output
    assert SECRET not in served.output
    assert "local-secret" not in served.output
    assert PASSWORD not in served.output
    assert len(served.output.splitlines()) <= 24


def test_without_gunicorn_werkzeugs_server_serves_and_a_folder_keeps_everything(tmp_path: Path) -> None:
    seed, data = tmp_path / "seed.json", tmp_path / "data"
    seed.write_text(json.dumps(yaml.safe_load(SEED)))
    without = "import sys; sys.modules['gunicorn'] = None; "
    with serving("--seed", str(seed), "--data", str(data), before=without) as first:
        key = requests.get(f"{first.url}/{POOL}/.well-known/jwks.json", timeout=30).json()
        issued = machine_token(first.url)
        assert claims(issued["access_token"])["iss"] == f"{first.url}/{POOL}"
        assert f"APP_CLIENT_AUTHZ_DATA={data} flask --app app_client_authz.standalone" in first.output
    with serving("--data", str(data)) as second:
        assert requests.get(f"{second.url}/{POOL}/.well-known/jwks.json", timeout=30).json() == key
        machine_token(second.url)
        assert (data / "secret_key").read_text() not in first.output + second.output


def test_the_console_script_is_this_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"app-client-authz": "app_client_authz.standalone.command:main"}


def test_a_port_that_is_taken_is_told_of_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, ["serve", "--port", port])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: 127.0.0.1 port {port}: ")
