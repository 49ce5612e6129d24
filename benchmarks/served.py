"""Requests per second and latencies under gunicorn, whose load this process makes: they share the cores."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.kinds import Kind, kinds
from benchmarks.memory import proportional_mib
from benchmarks.site import FOLDER, Contents, fill, make_app, services_of, units_of
from benchmarks.sockets import Load, load
from benchmarks.table import table
from benchmarks.timing import signer

THREADS = 4
CONNECTIONS = 8
ROUNDS = 3
REQUESTS = 400
ROUND_SECONDS = 2.0
START_SECONDS = 30
SERVED = "client_credentials", "refresh", "refresh, rotated", "code + PKCE", "userInfo", "JWKS", "discovery"


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its site, its port, its processes."""

    kinds: dict[str, Kind]
    port: int
    master: int

    @property
    def workers(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()]

    def cpu_seconds(self) -> float:
        """CPU that the workers have used so far."""
        return sum(_cpu_seconds(pid) for pid in self.workers)

    def raw(self, kind: str, count: int) -> list[bytes]:
        host = f"127.0.0.1:{self.port}"
        return [request.raw(host) for request in self.kinds[kind].make(count)]


def run() -> None:
    """One table for the load, one for contention."""
    with ExitStack() as stack:
        servers = {count: stack.enter_context(serving(count)) for count in (1, 2)}
        mib = {count: sum(map(proportional_mib, [s.master, *s.workers])) for count, s in servers.items()}
        sign = signer()
        unit: list[float] = []
        loads: dict[tuple[str, int], list[Load]] = {}
        cpu: dict[tuple[str, int], list[float]] = {}
        for _ in range(ROUNDS):
            unit.append(sign(50))
            for kind in SERVED:
                for count, server in servers.items():
                    done, used = _loaded(server, kind)
                    loads.setdefault((kind, count), []).append(done)
                    cpu.setdefault((kind, count), []).append(used)
        contention = [_contention(server, count) for count, server in servers.items()]
    rows = [_row(kind, count, loads[kind, count], median(cpu[kind, count]) / median(unit)) for kind, count in loads]
    print(f"{THREADS} threads per worker, {CONNECTIONS} connections, medians of {ROUNDS} rounds; ", end="")
    print(f"master and workers take {mib[1]:.0f} MiB PSS with one worker (75 at most), {mib[2]:.0f} with two\n")
    print(table(("kind", "workers", "req/s", "p50, ms", "p99, ms", "CPU of workers, S", "not 200"), rows))
    print("\nMany at the same thing: p99 at most 6 × p50, every answer a 200\n")
    head = "contention", "workers", "req/s", "p50, ms", "p99, ms", "p99 ÷ p50", "not 200"
    print(table(head, [row for rows in contention for row in rows]))
    if any(int(row[-1]) for row in [*rows, *(row for rows in contention for row in rows)]):
        sys.exit("\nThere were answers other than 200: the figures mean nothing.")


@contextmanager
def serving(workers: int) -> Iterator[Served]:
    """A site of its own under gunicorn, on a free port of this machine."""
    with TemporaryDirectory() as folder:
        app = make_app(Path(folder))
        contents: Contents = fill(app, Path(folder))
        services = services_of(app)
        listed = {kind.name: kind for kind in kinds(app, units_of(services), contents, services.clock())}
        port = _free_port()
        command = [sys.executable, "-m", "gunicorn", "benchmarks.site:served_app()", "--bind", f"127.0.0.1:{port}"]
        command += ["--worker-class", "gthread", "--workers", str(workers), "--threads", str(THREADS)]
        process = subprocess.Popen([*command, "--log-level", "warning"], env={**os.environ, FOLDER: folder})
        try:
            server = Served(listed, port, process.pid)
            _wait_for(server, workers)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)
            services.engine.dispose()


def _wait_for(server: Served, workers: int) -> None:
    """Until every worker has answered something."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        try:
            load(server.port, server.raw("JWKS", 40 * workers), 4 * workers, at_most_seconds=5)
            if len(server.workers) == workers and min(map(_cpu_seconds, server.workers)) > 0:
                load(server.port, server.raw("client_credentials", 40 * workers), 4 * workers, at_most_seconds=5)
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("gunicorn does not answer")


def _loaded(server: Served, kind: str) -> tuple[Load, float]:
    requests = server.raw(kind, REQUESTS)
    before = server.cpu_seconds()
    done = load(server.port, requests, CONNECTIONS, at_most_seconds=ROUND_SECONDS)
    return done, (server.cpu_seconds() - before) / len(done.seconds)


def _row(kind: str, workers: int, loads: list[Load], in_units: float) -> tuple[str, ...]:
    figures = [
        f"{median(done.per_second for done in loads):.0f}",
        f"{median(done.percentile_ms(50) for done in loads):.1f}",
        f"{median(done.percentile_ms(99) for done in loads):.1f}",
        f"{in_units:.2f}",
        str(sum(done.refused for done in loads)),
    ]
    return kind, str(workers), *figures


def _contention(server: Served, workers: int) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    rotating = server.raw("refresh, rotated", 1) * REQUESTS
    cases = [
        ("8 connections refresh one token", CONNECTIONS, server.raw("refresh", REQUESTS)),
        ("8 connections rotate one token", CONNECTIONS, rotating),
        ("4 connections exchange codes", 4, server.raw("code + PKCE", REQUESTS)),
    ]
    for name, connections, requests in cases:
        done = load(server.port, requests, connections, at_most_seconds=2 * ROUND_SECONDS)
        p50, p99 = done.percentile_ms(50), done.percentile_ms(99)
        figures = f"{done.per_second:.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{p99 / p50:.1f}", str(done.refused)
        rows.append((name, str(workers), *figures))
    return rows


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
