"""Registration and recovery at the same moment, and what they cost, on SQLite and PostgreSQL."""

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.domain.errors import AliasExists, AuthzError, CodeDeliveryFailure, UsernameExists
from app_client_authz.domain.message import Medium
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import UserStatus
from app_client_authz.services.audit import security_event
from app_client_authz.services.registry import Services
from app_client_authz.services.sign_up import SignedUp
from tests.services.test_delivery import Recorder
from tests.services.test_races import at_once
from tests.services.world import PASSWORD, World, rows, services_over, world_over
from tests.support.clock import MovableClock

MAIL = {"email": "lee@example.com"}
OTHERS = tuple(f"An0ther-password-{number}" for number in range(8))


@pytest.fixture
def world(engine: sa.Engine, clock: MovableClock) -> World:
    """A pool that verifies e-mail addresses, which are aliases."""
    spec = PoolSpec(name="customers", auto_verified_attributes=("email",), alias_attributes=("email",))
    return world_over(engine, clock, spec=spec)


@pytest.fixture
def client(world: World) -> Registration:
    return world.client(generate_secret=False)


def code_of(world: World, name: str) -> str:
    assert world.services.outbox is not None
    sub = world.services.users.describe(world.pool.id, name).sub
    return world.services.outbox.of_user(world.pool.id, sub)[0].code


def kinds(outcomes: list[Any]) -> Counter[type]:
    return Counter(type(outcome) for outcome in outcomes)


@pytest.mark.attack("R24")
def test_one_code_confirms_once(world: World, engine: sa.Engine, clock: MovableClock, client: Registration) -> None:
    world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)
    code = code_of(world, "lee")
    workers = [world.services, services_over(engine, clock)]

    outcomes = at_once(
        [lambda worker=workers[number % 2]: worker.sign_up.confirm(client, "lee", code) for number in range(8)]  # type: ignore[misc]
    )

    (confirmed,) = [outcome for outcome in outcomes if not isinstance(outcome, AuthzError)]
    assert confirmed.user == world.services.users.describe(world.pool.id, "lee")
    assert world.services.users.describe(world.pool.id, "lee").status == UserStatus.CONFIRMED
    assert rows(engine, "authz_verification_codes") == 0


@pytest.mark.attack("R24")
def test_one_code_resets_once(world: World, engine: sa.Engine, clock: MovableClock, client: Registration) -> None:
    world.user("kim", email_verified="true")
    world.services.recovery.forgot(client, "kim")
    code = code_of(world, "kim")
    workers = [world.services, services_over(engine, clock)]

    outcomes = at_once(
        [
            lambda worker=workers[number % 2], password=password: worker.recovery.confirm(client, "kim", code, password)  # type: ignore[misc]
            for number, password in enumerate(OTHERS)
        ]
    )

    (winner,) = [number for number, outcome in enumerate(outcomes) if outcome is None]
    assert world.sign_in(client, "kim", OTHERS[winner]).username == "kim"


def test_one_of_many_registers_a_name_and_gets_the_code(
    world: World, engine: sa.Engine, clock: MovableClock, client: Registration
) -> None:
    workers: list[Services] = [world.services, services_over(engine, clock)]

    outcomes = at_once(
        [
            lambda worker=workers[number % 2], name=name: worker.sign_up.sign_up(client, name, PASSWORD, MAIL)  # type: ignore[misc]
            for number, name in enumerate(("lee", "LEE") * 4)
        ]
    )

    assert kinds(outcomes) == {SignedUp: 1, UsernameExists: 7}
    assert rows(engine, "authz_users") == rows(engine, "authz_verification_codes") == 1
    assert rows(engine, "authz_messages") == 1


@pytest.mark.parametrize("insists", [False, True])
def test_address_that_many_confirm_at_once_is_the_alias_of_one(
    world: World, client: Registration, insists: bool
) -> None:
    names = ("ann", "bob", "cat", "dan")
    for name in names:
        world.services.sign_up.sign_up(client, name, PASSWORD, MAIL)
    codes = {name: code_of(world, name) for name in names}

    outcomes = at_once(
        [
            lambda name=name: world.services.sign_up.confirm(client, name, codes[name], takes_aliases=insists)  # type: ignore[misc]
            for name in names
        ]
    )

    people = [world.services.users.describe(world.pool.id, name) for name in names]
    (owner,) = [user for user in people if user.attributes["email_verified"] == "true"]
    assert world.services.users.describe(world.pool.id, "lee@example.com").sub == owner.sub
    refused = [outcome for outcome in outcomes if isinstance(outcome, AuthzError)]
    if not insists:
        assert kinds(refused) == {AliasExists: 3}
    confirmed = [user for user in people if user.status == UserStatus.CONFIRMED]
    assert len(confirmed) + len(refused) == len(names)


def statements(world: World, work: Any) -> list[str]:
    """The SQL of the work, as often as it ran."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement.split(maxsplit=1)[0])

    sa.event.listen(world.services.engine, "before_cursor_execute", note)
    try:
        work()
    except AuthzError as refused:
        seen.append(type(refused).__name__)
    finally:
        sa.event.remove(world.services.engine, "before_cursor_execute", note)
    return seen


@pytest.mark.attack("R15")
def test_asking_and_guessing_cost_the_same_for_everybody(engine: sa.Engine, clock: MovableClock) -> None:
    """Without what the host's sender does with a message."""
    services = services_over(engine, clock, sender=Recorder())
    spec = PoolSpec(name="customers", auto_verified_attributes=("email",))
    world = World(services, clock, services.pools.create(spec))
    client = world.client(prevent_user_existence_errors="ENABLED")
    world.user("kim", email_verified="true")
    world.user("bare")
    services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)

    forgot, resend = services.recovery.forgot, services.sign_up.resend
    for _ in range(2):
        real = statements(world, lambda: forgot(client, "kim"))
        assert statements(world, lambda: forgot(client, "nobody")) == real
        assert statements(world, lambda: forgot(client, "bare")) == real
        assert statements(world, lambda: resend(client, "nobody")) == statements(world, lambda: resend(client, "lee"))
    for guess in (
        lambda name: services.recovery.confirm(client, name, "wrong", PASSWORD),
        lambda name: services.sign_up.confirm(client, name, "wrong"),
    ):
        real = statements(world, lambda guess=guess: guess("lee"))
        assert real[-1] == "CodeMismatch"
        for name in ("kim", "nobody"):
            assert statements(world, lambda guess=guess, name=name: guess(name)) == real


def test_taken_name_costs_a_hash_like_a_free_one(
    world: World, client: Registration, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    hash_it = PasswordHasher.hash

    def counted(hasher: PasswordHasher, password: str) -> str:
        hashed.append(password)
        return hash_it(hasher, password)

    monkeypatch.setattr(PasswordHasher, "hash", counted)

    world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)
    with pytest.raises(UsernameExists):
        world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)
    with pytest.raises(AuthzError):
        world.services.sign_up.sign_up(client, "lee", "short", MAIL)

    assert len(hashed) == 2


def test_code_that_could_not_be_sent_counts_all_the_same(engine: sa.Engine, clock: MovableClock) -> None:
    failing = services_over(engine, clock, sender=Recorder(Medium.EMAIL))
    world = World(failing, clock, failing.pools.create(PoolSpec(name="customers", auto_verified_attributes=("email",))))
    shows, hides = (world.client(prevent_user_existence_errors=setting) for setting in ("LEGACY", "ENABLED"))

    with pytest.raises(CodeDeliveryFailure):
        failing.sign_up.sign_up(shows, "lee", PASSWORD, MAIL)
    with pytest.raises(CodeDeliveryFailure):
        failing.sign_up.resend(shows, "lee")
    assert failing.sign_up.resend(hides, "lee").destination == "l***@e***"
    working = Recorder()
    services_over(engine, clock, sender=working).sign_up.resend(shows, "lee")
    failing.sign_up.confirm(shows, "lee", working.sent[0].code)

    assert failing.users.describe(world.pool.id, "lee").status == UserStatus.CONFIRMED


def test_what_happened_is_recorded_without_secrets(world: World, client: Registration) -> None:
    told: list[dict[str, object]] = []

    def listen(_sender: object, **event: object) -> None:
        told.append(event)

    with security_event.connected_to(listen):
        world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)
        first = code_of(world, "lee")
        world.services.sign_up.confirm(client, "lee", first)
        world.services.recovery.forgot(client, "lee")
        second = code_of(world, "lee")
        world.services.recovery.confirm(client, "lee", second, OTHERS[0])

    assert [each["event"] for each in told] == [
        "user_signed_up",
        "message_sent",
        "user_confirmed",
        "message_sent",
        "password_reset",
    ]
    assert not any(secret in str(told) for secret in (first, second, PASSWORD, OTHERS[0], MAIL["email"]))
