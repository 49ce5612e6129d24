"""flask authz access-key."""

import re
import time

from app_client_authz.cli import output
from tests.cli.conftest import POOL, Shell, app_on
from tests.support.aws import Wire, refusal
from tests.support.clock import MovableClock

OTHER = "us-east-1_Demo00002"


def test_a_new_key_is_shown_with_its_secret_once(shell: Shell, clock: MovableClock) -> None:
    made = shell.json("access-key", "create")

    assert re.fullmatch("AKIA[0-9A-V]{16}", made["AccessKeyId"])
    assert re.fullmatch(r"[\w-]{43}", made["SecretAccessKey"])
    assert made == {
        "AccessKeyId": made["AccessKeyId"],
        "ReadOnly": False,
        "Description": "",
        "CreateDate": output.moment(clock.now),
        "SecretAccessKey": made["SecretAccessKey"],
    }
    for listed in (shell.ok("access-key", "list"), shell.ok("access-key", "list", "--json")):
        assert made["AccessKeyId"] in listed
        assert made["SecretAccessKey"] not in listed


def test_people_read_the_same(shell: Shell) -> None:
    result = shell.run("access-key", "create", "--read-only", "--pool", POOL, "--description", "the monitor")

    (key,) = shell.json("access-key", "list")
    printed = dict(re.split(r"  +", line, maxsplit=1) for line in result.stdout.splitlines())
    assert printed.pop("Secret")
    assert printed == {
        "Access key": key["AccessKeyId"],
        "May": "read",
        "User pools": POOL,
        "Description": "the monitor",
    }
    assert result.stderr == "The secret is not shown again.\n"
    listed = shell.ok("access-key", "list").splitlines()
    assert re.split(r"  +", listed[0]) == ["ACCESS KEY", "CREATED", "MAY", "POOLS", "DESCRIPTION"]
    assert re.split(r"  +", listed[1]) == [key["AccessKeyId"], key["CreateDate"], "read", POOL, "the monitor"]


def test_a_key_works_within_its_limits_until_it_is_deleted(sqlite_url_migrated: str) -> None:
    # botocore signs with the time of the machine.
    shell = Shell(app_on(sqlite_url_migrated, MovableClock(time.time())))
    shell.ok("pool", "create", "Demo", "--id", POOL)
    client_id = shell.client()
    made = shell.json("access-key", "create", "--read-only", "--pool", POOL)
    wire = Wire(shell.app, made["AccessKeyId"], made["SecretAccessKey"])
    known = {"UserPoolId": POOL, "ClientId": client_id}

    assert (made["ReadOnly"], made["UserPoolIds"]) == (True, [POOL])
    assert wire("DescribeUserPoolClient", known).status_code == 200
    assert refusal(wire("DeleteUserPoolClient", known))[0] == "AccessDeniedException"
    assert made["AccessKeyId"] in shell.ok("access-key", "delete", made["AccessKeyId"])
    assert refusal(wire("DescribeUserPoolClient", known))[0] == "UnrecognizedClientException"
    assert shell.json("access-key", "list") == []
    assert "There is no access key" in shell.ok("access-key", "list")


def test_keys_of_the_settings_are_listed_and_deleted_there(sqlite_url_migrated: str, clock: MovableClock) -> None:
    shell = Shell(app_on(sqlite_url_migrated, clock, AUTHZ_ACCESS_KEYS={"deploy": "s" * 40}))
    made = shell.json("access-key", "create", "--description", "second")

    assert [key["AccessKeyId"] for key in shell.json("access-key", "list")] == ["deploy", made["AccessKeyId"]]
    assert "CreateDate" not in shell.json("access-key", "list")[0]
    printed = shell.ok("access-key", "list")
    assert "in AUTHZ_ACCESS_KEYS" in printed
    assert "s" * 40 not in printed
    assert "AUTHZ_ACCESS_KEYS" in shell.refused("access-key", "delete", "deploy")


def test_what_cannot_be_is_refused(shell: Shell) -> None:
    assert OTHER in shell.refused("access-key", "create", "--pool", POOL, "--pool", OTHER)
    assert "does not exist" in shell.refused("access-key", "create", "--pool", "x")
    assert "256" in shell.refused("access-key", "create", "--description", "x" * 257)
    assert "256" in shell.refused("access-key", "create", "--description", "two\nlines")
    assert "does not exist" in shell.refused("access-key", "delete", "AKIA0123456789ABCDEF")
    assert "does not exist" in shell.refused("access-key", "delete", "x" * 300)
    assert "Missing argument" in shell.misused("access-key", "delete")
    assert shell.json("access-key", "list") == []


def test_a_key_for_several_pools(shell: Shell) -> None:
    shell.ok("pool", "create", "Second", "--id", OTHER)
    made = shell.json("access-key", "create", "--pool", OTHER, "--pool", POOL, "--pool", POOL)

    assert made["UserPoolIds"] == [POOL, OTHER]
