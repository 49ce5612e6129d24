"""Whether a code or token still counts is decided when it is used: by the user, the pool, the keys, the clock."""

import itertools
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.domain.errors import (
    AuthzError,
    ChallengeExpired,
    InvalidGrant,
    InvalidToken,
    PasswordAttemptsExceeded,
    RefreshTokenReused,
    RefreshTokenRevoked,
    ResourceNotFound,
    Unavailable,
)
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.keys import Keys
from app_client_authz.storage.unit import Units
from tests.services.test_races import at_once
from tests.services.world import BASE, CALLBACK, PASSWORD, World, redeem, rotation, rows, services_over, world_over
from tests.support.clock import MovableClock
from tests.support.site import SMALL_HASHES

YEAR = 365 * 86_400
ROUNDS = 3
TEMPORARY = "Temp0rary-h0rse"


# --- the user of a code ---------------------------------------------------------------------------


def stand(world: World, engine: sa.Engine, status: UserStatus) -> None:
    """An administrator, or an operation of a later version, brings kim there."""
    if status == UserStatus.FORCE_CHANGE_PASSWORD:
        world.services.users.set_password(world.pool.id, "kim", TEMPORARY, permanent=False)
    else:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE authz_users SET status = :status"), {"status": status.value})


STATUSES = [UserStatus.FORCE_CHANGE_PASSWORD, UserStatus.RESET_REQUIRED, UserStatus.UNCONFIRMED, UserStatus.ARCHIVED]


@pytest.mark.attack("R18")
@pytest.mark.parametrize("status", STATUSES)
def test_code_gives_nothing_once_its_user_may_not_sign_in_as_before(
    world: World, client: Registration, kim: User, engine: sa.Engine, status: UserStatus
) -> None:
    """Whoever signed in with the password that was replaced gets no tokens for it."""
    code = world.code(client, kim)
    world.clock.advance(1)
    stand(world, engine, status)

    with pytest.raises(InvalidGrant):
        world.redeem(client, code)
    assert rows(engine, "authz_token_sessions") == 0


@pytest.mark.attack("R24")
@pytest.mark.parametrize("status", STATUSES)
def test_code_gives_nothing_when_its_user_changes_while_it_is_redeemed(
    world: World, client: Registration, kim: User, engine: sa.Engine, status: UserStatus
) -> None:
    code = world.code(client, kim)
    found = world.services.tokens.find_code(client, code, CALLBACK)
    world.clock.advance(1)
    stand(world, engine, status)

    with pytest.raises(InvalidGrant):
        world.services.tokens.redeem_code(client, found, None, BASE)
    assert rows(engine, "authz_token_sessions") == 0


@pytest.mark.attack("R18")
def test_user_who_chose_a_new_password_gets_codes_that_work(world: World, client: Registration, kim: User) -> None:
    world.services.users.set_password(world.pool.id, "kim", TEMPORARY, permanent=False)
    session = world.challenge(client, "kim", TEMPORARY).session
    user = world.services.authentication.answer_new_password(client, session, PASSWORD, {})

    assert world.userinfo(world.tokens(client, user))["username"] == "kim"


# --- a pool that is deleted -----------------------------------------------------------------------


class Site:
    """A pool, a client for every grant, and a worker that has never met them."""

    def __init__(self, engine: sa.Engine, url: str, clock: MovableClock) -> None:
        self.world = world_over(engine, clock)
        self.app = Flask("worker")
        self.app.config.update(SQLALCHEMY_DATABASE_URI=url, AUTHZ_PUBLIC_URL=BASE, SECRET_KEY="s" * 40, **SMALL_HASHES)
        self.app.config["AUTHZ_SEALING_KEYS"] = list(self.world.services.settings.sealing_keys)
        AppClientAuthz(self.app, clock=clock)

    def body(self, grant: str) -> dict[str, str]:
        """A token request that succeeds as long as the pool is there."""
        if grant == "client_credentials":
            return {"grant_type": grant} | self._credentials(self._machine())
        client = self.world.client(**rotation())
        user = self.world.user(f"user of {grant}".replace(" ", "-"))
        body = {"grant_type": grant} | self._credentials(client)
        if grant == "refresh_token":
            return body | {"refresh_token": str(self.world.tokens(client, user).refresh_token)}
        return body | {"code": self.world.code(client, user), "redirect_uri": CALLBACK}

    def delete_pool(self) -> None:
        self.world.services.pools.delete(self.world.pool.id)

    def _machine(self) -> Registration:
        scopes = [ResourceServerScope("read", "Read")]
        server = ResourceServer.create(pool_id=self.world.pool.id, identifier="orders", name="Orders", scopes=scopes)
        self.world.services.resource_servers.create(server)
        flows, granted = ("client_credentials",), ("orders/read",)
        return self.world.client(allowed_oauth_flows=flows, allowed_oauth_scopes=granted, callback_urls=None)

    def _credentials(self, client: Registration) -> dict[str, str]:
        client_id = client.client.client_id
        secret = self.world.services.app_clients.describe(self.world.pool.id, client_id).secret
        return {"client_id": client_id, "client_secret": str(secret)}


@pytest.mark.attack("R19")
@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "client_credentials"])
def test_pool_that_is_deleted_in_the_middle_of_a_token_request_is_a_4xx(
    engine: sa.Engine, database_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, grant: str
) -> None:
    """Before its first look at the database, before its second, and so on to the last."""
    refused = []
    for number in itertools.count():
        site = Site(engine, database_url, clock)
        body = site.body(grant)
        with monkeypatch.context() as patch:
            reached = before_work(patch, number, site.delete_pool)
            answer = site.app.test_client().post("/auth/oauth2/token", data=body)
        if not reached:
            assert answer.status_code == 200, answer.text
            break
        assert 400 <= answer.status_code < 500, (number, answer.text)
        assert set(answer.get_json()) <= {"error", "error_description"}
        refused.append(answer.get_json()["error"])

    assert len(refused) >= 3


def before_work(patch: pytest.MonkeyPatch, number: int, interlude: Callable[[], object]) -> list[int]:
    """Before the unit of work of that number begins, ``interlude`` happens; empty as long as it did not."""
    reached: list[int] = []
    begun = itertools.count()

    def watched(name: str) -> None:
        real = getattr(Units, name)

        def run(self: Units, work: Callable[..., object]) -> object:
            if not reached and next(begun) == number:
                reached.append(number)
                interlude()
            return real(self, work)

        patch.setattr(Units, name, run)

    watched("read")
    watched("write")
    return reached


# --- a database that is gone for a moment ---------------------------------------------------------


def out() -> None:
    raise Unavailable(detail="no database")


@pytest.mark.attack("R6")
@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "client_credentials"])
def test_token_request_that_met_no_database_can_be_sent_again(
    engine: sa.Engine, database_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, grant: str
) -> None:
    """Whatever may fail comes before the code is consumed or the refresh token superseded."""
    for number in itertools.count():
        site = Site(engine, database_url, clock)
        body = site.body(grant)
        post = site.app.test_client().post
        with monkeypatch.context() as patch:
            reached = before_work(patch, number, out)
            answer = post("/auth/oauth2/token", data=body)
        if not reached:
            assert answer.status_code == 200, answer.text
            break
        assert answer.status_code == 503, (number, answer.text)
        again = post("/auth/oauth2/token", data=body)
        assert again.status_code == 200, (number, again.text)

    assert number >= 3


# --- keys that do not load ------------------------------------------------------------------------


@pytest.fixture
def keys_out_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The next look at signing keys finds no database, every later one does; for which pools it was."""
    ring = Keys.ring
    asked: list[str] = []

    def out(self: Keys, pool_id: str, *arguments: object, **options: object) -> object:
        asked.append(pool_id)
        if len(asked) == 1:
            raise Unavailable(detail="no database")
        return ring(self, pool_id, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Keys, "ring", out)
    return asked


@pytest.mark.attack("R5")
def test_code_outlives_keys_that_do_not_load(
    world: World, client: Registration, kim: User, engine: sa.Engine, keys_out_once: list[str]
) -> None:
    code = world.code(client, kim)
    with pytest.raises(Unavailable):
        world.redeem(client, code)
    assert rows(engine, "authz_token_sessions") == 0

    assert world.userinfo(world.redeem(client, code))["username"] == "kim"
    assert keys_out_once


@pytest.mark.attack("R6")
def test_refresh_token_outlives_keys_that_do_not_load(
    world: World, kim: User, engine: sa.Engine, request: pytest.FixtureRequest
) -> None:
    client = world.client(**rotation(0))
    tokens = world.tokens(client, kim)
    asked: list[str] = request.getfixturevalue("keys_out_once")
    with pytest.raises(Unavailable):
        world.refresh(client, tokens)
    assert rows(engine, "authz_refresh_tokens") == 1

    again = world.refresh(client, tokens)
    assert world.userinfo(again)["username"] == "kim"
    assert world.refresh(client, again).refresh_token not in {tokens.refresh_token, again.refresh_token}
    assert asked


# --- the host's isolation level -------------------------------------------------------------------


@pytest.fixture(params=["AUTOCOMMIT", "REPEATABLE READ", "SERIALIZABLE"])
def world_at_a_level(database_url: str, clock: MovableClock, request: pytest.FixtureRequest) -> Iterator[World]:
    """A host on PostgreSQL whose engine was made with ``isolation_level``."""
    engine = sa.create_engine(database_url, isolation_level=request.param)
    yield world_over(engine, clock)
    engine.dispose()


def winners(outcomes: list[TokenSet | AuthzError]) -> list[TokenSet]:
    assert not [outcome for outcome in outcomes if isinstance(outcome, Unavailable)]
    return [outcome for outcome in outcomes if isinstance(outcome, TokenSet)]


@pytest.mark.attack("R5")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_one_thread_redeems_a_code_at_whatever_level_the_host_works(world_at_a_level: World) -> None:
    world = world_at_a_level
    client, kim = world.client(), world.user()
    for _ in range(ROUNDS):
        code = world.code(client, kim)
        outcomes = at_once([lambda code=code: world.redeem(client, code)] * 8)

        won = winners(outcomes)
        assert len(won) == 1
        assert {type(outcome) for outcome in outcomes if outcome is not won[0]} == {InvalidGrant}
        with pytest.raises(InvalidToken):
            world.userinfo(won[0])


@pytest.mark.attack("R6")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_one_thread_rotates_a_refresh_token_at_whatever_level_the_host_works(world_at_a_level: World) -> None:
    world = world_at_a_level
    client, kim = world.client(**rotation(0)), world.user()
    for _ in range(ROUNDS):
        tokens = world.tokens(client, kim)
        outcomes = at_once([lambda tokens=tokens: world.refresh(client, tokens)] * 8)

        assert len(winners(outcomes)) == 1


# --- a clock that steps back ----------------------------------------------------------------------
#
# Expiry is computed from stored absolute times (ATM-14): what was only too old is young again when the clock
# is set back, and nothing else can be known. What was used, revoked or replaced stays so by its row alone.


@pytest.mark.attack("R5")
@pytest.mark.parametrize("seconds", [1, YEAR])
def test_consumed_code_stays_dead_when_the_clock_steps_back(
    world: World, client: Registration, kim: User, clock: MovableClock, seconds: int
) -> None:
    code = world.code(client, kim)
    clock.advance(10)
    tokens = world.redeem(client, code)
    clock.advance(-seconds)

    with pytest.raises(InvalidGrant):
        world.redeem(client, code)
    for _ in range(2):
        with pytest.raises(RefreshTokenRevoked):
            world.refresh(client, tokens)
        with pytest.raises(InvalidToken):
            world.userinfo(tokens)
        clock.advance(seconds)


@pytest.mark.attack("R7")
@pytest.mark.parametrize("seconds", [1, YEAR])
@pytest.mark.parametrize("how", ["revoked", "signed out", "disabled", "forgotten", "reused"])
def test_ended_session_stays_dead_when_the_clock_steps_back(
    world: World, kim: User, clock: MovableClock, how: str, seconds: int
) -> None:
    client = world.client(**rotation(60))
    tokens = world.tokens(client, kim)
    cookie, _ = world.services.sessions.begin(kim, replacing=None)
    clock.advance(100)
    end_session(world, client, tokens, how)
    clock.advance(-seconds)
    client = world.registration(client.client.client_id)

    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)
    with pytest.raises(InvalidToken):
        world.userinfo(tokens)
    if how in {"disabled", "forgotten"}:
        assert world.services.sessions.find(client.pool, cookie) is None


def end_session(world: World, client: Registration, tokens: TokenSet, how: str) -> None:
    pool_id = world.pool.id
    if how == "revoked":
        world.services.revocation.revoke(client, str(tokens.refresh_token), BASE)
    elif how == "signed out":
        world.services.users.sign_out(pool_id, "kim")
    elif how == "disabled":
        world.services.users.disable(pool_id, "kim")
    elif how == "forgotten":
        world.services.pools.forget_sessions(pool_id)
    else:
        world.refresh(client, tokens)
        world.clock.advance(60)
        with pytest.raises(RefreshTokenReused):
            world.refresh(client, tokens)


@pytest.mark.attack("R6")
@pytest.mark.parametrize("seconds", [0, 0.5, 1, 50, YEAR])
def test_superseded_refresh_token_stays_dead_without_grace_when_the_clock_steps_back(
    world: World, kim: User, clock: MovableClock, seconds: float
) -> None:
    client = world.client(**rotation(0))
    first = world.tokens(client, kim)
    clock.advance(100)
    second = world.refresh(client, first)
    clock.advance(-seconds)

    with pytest.raises(RefreshTokenReused):
        world.refresh(client, first)
    with pytest.raises(InvalidGrant):
        world.refresh(client, second)


@pytest.mark.attack("R6")
@pytest.mark.parametrize("seconds", [11, YEAR])
def test_grace_does_not_grow_by_what_the_clock_steps_back(
    world: World, kim: User, clock: MovableClock, seconds: float
) -> None:
    client = world.client(**rotation(10))
    first = world.tokens(client, kim)
    clock.advance(100)
    world.refresh(client, first)
    clock.advance(-seconds)

    with pytest.raises(RefreshTokenReused):
        world.refresh(client, first)


@pytest.mark.attack("R6")
@pytest.mark.parametrize("seconds", [0.001, 5])
def test_retry_at_a_worker_whose_clock_is_behind_has_its_grace(
    world: World, kim: User, engine: sa.Engine, clock: MovableClock, seconds: float
) -> None:
    client = world.client(**rotation(10))
    behind = services_over(engine, MovableClock(clock() - seconds))
    first = world.tokens(client, kim)
    world.refresh(client, first)

    assert behind.tokens.refresh(client, str(first.refresh_token), BASE).refresh_token


@pytest.mark.attack("R6")
def test_grace_that_was_used_up_by_the_successor_does_not_come_back_with_the_clock(
    world: World, kim: User, clock: MovableClock
) -> None:
    client = world.client(**rotation(60))
    first = world.tokens(client, kim)
    clock.advance(100)
    second = world.refresh(client, first)
    clock.advance(1)
    world.refresh(client, second)
    clock.advance(-50)

    with pytest.raises(RefreshTokenReused):
        world.refresh(client, first)


@pytest.mark.attack("R24")
def test_answered_challenge_stays_dead_when_the_clock_steps_back(
    world: World, client: Registration, clock: MovableClock
) -> None:
    world.services.users.create(world.pool.id, "kim", {}, password=TEMPORARY)
    session = world.challenge(client, "kim", TEMPORARY).session
    clock.advance(10)
    give = world.services.authentication.answer_new_password
    give(client, session, PASSWORD, {})
    clock.advance(-10)

    with pytest.raises(ChallengeExpired):
        give(client, session, "An0ther-h0rse-battery", {})
    assert world.sign_in(client)


@pytest.mark.attack("R14")
def test_lock_is_not_shortened_when_the_clock_steps_back(
    world: World, client: Registration, kim: User, clock: MovableClock
) -> None:
    for _ in range(5):
        with pytest.raises(AuthzError):
            world.sign_in(client, "kim", "Wrong-h0rse-battery")
    clock.advance(-YEAR)

    with pytest.raises(PasswordAttemptsExceeded):
        world.sign_in(client)


@pytest.mark.attack("R23")
def test_deleted_pool_is_gone_for_a_worker_that_knows_its_keys(
    world: World, client: Registration, kim: User, engine: sa.Engine
) -> None:
    worker = services_over(engine, world.clock)
    code = world.code(client, kim)
    worker.keys.ring(world.pool.id, client.pool.keys_version)
    tokens = world.tokens(client, kim)
    world.services.pools.delete(world.pool.id)

    with pytest.raises((InvalidGrant, ResourceNotFound)):
        redeem(worker, client, code)
    with pytest.raises((InvalidGrant, ResourceNotFound)):
        worker.tokens.refresh(client, str(tokens.refresh_token), BASE)
    with pytest.raises(InvalidToken):
        worker.profile.userinfo(tokens.access_token, BASE)
