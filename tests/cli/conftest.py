"""An app on a migrated SQLite file, and its command line."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.services.registry import Services
from tests.support.clock import MovableClock

POOL = "us-east-1_Demo00001"
STRONG = "0123456789abcdefghijklmnopqrstuvwxyz"
PUBLIC_URL = "https://login.example.com/auth"
PASSWORD = "Correct-h0rse"


@pytest.fixture(autouse=True)
def _ready_made_keys(ready_made_keys: None) -> None:
    """Each test here has a database of its own."""


@dataclass
class Shell:
    """``flask authz …`` against one app."""

    app: Flask

    @property
    def services(self) -> Services:
        return AppClientAuthz.services(self.app)

    def run(self, *words: str, typed: str | None = None) -> Result:
        """The result, whatever it is; an exception that escapes a command fails the test."""
        result = self.app.test_cli_runner().invoke(args=["authz", *words], input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def ok(self, *words: str, typed: str | None = None) -> str:
        """What the command prints on standard output."""
        result = self.run(*words, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str, typed: str | None = None) -> Any:
        return json.loads(self.ok(*words, "--json", typed=typed))

    def refused(self, *words: str, typed: str | None = None) -> str:
        """The one line that says why the services refuse; exit code 1."""
        result = self.run(*words, typed=typed)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("Error: ").rstrip("\n")

    def misused(self, *words: str) -> str:
        """What is said of a command line that cannot be understood; exit code 2, nothing done."""
        result = self.run(*words)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        return result.stderr

    def client(self, *options: str, name: str = "web") -> str:
        """The ID of a new app client."""
        return str(self.json("client", "create", POOL, name, *options)["ClientId"])


def app_on(url: str, clock: MovableClock, **config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(
        {
            "SQLALCHEMY_DATABASE_URI": url,
            "AUTHZ_SEALING_KEYS": [STRONG],
            "AUTHZ_PUBLIC_URL": PUBLIC_URL,
            "AUTHZ_PASSWORD_HASH_MEMORY_KIB": 8,
            "AUTHZ_PASSWORD_HASH_TIME_COST": 1,
            **config,
        }
    )
    AppClientAuthz(app, clock=clock)
    return app


@pytest.fixture
def bare(sqlite_url_migrated: str, clock: MovableClock) -> Shell:
    """A migrated site without any pool."""
    return Shell(app_on(sqlite_url_migrated, clock))


@pytest.fixture
def shell(bare: Shell) -> Shell:
    """A site with an empty pool."""
    bare.ok("pool", "create", "Demo", "--id", POOL)
    return bare
