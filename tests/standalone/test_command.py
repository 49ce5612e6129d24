"""What app-client-authz serve builds before it serves, and what it refuses; the factory for gunicorn."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.domain.errors import ConfigurationError
from app_client_authz.standalone import create_app, environment, secret_key, server
from app_client_authz.standalone.command import main
from tests.support.databases import PostgresServer

POOL = "us-east-1_AbC123xyz"
STRONG = "0123456789abcdefghijklmnopqrstuvwxyz"
SEED = {"pools": [{"Id": POOL, "PoolName": "Shop"}]}


class Serve:
    """The command with everything but the serving. ``app`` is what would have been served."""

    def __init__(self) -> None:
        self.app: Flask | None = None
        self.where: tuple[str, int] | None = None

    def __call__(self, *options: str) -> Result:
        return CliRunner().invoke(main, ["serve", *options])

    def ok(self, *options: str) -> str:
        result = self(*options)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *options: str) -> str:
        """The line that says why; nothing was served."""
        self.app = None
        result = self(*options)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        assert self.app is None
        return result.stderr.removeprefix("Error: ").rstrip("\n")

    @property
    def services(self) -> Any:
        assert self.app is not None
        return AppClientAuthz.services(self.app)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    shell = Serve()

    def instead(app: Flask, host: str, port: int, ready: server.Ready) -> None:
        shell.app, shell.where = app, (host, port)
        ready(port)

    monkeypatch.setattr(server, "serve", instead)
    for name in (*environment.FLASKS, "AUTHZ_REGION", "AUTHZ_DIALECT", "AUTHZ_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    return shell


@pytest.fixture
def seed(tmp_path: Path) -> str:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED))
    return str(path)


# --- where it is kept -----------------------------------------------------------------------------


def test_by_default_all_is_in_memory_on_this_machine(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    printed = serve.ok()
    assert serve.where == ("127.0.0.1", 5000)
    assert "Serving http://localhost:5000/auth" in printed
    assert "in memory" in printed
    assert "There is no user pool yet" in printed
    assert serve.services.pools.all() == []
    assert list(tmp_path.iterdir()) == []
    assert serve.services.settings.access_keys == {}


def test_a_folder_keeps_pools_and_the_key_for_its_owner(serve: Serve, seed: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    printed = serve.ok("--seed", seed, "--data", str(data))
    key = (data / "secret_key").read_text()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in data.iterdir()} == {0o600}
    assert key not in printed
    serve.ok("--data", str(data))
    assert [pool.id for pool in serve.services.pools.all()] == [POOL]
    assert (data / "secret_key").read_text() == key


def test_an_embedded_file_elsewhere_and_postgresql_are_migrated(
    serve: Serve, seed: str, tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", STRONG)
    file = tmp_path / "own.sqlite"
    with postgres.database(migrated=False) as url:
        for database in (f"sqlite:///{file}", url.render_as_string(hide_password=False)):
            assert "of the database" not in serve.ok("--seed", seed, "--database", database)
            assert [pool.id for pool in serve.services.pools.all()] == [POOL]
            serve.ok("--seed", seed, "--database", database)
            serve.services.engine.dispose()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_database_needs_a_key(serve: Serve, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.sqlite'}"
    assert serve.refused("--database", url).startswith("no key to seal with")
    serve.ok("--database", url, "--data", str(tmp_path / "keys"))


def test_a_database_that_does_not_answer_is_one_line_without_its_password(serve: Serve, tmp_path: Path) -> None:
    url = "postgresql+psycopg://me:hunter2@127.0.0.1:1/none"
    said = serve.refused("--database", url, "--data", str(tmp_path / "keys"))
    assert said == "The database does not answer (OperationalError)."


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_or_change_is_refused(serve: Serve, tmp_path: Path, mode: int) -> None:
    serve.ok("--data", str(tmp_path))
    (tmp_path / "secret_key").chmod(mode)
    assert "is open to other accounts of this machine: chmod 600" in serve.refused("--data", str(tmp_path))


def test_an_empty_key_is_never_made_anew(serve: Serve, tmp_path: Path) -> None:
    serve.ok("--data", str(tmp_path))
    (tmp_path / "secret_key").write_text("")
    assert "is empty" in serve.refused("--data", str(tmp_path))


def test_a_folder_that_cannot_be_made_is_named(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert serve.refused("--data", str(tmp_path / "file" / "x")).startswith(f"--data {tmp_path}/file/x: ")


def test_many_who_make_the_key_at_once_get_the_same(tmp_path: Path) -> None:
    def make(_number: int) -> str:
        secret_key.make(tmp_path)
        return secret_key.kept(tmp_path)

    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(make, range(64)))
    assert len(keys) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["secret_key"]


# --- what it is told ------------------------------------------------------------------------------


def test_options_go_before_the_environment_and_that_before_the_file(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"AUTHZ_REGION": "eu-west-1", "AUTHZ_DIALECT": "oidc", "AUTHZ_PUBLIC_URL": "http://localhost:1/file"}
    (tmp_path / "seed.json").write_text(json.dumps({"settings": settings}))
    monkeypatch.setenv("AUTHZ_REGION", "eu-west-2")
    monkeypatch.setenv("AUTHZ_PUBLIC_URL", "http://localhost:2/environment")
    serve.ok("--seed", str(tmp_path / "seed.json"), "--public-url", "http://localhost:3/option")
    found = serve.services.settings
    assert (found.region, found.dialect.name) == ("eu-west-2", "oidc")
    assert found.public_url == "http://localhost:3/option"


@pytest.mark.parametrize(
    "given, kept",
    [
        (
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbC123xyz",
            "https://cognito-idp.us-east-1.amazonaws.com/{pool_id}",
        ),
        ("https://issuer.example/{pool_id}", "https://issuer.example/{pool_id}"),
    ],
)
def test_the_issuer_of_a_real_pool_is_taken_as_it_is_pinned(serve: Serve, seed: str, given: str, kept: str) -> None:
    printed = serve.ok("--seed", seed, "--issuer", given)
    assert serve.services.settings.issuer == kept
    assert kept.replace("{pool_id}", POOL) in printed


def test_an_issuer_of_a_pool_that_is_not_there_or_beyond_this_machine_is_refused(serve: Serve, seed: str) -> None:
    assert serve.refused("--seed", seed, "--issuer", "https://x.example/us-east-1_Nobody123") == (
        "--issuer names the pool us-east-1_Nobody123, and there is none of that ID"
    )
    assert serve.refused("--issuer", "https://x.example/pool").startswith("AUTHZ_ISSUER='https://x.example/pool'")
    beyond = ("--public-url", "https://login.example.com/auth", "--issuer", "https://x.example/{pool_id}")
    assert serve.refused(*beyond).startswith("AUTHZ_ISSUER is for development")


def test_debug_mode_is_never_switched_on_by_the_environment(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    serve.ok()
    assert serve.app is not None
    assert serve.app.debug is False


def test_a_seed_file_sets_settings_of_ours_and_nothing_else(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text(json.dumps({"settings": {"SECRET_KEY": "x", "DEBUG": True}}))
    assert serve.refused("--seed", str(tmp_path / "seed.json")) == (
        "settings.SECRET_KEY: accepted are AUTHZ_ keys\nError: settings.DEBUG: accepted are AUTHZ_ keys"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_other_machines_get_in_by_a_public_url_only(serve: Serve, host: str) -> None:
    assert serve.refused("--host", host).startswith(f"--host {host} lets other machines in: say with --public-url")
    printed = serve.ok("--host", host, "--public-url", "http://localhost:5000/auth")
    assert serve.where == (host, 5000)
    assert "Serving http://localhost:5000/auth" in printed


@pytest.mark.parametrize("host, shown", [("127.0.0.1", "localhost"), ("::1", "[::1]"), ("localhost", "localhost")])
def test_this_machine_has_three_names(serve: Serve, host: str, shown: str) -> None:
    assert f"Serving http://{shown}:5001/auth" in serve.ok("--host", host, "--port", "5001")


def test_access_keys_open_the_json_api(serve: Serve) -> None:
    printed = serve.ok("--access-key", "one:secret:with:colons", "--access-key", "two:2")
    assert dict(serve.services.settings.access_keys) == {"one": "secret:with:colons", "two": "2"}
    assert "secret" not in printed
    for wrong in ("one", ":secret", "one:"):
        result = serve("--access-key", wrong)
        assert (result.exit_code, "of the form ID:SECRET" in result.stderr) == (2, True)


def test_problems_of_the_seed_file_are_all_named(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text(json.dumps({"pools": [{"Id": "x"}, {"Id": POOL}]}))
    first, second = serve.refused("--seed", str(tmp_path / "seed.json")).splitlines()
    assert first.startswith("pools[0].Id: ")
    assert second.startswith("Error: pools[1]: ")
    assert "No such file" in serve.refused("--seed", str(tmp_path / "none.json"))
    (tmp_path / "seed.json").write_text(json.dumps({"settings": {"AUTHZ_REGOIN": "x"}}))
    assert "AUTHZ_REGOIN is no setting" in serve.refused("--seed", str(tmp_path / "seed.json"))


def test_a_screen_with_many_clients_is_cut(serve: Serve, tmp_path: Path) -> None:
    clients = [{"ClientId": f"client{number:04}", "ClientName": f"c{number}"} for number in range(50)]
    other = {"Id": "us-east-1_Other0001", "PoolName": "Other", "clients": [{"ClientId": "z", "ClientName": "z"}]}
    seed = {"pools": [{"Id": POOL, "PoolName": "Shop", "clients": clients}, other]}
    (tmp_path / "seed.json").write_text(json.dumps(seed))
    printed = serve.ok("--seed", str(tmp_path / "seed.json"))
    assert "and 30 clients more" in printed
    assert "and 1 client more" in printed


# --- the factory ----------------------------------------------------------------------------------


def test_the_factory_reads_the_environment(sqlite_url_migrated: str) -> None:
    app = create_app(
        {
            "AUTHZ_URL_PREFIX": "",
            "AUTHZ_CODE_LIFETIME_SECONDS": "120",
            "AUTHZ_FACES": '["oauth"]',
            "AUTHZ_ACCESS_KEYS": '{"key": "secret"}',
            "AUTHZ_GUARD_CHECKS_REVOCATION": "false",
            "AUTHZ_GUARD_POOLS": '["us-east-1_AbC123xyz"]',
            "AUTHZ_SMTP_PASSWORD": "12345",
            "AUTHZ_SMTP_USERNAME": "{me}",
            "SECRET_KEY": STRONG,
            "SQLALCHEMY_DATABASE_URI": sqlite_url_migrated,
            "HOME": "/nowhere",
        }
    )
    settings = AppClientAuthz.services(app).settings
    assert (settings.url_prefix, settings.code_lifetime_seconds, settings.faces) == ("", 120, ("oauth",))
    assert dict(settings.access_keys) == {"key": "secret"}
    assert (settings.smtp_username, settings.smtp_password) == ("{me}", "12345")
    assert settings.guard_checks_revocation is False
    assert [pool.pool_id for pool in settings.guard_pools] == [POOL]
    assert "HOME" not in app.config


def test_the_factory_serves_the_folder_of_the_command(serve: Serve, seed: str, tmp_path: Path) -> None:
    serve.ok("--seed", seed, "--data", str(tmp_path / "data"))
    app = create_app({"APP_CLIENT_AUTHZ_DATA": str(tmp_path / "data")})
    result = app.test_cli_runner().invoke(args=["authz", "pool", "list"])
    assert POOL in result.output


def test_the_factory_makes_neither_database_nor_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no database: set SQLALCHEMY_DATABASE_URI"):
        create_app({"SECRET_KEY": STRONG})
    with pytest.raises(ConfigurationError, match=r"'app-client-authz serve --data .*' makes it"):
        create_app({"APP_CLIENT_AUTHZ_DATA": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["120s", "", "[", "{'key': 'hunter2'}"])
def test_what_has_to_be_json_and_is_none_is_refused_unseen(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        create_app({"AUTHZ_ACCESS_KEYS": text})
    assert refused.value.message.startswith("the environment variable AUTHZ_ACCESS_KEYS has to hold JSON")
    assert "hunter2" not in refused.value.message


def test_an_unknown_variable_stops_the_start_too() -> None:
    with pytest.raises(ConfigurationError, match="AUTHZ_REGOIN is no setting; the nearest is AUTHZ_REGION"):
        create_app({"AUTHZ_REGOIN": "x", "SECRET_KEY": STRONG, "SQLALCHEMY_DATABASE_URI": "sqlite://"})
