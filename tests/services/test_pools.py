"""User pools: create, replace, delete, and what goes with them."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import (
    AuthzError,
    ConcurrentModification,
    InvalidParameter,
    ResourceNotFound,
    TierChangeNotAllowed,
)
from app_client_authz.domain.pool import PoolSpec, SchemaAttribute, UserPool
from app_client_authz.domain.pool_domain import CustomDomain, PoolDomain
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.services.registry import Services
from app_client_authz.storage.unit import Unit
from tests.services.test_races import ROUNDS, at_once
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


def test_protected_pool_is_not_deleted(world: World) -> None:
    world.services.pools.replace(world.pool.id, PoolSpec(name="customers", deletion_protection="ACTIVE"))

    with pytest.raises(InvalidParameter, match="deletion protection"):
        world.services.pools.delete(world.pool.id)


@pytest.mark.parametrize("config", [None, CustomDomain("arn:aws:acm:us-east-1:000000000000:certificate/1")])
def test_pool_with_a_domain_is_not_deleted(world: World, config: CustomDomain | None) -> None:
    domain = "shop" if config is None else "auth.shop.example"
    world.services.domains.create(world.pool.id, domain, config=config)

    with pytest.raises(InvalidParameter) as refusal:
        world.services.pools.delete(world.pool.id)

    assert refusal.value.message == (
        "User pool cannot be deleted. It has a domain configured that should be deleted first."
    )
    world.services.domains.delete(world.pool.id, domain)
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


def test_described_pool_comes_with_its_users_and_domains(world: World) -> None:
    world.user("ada")
    world.services.domains.create(world.pool.id, "shop")

    described = world.services.pools.described(world.pool.id)

    assert described.pool == world.pool
    assert described.users == 1
    assert [domain.domain for domain in described.domains] == ["shop"]


def test_pages_go_through_the_pools_in_the_order_of_their_ids(world: World) -> None:
    expected = sorted([world.pool.id, *(world.services.pools.create(PoolSpec(name="more")).id for _ in range(4))])

    first = world.services.pools.page(limit=3)
    second = world.services.pools.page(after=first[-1].id, limit=3)

    assert [pool.id for pool in (*first, *second)] == expected
    assert world.services.pools.page(after=expected[-1], limit=3) == []


# --- the tier LITE ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use, features",
    [
        (lambda world: world.client(**rotation()), "Refresh Token Rotation"),
        (lambda world: world.client(explicit_auth_flows=("ALLOW_USER_AUTH",)), "Passwordless Sign-In"),
        (
            lambda world: world.services.domains.create(world.pool.id, "shop", managed_login_version=2),
            "Managed Login Version 2",
        ),
        (
            lambda world: world.services.pool_settings.set_sessions(world.pool.id, tracking="ENABLED", per_user=1),
            "User Session Tracking",
        ),
    ],
    ids=["rotation", "choice of factors", "managed login", "sessions"],
)
def test_tier_that_lacks_what_is_in_use_is_refused(world: World, use: Callable[[World], object], features: str) -> None:
    use(world)
    before = world.services.pools.describe(world.pool.id)

    with pytest.raises(TierChangeNotAllowed) as refusal:
        world.services.pools.replace(world.pool.id, PoolSpec(name="customers", tier="LITE"))

    assert refusal.value.message == (
        f"The following features need to be disabled for the LITE pricing tier configured: {features}"
    )
    assert world.services.pools.describe(world.pool.id) == before


# --- whoever else is at it --------------------------------------------------------------------------


def test_attributes_added_at_once_are_all_there(world: World) -> None:
    names = [f"a{number}" for number in range(6)]
    add = world.services.pools.add_custom_attributes
    outcomes = at_once([lambda name=name: add(world.pool.id, [SchemaAttribute(name)]) for name in names])

    assert all(isinstance(outcome, UserPool) for outcome in outcomes)
    schema = world.services.pools.describe(world.pool.id).schema
    assert {f"custom:{name}" for name in names} <= set(schema)


def test_one_of_two_that_add_the_same_attribute_is_told_so(world: World) -> None:
    for number in range(ROUNDS):
        attribute = SchemaAttribute(f"a{number}")
        outcomes = at_once([lambda attribute=attribute: _add(world, attribute)] * 2)
        refused = [outcome for outcome in outcomes if isinstance(outcome, InvalidParameter)]

        assert [each.message for each in refused] == [
            f"custom:a{number}: Existing attribute already has name custom:a{number}."
        ]


def test_updates_at_once_are_whole_and_counted(world: World) -> None:
    specs = [PoolSpec(name=f"pool {number}", tags={"number": str(number)}) for number in range(5)]
    at_once([lambda spec=spec: world.services.pools.replace(world.pool.id, spec) for spec in specs])

    after = world.services.pools.describe(world.pool.id)
    assert after.name == f"pool {after.tags['number']}"
    assert after.version == world.pool.version + len(specs)


def test_update_that_expects_a_version_loses_to_one_that_came_first(world: World) -> None:
    for _ in range(ROUNDS):
        version = world.services.pools.describe(world.pool.id).version
        outcomes = at_once(
            [
                lambda name=name, version=version: world.services.pools.replace(
                    world.pool.id, PoolSpec(name=name), expected_version=version
                )
                for name in ("left", "right")
            ]
        )
        won = [outcome for outcome in outcomes if isinstance(outcome, UserPool)]

        assert len(won) == 1
        assert sum(isinstance(outcome, ConcurrentModification) for outcome in outcomes) == 1
        assert world.services.pools.describe(world.pool.id) == won[0]


def test_pool_is_not_lite_and_rotating_whoever_comes_first(world: World) -> None:
    lite = PoolSpec(name="customers", tier="LITE")
    for _ in range(ROUNDS):
        pool = World(world.services, world.clock, world.services.pools.create(PoolSpec(name="customers")))
        at_once(
            [
                lambda pool=pool: pool.client(**rotation()),
                lambda pool=pool: pool.services.pools.replace(pool.pool.id, lite),
            ]
        )
        rotates = any(client.rotation_enabled for client in world.services.app_clients.all(pool.pool.id))

        assert rotates == (world.services.pools.describe(pool.pool.id).spec.tier == "ESSENTIALS")


@pytest.mark.parametrize(
    "table, make",
    [
        ("authz_app_clients", lambda pool: pool.client()),
        ("authz_domains", lambda pool: pool.services.domains.create(pool.pool.id, "shop")),
        ("authz_users", lambda pool: pool.user()),
    ],
    ids=["client", "domain", "user"],
)
def test_nothing_is_left_of_what_is_made_while_its_pool_is_deleted(
    world: World, engine: sa.Engine, table: str, make: Callable[[World], object]
) -> None:
    for _ in range(ROUNDS):
        pool = World(world.services, world.clock, world.services.pools.create(PoolSpec(name="short-lived")))
        made, deleted = at_once(
            [lambda pool=pool: make(pool), lambda pool=pool: pool.services.pools.delete(pool.pool.id)]
        )

        if isinstance(deleted, InvalidParameter):  # the domain came first, and keeps its pool
            assert isinstance(made, PoolDomain)
            world.services.domains.delete(pool.pool.id, "shop")
            world.services.pools.delete(pool.pool.id)
        else:
            assert deleted is None
            assert not isinstance(made, AuthzError) or isinstance(made, ConcurrentModification | ResourceNotFound)
        assert rows(engine, table) == 0


def _add(world: World, attribute: SchemaAttribute) -> UserPool:
    return world.services.pools.add_custom_attributes(world.pool.id, [attribute])


@pytest.mark.attack("R23")
def test_work_that_raises_leaves_nothing_behind(world: World) -> None:
    def half(unit: Unit) -> None:
        unit.pools.delete(world.pool.id)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.services.pools._units.write(half)

    assert world.services.pools.describe(world.pool.id) == world.pool
