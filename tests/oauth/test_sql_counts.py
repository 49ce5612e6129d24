"""What each request costs the database, and that growing tables do not add to it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.domain.user import Group
from app_client_authz.storage import tables
from tests.support.aws import Wire
from tests.support.back_channel import exchange, refresh, revoke, token, userinfo
from tests.support.clock import MovableClock
from tests.support.cost import cost_on, sqlite_plan, sqlite_steps
from tests.support.site import CALLBACK, PASSWORD, PREFIX, SIGNED_OUT, USERNAME, Site, make_site
from tests.support.srp import SrpClient

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


def authorize_request(site: Site) -> Ask:
    browser = site.browse(signed_in=True)
    return lambda: browser.get(site.authorize_url(site.web))


def login_page_request(site: Site) -> Ask:
    browser = site.browse(signed_in=True)
    return lambda: browser.get(login_url(site))


def sign_in_request(site: Site) -> Ask:
    browser = site.browse(signed_in=True)
    browser.get(login_url(site))
    remembered = browser.get_cookie("XSRF-TOKEN", path=PREFIX)
    assert remembered is not None
    form = {"username": USERNAME, "password": PASSWORD, "_csrf": remembered.value}
    return lambda: browser.post(login_url(site), data=form)


def revocation_request(site: Site) -> Ask:
    unused = [site.tokens(site.web)["refresh_token"] for _ in range(2)]
    return lambda: revoke(site, site.web, unused.pop())


def logout_request(site: Site) -> Ask:
    signed_in = [site.browse(signed_in=True) for _ in range(2)]
    query = {"client_id": site.web.client_id, "logout_uri": SIGNED_OUT}
    return lambda: signed_in.pop().get(f"{PREFIX}/logout", query_string=query)


API_FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")


def api_sign_in(site: Site) -> tuple[Callable[..., TestResponse], Callable[[], TestResponse]]:
    """``call(operation, …)`` of the JSON API by a client of its own, and a sign-in by password."""
    client, wire = site.client(explicit_auth_flows=API_FLOWS), Wire(site.app)

    def call(operation: str, **members: object) -> TestResponse:
        named = {} if operation == "GetUser" else {"ClientId": client.client_id}
        return wire(operation, named | members, signed=False)

    given = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    return call, lambda: call("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)


def password_auth_request(site: Site) -> Ask:
    return api_sign_in(site)[1]


def srp_auth_request(site: Site) -> Ask:
    call, _ = api_sign_in(site)

    def both_messages() -> TestResponse:
        user = SrpClient(site.pool.id, PASSWORD)
        given = {"USERNAME": USERNAME, "SRP_A": user.a}
        challenge = call("InitiateAuth", AuthFlow="USER_SRP_AUTH", AuthParameters=given)
        responses = user.responses(json.loads(challenge.data)["ChallengeParameters"], now=site.clock())
        return call("RespondToAuthChallenge", ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=responses)

    return both_messages


def refresh_auth_request(site: Site) -> Ask:
    call, sign_in = api_sign_in(site)
    given = {"REFRESH_TOKEN": json.loads(sign_in().data)["AuthenticationResult"]["RefreshToken"]}
    return lambda: call("InitiateAuth", AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=given)


def get_user_request(site: Site) -> Ask:
    call, sign_in = api_sign_in(site)
    access_token = json.loads(sign_in().data)["AuthenticationResult"]["AccessToken"]
    return lambda: call("GetUser", AccessToken=access_token)


def login_url(site: Site) -> str:
    return site.authorize_url(site.web).replace("/oauth2/authorize?", "/login?")


@dataclass(frozen=True)
class Kind:
    """A request that succeeds, where its redirect leads if it is one, and the figures promised for it if any are."""

    prepare: Callable[[Site], Ask]
    promised: tuple[int, int, int] | None = None
    leads_to: str | None = None

    def assert_success(self, answer: TestResponse) -> None:
        # A refused sign-in redirects too, but to another place.
        assert answer.status_code == (200 if self.leads_to is None else 302), answer.text
        assert answer.headers.get("Location", "").startswith(self.leads_to or "")


KINDS = {
    "client_credentials": Kind(machine_request, (1, 0, 0)),
    "refresh": Kind(refresh_request, (2, 0, 0)),
    "refresh, rotated": Kind(rotation_request, (5, 3, 1)),
    "code": Kind(code_request, (6, 3, 1)),
    "userinfo": Kind(userinfo_request, (1, 0, 0)),
    "jwks": Kind(jwks_request, (0, 0, 0)),
    "discovery": Kind(discovery_request, (0, 0, 0)),
    "authorize, signed in": Kind(authorize_request, leads_to=f"{CALLBACK}?code="),
    "login page": Kind(login_page_request),
    "sign-in": Kind(sign_in_request, leads_to=f"{CALLBACK}?code="),
    "revocation": Kind(revocation_request),
    "logout": Kind(logout_request, leads_to=SIGNED_OUT),
    # Three commits: the attempt is counted before the password is looked at (LCK-3), settled, and the session opened.
    "USER_PASSWORD_AUTH": Kind(password_auth_request, (9, 5, 3)),
    "USER_SRP_AUTH": Kind(srp_auth_request, (14, 6, 4)),
    "REFRESH_TOKEN_AUTH": Kind(refresh_auth_request, (2, 0, 0)),
    "GetUser": Kind(get_user_request, (1, 0, 0)),
}
PROMISED = [name for name, kind in KINDS.items() if kind.promised is not None]
WITH_STATEMENTS = [name for name, kind in KINDS.items() if kind.promised != (0, 0, 0)]


def in_groups(site: Site) -> Site:
    for name in ("a", "b", "c"):
        site.services.groups.create(Group(site.pool.id, name))
        site.services.groups.add_member(site.pool.id, name, "kim")
    return site


def warmed(site: Site, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The request, sent once already; what the process keeps stays kept however slow the test is."""
    monkeypatch.setattr("app_client_authz.services.keys.RING_SECONDS", 3600.0)
    monkeypatch.setattr("app_client_authz.oauth.views.RING_SECONDS", 3600.0)
    ask = kind.prepare(site)
    kind.assert_success(ask())
    return ask


@pytest.mark.parametrize("name", PROMISED)
def test_a_warm_request_costs_no_more_statements_writes_and_commits_than_promised(
    database_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    site, kind = in_groups(make_site(database_url, clock)), KINDS[name]
    ask = warmed(site, kind, monkeypatch)
    with cost_on(site.services.engine) as cost:
        answer = ask()
    kind.assert_success(answer)
    assert cost.figures == kind.promised, str(cost)


def test_the_tally_sees_reads_writes_and_commits(database_url: str, clock: MovableClock) -> None:
    site = make_site(database_url, clock)
    with cost_on(site.services.engine) as cost:
        site.services.app_clients.describe(site.pool.id, site.web.client_id)
        site.services.users.sign_out(site.pool.id, "kim")
    statements, writes, commits = cost.figures
    assert statements > writes > 0
    assert commits == 1


@pytest.mark.parametrize("name", WITH_STATEMENTS)
def test_every_statement_of_a_request_finds_its_rows_by_an_index(
    sqlite_url_migrated: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    site, kind = in_groups(make_site(sqlite_url_migrated, clock)), KINDS[name]
    ask = warmed(site, kind, monkeypatch)
    with cost_on(site.services.engine) as cost:
        kind.assert_success(ask())
    plan = sqlite_plan(site.services.engine, cost)
    assert plan
    for detail in plan:
        assert re.match(r"SEARCH \w+ USING (COVERING )?(INDEX|PRIMARY KEY)", detail), f"{detail}\n{cost}"


@pytest.mark.parametrize("name", WITH_STATEMENTS)
def test_a_request_does_the_same_work_when_the_tables_are_a_hundred_times_larger(
    sqlite_url_migrated: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    site, kind = in_groups(make_site(sqlite_url_migrated, clock)), KINDS[name]
    warmed(site, kind, monkeypatch)
    small = _steps(site, kind)
    # So that no table is empty.
    site.tokens(site.web)
    KINDS["sign-in"].assert_success(sign_in_request(site)())
    before = site.row_counts()
    _grow(site)
    after = site.row_counts()
    for table, _ in COPIED:
        assert after[table.name] > 100 * before[table.name] > 0
    large = _steps(site, kind)
    assert large <= small * 1.05, f"{small} steps before, {large} after"


def _steps(site: Site, kind: Kind) -> int:
    """Steps of SQLite's virtual machine during the request."""
    ask = kind.prepare(site)
    return sqlite_steps(site.services.engine, lambda: kind.assert_success(ask()))


COPIED = (
    (tables.app_clients, ("client_id", "number")),
    (tables.users, ("sub", "username_key")),
    (tables.user_names, ("name_key",)),
    (tables.token_sessions, ("id",)),
    (tables.refresh_tokens, ("digest",)),
    (tables.codes, ("digest",)),
    (tables.sso_sessions, ("digest",)),
    (tables.attempts, ("account",)),
)


def _grow(site: Site) -> None:
    """A hundred more of each row that requests look among, in the same pool and of the same user."""
    with site.services.engine.begin() as connection:
        for table, unique in COPIED:
            known = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            more = [row | {name: _another(row[name], copy) for name in unique} for row in known for copy in range(100)]
            connection.execute(sa.insert(table), more)


def _another(value: str | bytes | int, copy: int) -> str | bytes | int:
    if isinstance(value, int):
        return 1000 * (copy + 1) + value
    if isinstance(value, bytes):
        # Another beginning too: the end of one in 600 random values is a copy's number already.
        return bytes([value[0] ^ 0xFF]) + value[1:-2] + copy.to_bytes(2, "big")
    return f"{value[:32]}-{copy:03}"
