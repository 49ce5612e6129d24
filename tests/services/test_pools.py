"""User pools: create, replace, delete, and what goes with them."""

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import ConcurrentModification, InvalidParameter, ResourceNotFound
from app_client_authz.domain.pool import PoolSpec, SchemaAttribute
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.services.registry import Services
from app_client_authz.storage.unit import Unit
from tests.services.world import BASE, World, claims, header, rotation, rows
from tests.support.clock import MovableClock

KEPT = ("authz_canary", "authz_alembic_version")


def test_pool_comes_back_as_it_was_made(world: World) -> None:
    assert world.services.pools.describe(world.pool.id) == world.pool
    assert world.services.pools.all() == [world.pool]


def test_new_pool_signs_with_two_different_keys(world: World) -> None:
    ring = world.services.keys.ring(world.pool.id)

    assert set(ring.signing) == {"id", "access"}
    assert ring.signing["id"].kid != ring.signing["access"].kid


def test_pool_id_begins_with_the_region_unless_it_is_given(world: World) -> None:
    assert world.pool.id.startswith("us-east-1_")

    again = world.services.pools.create(PoolSpec(name="moved"), pool_id="eu-west-1_AbCdEf123")

    assert world.services.pools.describe("eu-west-1_AbCdEf123") == again


def test_taken_pool_id_is_refused_and_changes_nothing(world: World) -> None:
    with pytest.raises(InvalidParameter):
        world.services.pools.create(PoolSpec(name="other"), pool_id=world.pool.id)

    assert world.services.pools.describe(world.pool.id).name == "customers"
    assert len(world.services.keys.of_pool(world.pool.id)) == 2


@pytest.mark.parametrize("operation", ["describe", "delete", "forget_sessions"])
def test_unknown_pool_is_not_found(services: Services, operation: str) -> None:
    with pytest.raises(ResourceNotFound, match="User pool us-east-1_Unknown does not exist"):
        getattr(services.pools, operation)("us-east-1_Unknown")


def test_update_replaces_and_moves_the_version(world: World, clock: MovableClock) -> None:
    clock.advance(60)
    after = world.services.pools.replace(world.pool.id, PoolSpec(name="clients"))

    assert world.services.pools.describe(world.pool.id) == after
    assert (after.name, after.version, after.updated_at) == ("clients", world.pool.version + 1, clock())
    assert after.created_at == world.pool.created_at


def test_custom_attributes_stay_for_good(world: World) -> None:
    world.services.pools.add_custom_attributes(world.pool.id, [SchemaAttribute("team")])
    world.services.pools.replace(world.pool.id, PoolSpec(name="clients"))

    assert "custom:team" in world.services.pools.describe(world.pool.id).schema


def test_update_between_read_and_write_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from app_client_authz.storage.pools import Pools

    replace = Pools.replace

    def overtaken(self: Pools, pool: object, expected: int) -> bool:
        return replace(self, pool, expected - 1)  # type: ignore[arg-type]

    monkeypatch.setattr(Pools, "replace", overtaken)
    with pytest.raises(ConcurrentModification):
        world.services.pools.replace(world.pool.id, PoolSpec(name="clients"))

    assert world.services.pools.describe(world.pool.id).name == "customers"


def test_tier_that_lacks_rotation_is_refused_while_a_client_rotates(world: World) -> None:
    world.client(**rotation())

    with pytest.raises(Exception, match="Refresh Token Rotation"):
        world.services.pools.replace(world.pool.id, PoolSpec(name="customers", tier="LITE"))


def test_protected_pool_is_not_deleted(world: World) -> None:
    world.services.pools.replace(world.pool.id, PoolSpec(name="customers", deletion_protection="ACTIVE"))

    with pytest.raises(InvalidParameter, match="deletion protection"):
        world.services.pools.delete(world.pool.id)


def test_delete_leaves_no_row_of_the_pool(world: World, engine: sa.Engine) -> None:
    world.services.resource_servers.create(
        ResourceServer.create(
            pool_id=world.pool.id,
            identifier="orders",
            name="Orders",
            scopes=(ResourceServerScope("read", "Read orders"),),
        )
    )
    client, kim = world.client(), world.user()
    world.tokens(client, kim)
    world.services.pools.delete(world.pool.id)

    tables = [name for name in sa.inspect(engine).get_table_names() if name not in KEPT]
    assert {name: rows(engine, name) for name in tables} == dict.fromkeys(tables, 0)


@pytest.mark.attack("R10")
def test_pool_made_anew_under_its_id_signs_with_its_own_keys(world: World) -> None:
    """The process that served the old pool must not go on with what it kept of it."""
    old = world.tokens(world.client(), world.user())
    world.services.pools.delete(world.pool.id)
    world.services.pools.create(PoolSpec(name="again"), pool_id=world.pool.id)
    new = world.tokens(world.client(), world.user())

    published = {key.kid for key in world.services.keys.of_pool(world.pool.id)}
    assert header(new.access_token)["kid"] in published
    assert header(old.access_token)["kid"] not in published
    assert claims(new.access_token)["iss"] == f"{BASE}/{world.pool.id}"


def test_user_count_counts_the_pools_users_only(world: World) -> None:
    other = World(world.services, world.clock, world.services.pools.create(PoolSpec(name="other")))
    world.user("ada")
    world.user("bob")
    other.user("ada")

    assert world.services.pools.user_count(world.pool.id) == 2


@pytest.mark.attack("R23")
def test_work_that_raises_leaves_nothing_behind(world: World) -> None:
    def half(unit: Unit) -> None:
        unit.pools.delete(world.pool.id)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.services.pools._units.write(half)

    assert world.services.pools.describe(world.pool.id) == world.pool
