"""What the operations of app clients cost the database, with few clients in the pool and with ten thousand."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support.aws import ACCESS_KEY, SECRET_KEY, Wire, output
from tests.support.clock import MovableClock
from tests.support.cost import cost_on, sqlite_plan, sqlite_steps
from tests.support.crowd import add_clients
from tests.support.site import CALLBACK, Site, make_site

Json = dict[str, Any]
Ask = Callable[[Site], Json]


@pytest.fixture
def either_site(database_url: str, clock: MovableClock) -> Site:
    """A site with the access key of the tests in its settings, on SQLite and on PostgreSQL."""
    return make_site(database_url, clock, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY})


def web(site: Site) -> Json:
    return {"UserPoolId": site.pool.id, "ClientId": site.web.client_id}


def add_provider(site: Site) -> None:
    details = {"MetadataURL": "https://idp.example/metadata"}
    asked = {"UserPoolId": site.pool.id, "ProviderName": "Corp", "ProviderType": "SAML", "ProviderDetails": details}
    output(Wire(site.app)("CreateIdentityProvider", asked))


def members(site: Site) -> Json:
    """All that a new client can refer to: scopes and providers of its pool."""
    return {
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "orders/read"],
        "CallbackURLs": [CALLBACK],
        "SupportedIdentityProviders": ["COGNITO", "Corp"],
    }


# What is asked, and statements, writes and commits at most. When a client goes, the pool is held, and a look tells
# whether another one needs verifiers of passwords.
OPERATIONS: Mapping[str, tuple[str, Ask, tuple[int, int, int]]] = {
    "describe": ("DescribeUserPoolClient", web, (1, 0, 0)),
    "list": ("ListUserPoolClients", lambda site: {"UserPoolId": site.pool.id}, (1, 0, 0)),
    "create": ("CreateUserPoolClient", lambda site: {"UserPoolId": site.pool.id, "ClientName": "new"}, (2, 1, 1)),
    "create with all": (
        "CreateUserPoolClient",
        lambda site: {"UserPoolId": site.pool.id, "ClientName": "new", "GenerateSecret": True, **members(site)},
        (4, 1, 1),
    ),
    "update": ("UpdateUserPoolClient", web, (3, 1, 1)),
    "update with all": ("UpdateUserPoolClient", lambda site: {**web(site), **members(site)}, (5, 1, 1)),
    "delete": ("DeleteUserPoolClient", web, (3, 1, 1)),
    "add a secret": ("AddUserPoolClientSecret", web, (4, 1, 1)),
    "list secrets": ("ListUserPoolClientSecrets", web, (1, 0, 0)),
    "read the session bound": ("GetUserPoolClientSessionConfiguration", web, (1, 0, 0)),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_statements_writes_and_commits(either_site: Site, name: str) -> None:
    operation, ask, promised = OPERATIONS[name]
    add_provider(either_site)
    wire, asked = Wire(either_site.app), ask(either_site)
    output(wire("DescribeUserPool", {"UserPoolId": either_site.pool.id}))

    with cost_on(either_site.services.engine) as cost:
        output(wire(operation, asked))

    assert cost.figures == promised, str(cost)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_statement_finds_its_rows_by_an_index(site: Site, wire: Wire, name: str) -> None:
    operation, ask, _ = OPERATIONS[name]
    add_provider(site)

    with cost_on(site.services.engine) as cost:
        output(wire(operation, ask(site)))

    plan = sqlite_plan(site.services.engine, cost)
    assert plan
    for detail in plan:
        assert re.match(r"SEARCH \w+ USING (INTEGER )?(COVERING )?(INDEX|PRIMARY KEY)", detail), f"{detail}\n{cost}"


def steps(site: Site, operation: str, asked: Json) -> int:
    wire = Wire(site.app)
    return sqlite_steps(site.services.engine, lambda: output(wire(operation, asked)))


@pytest.mark.parametrize("which", ["the first", "the last"])
def test_a_client_is_described_with_the_same_work_among_ten_and_ten_thousand(site: Site, which: str) -> None:
    def work(crowd: list[str]) -> int:
        client_id = site.web.client_id if which == "the first" else crowd[-1]
        return steps(site, "DescribeUserPoolClient", {"UserPoolId": site.pool.id, "ClientId": client_id})

    few = work(add_clients(site, 10))
    many = work(add_clients(site, 10_000))

    assert few == many


@pytest.mark.parametrize("where", ["at the beginning", "in the middle"])
def test_a_page_is_read_with_the_same_work_among_ten_and_ten_thousand(site: Site, where: str) -> None:
    """Of ten clients each: one more is looked at, to know whether there is another page."""
    tokens = site.services.page_tokens

    def work(after: int) -> int:
        asked = {"UserPoolId": site.pool.id, "MaxResults": 10}
        token = tokens.make(str(after), "ListUserPoolClients", site.pool.id, "")
        return steps(
            site, "ListUserPoolClients", asked if where == "at the beginning" else {**asked, "NextToken": token}
        )

    add_clients(site, 20)
    few = work(after=4)
    add_clients(site, 10_000)
    many = work(after=8_000)

    assert few == many


def test_a_client_is_made_with_the_same_work_as_the_eleventh_and_as_the_last(site: Site) -> None:
    asked = {"UserPoolId": site.pool.id, "ClientName": "new"}

    add_clients(site, 6)
    eleventh = steps(site, "CreateUserPoolClient", asked)
    add_clients(site, 988)
    last = steps(site, "CreateUserPoolClient", asked)

    assert len(site.services.app_clients.all(site.pool.id)) == 1000
    # The index is a level deeper.
    assert last <= eleventh * 1.05
