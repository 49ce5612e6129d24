"""The offline site as its README starts it, and what an operator and an app do with it."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.clients.conftest import Form
from tests.samples.running import environment
from tests.support.imports import ROOT

SAMPLE = ROOT / "samples" / "offline_site"
POOL = "us-east-1_Staff0001"
CLIENT = "1offline0site0example0web1"
VERIFIER = "v" * 50
START_SECONDS = 120


@dataclass
class OfflineSite:
    """One that answers at ``url``; its files are in ``folder``, its users are ann and whom the tests make."""

    url: str
    plain_url: str
    password: str = field(repr=False)
    sign_in_url: str
    etc: Path
    environment: dict[str, str] = field(repr=False)
    log: Path
    words: IO[str]

    @cached_property
    def folder(self) -> Path:
        return self.etc.parent

    @property
    def authority(self) -> Path:
        return self.etc / "tls" / "ca.crt"

    @property
    def issuer(self) -> str:
        return f"{self.url}/auth/{POOL}"

    @property
    def server_log(self) -> str:
        return (self.folder / "log" / "server.log").read_text()

    def say(self, word: str) -> str:
        """What the program answers to a word that is typed in."""
        before = len(self.log.read_text())
        self.words.write(f"{word}\n")
        self.words.flush()
        answered = lambda: re.search(r"^  \w+: .*\n", self.log.read_text()[before:], re.MULTILINE)  # noqa: E731
        wait_until(lambda: answered() is not None, self.log)
        found = answered()
        assert found is not None
        return found[0].strip()

    def run(self, script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A script of the site, as its operator calls it."""
        return subprocess.run(
            [str(self.folder / "app" / script), *arguments],
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def flask(self, *arguments: str) -> str:
        done = self.run("flask.sh", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new_user(self, name: str) -> str:
        """The password of a new user."""
        return self.flask("authz", "user", "create", POOL, name, "--generate", "--permanent").split()[-1]

    def databases(self) -> list[str]:
        psql = ["psql", "--dbname=postgres", "--no-psqlrc", "--tuples-only", "--no-align"]
        variables = dict(line.split("=", 1) for line in (self.etc / "site.env").read_text().splitlines())
        listed = subprocess.run(
            [*psql, "--command=SELECT datname FROM pg_database ORDER BY 1"],
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=True,
        )
        return [name for name in listed.stdout.split() if name.startswith("authz_")]

    def visitor(self) -> requests.Session:
        """A browser without cookies that trusts the authority of this site and no other."""
        session = requests.Session()
        session.trust_env = False  # certificates of the environment would go before
        session.verify = str(self.authority)
        return session

    def app(self, token: dict[str, Any] | None = None) -> OAuth2Session:
        """An app: Authlib's client, with PKCE."""
        session = OAuth2Session(
            CLIENT,
            redirect_uri=f"{self.url}/",
            scope="openid email",
            code_challenge_method="S256",
            token_endpoint_auth_method="none",
            token=token,
        )
        session.trust_env = False
        session.verify = str(self.authority)
        return session

    def sign_in(self, name: str, password: str, visitor: requests.Session | None = None) -> dict[str, Any]:
        """The tokens of a user who fills in the page."""
        with self.app() as app, visitor or self.visitor() as browser:
            url, _ = app.create_authorization_url(f"{self.url}/auth/oauth2/authorize", code_verifier=VERIFIER)
            page = browser.get(url)
            form = Form(page.text)
            fields = form.fields | {"username": name, "password": password}
            landed = browser.post(urljoin(page.url, form.action), data=fields)
            assert landed.url.startswith(f"{self.url}/?code="), landed.text
            return dict(
                app.fetch_token(
                    f"{self.url}/auth/oauth2/token", authorization_response=landed.url, code_verifier=VERIFIER
                )
            )

    def refreshed(self, refresh_token: str) -> requests.Response:
        body = {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": refresh_token}
        with self.visitor() as visitor:
            return visitor.post(f"{self.url}/auth/oauth2/token", data=body)

    def user_info(self, access_token: str) -> requests.Response:
        with self.visitor() as visitor:
            return visitor.get(f"{self.url}/auth/oauth2/userInfo", headers={"Authorization": f"Bearer {access_token}"})

    def claims(self, token: str) -> dict[str, Any]:
        """What a token says, its signature checked with the published keys."""
        with self.visitor() as visitor:
            found = visitor.get(f"{self.issuer}/.well-known/openid-configuration").json()
            keys = KeySet.import_key_set(visitor.get(found["jwks_uri"]).json())
        decoded = jwt.decode(token, keys, algorithms=["RS256"])
        issuer = {"essential": True, "value": self.issuer}
        jwt.JWTClaimsRegistry(iss=issuer, exp={"essential": True}).validate(decoded.claims)
        return dict(decoded.claims)


@contextmanager
def offline_site(folder: Path) -> Iterator[OfflineSite]:
    """The documented command, on ports of its own; ended by Ctrl+C."""
    log = folder / "output"
    command = [sys.executable, "-u", str(SAMPLE / "run.py"), "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdin is not None
        try:
            wait_until(lambda: "Ctrl+C ends" in log.read_text() or process.poll() is not None, log)
            assert process.poll() is None, log.read_text()
            yield _told(log, process.stdin)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
            process.stdin.close()


def _told(log: Path, words: IO[str]) -> OfflineSite:
    printed = log.read_text()
    password, sign_in_url, plain_url, exported = (
        re.findall(pattern, printed)[0]
        for pattern in (
            r"Sign in as ann with (\S+)",
            r"(https://localhost:\d+/auth/oauth2/authorize\S+)",
            r"(http://localhost:\d+) leads to https",
            r"export (.*)",
        )
    )
    variables = dict(word.split("=", 1) for word in shlex.split(exported))
    path = variables["PATH"].replace("$PATH", os.environ["PATH"])  # as the shell of who copies the line would
    parts = urlsplit(sign_in_url)
    assert parse_qs(parts.query)["redirect_uri"] == [f"https://{parts.netloc}/"]
    return OfflineSite(
        url=f"https://{parts.netloc}",
        plain_url=plain_url,
        password=password,
        sign_in_url=sign_in_url,
        etc=Path(variables["OFFLINE_SITE"]),
        environment={**environment(), **variables, "PATH": path},
        log=log,
        words=words,
    )


def wait_until(true: Any, log: Path, seconds: float = START_SECONDS) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, log.read_text()
        time.sleep(0.05)
