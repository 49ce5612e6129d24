"""The tutorial, followed to the letter in a clean environment with the package as users install it."""

import html
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.samples.running import START_SECONDS, environment, free_port
from tests.samples.test_quickstart import submit
from tests.support.documents import all_taken, run, run_block, taken
from tests.support.imports import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tutorial")]

FIRST_STEPS = """
import pathlib
import sys

from flask import Flask

import app_client_authz
from app_client_authz import AppClientAuthz

assert pathlib.Path(app_client_authz.__file__).is_relative_to(sys.prefix), app_client_authz.__file__
app = Flask("shop", instance_path=str(pathlib.Path.cwd() / "instance"))
app.config["SECRET_KEY"] = "for this test only, and long enough"
AppClientAuthz(app)
answer = app.test_client().get("/auth/login?client_id=nobody", follow_redirects=True)
assert answer.status_code == 400 and b"</html>" in answer.data, answer.data
outcome = app.test_cli_runner().invoke(args=["authz", "upgrade"])
assert outcome.exit_code == 0, outcome.output
assert "requests" not in sys.modules  # the app of the tutorial needs it, the package does not
"""


class Reader:
    """Somebody who types what the page says, into one shell, and starts and stops what it says to start."""

    def __init__(self, folder: Path) -> None:
        self.shop = folder / "shop"
        self.port = free_port()
        self.printed = ""
        self.refused = ""
        self._state = folder / "state"
        self._log = folder / "log"
        self._server: subprocess.Popen[bytes] | None = None
        # Nothing of this checkout is on the path: what is not installed is not there.
        self._environment = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
        self._environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment["PIP_COMPILE"] = "0"  # what is imported is compiled then
        self._state.write_text(f"cd '{ROOT}'\n")

    def adapted(self, text: str) -> str:
        """The home folder and the port are the test's own."""
        return text.replace("~/shop", str(self.shop)).replace("localhost:5000", f"localhost:{self.port}")

    def types(self, block: str) -> None:
        if block == "flask run\n":
            self._starts(f"flask run --port {self.port}")
            return
        remember = f"{{ export -p; printf 'cd \"%s\"\\n' \"$PWD\"; }} > '{self._state}'"
        outcome = self._shell(f"set -a; . '{self._state}'\n{self.adapted(block)}\n{remember}")
        assert outcome.returncode == 0, f"{block}\n{outcome.stdout}{outcome.stderr}"
        self.printed = outcome.stdout

    @property
    def python(self) -> Path:
        """That of the environment which the page made."""
        return self.shop / ".venv" / "bin" / "python"

    def runs(self, folder: Path, *arguments: str) -> str:
        """What that Python prints, which sees nothing but its environment."""
        return run(folder, str(self.python), "-I", *arguments)

    def stops(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait()

    def _shell(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-ec", script], env=self._environment, capture_output=True, text=True, timeout=600, check=False
        )

    def _starts(self, command: str) -> None:
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                ["sh", "-ec", f". '{self._state}'\nexec {command}"],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self._server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError(f"the app does not answer:\n{self._log.read_text()}")


def access_token(site: str, password: str) -> str:
    """What the page shows after the sign-in, clicked through from the first page as a browser does."""
    with requests.Session() as visitor:
        (link,) = re.findall(r'href="(.*?)"', visitor.get(f"{site}/", timeout=30).text)
        page = submit(visitor, visitor.get(f"{site}{link}", timeout=30), username="ann", password=password)
    assert "Hello ann@example.com" in page.text
    (token,) = re.findall(r"<textarea.*?>(.*?)</textarea>", page.text)
    return html.unescape(token)


def read(reader: Reader) -> None:
    """The page from its beginning to its end."""
    password = ""
    for block in all_taken("docs/tutorial.md"):
        text = block.text
        if block.language == "python":
            (reader.shop / "app.py").write_text(reader.adapted(text))
            continue
        if block.language == "text":
            assert reader.printed.strip().endswith(text.strip())
            continue
        if "TOKEN=…" in text:
            text = text.replace("…", access_token(f"http://localhost:{reader.port}", password))
        reader.types(text)
        if "user create" in text:
            (password,) = re.findall(r"^Password +(\S+)$", reader.printed, re.MULTILINE)
        if "curl -i" in text:
            reader.refused = reader.printed


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody who has come to the end of the page, where the app still runs."""
    somebody = Reader(tmp_path_factory.mktemp("tutorial"))
    try:
        read(somebody)
        yield somebody
    finally:
        somebody.stops()


def test_tutorial_leads_from_an_empty_folder_to_a_guarded_view(reader: Reader) -> None:
    assert "401 UNAUTHORIZED" in reader.refused
    assert 'WWW-Authenticate: Bearer realm="api"' in reader.refused


def test_sign_in_that_nobody_began_is_refused_by_its_app(reader: Reader) -> None:
    stray = requests.get(f"http://localhost:{reader.port}/callback?code=stolen&state=guessed", timeout=30)

    assert stray.status_code == 400
    assert "The sign-in did not work" in stray.text


def test_secrets_of_its_folder_are_for_their_owner_alone(reader: Reader) -> None:
    for private in ("secret_key", "client.json"):
        assert (reader.shop / private).stat().st_mode & 0o077 == 0


# --- the same environment, without the page -------------------------------------------------------


def test_package_needs_nothing_of_the_checkout_and_nothing_that_it_does_not_name(
    reader: Reader, tmp_path: Path
) -> None:
    reader.runs(tmp_path, "-W", "error", "-c", FIRST_STEPS)


def test_suite_of_a_host_finds_the_fixtures_by_itself(reader: Reader, tmp_path: Path) -> None:
    (wheel,) = (reader.shop / "dist").glob("*.whl")
    reader.runs(tmp_path, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel}[test]")
    suite = taken("docs/how-to/testing.md", "import pytest")
    (tmp_path / "test_host.py").write_text(suite)

    told = reader.runs(tmp_path, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_host.py")

    assert f"{suite.count('def test_')} passed" in told


def test_command_of_the_readme_installs_it_from_the_checkout(reader: Reader, tmp_path: Path) -> None:
    activated = os.pathsep.join([str(reader.python.parent), os.environ["PATH"]])
    run_block(ROOT, taken("README.md", "pip install ."), PATH=activated)

    reader.runs(tmp_path, "-W", "error", "-c", FIRST_STEPS)
