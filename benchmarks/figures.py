"""Memory, disk, start and import, each from a fresh process."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import cast

from benchmarks.site import fill, make_app
from benchmarks.table import table

STARTS = 5


def run() -> None:
    """The table of the figures that are not times of requests, beside their targets."""
    with TemporaryDirectory() as folder:
        fill(make_app(Path(folder)), Path(folder))
        starts = {task: [child(task, folder) for _ in range(STARTS)] for task in ("libraries", "extension", "start")}
        grown = child("tokens", folder)
    cpu = {task: [run["cpu"] for run in runs] for task, runs in starts.items()}
    by_libraries = min(cpu["extension"]) / min(cpu["libraries"])
    rows = [
        ("import of Flask, SQLAlchemy, Authlib, joserfc, argon2", _seconds(cpu["libraries"]), ""),
        ("import of the extension", _seconds(cpu["extension"]), ""),
        ("the same ÷ import of the libraries", f"{by_libraries:.2f}", "1.15 / 0.9"),
        ("start of Python to first token", _seconds(cpu["start"]), ""),
        ("memory at the first token, one process", f"{median(run['mib'] for run in starts['start']):.0f} MiB PSS", ""),
        ("growth of memory over 10,000 tokens", f"{grown['mib']:.1f} MiB", "5 / 1 MiB"),
        ("disk for a code exchange: code, token session, refresh token", f"{grown['exchange']:.0f} bytes", ""),
        ("disk for a token session with its refresh token", f"{grown['session']:.0f} bytes", "500 / 300 bytes"),
        ("disk for each further refresh token of a session", f"{grown['token']:.0f} bytes", "500 / 300 bytes"),
    ]
    print(table(("figure", "measured", "bar / ambition"), rows))


def _seconds(values: list[float]) -> str:
    return f"{min(values):.2f} s of CPU"


def child(task: str, folder: str) -> dict[str, float]:
    """What a fresh process finds: see ``benchmarks.child``."""
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.child", task, folder], check=True, capture_output=True, text=True
    )
    return cast(dict[str, float], json.loads(answer.stdout))
