"""JavaScript clients in a process of Node.js, driven step by step; nothing is ever fetched for them from here."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REQUIRED = "TESTS_REQUIRE_NODE"
FOLDER = Path(__file__).parents[1] / "clients" / "node"
OLDEST = 18
MISSING = f"install Node.js {OLDEST} or newer, then: npm install --no-package-lock --prefix tests/clients/node"


def skip_without_node() -> None:
    """Called by a module of such tests: it is skipped, in one line for all, where no clients are installed."""
    if _ready() is None and os.environ.get(REQUIRED) != "1":
        pytest.skip(MISSING, allow_module_level=True)


class Refused(Exception):
    """A step failed: what the client threw."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.told = name, message


class Steps:
    """``steps("signIn", password="…")``: the step's result, by the names in the script.

    Raises:
        Refused: the client threw.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, step: str, **given: Any) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"step": step, "given": given}) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the script ended at {step}"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"]["name"], answer["error"]["message"])
        return answer["result"]

    def refused(self, step: str, **given: Any) -> tuple[str, str]:
        """Name and message of what the client throws."""
        with pytest.raises(Refused) as caught:
            self(step, **given)
        return caught.value.told


@contextmanager
def running(script: str) -> Iterator[Steps]:
    """The steps of a script of ``tests/clients/node``, in a process of their own until the block ends."""
    path = _ready()
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    process = subprocess.Popen(
        [path, FOLDER / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield Steps(process)
    finally:
        process.kill()
        process.communicate()


@cache
def _ready() -> str | None:
    path = shutil.which("node")
    if path is None or not all((FOLDER / "node_modules" / name).is_dir() for name in _packages()):
        return None
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return path if int(version.removeprefix("v").split(".")[0]) >= OLDEST else None


def _packages() -> list[str]:
    return list(json.loads((FOLDER / "package.json").read_text())["dependencies"])
