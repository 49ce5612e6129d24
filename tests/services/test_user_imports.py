"""Users who come from elsewhere: brought in once, however often and by how many that is done."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import AliasExists, AuthzError, UsernameExists
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.user import Group, UserStatus
from app_client_authz.domain.user_entry import UserEntry
from app_client_authz.services.user_imports import BATCH, PlannedUser
from tests.services.world import PASSWORD, World, rows, services_over, world_over
from tests.support.clock import MovableClock

SUB = "0b0e2f8c-58b1-7c1e-9a55-3d3e5b0f4a11"


def bring(world: World, *entries: UserEntry) -> list[PlannedUser]:
    imports = world.services.user_imports
    planned = [imports.plan(world.pool, entry) for entry in entries]
    imports.add(world.pool, [each for each in planned if each.before is None])
    for each in planned:
        if each.before is not None:
            imports.change(each)
    return planned


@pytest.mark.parametrize(
    "said, becomes",
    [
        (None, UserStatus.RESET_REQUIRED),
        (UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED),
        (UserStatus.RESET_REQUIRED, UserStatus.RESET_REQUIRED),
        (UserStatus.FORCE_CHANGE_PASSWORD, UserStatus.FORCE_CHANGE_PASSWORD),
        (UserStatus.UNCONFIRMED, UserStatus.UNCONFIRMED),
        (UserStatus.EXTERNAL_PROVIDER, UserStatus.EXTERNAL_PROVIDER),
        (UserStatus.ARCHIVED, UserStatus.ARCHIVED),
    ],
)
def test_without_a_password_nobody_is_confirmed(world: World, said: UserStatus | None, becomes: UserStatus) -> None:
    bring(world, UserEntry(name="kim", status=said))
    assert world.services.users.describe(world.pool.id, "kim").status == becomes


def test_who_signs_in_without_a_password_is_confirmed(engine: sa.Engine, clock: MovableClock) -> None:
    world = world_over(
        engine, clock, spec=PoolSpec(name="passwordless", allowed_first_auth_factors=("PASSWORD", "EMAIL_OTP"))
    )
    verified = {"email": "kim@example.com", "email_verified": "true"}
    bring(world, UserEntry(name="kim", attributes=verified), UserEntry(name="lee", attributes={"email": "l@b.example"}))
    statuses = [world.services.users.describe(world.pool.id, name).status for name in ("kim", "lee")]
    assert statuses == [UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED]


def test_a_temporary_password_expires_as_one_that_an_administrator_set(world: World) -> None:
    bring(world, UserEntry(name="kim", temporary_password=PASSWORD))
    registration = world.client()
    world.challenge(registration)
    world.clock.advance(world.pool.password_policy.temporary_password_seconds + 1)
    with pytest.raises(AuthzError, match="Temporary password has expired"):
        world.challenge(registration)


def test_more_than_a_batch_comes_in_and_comes_in_once(world: World, engine: sa.Engine) -> None:
    world.services.groups.create(Group(world.pool.id, "staff"))
    entries = [UserEntry(name=f"user{number:04}", groups=("staff",)) for number in range(2 * BATCH + 1)]
    bring(world, *entries)
    assert rows(engine, "authz_users") == rows(engine, "authz_group_members") == len(entries)
    again = bring(world, *entries[:3])
    assert not any(each.changes_something for each in again)


def test_of_a_batch_with_an_error_nobody_comes_in_and_the_name_is_told(world: World, engine: sa.Engine) -> None:
    imports = world.services.user_imports
    planned = [imports.plan(world.pool, UserEntry(name=name)) for name in ("ann", "kim", "zoe")]
    world.user("kim")
    with pytest.raises(UsernameExists, match=r"^kim: "):
        imports.add(world.pool, planned)
    assert rows(engine, "authz_users") == 1


def test_an_address_that_another_user_has_is_refused(engine: sa.Engine, clock: MovableClock) -> None:
    world = world_over(engine, clock, spec=PoolSpec(name="aliases", alias_attributes=("email",)))
    verified = {"email": "kim@example.com", "email_verified": "true"}
    bring(world, UserEntry(name="kim", attributes=verified))
    with pytest.raises(AliasExists, match=r"^lee: "):
        bring(world, UserEntry(name="lee", attributes=verified))


def test_a_sub_of_another_pool_is_refused(world: World, engine: sa.Engine) -> None:
    bring(world, UserEntry(name="kim", sub=SUB))
    other = world.services.pools.create(PoolSpec(name="another"))
    planned = world.services.user_imports.plan(other, UserEntry(name="kim", sub=SUB))
    with pytest.raises(UsernameExists, match=f"kim: The sub {SUB} is another user's."):
        world.services.user_imports.add(other, [planned])
    assert rows(engine, "authz_users") == 1


def test_a_planned_new_user_is_not_changed(world: World) -> None:
    planned = world.services.user_imports.plan(world.pool, UserEntry(name="kim"))
    with pytest.raises(ValueError, match="added"):
        world.services.user_imports.change(planned)


def test_no_password_stands_in_a_repr(world: World) -> None:
    planned = world.services.user_imports.plan(world.pool, UserEntry(name="kim", password=PASSWORD))
    assert PASSWORD not in repr(planned)


@pytest.mark.attack("R24")
def test_of_many_imports_at_once_each_user_comes_in_once(world: World, engine: sa.Engine, clock: MovableClock) -> None:
    workers = [services_over(engine, clock) for _ in range(4)]
    names = [f"user{number}" for number in range(10)]

    def run(number: int) -> int:
        imports = workers[number % len(workers)].user_imports
        done = 0
        for name in names:
            planned = imports.plan(world.pool, UserEntry(name=name))
            if planned.before is None:
                try:
                    imports.add(world.pool, [planned])
                except AuthzError:
                    continue
                done += 1
        return done

    with ThreadPoolExecutor(8) as threads:
        added = sum(threads.map(run, range(8)))

    assert added == len(names) == rows(engine, "authz_users")
    assert rows(engine, "authz_user_names") == len(names)
