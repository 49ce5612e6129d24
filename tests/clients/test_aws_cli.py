"""The aws CLI with the commands of the public guide to app clients."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws import ACCESS_KEY, REGION, SECRET_KEY
from tests.support.live import LiveServer
from tests.support.site import PREFIX, Site, make_site

pytestmark = pytest.mark.slow


@pytest.fixture
def site(sqlite_url_migrated: str) -> Site:
    return make_site(sqlite_url_migrated, time.time, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY})


@pytest.fixture
def aws(site: Site, live_server: Callable[..., LiveServer], tmp_path: Path) -> Callable[..., Any]:
    """``aws("describe-user-pool-client", "--client-id", …)``: the printed document, or the error's text."""
    endpoint = live_server(site.app).url + PREFIX
    # Version 1 of the CLI would otherwise fetch what a callback URL points to, and send that.
    config = tmp_path / "aws-config"
    config.write_text("[default]\ncli_follow_urlparam = false\n")
    environment = {
        "AWS_CONFIG_FILE": str(config),
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }
    program = Path(sys.executable).with_name("aws")

    def run(command: str, *options: str) -> Any:
        done = subprocess.run(
            [sys.executable, program, "--endpoint-url", endpoint, "cognito-idp", command, *options],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            return done.stderr.strip()
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def test_guide_to_app_clients_can_be_followed(aws: Callable[..., Any], site: Site) -> None:
    pool = ("--user-pool-id", site.pool.id)

    made = aws("create-user-pool-client", *pool, "--client-name", "guide", "--generate-secret")["UserPoolClient"]
    client = (*pool, "--client-id", made["ClientId"])
    updated = aws(
        "update-user-pool-client",
        *client,
        *("--client-name", "renamed", "--allowed-o-auth-flows-user-pool-client"),
        *("--allowed-o-auth-flows", "code", "--allowed-o-auth-scopes", "openid", "email"),
        *("--callback-urls", "https://www.example.com", "--token-validity-units", "AccessToken=minutes"),
        *("--access-token-validity", "30"),
    )["UserPoolClient"]
    described = aws("describe-user-pool-client", *client)["UserPoolClient"]
    listed = aws("list-user-pool-clients", *pool, "--max-results", "3")
    deleted = aws("delete-user-pool-client", *client)

    assert updated == described
    assert described["ClientSecret"] == made["ClientSecret"]
    assert (described["ClientName"], described["CallbackURLs"]) == ("renamed", ["https://www.example.com"])
    assert (described["AccessTokenValidity"], described["TokenValidityUnits"]) == (30, {"AccessToken": "minutes"})
    assert len(listed["UserPoolClients"]) == 3
    assert all(each.keys() == {"ClientId", "ClientName", "UserPoolId"} for each in listed["UserPoolClients"])
    assert listed["NextToken"]
    assert deleted is None
    assert aws("describe-user-pool-client", *client).endswith(
        "An error occurred (ResourceNotFoundException) when calling the DescribeUserPoolClient operation: "
        "User pool client does not exist."
    )


def test_pages_are_followed_to_the_end(aws: Callable[..., Any], site: Site) -> None:
    listed = aws("list-user-pool-clients", "--user-pool-id", site.pool.id, "--page-size", "1")

    known = {site.web.client_id, site.spa.client_id, site.implicit.client_id, site.machine.client_id}
    assert {each["ClientId"] for each in listed["UserPoolClients"]} == known
