"""The Terraform sample with the real AWS provider: apply, no drift, a change, destroy."""

import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.pool import UserPool
from tests.support.aws import ACCESS_KEY, SECRET_KEY
from tests.support.documents import taken
from tests.support.live import LiveServer
from tests.support.site import PREFIX, Site, make_site

SAMPLE = Path(__file__).parents[2] / "samples" / "terraform"
PROVIDER = "registry.terraform.io/hashicorp/aws/5.*"
# Where packages and people put mirrors of providers.
PLACES = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "/opt/*")

NO_CHANGE = 0
"""Of ``terraform plan -detailed-exitcode``; 2 is a difference."""

pytestmark = pytest.mark.terraform


def mirror() -> Path | None:
    """A folder that holds the AWS provider 5.x; None if there is none on this machine."""
    for place in PLACES:
        absolute = Path(place).expanduser()
        for folder in sorted(Path("/").glob(str(absolute)[1:])):
            if any(folder.glob(PROVIDER)):
                return folder
    return None


MIRROR, TERRAFORM = mirror(), shutil.which("terraform")


class Terraform:
    """Commands in a copy of the sample, against one site."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
        config = folder / "terraform.rc"
        config.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{MIRROR}" }} }}\n')
        self._folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TF_CLI_CONFIG_FILE": str(config),
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "TF_VAR_endpoint": endpoint,
            "TF_VAR_access_key": ACCESS_KEY,
            "TF_VAR_secret_key": SECRET_KEY,
            "TF_INPUT": "0",
            "TF_CLI_ARGS_apply": "-auto-approve",
            "TF_CLI_ARGS_destroy": "-auto-approve",
        }

    def __call__(self, command: str, *options: str, **variables: object) -> subprocess.CompletedProcess[str]:
        assert TERRAFORM is not None
        given = {f"TF_VAR_{name}": str(value) for name, value in variables.items()}
        return subprocess.run(
            [TERRAFORM, command, "-no-color", *options],
            cwd=self._folder,
            env=self._environment | given,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


@pytest.mark.skipif(
    MIRROR is None or TERRAFORM is None, reason="install Terraform and a mirror of the AWS provider 5.x"
)
def test_sample_applies_without_drift_changes_and_leaves_nothing(
    sqlite_url_migrated: str, live_server: Callable[..., LiveServer], tmp_path: Path
) -> None:
    site = make_site(sqlite_url_migrated, time.time, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY})
    before = site.row_counts()
    terraform = Terraform(tmp_path / "sample", live_server(site.app).url + PREFIX)
    init, apply, plan, output, destroy = commands_of_the_page()
    _succeeds(terraform(*init))

    applied = _succeeds(terraform(*apply))

    assert re.search(r"Apply complete! Resources: 9 added, 0 changed, 0 destroyed", applied)
    assert _access_token_seconds(site) == 3600
    planned = terraform(*plan)
    assert planned.returncode == NO_CHANGE, planned.stdout
    assert _succeeds(terraform(*output)) == _secret(site)
    changed = _succeeds(terraform(*apply, access_token_minutes=15))
    assert re.search(r"0 added, 1 changed, 0 destroyed", changed)
    assert _access_token_seconds(site) == 900
    _succeeds(terraform(*destroy))
    assert site.row_counts() == before


def commands_of_the_page() -> list[list[str]]:
    """What a reader types behind ``terraform``; who says yes is TF_CLI_ARGS."""
    lines = taken("docs/how-to/terraform.md", "export TF_VAR_access_key=").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [arguments for program, *arguments in words if program == "terraform"]


def _succeeds(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _pool(site: Site) -> UserPool:
    return next(pool for pool in site.services.pools.all() if pool.name == "shop")


def _web(site: Site) -> AppClient:
    return next(client for client in site.services.app_clients.all(_pool(site).id) if client.name == "web")


def _access_token_seconds(site: Site) -> int:
    return _web(site).access_token_seconds


def _secret(site: Site) -> str | None:
    return site.services.app_clients.describe(_pool(site).id, _web(site).client_id).secret
