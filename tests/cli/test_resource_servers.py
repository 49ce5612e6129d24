"""flask authz resource-server."""

import pytest

from tests.cli.conftest import POOL, Shell

API = "https://api.example.com"


def test_create_prints_the_scopes_as_clients_ask_for_them(shell: Shell) -> None:
    printed = shell.ok("resource-server", "create", POOL, API, "--name", "Orders", "--scope", "read:Read the orders")
    assert f"{API}/read  Read the orders" in printed
    assert shell.json("resource-server", "describe", POOL, API) == {
        "UserPoolId": POOL,
        "Identifier": API,
        "Name": "Orders",
        "Scopes": [{"ScopeName": "read", "ScopeDescription": "Read the orders"}],
    }


@pytest.mark.parametrize(
    "text, name, description",
    [
        ("read:Read the orders", "read", "Read the orders"),
        ("read", "read", "read"),
        ("read: Read", "read", "Read"),
        ("orders:read:Read them", "orders:read", "Read them"),
        ("read:Note: all of them", "read", "Note: all of them"),
    ],
)
def test_a_scope_is_a_name_and_a_description(shell: Shell, text: str, name: str, description: str) -> None:
    made = shell.json("resource-server", "create", POOL, API, "--name", "Orders", "--scope", text)
    assert made["Scopes"] == [{"ScopeName": name, "ScopeDescription": description}]


@pytest.mark.parametrize("text", ["Read the orders", ":Read", ""])
def test_a_scope_without_a_name_is_refused_with_the_name_of_the_option(shell: Shell, text: str) -> None:
    refusal = shell.misused("resource-server", "create", POOL, API, "--name", "Orders", "--scope", text)
    assert "Invalid value for '--scope'" in refusal


def test_what_the_domain_refuses_is_one_line(shell: Shell) -> None:
    assert "scopeName" in shell.refused("resource-server", "create", POOL, API, "--name", "Orders", "--scope", "a/b:c")
    assert "Missing option '--name'" in shell.misused("resource-server", "create", POOL, API)


def test_a_second_one_of_that_identifier_is_refused(shell: Shell) -> None:
    shell.ok("resource-server", "create", POOL, API, "--name", "Orders")
    assert "already exists" in shell.refused("resource-server", "create", POOL, API, "--name", "Again")


def test_list_counts_the_scopes(shell: Shell) -> None:
    assert "no resource server" in shell.ok("resource-server", "list", POOL)
    shell.ok("resource-server", "create", POOL, API, "--name", "Orders", "--scope", "read", "--scope", "write")
    assert shell.ok("resource-server", "list", POOL).splitlines()[1].split() == [API, "2", "Orders"]
    assert [each["Identifier"] for each in shell.json("resource-server", "list", POOL)] == [API]


def test_update_keeps_what_is_not_mentioned(shell: Shell) -> None:
    made = shell.json("resource-server", "create", POOL, API, "--name", "Orders", "--scope", "read:Read")
    assert shell.json("resource-server", "update", POOL, API, "--name", "New") == made | {"Name": "New"}
    after = shell.json("resource-server", "update", POOL, API, "--scope", "write:Write")
    assert after == made | {"Name": "New", "Scopes": [{"ScopeName": "write", "ScopeDescription": "Write"}]}
    assert "Nothing to change" in shell.misused("resource-server", "update", POOL, API)


def test_delete_removes_it(shell: Shell) -> None:
    shell.ok("resource-server", "create", POOL, API, "--name", "Orders")
    assert API in shell.ok("resource-server", "delete", POOL, API)
    assert shell.json("resource-server", "list", POOL) == []


@pytest.mark.parametrize("words", [("describe",), ("update", "--name", "New"), ("delete",)], ids=" ".join)
def test_one_that_is_not_there_is_named(shell: Shell, words: tuple[str, ...]) -> None:
    assert API in shell.refused("resource-server", *words, POOL, API)
