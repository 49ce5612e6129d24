"""Tags of pools by boto3, and the two of them that are settings of ours."""

from typing import Any

import pytest

from app_client_authz.domain import ids
from tests.api.test_pools import create, describe
from tests.support.aws import Wire
from tests.support.refusals import refused, violation
from tests.support.site import Site

DIALECT, REQUIRE_PKCE = "app-client-authz:dialect", "app-client-authz:require-pkce"


@pytest.fixture
def arn(pool_id: str) -> str:
    return ids.pool_arn(pool_id)


def tags(cognito: Any, arn: str) -> dict[str, str]:
    return dict(cognito.list_tags_for_resource(ResourceArn=arn)["Tags"])


def test_arn_of_a_description_names_the_pool(cognito: Any, pool_id: str, arn: str) -> None:
    assert describe(cognito, pool_id)["Arn"] == arn
    assert tags(cognito, arn) == {}


def test_tags_are_added_replaced_and_taken_away(cognito: Any, pool_id: str, arn: str) -> None:
    cognito.tag_resource(ResourceArn=arn, Tags={"team": "a", "stage": "test"})
    cognito.tag_resource(ResourceArn=arn, Tags={"team": "b", "note": ""})

    assert tags(cognito, arn) == {"team": "b", "stage": "test", "note": ""}
    assert describe(cognito, pool_id)["UserPoolTags"] == tags(cognito, arn)
    cognito.untag_resource(ResourceArn=arn, TagKeys=["team", "nothing"])
    assert tags(cognito, arn) == {"stage": "test", "note": ""}


def test_answers_are_empty_objects(wire: Wire, arn: str) -> None:
    for operation, members in (("TagResource", {"Tags": {"team": "a"}}), ("UntagResource", {"TagKeys": ["team"]})):
        answer = wire(operation, {"ResourceArn": arn, **members})
        assert (answer.status_code, answer.data) == (200, b"{}")


def test_update_replaces_tags_only_when_it_has_some(cognito: Any, pool_id: str, arn: str) -> None:
    cognito.tag_resource(ResourceArn=arn, Tags={"team": "a", DIALECT: "oidc"})

    cognito.update_user_pool(UserPoolId=pool_id, PoolName="renamed")
    assert tags(cognito, arn) == {"team": "a", DIALECT: "oidc"}
    cognito.update_user_pool(UserPoolId=pool_id, UserPoolTags={"stage": "test"})
    assert tags(cognito, arn) == {"stage": "test"}
    cognito.update_user_pool(UserPoolId=pool_id, UserPoolTags={})
    assert tags(cognito, arn) == {}


# --- settings -------------------------------------------------------------------------------------


def test_dialect_can_be_set_as_a_tag_and_taken_back(cognito: Any, site: Site, arn: str) -> None:
    services = site.services

    for value in ("oidc", "cognito"):
        cognito.tag_resource(ResourceArn=arn, Tags={DIALECT: value})
        assert services.dialects.of(services.pools.describe(site.pool.id)).name == value
    cognito.untag_resource(ResourceArn=arn, TagKeys=[DIALECT])
    assert services.pools.describe(site.pool.id).spec.dialect is None


def test_dialect_of_the_tag_is_the_one_that_the_token_endpoint_speaks(cognito: Any, site: Site, arn: str) -> None:
    assert "scope" not in site.tokens(site.web)

    cognito.tag_resource(ResourceArn=arn, Tags={DIALECT: "oidc"})

    assert "scope" in site.tokens(site.web)


def test_pkce_can_be_required_as_a_tag(cognito: Any, site: Site, arn: str) -> None:
    without = ("code_challenge", "code_challenge_method")

    def location() -> str:
        return str(site.browse(signed_in=True).get(site.authorize_url(site.web, without=without)).headers["Location"])

    assert "code=" in location()
    cognito.tag_resource(ResourceArn=arn, Tags={REQUIRE_PKCE: "true"})
    assert "error=invalid_request" in location()
    cognito.tag_resource(ResourceArn=arn, Tags={REQUIRE_PKCE: "false"})
    assert "code=" in location()
    assert tags(cognito, arn) == {REQUIRE_PKCE: "false"}


@pytest.mark.usefixtures("ready_made_keys")
def test_command_line_and_tags_show_the_same_setting(cognito: Any, site: Site) -> None:
    pool_id = create(cognito, UserPoolTags={"team": "a", DIALECT: "oidc"})["Id"]
    shell = site.app.test_cli_runner()

    assert "oidc" in shell.invoke(args=["authz", "pool", "describe", pool_id]).output
    done = shell.invoke(args=["authz", "pool", "update", pool_id, "--dialect", "cognito", "--require-pkce"])
    assert done.exit_code == 0, done.output

    arn = ids.pool_arn(pool_id)
    assert tags(cognito, arn) == {"team": "a", DIALECT: "cognito", REQUIRE_PKCE: "true"}
    shell.invoke(args=["authz", "pool", "update", pool_id, "--dialect", "site"])
    assert tags(cognito, arn) == {"team": "a", REQUIRE_PKCE: "true"}


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({DIALECT: "OIDC"}, f"The tag {DIALECT} must be one of: cognito, oidc."),
        ({REQUIRE_PKCE: "1"}, f"The tag {REQUIRE_PKCE} must be one of: true, false."),
        ({"aws:cloudformation:stack": "x"}, "aws: prefixed tag key names are not allowed for external use."),
        ({f"tag{number}": "" for number in range(51)}, "A user pool can have at most 50 tags."),
    ],
    ids=["dialect", "pkce", "reserved", "too many"],
)
def test_wrong_tags_are_refused_as_a_whole(cognito: Any, arn: str, wrong: dict[str, str], message: str) -> None:
    with refused("InvalidParameter", message):
        cognito.tag_resource(ResourceArn=arn, Tags={"team": "a", **wrong})

    assert tags(cognito, arn) == {}


# --- ARNs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "foreign",
    [
        "arn:aws:cognito-idp:us-east-1:111111111111:userpool/{pool_id}",
        "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/{pool_id}",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_nowhere00",
    ],
)
def test_pool_that_is_not_here_is_not_found(cognito: Any, pool_id: str, foreign: str) -> None:
    named = foreign.format(pool_id=pool_id)
    message = f"User pool {named.rpartition('/')[2]} does not exist."

    for operation, members in (
        ("list_tags_for_resource", {}),
        ("tag_resource", {"Tags": {"team": "a"}}),
        ("untag_resource", {"TagKeys": ["team"]}),
    ):
        with refused("ResourceNotFound", message):
            getattr(cognito, operation)(ResourceArn=named, **members)


def test_arn_of_something_else_is_refused(cognito: Any) -> None:
    bucket = "arn:aws:s3:us-east-1:000000000000:bucket/keys"

    with refused("InvalidParameter", f"{bucket} is not the ARN of a user pool."):
        cognito.list_tags_for_resource(ResourceArn=bucket)


def test_what_is_no_arn_violates_its_shape(cognito: Any) -> None:
    pattern = r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?"
    phrase = f"Member must satisfy regular expression pattern: {pattern}"

    with refused("InvalidParameter", violation("'a-name-of-twenty-letters' at 'resourceArn'", phrase)):
        cognito.list_tags_for_resource(ResourceArn="a-name-of-twenty-letters")
