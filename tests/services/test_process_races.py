"""Guesses and codes at the same moment in several processes, each with several threads."""

from collections import Counter
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import NotAuthorized, PasswordAttemptsExceeded
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services import password_attempts
from app_client_authz.services.registry import Services
from app_client_authz.storage import unit
from tests.services.processes import Processes, Task, each_value, succeeds
from tests.services.test_races import at_once
from tests.services.world import PASSWORD, WRONG_PASSWORD, World
from tests.support.clock import MovableClock

THREADS = 13
MAIL = {"email": "lee@example.com"}


def failures(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.text("SELECT sum(failures) FROM authz_attempts")) or 0)


@pytest.mark.attack("R14")
@pytest.mark.xdist_group("processes")
def test_fifty_guesses_of_four_processes_are_five_and_a_lock(
    world: World, kim: User, engine: sa.Engine, database_url: str, processes: Processes
) -> None:
    """None is lost and none comes in between: five are looked at and counted, all others find the lock."""
    client = world.client()
    outcomes = processes(_guess_all, database_url, client.client.client_id, ["kim"])

    looked_at = sum(count for of_process in outcomes for count in of_process)
    assert (looked_at, failures(engine)) == (5, 5)
    with pytest.raises(PasswordAttemptsExceeded):
        world.sign_in(client)


@pytest.mark.attack("R24")
@pytest.mark.xdist_group("processes")
def test_one_process_confirms_with_a_code(world: World, database_url: str, processes: Processes) -> None:
    services, pool_id = world.services, world.pool.id
    services.pools.replace(pool_id, PoolSpec(name="customers", auto_verified_attributes=("email",)))
    registration = world.client(generate_secret=False)
    assert services.outbox is not None
    values = []
    for name in ("ann", "bob", "cat", "dan", "eve", "fay"):
        made = services.sign_up.sign_up(registration, name, PASSWORD, MAIL).user
        values.append(f"{name} {services.outbox.of_user(pool_id, made.sub)[0].code}")

    outcomes = processes(_confirm_all, database_url, registration.client.client_id, values)

    assert [sum(won) for won in zip(*outcomes, strict=True)] == [1] * len(values)
    for value in values:
        assert services.users.describe(pool_id, value.split()[0]).status == UserStatus.CONFIRMED


@pytest.mark.attack("R14")
def test_every_wrong_password_is_counted_however_many_come_at_once(
    world: World, client: Registration, kim: User, engine: sa.Engine, clock: MovableClock
) -> None:
    """A lock that ends lets the next one in: whoever was told "wrong" has been counted, and nobody else."""
    told: Counter[type] = Counter()
    for _ in range(10):
        told.update(type(outcome) for outcome in at_once([lambda: world.sign_in(client, "kim", WRONG_PASSWORD)] * 5))
        assert failures(engine) == told[NotAuthorized]
        clock.advance(600)

    assert told == {NotAuthorized: 5 + 9, PasswordAttemptsExceeded: 50 - 14}


def _guess_all(task: Task) -> list[int]:
    def guess(services: Services, registration: Registration, name: str) -> int:
        def sign_in() -> object:
            return services.authentication.sign_in(registration, name, WRONG_PASSWORD, session_seconds=180)

        # Dozens in line for one row: none of them may give up before its turn.
        with (
            patch.object(password_attempts, "SLOT_WAIT_SECONDS", 60.0),
            patch.object(unit, "WRITER_WAIT_SECONDS", 60.0),
        ):
            kinds = Counter(type(outcome) for outcome in at_once([sign_in] * THREADS))
        assert kinds.keys() <= {NotAuthorized, PasswordAttemptsExceeded}, kinds
        return kinds[NotAuthorized]

    return each_value(task, guess)


def _confirm_all(task: Task) -> list[bool]:
    def confirm(services: Services, registration: Registration, value: str) -> bool:
        return succeeds(services.sign_up.confirm, registration, *value.split())

    return each_value(task, confirm)
