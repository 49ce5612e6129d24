"""Users who are created by an administrator: temporary passwords, and who is told of them."""

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import (
    CodeDeliveryFailure,
    InvalidPassword,
    NotAuthorized,
    TemporaryPasswordExpired,
    UnsupportedUserState,
    UserNotFound,
)
from app_client_authz.domain.message import Message
from app_client_authz.domain.pool import PasswordPolicy, PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import UserStatus
from app_client_authz.services.authentication import NewPasswordRequired
from app_client_authz.services.registry import build
from tests.services.world import PASSWORD, World, world_over
from tests.support.clock import MovableClock

ADDRESSES = {"email": "ada@example.com", "phone_number": "+15550100"}
DAY = 86_400


@pytest.fixture
def world(sqlite_world: World) -> World:
    return sqlite_world


def told(world: World, name: str = "ada") -> list[tuple[str, str]]:
    """Medium and temporary password of every message, the newest first."""
    user, outbox = world.services.users.describe(world.pool.id, name), world.services.outbox
    assert outbox is not None
    return [(str(each.medium), each.code) for each in outbox.of_user(world.pool.id, user.sub)]


def opens(world: World, client: Registration, password: str) -> bool:
    answer = world.services.authentication.sign_in(client, "ada", password, session_seconds=180)
    return isinstance(answer, NewPasswordRequired)


def test_generated_password_is_told_and_opens_the_first_sign_in(world: World, client: Registration) -> None:
    made = world.services.invitations.create(world.pool.id, "ada", ADDRESSES, mediums=["EMAIL"])
    ((medium, password),) = told(world)

    assert (made.status, medium) == (UserStatus.FORCE_CHANGE_PASSWORD, "EMAIL")
    assert opens(world, client, password)


def test_user_without_an_address_is_told_nothing_where_no_medium_is_named(world: World) -> None:
    world.services.invitations.create(world.pool.id, "ada", {}, password=PASSWORD, mediums=None)
    assert told(world) == []


def test_generated_password_fits_the_longest_policy(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    policy = PasswordPolicy(minimum_length=99)
    world = world_over(sqlite_engine, clock, spec=PoolSpec(name="long", password_policy=policy))
    world.services.invitations.create(world.pool.id, "ada", ADDRESSES, mediums=["SMS"])

    assert len(told(world)[0][1]) == 99


def test_user_exists_although_the_message_could_not_be_sent(world: World, client: Registration) -> None:
    class Broken:
        def send(self, message: Message, /) -> None:
            raise OSError("no route to the mail server")

    services = build(world.services.settings, world.services.engine, world.clock, sender=Broken())
    with pytest.raises(CodeDeliveryFailure):
        services.invitations.create(world.pool.id, "ada", ADDRESSES, password=PASSWORD, mediums=["EMAIL"])

    assert opens(world, client, PASSWORD)


def test_resending_replaces_the_password_and_begins_its_time_anew(
    world: World, client: Registration, clock: MovableClock
) -> None:
    invitations, pool_id = world.services.invitations, world.pool.id
    invitations.create(pool_id, "ada", ADDRESSES, password=PASSWORD)
    clock.advance(7 * DAY)
    with pytest.raises(TemporaryPasswordExpired):
        opens(world, client, PASSWORD)
    again = invitations.resend(pool_id, "ada", mediums=["SMS"])

    assert again.temporary_password_until == clock() + 7 * DAY
    assert world.services.users.describe(pool_id, "ada") == again
    ((medium, password),) = told(world)
    assert (medium, opens(world, client, password)) == ("SMS", True)
    with pytest.raises(NotAuthorized):
        opens(world, client, PASSWORD)


def test_resending_tells_a_given_password(world: World, client: Registration) -> None:
    world.services.invitations.create(world.pool.id, "ada", ADDRESSES)
    world.services.invitations.resend(world.pool.id, "ADA", password=PASSWORD, mediums=["EMAIL"])

    assert told(world) == [("EMAIL", PASSWORD)]
    assert opens(world, client, PASSWORD)


def test_only_a_user_who_never_signed_in_is_invited_again(world: World, client: Registration) -> None:
    world.user("ada")
    with pytest.raises(UnsupportedUserState, match=r"^Resend not possible\. Ada status is not FORCE_CHANGE_PASSWORD$"):
        world.services.invitations.resend(world.pool.id, "Ada", mediums=["EMAIL"])
    with pytest.raises(UserNotFound):
        world.services.invitations.resend(world.pool.id, "nobody", mediums=["EMAIL"])

    assert told(world) == []
    assert world.sign_in(client, "ada")


def test_weak_password_is_not_resent(world: World, client: Registration) -> None:
    world.services.invitations.create(world.pool.id, "ada", ADDRESSES, password=PASSWORD)
    with pytest.raises(InvalidPassword):
        world.services.invitations.resend(world.pool.id, "ada", password="weak", mediums=["EMAIL"])

    assert told(world) == []
    assert opens(world, client, PASSWORD)


@pytest.mark.attack("R11")
def test_a_new_user_is_printed_without_the_password(world: World) -> None:
    made = world.services.invitations._new_users.add(world.pool.id, "ada", ADDRESSES, password=PASSWORD)
    assert PASSWORD not in repr(made)


def test_user_of_a_passwordless_pool_needs_a_verified_address_or_a_password(
    sqlite_engine: sa.Engine, clock: MovableClock
) -> None:
    spec = PoolSpec(name="codes", allowed_first_auth_factors=("PASSWORD", "EMAIL_OTP"))
    world = world_over(sqlite_engine, clock, spec=spec)
    verified = {"email": "ada@example.com", "email_verified": "true"}
    create = world.services.invitations.create

    assert create(world.pool.id, "ada", verified, mediums=["EMAIL"]).status == UserStatus.CONFIRMED
    assert told(world) == []
    with pytest.raises(NotAuthorized):
        opens(world, world.client(), "")
    for name, given, password in (("bob", ADDRESSES, None), ("cyd", verified, PASSWORD)):
        made = create(world.pool.id, name, given, password=password, mediums=["EMAIL"])
        assert made.status == UserStatus.FORCE_CHANGE_PASSWORD
        assert len(told(world, name)) == 1
