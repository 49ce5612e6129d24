"""Second factors, session tracking and tags of a pool: each on its own, and all of them at once."""

from dataclasses import replace

import pytest

from app_client_authz.domain import ids
from app_client_authz.domain.errors import InvalidParameter, ResourceNotFound
from app_client_authz.domain.pool import MfaChange, PasswordPolicy, PoolSpec, UserPool
from app_client_authz.domain.pool_settings import EmailMfaConfiguration
from app_client_authz.services.registry import Services
from tests.services.test_races import at_once
from tests.services.world import World

OPTIONAL = MfaChange(mode="OPTIONAL", software_token=True)


def test_settings_are_kept(world: World) -> None:
    settings, pool_id = world.services.pool_settings, world.pool.id
    settings.set_mfa(pool_id, OPTIONAL)
    settings.set_sessions(pool_id, tracking="ENABLED", per_user=5)
    after = settings.tag(ids.pool_arn(pool_id), {"team": "a"})

    assert world.services.pools.describe(pool_id) == after
    assert (after.spec.mfa, after.spec.factors.software_token) == ("OPTIONAL", True)
    assert (after.spec.user_session_tracking, after.spec.token_sessions_per_user) == ("ENABLED", 5)
    assert settings.tags(ids.pool_arn(pool_id)) == {"team": "a"}


def test_changes_of_different_settings_at_once_all_count(world: World) -> None:
    settings, pool_id, arn = world.services.pool_settings, world.pool.id, ids.pool_arn(world.pool.id)
    outcomes = at_once(
        [
            lambda: settings.set_mfa(pool_id, OPTIONAL),
            lambda: settings.set_sessions(pool_id, tracking="ENABLED", per_user=5),
            *[lambda number=number: settings.tag(arn, {f"tag{number}": "x"}) for number in range(4)],
        ]
    )

    assert all(isinstance(outcome, UserPool) for outcome in outcomes)
    after = world.services.pools.describe(pool_id)
    assert (after.spec.mfa, after.spec.user_session_tracking) == ("OPTIONAL", "ENABLED")
    assert set(after.tags) == {"tag0", "tag1", "tag2", "tag3"}
    assert after.version == world.pool.version + len(outcomes)


def test_a_tag_set_while_the_pool_is_updated_is_not_lost(world: World) -> None:
    settings, arn = world.services.pool_settings, ids.pool_arn(world.pool.id)
    at_once(
        [
            lambda: settings.tag(arn, {"team": "a"}),
            lambda: world.services.pools.replace(world.pool.id, PoolSpec(name="renamed")),
        ]
    )

    after = world.services.pools.describe(world.pool.id)
    assert (after.name, after.tags) == ("renamed", {"team": "a"})


def test_dialect_of_a_tag_is_in_force_at_once(world: World) -> None:
    settings, arn = world.services.pool_settings, ids.pool_arn(world.pool.id)
    before = world.services.dialects.of(world.pool)

    tagged = settings.tag(arn, {"app-client-authz:dialect": "oidc"})
    untagged = settings.untag(arn, ["app-client-authz:dialect"])

    assert before.name == "cognito"
    assert world.services.dialects.of(tagged).name == "oidc"
    assert world.services.dialects.of(untagged) == before


def test_what_nothing_enforces_cannot_be_switched_on(world: World) -> None:
    history = replace(world.pool.spec, password_policy=PasswordPolicy(password_history_size=1))

    with pytest.raises(InvalidParameter, match=r"^PasswordHistorySize: this release keeps no password history"):
        world.services.pools.replace(world.pool.id, history)

    assert world.services.pools.describe(world.pool.id) == world.pool


def test_second_factor_can_be_required_of_everybody(world: World) -> None:
    after = world.services.pool_settings.set_mfa(world.pool.id, MfaChange(mode="ON", software_token=True))

    assert after.spec.mfa == "ON"


@pytest.mark.parametrize("change", [MfaChange(mode="OPTIONAL"), MfaChange(email=EmailMfaConfiguration())])
def test_refused_change_leaves_the_pool_as_it_was(world: World, change: MfaChange) -> None:
    with pytest.raises(InvalidParameter):
        world.services.pool_settings.set_mfa(world.pool.id, change)

    assert world.services.pools.describe(world.pool.id) == world.pool


def test_unknown_pool_is_not_found(services: Services) -> None:
    settings, unknown = services.pool_settings, "us-east-1_Unknown"
    for attempt in (
        lambda: settings.set_mfa(unknown, OPTIONAL),
        lambda: settings.set_sessions(unknown, tracking="ENABLED", per_user=1),
        lambda: settings.tags(ids.pool_arn(unknown)),
        lambda: settings.tag(ids.pool_arn(unknown), {"team": "a"}),
        lambda: settings.untag(ids.pool_arn(unknown), ["team"]),
    ):
        with pytest.raises(ResourceNotFound, match=r"^User pool us-east-1_Unknown does not exist\.$"):
            attempt()


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:cognito-idp:{region}:111111111111:userpool/{pool}",
        "arn:aws:cognito-idp:eu-west-1:{account}:userpool/{pool}",
        "arn:aws-cn:cognito-idp:{region}:{account}:userpool/{pool}",
    ],
)
def test_pool_of_another_account_region_or_partition_is_not_found(world: World, arn: str) -> None:
    named = arn.format(region="us-east-1", account=ids.ACCOUNT_ID, pool=world.pool.id)

    with pytest.raises(ResourceNotFound):
        world.services.pool_settings.tags(named)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:us-east-1:000000000000:bucket",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/",
        "arn:aws:cognito-identity:us-east-1:000000000000:userpool/us-east-1_abc",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc/client/abc",
    ],
)
def test_arn_of_anything_else_is_refused(services: Services, arn: str) -> None:
    with pytest.raises(InvalidParameter, match=r" is not the ARN of a user pool\.$"):
        services.pool_settings.tag(arn, {"team": "a"})
