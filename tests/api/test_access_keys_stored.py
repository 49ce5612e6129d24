"""Access keys in the database: sealed, shared by all processes, gone at once (SIG-8), on both databases."""

import hashlib
import hmac
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.config import Settings
from app_client_authz.crypto.sealing import SealError
from app_client_authz.domain.access_key import AccessKey
from app_client_authz.domain.errors import InvalidParameter, ResourceNotFound
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.services.registry import Services, build
from app_client_authz.storage.tables import access_keys
from tests.support.clock import MovableClock

OLD, NEW = "an old sealing key of the tests, 32+", "a new sealing key of the tests, 32+"
SCOPE = {"date": "20261123", "service": "cognito-idp"}


def process(engine: sa.Engine, clock: MovableClock, *sealing_keys: str, **settings: Any) -> Services:
    """One process of the site."""
    return build(Settings(sealing_keys=sealing_keys or (OLD,), **settings), engine, clock)


@pytest.fixture
def services(engine: sa.Engine, clock: MovableClock) -> Services:
    return process(engine, clock)


def signature(secret: str, text: str = "what was signed") -> str:
    """Of a caller who has the secret."""
    key = b"AWS4" + secret.encode()
    for part in (SCOPE["date"], "us-east-1", SCOPE["service"], "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def opens(services: Services, key_id: str, secret: str) -> AccessKey | None:
    key, matches = services.access_keys.verify(key_id, signature(secret), **SCOPE, strings=["what was signed"])
    return key if matches else None


def test_a_key_made_by_one_process_works_in_another_and_ends_in_all(
    services: Services, engine: sa.Engine, clock: MovableClock
) -> None:
    other = process(engine, clock)
    key, secret = services.access_keys.create(description="the deployer")

    for each in (services, other):
        assert opens(each, key.id, secret) == key
    other.access_keys.delete(key.id)
    for each in (services, other):
        assert opens(each, key.id, secret) is None
        with pytest.raises(ResourceNotFound):
            each.access_keys.delete(key.id)


def test_several_keys_may_be_active_each_with_its_own_secret(services: Services, clock: MovableClock) -> None:
    made = []
    for _ in range(3):
        made.append(services.access_keys.create())
        clock.advance(1)

    assert services.access_keys.all() == [key for key, _ in made]
    for key, _ in made:
        assert [opens(services, key.id, secret) is not None for _, secret in made].count(True) == 1


def test_limits_are_kept(services: Services) -> None:
    pools = [services.pools.create(PoolSpec(name=name)).id for name in ("one", "two")]
    for limits in (
        {},
        {"read_only": True},
        {"pool_ids": pools[:1]},
        {"pool_ids": [*pools, pools[0]], "read_only": True, "description": "größe 😀"},
    ):
        key, secret = services.access_keys.create(**limits)
        assert opens(services, key.id, secret) == key
        assert key in services.access_keys.all()
        assert key.read_only == limits.get("read_only", False)
        assert key.pool_ids == (frozenset(limits["pool_ids"]) if "pool_ids" in limits else None)


def test_what_cannot_be_made_leaves_nothing(services: Services) -> None:
    pool_id = services.pools.create(PoolSpec(name="one")).id
    refusals: list[tuple[type[Exception], dict[str, Any]]] = [
        (ResourceNotFound, {"pool_ids": [pool_id, "us-east-1_None00001"]}),
        (ResourceNotFound, {"pool_ids": ["no pool"]}),
        (InvalidParameter, {"pool_ids": []}),
        (InvalidParameter, {"description": "x" * 257}),
        (InvalidParameter, {"description": "a\x00b"}),
        (InvalidParameter, {"description": "a\nb"}),
        (InvalidParameter, {"description": "\ud800"}),
    ]
    for kind, limits in refusals:
        with pytest.raises(kind):
            services.access_keys.create(**limits)
    assert services.access_keys.all() == []
    assert not services.access_keys.any()


def test_keys_of_the_settings_come_first(services: Services, engine: sa.Engine, clock: MovableClock) -> None:
    key, secret = services.access_keys.create(read_only=True)
    configured = process(engine, clock, access_keys={key.id: "another secret", "deploy": "s" * 40})

    assert opens(configured, key.id, secret) is None
    assert opens(configured, key.id, "another secret") == AccessKey(key.id)
    assert opens(configured, "deploy", "s" * 40) == AccessKey("deploy")
    assert configured.access_keys.configured() == [AccessKey(key.id), AccessKey("deploy")]
    assert configured.access_keys.any()
    with pytest.raises(InvalidParameter, match="AUTHZ_ACCESS_KEYS"):
        configured.access_keys.delete("deploy")


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "key_id", ["", "x", "AKIA" + "x" * 16, "akia0123456789abcdef", "é", "\x00", "\ud800", "x" * 10_000]
)
def test_an_id_that_no_key_has_is_unknown(services: Services, key_id: str) -> None:
    assert services.access_keys.verify(key_id, "0" * 64, **SCOPE, strings=["x"]) == (None, False)


@pytest.mark.attack("R11")
def test_a_secret_is_sealed_bound_to_its_row_and_in_no_representation(services: Services, engine: sa.Engine) -> None:
    (key, secret), (other, _) = services.access_keys.create(), services.access_keys.create()
    with engine.begin() as connection:
        stored = connection.execute(sa.select(access_keys).where(access_keys.c.id == key.id)).one()
        assert secret not in repr(tuple(stored))
        connection.execute(
            sa.update(access_keys).where(access_keys.c.id == other.id).values(sealed_secret=stored.sealed_secret)
        )

    assert secret not in repr((key, services, services.access_keys, services.access_keys.all()))
    with pytest.raises(SealError):
        opens(services, other.id, secret)


def test_resealing_reaches_access_keys_and_spares_their_users(
    services: Services, engine: sa.Engine, clock: MovableClock
) -> None:
    key, secret = services.access_keys.create()
    both = process(engine, clock, NEW, OLD)

    assert both.upkeep.reseal() == 1
    assert both.upkeep.reseal() == 0
    assert opens(process(engine, clock, NEW), key.id, secret) == key


def test_a_wrong_signature_is_none_of_any_key(services: Services) -> None:
    key, secret = services.access_keys.create()
    right = signature(secret)

    def matches(given: str, **changes: Any) -> bool:
        asked: dict[str, Any] = {**SCOPE, "strings": ["what was signed"]} | changes
        return services.access_keys.verify(key.id, given, **asked)[1]

    assert matches(right)
    assert matches(right, strings=["another", "what was signed", "a third"])
    assert not matches(right, strings=["another"])
    assert not matches(right, strings=[])
    assert not matches(right, date="20261124")
    assert not matches(right, service="s3")
    assert not matches("0" * 64)
    assert not matches("")


def test_the_signature_is_of_the_region_of_the_site(services: Services, engine: sa.Engine, clock: MovableClock) -> None:
    key, secret = services.access_keys.create()
    assert opens(process(engine, clock, region="eu-west-1"), key.id, secret) is None
