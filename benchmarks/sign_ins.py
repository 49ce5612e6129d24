"""Sign-ins by the JSON API: what they cost beside the hash, how many there are in a second, and the memory of many."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from flask import Flask

from app_client_authz.crypto.hashing import PasswordHasher
from benchmarks.direct import CHEAP_HASH
from benchmarks.figures import child
from benchmarks.kinds import Request, answer_of, call, public
from benchmarks.site import PASSWORD, Contents, fill, make_app, services_of
from benchmarks.statements import counting
from benchmarks.table import table
from benchmarks.timing import SIGNATURE, Measure, Rounds, cpu_of, interleaved, signer
from tests.support.srp import SrpClient

ROUNDS, PER_ROUND = 40, 8
SECONDS, RATE_ROUNDS = 2.0, 7
CROWD, HASH_MIB = 64, 19
PASSWORD_FLOW, SRP_FLOW = "USER_PASSWORD_AUTH less its hash", "USER_SRP_AUTH, both messages"
REFRESH, GET_USER, HASH = "REFRESH_TOKEN_AUTH", "GetUser", "hash"
# Of CPU in S, as far as there are any; SQL at most.
TARGETS = {
    PASSWORD_FLOW: ("4.5 / 3.5", "4/2/1"),
    SRP_FLOW: ("", ""),
    REFRESH: ("3.5 / 2.8", "2/0/0"),
    GET_USER: ("0.95 / 0.6", "2/0/0"),
}


def run() -> None:
    """Three tables: one request, many in a second, many at once."""
    with TemporaryDirectory() as folder:
        print(_direct(Path(folder)), flush=True)
    with TemporaryDirectory() as folder:
        app = make_app(Path(folder))
        contents = fill(app, Path(folder))
        print(f"\n{_rates(app, contents)}", flush=True)
        for number in range(CROWD):
            name, permanent = f"user{number}", True
            services_of(app).users.create(contents.pool_id, name, {}, password=PASSWORD, permanent=permanent)
        crowd = child("crowd", folder)
    slots = os.cpu_count() or 1
    bound = f"{slots} hashes at once, {slots * HASH_MIB} MiB"
    row = f"{CROWD} sign-ins at once", f"{crowd['mib']:.0f} MiB", bound, f"{crowd['let_in']:.0f}"
    print(f"\n{table(('memory', 'more than for one', 'bound', 'let in'), [row])}")


def password_request(client_id: str, name: str = "kim") -> Request:
    given = {"USERNAME": name, "PASSWORD": PASSWORD}
    return public("InitiateAuth", ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)


class _Calls:
    """One of each kind of request, with what it needs prepared outside of the measurement."""

    def __init__(self, app: Flask, contents: Contents) -> None:
        self._app, self._client_id, self._pool_id = app, contents.app.client_id, contents.pool_id
        self._tokens = answer_of(app, password_request(self._client_id))["AuthenticationResult"]

    def costs(self, name: str, cost: Callable[[Request], float]) -> float:
        """The sum of ``cost`` over the requests of that kind."""
        if name == SRP_FLOW:
            return self._srp(cost)
        return cost(self._request(name))

    def _request(self, name: str) -> Request:
        if name == PASSWORD_FLOW:
            return password_request(self._client_id)
        if name == GET_USER:
            return public("GetUser", AccessToken=self._tokens["AccessToken"])
        given = {"REFRESH_TOKEN": self._tokens["RefreshToken"]}
        return public("InitiateAuth", ClientId=self._client_id, AuthFlow=REFRESH, AuthParameters=given)

    def _srp(self, cost: Callable[[Request], float]) -> float:
        user = SrpClient(self._pool_id, PASSWORD)
        given, client = {"USERNAME": "kim", "SRP_A": user.a}, {"ClientId": self._client_id}
        first = public("InitiateAuth", **client, AuthFlow="USER_SRP_AUTH", AuthParameters=given)
        # One more challenge than is measured: its parameters are needed to answer.
        responses = user.responses(answer_of(self._app, first)["ChallengeParameters"])
        name = "PASSWORD_VERIFIER"
        second = public("RespondToAuthChallenge", **client, ChallengeName=name, ChallengeResponses=responses)
        return cost(first) + cost(second)


def _direct(folder: Path) -> str:
    app = make_app(folder, **CHEAP_HASH)
    calls, engine = _Calls(app, fill(app, folder)), services_of(app).engine
    hasher = PasswordHasher(memory_kib=8, time_cost=1, parallelism=1, slots=None)
    stored, sign = hasher.hash(PASSWORD), signer()

    def cpu(request: Request) -> float:
        return cpu_of(partial(call, app, request.environ()))

    def measure(name: str) -> float:
        return median(calls.costs(name, cpu) for _ in range(PER_ROUND))

    for name in TARGETS:
        measure(name)
    measures: list[tuple[str, Measure]] = [
        (SIGNATURE, lambda: sign(PER_ROUND)),
        (HASH, lambda: median(cpu_of(lambda: hasher.verify(stored, PASSWORD)) for _ in range(PER_ROUND))),
        *((name, partial(measure, name)) for name in TARGETS),
    ]
    found = interleaved(measures, ROUNDS)
    pairs = zip(found[PASSWORD_FLOW].seconds, found[HASH].seconds, strict=True)
    found[PASSWORD_FLOW] = Rounds([both - alone for both, alone in pairs])
    unit, rows = found[SIGNATURE], []
    for name, (targets, sql_at_most) in TARGETS.items():
        rounds, sql = found[name], []

        def counted(request: Request, sql: list[str] = sql) -> float:
            with counting(engine) as count:
                call(app, request.environ())
            sql.append(str(count))
            return 0.0

        calls.costs(name, counted)
        in_units = f"{rounds.best / unit.best:.2f}", f"{rounds.median / unit.median:.2f}"
        rows.append((name, f"{1000 * rounds.best:.2f}", *in_units, targets, " + ".join(sql), sql_at_most))
    head = "kind", "best, ms", "best, S", "median, S", "bar / ambition, S", "SQL", "SQL at most"
    return f"S = {1000 * unit.best:.3f} ms in the best of {ROUNDS} rounds\n\n{table(head, rows)}"


def _rates(app: Flask, contents: Contents) -> str:
    """As many threads as cores, in one process; the bare hash beside it is as much as could be."""
    threads, hasher = os.cpu_count() or 1, PasswordHasher()
    stored, client_id = hasher.hash(PASSWORD), contents.app.client_id
    work: dict[str, Callable[[], object]] = {
        "the hash alone": lambda: hasher.verify(stored, PASSWORD),
        "USER_PASSWORD_AUTH": lambda: call(app, password_request(client_id).environ()),
    }
    found: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(RATE_ROUNDS):
        for name, once in work.items():
            found[name].append(_rate(once, threads))
    limit = max(found["the hash alone"])
    rows = [
        (name, f"{max(rates):.1f}", f"{median(rates):.1f}", f"{max(rates) / limit:.2f}")
        for name, rates in found.items()
    ]
    head = f"{threads} threads, one process", "best, per second", "median", "÷ the hash alone (aim 0.85)"
    return table(head, rows)


def _rate(once: Callable[[], object], threads: int) -> float:
    """How often in a second."""
    end = time.monotonic() + SECONDS

    def repeat(_: int) -> int:
        count = 0
        while time.monotonic() < end:
            once()
            count += 1
        return count

    begun = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(repeat, range(threads)))
    return done / (time.monotonic() - begun)
