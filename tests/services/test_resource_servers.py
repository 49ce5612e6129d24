"""Resource servers, and the scopes that are kept in the process."""

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import InvalidParameter, InvalidScope, LimitExceeded, ResourceNotFound
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.services import resource_servers
from tests.services.test_races import ROUNDS, at_once
from tests.services.world import BASE, World, services_over


def orders(world: World, *names: str, identifier: str = "orders") -> ResourceServer:
    scopes = tuple(ResourceServerScope(name, f"To {name}") for name in names)
    return ResourceServer.create(pool_id=world.pool.id, identifier=identifier, name="Orders", scopes=scopes)


@pytest.fixture
def machine(world: World) -> Registration:
    world.services.resource_servers.create(orders(world, "read", "write"))
    return world.client(
        allowed_oauth_flows=("client_credentials",),
        allowed_oauth_scopes=("orders/read", "orders/write"),
        callback_urls=None,
    )


def test_resource_server_comes_back_as_it_was_made(world: World) -> None:
    made = world.services.resource_servers.create(orders(world, "read"))

    assert world.services.resource_servers.describe(world.pool.id, "orders") == made
    assert world.services.resource_servers.of_pool(world.pool.id) == [made]


def test_same_identifier_is_refused(world: World) -> None:
    made = world.services.resource_servers.create(orders(world, "read"))

    with pytest.raises(InvalidParameter, match="already exists"):
        world.services.resource_servers.create(orders(world))
    assert world.services.resource_servers.of_pool(world.pool.id) == [made]


def test_pool_has_25_resource_servers_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_servers, "MAX_PER_POOL", 1)
    world.services.resource_servers.create(orders(world))

    with pytest.raises(LimitExceeded):
        world.services.resource_servers.create(orders(world, identifier="invoices"))


def test_unknown_resource_server_is_not_found(world: World) -> None:
    service = world.services.resource_servers
    with pytest.raises(ResourceNotFound):
        service.describe(world.pool.id, "orders")
    with pytest.raises(ResourceNotFound):
        service.replace(orders(world, "read"))
    with pytest.raises(ResourceNotFound):
        service.delete(world.pool.id, "orders")


@pytest.mark.attack("R16")
def test_one_of_many_gets_an_identifier(world: World) -> None:
    for number in range(ROUNDS):
        server = orders(world, "read", identifier=f"api-{number}")
        outcomes = at_once([lambda server=server: world.services.resource_servers.create(server)] * 4)

        assert outcomes.count(server) == 1
        refused = {each.message for each in outcomes if isinstance(each, InvalidParameter)}
        assert refused == {f"api-{number} already exists in user pool {world.pool.id}."}


def test_many_at_once_do_not_exceed_the_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_servers, "MAX_PER_POOL", 2)
    servers = [orders(world, identifier=f"api-{number}") for number in range(4)]

    outcomes = at_once([lambda server=server: world.services.resource_servers.create(server) for server in servers])

    assert sum(isinstance(each, LimitExceeded) for each in outcomes) == 2
    assert len(world.services.resource_servers.of_pool(world.pool.id)) == 2


def test_pages_go_on_behind_what_was_seen(world: World) -> None:
    identifiers = ["B", "a-1", "a-2", "https://api.example/v1", "z"]
    for identifier in identifiers:
        world.services.resource_servers.create(orders(world, identifier=identifier))

    seen: list[str] = []
    while page := world.services.resource_servers.page(world.pool.id, after=seen[-1] if seen else "", limit=2):
        assert len(page) <= 2
        seen += [server.identifier for server in page]

    assert sorted(seen) == sorted(identifiers)
    assert seen == [server.identifier for server in world.services.resource_servers.of_pool(world.pool.id)]


def test_every_change_moves_the_version_of_the_pool(world: World) -> None:
    versions = [world.pool.version]
    for change in (
        lambda: world.services.resource_servers.create(orders(world, "read")),
        lambda: world.services.resource_servers.replace(orders(world, "write")),
        lambda: world.services.resource_servers.delete(world.pool.id, "orders"),
    ):
        change()
        versions.append(world.services.pools.describe(world.pool.id).version)

    assert versions == [versions[0] + step for step in range(4)]


@pytest.mark.attack("R18")
def test_scope_that_is_gone_is_no_longer_granted_by_any_worker(
    world: World, machine: Registration, engine: sa.Engine
) -> None:
    """What a process kept of a pool's scopes holds only as long as the pool's version stands."""
    other_worker = services_over(engine, world.clock)

    def granted(scope: str | None = None) -> tuple[str, ...]:
        registration = other_worker.app_clients.find(machine.client.client_id)
        assert registration is not None
        return other_worker.machine_tokens.client_credentials(registration, scope, BASE).scopes

    assert granted() == ("orders/read", "orders/write")
    world.services.resource_servers.replace(orders(world, "read"))
    assert granted() == ("orders/read",)
    assert granted("orders/read orders/write") == ("orders/read",)
    world.services.resource_servers.delete(world.pool.id, "orders")
    with pytest.raises(InvalidScope):
        granted()
    world.services.resource_servers.create(orders(world, "write"))
    assert granted() == ("orders/write",)
