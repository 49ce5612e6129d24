"""What the figures were measured on: without it they mean nothing."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

LIBRARIES = "flask", "werkzeug", "sqlalchemy", "authlib", "joserfc", "cryptography", "gunicorn"


def described() -> str:
    """Processor, Python and libraries in two lines."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    python = f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()}; {python}\n{libraries}"


def load() -> str:
    """The load average of the last minute: how many others wanted the processor."""
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
