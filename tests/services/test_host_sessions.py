"""What a host says of who is signed in there: taken where it makes sense, and refused where not."""

import pytest
import sqlalchemy as sa

from app_client_authz import HostSession
from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import Unavailable
from app_client_authz.domain.registration import Registration
from tests.services.world import CALLBACK, World, rows, world_over
from tests.support.clock import MovableClock
from tests.support.members import PASSWORD, Member, Members


@pytest.fixture
def world(engine: sa.Engine, clock: MovableClock) -> World:
    world = world_over(engine, clock)
    world.services.directory_calls.own.register(Members(Member("7", "kim")))
    return world


def asked(world: World, client: Registration, **more: str) -> AuthorizationRequest:
    given = {"client_id": client.client.client_id, "redirect_uri": CALLBACK, "response_type": "code", **more}
    return world.services.authorization.judge({**given, "scope": "openid"})


def says(world: World, *session: object) -> None:
    """The host makes a ``HostSession`` of these values."""
    world.services.host_sessions.own.register(lambda: HostSession(*session))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "session",
    [(7,), (None,), (b"7",), ("7", None), ("7", "1790000000"), ("7", True), ("7", float("nan")), ("7", -1)],
)
def test_a_session_that_makes_no_sense_is_unavailable_and_costs_nobody_the_account(
    world: World, client: Registration, session: tuple[object, ...]
) -> None:
    world.sign_in(client, "kim", PASSWORD)
    says(world, *session)

    with pytest.raises(Unavailable):
        world.services.authorization.resume(asked(world, client), None)
    assert rows(world.services.engine, "authz_users") == 1


@pytest.mark.parametrize("ahead, is_recent", [(0, True), (30, True), (3600, False), (1e12, False)])
def test_a_sign_in_that_is_yet_to_come_is_recent_enough_for_no_max_age(
    world: World, client: Registration, clock: MovableClock, ahead: float, is_recent: bool
) -> None:
    says(world, "7", clock() + ahead)

    found = world.services.authorization.resume(asked(world, client, max_age="60"), None)
    assert (found is not None) is is_recent
    without = world.services.authorization.resume(asked(world, client), None)
    assert without is not None
    assert without.session.auth_time == (clock() if is_recent else 0)


@pytest.mark.parametrize(
    "minutes, age, is_taken_over", [(None, 7200, True), (10, 599, True), (10, 600, False), (0, 0, False)]
)
def test_a_client_takes_over_no_sign_in_that_is_older_than_its_bound(
    world: World, clock: MovableClock, minutes: int | None, age: float, is_taken_over: bool
) -> None:
    says(world, "7", clock() - age)
    client = world.client(sso_max_validity_minutes=minutes)

    found = world.services.authorization.resume(asked(world, client), None)

    assert (found is not None) is is_taken_over
