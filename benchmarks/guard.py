"""What a guard adds to a view of the host's, in one process and without a socket."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from flask import Flask

from app_client_authz import require_scope
from benchmarks.kinds import Request, answer_of, call, client_credentials, refreshes
from benchmarks.site import Contents, add_token_sessions, fill, make_app, services_of, units_of
from benchmarks.table import table
from benchmarks.timing import SIGNATURE, Measure, cpu_of, interleaved, signer

ROUNDS = 50
PER_ROUND = 12
AIMS = {"revocation checked": 0.35, "signature only": 0.15}
"""Milliseconds of CPU more than the bare view."""

Make = Callable[[], Sequence[str]]


def run() -> None:
    """CPU of a view behind a guard less that of the same view without, beside the aims."""
    with TemporaryDirectory() as folder:
        checked = make_app(Path(folder))
        contents = fill(checked, Path(folder))
        unchecked = make_app(Path(folder), AUTHZ_GUARD_POOLS=[contents.pool_id], AUTHZ_GUARD_CHECKS_REVOCATION=False)
        apps = dict(zip(AIMS, (checked, unchecked), strict=True))
        for app in apps.values():
            _add_views(app)
        machine, user = _machine_token(checked, contents), _user_tokens(checked, contents, 1)[0]
        tokens: dict[str, Make] = {
            "machine": lambda: [machine] * PER_ROUND,
            "user": lambda: [user] * PER_ROUND,
            "user, seen for the first time": lambda: _user_tokens(checked, contents, PER_ROUND),
        }
        sign = signer()
        measures: list[tuple[str, Measure]] = [(SIGNATURE, lambda: sign(PER_ROUND))]
        for whose, make in tokens.items():
            measures.append((whose, _measure(checked, "/bare", make)))
            measures += [(f"{whose}: {name}", _measure(app, "/guarded", make)) for name, app in apps.items()]
        for _, measure in measures:
            measure()
        found = interleaved(measures, ROUNDS)
    unit = found[SIGNATURE].best
    rows = []
    for whose in tokens:
        for name, aim in AIMS.items():
            guarded, bare = found[f"{whose}: {name}"], found[whose]
            best, middle = guarded.best - bare.best, guarded.median - bare.median
            rows.append(
                (f"{whose}: {name}", *(f"{1000 * each:.2f}" for each in (best, middle)), f"{best / unit:.2f}", str(aim))
            )
    print(f"S = {1000 * unit:.3f} ms in the best of {ROUNDS} rounds\n")
    print(table(("token of a", "more, best, ms", "more, median, ms", "more, best, S", "aim, ms"), rows))


def _add_views(app: Flask) -> None:
    app.add_url_rule("/bare", "bare", view_func=lambda: "")
    app.add_url_rule("/guarded", "guarded", view_func=require_scope("orders/read")(lambda: ""))


def _measure(app: Flask, path: str, make: Make) -> Measure:
    def measure() -> float:
        environs = [Request("GET", path, f"Bearer {token}").environ() for token in make()]
        return median(cpu_of(partial(call, app, environ)) for environ in environs)

    return measure


def _user_tokens(app: Flask, contents: Contents, count: int) -> list[str]:
    services = services_of(app)
    subs = [contents.sub] * count
    opened = add_token_sessions(units_of(services), contents.web.client_id, subs, services.clock())
    return [str(answer_of(app, request)["access_token"]) for request in refreshes(contents.web, opened)]


def _machine_token(app: Flask, contents: Contents) -> str:
    return str(answer_of(app, client_credentials(contents.machine))["access_token"])
