"""The counters of failed passwords, under the hands of several at once."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.crypto.sealing import Sealer, SealingKey
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.storage.attempts import Account, Attempts
from app_client_authz.storage.unit import Unit, Units

POOL_ID = "us-east-1_Attempts1"
ACCOUNT = Account(POOL_ID, "kim")
NOW = 1_790_000_000.0

STEPS: dict[str, Callable[[Attempts], object]] = {
    "reserve": lambda attempts: attempts.reserve(ACCOUNT, NOW, until=NOW + 30),
    "fail": lambda attempts: attempts.fail(ACCOUNT, NOW),
    "succeed": lambda attempts: attempts.succeed(ACCOUNT, NOW),
    "release": lambda attempts: attempts.release(ACCOUNT),
}


@pytest.fixture
def units(engine: sa.Engine) -> Units:
    units = Units(engine, Sealer([SealingKey.of("a sealing key for tests of the attempts")]))
    pool = UserPool.create(PoolSpec(name="attempts"), pool_id=POOL_ID, now=NOW)
    units.write(lambda unit: unit.pools.add(pool))
    return units


def counted(engine: sa.Engine) -> list[tuple[int, int]]:
    """Failures and reservations of every account."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text("SELECT failures, reserved FROM authz_attempts"))]


@contextlib.contextmanager
def after_the_first_look(engine: sa.Engine, interlude: Callable[[], object]) -> Iterator[list[str]]:
    """Once a statement on the attempts went through, ``interlude`` happens; all such statements."""
    statements: list[str] = []

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "authz_attempts" in statement:
            statements.append(statement)
            if len(statements) == 1:
                interlude()

    sa.event.listen(engine, "after_cursor_execute", executed)
    yield statements
    sa.event.remove(engine, "after_cursor_execute", executed)


@pytest.mark.attack("R24")
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("step", ["reserve", "fail"])
def test_account_is_made_and_held_by_one_statement(units: Units, engine: sa.Engine, step: str, known: bool) -> None:
    if known:
        units.write(lambda unit: unit.attempts.fail(ACCOUNT, NOW))
    with after_the_first_look(engine, lambda: None) as statements:
        units.write(lambda unit: STEPS[step](unit.attempts))

    assert [statement.split()[0] for statement in statements] == ["INSERT", "UPDATE"]
    assert len(counted(engine)) == 1


@pytest.mark.attack("R24")
@pytest.mark.parametrize("step", ["succeed", "release"])
def test_what_needs_no_look_is_one_statement_and_makes_no_account(units: Units, engine: sa.Engine, step: str) -> None:
    """Of an account that was cleared meanwhile there is nothing to settle."""
    with after_the_first_look(engine, lambda: None) as statements:
        units.write(lambda unit: STEPS[step](unit.attempts))

    assert [statement.split()[0] for statement in statements] == ["UPDATE"]
    assert counted(engine) == []


def test_settling_gives_back_one_reservation(units: Units, engine: sa.Engine) -> None:
    def after(step: str) -> tuple[int, int]:
        units.write(lambda unit: unit.attempts.clear(ACCOUNT))
        for name in ("reserve", "fail", "reserve", "reserve", step):
            units.write(lambda unit, name=name: STEPS[name](unit.attempts))  # type: ignore[misc]
        return counted(engine)[0]

    assert {step: after(step) for step in STEPS} == {
        "reserve": (1, 3),
        "fail": (2, 1),
        "succeed": (0, 1),
        "release": (1, 1),
    }


@pytest.mark.attack("R24")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("step", list(STEPS))
def test_account_that_is_cleared_meanwhile_breaks_nothing(
    units: Units, engine: sa.Engine, database_url: str, step: str
) -> None:
    """An administrator sets a password while one is being checked."""
    units.write(lambda unit: unit.attempts.fail(ACCOUNT, NOW))
    impatient = sa.create_engine(database_url, connect_args={"options": "-c lock_timeout=100"})

    def clear() -> None:
        # Either it comes first, or it finds the row held.
        with contextlib.suppress(sa.exc.OperationalError), impatient.begin() as connection:
            Attempts(connection).clear(ACCOUNT)

    with after_the_first_look(engine, clear):
        units.write(lambda unit: STEPS[step](unit.attempts))
    impatient.dispose()

    failures = {"reserve": (1, 1), "fail": (2, 0), "succeed": (0, 0), "release": (1, 0)}
    assert counted(engine) == [failures[step]]


def test_holding_an_account_changes_nothing_of_it(units: Units, engine: sa.Engine) -> None:
    def lock(unit: Unit) -> None:
        for _ in range(5):
            unit.attempts.fail(ACCOUNT, NOW)

    units.write(lock)
    answers = [units.write(lambda unit: unit.attempts.reserve(ACCOUNT, NOW, until=NOW + 30)) for _ in range(2)]

    assert answers == ["locked", "locked"]
    assert counted(engine) == [(5, 0)]
