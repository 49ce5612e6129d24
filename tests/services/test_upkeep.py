"""Pruning, restoring, the canary, sealing anew."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.crypto.sealing import SealError
from app_client_authz.domain.errors import (
    ChallengeExpired,
    CodeMismatch,
    ConcurrentModification,
    ConfigurationError,
    InvalidGrant,
    InvalidToken,
    RefreshTokenReused,
)
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.domain.verification import RESET_PASSWORD
from app_client_authz.services import upkeep
from app_client_authz.services.challenge_parameters import Challenge
from app_client_authz.services.keys import RETIREMENT_SECONDS
from app_client_authz.services.sign_ins import Request
from app_client_authz.storage.attempts import Account
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
NEW = "Brand-new-h0rse"
DAY = 86_400
MONTH = 30 * DAY
A_DAY: dict[str, Any] = {"refresh_token_validity": 1, "access_token_validity": 24}
"""Members of a client whose token sessions and access tokens live for a day: no access token can live longer."""


def keep_auth_events(world: World) -> None:
    """Sign-ins of the pool go on record from now on."""
    add_ons = {"AdvancedSecurityMode": "AUDIT"}
    world.services.pools.replace(world.pool.id, replace(world.pool.spec, tier="PLUS", add_ons=add_ons))


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
    lee = world.user("lee", email_verified="true")
    world.services.recovery.require_reset(world.pool.id, "lee")
    with pytest.raises(CodeMismatch):
        world.services.verification_codes.prove(Account(world.pool.id, lee.sub), RESET_PASSWORD, "no code")
    world.services.keys.rotate(world.pool.id, at_once=True)
    keep_auth_events(world)
    world.services.sessions.begin(kim, replacing=None, registration=world.registration(client.client.client_id))
    clock.advance(max(90 * DAY, RETIREMENT_SECONDS))
    pruned = world.services.upkeep.prune()

    assert {table: count for table, count in pruned.items() if not count} == {}
    for table in (
        "codes",
        "token_sessions",
        "refresh_tokens",
        "sso_sessions",
        "challenge_sessions",
        "attempts",
        "auth_events",
    ):
        assert rows(engine, f"authz_{table}") == 0, table
    assert rows(engine, "authz_signing_keys") == 2
    assert rows(engine, "authz_users") == 3


@pytest.mark.attack("R18")
def test_prune_keeps_a_session_for_the_access_tokens_that_outlive_it(
    world: World, kim: User, clock: MovableClock, engine: sa.Engine
) -> None:
    """A refresh at the last moment gives a token of up to a day."""
    client = world.client(**A_DAY)
    tokens = world.tokens(client, kim)
    clock.advance(DAY - 1)
    late = world.refresh(client, tokens)
    for seconds in (2, DAY - 4, 1):
        clock.advance(seconds)
        world.services.upkeep.prune()
        assert world.userinfo(late)["username"] == "kim"

    clock.advance(2)
    world.services.upkeep.prune()
    assert rows(engine, "authz_token_sessions") == rows(engine, "authz_refresh_tokens") == 0


@pytest.mark.attack("R7")
def test_prune_does_not_revive_a_token_that_was_revoked_in_the_last_moment(
    world: World, kim: User, clock: MovableClock
) -> None:
    client = world.client(**A_DAY)
    tokens = world.tokens(client, kim)
    clock.advance(DAY - 1)
    late = world.refresh(client, tokens)
    world.services.revocation.revoke(client, str(tokens.refresh_token), BASE)
    for seconds in (2, DAY - 4, 1):
        clock.advance(seconds)
        world.services.upkeep.prune()
        with pytest.raises(InvalidToken):
            world.userinfo(late)


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


@pytest.mark.attack("R18")
def test_after_a_restore_no_pending_challenge_of_the_pool_can_be_answered(
    world: World, client: Registration, clock: MovableClock
) -> None:
    """Who knew a temporary password of back then does not get to choose the new one."""
    elsewhere = World(world.services, clock, world.services.pools.create(PoolSpec(name="elsewhere")))
    there = elsewhere.client()
    for each in (world, elsewhere):
        each.services.users.create(each.pool.id, "ada", {}, password="Correct-h0rse-battery")
    here, untouched = world.challenge(client, "ada").session, elsewhere.challenge(there, "ada").session
    clock.advance(1)
    world.services.pools.forget_sessions(world.pool.id)
    client = world.registration(client.client.client_id)
    authentication = world.services.authentication

    with pytest.raises(ChallengeExpired):
        authentication.missing_attributes(client, here)
    with pytest.raises(ChallengeExpired):
        authentication.answer_new_password(client, here, NEW, {})
    assert authentication.answer_new_password(there, untouched, NEW, {}).username == "ada"
    again = world.challenge(client, "ada").session
    assert authentication.answer_new_password(client, again, NEW, {}).username == "ada"


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
    assert both.upkeep.reseal() == 2 + 2 + 1  # private keys, client secrets, the verifier of kim's password
    assert both.upkeep.reseal() == 0

    only_new = services_over(engine, world.clock, sealing_keys=(OTHER_KEY,))
    only_new.upkeep.check_sealing_keys()
    assert only_new.app_clients.describe(world.pool.id, client.client.client_id).secret == secret
    assert World(only_new, world.clock, world.pool).tokens(client, kim).access_token
    with pytest.raises(ConfigurationError):
        services_over(engine, world.clock).upkeep.check_sealing_keys()


@pytest.mark.attack("R15")
def test_what_is_told_of_nobody_is_the_same_before_and_after_sealing_keys_are_rotated(
    world: World, engine: sa.Engine
) -> None:
    """As a user's salt and address are: who notes both before a rotation would see who exists."""
    client = world.client(generate_secret=False, prevent_user_existence_errors="ENABLED")

    def told(*sealing_keys: str) -> tuple[object, str]:
        services = services_over(engine, world.clock, sealing_keys=sealing_keys)
        asked = Request(client, "0b7c1f6e-3d0a-4c53-9b0e-2f6f4c8d9a10", BASE)
        parameters = {"USERNAME": "nobody", "SRP_A": "ab" * 380}
        challenge = services.sign_ins.initiate(asked, "USER_SRP_AUTH", parameters, by_admin=False)
        assert isinstance(challenge, Challenge)
        return challenge.parameters["SALT"], services.recovery.forgot(client, "nobody").destination

    before = told(SEALING_KEY)
    assert told(SEALING_KEY, OTHER_KEY) == told(OTHER_KEY, SEALING_KEY) == before
    services_over(engine, world.clock, sealing_keys=(OTHER_KEY, SEALING_KEY)).upkeep.reseal()
    assert told(OTHER_KEY) == before


@contextlib.contextmanager
def before_the_update_of_a_client(engine: sa.Engine, interlude: Callable[[], object]) -> Iterator[None]:
    """Whoever is first to update an app client over ``engine`` has read it; then comes ``interlude``, once."""
    began: list[bool] = []

    def intervene(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not began and statement.startswith("UPDATE authz_app_clients"):
            began.append(True)
            interlude()

    sa.event.listen(engine, "before_cursor_execute", intervene)
    yield
    sa.event.remove(engine, "before_cursor_execute", intervene)
    assert began


def opens_with(engine: sa.Engine, world: World, key: str) -> set[str | None]:
    """The secrets of all clients, and the signing keys too, by that sealing key and no other."""
    services = services_over(engine, world.clock, sealing_keys=(key,))
    services.upkeep.check_sealing_keys()
    assert services.keys.ring(world.pool.id).signing.keys() == {"id", "access"}
    clients = services.app_clients.all(world.pool.id)
    return {services.app_clients.describe(world.pool.id, client.client_id).secret for client in clients}


@pytest.fixture
def other_engine(database_url: str) -> Iterator[sa.Engine]:
    """Another process on the same database; who waits for a lock of ours, waits in vain."""
    limits = {"options": "-c lock_timeout=500"}
    engine = sa.create_engine(database_url, connect_args=limits)
    yield engine
    engine.dispose()


@pytest.mark.attack("R24")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_update_of_a_client_that_is_sealed_anew_meanwhile_is_refused(
    world: World, client: Registration, engine: sa.Engine, other_engine: sa.Engine
) -> None:
    """It would write the old sealed secrets back, which nothing opens once the old key is gone."""
    client_id = client.client.client_id
    secrets = opens_with(engine, world, SEALING_KEY)
    world.services.upkeep.check_sealing_keys()
    both = services_over(other_engine, world.clock, sealing_keys=(OTHER_KEY, SEALING_KEY))
    resealed: list[int] = []

    with (
        before_the_update_of_a_client(engine, lambda: resealed.append(both.upkeep.reseal())),
        pytest.raises(ConcurrentModification),
    ):
        world.services.app_clients.replace(world.pool.id, client_id, web_spec(client_name="renamed"))

    assert resealed == [1 + 2]
    assert opens_with(engine, world, OTHER_KEY) == secrets
    again = services_over(engine, world.clock, sealing_keys=(OTHER_KEY, SEALING_KEY)).app_clients
    again.replace(world.pool.id, client_id, web_spec(client_name="renamed"))
    assert again.describe(world.pool.id, client_id).client.name == "renamed"
    assert opens_with(engine, world, OTHER_KEY) == secrets


@pytest.mark.attack("R24")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_secret_whose_client_changes_while_it_is_sealed_anew_is_sealed_anew_all_the_same(
    world: World, client: Registration, engine: sa.Engine
) -> None:
    client_id = client.client.client_id
    secrets = opens_with(engine, world, SEALING_KEY)
    world.services.upkeep.check_sealing_keys()
    other = sa.create_engine(engine.url)
    both = services_over(other, world.clock, sealing_keys=(OTHER_KEY, SEALING_KEY))
    refused: list[ConcurrentModification] = []

    def replace() -> None:
        try:
            world.services.app_clients.replace(world.pool.id, client_id, web_spec(client_name="renamed"))
        except ConcurrentModification as error:
            refused.append(error)

    writer = threading.Thread(target=replace)

    def begin() -> None:
        writer.start()
        writer.join(0.5)

    with before_the_update_of_a_client(other, begin):
        both.upkeep.reseal()
    writer.join(30)
    other.dispose()

    assert opens_with(engine, world, OTHER_KEY) == secrets
    name = world.registration(client_id).client.name
    assert name == ("web" if refused else "renamed")


def test_sealing_anew_moves_the_version_of_a_client_and_of_no_other(
    world: World, client: Registration, engine: sa.Engine
) -> None:
    public = world.client(generate_secret=False)
    both = services_over(engine, world.clock, sealing_keys=(OTHER_KEY, SEALING_KEY))
    both.upkeep.reseal()
    both.upkeep.reseal()

    for before, moved in ((client.client, 1), (public.client, 0)):
        after = world.registration(before.client_id).client
        assert (after.version, after.spec) == (before.version + moved, before.spec)


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
