"""App clients described, listed and made by the JSON API, in a pool with few of them and in one with many."""

import json
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from flask import Flask

from app_client_authz.storage.tables import app_clients
from benchmarks.kinds import AWS_JSON, PREFIX, Request, answer_of, call
from benchmarks.site import Contents, fill, make_app, services_of
from benchmarks.statements import counting
from benchmarks.table import table
from benchmarks.timing import SIGNATURE, Measure, cpu_of, interleaved, signer

ACCESS_KEY, SECRET_KEY = "AKIABENCHMARK0000000", "a secret of the benchmark"
# Enough for a page, and ten times what a pool may have; few, and as many as leave room for a round.
SMALL, LARGE = 100, 10_000
FEW, FULL = 10, 990
ROUNDS, PER_ROUND = 30, 8
BAR, AMBITION = 1.15, 1.05

DESCRIBE, LIST, CREATE = "DescribeUserPoolClient", "ListUserPoolClients, 60", "CreateUserPoolClient"
# Of CPU in S, as far as there are any; SQL at most.
TARGETS = {DESCRIBE: ("0.9 / 0.5", "2/0/0"), LIST: ("1.5 / 0.9", "2/0/0"), CREATE: ("", "4/1/1")}
SIZES = {DESCRIBE: (SMALL, LARGE), LIST: (SMALL, LARGE), CREATE: (FEW, FULL)}


def run() -> None:
    """CPU and SQL of each operation in a small pool and in a large one: the ratio should be one."""
    with TemporaryDirectory() as root:
        pools = {size: _Pool(Path(root) / str(size), size) for size in (FEW, SMALL, FULL, LARGE)}
        sign = signer()
        measures: list[tuple[str, Measure]] = [(SIGNATURE, lambda: sign(PER_ROUND))]
        for name, sizes in SIZES.items():
            for size in sizes:
                measure = partial(pools[size].cpu, name)
                measure()
                measures.append((f"{name} {size}", measure))
        found = interleaved(measures, ROUNDS)
        sql = {name: pools[sizes[0]].sql(name) for name, sizes in SIZES.items()}
    unit, rows = found[SIGNATURE], []
    for name, (few, many) in SIZES.items():
        small, large = found[f"{name} {few}"], found[f"{name} {many}"]
        targets, sql_at_most = TARGETS[name]
        rows.append(
            (
                name,
                f"{1000 * small.best:.2f}",
                f"{small.best / unit.best:.2f}",
                targets,
                sql[name],
                sql_at_most,
                f"{few} → {many:,}",
                f"{large.best / small.best:.2f}",
                f"{large.median / small.median:.2f}",
                f"{BAR} / {AMBITION}",
            )
        )
    head = (
        *("operation", "best, ms", "best, S", "bar / ambition, S", "SQL", "SQL at most"),
        *("clients", "ratio of bests", "of medians", "bar / ambition"),
    )
    print(f"S = {1000 * unit.best:.3f} ms in the best of {ROUNDS} rounds\n")
    print(table(head, rows))


class _Pool:
    """A site whose pool has that many clients."""

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir()
        self._app: Flask = make_app(folder, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY})
        self._contents: Contents = fill(self._app, folder)
        self._engine = services_of(self._app).engine
        self._size = size
        self._fill()

    def cpu(self, name: str) -> float:
        """CPU seconds of the middle one of some calls; signing is the caller's, and not in it."""
        requests = [self._request(name) for _ in range(PER_ROUND)]
        seconds = median(cpu_of(partial(call, self._app, request.environ())) for request in requests)
        self._forget_new()
        return seconds

    def sql(self, name: str) -> str:
        request = self._request(name)
        with counting(self._engine) as count:
            answer_of(self._app, request)
        self._forget_new()
        return str(count)

    def _request(self, name: str) -> Request:
        pool = {"UserPoolId": self._contents.pool_id}
        if name == DESCRIBE:
            return signed("DescribeUserPoolClient", {**pool, "ClientId": self._contents.web.client_id})
        if name == LIST:
            return signed("ListUserPoolClients", {**pool, "MaxResults": 60})
        return signed("CreateUserPoolClient", {**pool, "ClientName": "new", "GenerateSecret": True})

    def _fill(self) -> None:
        with self._engine.begin() as connection:
            known = connection.execute(sa.select(app_clients).order_by(app_clients.c.number)).mappings().all()
            connection.execute(
                sa.insert(app_clients),
                [
                    {**known[-1], "client_id": f"copy{number}", "number": number}
                    for number in range(len(known) + 1, self._size + 1)
                ],
            )

    def _forget_new(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.delete(app_clients).where(app_clients.c.number > self._size))


def signed(operation: str, members: dict[str, Any]) -> Request:
    """A call of an operation as boto3 would send it now."""
    body = json.dumps(members).encode()
    headers = {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}"}
    request = AWSRequest("POST", f"http://localhost{PREFIX}/", {"Content-Type": AWS_JSON, **headers}, body)
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "cognito-idp", "us-east-1").add_auth(request)
    sent = {**headers, "X-Amz-Date": request.headers["X-Amz-Date"]}
    return Request("POST", f"{PREFIX}/", request.headers["Authorization"], body, AWS_JSON, sent)
