"""Attributes of users by boto3: every text of api.md 3.5, and what a change does beside (4.1; 9.1, lines 19 and 21)."""

from typing import Any

import pytest

from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.schema import SchemaAttribute
from tests.support.aws import Wire, refusal
from tests.support.clock import MovableClock
from tests.support.refusals import refused, violation
from tests.support.site import Site
from tests.support.user_attributes import pairs, values

SCHEMA = (
    SchemaAttribute("family_name", required=True),
    SchemaAttribute("email", required=True),
    SchemaAttribute("team", max_length="5", min_length="2"),
    SchemaAttribute("badge", mutable=False),
    SchemaAttribute("level", "Number", min_value="1", max_value="9"),
)
NONE = "The attribute {0} is required"
NEW = "Attributes did not conform to the schema: "
GONE = "Invalid user attributes: "
IMMUTABLE = "This attribute does not satisfy the mutability validation defined in the schema."
LONG = "x" * 2049


@pytest.fixture
def pool(site: Site) -> str:
    """A pool with required, immutable and bounded attributes."""
    return site.services.pools.create(PoolSpec(name="strict", schema=SCHEMA)).id


@pytest.fixture
def ada(cognito: Any, pool: str) -> dict[str, str]:
    given = pairs(
        family_name="Lovelace", email="ada@example.com", email_verified="true", custom_badge="007", custom_team="red"
    )
    cognito.admin_create_user(UserPoolId=pool, Username="ada", UserAttributes=given, MessageAction="SUPPRESS")
    return {"UserPoolId": pool, "Username": "ada"}


def attributes_of(cognito: Any, who: dict[str, str]) -> dict[str, str]:
    found = values(cognito.admin_get_user(**who)["UserAttributes"])
    del found["sub"]
    return found


# --- at creation ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, message",
    [
        (
            {},
            f"{NEW}name.familyName: {NONE.format('name.familyName')} email: {NONE.format('email')}",
        ),
        ({"email": "a@example.com"}, f"{NEW}name.familyName: {NONE.format('name.familyName')}"),
        (
            {"custom:x": "1", "email": "a@example.com", "family_name": "A"},
            f"{NEW}Type for attribute {{custom:x}} could not be determined",
        ),
        (
            {"custom:team": "purple", "email": "a@example.com", "family_name": "A"},
            f"{NEW}custom:team: String must be no longer than 5 characters",
        ),
        ({"sub": "1"}, "Cannot modify the non-mutable attribute sub"),
        ({"email": "nobody"}, "Invalid email address format."),
        ({"phone_number": "555"}, "Invalid phone number format."),
    ],
)
def test_user_who_does_not_fit_the_schema_is_not_created(
    wire: Wire, site: Site, pool: str, given: dict[str, str], message: str
) -> None:
    before = site.row_counts()
    attributes = [{"Name": name, "Value": value} for name, value in given.items()]
    answer = wire("AdminCreateUser", {"UserPoolId": pool, "Username": "ada", "UserAttributes": attributes})
    assert refusal(answer) == ("InvalidParameterException", message)
    assert site.row_counts() == before


# --- changes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"custom:x": "1"}, "user.custom:x: Attribute does not exist in the schema.\n"),
        ({"shoe": "42"}, "user.shoe: Attribute does not exist in the schema.\n"),
        ({"custom:badge": "008"}, "user.custom:badge: Attribute cannot be updated.\n"),
        ({"custom:badge": ""}, "user.custom:badge: Attribute cannot be updated.\n"),
        ({"custom:team": "purple"}, "user.custom:team: String must be no longer than 5 characters\n"),
        ({"birthdate": "31 December"}, "user.birthdate: String must be no longer than 10 characters\n"),
        ({"custom:level": "10"}, "user.custom:level: Number must be no greater than 9\n"),
        ({"sub": "x"}, "Cannot modify the non-mutable attribute sub"),
        ({"email": "nobody"}, "Invalid email address format."),
        ({"phone_number": "555"}, "Invalid phone number format."),
        ({"family_name": ""}, f"{GONE}name.familyName: {NONE.format('name.familyName')}"),
        (
            {"custom:x": "1", "custom:badge": "2"},
            "user.custom:x: Attribute does not exist in the schema.\nuser.custom:badge: Attribute cannot be updated.\n",
        ),
    ],
)
def test_batch_with_one_bad_attribute_changes_nothing(
    cognito: Any, ada: dict[str, str], changes: dict[str, str], message: str
) -> None:
    before = cognito.admin_get_user(**ada)
    attributes = [{"Name": name, "Value": value} for name, value in {"nickname": "A", **changes}.items()]
    with refused("InvalidParameter", message):
        cognito.admin_update_user_attributes(**ada, UserAttributes=attributes)
    after = cognito.admin_get_user(**ada)
    assert after["UserAttributes"] == before["UserAttributes"]
    assert after["UserLastModifiedDate"] == before["UserLastModifiedDate"]


def test_newline_of_a_message_stays_out_of_the_headers(wire: Wire, ada: dict[str, str]) -> None:
    answer = wire("AdminUpdateUserAttributes", {**ada, "UserAttributes": pairs(custom_badge="008")})
    assert refusal(answer)[1] == "user.custom:badge: Attribute cannot be updated.\n"
    assert answer.headers["x-amzn-ErrorMessage"] == "user.custom:badge: Attribute cannot be updated."


def test_change_is_merged_and_moves_the_date(cognito: Any, ada: dict[str, str], clock: MovableClock) -> None:
    clock.advance(60)
    cognito.admin_update_user_attributes(**ada, UserAttributes=pairs(custom_team="blue", nickname="A"))
    found = cognito.admin_get_user(**ada)
    assert attributes_of(cognito, ada) == {
        "family_name": "Lovelace",
        "nickname": "A",
        "email": "ada@example.com",
        "email_verified": "true",
        "custom:badge": "007",
        "custom:team": "blue",
    }
    assert (found["UserLastModifiedDate"] - found["UserCreateDate"]).total_seconds() == 60


def test_last_of_two_values_counts_and_is_the_only_one_looked_at(cognito: Any, ada: dict[str, str]) -> None:
    twice = [*pairs(birthdate="much too long for a date"), *pairs(birthdate="1815-12-10")]
    cognito.admin_update_user_attributes(**ada, UserAttributes=twice)
    assert attributes_of(cognito, ada)["birthdate"] == "1815-12-10"


def test_empty_value_deletes(cognito: Any, ada: dict[str, str]) -> None:
    cognito.admin_update_user_attributes(
        **ada, UserAttributes=[*pairs(custom_team=""), {"Name": "nickname"}, *pairs(locale="en")]
    )
    assert attributes_of(cognito, ada).keys() == {"family_name", "email", "email_verified", "custom:badge", "locale"}


def test_value_is_bounded_and_never_shown(wire: Wire, ada: dict[str, str]) -> None:
    answer = wire("AdminUpdateUserAttributes", {**ada, "UserAttributes": pairs(nickname=LONG)})
    phrase = "Member must have length less than or equal to 2048"
    expected = violation("at 'userAttributes.1.member.value'", phrase)
    assert refusal(answer) == ("InvalidParameterException", expected)


def test_new_address_is_unverified_until_somebody_says_so(cognito: Any, ada: dict[str, str]) -> None:
    cognito.admin_update_user_attributes(**ada, UserAttributes=pairs(email="new@example.com"))
    assert attributes_of(cognito, ada)["email_verified"] == "false"
    cognito.admin_update_user_attributes(**ada, UserAttributes=pairs(email_verified="TRUE"))
    assert attributes_of(cognito, ada)["email_verified"] == "true"
    both = pairs(email="newer@example.com", email_verified="true")
    cognito.admin_update_user_attributes(**ada, UserAttributes=both)
    assert attributes_of(cognito, ada)["email_verified"] == "true"


def test_alias_of_another_user_is_refused(cognito: Any, site: Site) -> None:
    pool = site.services.pools.create(PoolSpec(name="aliases", alias_attributes=("email", "preferred_username"))).id
    verified = pairs(email="kim@example.com", email_verified="true")
    for name, given in (("kim", verified), ("ada", [])):
        cognito.admin_create_user(UserPoolId=pool, Username=name, UserAttributes=given)
    who = {"UserPoolId": pool, "Username": "ada"}
    for given in (verified, pairs(preferred_username="KIM")):
        with refused("AliasExists", "User account already exists for the alias."):
            cognito.admin_update_user_attributes(**who, UserAttributes=given)
    no_alias = "Username cannot be of email format, since user pool is configured for email alias."
    with refused("InvalidParameter", no_alias):
        cognito.admin_update_user_attributes(**who, UserAttributes=pairs(preferred_username="eve@example.com"))
    assert attributes_of(cognito, who) == {}


# --- deletions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, message",
    [
        ("family_name", f"{GONE}name.familyName: {NONE.format('name.familyName')}"),
        ("email", f"{GONE}email: {NONE.format('email')}"),
        ("custom:x", f"{GONE}Type for attribute {{custom:x}} could not be determined"),
        (
            "custom:badge",
            f"{GONE}Custom.User.badge: {IMMUTABLE}",
        ),
        ("sub", "Cannot modify the non-mutable attribute sub"),
    ],
)
def test_deletion_with_one_bad_name_deletes_nothing(cognito: Any, ada: dict[str, str], name: str, message: str) -> None:
    before = attributes_of(cognito, ada)
    with refused("InvalidParameter", message):
        cognito.admin_delete_user_attributes(**ada, UserAttributeNames=["custom:team", name])
    assert attributes_of(cognito, ada) == before


def test_deleted_address_takes_its_flag_along(cognito: Any, site: Site) -> None:
    who = {"UserPoolId": site.pool.id, "Username": "kim"}
    assert attributes_of(cognito, who)["email_verified"] == "true"
    for _ in range(2):
        cognito.admin_delete_user_attributes(**who, UserAttributeNames=["email", "nickname"])
        assert attributes_of(cognito, who) == {"name": "Kim"}
