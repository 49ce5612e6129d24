"""Direct WSGI calls in one process, no socket: the steadiest timing there is."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from flask import Flask

from app_client_authz.crypto.hashing import PasswordHasher
from benchmarks.kinds import Kind, Request, call, kinds
from benchmarks.site import PASSWORD, Contents, fill, make_app, services_of, units_of
from benchmarks.statements import counting
from benchmarks.table import table
from benchmarks.timing import SIGNATURE, Measure, Rounds, cpu_of, interleaved, signer

ROUNDS = 50
PER_ROUND = 12
WARM_UP = 20
BARE = "a view of Flask's that does nothing"
SIGN_IN = "password sign-in less its hash"
HASH = "hash"
# The difference of a sign-in and a hash is nothing but noise when the hash takes 30 ms.
CHEAP_HASH = {"AUTHZ_PASSWORD_HASH_MEMORY_KIB": 8, "AUTHZ_PASSWORD_HASH_TIME_COST": 1}


def run() -> None:
    """CPU and SQL of each kind of request, beside the targets."""
    with TemporaryDirectory() as folder:
        app = make_app(Path(folder), **CHEAP_HASH)
        contents = fill(app, Path(folder))
        services = services_of(app)
        listed = kinds(app, units_of(services), contents, services.clock())
        for kind in listed:
            cpu_per_request(app, kind, WARM_UP)()
        sign, sign_in = signer(), _sign_in(app, contents)
        measures: list[tuple[str, Measure]] = [
            (SIGNATURE, lambda: sign(PER_ROUND)),
            (BARE, _bare_view()),
            *((kind.name, cpu_per_request(app, kind, PER_ROUND)) for kind in listed),
            (SIGN_IN, lambda: median(cpu_of(sign_in) for _ in range(PER_ROUND))),
            (HASH, _cheap_hash()),
        ]
        found = interleaved(measures, ROUNDS)
        sql = {kind.name: _sql_of(app, kind.make(1)) for kind in listed}
        with counting(services.engine) as count:
            sign_in()
        sql[SIGN_IN] = str(count)
    unit = found[SIGNATURE]
    print(f"S = {1000 * unit.best:.3f} ms in the best of {ROUNDS} rounds, {1000 * unit.median:.3f} ms in the median\n")
    found[SIGN_IN] = Rounds(
        [both - alone for both, alone in zip(found[SIGN_IN].seconds, found[HASH].seconds, strict=True)]
    )
    print(_table(listed, found, sql))


def cpu_per_request(app: Flask, kind: Kind, count: int) -> Measure:
    """CPU seconds of the middle one of that many requests; what they need is prepared outside of it."""

    def measure() -> float:
        return _cpu_of_calls(app, kind.make(count))

    return measure


def _cpu_of_calls(app: Flask, requests: Iterable[Request]) -> float:
    environs = [request.environ() for request in requests]
    return median(cpu_of(partial(call, app, environ)) for environ in environs)


def _bare_view() -> Measure:
    """What the framework alone costs here: the part of every figure that is not ours."""
    app = Flask("bare")
    app.config["SECRET_KEY"] = "as in any app with a session"
    app.add_url_rule("/", view_func=lambda: "")
    request = Request("GET", "/")
    return lambda: _cpu_of_calls(app, [request] * PER_ROUND)


def _sign_in(app: Flask, contents: Contents) -> Callable[[], object]:
    services = services_of(app)
    registration = services.app_clients.find(contents.web.client_id)
    assert registration is not None
    return lambda: services.authentication.sign_in(registration, "kim", PASSWORD, session_seconds=300)


def _cheap_hash() -> Measure:
    hasher = PasswordHasher(memory_kib=8, time_cost=1, parallelism=1, slots=None)
    stored = hasher.hash(PASSWORD)
    return lambda: median(cpu_of(partial(hasher.verify, stored, PASSWORD)) for _ in range(PER_ROUND))


def _sql_of(app: Flask, requests: Iterable[Request]) -> str:
    """Statements/writes/commits of the requests, in a process that has answered some before."""
    with counting(services_of(app).engine) as count:
        for request in requests:
            call(app, request.environ())
    return str(count)


def _table(listed: list[Kind], found: dict[str, Rounds], sql: dict[str, str]) -> str:
    unit = found[SIGNATURE]

    def row(name: str, targets: str = "", sql_at_most: str = "") -> tuple[str, ...]:
        rounds = found[name]
        in_units = f"{rounds.best / unit.best:.2f}", f"{rounds.median / unit.median:.2f}"
        return name, f"{1000 * rounds.best:.2f}", *in_units, targets, sql.get(name, ""), sql_at_most

    rows = [row(kind.name, f"{kind.bar} / {kind.ambition}", kind.sql) for kind in listed]
    head = "kind", "best, ms", "best, S", "median, S", "bar / ambition, S", "SQL", "SQL at most"
    return table(head, [*rows, row(SIGN_IN), row(BARE)])
