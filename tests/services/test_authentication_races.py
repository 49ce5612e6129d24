"""Signing in while the world changes: other threads, an administrator, a machine without memory or slots."""

import threading
from collections.abc import Callable

import argon2
import pytest
import sqlalchemy as sa
from argon2.exceptions import VerificationError

from app_client_authz.domain.errors import ChallengeExpired, NotAuthorized, TooManyRequests, Unavailable
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services.authentication import NewPasswordRequired
from tests.services.test_races import at_once
from tests.services.world import PASSWORD, WRONG_PASSWORD, World, rows, services_over
from tests.support.clock import MovableClock

TEMPORARY = "Temp0rary-h0rse"
ROUNDS = 5
INCORRECT = r"^Incorrect username or password\.$"


def during_the_check(world: World, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """The next password is looked at, and before the answer is known ``change`` has happened."""
    hasher = world.services.authentication._hasher
    verify, changed = hasher.verify, []

    def slow(*arguments: object, **options: object) -> bool:
        right = verify(*arguments, **options)  # type: ignore[arg-type]
        if not changed:
            changed.append(True)
            world.clock.advance(1)
            change()
        return right

    monkeypatch.setattr(hasher, "verify", slow)


# --- the challenge of a temporary password --------------------------------------------------------


def _change(world: World, name: str) -> None:
    users, pool_id = world.services.users, world.pool.id
    if name == "another temporary password":
        users.set_password(pool_id, "kim", "An0ther-temporary", permanent=False)
    elif name == "the same temporary password again":
        users.set_password(pool_id, "kim", TEMPORARY, permanent=False)
    elif name == "a permanent password":
        users.set_password(pool_id, "kim", PASSWORD, permanent=True)
    elif name == "another e-mail address":
        users.update_attributes(pool_id, "kim", {"email": "new@example.com"})
    elif name == "deleted":
        users.delete(pool_id, "kim")
    else:
        users.disable(pool_id, "kim")
        if name == "disabled and enabled":
            users.enable(pool_id, "kim")


@pytest.mark.attack("R18")
@pytest.mark.parametrize("prevents", ["LEGACY", "ENABLED"])
@pytest.mark.parametrize(
    "change",
    [
        "another temporary password",
        "the same temporary password again",
        "a permanent password",
        "another e-mail address",
        "deleted",
        "disabled",
        "disabled and enabled",
    ],
)
def test_no_challenge_begins_for_a_user_who_changed_while_the_password_was_checked(
    world: World, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, change: str, prevents: str
) -> None:
    """Who knew an old temporary password does not get to choose the new one."""
    client = world.client(prevent_user_existence_errors=prevents)
    world.services.users.create(world.pool.id, "kim", {"email": "kim@example.com"}, password=TEMPORARY)
    during_the_check(world, monkeypatch, lambda: _change(world, change))

    with pytest.raises(NotAuthorized, match=INCORRECT):
        world.sign_in(client, "kim", TEMPORARY)
    assert rows(engine, "authz_challenge_sessions") == 0


@pytest.mark.attack("R18")
@pytest.mark.parametrize("status", [UserStatus.RESET_REQUIRED, UserStatus.ARCHIVED, UserStatus.CONFIRMED])
def test_no_challenge_begins_for_a_user_whose_status_alone_changed(
    world: World, client: Registration, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, status: UserStatus
) -> None:
    world.services.users.create(world.pool.id, "kim", {}, password=TEMPORARY)

    def change() -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE authz_users SET status = :status"), {"status": status.value})

    during_the_check(world, monkeypatch, change)

    with pytest.raises(NotAuthorized, match=INCORRECT):
        world.sign_in(client, "kim", TEMPORARY)
    assert rows(engine, "authz_challenge_sessions") == 0


def test_time_that_passes_during_the_check_changes_nothing(
    world: World, client: Registration, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.services.users.create(world.pool.id, "kim", {}, password=TEMPORARY)
    during_the_check(world, monkeypatch, lambda: None)
    session = world.challenge(client, "kim", TEMPORARY).session

    user = world.services.authentication.answer_new_password(client, session, PASSWORD, {})
    assert world.sign_in(client) == user


@pytest.mark.attack("R24")
@pytest.mark.parametrize("given", [{}, {"nickname": "K"}])
def test_one_of_two_pending_challenges_sets_the_password(
    world: World, client: Registration, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    """Both were found pending and both passwords are hashed before either is written."""
    authentication = world.services.authentication
    new_passwords = authentication._new_passwords
    hash_, both = new_passwords.hash, threading.Barrier(2)

    def together(*arguments: object, **options: object) -> str:
        hashed = hash_(*arguments, **options)  # type: ignore[arg-type]
        both.wait(30)
        return hashed

    for number in range(ROUNDS):
        name = f"kim{number}"
        world.services.users.create(world.pool.id, name, {}, password=TEMPORARY)
        sessions = [world.challenge(client, name, TEMPORARY).session for _ in range(2)]
        passwords = ["First-h0rse-battery", "Second-h0rse-battery"]
        with monkeypatch.context() as patch:
            patch.setattr(new_passwords, "hash", together)
            outcomes = at_once(
                [
                    lambda session=session, new=new: authentication.answer_new_password(client, session, new, given)
                    for session, new in zip(sessions, passwords, strict=True)
                ]
            )

        assert sorted(type(outcome).__name__ for outcome in outcomes) == [ChallengeExpired.__name__, User.__name__]
        won = next(index for index, outcome in enumerate(outcomes) if isinstance(outcome, User))
        assert world.sign_in(client, name, passwords[won]) == outcomes[won]
        for wrong in (passwords[1 - won], TEMPORARY):
            with pytest.raises(NotAuthorized, match=INCORRECT):
                world.sign_in(client, name, wrong)


# --- unknown names --------------------------------------------------------------------------------


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """Memory in KiB, time cost and lanes of every check that argon2 was made to do, in order."""
    seen: list[tuple[int, int, int]] = []
    verify = argon2.PasswordHasher.verify

    def watched(self: argon2.PasswordHasher, stored: str, password: bytes) -> bool:
        found = argon2.extract_parameters(stored)
        seen.append((found.memory_cost, found.time_cost, found.parallelism))
        return verify(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    return seen


@pytest.mark.attack("R15")
@pytest.mark.parametrize("name", ["aaron", "nobody", "zoe", "kim2", "nobody@example.com"])
def test_unknown_name_costs_the_same_as_a_known_one_after_the_parameters_changed(
    world: World, kim: User, engine: sa.Engine, computed: list[tuple[int, int, int]], name: str
) -> None:
    """Hashes keep their old parameters until their users sign in again."""
    stronger = services_over(engine, world.clock, password_hash_memory_kib=64, password_hash_time_cost=3)
    later = World(stronger, world.clock, world.pool)
    client = later.client(prevent_user_existence_errors="ENABLED")
    for tried in ("kim", name):
        with pytest.raises(NotAuthorized, match=INCORRECT):
            later.sign_in(client, tried, WRONG_PASSWORD)

    assert computed == [(8, 1, 1), (8, 1, 1)]


@pytest.mark.attack("R15")
def test_unknown_name_in_a_pool_without_users_costs_a_hash_of_today(
    world: World, computed: list[tuple[int, int, int]]
) -> None:
    client = world.client(prevent_user_existence_errors="ENABLED")
    with pytest.raises(NotAuthorized, match=INCORRECT):
        world.sign_in(client, "nobody", WRONG_PASSWORD)

    assert computed == [(8, 1, 1)]


# --- a machine at its limits ----------------------------------------------------------------------


@pytest.mark.attack("R14")
def test_check_that_argon2_could_not_do_costs_no_attempt(
    world: World, client: Registration, kim: User, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> bool:
        raise VerificationError("Memory allocation error")

    with monkeypatch.context() as patch:
        patch.setattr(argon2.PasswordHasher, "verify", exhausted)
        for _ in range(6):
            with pytest.raises(Unavailable):
                world.sign_in(client)
    with engine.connect() as connection:
        counted = connection.execute(sa.text("SELECT failures, reserved, locked_until FROM authz_attempts")).all()

    assert [tuple(row) for row in counted] == [(0, 0, 0.0)]
    assert world.sign_in(client) == kim


def test_right_password_opens_although_no_slot_is_free_to_hash_it_anew(
    world: World, kim: User, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stored() -> str:
        with engine.connect() as connection:
            return str(connection.scalar(sa.text("SELECT password_hash FROM authz_users")))

    before = stored()
    stronger = World(services_over(engine, world.clock, password_hash_memory_kib=16), world.clock, world.pool)
    client = stronger.client()

    def busy(*_: object) -> str:
        raise TooManyRequests("Rate exceeded")

    with monkeypatch.context() as patch:
        patch.setattr(stronger.services.authentication._hasher, "hash", busy)
        assert stronger.sign_in(client) == kim
    assert stored() == before

    stronger.sign_in(client)
    assert "$m=16,t=1,p=1$" in stored()


def test_temporary_password_opens_its_challenge_although_no_slot_is_free(
    world: World, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, clock: MovableClock
) -> None:
    world.services.users.create(world.pool.id, "kim", {}, password=TEMPORARY)
    stronger = World(services_over(engine, clock, password_hash_memory_kib=16), clock, world.pool)

    def busy(*_: object) -> str:
        raise TooManyRequests("Rate exceeded")

    monkeypatch.setattr(stronger.services.authentication._hasher, "hash", busy)
    asked = stronger.challenge(stronger.client(), "kim", TEMPORARY)

    assert isinstance(asked, NewPasswordRequired)
