"""App clients: registration, authentication, secrets."""

import dataclasses
from collections.abc import Callable
from functools import partial

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import (
    AuthzError,
    ConcurrentModification,
    InvalidClient,
    InvalidParameter,
    LimitExceeded,
    ResourceNotFound,
    ScopeDoesNotExist,
)
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.services import app_clients
from app_client_authz.storage.app_clients import AppClients
from tests.services.test_races import at_once
from tests.services.world import World, rotation, rows, web_spec

SECRET = "a" * 24 + "first"
OTHER = "b" * 24 + "second"


def test_client_comes_back_as_it_was_made(world: World) -> None:
    made = world.services.app_clients.create(world.pool.id, web_spec())

    assert world.services.app_clients.describe(world.pool.id, made.client.client_id) == made
    assert world.registration(made.client.client_id) == Registration(made.client, world.pool)


def test_generated_secret_opens_and_is_described_again(world: World) -> None:
    made = world.services.app_clients.create(world.pool.id, web_spec())

    assert made.secret is not None
    assert world.services.app_clients.authenticate(made.client.client_id, made.secret).client == made.client
    assert world.services.app_clients.describe(world.pool.id, made.client.client_id).secret == made.secret


def test_given_secret_and_client_id_are_kept(world: World) -> None:
    spec = web_spec(generate_secret=False, client_secret=SECRET)
    made = world.services.app_clients.create(world.pool.id, spec, client_id="1example23456789")

    assert (made.client.client_id, made.secret) == ("1example23456789", SECRET)
    assert world.services.app_clients.authenticate("1example23456789", SECRET)


@pytest.mark.attack("R8")
@pytest.mark.parametrize("secret", [None, "", "wrong" * 8, SECRET[:-1], SECRET + " ", SECRET.upper(), "\ud800"])
def test_wrong_or_missing_secret_is_refused(world: World, secret: str | None) -> None:
    client = world.client(generate_secret=False, client_secret=SECRET)

    with pytest.raises(InvalidClient):
        world.services.app_clients.authenticate(client.client.client_id, secret)


@pytest.mark.attack("R8")
def test_public_client_has_no_secret_to_present(world: World) -> None:
    public = world.client(generate_secret=False)

    assert world.services.app_clients.authenticate(public.client.client_id, None) == public
    with pytest.raises(InvalidClient):
        world.services.app_clients.authenticate(public.client.client_id, SECRET)


@pytest.mark.parametrize("client_id", ["unknown", "nobody", "", "x" * 200, "no/slash", "\x00", "\ud800"])
def test_unknown_client_is_refused_in_the_same_words(world: World, client: Registration, client_id: str) -> None:
    with pytest.raises(InvalidClient) as unknown:
        world.services.app_clients.authenticate(client_id, SECRET)
    with pytest.raises(InvalidClient) as wrong:
        world.services.app_clients.authenticate(client.client.client_id, SECRET)

    assert unknown.value.message == wrong.value.message
    assert world.services.app_clients.find(client_id) is None


def test_same_client_id_is_not_given_twice(world: World, client: Registration) -> None:
    with pytest.raises(InvalidParameter):
        world.services.app_clients.create(world.pool.id, web_spec(), client_id=client.client.client_id)

    assert world.registration(client.client.client_id) == client


def test_scope_that_no_resource_server_has_is_refused(world: World) -> None:
    with pytest.raises(ScopeDoesNotExist):
        world.services.app_clients.create(world.pool.id, web_spec(allowed_oauth_scopes=("openid", "orders/read")))


def test_replace_sets_what_is_left_out_back_to_its_default(world: World, client: Registration) -> None:
    first = client.client
    described = world.services.app_clients.replace(
        world.pool.id, first.client_id, web_spec(client_name="renamed", access_token_validity=2)
    )
    again = world.services.app_clients.replace(world.pool.id, first.client_id, web_spec(client_name="renamed"))

    assert described.client.access_token_seconds == 7200
    assert again.client.access_token_seconds == 3600
    assert (again.client.secrets, again.client.version) == (first.secrets, first.version + 2)
    assert world.registration(first.client_id).client == again.client


@pytest.mark.parametrize("operation", ["replace", "add_secret", "delete_secret"])
def test_change_between_read_and_write_is_not_lost(
    world: World, client: Registration, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second writer is told, instead of taking the first one's change back."""
    service, client_id = world.services.app_clients, client.client.client_id
    arguments = {
        "replace": (web_spec(client_name="mine"),),
        "add_secret": (OTHER,),
        "delete_secret": (client.client.secrets[0].secret_id,),
    }
    if operation == "delete_secret":
        service.add_secret(world.pool.id, client_id, OTHER)
    find = AppClients.find

    def stale(self: AppClients, wanted: str) -> Registration:
        found = find(self, wanted)
        assert found is not None
        return dataclasses.replace(found, client=dataclasses.replace(found.client, version=found.client.version - 1))

    monkeypatch.setattr(AppClients, "find", stale)
    monkeypatch.setattr(AppClients, "describe", lambda self, wanted: (stale(self, wanted), None))
    with pytest.raises(ConcurrentModification):
        getattr(service, operation)(world.pool.id, client_id, *arguments[operation])
    monkeypatch.undo()

    assert world.registration(client_id).client.name == "web"


def outcomes_of(*works: Callable[[], object]) -> list[str]:
    """What became of each work, all begun together: "done", or the code of its refusal."""
    return sorted(found.code if isinstance(found, AuthzError) else "done" for found in at_once(works))


def test_parallel_updates_come_one_after_the_other(world: World, client: Registration) -> None:
    before, service = client.client, world.services.app_clients
    names = [f"name {number}" for number in range(6)]

    outcomes = outcomes_of(
        *(partial(service.replace, world.pool.id, before.client_id, web_spec(client_name=name)) for name in names)
    )

    after = world.registration(before.client_id).client
    assert outcomes == ["done"] * 6
    assert (after.version, after.secrets) == (before.version + 6, before.secrets)
    assert after.name in names


def test_update_and_new_secret_at_once_are_both_kept(world: World, client: Registration) -> None:
    client_id, service = client.client.client_id, world.services.app_clients

    outcomes = outcomes_of(
        partial(service.replace, world.pool.id, client_id, web_spec(client_name="renamed")),
        partial(service.add_secret, world.pool.id, client_id, OTHER),
    )

    assert outcomes == ["done", "done"]
    assert world.registration(client_id).client.name == "renamed"
    assert service.authenticate(client_id, OTHER)


def test_of_parallel_additions_one_makes_the_second_secret_and_there_is_never_a_third(
    world: World, client: Registration
) -> None:
    client_id, service = client.client.client_id, world.services.app_clients
    offered = [f"{number}" * 30 for number in range(6)]

    outcomes = outcomes_of(*(partial(service.add_secret, world.pool.id, client_id, secret) for secret in offered))

    assert outcomes == ["LimitExceededException"] * 5 + ["done"]
    after = world.registration(client_id).client
    assert len(after.secrets) == 2
    assert len([secret for secret in offered if after.secret_matches(secret)]) == 1


def test_of_two_secrets_deleted_at_once_one_stays(world: World, client: Registration) -> None:
    client_id, service = client.client.client_id, world.services.app_clients
    service.add_secret(world.pool.id, client_id, OTHER)
    secrets = world.registration(client_id).client.secrets

    outcomes = outcomes_of(
        *(partial(service.delete_secret, world.pool.id, client_id, secret.secret_id) for secret in secrets)
    )

    assert outcomes == ["InvalidParameterException", "done"]
    assert len(world.registration(client_id).client.secrets) == 1


def test_clients_made_at_once_share_what_room_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_clients, "MAX_PER_POOL", 3)
    world.client()

    outcomes = outcomes_of(*(world.client for _ in range(6)))

    assert outcomes == ["LimitExceededException"] * 4 + ["done"] * 2
    assert len(world.services.app_clients.all(world.pool.id)) == 3


def test_a_deleted_client_makes_room_for_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_clients, "MAX_PER_POOL", 2)
    first = world.client()
    world.client()
    with pytest.raises(LimitExceeded, match="A user pool has at most 2 app clients"):
        world.client()

    world.services.app_clients.delete(world.pool.id, first.client.client_id)
    third = world.client()

    assert world.services.app_clients.all(world.pool.id)[-1] == third.client
    with pytest.raises(LimitExceeded):
        world.client()


def test_a_rotating_client_and_the_tier_that_lacks_rotation_exclude_each_other(world: World) -> None:
    service, lite = world.services.app_clients, PoolSpec(name="customers", tier="LITE")
    for _ in range(5):
        outcomes = outcomes_of(
            partial(service.create, world.pool.id, web_spec(**rotation())),
            partial(world.services.pools.replace, world.pool.id, lite),
        )

        assert outcomes in (["TierChangeNotAllowedException", "done"], ["FeatureUnavailableInTierException", "done"])
        for client in service.all(world.pool.id):
            service.delete(world.pool.id, client.client_id)
        world.services.pools.replace(world.pool.id, PoolSpec(name="customers"))


def test_one_pool_leaves_the_room_of_another_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_clients, "MAX_PER_POOL", 1)
    world.client()
    other = world.services.pools.create(PoolSpec(name="other"))

    assert world.services.app_clients.create(other.id, web_spec()).client.pool_id == other.id


def test_second_secret_opens_beside_the_first_until_it_is_deleted(world: World) -> None:
    service = world.services.app_clients
    made = service.create(world.pool.id, web_spec(generate_secret=False, client_secret=SECRET))
    client_id = made.client.client_id
    kept, secret = service.add_secret(world.pool.id, client_id)

    assert service.authenticate(client_id, SECRET)
    assert service.authenticate(client_id, secret)
    service.delete_secret(world.pool.id, client_id, made.client.secrets[0].secret_id)

    assert service.authenticate(client_id, secret)
    with pytest.raises(InvalidClient):
        service.authenticate(client_id, SECRET)
    assert service.describe(world.pool.id, client_id).secret == secret
    assert [known.secret_id for known in world.registration(client_id).client.secrets] == [kept.secret_id]


def test_two_secrets_are_the_most_and_one_the_least(world: World, client: Registration) -> None:
    service, client_id = world.services.app_clients, client.client.client_id
    with pytest.raises(InvalidParameter):
        service.delete_secret(world.pool.id, client_id, client.client.secrets[0].secret_id)
    service.add_secret(world.pool.id, client_id)

    with pytest.raises(LimitExceeded):
        service.add_secret(world.pool.id, client_id)


def test_deleted_client_is_gone_with_all_it_had(world: World, client: Registration, engine: sa.Engine) -> None:
    world.tokens(client, world.user())
    world.services.app_clients.delete(world.pool.id, client.client.client_id)

    assert world.services.app_clients.find(client.client.client_id) is None
    tables = ("authz_codes", "authz_token_sessions", "authz_refresh_tokens", "authz_app_clients")
    assert [rows(engine, table) for table in tables] == [0, 0, 0, 0]


@pytest.mark.attack("R23")
@pytest.mark.parametrize("operation", ["describe", "look_up", "delete", "add_secret"])
def test_client_of_another_pool_is_not_found(world: World, client: Registration, operation: str) -> None:
    other = world.services.pools.create(PoolSpec(name="other"))

    with pytest.raises(ResourceNotFound, match="User pool client does not exist"):
        getattr(world.services.app_clients, operation)(other.id, client.client.client_id)

    assert world.registration(client.client.client_id) == client


def test_clients_are_listed_as_they_were_made(world: World) -> None:
    service = world.services.app_clients
    made = [world.client(client_name=f"client {number}").client for number in range(5)]
    service.delete(world.pool.id, made.pop(1).client_id)

    first = service.entries(world.pool.id, limit=3)
    rest = service.entries(world.pool.id, after=first[-1].number, limit=3)

    assert [(entry.client_id, entry.name) for entry in (*first, *rest)] == [
        (each.client_id, each.name) for each in made
    ]
    assert service.all(world.pool.id) == made


def test_no_client_is_of_the_kind_that_registers_itself(world: World, client: Registration) -> None:
    service = world.services.app_clients

    assert service.entries(world.pool.id, kind="DCR") == []
    assert [entry.client_id for entry in service.entries(world.pool.id, kind="REGULAR")] == [client.client.client_id]


@pytest.mark.parametrize("pool_id", ["us-east-1_Nowhere00", "\x00", ""])
def test_clients_of_an_unknown_pool_are_not_an_empty_list(world: World, pool_id: str) -> None:
    with pytest.raises(ResourceNotFound, match=r"User pool .* does not exist"):
        world.services.app_clients.entries(pool_id)
    with pytest.raises(ResourceNotFound, match=r"User pool .* does not exist"):
        world.services.app_clients.all(pool_id)


@pytest.mark.attack("R11")
def test_no_secret_is_stored_or_shown_in_clear(world: World, engine: sa.Engine) -> None:
    described = world.services.app_clients.create(world.pool.id, web_spec(generate_secret=False, client_secret=SECRET))

    with engine.connect() as connection:
        stored = connection.execute(sa.text("SELECT * FROM authz_app_clients")).all()
    assert SECRET not in repr(stored)
    assert SECRET not in repr(described)
    assert SECRET not in repr(web_spec(generate_secret=False, client_secret=SECRET))
