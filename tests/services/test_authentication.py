"""Signing in with a password: who is told what, locks, and the forced new password."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import (
    AliasExists,
    AuthzError,
    ChallengeExpired,
    InvalidParameter,
    InvalidPassword,
    NotAuthorized,
    PasswordAttemptsExceeded,
    PasswordResetRequired,
    TemporaryPasswordExpired,
    TooManyRequests,
    UserDisabled,
    UserNotConfirmed,
    UserNotFound,
)
from app_client_authz.domain.pool import PoolSpec, SchemaAttribute
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services import password_attempts
from tests.services.world import PASSWORD, WRONG_PASSWORD, World, services_over, world_over
from tests.support.clock import MovableClock

NEW = "Brand-new-h0rse"
WEEK = 7 * 86_400
INCORRECT = "Incorrect username or password."


def set_status(engine: sa.Engine, status: UserStatus) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE authz_users SET status = :status"), {"status": status.value})


def standing(world: World, engine: sa.Engine, name: str) -> None:
    """The user ``kim`` as the rows of api.md 4.2 and part 6 have it."""
    if name == "unknown":
        return
    users, pool_id = world.services.users, world.pool.id
    users.create(pool_id, "kim", {}, password=PASSWORD, permanent=not name.startswith(("force", "temporary")))
    if name == "disabled":
        users.disable(pool_id, "kim")
    elif name in {"unconfirmed", "reset required", "archived"}:
        set_status(engine, UserStatus(name.upper().replace(" ", "_")))
    elif name == "temporary expired":
        world.clock.advance(WEEK)


# what the user is | right password? | LEGACY | ENABLED
EXPIRED = "Temporary password has expired and must be reset by an administrator."
MATRIX = [
    ("unknown", False, (UserNotFound, "User does not exist."), (NotAuthorized, INCORRECT)),
    ("confirmed", False, (NotAuthorized, INCORRECT), (NotAuthorized, INCORRECT)),
    ("disabled", False, (UserDisabled, "User is disabled."), (NotAuthorized, INCORRECT)),
    ("disabled", True, (UserDisabled, "User is disabled."), (UserDisabled, "User is disabled.")),
    ("unconfirmed", False, (UserNotConfirmed, "User is not confirmed."), (NotAuthorized, INCORRECT)),
    ("unconfirmed", True, (UserNotConfirmed, "User is not confirmed."), (UserNotConfirmed, "User is not confirmed.")),
    (
        "reset required",
        False,
        (PasswordResetRequired, "Password reset required for the user"),
        (NotAuthorized, INCORRECT),
    ),
    (
        "reset required",
        True,
        (PasswordResetRequired, "Password reset required for the user"),
        (PasswordResetRequired, "Password reset required for the user"),
    ),
    ("temporary expired", False, (TemporaryPasswordExpired, EXPIRED), (NotAuthorized, INCORRECT)),
    ("temporary expired", True, (TemporaryPasswordExpired, EXPIRED), (TemporaryPasswordExpired, EXPIRED)),
    ("force change", False, (NotAuthorized, INCORRECT), (NotAuthorized, INCORRECT)),
    ("archived", True, (NotAuthorized, INCORRECT), (NotAuthorized, INCORRECT)),
]


@pytest.mark.attack("R15")
@pytest.mark.parametrize("prevents", ["LEGACY", "ENABLED"])
@pytest.mark.parametrize("who, right, legacy, enabled", MATRIX)
def test_refusal_tells_what_the_client_allows(
    world: World,
    engine: sa.Engine,
    prevents: str,
    who: str,
    right: bool,
    legacy: tuple[type[AuthzError], str],
    enabled: tuple[type[AuthzError], str],
) -> None:
    client = world.client(prevent_user_existence_errors=prevents)
    standing(world, engine, who)
    kind, message = legacy if prevents == "LEGACY" else enabled

    with pytest.raises(AuthzError) as refused:
        world.sign_in(client, "kim", PASSWORD if right else WRONG_PASSWORD)

    assert (type(refused.value), refused.value.message) == (kind, message)


@pytest.mark.parametrize("prevents, looked_at", [("LEGACY", False), ("ENABLED", True)])
def test_refusal_of_who_is_unconfirmed_says_whether_the_password_was_right(
    world: World, engine: sa.Engine, prevents: str, looked_at: bool
) -> None:
    standing(world, engine, "unconfirmed")
    kim = world.services.users.describe(world.pool.id, "kim")

    with pytest.raises(UserNotConfirmed) as refused:
        world.sign_in(world.client(prevent_user_existence_errors=prevents), "kim")

    assert refused.value.proved == (kim.sub if looked_at else None)


# --- going on after the confirmation --------------------------------------------------------------


def test_who_proved_the_password_and_was_confirmed_then_goes_on(world: World, kim: User) -> None:
    assert world.services.authentication.resume(world.client(), kim, session_seconds=180) == kim


@pytest.mark.attack("R18")
@pytest.mark.parametrize("change", ["password", "disabled", "deleted"])
def test_nobody_goes_on_after_another_change(world: World, kim: User, change: str) -> None:
    users, client = world.services.users, world.client()
    world.clock.advance(1)
    if change == "password":
        users.set_password(world.pool.id, "kim", NEW, permanent=True)
    elif change == "disabled":
        users.disable(world.pool.id, "kim")
    else:
        users.delete(world.pool.id, "kim")

    with pytest.raises(NotAuthorized, match=re.escape(INCORRECT)):
        world.services.authentication.resume(client, kim, session_seconds=180)


@pytest.mark.attack("R18")
def test_nobody_goes_on_who_could_not_sign_in(world: World, engine: sa.Engine, kim: User) -> None:
    set_status(engine, UserStatus.RESET_REQUIRED)

    with pytest.raises(PasswordResetRequired):
        world.services.authentication.resume(world.client(), kim, session_seconds=180)


def test_going_on_with_a_temporary_password_asks_for_another(world: World) -> None:
    lee = world.services.users.create(world.pool.id, "lee", {}, password=PASSWORD)

    pending = world.services.authentication.resume(world.client(), lee, session_seconds=180)

    assert not isinstance(pending, User)


@pytest.mark.attack("R15")
@pytest.mark.parametrize("who", ["unknown", "confirmed", "disabled", "unconfirmed", "reset required", "force change"])
def test_every_refusal_costs_one_hash_where_existence_is_hidden(
    world: World, engine: sa.Engine, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.client(prevent_user_existence_errors="ENABLED")
    standing(world, engine, who)
    hasher = world.services.authentication._hasher
    verify, checked = hasher.verify, []

    def counted(stored: str | None, password: str, *, like: str | None) -> bool:
        checked.append(stored)
        return verify(stored, password, like=like)

    monkeypatch.setattr(hasher, "verify", counted)
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    with pytest.raises(NotAuthorized, match=re.escape(INCORRECT)):
        world.sign_in(client, "kim", WRONG_PASSWORD)

    assert len(checked) == 1
    assert [statement.split()[0] for statement in statements if statement[:5] != "BEGIN"] == [
        *("SELECT", "SELECT"),
        *("INSERT", "UPDATE"),
        *("INSERT", "UPDATE"),
    ]


@pytest.mark.parametrize("prevents", ["LEGACY", "ENABLED"])
def test_right_password_opens(world: World, kim: User, prevents: str) -> None:
    assert world.sign_in(world.client(prevent_user_existence_errors=prevents)) == kim


@pytest.mark.parametrize("password", [PASSWORD + " ", " " + PASSWORD, PASSWORD.lower(), PASSWORD[:-1], "", "x" * 300])
def test_password_is_compared_exactly(world: World, client: Registration, kim: User, password: str) -> None:
    with pytest.raises(NotAuthorized):
        world.sign_in(client, "kim", password)


def test_hash_is_made_anew_when_the_parameters_changed(world: World, kim: User, engine: sa.Engine) -> None:
    def stored() -> str:
        with engine.connect() as connection:
            return str(connection.scalar(sa.text("SELECT password_hash FROM authz_users")))

    before = stored()
    stronger = World(services_over(engine, world.clock, password_hash_memory_kib=16), world.clock, world.pool)
    client = stronger.client()
    with pytest.raises(NotAuthorized):
        stronger.sign_in(client, "kim", WRONG_PASSWORD)
    assert stored() == before

    stronger.sign_in(client)
    assert "$m=16,t=1,p=1$" in stored()
    assert stronger.sign_in(client).sub == kim.sub
    assert world.sign_in(client).sub == kim.sub


# --- locks ----------------------------------------------------------------------------------------


def fail(world: World, client: Registration, name: str = "kim") -> type[AuthzError]:
    with pytest.raises(NotAuthorized) as refused:
        world.sign_in(client, name, WRONG_PASSWORD)
    return type(refused.value)


@pytest.fixture
def hiding(world: World) -> Registration:
    return world.client(prevent_user_existence_errors="ENABLED")


@pytest.mark.attack("R14")
@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_locks_double_up_to_fifteen_minutes_for_known_and_unknown_names_alike(
    world: World, hiding: Registration, kim: User, clock: MovableClock, name: str
) -> None:
    for _ in range(5):
        assert fail(world, hiding, name) is NotAuthorized
    for seconds in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
        clock.advance(seconds - 0.5)
        assert fail(world, hiding, name) is PasswordAttemptsExceeded, seconds
        clock.advance(0.5)
        assert fail(world, hiding, name) is NotAuthorized, seconds


@pytest.mark.attack("R14")
def test_locked_account_does_not_look_at_the_right_password(world: World, client: Registration, kim: User) -> None:
    for _ in range(5):
        fail(world, client)

    with pytest.raises(PasswordAttemptsExceeded, match=r"^Password attempts exceeded$"):
        world.sign_in(client)


def test_attempts_during_a_lock_do_not_lengthen_it(
    world: World, client: Registration, kim: User, clock: MovableClock
) -> None:
    for _ in range(5):
        fail(world, client)
    for _ in range(20):
        assert fail(world, client) is PasswordAttemptsExceeded
    clock.advance(1)

    assert world.sign_in(client) == kim


def test_success_after_the_lock_begins_the_count_anew(
    world: World, client: Registration, kim: User, clock: MovableClock
) -> None:
    for _ in range(5):
        fail(world, client)
    clock.advance(1)
    world.sign_in(client)

    assert [fail(world, client) for _ in range(5)] == [NotAuthorized] * 5
    clock.advance(1)
    assert world.sign_in(client) == kim


@pytest.mark.parametrize(
    "failures, quiet, forgotten", [(4, 900, True), (4, 899, False), (7, 904, True), (7, 903, False)]
)
def test_fifteen_quiet_minutes_after_the_lock_begin_the_count_anew(
    world: World, client: Registration, kim: User, clock: MovableClock, failures: int, quiet: int, forgotten: bool
) -> None:
    """Seven failures lock for four seconds: quiet begins when they are over."""
    for number in range(failures):
        assert fail(world, client) is NotAuthorized
        if number < failures - 1:
            clock.advance([0, 0, 0, 0, 1, 2][number])
    clock.advance(quiet)
    fail(world, client)

    locked = fail(world, client) is PasswordAttemptsExceeded
    assert locked is not forgotten


@pytest.mark.attack("R14")
def test_all_doors_share_one_counter(engine: sa.Engine, clock: MovableClock) -> None:
    """Every alias, every spelling, every client, every worker (LCK-2)."""
    spec = PoolSpec(name="aliases", alias_attributes=("email", "preferred_username"))
    world = world_over(engine, clock, spec=spec)
    world.user("kim", preferred_username="boss", email_verified="true")
    other = World(services_over(engine, clock), clock, world.pool)
    clients = [world.client(), world.client(prevent_user_existence_errors="ENABLED")]

    assert fail(world, clients[0], "kim") is NotAuthorized
    assert fail(other, clients[1], "KIM") is NotAuthorized
    assert fail(world, clients[0], "kim@example.com") is NotAuthorized
    assert fail(other, clients[1], "Kim@Example.COM") is NotAuthorized
    assert fail(world, clients[0], "boss") is NotAuthorized
    for name in ("kim", "kim@example.com", "BOSS"):
        assert fail(other, clients[1], name) is PasswordAttemptsExceeded


def test_lock_stays_with_its_account_and_pool(world: World, client: Registration, kim: User) -> None:
    ada = world.user("ada")
    elsewhere = World(world.services, world.clock, world.services.pools.create(PoolSpec(name="other")))
    namesake = elsewhere.user("kim")
    tokens = world.tokens(client, kim)
    for _ in range(5):
        fail(world, client)

    assert world.sign_in(client, "ada") == ada
    assert elsewhere.sign_in(elsewhere.client()) == namesake
    assert world.refresh(client, tokens).access_token


def test_check_that_never_ended_counts_as_a_failure_later(
    world: World, client: Registration, kim: User, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was killed between reservation and answer gives no free guess."""

    def killed(stored: str | None, password: str, **like: object) -> bool:
        raise MemoryError

    hasher = world.services.authentication._hasher
    with monkeypatch.context() as patch:
        patch.setattr(hasher, "verify", killed)
        for _ in range(4):
            with pytest.raises(MemoryError):
                world.sign_in(client)
    clock.advance(password_attempts.RESERVATION_SECONDS)

    assert fail(world, client) is NotAuthorized
    assert fail(world, client) is PasswordAttemptsExceeded


def test_busy_account_ends_in_too_many_requests_and_frees_no_guess(
    world: World, client: Registration, kim: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_attempts, "SLOT_WAIT_SECONDS", 0.05)

    def killed(stored: str | None, password: str, **like: object) -> bool:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(world.services.authentication._hasher, "verify", killed)
        for _ in range(5):
            with pytest.raises(MemoryError):
                world.sign_in(client)

    with pytest.raises(TooManyRequests):
        world.sign_in(client)


def test_full_hashing_queue_costs_no_attempt(
    world: World, client: Registration, kim: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(stored: str | None, password: str, **like: object) -> bool:
        raise TooManyRequests("Rate exceeded")

    with monkeypatch.context() as patch:
        patch.setattr(world.services.authentication._hasher, "verify", busy)
        for _ in range(6):
            with pytest.raises(TooManyRequests):
                world.sign_in(client)

    assert [fail(world, client) for _ in range(4)] == [NotAuthorized] * 4
    assert world.sign_in(client) == kim


# --- the forced new password ----------------------------------------------------------------------


@pytest.fixture
def newcomer(world: World) -> User:
    return world.services.users.create(world.pool.id, "kim", {"email": "kim@example.com"}, password=PASSWORD)


Answer = Callable[..., User]


@pytest.fixture
def answer(world: World, client: Registration) -> Answer:
    def give(session: str, password: str = NEW, *, at: Registration = client, **attributes: str) -> User:
        return world.services.authentication.answer_new_password(at, session, password, attributes)

    return give


def test_new_password_confirms_the_user_and_replaces_the_old_one(
    world: World, client: Registration, newcomer: User, answer: Answer
) -> None:
    user = answer(world.challenge(client).session)

    assert (user.sub, user.status, user.temporary_password_until) == (newcomer.sub, UserStatus.CONFIRMED, None)
    assert world.sign_in(client, "kim", NEW) == user
    assert fail(world, client) is NotAuthorized


@pytest.mark.attack("R24")
def test_challenge_is_answered_once(world: World, client: Registration, newcomer: User, answer: Answer) -> None:
    session = world.challenge(client).session
    answer(session)

    with pytest.raises(ChallengeExpired):
        answer(session, "Yet-an0ther-horse")
    assert world.sign_in(client, "kim", NEW)


def test_refused_answer_leaves_the_challenge_usable(
    world: World, client: Registration, newcomer: User, answer: Answer
) -> None:
    session = world.challenge(client).session
    with pytest.raises(InvalidPassword):
        answer(session, "weak")
    with pytest.raises(InvalidParameter):
        answer(session, NEW, nonsense="x")

    assert answer(session).status == UserStatus.CONFIRMED


def test_challenge_expires(
    world: World, client: Registration, newcomer: User, answer: Answer, clock: MovableClock
) -> None:
    session = world.challenge(client).session
    clock.advance(179.9)
    assert world.services.authentication.missing_attributes(client, session) == ()
    clock.advance(0.1)

    with pytest.raises(ChallengeExpired):
        world.services.authentication.missing_attributes(client, session)
    with pytest.raises(ChallengeExpired):
        answer(session)


@pytest.mark.attack("R23")
@pytest.mark.parametrize("session", ["", "made up", "\ud800"])
def test_made_up_challenge_is_over(answer: Answer, newcomer: User, session: str) -> None:
    with pytest.raises(ChallengeExpired):
        answer(session)


@pytest.mark.attack("R23")
def test_challenge_of_another_client_changes_nothing(
    world: World, client: Registration, newcomer: User, answer: Answer
) -> None:
    session = world.challenge(client).session

    with pytest.raises(ChallengeExpired):
        answer(session, at=world.client())
    assert answer(session).status == UserStatus.CONFIRMED


@pytest.mark.attack("R18")
@pytest.mark.parametrize(
    "change", ["disable", "disable and enable", "delete", "another password", "permanent password"]
)
def test_challenge_ends_with_what_it_began_with(
    world: World, client: Registration, newcomer: User, answer: Answer, change: str
) -> None:
    """Who knew the old temporary password does not get to choose the new one."""
    users, pool_id = world.services.users, world.pool.id
    session = world.challenge(client).session
    if change.startswith("disable"):
        users.disable(pool_id, "kim")
    if change.endswith("enable"):
        users.enable(pool_id, "kim")
    if change == "delete":
        users.delete(pool_id, "kim")
    if change.endswith("password"):
        users.set_password(pool_id, "kim", "Third-h0rse-battery", permanent=change.startswith("permanent"))

    with pytest.raises(ChallengeExpired):
        answer(session)


def test_two_challenges_of_one_user_are_answered_by_one(
    world: World, client: Registration, newcomer: User, answer: Answer
) -> None:
    first, second = world.challenge(client).session, world.challenge(client).session
    answer(first)

    with pytest.raises(ChallengeExpired):
        answer(second)


@pytest.fixture
def demanding(engine: sa.Engine, clock: MovableClock) -> World:
    spec = PoolSpec(
        name="demanding",
        schema=(SchemaAttribute("name", required=True),),
        alias_attributes=("preferred_username",),
    )
    return world_over(engine, clock, spec=spec)


def test_missing_attributes_are_asked_for_and_kept(demanding: World) -> None:
    client = demanding.client()
    demanding.services.users.create(demanding.pool.id, "kim", {"name": "K"}, password=PASSWORD)
    demanding.services.users.create(demanding.pool.id, "ada", {"name": "A", "preferred_username": "boss"})
    asked = demanding.challenge(client)
    give = demanding.services.authentication.answer_new_password

    with pytest.raises(AliasExists):
        give(client, asked.session, NEW, {"preferred_username": "Boss"})
    user = give(client, asked.session, NEW, {"name": "Kim", "nickname": "K"})

    assert user.attributes == {"name": "Kim", "nickname": "K"}
    assert demanding.services.users.describe(demanding.pool.id, "kim") == user


@pytest.mark.attack("R16")
def test_answer_writes_only_what_the_client_may(demanding: World) -> None:
    client = demanding.client(write_attributes=("name",))
    demanding.services.users.create(demanding.pool.id, "kim", {"name": "K"}, password=PASSWORD)
    session = demanding.challenge(client).session
    give = demanding.services.authentication.answer_new_password

    with pytest.raises(NotAuthorized, match="unauthorized attribute"):
        give(client, session, NEW, {"name": "Kim", "nickname": "K"})
    with pytest.raises((NotAuthorized, InvalidParameter)):
        give(client, session, NEW, {"email_verified": "true"})
    assert demanding.services.users.describe(demanding.pool.id, "kim").attributes == {"name": "K"}


def test_attribute_that_changed_meanwhile_is_not_taken_back(
    world: World, client: Registration, newcomer: User, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator's change between reading and writing survives the answer (ATM-4)."""
    session = world.challenge(client).session
    hasher = world.services.authentication._hasher
    make = hasher.hash

    def meanwhile(password: str) -> str:
        world.services.users.update_attributes(world.pool.id, "kim", {"nickname": "K"})
        return make(password)

    monkeypatch.setattr(hasher, "hash", meanwhile)
    user = answer(session, NEW, name="Kim")

    assert user.attributes == {"email": "kim@example.com", "nickname": "K", "name": "Kim"}


@pytest.mark.attack("R11")
def test_no_session_or_password_is_shown(world: World, client: Registration, newcomer: User) -> None:
    asked = world.challenge(client)
    assert asked.session not in repr(asked)
