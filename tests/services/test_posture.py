"""What is found weak, code by code: each found where it holds, and not found where it does not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.domain.app_client import ClientSpec
from app_client_authz.domain.client_spec import TokenValidityUnits
from app_client_authz.domain.message import Message, MessageSender
from app_client_authz.domain.pool import PasswordPolicy, PoolSpec, SchemaAttribute
from app_client_authz.services import posture
from app_client_authz.services.posture import Finding
from app_client_authz.services.posture_rules import CLIENT_RULES, DAY, POOL_RULES
from app_client_authz.storage.engine import tune_sqlite
from app_client_authz.storage.inspection import sqlite_state
from tests.services.world import SEALING_KEY, World, services_over, world_over
from tests.support.clock import MovableClock

PUBLIC_URL = "https://login.example.com/auth"


def codes(found: list[Finding]) -> set[str]:
    return {each.code for each in found}


def of(world: World, **ids: str) -> set[str]:
    """The codes found of one subject."""
    return codes(
        [each for each in posture.findings(world.services) if all(getattr(each, k) == v for k, v in ids.items())]
    )


# --- the site -------------------------------------------------------------------------------------


@pytest.fixture
def tuned(sqlite_engine: sa.Engine) -> sa.Engine:
    """An engine as the extension opens it, on a file of the account's own."""
    Path(str(sqlite_engine.url.database)).chmod(0o600)
    tune_sqlite(sqlite_engine)
    return sqlite_engine


class Sender:
    def send(self, message: Message) -> None:
        """Sends it, for all that the posture knows."""


SENDER = Sender()


def careful(
    engine: sa.Engine, clock: MovableClock, *, sender: MessageSender | None = SENDER, **settings: Any
) -> set[str]:
    """What is found of a site with good settings, but for these."""
    good = {"public_url": PUBLIC_URL, "password_hash_memory_kib": 19456, "password_hash_time_cost": 2}
    return codes(posture.findings(services_over(engine, clock, sender=sender, **(good | settings))))


def test_a_careful_site_has_no_findings(tuned: sa.Engine, clock: MovableClock) -> None:
    assert careful(tuned, clock) == set()


def test_a_careful_site_on_postgresql_has_no_findings(world: World, engine: sa.Engine, clock: MovableClock) -> None:
    if engine.dialect.name == "sqlite":
        tune_sqlite(engine)
        engine.dispose()
        Path(str(engine.url.database)).chmod(0o600)
    world.services.pools.delete(world.pool.id)
    assert careful(engine, clock) == set()


def test_weak_settings_are_among_the_findings(tuned: sa.Engine, clock: MovableClock) -> None:
    assert careful(tuned, clock, password_hash_memory_kib=8, public_url=None) == {"AUTHZ-W001", "AUTHZ-W003"}


def test_messages_that_nobody_gets_are_found_where_users_are_elsewhere(tuned: sa.Engine, clock: MovableClock) -> None:
    assert careful(tuned, clock, sender=None) == {"AUTHZ-W028"}
    for url in ("https://localhost/auth", "https://127.0.0.1:8443/auth", "https://[::1]/auth"):
        assert careful(tuned, clock, sender=None, public_url=url) == set()
    assert careful(tuned, clock, sender=None, public_url=None) == {"AUTHZ-W003"}


def test_an_unmigrated_database_is_an_error_and_ends_the_search(unmigrated_url: str, clock: MovableClock) -> None:
    engine = sa.create_engine(unmigrated_url)
    found = posture.findings(services_over(engine, clock))
    engine.dispose()
    assert "AUTHZ-E006" in codes(found)
    assert [each.is_error for each in found if each.code == "AUTHZ-E006"] == [True]


def test_sealing_keys_of_another_database_are_an_error(tuned: sa.Engine, clock: MovableClock) -> None:
    services_over(tuned, clock).upkeep.check_sealing_keys()
    found = posture.findings(services_over(tuned, clock, sealing_keys=("another key of 32 characters, or more",)))
    [error] = [each for each in found if each.is_error]
    assert error.code == "AUTHZ-E007"
    assert SEALING_KEY not in error.text


def test_sealing_keys_from_the_secret_key_are_found(tuned: sa.Engine, clock: MovableClock) -> None:
    found = careful(tuned, clock, sealing_keys=(), secret_keys=(SEALING_KEY,))
    assert found == {"AUTHZ-W008"}


@pytest.mark.parametrize(
    "pragma, code",
    [
        ("synchronous=NORMAL", "AUTHZ-W009"),
        ("journal_mode=DELETE", "AUTHZ-W010"),
    ],
)
def test_what_the_connections_of_sqlite_lack_is_found(
    tuned: sa.Engine, clock: MovableClock, pragma: str, code: str
) -> None:
    @sa.event.listens_for(tuned, "connect")
    def weaken(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA {pragma}")

    assert careful(tuned, clock) == {code}


@pytest.mark.parametrize("mode, code", [(0o640, "AUTHZ-W012"), (0o604, "AUTHZ-W012"), (0o620, "AUTHZ-E013")])
@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_file_that_other_accounts_reach_is_found(
    tuned: sa.Engine, clock: MovableClock, mode: int, code: str, suffix: str
) -> None:
    with tuned.connect() as connection:  # the log exists while somebody is connected
        connection.execute(sa.text("CREATE TABLE written (into_the_log INTEGER)"))
        connection.commit()
        Path(f"{tuned.url.database}{suffix}").chmod(mode)
        assert careful(tuned, clock) == {code}


def test_a_database_in_memory_has_no_file_to_protect() -> None:
    engine = sa.create_engine("sqlite://")
    state = sqlite_state(engine)
    engine.dispose()
    assert state is not None
    assert (state.path, state.mode, state.write_ahead) == (None, 0, True)


# --- pools ----------------------------------------------------------------------------------------


def pool_codes(engine: sa.Engine, clock: MovableClock, **members: Any) -> set[str]:
    good = {"name": "customers", "dialect": "oidc", "deletion_protection": "ACTIVE"}
    world = world_over(engine, clock, spec=PoolSpec(**(good | members)))
    return of(world, pool_id=world.pool.id)


def test_a_careful_pool_has_no_findings(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    assert pool_codes(sqlite_engine, clock) == set()


@pytest.mark.parametrize(
    "members, code",
    [
        ({"password_policy": PasswordPolicy(minimum_length=7)}, "AUTHZ-W015"),
        ({"deletion_protection": "INACTIVE"}, "AUTHZ-W016"),
        ({"lambda_config": {"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:check"}}, "AUTHZ-W029"),
    ],
    ids=str,
)
def test_a_weak_choice_of_a_pool_is_found(
    sqlite_engine: sa.Engine, clock: MovableClock, members: dict[str, Any], code: str
) -> None:
    assert pool_codes(sqlite_engine, clock, **members) == {code}


def test_a_signing_key_is_old_after_a_year_until_it_is_rotated(sqlite_world: World, clock: MovableClock) -> None:
    pool_id = sqlite_world.pool.id
    clock.advance(365 * DAY)
    assert "AUTHZ-W017" not in of(sqlite_world, pool_id=pool_id)
    clock.advance(DAY)
    assert "AUTHZ-W017" in of(sqlite_world, pool_id=pool_id)
    sqlite_world.services.keys.rotate(pool_id, at_once=True)
    assert "AUTHZ-W017" not in of(sqlite_world, pool_id=pool_id)


# --- clients --------------------------------------------------------------------------------------

CAREFUL: dict[str, Any] = {"prevent_user_existence_errors": "ENABLED"}
PUBLIC: dict[str, Any] = {"generate_secret": False, "require_pkce": True}


@pytest.fixture
def client_codes(sqlite_world: World) -> Callable[..., set[str]]:
    """The codes found of a client of web_spec with these members."""

    def found(**members: Any) -> set[str]:
        made = sqlite_world.client(**(CAREFUL | members))
        return of(sqlite_world, client_id=made.client.client_id)

    return found


def test_a_careful_client_has_no_findings(client_codes: Callable[..., set[str]]) -> None:
    assert client_codes() == set()
    assert client_codes(**PUBLIC) == set()


@pytest.mark.parametrize(
    "members, code",
    [
        ({"generate_secret": False}, "AUTHZ-W018"),
        ({"allowed_oauth_flows": ("code", "implicit")}, "AUTHZ-W019"),
        ({"callback_urls": ("http://localhost:5000/cb",)}, "AUTHZ-W020"),
        ({"logout_urls": ("http://127.0.0.1/",)}, "AUTHZ-W020"),
        ({"prevent_user_existence_errors": "LEGACY"}, "AUTHZ-W021"),
        ({"prevent_user_existence_errors": None}, "AUTHZ-W021"),
        ({"enable_token_revocation": False}, "AUTHZ-W022"),
        ({"refresh_token_validity": 91}, "AUTHZ-W023"),
        ({**PUBLIC, "allowed_oauth_scopes": ("openid", "aws.cognito.signin.user.admin")}, "AUTHZ-W024"),
    ],
    ids=str,
)
def test_a_weak_choice_of_a_client_is_found(
    client_codes: Callable[..., set[str]], members: dict[str, Any], code: str
) -> None:
    assert client_codes(**members) == {code}


@pytest.mark.parametrize(
    "members",
    [
        {"refresh_token_validity": 90},
        {"refresh_token_validity": 24 * 90, "token_validity_units": TokenValidityUnits(refresh_token="hours")},
        {"allowed_oauth_scopes": ("openid", "aws.cognito.signin.user.admin")},
        {**PUBLIC, "require_pkce": False, "allowed_oauth_flows_user_pool_client": False},
    ],
    ids=str,
)
def test_what_is_well_just_so_is_not_found(client_codes: Callable[..., set[str]], members: dict[str, Any]) -> None:
    assert client_codes(**members) == set()


def test_rotation_makes_up_for_a_long_life(sqlite_world: World, client_codes: Callable[..., set[str]]) -> None:
    from tests.services.world import rotation

    assert client_codes(refresh_token_validity=365, **rotation()) == set()


def test_pkce_that_the_pool_requires_counts(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    world = world_over(sqlite_engine, clock, spec=PoolSpec(name="strict", require_pkce=True))
    made = world.client(**CAREFUL, generate_secret=False)
    assert of(world, client_id=made.client.client_id) == set()


@pytest.mark.parametrize(
    "attribute, found",
    [
        (SchemaAttribute("custom:role"), True),
        (SchemaAttribute("custom:isAdmin", "Boolean"), True),
        (SchemaAttribute("custom:tenant_id", mutable=False), True),
        (SchemaAttribute("dev:custom:role", developer_only=True), False),
        (SchemaAttribute("custom:favourite_colour"), False),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_attributes_that_look_like_privileges_are_found_unless_written_ones_are_listed(
    sqlite_engine: sa.Engine, clock: MovableClock, attribute: SchemaAttribute, found: bool
) -> None:
    world = world_over(sqlite_engine, clock, spec=PoolSpec(name="staff", schema=(attribute,)))
    loose = world.client(**CAREFUL).client.client_id
    listed = world.client(**CAREFUL, write_attributes=("name",)).client.client_id
    assert of(world, client_id=loose) == ({"AUTHZ-W025"} if found else set())
    assert of(world, client_id=listed) == set()


def test_an_immutable_privilege_is_out_of_reach_where_administrators_create_users(
    sqlite_engine: sa.Engine, clock: MovableClock
) -> None:
    fixed = SchemaAttribute("custom:tenant", mutable=False)
    spec = PoolSpec(name="staff", schema=(fixed,), admin_create_user_only=True)
    world = world_over(sqlite_engine, clock, spec=spec)
    made = world.client(**CAREFUL)
    assert of(world, client_id=made.client.client_id) == set()


def test_a_second_secret_that_stays_for_a_month_is_found(sqlite_world: World, clock: MovableClock) -> None:
    client_id = sqlite_world.client(**CAREFUL).client.client_id
    clock.advance(100 * DAY)
    sqlite_world.services.app_clients.add_secret(sqlite_world.pool.id, client_id)
    clock.advance(30 * DAY)
    assert of(sqlite_world, client_id=client_id) == set()
    clock.advance(DAY)
    assert of(sqlite_world, client_id=client_id) == {"AUTHZ-W026"}


def test_a_url_that_got_past_the_rules_is_an_error(sqlite_world: World, sqlite_engine: sa.Engine) -> None:
    client_id = sqlite_world.client(**CAREFUL).client.client_id
    with sqlite_engine.begin() as connection:
        spec = json.loads(connection.scalar(sa.text("SELECT spec FROM authz_app_clients")) or "")
        spec["callback_urls"] = ["https://app.example/../x"]
        connection.execute(sa.text("UPDATE authz_app_clients SET spec = :spec"), {"spec": json.dumps(spec)})
    assert of(sqlite_world, client_id=client_id) == {"AUTHZ-E027"}


def test_a_machine_client_is_not_judged_by_what_users_need(sqlite_world: World) -> None:
    from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope

    pool_id = sqlite_world.pool.id
    server = ResourceServer.create(
        pool_id=pool_id, identifier="orders", name="Orders", scopes=[ResourceServerScope("read", "Read")]
    )
    sqlite_world.services.resource_servers.create(server)
    sqlite_world.services.pools.add_custom_attributes(pool_id, [SchemaAttribute("custom:role")])
    spec = ClientSpec(
        client_name="machine",
        generate_secret=True,
        allowed_oauth_flows_user_pool_client=True,
        allowed_oauth_flows=("client_credentials",),
        allowed_oauth_scopes=("orders/read",),
        enable_token_revocation=False,
        refresh_token_validity=365,
        prevent_user_existence_errors="ENABLED",
    )
    made = sqlite_world.services.app_clients.create(pool_id, spec)
    assert of(sqlite_world, client_id=made.client.client_id) == set()


def test_a_finding_of_a_client_names_its_pool_and_its_own_name(sqlite_world: World) -> None:
    made = sqlite_world.client(**CAREFUL, generate_secret=False)
    [found] = [each for each in posture.findings(sqlite_world.services) if each.client_id]
    assert found.pool_id == sqlite_world.pool.id
    assert (found.client_id, found.name) == (made.client.client_id, "web")


def test_every_rule_has_a_code_of_its_own() -> None:
    every = [*posture.SITE_CODES, *POOL_RULES, *CLIENT_RULES]
    assert len(set(every)) == len(every)
