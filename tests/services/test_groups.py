"""Groups and who is in them."""

from operator import attrgetter

import pytest

from app_client_authz.domain.errors import GroupExists, InvalidParameter, ResourceNotFound, UserNotFound
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import Group, User
from tests.services.world import World, claims
from tests.support.clock import MovableClock
from tests.support.cost import cost_on, sqlite_plan

ROLE = "arn:aws:iam::123456789012:role/{}"


def group(world: World, name: str, precedence: int | None = None, role: str | None = None) -> Group:
    return Group(world.pool.id, name, f"The {name}", ROLE.format(role) if role else None, precedence)


def members(world: World, name: str) -> list[str]:
    return sorted(user.username for user in world.services.groups.members(world.pool.id, name))


@pytest.fixture
def staff(world: World) -> Group:
    return world.services.groups.create(group(world, "staff"))


def test_group_comes_back_as_it_was_made(world: World, staff: Group, clock: MovableClock) -> None:
    assert world.services.groups.page(world.pool.id) == [staff]
    assert world.services.groups.describe(world.pool.id, "staff") == staff
    assert members(world, "staff") == []
    assert (staff.created_at, staff.updated_at) == (clock(), clock())


def test_same_name_is_refused(world: World, staff: Group) -> None:
    with pytest.raises(GroupExists, match=r"A group with the name already exists\."):
        world.services.groups.create(group(world, "staff", 3))
    assert world.services.groups.page(world.pool.id) == [staff]


def test_groups_are_listed_page_by_page_in_the_order_of_their_names(world: World) -> None:
    made = [world.services.groups.create(group(world, name)) for name in ("e", "a", "d", "b", "c")]
    first = world.services.groups.page(world.pool.id, limit=2)
    rest = world.services.groups.page(world.pool.id, after=first[-1].name)

    assert (len(first), [*first, *rest]) == (2, sorted(made, key=attrgetter("name")))


def test_update_keeps_what_is_not_given_and_the_members(
    world: World, staff: Group, kim: User, clock: MovableClock
) -> None:
    world.services.groups.add_member(world.pool.id, "staff", "kim")
    clock.advance(5)
    after = world.services.groups.update(world.pool.id, "staff", {"precedence": 7})

    assert world.services.groups.describe(world.pool.id, "staff") == after
    assert (after.description, after.precedence) == ("The staff", 7)
    assert (after.created_at, after.updated_at) == (staff.created_at, clock())
    assert members(world, "staff") == ["kim"]
    assert world.services.groups.update(world.pool.id, "staff", {"description": None}).description is None


def test_update_of_nothing_is_no_change(world: World, staff: Group, clock: MovableClock) -> None:
    clock.advance(5)
    assert world.services.groups.update(world.pool.id, "staff", {}) == staff
    assert world.services.groups.describe(world.pool.id, "staff") == staff


def test_wrong_update_changes_nothing(world: World, staff: Group) -> None:
    with pytest.raises(InvalidParameter):
        world.services.groups.update(world.pool.id, "staff", {"precedence": 3, "role_arn": "admin"})
    assert world.services.groups.describe(world.pool.id, "staff") == staff


def test_membership_is_the_same_given_twice_and_gone_taken_once(world: World, staff: Group, kim: User) -> None:
    groups, pool_id = world.services.groups, world.pool.id
    groups.add_member(pool_id, "staff", "KIM")
    groups.add_member(pool_id, "staff", kim.sub)
    assert members(world, "staff") == ["kim"]
    assert [each.name for each in world.services.users.describe(pool_id, "kim").groups] == ["staff"]
    assert groups.of_user(pool_id, "kim") == [staff]

    groups.remove_member(pool_id, "staff", "kim")
    groups.remove_member(pool_id, "staff", "kim")
    assert members(world, "staff") == []
    assert groups.of_user(pool_id, "kim") == []


def test_members_and_groups_of_a_user_are_listed_page_by_page(world: World) -> None:
    groups, pool_id = world.services.groups, world.pool.id
    made = [groups.create(group(world, name)) for name in ("c", "a", "b")]
    people = [world.user(name) for name in ("kim", "ada", "bob")]
    for each in made:
        for user in people:
            groups.add_member(pool_id, each.name, user.username)

    first = groups.members(pool_id, "a", limit=2)
    rest = groups.members(pool_id, "a", after=first[-1].sub, limit=2)
    assert [user.sub for user in (*first, *rest)] == sorted(user.sub for user in people)
    assert (len(first), first[0].attributes) == (2, {"email": f"{first[0].username}@example.com"})

    mine = groups.of_user(pool_id, "kim", limit=2)
    assert [each.name for each in mine] == ["a", "b"]
    assert groups.of_user(pool_id, "kim", after="b") == [made[0]]


def test_unknown_names_are_not_found(world: World, staff: Group, kim: User) -> None:
    groups, pool_id = world.services.groups, world.pool.id
    for operation in (groups.add_member, groups.remove_member):
        with pytest.raises(UserNotFound):
            operation(pool_id, "nothing", "nobody")
    with pytest.raises(UserNotFound):
        groups.of_user(pool_id, "nobody")
    with pytest.raises(ResourceNotFound, match=r"Group not found\."):
        groups.add_member(pool_id, "nothing", "kim")
    for operation_of_group in (groups.describe, groups.delete, groups.members):
        with pytest.raises(ResourceNotFound, match=r"Group not found\."):
            operation_of_group(pool_id, "nothing")
    for changes in ({}, {"precedence": 1}):
        with pytest.raises(ResourceNotFound, match=r"Group not found\."):
            groups.update(pool_id, "nothing", changes)  # type: ignore[arg-type]
    groups.remove_member(pool_id, "nothing", "kim")


def test_unknown_pool_is_not_found(world: World) -> None:
    groups, nowhere = world.services.groups, "us-east-1_Unknown"
    for refused in (
        lambda: groups.create(Group(nowhere, "staff")),
        lambda: groups.describe(nowhere, "staff"),
        lambda: groups.page(nowhere),
        lambda: groups.update(nowhere, "staff", {}),
        lambda: groups.delete(nowhere, "staff"),
        lambda: groups.members(nowhere, "staff"),
        lambda: groups.add_member(nowhere, "staff", "kim"),
        lambda: groups.of_user(nowhere, "kim"),
    ):
        with pytest.raises(ResourceNotFound, match=r"User pool us-east-1_Unknown does not exist\."):
            refused()


def test_deleted_group_and_deleted_user_leave_no_membership(world: World, staff: Group, kim: User) -> None:
    groups, pool_id = world.services.groups, world.pool.id
    groups.add_member(pool_id, "staff", "kim")
    world.user("ada")
    groups.add_member(pool_id, "staff", "ada")
    world.services.users.delete(pool_id, "ada")
    assert members(world, "staff") == ["kim"]

    groups.delete(pool_id, "staff")
    assert world.services.users.describe(pool_id, "kim").groups == ()
    assert groups.create(group(world, "staff")).name == "staff"
    assert members(world, "staff") == []


def test_every_page_is_read_in_the_order_of_an_index(sqlite_world: World) -> None:
    groups, pool_id, engine = sqlite_world.services.groups, sqlite_world.pool.id, sqlite_world.services.engine
    groups.create(group(sqlite_world, "staff"))
    sqlite_world.user("kim")
    with cost_on(engine) as cost:
        groups.page(pool_id, after="a", limit=2)
        groups.members(pool_id, "staff", after="a", limit=2)
        groups.of_user(pool_id, "kim", after="a", limit=2)

    plan = sqlite_plan(engine, cost)
    assert len(plan) >= 6
    assert all(step.startswith("SEARCH") for step in plan), plan


def test_refresh_sees_groups_as_they_are_now(world: World, client: Registration, kim: User) -> None:
    groups, pool_id = world.services.groups, world.pool.id
    for made in (group(world, "b-team", 5, "five"), group(world, "a-team", 1, "one"), group(world, "rest")):
        groups.create(made)
        groups.add_member(pool_id, made.name, "kim")
    tokens = world.tokens(client, world.services.users.describe(pool_id, "kim"))

    assert claims(tokens.access_token)["cognito:groups"] == ["a-team", "b-team", "rest"]
    assert claims(tokens.id_token)["cognito:preferred_role"] == ROLE.format("one")
    assert claims(tokens.id_token)["cognito:roles"] == [ROLE.format("one"), ROLE.format("five")]

    groups.remove_member(pool_id, "a-team", "kim")
    again = world.refresh(client, tokens)
    assert claims(again.access_token)["cognito:groups"] == ["b-team", "rest"]
    assert claims(again.id_token)["cognito:preferred_role"] == ROLE.format("five")
