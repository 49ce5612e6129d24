"""The quickstart as users have it: a copy of its folder, served by ``flask run`` in a process of its own."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.imports import ROOT

SAMPLE = ROOT / "samples" / "quickstart"
START_SECONDS = 60


@dataclass(frozen=True)
class Quickstart:
    """One that answers. ``log`` is what it prints."""

    url: str
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    def machine(self) -> tuple[str, str]:
        """Client ID and secret from the curl line that the start prints."""
        line = next(line for line in self.output.splitlines() if line.strip().startswith("curl "))
        client_id, _, secret = shlex.split(line)[2].partition(":")
        return client_id, secret


def copy_of_sample(folder: Path) -> Path:
    """The sample in a folder of the test's own, without the data of whoever tried it here."""
    copy = folder / "quickstart"
    if not copy.exists():
        shutil.copytree(SAMPLE, copy, ignore=shutil.ignore_patterns("instance", "__pycache__"))
    return copy


def flask_command(copy: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-u", "-m", "flask", "--app", str(copy / "app"), *arguments]


def environment() -> dict[str, str]:
    """This checkout first, and nothing of Flask's own variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "WERKZEUG_", "AUTHZ_"))}
    return {**kept, "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def quickstart(folder: Path, *options: str) -> Iterator[Quickstart]:
    """The quickstart on a free port; its data stays in ``folder``."""
    copy, port = copy_of_sample(folder), free_port()
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            flask_command(copy, "run", "--port", str(port), *options),
            cwd=folder,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a reloader has a child, and both have to go
        )
        try:
            _wait(process, port, log)
            yield Quickstart(f"http://localhost:{port}", log)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"the quickstart does not answer:\n{log.read_text()}")
