"""Pruning, restoring, the canary, sealing anew."""

import json

import pytest
import sqlalchemy as sa

from app_client_authz.crypto.sealing import SealError
from app_client_authz.domain.errors import ConfigurationError, InvalidGrant, InvalidToken, RefreshTokenReused
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.services import upkeep
from app_client_authz.services.keys import RETIREMENT_SECONDS
from tests.services.world import (
    BASE,
    CALLBACK,
    SEALING_KEY,
    WRONG_PASSWORD,
    World,
    rotation,
    rows,
    services_over,
    web_spec,
)
from tests.support.clock import MovableClock

OTHER_KEY = "another sealing key, which is as long"
MONTH = 30 * 86_400


# --- prune ----------------------------------------------------------------------------------------


def test_prune_of_a_living_site_deletes_nothing(world: World, client: Registration, kim: User) -> None:
    world.tokens(client, kim)

    assert set(world.services.upkeep.prune().values()) == {0}


@pytest.mark.attack("R6")
def test_prune_keeps_what_reuse_detection_needs(world: World, kim: User, clock: MovableClock) -> None:
    client = world.client(**rotation())
    first = world.tokens(client, kim)
    clock.advance(MONTH / 2)
    second = world.refresh(client, first)
    clock.advance(MONTH / 2 - 1)
    world.services.upkeep.prune()

    with pytest.raises(RefreshTokenReused):
        world.refresh(client, first)
    with pytest.raises(InvalidGrant):
        world.refresh(client, second)


@pytest.mark.attack("R5")
def test_prune_keeps_a_consumed_code_for_an_hour_beyond_its_life(
    world: World, client: Registration, kim: User, clock: MovableClock
) -> None:
    code = world.code(client, kim)
    tokens = world.redeem(client, code)
    clock.advance(300 + 3599)
    world.services.upkeep.prune()
    with pytest.raises(InvalidGrant):
        world.redeem(client, code)

    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)


def test_prune_deletes_everything_that_is_over(
    world: World, client: Registration, kim: User, clock: MovableClock, engine: sa.Engine
) -> None:
    world.tokens(client, kim)
    world.services.users.create(world.pool.id, "ada", {}, password="Correct-h0rse-battery")
    world.challenge(client, "ada")
    with pytest.raises(Exception, match="Incorrect"):
        world.sign_in(client, "kim", WRONG_PASSWORD)
    world.services.keys.rotate(world.pool.id, at_once=True)
    clock.advance(max(MONTH, RETIREMENT_SECONDS))
    pruned = world.services.upkeep.prune()

    assert {table: count for table, count in pruned.items() if not count} == {}
    for table in ("codes", "token_sessions", "refresh_tokens", "sso_sessions", "challenge_sessions", "attempts"):
        assert rows(engine, f"authz_{table}") == 0, table
    assert rows(engine, "authz_signing_keys") == 2
    assert rows(engine, "authz_users") == 2


def test_prune_works_in_batches(
    world: World,
    client: Registration,
    kim: User,
    clock: MovableClock,
    engine: sa.Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(5):
        world.code(client, kim)
    clock.advance(MONTH)
    monkeypatch.setattr(upkeep, "BATCH", 2)
    commits: list[object] = []
    sa.event.listen(engine, "commit", commits.append)
    pruned = world.services.upkeep.prune()

    assert (pruned["authz_codes"], pruned["authz_sso_sessions"]) == (5, 5)
    assert len(commits) == 3


# --- restore --------------------------------------------------------------------------------------


def test_after_a_restore_nothing_from_before_is_alive(
    world: World, client: Registration, kim: User, clock: MovableClock
) -> None:
    code, tokens = world.code(client, kim), world.tokens(client, kim)
    cookie, _ = world.services.sessions.begin(kim, replacing=None)
    clock.advance(1)
    world.services.pools.forget_sessions(world.pool.id)
    client = world.registration(client.client.client_id)

    with pytest.raises(InvalidGrant):
        world.redeem(client, code)
    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)
    with pytest.raises(InvalidToken):
        world.userinfo(tokens)
    assert world.services.sessions.find(client.pool, cookie) is None

    clock.advance(1)
    fresh = world.tokens(client, world.sign_in(client))
    assert world.userinfo(world.refresh(client, fresh))["username"] == "kim"


# --- sealing --------------------------------------------------------------------------------------


def test_canary_is_set_once_and_opens_at_every_start(world: World, engine: sa.Engine) -> None:
    world.services.upkeep.check_sealing_keys()
    services_over(engine, world.clock).upkeep.check_sealing_keys()

    assert rows(engine, "authz_canary") == 1


def test_wrong_sealing_key_is_refused_without_being_shown(world: World, engine: sa.Engine) -> None:
    world.services.upkeep.check_sealing_keys()

    with pytest.raises(ConfigurationError, match="AUTHZ_SEALING_KEYS") as refused:
        services_over(engine, world.clock, sealing_keys=(OTHER_KEY,)).upkeep.check_sealing_keys()
    assert OTHER_KEY not in str(refused.value)
    assert SEALING_KEY not in str(refused.value)


def test_old_key_can_go_once_everything_is_sealed_anew(
    world: World, client: Registration, kim: User, engine: sa.Engine
) -> None:
    secret = world.services.app_clients.describe(world.pool.id, client.client.client_id).secret
    world.services.app_clients.add_secret(world.pool.id, client.client.client_id)
    world.services.upkeep.check_sealing_keys()

    both = services_over(engine, world.clock, sealing_keys=(OTHER_KEY, SEALING_KEY))
    both.upkeep.check_sealing_keys()
    assert both.upkeep.reseal() == 2 + 2
    assert both.upkeep.reseal() == 0

    only_new = services_over(engine, world.clock, sealing_keys=(OTHER_KEY,))
    only_new.upkeep.check_sealing_keys()
    assert only_new.app_clients.describe(world.pool.id, client.client.client_id).secret == secret
    assert World(only_new, world.clock, world.pool).tokens(client, kim).access_token
    with pytest.raises(ConfigurationError):
        services_over(engine, world.clock).upkeep.check_sealing_keys()


def test_sealed_secret_moved_to_another_row_does_not_open(world: World, engine: sa.Engine) -> None:
    """Who can write the table still cannot swap in a secret that he knows."""
    mine, theirs = (world.services.app_clients.create(world.pool.id, web_spec()).client for _ in range(2))
    with engine.begin() as connection:
        query = sa.text("SELECT client_id, secrets FROM authz_app_clients")
        secrets = {row.client_id: json.loads(row.secrets) for row in connection.execute(query)}
        secrets[theirs.client_id][0]["sealed"] = secrets[mine.client_id][0]["sealed"]
        connection.execute(
            sa.text("UPDATE authz_app_clients SET secrets = :secrets WHERE client_id = :id"),
            {"secrets": json.dumps(secrets[theirs.client_id]), "id": theirs.client_id},
        )

    with pytest.raises(SealError, match="another row"):
        world.services.app_clients.describe(world.pool.id, theirs.client_id)


def test_sealed_private_key_moved_to_another_row_does_not_open(world: World, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        sealed = connection.scalar(sa.text("SELECT sealed_private_key FROM authz_signing_keys WHERE purpose = 'id'"))
        connection.execute(
            sa.text("UPDATE authz_signing_keys SET sealed_private_key = :sealed WHERE purpose = 'access'"),
            {"sealed": sealed},
        )

    with pytest.raises(SealError, match="another row"):
        services_over(engine, world.clock).keys.ring(world.pool.id)


def test_authorization_response_still_works_after_resealing(world: World, client: Registration, kim: User) -> None:
    code = world.code(client, kim)
    world.services.upkeep.reseal()

    assert world.services.tokens.find_code(client, code, CALLBACK)
    assert world.redeem(client, code).access_token
    assert BASE
