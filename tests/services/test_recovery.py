"""AdminResetUserPassword: what ends, what is sent, what is refused."""

import pytest
import sqlalchemy as sa

from app_client_authz.domain.delivery import CodeDelivery
from app_client_authz.domain.errors import (
    CodeDeliveryFailure,
    ExpiredCode,
    InvalidGrant,
    InvalidParameter,
    NotAuthorized,
    PasswordResetRequired,
    ResourceNotFound,
    UserNotFound,
)
from app_client_authz.domain.message import Medium, MessageKind
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.domain.verification import RESET_PASSWORD
from app_client_authz.services.registry import Services
from app_client_authz.storage.attempts import Account
from tests.services.test_delivery import Recorder, with_sender
from tests.services.test_races import at_once
from tests.services.world import PASSWORD, World, rows, services_over
from tests.support.clock import MovableClock


def verified(world: World, name: str = "kim") -> User:
    return world.user(name, email_verified="true")


def codes(services: Services, user: User) -> list[str]:
    assert services.outbox is not None
    return [each.code for each in services.outbox.of_user(user.pool_id, user.sub)]


def test_the_user_gets_a_code_that_proves_the_reset(world: World) -> None:
    kim = verified(world)

    delivery = world.services.recovery.require_reset(world.pool.id, "kim")

    assert delivery == CodeDelivery("k***@e***", Medium.EMAIL, "email")
    assert world.services.users.describe(world.pool.id, "kim").status == UserStatus.RESET_REQUIRED
    assert world.services.outbox is not None
    (kept,) = world.services.outbox.of_user(world.pool.id, kim.sub)
    assert (kept.kind, kept.destination) == ("reset_password", "kim@example.com")
    assert kept.body == f"Your verification code is {kept.code}."
    proof = world.services.verification_codes.prove(Account(world.pool.id, kim.sub), RESET_PASSWORD, kept.code)
    assert proof.destination == "kim@example.com"


def test_once_more_sends_a_new_code_that_replaces_the_first(world: World) -> None:
    kim = verified(world)
    world.services.recovery.require_reset(world.pool.id, "kim")
    world.services.recovery.require_reset(world.pool.id, "kim")

    newest, first = codes(world.services, kim)
    account = Account(world.pool.id, kim.sub)
    world.services.verification_codes.prove(account, RESET_PASSWORD, newest)
    if first != newest:  # all but once in a million
        with pytest.raises(ExpiredCode):
            world.services.verification_codes.prove(account, RESET_PASSWORD, first)


@pytest.mark.parametrize("prevents", ["LEGACY", "ENABLED"])
def test_nobody_signs_in_as_the_user_any_more(world: World, prevents: str) -> None:
    client = world.client(prevent_user_existence_errors=prevents)
    verified(world)
    world.services.recovery.require_reset(world.pool.id, "kim")

    with pytest.raises(PasswordResetRequired):
        world.sign_in(client, "kim", PASSWORD)


def test_browsers_are_signed_out_and_token_sessions_live_on(
    world: World, engine: sa.Engine, clock: MovableClock
) -> None:
    client = world.client()
    kim = verified(world)
    tokens = world.tokens(client, kim)
    assert rows(engine, "authz_sso_sessions") == 1

    clock.advance(1)
    world.services.recovery.require_reset(world.pool.id, "kim")

    assert rows(engine, "authz_sso_sessions") == 0
    world.refresh(client, tokens)
    world.services.users.sign_out(world.pool.id, "kim")
    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)


def test_a_disabled_user_or_one_without_a_password_of_their_own_is_refused_and_unchanged(
    world: World, engine: sa.Engine
) -> None:
    given = {"email": "kim@example.com", "email_verified": "true"}
    world.services.users.create(world.pool.id, "new", given, password=PASSWORD)
    verified(world, "off")
    world.services.users.disable(world.pool.id, "off")
    world.user("bare")

    with pytest.raises(NotAuthorized, match=r"^User password cannot be reset in the current state\.$"):
        world.services.recovery.require_reset(world.pool.id, "new")
    with pytest.raises(NotAuthorized, match=r"^User is disabled\.$"):
        world.services.recovery.require_reset(world.pool.id, "off")
    with pytest.raises(InvalidParameter, match="no registered/verified email or phone_number"):
        world.services.recovery.require_reset(world.pool.id, "bare")

    assert world.services.users.describe(world.pool.id, "bare").status == UserStatus.CONFIRMED
    assert rows(engine, "authz_verification_codes") == rows(engine, "authz_messages") == 0


def test_users_and_pools_that_are_not_there_are_named(world: World) -> None:
    with pytest.raises(UserNotFound, match=r"^User does not exist\.$"):
        world.services.recovery.require_reset(world.pool.id, "nobody")
    with pytest.raises(ResourceNotFound, match=r"^User pool us-east-1_None00001 does not exist\.$"):
        world.services.recovery.require_reset("us-east-1_None00001", "kim")


def test_a_code_that_could_not_be_sent_leaves_the_reset_in_force(engine: sa.Engine, clock: MovableClock) -> None:
    """What was decided stands, and doing it again sends again."""
    sender = Recorder(Medium.EMAIL)
    world = with_sender(engine, clock, sender)
    verified(world)

    with pytest.raises(CodeDeliveryFailure, match=r"^Unable to deliver code to user$"):
        world.services.recovery.require_reset(world.pool.id, "kim")

    assert world.services.users.describe(world.pool.id, "kim").status == UserStatus.RESET_REQUIRED
    working = Recorder()
    services_over(engine, clock, sender=working).recovery.require_reset(world.pool.id, "kim")
    assert [each.kind for each in working.sent] == [MessageKind.RESET_PASSWORD]


def test_resets_at_once_all_succeed_and_one_code_is_good(world: World, engine: sa.Engine, clock: MovableClock) -> None:
    kim = verified(world)
    workers = [world.services, services_over(engine, clock)]

    outcomes = at_once(
        [lambda worker=workers[number % 2]: worker.recovery.require_reset(kim.pool_id, kim.sub) for number in range(6)]  # type: ignore[misc]
    )

    assert all(isinstance(each, CodeDelivery) for each in outcomes)
    sent = set(codes(world.services, kim))
    good = []
    for code in sent:
        try:
            world.services.verification_codes.prove(Account(kim.pool_id, kim.sub), RESET_PASSWORD, code)
        except ExpiredCode:
            continue
        good.append(code)
    assert len(good) == 1


def test_a_password_that_an_administrator_sets_ends_the_reset_and_its_code(world: World) -> None:
    client, kim = world.client(), verified(world)
    world.services.recovery.require_reset(world.pool.id, "kim")
    (code,) = codes(world.services, kim)

    world.services.users.set_password(world.pool.id, "kim", "An0ther-password", permanent=True)

    assert world.sign_in(client, "kim", "An0ther-password").status == UserStatus.CONFIRMED
    with pytest.raises(ExpiredCode):
        world.services.verification_codes.prove(Account(world.pool.id, kim.sub), RESET_PASSWORD, code)


def test_the_message_goes_out_behind_the_commit(engine: sa.Engine, clock: MovableClock) -> None:
    """Who gets the code can use it at once, from any process."""
    seen: list[str] = []

    class Looking(Recorder):
        def send(self, message: object) -> None:
            user = services_over(engine, clock).users.describe(world.pool.id, "kim")
            seen.append(f"{user.status} {rows(engine, 'authz_verification_codes')}")

    world = with_sender(engine, clock, Looking())
    verified(world)

    world.services.recovery.require_reset(world.pool.id, "kim")

    assert seen == ["RESET_REQUIRED 1"]
