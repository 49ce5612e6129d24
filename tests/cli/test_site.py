"""upgrade, prune and check; and what holds for every command."""

import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest
import sqlalchemy as sa

from app_client_authz.cli import group
from app_client_authz.services.posture_rules import CLIENT_RULES, POOL_RULES
from app_client_authz.storage import migrate
from tests.cli.conftest import POOL, STRONG, Shell, app_on
from tests.samples.running import environment
from tests.support.clock import MovableClock

NOT_THERE = "us-east-1_Nowhere01"


def commands(found: click.Command = group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that lead to it."""
    if not isinstance(found, click.Group):
        return [(path, found)]
    context = click.Context(found)
    names = found.list_commands(context)
    members = [(name, found.get_command(context, name)) for name in names]
    return [item for name, member in members if member for item in commands(member, (*path, name))]


# --- upgrade --------------------------------------------------------------------------------------


@pytest.fixture
def unmigrated(tmp_path: Path, clock: MovableClock) -> Shell:
    return Shell(app_on(f"sqlite:///{tmp_path / 'fresh.sqlite'}", clock))


def test_upgrade_migrates_and_a_second_one_finds_nothing_to_do(unmigrated: Shell) -> None:
    assert "is migrated" in unmigrated.ok("upgrade")
    assert "is up to date" in unmigrated.ok("upgrade")
    unmigrated.ok("pool", "create", "Demo", "--id", POOL)


def test_upgrade_says_nothing_of_what_it_is_there_for(tmp_path: Path) -> None:
    (tmp_path / "host.py").write_text(
        "from flask import Flask\n"
        "from app_client_authz import AppClientAuthz\n"
        "app = Flask(__name__)\n"
        f"app.config.update(SECRET_KEY={STRONG!r}, SQLALCHEMY_DATABASE_URI='sqlite:///{tmp_path}/fresh.sqlite')\n"
        "AppClientAuthz(app)\n"
    )
    command = [sys.executable, "-m", "flask", "--app", "host", "authz", "upgrade"]

    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)

    assert "is migrated" in done.stdout
    assert done.stderr == ""


def test_upgrade_check_changes_nothing_and_fails_until_it_is_migrated(unmigrated: Shell) -> None:
    assert "flask authz upgrade" in unmigrated.refused("upgrade", "--check")
    assert "flask authz upgrade" in unmigrated.refused("upgrade", "--check")
    unmigrated.ok("upgrade")
    unmigrated.ok("upgrade", "--check")


def test_upgrade_binds_the_database_to_the_sealing_keys(unmigrated: Shell, clock: MovableClock) -> None:
    unmigrated.ok("upgrade")
    with unmigrated.services.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM authz_canary")) == 1


def test_upgrade_of_a_database_that_cannot_be_opened_says_so_in_one_line(tmp_path: Path, clock: MovableClock) -> None:
    shell = Shell(app_on(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite'}", clock))
    assert "does not answer" in shell.refused("upgrade")


def test_a_migration_that_fails_is_one_line_and_changes_nothing(
    unmigrated: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_engine: sa.Engine) -> None:
        raise migrate.BrokenMigration("rows without their parents: 3")

    monkeypatch.setattr(migrate, "upgrade", fail)
    assert unmigrated.refused("upgrade").endswith("was not changed: rows without their parents: 3")


def test_a_command_on_an_unmigrated_database_names_the_command_that_helps(unmigrated: Shell) -> None:
    assert "flask authz upgrade" in unmigrated.refused("pool", "list")


# --- prune ----------------------------------------------------------------------------------------


def test_prune_says_what_it_deleted(shell: Shell) -> None:
    kid = shell.json("keys", "list", POOL)[0]["Kid"]
    with shell.services.engine.begin() as connection:
        retire = sa.text("UPDATE authz_signing_keys SET state = 'retired', published_until = 1 WHERE kid = :kid")
        connection.execute(retire, {"kid": kid})
    assert "1        signing_keys" in shell.ok("prune")
    assert "0        signing_keys" in shell.ok("prune")
    assert kid not in shell.ok("keys", "list", POOL)


# --- check ----------------------------------------------------------------------------------------


def test_check_groups_what_it_finds_by_subject_and_warnings_do_not_fail(shell: Shell) -> None:
    client_id = shell.client("--flow", "code", "--scope", "openid", "--callback-url", "https://app.example.com/cb")
    printed = shell.ok("check")
    assert printed.startswith("Site\n  AUTHZ-W001  ")
    assert f"User pool {POOL} (Demo)\n" in printed
    assert f"App client {client_id} (web)\n  AUTHZ-W018  " in printed
    assert printed.rstrip().splitlines()[-1].startswith("0 errors, ")
    assert max(len(line) for line in printed.splitlines() if "sqlite" not in line) <= 80  # a path stays whole


def test_check_as_json_names_code_level_and_subject(shell: Shell) -> None:
    client_id = shell.client("--flow", "code", "--scope", "openid", "--callback-url", "https://app.example.com/cb")
    found = {each["Code"]: each for each in shell.json("check")}
    assert found["AUTHZ-W001"]["Level"] == "warning"
    assert "UserPoolId" not in found["AUTHZ-W001"]
    assert found["AUTHZ-W018"]["ClientId"] == client_id
    assert found["AUTHZ-W018"]["UserPoolId"] == POOL


def test_check_fails_on_an_error_and_strictly_on_warnings(shell: Shell, unmigrated: Shell) -> None:
    assert unmigrated.run("check").exit_code == 1
    assert unmigrated.run("check", "--json").exit_code == 1
    assert shell.run("check").exit_code == 0
    assert shell.run("check", "--strict").exit_code == 1


def test_check_has_no_findings_on_a_careful_site(sqlite_url_migrated: str, clock: MovableClock) -> None:
    careful = {
        "AUTHZ_PASSWORD_HASH_MEMORY_KIB": 19456,
        "AUTHZ_PASSWORD_HASH_TIME_COST": 2,
        "AUTHZ_DIALECT": "oidc",
        "AUTHZ_MESSAGE_SENDER": "smtp",
        "AUTHZ_SMTP_HOST": "mail.example.com",
        "AUTHZ_SMTP_FROM": "login@example.com",
        "SECRET_KEY": STRONG,
    }
    shell = Shell(app_on(sqlite_url_migrated, clock, **careful))
    path = Path(str(shell.services.engine.url.database))
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    for companion in path.parent.glob(f"{path.name}-*"):
        companion.chmod(stat.S_IRUSR | stat.S_IWUSR)
    shell.ok("pool", "create", "Demo", "--id", POOL, "--deletion-protection")
    shell.client(
        *("--flow", "code", "--scope", "openid", "--callback-url", "https://app.example.com/cb", "--require-pkce")
    )
    assert shell.ok("check", "--strict") == "No findings.\n"
    assert shell.json("check") == []


def test_every_code_stands_in_the_documented_table() -> None:
    from app_client_authz import config
    from app_client_authz.services import posture

    table = (Path(__file__).parents[2] / "docs" / "reference" / "posture-codes.md").read_text()
    documented = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `AUTHZ-")}
    known = {*config._POSTURE, *posture.SITE_CODES, *POOL_RULES, *CLIENT_RULES}
    assert documented == known
    numbers = [code[-3:] for code in known]
    assert len(numbers) == len(set(numbers))


# --- every command --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_help_explains_the_command_within_eighty_columns(bare: Shell, path: tuple[str, ...]) -> None:
    printed = bare.ok(*path, "--help")
    assert printed.startswith("Usage: ")
    assert len(printed.split("\n\n")[1].strip()) > 10
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize(
    "path", [path for path, command in commands() if path[-1] in {"list", "describe"}], ids=" ".join
)
def test_every_command_that_reads_prints_json(path: tuple[str, ...]) -> None:
    command = dict(commands())[path]
    assert any("--json" in option.opts for option in command.params)


@pytest.mark.parametrize(
    "words",
    [
        ("pool", "describe", NOT_THERE),
        ("pool", "update", NOT_THERE, "--name", "New"),
        ("pool", "delete", NOT_THERE, "--yes"),
        ("pool", "sign-out-everyone", NOT_THERE),
        ("client", "create", NOT_THERE, "web"),
        ("client", "list", NOT_THERE),
        ("resource-server", "create", NOT_THERE, "orders", "--name", "Orders"),
        ("resource-server", "list", NOT_THERE),
        ("user", "create", NOT_THERE, "ann", "--generate"),
        ("user", "list", NOT_THERE),
        ("user", "describe", NOT_THERE, "ann"),
        ("user", "set-password", NOT_THERE, "ann", "--generate"),
        ("group", "create", NOT_THERE, "admins"),
        ("group", "list", NOT_THERE),
        ("keys", "list", NOT_THERE),
        ("keys", "stage", NOT_THERE),
        ("keys", "rotate", NOT_THERE),
        ("keys", "withdraw", NOT_THERE, "kid"),
    ],
    ids=" ".join,
)
def test_a_pool_that_is_not_there_is_named(shell: Shell, words: tuple[str, ...]) -> None:
    assert NOT_THERE in shell.refused(*words)


def test_a_misspelt_command_exits_with_two(bare: Shell) -> None:
    assert "No such command 'pol'" in bare.misused("pol")
