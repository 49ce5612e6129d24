"""flask authz group."""

import pytest

from tests.cli.conftest import POOL, Shell

ROLE = "arn:aws:iam::123456789012:role/admins"


@pytest.fixture
def admins(shell: Shell) -> Shell:
    shell.ok("group", "create", POOL, "admins", "--description", "All rights", "--precedence", "1", "--role-arn", ROLE)
    shell.ok("user", "create", POOL, "ann", "--generate")
    return shell


def test_create_and_describe(admins: Shell) -> None:
    assert "All rights" in admins.ok("group", "describe", POOL, "admins")
    found = admins.json("group", "describe", POOL, "admins")
    assert (found["GroupName"], found["Description"], found["Precedence"]) == ("admins", "All rights", 1)
    assert (found["RoleArn"], found["Users"]) == (ROLE, [])


def test_create_refuses_bad_values(shell: Shell) -> None:
    assert "Invalid value for '--precedence'" in shell.misused("group", "create", POOL, "g", "--precedence", "-1")
    assert "roleArn" in shell.refused("group", "create", POOL, "g", "--role-arn", "admin")
    assert shell.refused("group", "create", POOL, "two words")


def test_a_name_that_is_taken_is_refused(admins: Shell) -> None:
    assert "already exists" in admins.refused("group", "create", POOL, "admins")


def test_list_is_a_table_or_json(admins: Shell) -> None:
    admins.ok("group", "create", POOL, "users")
    rows = [line.split() for line in admins.ok("group", "list", POOL).splitlines()[1:]]
    assert rows == [["admins", "1", "All", "rights"], ["users", "-", "-"]]
    assert [each["GroupName"] for each in admins.json("group", "list", POOL)] == ["admins", "users"]


def test_list_of_a_pool_without_groups_says_so(shell: Shell) -> None:
    assert "no groups" in shell.ok("group", "list", POOL)


def test_update_keeps_what_is_not_mentioned(admins: Shell) -> None:
    before = admins.json("group", "describe", POOL, "admins")
    del before["Users"]
    assert admins.json("group", "update", POOL, "admins", "--precedence", "0") == before | {"Precedence": 0}
    assert admins.ok("group", "update", POOL, "admins", "--clear", "role-arn", "--description", "Less")
    after = admins.json("group", "describe", POOL, "admins")
    assert ("RoleArn" in after, after["Description"], after["Precedence"]) == (False, "Less", 0)
    assert "Nothing to change" in admins.misused("group", "update", POOL, "admins")


def test_users_come_and_go(admins: Shell) -> None:
    admins.ok("group", "add-user", POOL, "admins", "ann")
    assert admins.json("group", "describe", POOL, "admins")["Users"] == ["ann"]
    admins.ok("group", "remove-user", POOL, "admins", "ann")
    admins.ok("group", "remove-user", POOL, "none", "ann")
    assert admins.json("group", "describe", POOL, "admins")["Users"] == []
    assert admins.refused("group", "add-user", POOL, "admins", "nobody") == "User does not exist."


def test_delete_removes_the_group_and_keeps_its_users(admins: Shell) -> None:
    admins.ok("group", "add-user", POOL, "admins", "ann")
    admins.ok("group", "delete", POOL, "admins")
    assert admins.json("user", "describe", POOL, "ann")["Groups"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("describe", POOL, "none"),
        ("update", POOL, "none", "--description", "x"),
        ("delete", POOL, "none"),
        ("add-user", POOL, "none", "ann"),
    ],
    ids=" ".join,
)
def test_a_group_that_is_not_there_is_not_found(admins: Shell, words: tuple[str, ...]) -> None:
    assert admins.refused("group", *words) == "Group not found."
