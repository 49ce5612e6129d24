"""Verifiers of passwords: there as long as some app client of the pool could use them, and no longer (SEC-6)."""

from collections.abc import Callable
from functools import partial

import sqlalchemy as sa

from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.errors import AuthzError
from app_client_authz.domain.pool import UserPool
from tests.services.test_races import ROUNDS, at_once
from tests.services.world import PASSWORD, World, web_spec, world_over
from tests.support.clock import MovableClock

BY_PASSWORD = {"explicit_auth_flows": ("ALLOW_USER_PASSWORD_AUTH",)}
NEW = "An0ther-h0rse-battery"


def sealed(engine: sa.Engine, pool: UserPool) -> dict[str, str | None]:
    """Username → sealed verifier."""
    query = sa.text("SELECT username, sealed_srp FROM authz_users WHERE pool_id = :pool ORDER BY username")
    with engine.connect() as connection:
        return {row.username: row.sealed_srp for row in connection.execute(query, {"pool": pool.id})}


def who_has_one(engine: sa.Engine, world: World) -> list[str]:
    return [name for name, verifier in sealed(engine, world.pool).items() if verifier is not None]


def replace(world: World, client_id: str, spec: ClientSpec) -> None:
    world.services.app_clients.replace(world.pool.id, client_id, spec)


def test_a_pool_keeps_verifiers_until_its_first_client_could_not_use_them(world: World, engine: sa.Engine) -> None:
    world.user("kim")
    assert who_has_one(engine, world) == ["kim"]

    world.client(**BY_PASSWORD)
    world.user("lee")
    world.services.users.set_password(world.pool.id, "kim", NEW, permanent=True)

    assert who_has_one(engine, world) == []


def test_the_last_client_that_allows_srp_takes_the_verifiers_along(
    world: World, engine: sa.Engine, clock: MovableClock
) -> None:
    other = world_over(engine, clock)
    other.client()
    other.user("kim")
    world.user("kim")
    first = world.client(explicit_auth_flows=("ALLOW_CUSTOM_AUTH",)).client.client_id
    second = world.client(explicit_auth_flows=("ALLOW_USER_SRP_AUTH",)).client.client_id
    third = world.client(**BY_PASSWORD).client.client_id

    world.services.app_clients.delete(world.pool.id, first)
    replace(world, third, web_spec(**BY_PASSWORD, client_name="renamed"))
    assert who_has_one(engine, world) == ["kim"]

    replace(world, second, web_spec(**BY_PASSWORD))
    assert who_has_one(engine, world) == []
    assert who_has_one(engine, other) == ["kim"]

    replace(world, second, web_spec(explicit_auth_flows=("ALLOW_USER_SRP_AUTH",)))
    world.services.users.set_password(world.pool.id, "kim", NEW, permanent=True)
    assert who_has_one(engine, world) == ["kim"]

    world.services.app_clients.delete(world.pool.id, second)
    assert who_has_one(engine, world) == []


def test_a_missing_verifier_is_made_at_the_next_sign_in_with_the_password(world: World, engine: sa.Engine) -> None:
    by_password = world.client(**BY_PASSWORD).client.client_id
    world.user("kim")
    world.sign_in(world.registration(by_password))
    assert who_has_one(engine, world) == []

    world.client()
    world.sign_in(world.registration(by_password))
    made = sealed(engine, world.pool)
    assert made["kim"] is not None

    world.sign_in(world.registration(by_password))
    assert sealed(engine, world.pool) == made


def test_a_password_that_is_set_while_the_last_client_goes_leaves_no_verifier(world: World, engine: sa.Engine) -> None:
    world.user("kim")
    users, clients, pool_id = world.services.users, world.services.app_clients, world.pool.id
    for number in range(ROUNDS):
        client_id = world.client().client.client_id
        tasks: list[Callable[[], object]] = [
            lambda: users.set_password(pool_id, "kim", NEW, permanent=True),
            partial(users.create, pool_id, f"new{number}", {}, password=PASSWORD, permanent=True),
            partial(clients.delete, pool_id, client_id),
        ]
        assert all(not isinstance(outcome, AuthzError) for outcome in at_once(tasks))

        assert who_has_one(engine, world) == []
