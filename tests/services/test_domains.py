"""Domains: one for each name, one of each kind for a pool, whoever is at it."""

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.pool_domain import ONE_IS_ENOUGH, TAKEN, CustomDomain, PoolDomain
from tests.services.test_races import ROUNDS, at_once
from tests.services.world import World, rows

CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/1"
CONFIG = CustomDomain(CERTIFICATE, "TLS_V1_2_2021")


@pytest.fixture
def other_pool(world: World) -> str:
    return world.services.pools.create(PoolSpec(name="other")).id


def test_domain_comes_back_as_it_was_made(world: World) -> None:
    made = world.services.domains.create(world.pool.id, "auth.shop.example", managed_login_version=2, config=CONFIG)

    assert world.services.domains.find("auth.shop.example") == made
    assert (made.pool_id, made.custom, made.config, made.managed_login_version) == (world.pool.id, True, CONFIG, 2)
    assert world.services.domains.find("shop") is None


def test_pool_takes_its_domains_along(world: World, engine: sa.Engine, other_pool: str) -> None:
    world.services.domains.create(other_pool, "shop")
    world.services.domains.create(other_pool, "auth.shop.example", config=CONFIG)

    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.execute(sa.text("DELETE FROM authz_pools WHERE id = :id"), {"id": other_pool})

    assert rows(engine, "authz_domains") == 0
    assert world.services.domains.create(world.pool.id, "shop").pool_id == world.pool.id


@pytest.mark.attack("R16")
@pytest.mark.parametrize("domain, config", [("shop", None), ("auth.shop.example", CONFIG)])
def test_one_of_two_pools_gets_a_domain(
    world: World, other_pool: str, domain: str, config: CustomDomain | None
) -> None:
    for _ in range(ROUNDS):
        outcomes = at_once(
            [
                lambda pool_id=pool_id: world.services.domains.create(pool_id, domain, config=config)
                for pool_id in (world.pool.id, other_pool)
            ]
        )
        won, lost = sorted(outcomes, key=lambda each: isinstance(each, InvalidParameter))
        assert isinstance(won, PoolDomain)
        assert isinstance(lost, InvalidParameter)
        assert lost.message == TAKEN
        assert world.services.domains.find(domain) == won
        world.services.domains.delete(won.pool_id, domain)


@pytest.mark.attack("R16")
def test_one_of_many_domains_becomes_the_pools(world: World) -> None:
    for round_ in range(ROUNDS):
        names = [f"shop-{round_}-{number}" for number in range(4)]
        outcomes = at_once([lambda name=name: world.services.domains.create(world.pool.id, name) for name in names])

        [won] = [each for each in outcomes if isinstance(each, PoolDomain)]
        assert {each.message for each in outcomes if isinstance(each, InvalidParameter)} == {ONE_IS_ENOUGH}
        assert [name for name in names if world.services.domains.find(name)] == [won.domain]
        world.services.domains.delete(world.pool.id, won.domain)


def test_two_updates_at_once_lose_nothing_without_saying_so(world: World) -> None:
    world.services.domains.create(world.pool.id, "auth.shop.example", config=CONFIG)
    update = world.services.domains.update
    newer = CustomDomain(CERTIFICATE.replace("/1", "/2"))

    outcomes = at_once(
        [
            lambda: update(world.pool.id, "auth.shop.example", managed_login_version=2),
            lambda: update(world.pool.id, "auth.shop.example", config=newer),
        ]
    )

    after = world.services.domains.find("auth.shop.example")
    assert after is not None
    expected = [isinstance(each, PoolDomain) for each in outcomes]
    assert [after.managed_login_version == 2, after.config == newer] == expected
    assert any(expected)
