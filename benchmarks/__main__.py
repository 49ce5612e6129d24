"""``python -m benchmarks [direct] [growth] [clients] [figures] [served]``: all of them without a name; five minutes."""

import argparse
import time

from benchmarks import app_clients, direct, figures, growth, served
from benchmarks.machine import described, load

PARTS = {
    "direct": ("CPU and SQL of direct WSGI calls", direct.run),
    "growth": ("small against large tables", growth.run),
    "clients": ("app clients by the JSON API, in small and large pools", app_clients.run),
    "figures": ("memory, disk, start, import", figures.run),
    "served": ("under gunicorn", served.run),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What requests cost.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; by default all")
    chosen = parser.parse_args().parts or list(PARTS)
    unknown = set(chosen) - PARTS.keys()
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    print(described())
    for name in chosen:
        title, run = PARTS[name]
        begun, load_before = time.monotonic(), load()
        print(f"\n## {name}: {title}\n", flush=True)
        run()
        print(f"\n{time.monotonic() - begun:.0f} s; load average {load_before} before, {load()} after", flush=True)


if __name__ == "__main__":
    main()
