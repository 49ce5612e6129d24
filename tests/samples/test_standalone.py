"""The seed files of the sample and of the documents apply, and the container file starts what there is."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.standalone import server
from app_client_authz.standalone.command import main
from tests.support.documents import taken
from tests.support.imports import ROOT

SAMPLE = ROOT / "samples" / "standalone"
DOCUMENT = ROOT / "docs" / "how-to" / "standalone.md"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Flask]:
    """The apps that were about to be served."""
    apps: list[Flask] = []

    def instead(app: Flask, _host: str, port: int, ready: server.Ready) -> None:
        apps.append(app)
        ready(port)

    monkeypatch.setattr(server, "serve", instead)
    return apps


def test_the_sample_makes_its_pool_and_the_token_of_its_readme(served: list[Flask]) -> None:
    outcome = CliRunner().invoke(main, ["serve", "--seed", str(SAMPLE / "seed.yaml")])
    assert outcome.exit_code == 0, outcome.output
    (curl,) = re.findall(r"^curl .*\\\n.*$", (SAMPLE / "README.md").read_text(), re.MULTILINE)
    words = shlex.split(curl.replace("\\\n", " "))
    client_id, _, secret = words[2].partition(":")

    answer = (
        served[0].test_client().post(words[-1], data={"grant_type": "client_credentials"}, auth=(client_id, secret))
    )

    assert answer.status_code == 200
    assert answer.json["access_token"]


def test_the_seed_file_in_the_document_applies(served: list[Flask], tmp_path: Path) -> None:
    block = taken("docs/how-to/standalone.md", "settings:")
    (tmp_path / "seed.yaml").write_text(block)

    outcome = CliRunner().invoke(main, ["serve", "--seed", str(tmp_path / "seed.yaml")])

    assert outcome.exit_code == 0, outcome.output
    services = AppClientAuthz.services(served[0])
    seeded = yaml.safe_load(block)["pools"][0]
    assert [group.name for group in services.users.describe(seeded["Id"], "bob").groups] == ["admins"]


def serve(command: str) -> None:
    """``app-client-authz serve …`` as a document has it."""
    program, *arguments = shlex.split(command)
    assert program == "app-client-authz"
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.output


def test_the_command_of_the_document_serves_the_sample(served: list[Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    serve(taken("docs/how-to/standalone.md", 'pip install ".[standalone]"').splitlines()[1])

    assert [pool.name for pool in AppClientAuthz.services(served[0]).pools.all()] == ["Shop"]


def test_the_issuer_of_the_document_stands_in_the_discovery_document_of_its_pool(
    served: list[Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = taken("docs/how-to/standalone.md", "app-client-authz serve --seed seed.yaml --issuer")
    issuer = shlex.split(command)[-1]
    pool_id = issuer.rpartition("/")[2]
    (tmp_path / "seed.yaml").write_text(yaml.safe_dump({"pools": [{"Id": pool_id, "PoolName": "Shop"}]}))

    serve(command)

    document = served[0].test_client().get(f"/auth/{pool_id}/.well-known/openid-configuration").json
    assert document["issuer"] == issuer
    assert document["jwks_uri"] == f"http://localhost/auth/{pool_id}/.well-known/jwks.json"


def test_every_option_of_the_command_is_in_the_table_of_the_document() -> None:
    listed = set(re.findall(r"^\| `(--[a-z-]+)", DOCUMENT.read_text(), re.MULTILINE))
    assert listed == {option for parameter in main.commands["serve"].params for option in parameter.opts}


def test_the_container_starts_the_command_with_options_that_it_has(served: list[Flask]) -> None:
    (entry,) = re.findall(r"^ENTRYPOINT (\[.*\])$", (SAMPLE / "Containerfile").read_text(), re.MULTILINE)
    program, *arguments = yaml.safe_load(entry)
    assert program == "app-client-authz"

    outcome = CliRunner().invoke(main, arguments)

    assert outcome.exit_code == 0, outcome.output
    # Asked by whatever name: in a container it is the container's.
    answer = served[0].test_client().get("/auth/login", base_url="http://authz:5000")
    assert answer.status_code == 302
