"""Administrators at the same user or group in the same moment, on SQLite and PostgreSQL."""

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import AliasExists, ResourceNotFound, UsernameExists, UserNotFound
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.user import Group, User, UserStatus
from tests.services.test_races import ROUNDS, at_once
from tests.services.world import PASSWORD, World, rows, world_over
from tests.support.clock import MovableClock

Tasks = Sequence[Callable[[], object]]


def kinds(tasks: Tasks) -> Counter[type]:
    return Counter(type(outcome) for outcome in at_once(tasks))


@pytest.mark.attack("R16")
def test_one_of_two_creates_a_user(world: World, engine: sa.Engine) -> None:
    invite = world.services.invitations.create
    for number in range(ROUNDS):
        tasks = [lambda name=name: invite(world.pool.id, name, {}) for name in (f"kim{number}", f"KIM{number}")]
        assert kinds(tasks) == {User: 1, UsernameExists: 1}
    assert rows(engine, "authz_users") == rows(engine, "authz_user_names") == ROUNDS


@pytest.mark.attack("R16")
@pytest.mark.parametrize("flags, refusal", [({}, UsernameExists), ({"email_verified": "true"}, AliasExists)])
def test_one_of_two_gets_an_address_as_username(
    engine: sa.Engine, clock: MovableClock, flags: dict[str, str], refusal: type
) -> None:
    world = world_over(engine, clock, spec=PoolSpec(name="addresses", username_attributes=("email",)))
    invite = world.services.invitations.create
    for number in range(ROUNDS):
        names = (f"kim{number}@example.com", f"Kim{number}@Example.com")
        assert kinds([lambda name=name: invite(world.pool.id, name, flags) for name in names]) == {User: 1, refusal: 1}
    assert rows(engine, "authz_users") == ROUNDS


@pytest.mark.attack("R16")
def test_an_alias_that_two_take_over_ends_with_one(engine: sa.Engine, clock: MovableClock) -> None:
    world = world_over(engine, clock, spec=PoolSpec(name="aliases", alias_attributes=("email",)))
    given = {"email": "kim@example.com", "email_verified": "true"}
    world.user("kim", **given)
    for number in range(ROUNDS):
        at_once(
            [
                lambda name=name: world.services.invitations.create(world.pool.id, name, given, takes_aliases=True)
                for name in (f"ada{number}", f"bob{number}")
            ]
        )
        people = [user for _, user in world.services.user_lists.page(world.pool.id)]
        owner = [user for user in people if user.attributes["email_verified"] == "true"]
        assert [world.services.users.describe(world.pool.id, "kim@example.com").sub] == [user.sub for user in owner]


def test_parallel_changes_of_one_user_all_count(world: World, kim: User) -> None:
    users, pool_id = world.services.users, world.pool.id
    names = ("name", "nickname", "given_name", "family_name")
    for number in range(ROUNDS):
        value = f"K{number}"
        tasks: list[Callable[[], object]] = [
            lambda name=name, value=value: users.update_attributes(pool_id, "kim", {name: value})  # type: ignore[misc]
            for name in names
        ]
        assert kinds([*tasks, lambda: users.sign_out(pool_id, "kim")]) == {User: 4, type(None): 1}
        found = users.describe(pool_id, "kim").attributes
        assert {name: found[name] for name in names} == dict.fromkeys(names, value)


def test_change_of_a_user_who_is_deleted_comes_before_or_never(world: World, engine: sa.Engine) -> None:
    users, pool_id = world.services.users, world.pool.id
    for _ in range(ROUNDS):
        world.user("kim")
        outcomes = at_once(
            [
                lambda: users.update_attributes(pool_id, "kim", {"name": "Kim"}),
                lambda: users.delete(pool_id, "kim"),
                lambda: users.set_password(pool_id, "kim", PASSWORD, permanent=False),
                lambda: users.disable(pool_id, "kim"),
            ]
        )
        refused = {type(outcome) for outcome in outcomes if isinstance(outcome, Exception)}
        assert refused <= {UserNotFound}, outcomes
        assert outcomes[1] is None
        assert rows(engine, "authz_users") == rows(engine, "authz_user_names") == 0


def test_member_of_a_group_that_is_deleted_is_in_none(world: World, engine: sa.Engine, kim: User) -> None:
    groups, pool_id = world.services.groups, world.pool.id
    for _ in range(ROUNDS):
        groups.create(Group(pool_id, "staff"))
        outcomes = at_once(
            [lambda: groups.add_member(pool_id, "staff", "kim"), lambda: groups.delete(pool_id, "staff")]
        )
        assert outcomes[1] is None
        assert outcomes[0] is None or (
            isinstance(outcomes[0], ResourceNotFound) and outcomes[0].message == "Group not found."
        )
        assert rows(engine, "authz_group_members") == rows(engine, "authz_groups") == 0


def test_deleted_user_is_in_no_group(world: World, engine: sa.Engine) -> None:
    groups, pool_id = world.services.groups, world.pool.id
    groups.create(Group(pool_id, "staff"))
    for _ in range(ROUNDS):
        world.user("kim")
        tasks: Tasks = [
            lambda: groups.add_member(pool_id, "staff", "kim"),
            lambda: world.services.users.delete(pool_id, "kim"),
        ]
        assert set(kinds(tasks)) <= {type(None), UserNotFound}
        assert rows(engine, "authz_group_members") == rows(engine, "authz_users") == 0


def test_parallel_updates_of_one_group_all_count(world: World) -> None:
    groups, pool_id = world.services.groups, world.pool.id
    groups.create(Group(pool_id, "staff"))
    for number in range(ROUNDS):
        at_once(
            [
                lambda number=number: groups.update(pool_id, "staff", {"precedence": number}),
                lambda number=number: groups.update(pool_id, "staff", {"description": f"No. {number}"}),
            ]
        )
        found = groups.describe(pool_id, "staff")
        assert (found.precedence, found.description) == (number, f"No. {number}")


def test_resent_invitation_never_reopens_a_user_who_chose_a_password(world: World) -> None:
    """Either the invitation came first, or the user has a password already."""
    users, pool_id, client = world.services.users, world.pool.id, world.client()
    answer = world.services.authentication.answer_new_password
    for number in range(ROUNDS):
        name = f"kim{number}"
        users.create(pool_id, name, {}, password=PASSWORD)
        session = world.challenge(client, name).session
        chosen = f"Chosen-h0rse-{number}"
        first, _ = at_once(
            [
                lambda session=session, chosen=chosen: answer(client, session, chosen, {}),
                lambda name=name: world.services.invitations.resend(pool_id, name, mediums=[]),
            ]
        )
        confirmed = users.describe(pool_id, name).status == UserStatus.CONFIRMED
        assert confirmed == isinstance(first, User)
