"""Messages: what goes to the sender, when, and what becomes of a sender that fails."""

import json
import logging
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import CodeDeliveryFailure
from app_client_authz.domain.message import Medium, Message, MessageKind
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.pool_settings import InviteMessageTemplate
from app_client_authz.services.audit import security_event
from app_client_authz.services.outbox import Outbox
from app_client_authz.services.registry import Services
from app_client_authz.storage.messages import KEPT_PER_USER
from tests.services.world import SEALING_KEY, World, rows, services_over, world_over
from tests.support.clock import MovableClock

PHONE = "+15550009934"
TEMPORARY = "Temp0rary<&horse"


class Recorder:
    """A host's sender; it fails for the media that it is told to."""

    def __init__(self, *fails: Medium) -> None:
        self.sent: list[Message] = []
        self._fails = fails

    def send(self, message: Message) -> None:
        if message.medium in self._fails:
            raise RuntimeError(f"cannot send {message.body}")
        self.sent.append(message)


def with_sender(engine: sa.Engine, clock: MovableClock, sender: Recorder, **spec: Any) -> World:
    services = services_over(engine, clock, sender=sender)
    return World(services, clock, services.pools.create(PoolSpec(name="customers", **spec)))


def test_an_invitation_holds_name_and_temporary_password(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    sender = Recorder()
    world = with_sender(sqlite_engine, clock, sender)
    kim = world.user("kim", phone_number=PHONE)

    world.services.delivery.invite(world.pool, kim, TEMPORARY, ["EMAIL", "SMS", "EMAIL"])

    by_mail, by_sms = sender.sent
    assert (by_mail.kind, by_mail.medium, by_mail.destination) == (
        MessageKind.INVITATION,
        Medium.EMAIL,
        "kim@example.com",
    )
    assert by_mail.body == f"Your username is kim and temporary password is {TEMPORARY}."
    assert by_mail.html == "Your username is kim and temporary password is Temp0rary&lt;&amp;horse."
    assert (by_mail.code, by_mail.username, by_mail.sub, by_mail.pool_id) == (TEMPORARY, "kim", kim.sub, world.pool.id)
    assert (by_sms.medium, by_sms.destination, by_sms.html) == (Medium.SMS, PHONE, None)


def test_an_invitation_speaks_in_the_words_of_the_pool(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    sender = Recorder()
    own = InviteMessageTemplate(email_subject="Hello", email_message="{username}: {####}")
    world = with_sender(sqlite_engine, clock, sender, invitation=own)

    world.services.delivery.invite(world.pool, world.user("kim"), "Temp-1", ["EMAIL"])

    assert [(each.subject, each.body) for each in sender.sent] == [("Hello", "kim: Temp-1")]


def test_users_whose_address_is_their_name_are_called_by_it(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    sender = Recorder()
    world = with_sender(sqlite_engine, clock, sender, username_attributes=("email",))
    kim = world.services.users.create(world.pool.id, "kim@example.com", {})

    world.services.delivery.invite(world.pool, kim, "Temp-1", ["EMAIL"])

    assert sender.sent[0].body.startswith("Your username is kim@example.com and")


def test_a_sender_that_fails_is_a_delivery_failure_without_its_words(
    sqlite_engine: sa.Engine, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[dict[str, object]] = []
    sender = Recorder(Medium.EMAIL)
    world = with_sender(sqlite_engine, clock, sender)
    kim = world.user("kim", phone_number=PHONE)

    with (
        security_event.connected_to(lambda _, **event: told.append(event)),
        caplog.at_level(logging.DEBUG),
        pytest.raises(CodeDeliveryFailure, match=r"^Unable to deliver code to user$") as failed,
    ):
        world.services.delivery.invite(world.pool, kim, TEMPORARY, ["EMAIL", "SMS"])

    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__
    assert TEMPORARY not in caplog.text
    assert "kim@example.com" not in caplog.text
    assert "RuntimeError" in caplog.text
    assert [each.medium for each in sender.sent] == [Medium.SMS]  # the other message went out all the same
    assert [event["event"] for event in told] == ["message_not_sent", "message_sent"]
    assert TEMPORARY not in str(told)


# --- the development sender -----------------------------------------------------------------------


def outbox(services: Services) -> Outbox:
    assert services.outbox is not None
    return services.outbox


def invite(world: World, name: str, password: str = TEMPORARY) -> None:
    kim = world.services.users.describe(world.pool.id, name)
    world.services.delivery.invite(world.pool, kim, password, ["EMAIL"])


def test_the_development_sender_keeps_the_last_messages_of_each_user(world: World, clock: MovableClock) -> None:
    kim, lee = world.user("kim"), world.user("lee")
    invite(world, "lee", "Lee-1")
    for number in range(KEPT_PER_USER + 3):
        invite(world, "kim", f"Kim-{number}")
        clock.advance(1)

    found = outbox(world.services).of_user(world.pool.id, kim.sub)
    assert [each.code for each in found] == [f"Kim-{number}" for number in reversed(range(3, KEPT_PER_USER + 3))]
    assert found[0].sent_at == clock() - 1
    assert found[0].body == f"Your username is kim and temporary password is Kim-{KEPT_PER_USER + 2}."
    assert [each.code for each in outbox(world.services).of_user(world.pool.id, lee.sub)] == ["Lee-1"]


def test_kept_messages_are_sealed_and_shown_by_no_log(
    world: World, engine: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    world.user("kim")

    with caplog.at_level(logging.DEBUG):
        invite(world, "kim")

    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM authz_messages")).one()._mapping
    for shown in (json.dumps(dict(row)), caplog.text, repr(outbox(world.services).of_user(row["pool_id"], row["sub"]))):
        assert "Temp0rary" not in shown
        assert "example.com" not in shown
    assert "k***@e***" in caplog.text
    assert "invitation" in caplog.text
    assert f"flask authz messages --pool {world.pool.id} --username {row['sub']}" in caplog.text


def test_kept_messages_are_gone_after_a_day(world: World, engine: sa.Engine, clock: MovableClock) -> None:
    kim = world.user("kim")
    invite(world, "kim")

    clock.advance(86_399)
    world.services.upkeep.prune()
    assert len(outbox(world.services).of_user(world.pool.id, kim.sub)) == 1
    clock.advance(1)
    assert outbox(world.services).of_user(world.pool.id, kim.sub) == []
    world.services.upkeep.prune()
    assert rows(engine, "authz_messages") == 0


def test_kept_messages_are_resealed_with_everything_else(world: World, engine: sa.Engine, clock: MovableClock) -> None:
    kim = world.user("kim")
    invite(world, "kim", "Old-1")
    new = "another sealing key, which is as long"

    services_over(engine, clock, sealing_keys=(new, SEALING_KEY)).upkeep.reseal()

    later = services_over(engine, clock, sealing_keys=(new,))
    assert [each.code for each in outbox(later).of_user(world.pool.id, kim.sub)] == ["Old-1"]


def test_a_message_whose_key_is_gone_is_passed_over(world: World, engine: sa.Engine, clock: MovableClock) -> None:
    kim = world.user("kim")
    new = "another sealing key, which is as long"
    services_over(engine, clock, sealing_keys=(new, SEALING_KEY)).upkeep.reseal()
    invite(world, "kim", "Old-1")  # by a worker that was not restarted yet
    later = World(services_over(engine, clock, sealing_keys=(new,)), clock, world.pool)
    invite(later, "kim", "New-1")

    assert [each.code for each in outbox(later.services).of_user(world.pool.id, kim.sub)] == ["New-1"]
    later.services.upkeep.reseal()


def test_the_longest_template_in_the_widest_characters_is_kept(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    own = InviteMessageTemplate(email_message="{username} {####}" + "😀" * 19_000)
    world = world_over(sqlite_engine, clock, spec=PoolSpec(name="customers", invitation=own))
    kim = world.user("kim")

    invite(world, "kim")

    (kept,) = outbox(world.services).of_user(world.pool.id, kim.sub)
    assert kept.body.startswith(f"kim {TEMPORARY}😀")


def test_a_site_with_a_sender_keeps_nothing(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    world = with_sender(sqlite_engine, clock, Recorder())
    world.user("kim")

    invite(world, "kim")

    assert world.services.outbox is None
    assert rows(sqlite_engine, "authz_messages") == 0
