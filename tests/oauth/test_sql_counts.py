"""What each request costs the database, and that growing tables do not add to it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from werkzeug.test import TestResponse

from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.domain.user import Group
from app_client_authz.storage import tables
from tests.support.back_channel import exchange, refresh, token, userinfo
from tests.support.clock import MovableClock
from tests.support.site import PREFIX, Site, make_site

# What frames a transaction or sets up a connection costs no look-up.
FRAME = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|PRAGMA)\b", re.IGNORECASE)
READING = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)


@dataclass
class Cost:
    """Statements with their parameters, and commits, while the engine was watched."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    commits: int = 0

    @property
    def figures(self) -> tuple[int, int, int]:
        """Statements, writes among them, commits."""
        writes = sum(1 for statement, _ in self.statements if not READING.match(statement))
        return len(self.statements), writes, self.commits


@contextmanager
def cost_on(engine: sa.Engine) -> Iterator[Cost]:
    cost = Cost()

    def executed(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not FRAME.match(statement):
            cost.statements.append((statement, parameters))

    def committed(_connection: Any) -> None:
        cost.commits += 1

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    yield cost
    event.remove(engine, "before_cursor_execute", executed)
    event.remove(engine, "commit", committed)


Ask = Callable[[], TestResponse]


def machine_request(site: Site) -> Ask:
    return lambda: token(site, site.machine, grant_type="client_credentials")


def refresh_request(site: Site) -> Ask:
    refresh_token = site.tokens(site.web)["refresh_token"]
    return lambda: refresh(site, site.web, refresh_token)


def rotation_request(site: Site) -> Ask:
    client = site.client(refresh_token_rotation=RefreshTokenRotation("ENABLED", 0))
    unused = [site.tokens(client)["refresh_token"] for _ in range(2)]
    return lambda: refresh(site, client, unused.pop())


def code_request(site: Site) -> Ask:
    unused = [site.code(site.web) for _ in range(2)]
    return lambda: exchange(site, site.web, unused.pop())


def userinfo_request(site: Site) -> Ask:
    access_token = site.tokens(site.web)["access_token"]
    return lambda: userinfo(site, access_token)


def jwks_request(site: Site) -> Ask:
    return lambda: site.browse().get(f"{PREFIX}/{site.pool.id}/.well-known/jwks.json")


def discovery_request(site: Site) -> Ask:
    return lambda: site.browse().get(f"{PREFIX}/{site.pool.id}/.well-known/openid-configuration")


REQUESTS: dict[str, tuple[Callable[[Site], Ask], tuple[int, int, int]]] = {
    "client_credentials": (machine_request, (1, 0, 0)),
    "refresh": (refresh_request, (2, 0, 0)),
    "refresh, rotated": (rotation_request, (5, 3, 1)),
    "code": (code_request, (6, 3, 1)),
    "userinfo": (userinfo_request, (2, 0, 0)),
    "jwks": (jwks_request, (0, 0, 0)),
    "discovery": (discovery_request, (0, 0, 0)),
}


def in_groups(site: Site) -> Site:
    for name in ("a", "b", "c"):
        site.services.users.create_group(Group(site.pool.id, name))
        site.services.users.add_to_group(site.pool.id, "kim", name)
    return site


def warmed(site: Site, prepare: Callable[[Site], Ask], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The request, sent once already; what the process keeps stays kept however slow the test is."""
    monkeypatch.setattr("app_client_authz.services.keys.RING_SECONDS", 3600.0)
    monkeypatch.setattr("app_client_authz.oauth.views.RING_SECONDS", 3600.0)
    ask = prepare(site)
    assert ask().status_code == 200
    return ask


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_warm_request_costs_no_more_statements_writes_and_commits_than_promised(
    database_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    site = in_groups(make_site(database_url, clock))
    prepare, promised = REQUESTS[kind]
    ask = warmed(site, prepare, monkeypatch)
    with cost_on(site.services.engine) as cost:
        answer = ask()
    assert answer.status_code == 200
    assert cost.figures == promised, "\n".join(statement for statement, _ in cost.statements)


def test_the_tally_sees_reads_writes_and_commits(database_url: str, clock: MovableClock) -> None:
    site = make_site(database_url, clock)
    with cost_on(site.services.engine) as cost:
        site.services.app_clients.describe(site.pool.id, site.web.client_id)
        site.services.users.sign_out(site.pool.id, "kim")
    statements, writes, commits = cost.figures
    assert statements > writes > 0
    assert commits == 1


@pytest.mark.parametrize("kind", [kind for kind, (_, figures) in REQUESTS.items() if figures[0]])
def test_every_statement_of_a_request_finds_its_rows_by_an_index(
    sqlite_url_migrated: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    site = in_groups(make_site(sqlite_url_migrated, clock))
    ask = warmed(site, REQUESTS[kind][0], monkeypatch)
    with cost_on(site.services.engine) as cost:
        assert ask().status_code == 200
    steps = 0
    with site.services.engine.connect() as connection:
        for statement, parameters in cost.statements:
            for *_, detail in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                assert re.match(r"SEARCH \w+ USING (COVERING )?(INDEX|PRIMARY KEY)", detail), f"{detail}\n{statement}"
                steps += 1
    assert steps > 0


@pytest.mark.parametrize("kind", [kind for kind, (_, figures) in REQUESTS.items() if figures[0]])
def test_a_request_does_the_same_work_when_the_tables_are_a_hundred_times_larger(
    sqlite_url_migrated: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    site = in_groups(make_site(sqlite_url_migrated, clock))
    prepare = REQUESTS[kind][0]
    warmed(site, prepare, monkeypatch)
    small = _steps(site, prepare(site))
    site.tokens(site.web)  # so that no table is empty
    before = site.row_counts()
    _grow(site)
    after = site.row_counts()
    for name in ("authz_users", "authz_codes", "authz_token_sessions", "authz_refresh_tokens", "authz_app_clients"):
        assert after[name] > 100 * before[name] > 0
    large = _steps(site, prepare(site))
    assert large <= small * 1.05, f"{small} steps before, {large} after"


def _steps(site: Site, ask: Ask) -> int:
    """Steps of SQLite's virtual machine during the request: each row that is read costs some."""
    engine, steps = site.services.engine, [0]

    def step() -> int:
        steps[0] += 1
        return 0

    def watched(driver: Any, *_: Any) -> None:
        driver.set_progress_handler(step, 1)

    event.listen(engine, "checkout", watched)
    answer = ask()
    event.remove(engine, "checkout", watched)
    assert answer.status_code == 200
    with engine.connect() as connection:
        connection.connection.driver_connection.set_progress_handler(None, 0)
    return steps[0]


def _grow(site: Site) -> None:
    """A hundred more of each row that requests look among, in the same pool and of the same user."""
    copied = (
        (tables.app_clients, ("client_id",)),
        (tables.users, ("sub", "username_key")),
        (tables.token_sessions, ("id",)),
        (tables.refresh_tokens, ("digest",)),
        (tables.codes, ("digest",)),
        (tables.sso_sessions, ("digest",)),
    )
    with site.services.engine.begin() as connection:
        for table, unique in copied:
            known = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            more = [row | {name: _another(row[name], copy) for name in unique} for row in known for copy in range(100)]
            connection.execute(sa.insert(table), more)


def _another(value: str | bytes, copy: int) -> str | bytes:
    return value[:-2] + copy.to_bytes(2, "big") if isinstance(value, bytes) else f"{value[:32]}-{copy:03}"
