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
from tests.support.documents import all_taken
from tests.support.imports import ROOT

pytestmark = pytest.mark.slow


class Reader:
    """Somebody who types what the page says, into one shell, and starts and stops what it says to start."""

    def __init__(self, folder: Path) -> None:
        self.shop = folder / "shop"
        self.port = free_port()
        self.printed = ""
        self._state = folder / "state"
        self._log = folder / "log"
        self._server: subprocess.Popen[bytes] | None = None
        # Nothing of this checkout is on the path: what is not installed is not there.
        self._environment = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
        self._environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
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


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    somebody = Reader(tmp_path)
    yield somebody
    somebody.stops()


def access_token(site: str, password: str) -> str:
    """What the page shows after the sign-in, clicked through from the first page as a browser does."""
    with requests.Session() as visitor:
        (link,) = re.findall(r'href="(.*?)"', visitor.get(f"{site}/", timeout=30).text)
        page = submit(visitor, visitor.get(f"{site}{link}", timeout=30), username="ann", password=password)
    assert "Hello ann@example.com" in page.text
    (token,) = re.findall(r"<pre>(.*?)</pre>", page.text)
    return html.unescape(token)


def test_tutorial_leads_from_an_empty_folder_to_a_guarded_view(reader: Reader) -> None:
    password = refused = ""

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
            refused = reader.printed

    assert "401 UNAUTHORIZED" in refused
    assert 'WWW-Authenticate: Bearer realm="api"' in refused
    stray = requests.get(f"http://localhost:{reader.port}/callback?code=stolen&state=guessed", timeout=30)
    assert stray.status_code == 400
    assert "The sign-in did not work" in stray.text
    for private in ("secret_key", "client.json"):
        assert (reader.shop / private).stat().st_mode & 0o077 == 0
