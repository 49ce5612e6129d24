"""Tags, and the two of them that are settings."""

from dataclasses import replace

import pytest

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool import PoolSpec, UserPool

PLAIN = PoolSpec(name="people")
DIALECT, REQUIRE_PKCE = "app-client-authz:dialect", "app-client-authz:require-pkce"


def create(**changes: object) -> UserPool:
    return UserPool.create(replace(PLAIN, **changes), pool_id="us-east-1_abc", now=10.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("flag", [True, False])
def test_settings_are_shown_as_tags_and_tags_as_settings(flag: bool) -> None:
    tags = {"team": "a", DIALECT: "oidc", REQUIRE_PKCE: "true" if flag else "false"}

    for pool in (create(tags=tags), create(tags={"team": "a"}, dialect="oidc", require_pkce=flag)):
        assert pool.tags == tags
        assert (pool.spec.dialect, pool.spec.require_pkce) == ("oidc", flag)
        assert pool.spec.tags == {"team": "a"}


def test_pool_without_tags_has_none_of_ours() -> None:
    pool = create()

    assert pool.tags == {}
    assert (pool.spec.dialect, pool.spec.require_pkce) == (None, None)


def test_tagging_adds_and_replaces_and_leaves_the_rest() -> None:
    pool = create(tags={"team": "a", "stage": "test"}, require_pkce=True)

    after = pool.tag({"team": "b", DIALECT: "oidc"}, now=20.0)

    assert after.tags == {"team": "b", "stage": "test", DIALECT: "oidc", REQUIRE_PKCE: "true"}
    assert (after.updated_at, after.version) == (20.0, 2)


def test_untagging_takes_settings_back_and_passes_over_what_is_not_there() -> None:
    pool = create(tags={"team": "a"}, dialect="oidc", require_pkce=True)

    after = pool.untag([DIALECT, "nothing"], now=20.0)

    assert after.tags == {"team": "a", REQUIRE_PKCE: "true"}
    assert after.spec.dialect is None
    assert pool.untag([DIALECT, REQUIRE_PKCE, "team"], now=20.0).tags == {}


@pytest.mark.parametrize(
    "tags, message",
    [
        ({DIALECT: "saml"}, f"The tag {DIALECT} must be one of: cognito, oidc."),
        ({DIALECT: ""}, f"The tag {DIALECT} must be one of: cognito, oidc."),
        ({REQUIRE_PKCE: "yes"}, f"The tag {REQUIRE_PKCE} must be one of: true, false."),
        ({REQUIRE_PKCE: "True"}, f"The tag {REQUIRE_PKCE} must be one of: true, false."),
        ({"aws:team": "a"}, "aws: prefixed tag key names are not allowed for external use."),
        ({"AWS:team": "a"}, "aws: prefixed tag key names are not allowed for external use."),
        ({f"tag{number}": "" for number in range(51)}, "A user pool can have at most 50 tags."),
    ],
)
def test_wrong_tags_are_refused_wherever_they_come_from(tags: dict[str, str], message: str) -> None:
    for attempt in (
        lambda: create(tags=tags),
        lambda: create().replace(replace(PLAIN, tags=tags), now=20.0),
        lambda: create().tag(tags, now=20.0),
    ):
        with pytest.raises(InvalidParameter) as refusal:
            attempt()
        assert refusal.value.message == message


def test_fifty_tags_are_enough_for_a_pool_those_of_ours_among_them() -> None:
    pool = create(tags={f"tag{number}": "" for number in range(49)}, dialect="oidc")

    assert len(pool.tags) == 50
    assert len(pool.tag({"tag0": "new", DIALECT: "cognito"}, now=20.0).tags) == 50
    with pytest.raises(InvalidParameter):
        pool.tag({"last": ""}, now=20.0)
    with pytest.raises(InvalidParameter):
        pool.tag({REQUIRE_PKCE: "true"}, now=20.0)
