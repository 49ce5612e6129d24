"""UpdateUserPool by boto3: what goes back to its default and what stays (api.md 3.3; 9 number 17)."""

from typing import Any

import pytest

from tests.api.test_pools import CHANGEABLE, CUSTOM, DEFAULTS, FIXED, IDENTITIES, MIRRORED, create, describe
from tests.support.aws import Wire
from tests.support.clock import MovableClock

pytestmark = pytest.mark.usefixtures("ready_made_keys")

HEAD = ("Id", "Arn", "CreationDate")


def test_everything_that_is_sent_replaces_what_was_there(cognito: Any, clock: MovableClock) -> None:
    made = create(cognito)
    clock.advance(60)
    # MFA by SMS: the only factor that an update can switch on.
    cognito.update_user_pool(UserPoolId=made["Id"], PoolName="renamed", **CHANGEABLE)

    after = describe(cognito, made["Id"])
    expected = {name: made[name] for name in (*HEAD, "SchemaAttributes")} | CHANGEABLE | MIRRORED
    assert after == expected | {
        "Name": "renamed",
        "EstimatedNumberOfUsers": 0,
        "LastModifiedDate": after["LastModifiedDate"],
        "SchemaAttributes": [*made["SchemaAttributes"], IDENTITIES],
    }
    assert (after["LastModifiedDate"] - made["LastModifiedDate"]).total_seconds() == 60


def test_what_is_omitted_goes_back_to_its_default(cognito: Any) -> None:
    made = create(cognito, **CHANGEABLE, **FIXED)

    # MFA stays where nothing is said of it, and would need the SMS settings that are omitted.
    cognito.update_user_pool(UserPoolId=made["Id"], MfaConfiguration="OFF")

    after = describe(cognito, made["Id"])
    kept = (*HEAD, "Name", "Policies", "UserPoolTags", "DcrConfiguration", "AliasAttributes", "UsernameConfiguration")
    expected = DEFAULTS | {name: made[name] for name in kept}
    days = {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 3}
    assert after == expected | {
        "AdminCreateUserConfig": days,
        "LastModifiedDate": after["LastModifiedDate"],
        "SchemaAttributes": [*made["SchemaAttributes"], IDENTITIES],
    }
    assert after["SchemaAttributes"][-1 - len(CUSTOM) : -1] == CUSTOM


def test_answer_is_an_empty_object(wire: Wire, pool_id: str) -> None:
    answer = wire("UpdateUserPool", {"UserPoolId": pool_id})

    assert (answer.status_code, answer.data) == (200, b"{}")


@pytest.mark.parametrize("policies", [{}, {"PasswordPolicy": {"MinimumLength": 9}}])
def test_policies_without_a_sign_in_policy_leave_it(cognito: Any, policies: dict[str, Any]) -> None:
    factors = {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}
    pool_id = create(cognito, Policies={"SignInPolicy": factors})["Id"]

    cognito.update_user_pool(UserPoolId=pool_id, Policies=policies)

    assert describe(cognito, pool_id)["Policies"]["SignInPolicy"] == factors


def test_sign_in_policy_alone_leaves_the_password_policy(cognito: Any) -> None:
    made = create(cognito, Policies={"PasswordPolicy": {"MinimumLength": 20}})

    factors = {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}
    cognito.update_user_pool(UserPoolId=made["Id"], Policies={"SignInPolicy": factors})

    assert describe(cognito, made["Id"])["Policies"] == {
        "PasswordPolicy": made["Policies"]["PasswordPolicy"],
        "SignInPolicy": factors,
    }


def test_no_update_touches_what_is_fixed_at_creation(cognito: Any, wire: Wire) -> None:
    made = create(cognito, **FIXED)
    before = describe(cognito, made["Id"])

    unknown = {
        "UsernameAttributes": ["email"],
        "AliasAttributes": [],
        "UsernameConfiguration": {"CaseSensitive": False},
        "Schema": [{"Name": "more"}],
    }
    assert wire("UpdateUserPool", {"UserPoolId": made["Id"], "PoolName": "renamed", **unknown}).status_code == 200

    after = describe(cognito, made["Id"])
    assert after == before | {"Name": "renamed", "LastModifiedDate": after["LastModifiedDate"]}


def test_null_is_like_an_omitted_member(wire: Wire, cognito: Any, pool_id: str) -> None:
    before = describe(cognito, pool_id)

    wire("UpdateUserPool", {"UserPoolId": pool_id, "PoolName": None, "UserPoolTags": None, "LambdaConfig": None})

    after = describe(cognito, pool_id)
    assert after == before | {"LastModifiedDate": after["LastModifiedDate"]}


def test_new_policy_counts_for_the_next_password(cognito: Any, pool_id: str) -> None:
    cognito.update_user_pool(UserPoolId=pool_id, Policies={"PasswordPolicy": {"MinimumLength": 30}})

    with pytest.raises(cognito.exceptions.InvalidPasswordException, match="Password not long enough"):
        cognito.admin_set_user_password(UserPoolId=pool_id, Username="kim", Password="Passw0rd!kim-2", Permanent=True)
