"""The pages on the JSON API and on import, followed with the aws CLI and boto3 against the quickstart."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa

from tests.samples.running import Quickstart, copy_of_sample, quickstart
from tests.support.documents import run, run_block, taken

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pages of the api")]

APP = """
from flask import Flask
from app_client_authz import AppClientAuthz

app = Flask(__name__)
app.config["SECRET_KEY"] = "for this test only, and long enough"
AppClientAuthz(app)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Quickstart]:
    with quickstart(folder) as served:
        yield served


@pytest.fixture(scope="module")
def host(folder: Path, running: Quickstart) -> dict[str, str]:
    """What a shell knows in which ``flask`` is about the quickstart, and ``aws`` about nobody's account."""
    config = folder / "aws-config"
    config.write_text("[default]\ncli_follow_urlparam = false\n")
    return {
        "FLASK_APP": str(copy_of_sample(folder) / "app"),
        "HOME": str(folder),
        "AWS_CONFIG_FILE": str(config),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


@pytest.fixture(scope="module")
def access_key(folder: Path, host: dict[str, str]) -> tuple[str, str]:
    """ID and secret, as the page's command prints them."""
    printed = run_block(folder, taken("docs/reference/operations.md", "flask authz access-key create"), **host)
    values = dict(re.findall(r"^(\w[\w ]*?) {2,}(\S+)$", printed, re.MULTILINE))
    return values["Access key"], values["Secret"]


def with_values(block: str, access_key: tuple[str, str], running: Quickstart) -> str:
    """The block with what its reader fills in: the key where the page has an ellipsis, and the address of the site."""
    key_id, secret = access_key
    filled = block.replace("AKIA…", key_id).replace("…", secret).replace("http://localhost:5000", running.url)
    assert filled.count(key_id) == filled.count(secret) == 1
    return filled


def test_aws_cli_lists_the_pools_with_a_key_of_the_page(
    folder: Path, host: dict[str, str], access_key: tuple[str, str], running: Quickstart
) -> None:
    block = taken("docs/reference/operations.md", "export AWS_ACCESS_KEY_ID=")

    printed = run_block(folder, with_values(block, access_key, running), **host)

    assert [pool["Name"] for pool in json.loads(printed)["UserPools"]] == ["Quickstart"]


def test_boto3_lists_them_too(
    tmp_path: Path, host: dict[str, str], access_key: tuple[str, str], running: Quickstart
) -> None:
    script = with_values(taken("docs/reference/operations.md", "import boto3"), access_key, running)
    asks = 'print([pool["Name"] for pool in cognito.list_user_pools(MaxResults=10)["UserPools"]])'

    assert run(tmp_path, sys.executable, "-c", f"{script}\n{asks}", **host).strip() == "['Quickstart']"


def test_pool_moves_into_another_app_and_out_again_by_the_commands_of_the_page(
    tmp_path: Path, host: dict[str, str], access_key: tuple[str, str], running: Quickstart
) -> None:
    account = {
        "AWS_ACCESS_KEY_ID": access_key[0],
        "AWS_SECRET_ACCESS_KEY": access_key[1],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"{running.url}/auth",
    }
    cognito = boto3.client(
        "cognito-idp",
        endpoint_url=account["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=access_key[0],
        aws_secret_access_key=access_key[1],
    )
    with closing(cognito):
        (pool_id,) = (pool["Id"] for pool in cognito.list_user_pools(MaxResults=10)["UserPools"])
        cognito.create_group(UserPoolId=pool_id, GroupName="admins")
        cognito.admin_add_user_to_group(UserPoolId=pool_id, GroupName="admins", Username="kim")
        there = cognito.admin_get_user(UserPoolId=pool_id, Username="kim")

    run_block(tmp_path, taken("docs/how-to/import.md", "aws cognito-idp"), **host, **account, POOL=pool_id)

    (tmp_path / "app.py").write_text(APP)
    command = taken("docs/how-to/import.md", "flask authz import cognito pool.json")
    assert command.endswith(" --dry-run\n")
    run_block(tmp_path, command)
    database = sa.create_engine(f"sqlite:///{tmp_path}/instance/authz.db")
    with database.connect() as tried:
        assert tried.scalar(sa.text("SELECT count(*) FROM authz_pools")) == 0
    database.dispose()
    run_block(tmp_path, command.removesuffix(" --dry-run\n"))
    moved = json.loads(run(tmp_path, "flask", "authz", "user", "describe", pool_id, "kim", "--json"))
    assert sub(moved) == sub(there)
    export = taken("docs/how-to/import.md", "flask authz export").replace("us-east-1_Shop00001", pool_id)
    run_block(tmp_path, export)
    assert json.loads((tmp_path / "shop" / "describe-user-pool.json").read_text())["UserPool"]["Id"] == pool_id
    assert (tmp_path / "shop").stat().st_mode & 0o077 == 0


def sub(user: dict[str, Any]) -> str:
    (found,) = (pair["Value"] for pair in user["UserAttributes"] if pair["Name"] == "sub")
    return found
