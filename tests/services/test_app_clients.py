"""App clients: registration, authentication, secrets."""

import dataclasses
import threading

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import (
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
from tests.services.world import World, rows, web_spec

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


def test_pool_has_a_thousand_clients_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_clients, "MAX_PER_POOL", 2)
    world.client()
    world.client()

    with pytest.raises(LimitExceeded):
        world.client()


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

    def stale(self: AppClients, wanted: str) -> Registration | None:
        found = find(self, wanted)
        assert found is not None
        return dataclasses.replace(found, client=dataclasses.replace(found.client, version=found.client.version - 1))

    monkeypatch.setattr(AppClients, "find", stale)
    with pytest.raises(ConcurrentModification):
        getattr(service, operation)(world.pool.id, client_id, *arguments[operation])
    monkeypatch.undo()

    assert world.registration(client_id).client.name == "web"


def test_parallel_updates_either_succeed_or_are_told(world: World, client: Registration) -> None:
    """As many versions as successes: nothing was overwritten unseen."""
    outcomes: list[str] = []
    start = threading.Barrier(6)

    def rename(number: int) -> None:
        start.wait()
        try:
            world.services.app_clients.replace(
                world.pool.id, client.client.client_id, web_spec(client_name=f"name {number}")
            )
        except ConcurrentModification:
            outcomes.append("told")
        else:
            outcomes.append("done")

    threads = [threading.Thread(target=rename, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 6
    assert world.registration(client.client.client_id).client.version == client.client.version + outcomes.count("done")


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
@pytest.mark.parametrize("operation", ["describe", "delete", "add_secret"])
def test_client_of_another_pool_is_not_found(world: World, client: Registration, operation: str) -> None:
    other = world.services.pools.create(PoolSpec(name="other"))

    with pytest.raises(ResourceNotFound, match="User pool client does not exist"):
        getattr(world.services.app_clients, operation)(other.id, client.client.client_id)

    assert world.registration(client.client.client_id) == client


def test_clients_are_listed_page_by_page(world: World) -> None:
    made = sorted(world.client().client.client_id for _ in range(5))

    first = world.services.app_clients.page(world.pool.id, limit=3)
    rest = world.services.app_clients.page(world.pool.id, after=first[-1].client_id, limit=3)

    assert [client.client_id for client in (*first, *rest)] == made


@pytest.mark.attack("R11")
def test_no_secret_is_stored_or_shown_in_clear(world: World, engine: sa.Engine) -> None:
    described = world.services.app_clients.create(world.pool.id, web_spec(generate_secret=False, client_secret=SECRET))

    with engine.connect() as connection:
        stored = connection.execute(sa.text("SELECT * FROM authz_app_clients")).all()
    assert SECRET not in repr(stored)
    assert SECRET not in repr(described)
    assert SECRET not in repr(web_spec(generate_secret=False, client_secret=SECRET))
