"""Identity providers: their secrets at rest, sealing anew, and who wins when two want the same."""

import logging
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.crypto.sealing import MAX_CLEAR_BYTES, SealError
from app_client_authz.domain.errors import DuplicateProvider, InvalidParameter, ResourceNotFound
from app_client_authz.domain.identity_provider import IdentityProvider, ListedProvider
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.services import identity_providers
from app_client_authz.services.audit import security_event
from app_client_authz.services.identity_providers import ProviderChange
from tests.services.test_races import ROUNDS, at_once
from tests.services.world import SEALING_KEY, World, rows, services_over

OTHER_KEY = "another sealing key of the tests, 32 and more"
SECRET = "the secret of the relying party"
OIDC = {
    "client_id": "authz-at-corp",
    "client_secret": SECRET,
    "authorize_scopes": "openid email",
    "oidc_issuer": "https://login.corp.example",
    "attributes_request_method": "GET",
}
LONG = {"MetadataFile": "é€😀x" * 30_000}
"""In UTF-8 about six times what one seal holds."""


def create(world: World, name: str = "Corp", *, pool_id: str | None = None, **given: Any) -> IdentityProvider:
    change = ProviderChange(**({"details": OIDC} | given))
    kind = "SAML" if "MetadataFile" in (change.details or {}) else "OIDC"
    return world.services.identity_providers.create(pool_id or world.pool.id, name, kind, change)


def sealed(engine: sa.Engine, name: str = "Corp") -> str:
    with engine.connect() as connection:
        statement = sa.text("SELECT sealed_details FROM authz_identity_providers WHERE name = :name")
        return str(connection.scalar(statement, {"name": name}))


def write_sealed(engine: sa.Engine, value: str, name: str = "Corp") -> None:
    with engine.begin() as connection:
        statement = sa.text("UPDATE authz_identity_providers SET sealed_details = :value WHERE name = :name")
        connection.execute(statement, {"value": value, "name": name})


def test_provider_comes_back_as_it_was_made(world: World) -> None:
    made = create(
        world,
        attribute_mapping={"email": "mail"},
        identifiers=("corp.example", "a"),
        acr_mapping={"Level1": "urn:basic"},
    )

    assert world.services.identity_providers.describe(world.pool.id, "Corp") == made
    assert world.services.identity_providers.describe_by_identifier(world.pool.id, "a") == made
    listed = world.services.identity_providers.page(world.pool.id, limit=10)
    assert listed == [ListedProvider("Corp", "OIDC", made.created_at, made.updated_at)]


@pytest.mark.attack("R11")
def test_details_are_in_no_row_log_event_or_repr(
    world: World, engine: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Any] = []

    def listen(_sender: object, **event: Any) -> None:
        told.append(event)

    with caplog.at_level(logging.DEBUG), security_event.connected_to(listen):
        made = create(world)
        world.services.identity_providers.update(
            world.pool.id, "Corp", ProviderChange(details=OIDC | {"client_secret": f"{SECRET} 2"})
        )
        with pytest.raises(InvalidParameter) as refused:
            create(world, "Other", details={"client_secret": SECRET})

    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM authz_identity_providers")).one()
    assert [event["event"] for event in told] == ["identity_provider_created", "identity_provider_changed"]
    for shown in (row, caplog.text, told, made, ProviderChange(details=OIDC), refused.value):
        assert SECRET not in repr(shown)
        assert SECRET not in str(shown)


@pytest.mark.attack("R11")
def test_sealed_details_moved_to_another_provider_do_not_open(world: World, engine: sa.Engine) -> None:
    create(world)
    create(world, "Other")

    write_sealed(engine, sealed(engine), "Other")

    with pytest.raises(SealError):
        world.services.identity_providers.describe(world.pool.id, "Other")


def test_details_longer_than_one_seal_come_back(world: World, engine: sa.Engine) -> None:
    create(world, details=LONG)

    assert len(sealed(engine).split()) > len(str(LONG).encode()) // MAX_CLEAR_BYTES
    assert world.services.identity_providers.describe(world.pool.id, "Corp").details == LONG


def test_pieces_of_long_details_open_only_all_together_and_in_their_order(world: World, engine: sa.Engine) -> None:
    create(world, details=LONG)
    first, second, *others = sealed(engine).split()

    for tampered in ([second, first, *others], [first, second], [first, first, *others], [second, *others]):
        write_sealed(engine, " ".join(tampered))
        with pytest.raises(SealError):
            world.services.identity_providers.describe(world.pool.id, "Corp")


def test_old_sealing_key_can_go_once_providers_and_access_keys_are_sealed_anew(world: World, engine: sa.Engine) -> None:
    create(world)
    create(world, "Long", details=LONG)
    key, _ = world.services.access_keys.create()
    signed = {"date": "20261018", "service": "cognito-idp", "strings": ["x"]}
    world.services.upkeep.check_sealing_keys()
    both = services_over(engine, world.clock, sealing_keys=(OTHER_KEY, SEALING_KEY))

    # Two signing keys, two providers, one access key.
    assert both.upkeep.reseal() == 2 + 2 + 1
    assert both.upkeep.reseal() == 0

    only_new = services_over(engine, world.clock, sealing_keys=(OTHER_KEY,))
    only_new.upkeep.check_sealing_keys()
    assert only_new.identity_providers.describe(world.pool.id, "Corp").details == OIDC
    assert only_new.identity_providers.describe(world.pool.id, "Long").details == LONG
    assert only_new.access_keys.verify(key.id, "0" * 64, **signed) == (key, False)


def test_pool_takes_its_providers_and_their_identifiers_along(world: World, engine: sa.Engine) -> None:
    other = world.services.pools.create(PoolSpec(name="other")).id
    create(world, pool_id=other, identifiers=("corp", "corp.example"))
    create(world, identifiers=("corp",))  # the same identifier in another pool is another one

    world.services.pools.delete(other)

    assert rows(engine, "authz_identity_providers") == 1
    assert rows(engine, "authz_idp_identifiers") == 1
    assert world.services.identity_providers.describe_by_identifier(world.pool.id, "corp").pool_id == world.pool.id


def test_failed_update_leaves_everything_as_it_was(world: World) -> None:
    create(world, identifiers=("taken",))
    made = create(world, "Other", identifiers=("mine",))

    with pytest.raises(InvalidParameter):
        world.services.identity_providers.update(
            world.pool.id, "Other", ProviderChange(identifiers=("new", "taken"), attribute_mapping={"email": "x"})
        )

    assert world.services.identity_providers.describe(world.pool.id, "Other") == made
    with pytest.raises(ResourceNotFound):
        world.services.identity_providers.describe_by_identifier(world.pool.id, "new")


# --- races ----------------------------------------------------------------------------------------


@pytest.mark.attack("R16")
def test_one_of_many_gets_a_name(world: World) -> None:
    for number in range(ROUNDS):
        outcomes = at_once([lambda name=f"Corp{number}": create(world, name)] * 4)

        assert sorted(type(each).__name__ for each in outcomes) == ["DuplicateProvider"] * 3 + ["IdentityProvider"]
        refused = next(each for each in outcomes if isinstance(each, DuplicateProvider))
        assert refused.message == f"Corp{number} already exists in user pool {world.pool.id}."


@pytest.mark.attack("R16")
def test_one_of_many_gets_an_identifier(world: World) -> None:
    for number in range(4):
        create(world, f"Corp{number}")

    def claim(name: str, *identifiers: str) -> IdentityProvider:
        change = ProviderChange(identifiers=identifiers)
        return world.services.identity_providers.update(world.pool.id, name, change)

    for round_ in range(ROUNDS):
        wanted = (f"a{round_}", f"b{round_}")
        tasks = [lambda n=n, w=wanted: claim(f"Corp{n}", *(w if n % 2 else reversed(w))) for n in range(4)]
        outcomes = at_once(tasks)

        assert sorted(type(each).__name__ for each in outcomes) == ["IdentityProvider"] + ["InvalidParameter"] * 3
        winner = next(each for each in outcomes if isinstance(each, IdentityProvider))
        for identifier in wanted:
            found = world.services.identity_providers.describe_by_identifier(world.pool.id, identifier)
            assert found.name == winner.name


def test_two_updates_at_once_lose_nothing_of_each_other(world: World) -> None:
    create(world)
    update = world.services.identity_providers.update

    for round_ in range(ROUNDS):
        mapping, levels = {"email": f"mail{round_}"}, {"Level1": f"urn:{round_}"}
        at_once(
            [
                lambda given=mapping: update(world.pool.id, "Corp", ProviderChange(attribute_mapping=given)),
                lambda given=levels: update(world.pool.id, "Corp", ProviderChange(acr_mapping=given)),
            ]
        )
        after = world.services.identity_providers.describe(world.pool.id, "Corp")
        assert (after.attribute_mapping, after.acr_mapping) == (mapping, levels)


def test_many_at_once_do_not_exceed_the_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity_providers, "MAX_PER_POOL", 2)

    outcomes = at_once([lambda name=f"Corp{number}": create(world, name) for number in range(4)])

    assert sum(isinstance(each, IdentityProvider) for each in outcomes) == 2
    assert len(world.services.identity_providers.page(world.pool.id, limit=10)) == 2
