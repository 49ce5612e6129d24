"""Groups and who is in them."""

import pytest

from app_client_authz.domain.errors import GroupExists, ResourceNotFound, UserNotFound
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import Group, User
from tests.services.world import World, claims
from tests.support.clock import MovableClock

ROLE = "arn:aws:iam::123456789012:role/{}"


def group(world: World, name: str, precedence: int | None = None, role: str | None = None) -> Group:
    return Group(world.pool.id, name, f"The {name}", ROLE.format(role) if role else None, precedence)


@pytest.fixture
def staff(world: World) -> Group:
    return world.services.users.create_group(group(world, "staff"))


def test_group_comes_back_as_it_was_made(world: World, staff: Group, clock: MovableClock) -> None:
    assert world.services.users.groups(world.pool.id) == [staff]
    assert world.services.users.describe_group(world.pool.id, "staff") == (staff, [])
    assert (staff.created_at, staff.updated_at) == (clock(), clock())


def test_same_name_is_refused(world: World, staff: Group) -> None:
    with pytest.raises(GroupExists, match=r"A group with the name already exists\."):
        world.services.users.create_group(group(world, "staff", 3))
    assert world.services.users.groups(world.pool.id) == [staff]


def test_replace_keeps_the_creation_and_the_members(world: World, staff: Group, kim: User, clock: MovableClock) -> None:
    world.services.users.add_to_group(world.pool.id, "kim", "staff")
    clock.advance(5)
    world.services.users.replace_group(group(world, "staff", 7))
    found, members = world.services.users.describe_group(world.pool.id, "staff")

    assert (found.precedence, found.created_at, found.updated_at) == (7, staff.created_at, clock())
    assert members == ["kim"]


def test_membership_is_the_same_given_twice_and_gone_taken_once(world: World, staff: Group, kim: User) -> None:
    users, pool_id = world.services.users, world.pool.id
    users.add_to_group(pool_id, "KIM", "staff")
    users.add_to_group(pool_id, kim.sub, "staff")
    assert users.describe_group(pool_id, "staff")[1] == ["kim"]
    assert [member.name for member in users.describe(pool_id, "kim").groups] == ["staff"]

    users.remove_from_group(pool_id, "kim", "staff")
    users.remove_from_group(pool_id, "kim", "staff")
    assert users.describe_group(pool_id, "staff")[1] == []


def test_unknown_names_are_not_found(world: World, staff: Group, kim: User) -> None:
    users, pool_id = world.services.users, world.pool.id
    with pytest.raises(UserNotFound):
        users.add_to_group(pool_id, "nobody", "nothing")
    with pytest.raises(ResourceNotFound, match=r"Group not found\."):
        users.add_to_group(pool_id, "kim", "nothing")
    for operation in (users.describe_group, users.delete_group):
        with pytest.raises(ResourceNotFound):
            operation(pool_id, "nothing")
    with pytest.raises(ResourceNotFound):
        users.replace_group(group(world, "nothing"))
    with pytest.raises(ResourceNotFound):
        users.create_group(Group("us-east-1_Unknown", "staff"))


def test_deleted_group_and_deleted_user_leave_no_membership(world: World, staff: Group, kim: User) -> None:
    users, pool_id = world.services.users, world.pool.id
    users.add_to_group(pool_id, "kim", "staff")
    world.user("ada")
    users.add_to_group(pool_id, "ada", "staff")
    users.delete(pool_id, "ada")
    assert users.describe_group(pool_id, "staff")[1] == ["kim"]

    users.delete_group(pool_id, "staff")
    assert users.describe(pool_id, "kim").groups == ()


def test_refresh_sees_groups_as_they_are_now(world: World, client: Registration, kim: User) -> None:
    users, pool_id = world.services.users, world.pool.id
    for made in (group(world, "b-team", 5, "five"), group(world, "a-team", 1, "one"), group(world, "rest")):
        users.create_group(made)
        users.add_to_group(pool_id, "kim", made.name)
    tokens = world.tokens(client, users.describe(pool_id, "kim"))

    assert claims(tokens.access_token)["cognito:groups"] == ["a-team", "b-team", "rest"]
    assert claims(tokens.id_token)["cognito:preferred_role"] == ROLE.format("one")
    assert claims(tokens.id_token)["cognito:roles"] == [ROLE.format("one"), ROLE.format("five")]

    users.remove_from_group(pool_id, "kim", "a-team")
    again = world.refresh(client, tokens)
    assert claims(again.access_token)["cognito:groups"] == ["b-team", "rest"]
    assert claims(again.id_token)["cognito:preferred_role"] == ROLE.format("five")
