"""flask authz user."""

from collections.abc import Callable

import pytest

from app_client_authz.domain.user import User
from tests.cli.conftest import PASSWORD, POOL, Shell

WEB = ("--flow", "code", "--scope", "openid", "--callback-url", "https://app.example.com/cb")


@pytest.fixture
def signs_in(shell: Shell) -> Callable[[str, str], bool]:
    """Whether a name and a password open the pool without any further step."""
    client_id = shell.client(*WEB)

    def attempt(name: str, password: str) -> bool:
        found = shell.services.app_clients.find(client_id)
        assert found is not None
        answer = shell.services.authentication.sign_in(found, name, password, session_seconds=180)
        return isinstance(answer, User)

    return attempt


def test_create_with_a_generated_password_prints_it_once(shell: Shell, signs_in: Callable[[str, str], bool]) -> None:
    printed = shell.ok("user", "create", POOL, "ann", "--generate", "--permanent", "--attribute", "email=a@example.com")
    password = printed.splitlines()[-1].split()[-1]
    assert signs_in("ann", password)
    assert password not in shell.ok("user", "describe", POOL, "ann")
    assert password not in shell.ok("user", "list", POOL, "--json")


def test_create_asks_twice_for_a_password_without_showing_it(
    shell: Shell, signs_in: Callable[[str, str], bool]
) -> None:
    printed = shell.ok("user", "create", POOL, "ann", "--permanent", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert PASSWORD not in printed
    assert signs_in("ann", PASSWORD)


def test_create_reads_a_password_from_standard_input(shell: Shell, signs_in: Callable[[str, str], bool]) -> None:
    shell.ok("user", "create", POOL, "ann", "--password", "-", "--permanent", typed=f"{PASSWORD}\n")
    assert signs_in("ann", PASSWORD)


def test_a_password_that_is_not_permanent_has_to_be_changed(shell: Shell, signs_in: Callable[[str, str], bool]) -> None:
    made = shell.json("user", "create", POOL, "ann", "--password", PASSWORD)
    assert made["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert made["TemporaryPasswordUntil"] == "2026-09-28T14:13:20Z"
    assert not signs_in("ann", PASSWORD)


def test_create_as_json_shows_a_generated_password_and_no_given_one(shell: Shell) -> None:
    assert "Password" not in shell.json("user", "create", POOL, "ann", "--password", PASSWORD)
    assert len(shell.json("user", "create", POOL, "ben", "--generate")["Password"]) == 20


def test_create_refuses_bad_values(shell: Shell) -> None:
    create = ("user", "create", POOL, "ann")
    assert "Invalid value for '--attribute'" in shell.misused(*create, "--generate", "--attribute", "email")
    assert "not both" in shell.misused(*create, "--generate", "--password", PASSWORD)
    assert "not long enough" in shell.refused(*create, "--password", "short")
    assert shell.refused(*create, "--generate", "--attribute", "email=nobody")
    assert shell.refused("user", "create", POOL, "two words", "--generate")
    assert shell.json("user", "list", POOL) == []


def test_a_name_that_is_taken_is_refused(shell: Shell) -> None:
    shell.ok("user", "create", POOL, "ann", "--generate")
    assert "already exists" in shell.refused("user", "create", POOL, "Ann", "--generate")


def test_list_is_a_table_and_says_when_there_are_more(shell: Shell) -> None:
    assert "no users" in shell.ok("user", "list", POOL)
    for name in ("cy", "ann", "ben"):
        shell.ok("user", "create", POOL, name, "--generate")
    assert [line.split()[-1] for line in shell.ok("user", "list", POOL).splitlines()] == [
        "USERNAME",
        "ann",
        "ben",
        "cy",
    ]
    result = shell.run("user", "list", POOL, "--limit", "2", "--json")
    assert "cy" not in result.stdout
    assert "There are more" in result.stderr


def test_list_takes_a_filter(shell: Shell) -> None:
    for name in ("ann", "anna", "ben"):
        shell.ok("user", "create", POOL, name, "--generate", "--attribute", f"name={name.title()}")
    found = shell.json("user", "list", POOL, "--filter", 'name ^= "Ann"')
    assert [each["Username"] for each in found] == ["ann", "anna"]
    assert "no such users" in shell.ok("user", "list", POOL, "--filter", 'username = "cy"')
    assert shell.refused("user", "list", POOL, "--filter", "name") == "Error while parsing filter."


def test_describe_shows_attributes_groups_and_status(shell: Shell) -> None:
    shell.ok("user", "create", POOL, "ann", "--password", PASSWORD, "--attribute", "email=ann@example.com")
    shell.ok("group", "create", POOL, "admins")
    shell.ok("group", "add-user", POOL, "admins", "ann")
    printed = shell.ok("user", "describe", POOL, "ann")
    assert "FORCE_CHANGE_PASSWORD" in printed
    assert "email      ann@example.com" in printed
    found = shell.json("user", "describe", POOL, "ann")
    assert found["Groups"] == ["admins"]
    attributes = {each["Name"]: each["Value"] for each in found["UserAttributes"]}
    assert attributes["email"] == "ann@example.com"
    assert shell.json("user", "describe", POOL, attributes["sub"]) == found


def test_what_users_call_themselves_never_reaches_the_terminal_raw(shell: Shell) -> None:
    shell.ok("user", "create", POOL, "ann", "--generate", "--attribute", "name=\x1b[2JAnn")
    printed = shell.ok("user", "describe", POOL, "ann")
    assert "\x1b" not in printed
    assert "name       \\x1b[2JAnn" in printed
    assert "\x1b" not in shell.ok("user", "describe", POOL, "ann", "--json")


def test_update_changes_and_clears_attributes_and_keeps_the_rest(shell: Shell) -> None:
    created = ("--attribute", "email=ann@example.com", "--attribute", "name=Ann", "--attribute", "nickname=An")
    shell.ok("user", "create", POOL, "ann", "--generate", *created)
    assert shell.ok("user", "update", POOL, "ann", "--attribute", "name=Anna", "--clear", "nickname")
    found = {each["Name"]: each["Value"] for each in shell.json("user", "describe", POOL, "ann")["UserAttributes"]}
    assert (found["name"], found["email"], "nickname" in found) == ("Anna", "ann@example.com", False)
    assert "Nothing to change" in shell.misused("user", "update", POOL, "ann")
    assert "Invalid value for '--attribute'" in shell.misused("user", "update", POOL, "ann", "--attribute", "name")
    assert shell.refused("user", "update", POOL, "ann", "--attribute", "shoe=42")


def test_set_password_replaces_the_password(shell: Shell, signs_in: Callable[[str, str], bool]) -> None:
    shell.ok("user", "create", POOL, "ann", "--password", PASSWORD, "--permanent")
    assert "temporary" in shell.ok("user", "set-password", POOL, "ann", "--password", f"{PASSWORD}2")
    assert shell.json("user", "describe", POOL, "ann")["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    printed = shell.ok("user", "set-password", POOL, "ann", "--generate", "--permanent")
    assert signs_in("ann", printed.splitlines()[-1].split()[-1])
    shell.ok("user", "set-password", POOL, "ann", "--permanent", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert signs_in("ann", PASSWORD)


def test_disable_and_enable(shell: Shell) -> None:
    shell.ok("user", "create", POOL, "ann", "--generate")
    shell.ok("user", "disable", POOL, "ann")
    assert shell.json("user", "describe", POOL, "ann")["Enabled"] is False
    shell.ok("user", "enable", POOL, "ann")
    assert shell.json("user", "describe", POOL, "ann")["Enabled"] is True


def test_sign_out_ends_every_session_from_before(shell: Shell) -> None:
    shell.ok("user", "create", POOL, "ann", "--generate")
    shell.ok("user", "sign-out", POOL, "ann")
    assert shell.services.users.describe(POOL, "ann").signed_out_at == shell.services.clock()
    assert "Signed out everywhere" in shell.ok("user", "describe", POOL, "ann")


def test_delete_removes_the_user(shell: Shell) -> None:
    shell.ok("user", "create", POOL, "ann", "--generate")
    assert shell.ok("user", "delete", POOL, "ann") == "Deleted the user ann.\n"
    assert shell.json("user", "list", POOL) == []


@pytest.mark.parametrize(
    "words",
    [
        ("describe",),
        ("update", "--attribute", "name=Ann"),
        ("set-password", "--generate"),
        ("enable",),
        ("disable",),
        ("sign-out",),
        ("delete",),
    ],
    ids=" ".join,
)
def test_a_user_who_is_not_there_is_not_found(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell.refused("user", *words, POOL, "nobody") == "User does not exist."


def test_nobody_is_asked_for_a_password_in_a_pool_that_is_not_there(shell: Shell) -> None:
    result = shell.run("user", "create", "us-east-1_Nowhere01", "ann")
    assert "Password" not in result.stdout
    assert result.exit_code == 1
