"""systemd-analyze, if it is installed: it needs no systemd that runs."""

import os
import shutil

import pytest

REQUIRED = "TESTS_REQUIRE_SYSTEMD"
MISSING = "no systemd-analyze here: apt-get install systemd"


def analyze() -> str:
    """The path of systemd-analyze; skips the test without one, or fails it where one is required."""
    if found := shutil.which("systemd-analyze"):
        return found
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(MISSING, pytrace=False)
    pytest.skip(MISSING)
