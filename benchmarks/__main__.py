"""``python -m benchmarks [PART]...``: what ``--help`` names; all parts without a name, a quarter of an hour."""

import argparse
import time

from benchmarks import app_clients, direct, existence, figures, growth, guard, served, sign_ins
from benchmarks.machine import described, load

PARTS = {
    "direct": ("CPU and SQL of direct WSGI calls", direct.run),
    "guard": ("a guarded view of the host beside a bare one", guard.run),
    "growth": ("small against large tables", growth.run),
    "clients": ("app clients by the JSON API, in small and large pools", app_clients.run),
    "signins": ("sign-ins by the JSON API, and what their tokens are used for", sign_ins.run),
    "existence": ("whether time tells who exists", existence.run),
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
