"""What must happen once happens once, whoever else is at it: threads and processes, SQLite and PostgreSQL."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import (
    AliasExists,
    AuthzError,
    InvalidToken,
    NotAuthorized,
    PasswordAttemptsExceeded,
    RefreshTokenReused,
    RefreshTokenRevoked,
    UsernameExists,
)
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.services import password_attempts
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.registry import Services
from tests.services.processes import Processes, Task, each_value, succeeds
from tests.services.world import (
    BASE,
    PASSWORD,
    WRONG_PASSWORD,
    World,
    claims,
    redeem,
    rotation,
    rows,
    services_over,
    world_over,
)
from tests.support.clock import MovableClock

ROUNDS = 5
T = TypeVar("T")


def at_once(tasks: Sequence[Callable[[], T]]) -> list[T | AuthzError]:
    """What each task gave or how it was refused; all of them begin in the same moment."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], T]) -> T | AuthzError:
        barrier.wait()
        try:
            return task()
        except AuthzError as refused:
            return refused

    with ThreadPoolExecutor(len(tasks)) as threads:
        return list(threads.map(run, tasks))


def successes(outcomes: list[TokenSet | AuthzError]) -> list[TokenSet]:
    return [outcome for outcome in outcomes if isinstance(outcome, TokenSet)]


# --- codes ----------------------------------------------------------------------------------------


@pytest.mark.attack("R5")
def test_one_thread_redeems_a_code_and_the_others_end_its_session(
    world: World, client: Registration, kim: User
) -> None:
    for _ in range(ROUNDS):
        code = world.code(client, kim)
        won = successes(at_once([lambda code=code: world.redeem(client, code)] * 6))

        assert len(won) == 1
        with pytest.raises(InvalidToken):
            world.userinfo(won[0])


@pytest.mark.attack("R5")
@pytest.mark.xdist_group("processes")
def test_one_process_redeems_a_code(
    world: World, client: Registration, kim: User, database_url: str, processes: Processes
) -> None:
    codes = [world.code(client, kim) for _ in range(8)]
    outcomes = processes(_redeem_all, database_url, client.client.client_id, codes)

    assert [sum(won) for won in zip(*outcomes, strict=True)] == [1] * len(codes)


@pytest.mark.attack("R18")
def test_user_who_is_disabled_meanwhile_keeps_no_living_token(world: World, client: Registration, kim: User) -> None:
    """Either the redemption came first and its tokens are dead, or it is refused."""
    for _ in range(ROUNDS):
        codes = [world.code(client, kim) for _ in range(4)]
        world.clock.advance(1)
        tasks: list[Callable[[], object]] = [
            lambda code=code: world.redeem(client, code)
            for code in codes  # type: ignore[misc]
        ]
        outcomes = at_once([*tasks, lambda: world.services.users.disable(world.pool.id, "kim")])

        assert outcomes[-1] is None
        for outcome in outcomes[:-1]:
            assert isinstance(outcome, (TokenSet, AuthzError))
            if isinstance(outcome, TokenSet):
                with pytest.raises(InvalidToken):
                    world.userinfo(outcome)
                with pytest.raises(RefreshTokenRevoked):
                    world.refresh(client, outcome)
        world.clock.advance(1)
        world.services.users.enable(world.pool.id, "kim")
        for outcome in outcomes[:-1]:
            if isinstance(outcome, TokenSet):
                with pytest.raises(InvalidToken):
                    world.userinfo(outcome)
        world.clock.advance(1)
        kim = world.sign_in(client)


# --- rotation -------------------------------------------------------------------------------------


@pytest.mark.attack("R6")
def test_without_grace_one_line_of_succession_at_most(world: World, kim: User) -> None:
    client = world.client(**rotation(0))
    for _ in range(ROUNDS):
        tokens = world.tokens(client, kim)
        outcomes = at_once([lambda tokens=tokens: world.refresh(client, tokens)] * 6)

        won = successes(outcomes)
        assert len(won) == 1
        kinds = Counter(type(outcome) for outcome in outcomes if isinstance(outcome, AuthzError))
        assert set(kinds) <= {RefreshTokenReused, RefreshTokenRevoked}
        assert kinds[RefreshTokenReused] == 1
        with pytest.raises(RefreshTokenRevoked):
            world.refresh(client, won[0])


@pytest.mark.attack("R6")
def test_with_grace_every_retry_succeeds_within_one_session(world: World, kim: User) -> None:
    client = world.client(**rotation(10))
    for _ in range(ROUNDS):
        tokens = world.tokens(client, kim)
        outcomes = at_once([lambda tokens=tokens: world.refresh(client, tokens)] * 6)

        won = successes(outcomes)
        assert len(won) == 6, outcomes
        assert len({each.refresh_token for each in won}) == 6
        assert {claims(each.access_token)["origin_jti"] for each in won} == {claims(tokens.access_token)["origin_jti"]}
        world.services.revocation.revoke(client, str(won[3].refresh_token), BASE)
        for each in won:
            with pytest.raises(RefreshTokenRevoked):
                world.refresh(client, each)


@pytest.mark.attack("R6")
@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("grace, winners", [(0, 1), (60, 4)])
def test_processes_rotate_like_threads(
    world: World, kim: User, database_url: str, processes: Processes, grace: int, winners: int
) -> None:
    client = world.client(**rotation(grace))
    tokens = [str(world.tokens(client, kim).refresh_token) for _ in range(6)]
    outcomes = processes(_refresh_all, database_url, client.client.client_id, tokens)

    assert [sum(won) for won in zip(*outcomes, strict=True)] == [winners] * len(tokens)


@pytest.mark.attack("R7")
@pytest.mark.parametrize("grace", [0, 10])
def test_no_refresh_survives_a_revocation(world: World, kim: User, grace: int) -> None:
    """Whatever a refresh gave while the session was being revoked is dead afterwards (ATM-3)."""
    client = world.client(**rotation(grace))
    for _ in range(ROUNDS):
        tokens = world.tokens(client, kim)
        refresh = lambda tokens=tokens: world.refresh(client, tokens)  # noqa: E731
        revoke = lambda tokens=tokens: world.services.revocation.revoke(client, tokens.refresh_token, BASE)  # noqa: E731
        outcomes = at_once([refresh, revoke, refresh, refresh])

        assert outcomes[1] is None
        for outcome in outcomes:
            if isinstance(outcome, TokenSet):
                with pytest.raises(InvalidToken):
                    world.userinfo(outcome)
                with pytest.raises(RefreshTokenRevoked):
                    world.refresh(client, outcome)


@pytest.mark.attack("R18")
def test_no_refresh_survives_a_global_sign_out(world: World, kim: User) -> None:
    client = world.client(**rotation(10))
    for _ in range(ROUNDS):
        world.clock.advance(1)
        tokens = world.tokens(client, world.sign_in(client))
        refresh = lambda tokens=tokens: world.refresh(client, tokens)  # noqa: E731
        outcomes = at_once([refresh, lambda: world.services.users.sign_out(world.pool.id, "kim"), refresh])

        for outcome in outcomes:
            if isinstance(outcome, TokenSet):
                with pytest.raises(RefreshTokenRevoked):
                    world.refresh(client, outcome)


# --- passwords ------------------------------------------------------------------------------------


@pytest.mark.attack("R14")
def test_fifty_parallel_guesses_are_five_and_a_lock(
    world: World, client: Registration, kim: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher = world.services.authentication._hasher
    verify, checked = hasher.verify, []

    def counted(stored: str | None, password: str, **options: Any) -> bool:
        checked.append(password)
        time.sleep(0.05)  # as long as a real hash: without a reservation, others would come in between
        return verify(stored, password, **options)

    monkeypatch.setattr(hasher, "verify", counted)
    # Fifty threads in line for one row: none of them may give up before its turn.
    monkeypatch.setattr(password_attempts, "SLOT_WAIT_SECONDS", 60.0)
    monkeypatch.setattr("app_client_authz.storage.unit.WRITER_WAIT_SECONDS", 60.0)
    outcomes = at_once([lambda: world.sign_in(client, "kim", WRONG_PASSWORD)] * 50)

    assert Counter(type(outcome) for outcome in outcomes) == {NotAuthorized: 5, PasswordAttemptsExceeded: 45}
    assert len(checked) == 5
    with pytest.raises(PasswordAttemptsExceeded):
        world.sign_in(client)


@pytest.mark.attack("R14")
def test_eight_parallel_right_passwords_all_open(world: World, client: Registration, kim: User) -> None:
    for _ in range(ROUNDS):
        assert at_once([lambda: world.sign_in(client)] * 8) == [kim] * 8


@pytest.mark.attack("R24")
def test_one_answer_to_a_challenge_counts(world: World, client: Registration) -> None:
    world.services.users.create(world.pool.id, "kim", {}, password=PASSWORD)
    session = world.challenge(client).session
    passwords = [f"Brand-new-h0rse-{number}" for number in range(4)]
    answer = world.services.authentication.answer_new_password
    outcomes = at_once([lambda new=new: answer(client, session, new, {}) for new in passwords])

    winner = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, User)]
    assert len(winner) == 1
    assert world.sign_in(client, "kim", passwords[winner[0]])


# --- names and keys -------------------------------------------------------------------------------


@pytest.mark.attack("R16")
def test_one_of_many_gets_a_username(world: World) -> None:
    spellings = ["kim", "KIM", "Kim", "kIm"]
    outcomes = at_once([lambda name=name: world.user(name) for name in spellings])

    assert Counter(type(outcome) for outcome in outcomes) == {User: 1, UsernameExists: 3}


@pytest.mark.attack("R16")
def test_one_of_many_gets_an_alias_or_username(engine: sa.Engine, clock: MovableClock) -> None:
    spec = PoolSpec(name="aliases", alias_attributes=("preferred_username",))
    world = world_over(engine, clock, spec=spec)
    for round_ in range(ROUNDS):
        name = f"boss{round_}"
        tasks = [lambda n=n, name=name: world.user(f"u{n}-{name}", preferred_username=name.upper()) for n in range(3)]
        outcomes = at_once([*tasks, lambda name=name: world.user(name)])

        assert sum(isinstance(outcome, User) for outcome in outcomes) == 1, outcomes
        refused = {type(outcome) for outcome in outcomes if not isinstance(outcome, User)}
        assert refused <= {AliasExists, UsernameExists}


def test_two_workers_stage_and_rotate_one_key_for_each_purpose(world: World, engine: sa.Engine) -> None:
    workers = [world.services, services_over(engine, world.clock)]
    at_once([lambda worker=worker: worker.keys.stage(world.pool.id) for worker in workers * 2])
    staged = world.services.keys.of_pool(world.pool.id)
    assert Counter((key.purpose, key.state) for key in staged) == dict.fromkeys(
        [("id", "current"), ("id", "next"), ("access", "current"), ("access", "next")], 1
    )

    outcomes = at_once([lambda worker=worker: worker.keys.rotate(world.pool.id) for worker in workers * 2])
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    rotated = world.services.keys.of_pool(world.pool.id)
    assert Counter((key.purpose, key.state) for key in rotated) == dict.fromkeys(
        [("id", "current"), ("id", "retired"), ("access", "current"), ("access", "retired")], 1
    )


def test_two_workers_set_one_canary(world: World, engine: sa.Engine) -> None:
    workers = [services_over(engine, world.clock) for _ in range(4)]
    for _ in range(ROUNDS):
        assert at_once([worker.upkeep.check_sealing_keys for worker in workers]) == [None] * 4
        assert rows(engine, "authz_canary") == 1
        with engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM authz_canary"))


def test_pruning_in_several_workers_is_safe(world: World, client: Registration, kim: User, engine: sa.Engine) -> None:
    for _ in range(5):
        world.tokens(client, kim)
    world.clock.advance(31 * 86_400)
    workers = [services_over(engine, world.clock) for _ in range(3)]
    outcomes = at_once([worker.upkeep.prune for worker in workers])

    assert all(isinstance(outcome, dict) for outcome in outcomes), outcomes
    assert sum(outcome["authz_token_sessions"] for outcome in outcomes if isinstance(outcome, dict)) == 5


# --- processes ------------------------------------------------------------------------------------


def _redeem_all(task: Task) -> list[bool]:
    return each_value(task, lambda *given: succeeds(redeem, *given))


def _refresh_all(task: Task) -> list[bool]:
    def refresh(services: Services, registration: Registration, token: str) -> bool:
        return succeeds(services.tokens.refresh, registration, token, BASE)

    return each_value(task, refresh)
