"""Signing keys: next → current → retired, seen by two workers, with no valid token broken on the way."""

import json

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import KeySet

from app_client_authz.domain.errors import InvalidParameter, InvalidToken, ResourceNotFound
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.services import keys
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.keys import RETIREMENT_SECONDS, RING_SECONDS
from tests.services.world import World, header, services_over
from tests.support.clock import MovableClock


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> MovableClock:
    """The monotonic clock by which key rings age."""
    monotonic = MovableClock(1000.0)
    monkeypatch.setattr(keys.time, "monotonic", monotonic)
    return monotonic


def published(world: World) -> list[str]:
    return [key["kid"] for key in json.loads(world.services.keys.ring(world.pool.id).jwks)["keys"]]


def states(world: World) -> dict[str, int]:
    found = [key.state for key in world.services.keys.of_pool(world.pool.id)]
    return {state: found.count(state) for state in sorted(set(found))}


def verifies(world: World, tokens: TokenSet) -> bool:
    """Whether a client that only knows the JWKS accepts both tokens."""
    key_set = KeySet.import_key_set(json.loads(world.services.keys.ring(world.pool.id).jwks))
    known = {key.kid for key in key_set.keys}
    for token in (tokens.access_token, tokens.id_token):
        assert token is not None
        if header(token)["kid"] not in known:
            return False
        jwt.decode(token, key_set, algorithms=["RS256"])
    return True


@pytest.mark.attack("R10")
def test_jwks_holds_public_members_only(world: World) -> None:
    document = json.loads(world.services.keys.ring(world.pool.id).jwks)

    assert [set(key) for key in document["keys"]] == [{"alg", "e", "kid", "kty", "n", "use"}] * 2


@pytest.mark.attack("R10")
def test_no_valid_token_breaks_from_staging_to_the_end(
    world: World, client: Registration, kim: User, clock: MovableClock, tick: MovableClock
) -> None:
    first = published(world)
    before = world.tokens(client, kim)

    staged = [key.kid for key in world.services.keys.stage(world.pool.id)]
    tick.advance(RING_SECONDS)
    assert published(world) == [first[0], staged[0], first[1], staged[1]]
    while_staged = world.tokens(client, kim)
    assert header(while_staged.access_token)["kid"] == first[1]

    world.services.keys.rotate(world.pool.id)
    tick.advance(RING_SECONDS)
    client = world.registration(client.client.client_id)
    after = world.tokens(client, kim)
    assert header(after.id_token)["kid"] == staged[0]
    assert header(after.access_token)["kid"] == staged[1]
    assert set(published(world)) == {*first, *staged}
    assert all(verifies(world, tokens) for tokens in (before, while_staged, after))
    assert world.userinfo(before)["username"] == "kim"

    clock.advance(RETIREMENT_SECONDS - 1)
    tick.advance(RING_SECONDS)
    assert set(published(world)) == {*first, *staged}
    clock.advance(1)
    tick.advance(RING_SECONDS)
    assert published(world) == staged


def test_staging_twice_makes_no_second_next_key(world: World) -> None:
    first = world.services.keys.stage(world.pool.id)

    assert world.services.keys.stage(world.pool.id) == first
    assert states(world) == {"current": 2, "next": 2}


def test_rotation_needs_staged_keys(world: World) -> None:
    with pytest.raises(InvalidParameter, match="stage"):
        world.services.keys.rotate(world.pool.id)

    assert states(world) == {"current": 2}


def test_rotation_at_once_stages_and_rotates(world: World) -> None:
    world.services.keys.rotate(world.pool.id, at_once=True)

    assert states(world) == {"current": 2, "retired": 2}


@pytest.mark.attack("R18")
def test_withdrawn_key_opens_nothing_within_two_seconds(
    world: World, client: Registration, kim: User, tick: MovableClock
) -> None:
    before = world.tokens(client, kim)
    leaked = header(before.access_token)["kid"]
    with pytest.raises(InvalidParameter, match="rotate first"):
        world.services.keys.withdraw(world.pool.id, leaked)
    world.services.keys.rotate(world.pool.id, at_once=True)
    world.services.keys.withdraw(world.pool.id, leaked)
    tick.advance(RING_SECONDS)

    assert leaked not in published(world)
    with pytest.raises(InvalidToken):
        world.userinfo(before)


def test_unknown_key_or_pool_is_not_found(world: World) -> None:
    with pytest.raises(ResourceNotFound):
        world.services.keys.withdraw(world.pool.id, "unknown")
    for operation in ("of_pool", "stage", "rotate", "ring"):
        with pytest.raises(ResourceNotFound):
            getattr(world.services.keys, operation)("us-east-1_Unknown")


def test_second_worker_signs_with_the_new_key_at_once_and_publishes_it_within_the_bound(
    world: World, client: Registration, kim: User, engine: sa.Engine, tick: MovableClock
) -> None:
    other = World(services_over(engine, world.clock), world.clock, world.pool)
    assert published(other) == published(world)

    world.services.keys.rotate(world.pool.id, at_once=True)
    registration = other.registration(client.client.client_id)
    signed = header(other.tokens(registration, kim).access_token)["kid"]
    tick.advance(RING_SECONDS)

    assert signed == [key.kid for key in world.services.keys.of_pool(world.pool.id) if key.state == "current"][1]
    assert set(published(other)) == set(published(world))


def test_ring_is_read_once_within_its_age(world: World, engine: sa.Engine, tick: MovableClock) -> None:
    world.services.keys.ring(world.pool.id)
    seen: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    for _ in range(10):
        world.services.keys.ring(world.pool.id)
    assert seen == []

    tick.advance(RING_SECONDS)
    world.services.keys.ring(world.pool.id)
    assert len(seen) == 1


@pytest.mark.attack("R11")
def test_private_key_is_sealed_at_rest_and_out_of_sight(world: World, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        stored = repr(connection.execute(sa.text("SELECT * FROM authz_signing_keys")).all())

    assert "PRIVATE KEY" not in stored
    assert "PRIVATE" not in repr(world.services.keys.ring(world.pool.id))


def test_database_refuses_a_second_current_key(world: World, engine: sa.Engine) -> None:
    world.services.keys.stage(world.pool.id)
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.text("UPDATE authz_signing_keys SET state = 'current'"))
