"""Codes, tokens and browser sessions while their user is signed out: from before, and dead, or not given (ATM-3)."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import AuthzError, InvalidGrant, LoginRequired, RefreshTokenRevoked
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Event
from app_client_authz.domain.user import User
from app_client_authz.services.audit import security_event
from app_client_authz.storage.directory_users import DirectoryUsers
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser
from tests.services.test_races import ROUNDS, at_once
from tests.services.world import BASE, CALLBACK, World, world_over
from tests.support.clock import MovableClock
from tests.support.members import PASSWORD as THEIR_PASSWORD
from tests.support.members import Member, Members

pytestmark = pytest.mark.attack("R18")
T = TypeVar("T")


class TickingClock(MovableClock):
    """Nothing happens in the same instant as anything else."""

    def __call__(self) -> float:
        return self.advance(0.001)


def asked(world: World, client: Registration, response_type: str = "code") -> AuthorizationRequest:
    return world.services.authorization.judge(
        {
            "client_id": client.client.client_id,
            "redirect_uri": CALLBACK,
            "response_type": response_type,
            "scope": "openid",
        }
    )


def answer(world: World, request: AuthorizationRequest, cookie: str) -> dict[str, str]:
    """What a browser with that cookie gets; LoginRequired if it has to sign in."""
    found = world.services.authorization.resume(request, cookie)
    if found is None:
        raise LoginRequired
    return dict(world.services.authorization.complete(request, found, BASE).parameters)


def sign_out(world: World) -> None:
    world.services.users.sign_out(world.pool.id, "kim")


def disable_and_enable(world: World) -> None:
    world.services.users.disable(world.pool.id, "kim")
    world.services.users.enable(world.pool.id, "kim")


def while_it_waits(monkeypatch: pytest.MonkeyPatch, units: Units, act: Callable[[], object]) -> None:
    """``act`` happens before the next transaction begins, whose caller has looked at all it looks at before."""
    write = units.write

    def late(work: Callable[[Unit], T]) -> T:
        monkeypatch.setattr(units, "write", write)
        act()
        return write(work)

    monkeypatch.setattr(units, "write", late)


@pytest.mark.parametrize("end", [sign_out, disable_and_enable])
def test_code_given_while_the_sign_out_waits_for_the_user_is_dead(
    sqlite_world: World, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, end: Callable[[World], None]
) -> None:
    world = sqlite_world
    client, kim = world.client(), world.user()
    cookie, _ = world.services.sessions.begin(kim, replacing=None)
    given: list[str] = []

    def authorize() -> None:
        clock.advance(1)
        given.append(answer(world, asked(world, client), cookie)["code"])
        clock.advance(1)

    while_it_waits(monkeypatch, world.services.users._units, authorize)
    end(world)

    with pytest.raises(InvalidGrant):
        world.redeem(client, given[0])


def test_codes_at_a_global_sign_out_are_dead_or_never_given(engine: sa.Engine) -> None:
    world = world_over(engine, TickingClock(), spec=PoolSpec(name="pool", dialect="oidc"))
    client, kim = world.client(), world.user()
    for _ in range(ROUNDS):
        cookie, _ = world.services.sessions.begin(kim, replacing=None)
        tasks: list[Callable[[], object]] = [lambda cookie=cookie: answer(world, asked(world, client), cookie)] * 4  # type: ignore[misc]
        *outcomes, ended = at_once([*tasks, lambda: sign_out(world)])

        assert ended is None
        for outcome in outcomes:
            assert isinstance(outcome, (dict, LoginRequired)), outcome
            if isinstance(outcome, dict):
                with pytest.raises(InvalidGrant):
                    world.redeem(client, outcome["code"])
        kim = world.sign_in(client)


def test_authorization_that_looked_before_the_sign_out_gives_no_code(sqlite_world: World, clock: MovableClock) -> None:
    """Although with a look of today the cookie would do: in this dialect it outlives a global sign-out."""
    world = sqlite_world
    request = asked(world, world.client())
    cookie, signed_in = world.services.sessions.begin(world.user(), replacing=None)
    clock.advance(1)
    sign_out(world)
    clock.advance(1)

    with pytest.raises(LoginRequired) as refused:
        world.services.authorization.complete(request, signed_in, BASE)
    assert refused.value.target is not None
    assert refused.value.target.redirect_uri == CALLBACK
    assert answer(world, request, cookie)["code"]


def test_authorization_that_looked_before_its_browser_signed_out_gives_no_code(sqlite_world: World) -> None:
    world = sqlite_world
    cookie, signed_in = world.services.sessions.begin(world.user(), replacing=None)
    world.services.sessions.end(world.pool, cookie)

    with pytest.raises(LoginRequired):
        world.services.authorization.complete(asked(world, world.client()), signed_in, BASE)


def test_no_token_of_the_implicit_flow_is_dated_after_a_sign_out_that_its_trigger_overlooked(
    sqlite_world: World, clock: MovableClock
) -> None:
    world = sqlite_world
    client = world.client(generate_secret=False, allowed_oauth_flows=("implicit",))
    request = asked(world, client, "token")
    cookie, signed_in = world.services.sessions.begin(world.user(), replacing=None)

    def slow(event: Event) -> Event:
        clock.advance(1)
        sign_out(world)
        clock.advance(1)
        return event

    world.services.triggers.own.register("PreTokenGeneration", slow)
    with pytest.raises(LoginRequired) as refused:
        world.services.authorization.complete(request, signed_in, BASE)
    assert refused.value.target is not None

    world.services.triggers.own._registered.clear()
    assert answer(world, request, cookie)["access_token"]


def test_code_that_went_away_under_way_is_no_replay(
    sqlite_world: World, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    client = world.client()
    code = world.code(client, world.user())
    heard: list[str] = []

    def listen(_sender: object, event: str, **_ids: Any) -> None:
        heard.append(event)

    while_it_waits(monkeypatch, world.services.tokens._units, lambda: sign_out(world))
    with security_event.connected_to(listen), pytest.raises(InvalidGrant):
        world.redeem(client, code)
    assert heard == ["user_signed_out"]


@pytest.mark.attack("JWT-11")
def test_sign_out_by_a_worker_whose_clock_is_behind_is_one(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    world = world_over(sqlite_engine, clock, spec=PoolSpec(name="pool", dialect="oidc"))
    client, kim = world.client(), world.user()
    tokens, code = world.tokens(client, kim), world.code(client, kim)
    cookie, _ = world.services.sessions.begin(kim, replacing=None)
    clock.advance(-2)
    sign_out(world)
    clock.advance(3)

    assert world.services.sessions.find(world.pool, cookie) is None
    with pytest.raises(RefreshTokenRevoked):
        world.refresh(client, tokens)
    with pytest.raises(InvalidGrant):
        world.redeem(client, code)


# --- users of a directory -------------------------------------------------------------------------


@pytest.fixture
def members(sqlite_world: World) -> Members:
    found = Members(Member("0b7c1f6e-3d0a-4c53-9b0e-2f6f4c8d9a10", "kim"))
    sqlite_world.services.directory_calls.own.register(found)
    return found


def test_disabling_in_a_directory_counts_from_when_the_row_is_held(
    sqlite_world: World, clock: MovableClock, members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens of the implicit flow, dated while somebody else held it, are older."""
    world, find = sqlite_world, DirectoryUsers.find_by_key
    world.sign_in(world.client(), "kim", THEIR_PASSWORD)
    (member,) = members.rows.values()
    member.enabled = False

    def held_by_another(users: DirectoryUsers, *arguments: Any, hold: bool = False) -> StoredUser | None:
        clock.advance(10 if hold else 0)
        return find(users, *arguments, hold=hold)

    monkeypatch.setattr(DirectoryUsers, "find_by_key", held_by_another)
    disabled = world.services.directories.user_of(world.pool, member.key)

    assert disabled is not None
    assert disabled.user.signed_out_at == clock()


def test_code_of_a_user_whom_the_directory_lost_for_a_moment_is_dead(sqlite_world: World, members: Members) -> None:
    """It comes back under the same ``sub`` within the second that its tokens are given."""
    world = sqlite_world
    client = world.client()
    code = world.code(client, world.sign_in(client, "kim", THEIR_PASSWORD))
    ((key, member),) = members.rows.items()
    del members.rows[key]
    with pytest.raises(AuthzError):
        world.sign_in(client, "kim", THEIR_PASSWORD)
    members.rows[key] = member
    again: User = world.sign_in(client, "kim", THEIR_PASSWORD)

    assert again.sub == key
    with pytest.raises(InvalidGrant):
        world.redeem(client, code)
