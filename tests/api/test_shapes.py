"""The validator's phrases, to the letter (api.md 1.2, 1.6), and what it lets through (ATT-10, INP-6)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app_client_authz.api import shapes
from app_client_authz.api.errors import SerializationFailed
from app_client_authz.domain.errors import InvalidParameter
from tests.support import samples

POOL = "us-east-1_Abc123xyz"
POOL_ID = {"UserPoolId": POOL}
CLIENT = {**POOL_ID, "ClientName": "web"}
WORD = r"[\w+]+"
VISIBLE = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"
PRINCIPAL = {**POOL_ID, "GroupName": "g"}


def refused(operation: str, body: object) -> str:
    with pytest.raises(InvalidParameter) as caught:
        shapes.validated(operation, body)
    return caught.value.message


def unreadable(operation: str, body: object) -> str:
    with pytest.raises(SerializationFailed) as caught:
        shapes.validated(operation, body)
    return caught.value.message


# --- the examples that were seen on AWS ------------------------------------------------------------------


def test_a_number_below_its_minimum() -> None:
    assert refused("UpdateGroup", {**PRINCIPAL, "Precedence": -1}) == (
        "1 validation error detected: Value '-1' at 'precedence' failed to satisfy constraint: "
        "Member must have value greater than or equal to 0"
    )


def test_an_enum_within_a_list() -> None:
    # The order of the values is not the model's.
    assert refused("CreateUserPoolClient", {**CLIENT, "AllowedOAuthFlows": ["code", "token"]}) == (
        "1 validation error detected: Value '[code, token]' at 'allowedOAuthFlows' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must satisfy enum value set: [implicit, client_credentials, code]]"
    )


def test_a_client_id_that_is_printed() -> None:
    assert refused("InitiateAuth", {"AuthFlow": "USER_AUTH", "ClientId": ""}) == (
        "2 validation errors detected: Value '' at 'clientId' failed to satisfy constraint: Member must have length "
        "greater than or equal to 1; Value '' at 'clientId' failed to satisfy constraint: Member must satisfy regular "
        rf"expression pattern: {WORD}"
    )


def test_a_user_name_that_is_hidden() -> None:
    body = {"ClientId": "abc", "Username": ""}
    # AWS has been seen to send these two in either order (api.md 1.6); ours is length before pattern.
    assert refused("SignUp", body) == (
        "2 validation errors detected: Value at 'username' failed to satisfy constraint: Member must have length "
        "greater than or equal to 1; Value at 'username' failed to satisfy constraint: Member must satisfy regular "
        rf"expression pattern: {VISIBLE}"
    )


def test_a_missing_client_id() -> None:
    assert refused("InitiateAuth", {"AuthFlow": "USER_AUTH"}) == (
        "1 validation error detected: Value null at 'clientId' failed to satisfy constraint: Member must not be null"
    )


# --- the other phrases -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation, body, what, phrase",
    [
        (
            "CreateUserPoolClient",
            {**CLIENT, "ClientName": "x" * 129},
            f"Value '{'x' * 129}' at 'clientName'",
            "Member must have length less than or equal to 128",
        ),
        (
            "CreateUserPoolClient",
            {**CLIENT, "ClientName": "a!"},
            r"Value 'a!' at 'clientName'",
            r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+",
        ),
        (
            "CreateUserPoolClient",
            {**CLIENT, "PreventUserExistenceErrors": "MAYBE"},
            "Value 'MAYBE' at 'preventUserExistenceErrors'",
            "Member must satisfy enum value set: [LEGACY, ENABLED]",
        ),
        (
            "CreateUserPoolClient",
            {**CLIENT, "AuthSessionValidity": 16},
            "Value '16' at 'authSessionValidity'",
            "Member must have value less than or equal to 15",
        ),
        (
            "CreateUserPoolClient",
            {**CLIENT, "AllowedOAuthFlows": ["code"] * 4},
            "Value '[code, code, code, code]' at 'allowedOAuthFlows'",
            "Member must have length less than or equal to 3",
        ),
        (
            "CreateUserPoolClient",
            {**CLIENT, "CallbackURLs": ["https://a", "b c"]},
            "Value '[https://a, b c]' at 'callbackURLs'",
            rf"Member must satisfy constraint: [Member must satisfy regular expression pattern: {VISIBLE}]",
        ),
        (
            "CreateUserPoolClient",
            {**CLIENT, "CallbackURLs": ["https://a", None]},
            "Value '[https://a, null]' at 'callbackURLs'",
            "Member must satisfy constraint: [Member must not be null]",
        ),
        (
            "CreateUserPoolClient",
            {**CLIENT, "TokenValidityUnits": {"AccessToken": "weeks"}},
            "Value 'weeks' at 'tokenValidityUnits.accessToken'",
            "Member must satisfy enum value set: [seconds, minutes, hours, days]",
        ),
        (
            "CreateUserPoolClient",
            {**CLIENT, "RefreshTokenRotation": {}},
            "Value null at 'refreshTokenRotation.feature'",
            "Member must not be null",
        ),
        (
            "CreateUserPool",
            {"PoolName": "x", "Policies": {"PasswordPolicy": {"MinimumLength": 5}}},
            "Value '5' at 'policies.passwordPolicy.minimumLength'",
            "Member must have value greater than or equal to 6",
        ),
        (
            "CreateUserPool",
            {"PoolName": "x", "Schema": [{"Name": "a"}, {"Name": "b", "AttributeDataType": "Text"}]},
            "Value 'Text' at 'schema.2.member.attributeDataType'",
            "Member must satisfy enum value set: [String, Number, DateTime, Boolean]",
        ),
        (
            "CreateUserPool",
            {"PoolName": "x", "UserPoolTags": {"": "a"}},
            "Value '{=a}' at 'userPoolTags'",
            "Member must satisfy constraint: [Member must have length greater than or equal to 1]",
        ),
        (
            "ListGroups",
            {**POOL_ID, "Limit": 61},
            "Value '61' at 'limit'",
            "Member must have value less than or equal to 60",
        ),
        (
            "UpdateGroup",
            {"UserPoolId": POOL, "GroupName": "a\nb"},
            r"Value 'a\nb' at 'groupName'",
            rf"Member must satisfy regular expression pattern: {VISIBLE}",
        ),
    ],
)
def test_each_constraint_has_its_phrase(operation: str, body: object, what: str, phrase: str) -> None:
    assert refused(operation, body) == f"1 validation error detected: {what} failed to satisfy constraint: {phrase}"


def test_members_come_in_the_models_order_and_length_before_pattern() -> None:
    body = {"AuthSessionValidity": 2, "ClientName": "!" * 129, "AllowedOAuthFlows": ["x", "y"], "UserPoolId": None}
    message = refused("CreateUserPoolClient", body)

    assert message.startswith("5 validation errors detected: Value null at 'userPoolId'")
    places = [message.index(text) for text in ("userPoolId", "length less", "pattern", "allowedOAuth", "authSession")]
    assert places == sorted(places)


def test_a_phrase_stands_once_for_all_members_of_a_list() -> None:
    message = refused("CreateUserPoolClient", {**CLIENT, "CallbackURLs": ["a b", "c d", "", "e f"]})
    assert message.count("regular expression") == 1
    assert message.count("Member must have length greater than or equal to 1") == 1
    assert message.startswith("1 validation error detected: Value '[a b, c d, , e f]' at 'callbackURLs'")


def test_after_a_hundred_violations_it_is_enough() -> None:
    body = {"UserPoolId": POOL, "CustomAttributes": [{"AttributeDataType": "x"}] * 25}
    assert refused("AddCustomAttributes", body).startswith("25 validation errors detected")
    body["CustomAttributes"] = [{"AttributeDataType": "x"}] * 10_000
    message = refused("AddCustomAttributes", body)
    assert message.startswith("100 validation errors detected: ")
    assert message.count("failed to satisfy constraint") == 100


# --- what is sensitive -----------------------------------------------------------------------------------

SECRET = "s3cret with blank"


@pytest.mark.attack("R11")
@pytest.mark.parametrize(
    "operation, body",
    [
        ("CreateUserPoolClient", {**CLIENT, "ClientSecret": SECRET}),
        ("AddUserPoolClientSecret", {**POOL_ID, "ClientId": "a", "ClientSecret": SECRET}),
        ("AdminSetUserPassword", {**POOL_ID, "Username": "kim", "Password": SECRET}),
        ("AdminCreateUser", {**POOL_ID, "Username": SECRET}),
        ("AdminCreateUser", {**POOL_ID, "Username": "kim", "TemporaryPassword": SECRET}),
        ("AdminCreateUser", {**POOL_ID, "Username": "kim", "UserAttributes": [{"Name": "a", "Value": SECRET * 200}]}),
        (
            "AdminCreateUser",
            {**POOL_ID, "Username": "kim", "UserAttributes": [{"Name": "a", "Value": SECRET}, None]},
        ),
        ("SignUp", {"ClientId": "a", "Username": "kim", "SecretHash": SECRET}),
        ("RespondToAuthChallenge", {"ClientId": "a", "ChallengeName": "X", "Session": "s3cret"}),
        ("RevokeToken", {"ClientId": "a", "Token": SECRET}),
        ("SignUp", {"ClientId": "a", "Username": "k", "UserContextData": {"EncodedData": SECRET * 10_000}}),
    ],
)
def test_a_sensitive_value_is_never_shown(operation: str, body: object) -> None:
    message = refused(operation, body)
    assert "s3cret" not in message
    assert "Value at '" in message


@pytest.mark.parametrize("operation", ["SignUp", "ConfirmSignUp", "ForgotPassword", "ConfirmForgotPassword",
                                       "ResendConfirmationCode"])  # fmt: skip
def test_the_sign_up_family_hides_the_client_id_and_the_others_print_it(operation: str) -> None:
    message = refused(operation, {"ClientId": "a b"})
    assert "Value at 'clientId' failed to satisfy constraint: Member must satisfy regular" in message
    assert "a b" not in message
    assert "Value 'a b' at 'clientId'" in refused("DeleteUserPoolClient", {**POOL_ID, "ClientId": "a b"})
    assert "Value null at 'clientId'" in refused(operation, {})


def test_a_code_of_an_authenticator_app_is_printed() -> None:
    assert "Value '12345x' at 'userCode'" in refused("VerifySoftwareToken", {"UserCode": "12345x"})


# --- JSON types ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "member, value, message",
    [
        ("AuthSessionValidity", "3", "STRING_VALUE can not be converted to an Integer"),
        ("AuthSessionValidity", 3.0, "DECIMAL_VALUE can not be converted to an Integer"),
        ("AuthSessionValidity", True, "TRUE_VALUE can not be converted to an Integer"),
        ("AuthSessionValidity", False, "FALSE_VALUE can not be converted to an Integer"),
        ("AuthSessionValidity", 2**40, "NUMBER_VALUE can not be converted to an Integer"),
        ("ClientName", 1, "NUMBER_VALUE can not be converted to a String"),
        ("ClientName", True, "TRUE_VALUE can not be converted to a String"),
        ("ClientName", {}, "Start of structure or map found where not expected."),
        ("ClientName", [], "Start of list found where not expected"),
        ("GenerateSecret", "true", "STRING_VALUE can not be converted to a Boolean"),
        ("GenerateSecret", 1, "NUMBER_VALUE can not be converted to a Boolean"),
        ("CallbackURLs", {}, "Start of structure or map found where not expected."),
        ("CallbackURLs", "https://a", "Expected list or null"),
        ("CallbackURLs", [1], "NUMBER_VALUE can not be converted to a String"),
        ("TokenValidityUnits", [], "Start of list found where not expected"),
        ("TokenValidityUnits", "hours", "Unexpected field type"),
    ],
)
def test_another_json_type_is_named(member: str, value: object, message: str) -> None:
    assert unreadable("CreateUserPoolClient", {**CLIENT, member: value}) == message


def test_a_type_is_looked_at_before_any_constraint() -> None:
    # The wrong type stands last in the model's order, and everything before it is wrong too.
    body = {"ClientName": "!" * 1000, "AuthSessionValidity": 99, "RefreshTokenRotation": {"Feature": 1}}
    assert unreadable("CreateUserPoolClient", body) == "NUMBER_VALUE can not be converted to a String"


@pytest.mark.parametrize("body, message", [
    (None, ""), ("x", ""), (1, ""), (True, ""), ([], "Start of list found where not expected"),
])  # fmt: skip
def test_a_body_is_an_object(body: object, message: str) -> None:
    assert unreadable("ListUserPools", body) == message


def test_a_blob_is_base64() -> None:
    styled = {**POOL_ID, "ImageFile": "aGk="}
    assert shapes.validated("SetUICustomization", styled) == {**POOL_ID, "ImageFile": b"hi"}
    for wrong in ("a", "aGk", "a G k =", "é", "aGk=="):
        assert unreadable("SetUICustomization", {**styled, "ImageFile": wrong}) == "Unable to decode base64"


# --- what is let through ---------------------------------------------------------------------------------


def test_null_is_the_same_as_left_out() -> None:
    assert shapes.validated("UpdateGroup", {**PRINCIPAL, "Description": None, "Precedence": None}) == PRINCIPAL
    nested = {**CLIENT, "TokenValidityUnits": {"AccessToken": None, "IdToken": "hours"}}
    assert shapes.validated("CreateUserPoolClient", nested)["TokenValidityUnits"] == {"IdToken": "hours"}
    assert shapes.validated("TagResource", {"ResourceArn": "arn:aws:a:b:1:cdefgh", "Tags": {"a": None, "b": "c"}})[
        "Tags"
    ] == {"b": "c"}


def test_only_members_of_the_model_come_out_at_any_depth() -> None:
    body = {
        **CLIENT,
        "clientName": "other",
        "ClientId": "chosen",
        "Version": 7,
        "__class__": {},
        "TokenValidityUnits": {"AccessToken": "hours", "Other": 1},
    }
    assert shapes.validated("CreateUserPoolClient", body) == {**CLIENT, "TokenValidityUnits": {"AccessToken": "hours"}}


def test_what_comes_out_is_a_copy() -> None:
    body: dict[str, Any] = {**CLIENT, "CallbackURLs": ["https://a"], "AnalyticsConfiguration": {"RoleArn": None}}
    out = shapes.validated("CreateUserPoolClient", body)
    body["CallbackURLs"].append("https://b")
    assert out["CallbackURLs"] == ["https://a"]


def test_empty_and_false_values_are_values() -> None:
    body = {**CLIENT, "GenerateSecret": False, "CallbackURLs": [], "TokenValidityUnits": {}, "RefreshTokenValidity": 0}
    assert shapes.validated("CreateUserPoolClient", body) == body


@pytest.mark.parametrize("operation", sorted(shapes.model().operations))
def test_every_operation_of_the_model_has_a_fitting_request_and_breakable_rules(operation: str) -> None:
    body = samples.fitting(shapes.model().operations[operation]["input"])
    assert set(shapes.validated(operation, body)) == set(body)
    for rule, wrong, _where, phrases in samples.requests(operation):
        if '"' in rule:
            continue  # NUL and surrogates are the parser's, see tests/domain/test_strict_json.py
        with pytest.raises(InvalidParameter if phrases else SerializationFailed):
            shapes.validated(operation, wrong)


NAMES = ["a", "UserPoolId", "ClientName", "CallbackURLs", "TokenValidityUnits", "AccessToken", "AnalyticsConfiguration"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=200)
@given(VALUES)
def test_no_value_is_anything_but_accepted_or_refused(value: object) -> None:
    try:
        accepted = shapes.validated("CreateUserPoolClient", value)
    except (InvalidParameter, SerializationFailed):
        return
    assert accepted["UserPoolId"]
