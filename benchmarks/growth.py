"""The same requests over small and large tables: the ratio should be one."""

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from app_client_authz.crypto import digests
from app_client_authz.domain import ids
from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services.registry import Services
from app_client_authz.storage.unit import Unit, Units
from benchmarks.direct import cpu_per_request
from benchmarks.kinds import Kind, Request, answer_of, client_credentials, exchanges, refreshes, userinfo
from benchmarks.site import (
    MACHINE,
    Contents,
    Credentials,
    add_codes,
    add_token_sessions,
    fill,
    make_app,
    services_of,
    units_of,
)
from benchmarks.table import table
from benchmarks.timing import Measure, interleaved

SMALL, LARGE = 100, 10_000
ROUNDS = 16
PER_ROUND = 12
BAR, AMBITION = 1.15, 1.05


def run() -> None:
    """CPU per request with 100 and with 10,000 clients, users, codes and token sessions."""
    with TemporaryDirectory() as small, TemporaryDirectory() as large:
        measures = {size: _measures(Path(folder), size) for size, folder in ((SMALL, small), (LARGE, large))}
        both = [
            (f"{name} {size}", measure)
            for name in measures[SMALL]
            for size in measures
            for measure in [measures[size][name]]
        ]
        found = interleaved(both, ROUNDS)
    rows = []
    for name in measures[SMALL]:
        few, many = found[f"{name} {SMALL}"], found[f"{name} {LARGE}"]
        rows.append(
            (
                name,
                f"{1000 * few.best:.2f}",
                f"{1000 * many.best:.2f}",
                f"{many.best / few.best:.2f}",
                f"{many.median / few.median:.2f}",
                f"{BAR} / {AMBITION}",
            )
        )
    head = "kind", f"best with {SMALL}, ms", f"best with {LARGE}, ms", "ratio of bests", "of medians", "bar / ambition"
    print(table(head, rows))


def _measures(folder: Path, size: int) -> dict[str, Measure]:
    app = make_app(folder)
    contents = fill(app, folder)
    services = services_of(app)
    units = units_of(services)
    machines = _add_machines(units, services, contents, size)
    subs = _add_users(units, contents, size, services.clock())
    web = contents.web
    tokens = add_token_sessions(units, web.client_id, subs, services.clock())
    codes = add_codes(units, web.client_id, subs, services.clock())
    chosen = random.Random(1).sample(range(size), PER_ROUND)
    some = [tokens[index] for index in chosen]
    random.Random(1).shuffle(codes)

    def fresh_codes(count: int) -> list[Request]:
        if len(codes) < count:
            codes.extend(add_codes(units, web.client_id, subs[:SMALL], services.clock()))
        return exchanges(web, [codes.pop() for _ in range(count)])

    bearers = [answer_of(app, request)["access_token"] for request in refreshes(web, some)]
    return {
        "client_credentials": _measure(app, [client_credentials(machines[index]) for index in chosen]),
        "refresh": _measure(app, refreshes(web, some)),
        "code + PKCE": cpu_per_request(app, Kind("", fresh_codes, 0, 0, ""), PER_ROUND),
        "userInfo": _measure(app, [userinfo(bearer) for bearer in bearers]),
    }


def _measure(app: Flask, requests: Sequence[Request]) -> Measure:
    measure = cpu_per_request(app, Kind("", lambda _count: requests, 0, 0, ""), len(requests))
    measure()
    return measure


def _add_machines(units: Units, services: Services, contents: Contents, count: int) -> list[Credentials]:
    """More than a pool may have through the services, so that they share one key ring."""
    pool = services.pools.describe(contents.pool_id)
    people: list[Credentials] = []

    def add(unit: Unit) -> None:
        for _ in range(count):
            client_id, secret = ids.client_id_from(digests.random_int(128)), ids.secret_from(digests.random_int(256))
            client = AppClient.create(
                MACHINE,
                client_id=client_id,
                pool=pool,
                scopes_available=("orders/read",),
                providers=("COGNITO",),
                now=services.clock(),
                generated_secret=secret,
            )
            unit.app_clients.add(client, {client.secrets[0].secret_id: secret})
            people.append(Credentials(client_id, secret))

    units.write(add)
    return people


def _add_users(units: Units, contents: Contents, count: int, now: float) -> list[str]:
    subs = [ids.sub_from(digests.random_int(128)) for _ in range(count)]

    def add(unit: Unit) -> None:
        for number, sub in enumerate(subs):
            user = User(
                pool_id=contents.pool_id,
                sub=sub,
                username=f"user-{number}",
                status=UserStatus.CONFIRMED,
                enabled=True,
                attributes={"email": f"user-{number}@example.com", "email_verified": "true"},
                created_at=now - 1,
                updated_at=now - 1,
            )
            unit.users.add(user, user.username, {}, None)

    units.write(add)
    return subs
