"""flask authz doctor: what it prints; what it answers is tested with the service."""

from tests.cli.conftest import POOL, Shell

WEB = ("--flow", "code", "--scope", "openid", "--callback-url", "https://app.example.com/cb", "--generate-secret")


def test_problems_are_marked_and_come_with_a_command(shell: Shell) -> None:
    client_id = shell.client(*WEB)
    printed = shell.ok("doctor", client_id, "--redirect-uri", "https://app.example.com/cb/")
    assert " !!!  Why redirect_mismatch?\n" in printed
    assert "  ok  Can users sign in at the pages?\n" in printed
    lines = printed.splitlines()
    sent = next(line for line in lines if line.lstrip().startswith("sent "))
    registered, mark = (lines[lines.index(sent) + step] for step in (1, 2))
    assert len(mark) == len(registered) + 1
    assert f"      $ flask authz client update {client_id} --callback-url" in printed
    assert max(len(line) for line in lines if "://" not in line and "$" not in line) <= 80


def test_the_command_it_prints_works(shell: Shell) -> None:
    client_id = shell.client(*WEB)
    sent = "https://app.example.com/cb?a=1&b=2"
    answers = {each["Topic"]: each for each in shell.json("doctor", client_id, "--redirect-uri", sent)}
    command = answers["redirect_mismatch"]["Command"]
    assert f"'{sent}'" in command
    words = [word.strip("'") for word in command.split()]
    shell.ok(*words[2:])
    after = {each["Topic"]: each for each in shell.json("doctor", client_id, "--redirect-uri", sent)}
    assert after["redirect_mismatch"]["Verdict"] == "ok"


def test_it_takes_the_pool_too_and_names_a_client_that_is_not_there(shell: Shell) -> None:
    client_id = shell.client(*WEB)
    assert shell.ok("doctor", POOL, client_id) == shell.ok("doctor", client_id)
    assert shell.refused("doctor", "nobody") == "App client nobody does not exist."


def test_it_never_shows_a_secret(shell: Shell) -> None:
    secret = "x" * 30
    shell.ok("client", "create", POOL, "web", "--secret", secret, "--id", "mine")
    assert secret not in shell.ok("doctor", "mine")
    assert secret not in shell.ok("doctor", "mine", "--json")
