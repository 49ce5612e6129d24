"""Samples that a ``run.py`` starts: as users have them in a process of its own, and their modules in ours."""

import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.samples.running import START_SECONDS, environment
from tests.support.imports import ROOT

SAMPLES = ROOT / "samples"


@dataclass(frozen=True)
class Sample:
    """One that serves, on ``port`` and those behind it. ``log`` is what it prints."""

    port: int
    log: Path

    def url(self, number: int = 0) -> str:
        """Where its first, second, third server is."""
        return f"http://localhost:{self.port + number}"

    @property
    def output(self) -> str:
        return self.log.read_text()

    def commands(self) -> list[str]:
        """The lines that it says to call: those that are indented by four."""
        return [line.strip() for line in self.output.splitlines() if line.startswith("    ")]


@contextmanager
def launched(folder: Path, *, servers: int, log: Path, environ: Mapping[str, str] | None = None) -> Iterator[Sample]:
    """The sample in ``folder``, once each of its servers answers."""
    port = _free_ports(servers)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", str(folder / "run.py"), "--port", str(port)],
            cwd=log.parent,
            env={**environment(), **(environ or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            for number in range(servers):
                _wait(process, port + number, log)
            yield Sample(port, log)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)  # as Ctrl+C
            try:
                code = process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                code = process.wait()
    assert code == 0, log.read_text()


@contextmanager
def modules_of(name: str) -> Iterator[None]:
    """The modules of a sample can be imported by the names that they have for one another."""
    folder = str(SAMPLES / name)
    before = set(sys.modules)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        for loaded in set(sys.modules) - before:
            if str(getattr(sys.modules[loaded], "__file__", None)).startswith(f"{folder}{os.sep}"):
                del sys.modules[loaded]


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


def _free_ports(count: int) -> int:
    """The first of so many in a row."""
    while True:
        with ExitStack() as probes:
            first = probes.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            try:
                for number in range(1, count):
                    probes.enter_context(socket.create_server(("127.0.0.1", first + number)))
            except (OSError, OverflowError):
                continue
            return int(first)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        with socket.socket() as probe:
            # The last that a start does is to say what to call.
            if probe.connect_ex(("127.0.0.1", port)) == 0 and "Ctrl+C" in log.read_text():
                return
        time.sleep(0.1)
    raise AssertionError(f"the sample does not answer:\n{log.read_text()}")
