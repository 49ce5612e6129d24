"""User pools by boto3: what comes back of what was sent, lists, deletion (api.md 3.3)."""

import re
from typing import Any

import pytest

from app_client_authz.domain import ids
from app_client_authz.domain.pool_domain import CustomDomain
from tests.support.aws import Wire
from tests.support.clock import MovableClock
from tests.support.refusals import refused, violation
from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("ready_made_keys")

NOWHERE = "us-east-1_nowhere00"
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
NO_DIFFERENCE = {"DeveloperOnlyAttribute": False, "Mutable": True, "Required": False}


def text(name: str, least: str = "0", most: str = "2048") -> dict[str, Any]:
    limits = {"MinLength": least, "MaxLength": most}
    return {"Name": name, "AttributeDataType": "String", **NO_DIFFERENCE, "StringAttributeConstraints": limits}


def flag(name: str) -> dict[str, Any]:
    return {"Name": name, "AttributeDataType": "Boolean", **NO_DIFFERENCE}


STANDARD = [
    text("sub", "1") | {"Mutable": False, "Required": True},
    *map(text, ("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile")),
    *map(text, ("picture", "website", "email")),
    flag("email_verified"),
    text("gender"),
    text("birthdate", "10", "10"),
    *map(text, ("zoneinfo", "locale", "phone_number")),
    flag("phone_number_verified"),
    text("address"),
    {
        "Name": "updated_at",
        "AttributeDataType": "Number",
        **NO_DIFFERENCE,
        "NumberAttributeConstraints": {"MinValue": "0"},
    },
]
IDENTITIES = {
    "Name": "identities",
    "AttributeDataType": "String",
    **NO_DIFFERENCE,
    "StringAttributeConstraints": {},
}
DEFAULTS: dict[str, Any] = {
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 8,
            "RequireUppercase": True,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": True,
            "TemporaryPasswordValidityDays": 7,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
    },
    "DeletionProtection": "INACTIVE",
    "LambdaConfig": {},
    "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": []},
    "MfaConfiguration": "OFF",
    "EstimatedNumberOfUsers": 0,
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7},
    "AccountRecoverySetting": {
        "RecoveryMechanisms": [
            {"Priority": 1, "Name": "verified_email"},
            {"Priority": 2, "Name": "verified_phone_number"},
        ]
    },
    "UserPoolTier": "ESSENTIALS",
    "KeyConfiguration": {"KeyType": "AWS_OWNED_KEY"},
    "IssuerConfiguration": {"Type": "ORIGINAL"},
}
CHANGEABLE: dict[str, Any] = {
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 15,
            "RequireUppercase": False,
            "RequireLowercase": True,
            "RequireNumbers": False,
            "RequireSymbols": True,
            "PasswordHistorySize": 0,
            "TemporaryPasswordValidityDays": 3,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]},
    },
    "DeletionProtection": "ACTIVE",
    "LambdaConfig": {
        "PreSignUp": f"{LAMBDA}pre-sign-up",
        "PreTokenGeneration": f"{LAMBDA}tokens",
        "PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": f"{LAMBDA}tokens"},
        "CustomEmailSender": {"LambdaVersion": "V1_0", "LambdaArn": f"{LAMBDA}mail"},
        "KMSKeyID": "arn:aws:kms:us-east-1:123456789012:key/1",
    },
    "AutoVerifiedAttributes": ["email", "phone_number"],
    "VerificationMessageTemplate": {
        "SmsMessage": "Code {####}",
        "EmailMessage": "Your code: {####}",
        "EmailSubject": "Code",
        "EmailMessageByLink": "Click {##here##}",
        "EmailSubjectByLink": "Link",
        "DefaultEmailOption": "CONFIRM_WITH_LINK",
    },
    "SmsAuthenticationMessage": "Sign in with {####}",
    "MfaConfiguration": "OPTIONAL",
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
    "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False},
    "EmailConfiguration": {
        "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/shop.example",
        "ReplyToEmailAddress": "help@shop.example",
        "EmailSendingAccount": "DEVELOPER",
        "From": "The shop <shop@shop.example>",
        "ConfigurationSet": "shop",
    },
    "SmsConfiguration": {
        "SnsCallerArn": "arn:aws:iam::123456789012:role/sms",
        "ExternalId": "shop",
        "SnsRegion": "us-east-1",
    },
    "UserPoolTags": {"team": "orders", "note": ""},
    "AdminCreateUserConfig": {
        "AllowAdminCreateUserOnly": True,
        "UnusedAccountValidityDays": 3,
        "InviteMessageTemplate": {
            "SMSMessage": "{username} {####}",
            "EmailMessage": "Hello {username}: {####}",
            "EmailSubject": "Welcome",
        },
    },
    "UserPoolAddOns": {"AdvancedSecurityMode": "OFF"},
    "DcrConfiguration": {
        "EnableStatus": "Disabled",
        "OpenDcrEnabled": False,
        "AuthenticatedGrantTypes": ["code"],
        "OpenDcrGrantTypes": [],
        "AllowedScopes": ["orders/read"],
    },
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]},
    "UserPoolTier": "PLUS",
    "KeyConfiguration": {"KeyType": "AWS_OWNED_KEY"},
    "IssuerConfiguration": {"Type": "UPDATED"},
    "AcrConfiguration": {f"Level{level}": {"AcrValue": f"urn:shop:{level}"} for level in range(1, 5)},
}
FIXED: dict[str, Any] = {
    "AliasAttributes": ["email", "preferred_username"],
    "UsernameConfiguration": {"CaseSensitive": True},
    "Schema": [
        {"Name": "email", "AttributeDataType": "String", "Required": True},
        {
            "Name": "level",
            "AttributeDataType": "Number",
            "Mutable": False,
            "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "9"},
        },
        {"Name": "team"},
        {"Name": "since", "AttributeDataType": "DateTime"},
        {"Name": "note", "AttributeDataType": "String", "DeveloperOnlyAttribute": True},
    ],
}
MIRRORED = {
    "SmsVerificationMessage": "Code {####}",
    "EmailVerificationMessage": "Your code: {####}",
    "EmailVerificationSubject": "Code",
}
CUSTOM = [
    {
        "Name": "custom:level",
        "AttributeDataType": "Number",
        **NO_DIFFERENCE,
        "Mutable": False,
        "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "9"},
    },
    {"Name": "custom:team", "AttributeDataType": "String", **NO_DIFFERENCE, "StringAttributeConstraints": {}},
    {"Name": "custom:since", "AttributeDataType": "DateTime", **NO_DIFFERENCE},
    {
        "Name": "dev:custom:note",
        "AttributeDataType": "String",
        **NO_DIFFERENCE,
        "DeveloperOnlyAttribute": True,
        "StringAttributeConstraints": {},
    },
]


def create(cognito: Any, **members: Any) -> dict[str, Any]:
    return dict(cognito.create_user_pool(**{"PoolName": "shop", **members})["UserPool"])


def describe(cognito: Any, pool_id: str) -> dict[str, Any]:
    return dict(cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"])


# --- what comes back ------------------------------------------------------------------------------


def test_pool_of_a_name_alone_has_exactly_the_recorded_members(cognito: Any) -> None:
    made = create(cognito)

    assert made == {
        "Id": made["Id"],
        "Name": "shop",
        "Arn": f"arn:aws:cognito-idp:us-east-1:{ids.ACCOUNT_ID}:userpool/{made['Id']}",
        "CreationDate": made["CreationDate"],
        "LastModifiedDate": made["CreationDate"],
        "SchemaAttributes": STANDARD,
        **DEFAULTS,
    }
    assert re.fullmatch(r"us-east-1_[0-9A-Za-z]{9}", made["Id"])


def test_description_of_such_a_pool_has_tags_and_identities_as_well(cognito: Any) -> None:
    made = create(cognito)

    described = describe(cognito, made["Id"])

    assert described == made | {"UserPoolTags": {}, "SchemaAttributes": [*STANDARD, IDENTITIES]}


def test_everything_that_is_sent_comes_back(cognito: Any) -> None:
    made = create(cognito, **CHANGEABLE, **FIXED)

    email = text("email") | {"Required": True}
    schema = [*[email if each["Name"] == "email" else each for each in STANDARD], *CUSTOM]
    sent = {name: value for name, value in (CHANGEABLE | FIXED).items() if name != "Schema"}
    head = ("Id", "Name", "Arn", "CreationDate", "LastModifiedDate")
    expected = {name: made[name] for name in head} | sent | MIRRORED
    assert made == expected | {"SchemaAttributes": schema, "EstimatedNumberOfUsers": 0}
    assert describe(cognito, made["Id"]) == made | {"SchemaAttributes": [*schema, IDENTITIES]}


def test_username_attributes_come_back(cognito: Any) -> None:
    made = create(cognito, UsernameAttributes=["email", "phone_number"])

    assert describe(cognito, made["Id"])["UsernameAttributes"] == ["email", "phone_number"]


def test_old_names_of_verification_texts_are_the_same_texts(cognito: Any) -> None:
    pool_id = create(cognito, **MIRRORED)["Id"]

    described = describe(cognito, pool_id)

    assert {name: described[name] for name in MIRRORED} == MIRRORED
    assert described["VerificationMessageTemplate"] == {
        "DefaultEmailOption": "CONFIRM_WITH_CODE",
        "SmsMessage": "Code {####}",
        "EmailMessage": "Your code: {####}",
        "EmailSubject": "Code",
    }


def test_template_wins_over_the_old_names(cognito: Any) -> None:
    pool_id = create(cognito, EmailVerificationSubject="Old", VerificationMessageTemplate={"EmailSubject": "New"})["Id"]

    assert describe(cognito, pool_id)["EmailVerificationSubject"] == "New"


def test_policy_that_leaves_a_class_out_does_not_ask_for_it(cognito: Any) -> None:
    """AWS's SDKs for typed languages leave out what is false."""
    made = create(cognito, Policies={"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": True}})

    assert made["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 12,
        "RequireUppercase": False,
        "RequireLowercase": False,
        "RequireNumbers": True,
        "RequireSymbols": False,
        "TemporaryPasswordValidityDays": 7,
    }


@pytest.mark.parametrize(
    "members",
    [
        {"AdminCreateUserConfig": {"UnusedAccountValidityDays": 3}},
        {"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 3}}},
    ],
)
def test_validity_of_temporary_passwords_shows_under_both_its_names(cognito: Any, members: dict[str, Any]) -> None:
    made = create(cognito, **members)

    assert made["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"] == 3
    assert made["AdminCreateUserConfig"]["UnusedAccountValidityDays"] == 3


def test_empty_structures_are_like_none_except_for_devices(cognito: Any) -> None:
    empty: dict[str, Any] = {
        name: {}
        for name in (
            *("Policies", "LambdaConfig", "VerificationMessageTemplate", "UserAttributeUpdateSettings"),
            *("EmailConfiguration", "SmsConfiguration", "UserPoolTags", "AdminCreateUserConfig", "KeyConfiguration"),
            *("AccountRecoverySetting", "IssuerConfiguration", "AcrConfiguration", "DeviceConfiguration"),
        )
    }
    made = create(cognito, **empty, AliasAttributes=[], AutoVerifiedAttributes=[], UsernameAttributes=[])

    tracked = {"ChallengeRequiredOnNewDevice": False, "DeviceOnlyRememberedOnUserPrompt": False}
    assert {name: made.get(name) for name in DEFAULTS} == DEFAULTS
    assert made.keys() - DEFAULTS.keys() == {
        *("Id", "Name", "Arn", "CreationDate", "LastModifiedDate", "SchemaAttributes", "DeviceConfiguration"),
    }
    assert made["DeviceConfiguration"] == tracked


def test_description_follows_users_and_domains(cognito: Any, site: Site) -> None:
    site.services.domains.create(site.pool.id, "shop")
    before = describe(cognito, site.pool.id)
    certificate = CustomDomain("arn:aws:acm:us-east-1:000000000000:certificate/1")
    site.services.domains.create(site.pool.id, "auth.shop.example", config=certificate)

    after = describe(cognito, site.pool.id)

    assert (before["EstimatedNumberOfUsers"], before["Domain"]) == (1, "shop")
    assert "CustomDomain" not in before
    assert after == before | {"CustomDomain": "auth.shop.example"}


def test_pool_made_over_the_wire_is_one_that_clients_can_be_made_in(cognito: Any) -> None:
    pool_id = create(cognito)["Id"]

    client = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="web")["UserPoolClient"]

    assert client["UserPoolId"] == pool_id


# --- lists ----------------------------------------------------------------------------------------


def test_list_shows_each_pool_once_in_pages(cognito: Any, pool_id: str) -> None:
    config = {"PreSignUp": f"{LAMBDA}pre-sign-up"}
    made = [create(cognito, PoolName=f"pool {number}", LambdaConfig=config) for number in range(4)]

    pages = list(cognito.get_paginator("list_user_pools").paginate(MaxResults=2))

    listed = [pool for page in pages for pool in page["UserPools"]]
    assert [len(page["UserPools"]) for page in pages] == [2, 2, 1]
    assert [pool["Id"] for pool in listed] == sorted([pool_id, *(pool["Id"] for pool in made)])
    members = ("Id", "Name", "LambdaConfig", "CreationDate", "LastModifiedDate")
    assert {name: made[0][name] for name in members} in listed


def test_full_page_that_is_the_last_one_has_no_token(cognito: Any) -> None:
    create(cognito)

    answer = cognito.list_user_pools(MaxResults=2)

    assert len(answer["UserPools"]) == 2
    assert "NextToken" not in answer


def test_list_needs_to_know_how_many(cognito: Any) -> None:
    with refused("InvalidParameter", violation("null at 'maxResults'", "Member must not be null")):
        cognito.list_user_pools()
    with refused(
        "InvalidParameter", violation("'61' at 'maxResults'", "Member must have value less than or equal to 60")
    ):
        cognito.list_user_pools(MaxResults=61)


def test_token_of_another_list_is_refused(cognito: Any, pool_id: str) -> None:
    create(cognito)
    token = cognito.list_user_pools(MaxResults=1)["NextToken"]
    invalid = "Provided pagination token is invalid. Check the token and try your request again."

    assert cognito.list_user_pools(MaxResults=1, NextToken=token)["UserPools"]
    with refused("InvalidParameter", invalid):
        cognito.list_resource_servers(UserPoolId=pool_id, NextToken=token)
    with refused("InvalidParameter", invalid):
        cognito.list_user_pools(MaxResults=1, NextToken="AAQA-garbage")


# --- deletion -------------------------------------------------------------------------------------


def test_deleted_pool_is_gone_and_the_answer_is_empty(cognito: Any, wire: Wire) -> None:
    pool_id = create(cognito)["Id"]

    answer = wire("DeleteUserPool", {"UserPoolId": pool_id})

    assert (answer.status_code, answer.data) == (200, b"")
    with refused("ResourceNotFound", f"User pool {pool_id} does not exist."):
        cognito.describe_user_pool(UserPoolId=pool_id)
    with refused("ResourceNotFound", f"User pool {pool_id} does not exist."):
        cognito.delete_user_pool(UserPoolId=pool_id)


def test_protected_pool_is_deleted_once_its_protection_is_off(cognito: Any) -> None:
    pool_id = create(cognito, DeletionProtection="ACTIVE")["Id"]

    with refused(
        "InvalidParameter",
        "The user pool cannot be deleted because deletion protection is activated. "
        "Deletion protection must be inactivated first.",
    ):
        cognito.delete_user_pool(UserPoolId=pool_id)
    cognito.update_user_pool(UserPoolId=pool_id, DeletionProtection="INACTIVE")
    cognito.delete_user_pool(UserPoolId=pool_id)


def test_pool_with_a_domain_is_not_deleted(cognito: Any) -> None:
    pool_id = create(cognito)["Id"]
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="shop")

    with refused(
        "InvalidParameter", "User pool cannot be deleted. It has a domain configured that should be deleted first."
    ):
        cognito.delete_user_pool(UserPoolId=pool_id)
    cognito.delete_user_pool_domain(UserPoolId=pool_id, Domain="shop")
    cognito.delete_user_pool(UserPoolId=pool_id)


@pytest.mark.parametrize(
    "operation, members",
    [
        ("describe_user_pool", {}),
        ("update_user_pool", {}),
        ("delete_user_pool", {}),
        ("get_signing_certificate", {}),
        ("get_user_pool_mfa_config", {}),
        ("set_user_pool_mfa_config", {"MfaConfiguration": "OFF"}),
        ("get_user_pool_session_configuration", {}),
        (
            "set_user_pool_session_configuration",
            {"UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 1}},
        ),
        ("add_custom_attributes", {"CustomAttributes": [{"Name": "team", "AttributeDataType": "String"}]}),
    ],
)
def test_unknown_pool_is_not_found(cognito: Any, operation: str, members: dict[str, Any]) -> None:
    with refused("ResourceNotFound", f"User pool {NOWHERE} does not exist."):
        getattr(cognito, operation)(UserPoolId=NOWHERE, **members)


# --- attributes -----------------------------------------------------------------------------------


def test_added_attributes_are_in_the_schema_for_good(cognito: Any, pool_id: str, wire: Wire) -> None:
    before = describe(cognito, pool_id)["SchemaAttributes"]

    answer = wire("AddCustomAttributes", {"UserPoolId": pool_id, "CustomAttributes": FIXED["Schema"][1:]})

    assert (answer.status_code, answer.data) == (200, b"{}")
    cognito.update_user_pool(UserPoolId=pool_id)
    assert describe(cognito, pool_id)["SchemaAttributes"] == [*before[:-1], *CUSTOM, IDENTITIES]


def test_standard_name_becomes_a_custom_attribute_when_it_is_added(cognito: Any, pool_id: str) -> None:
    cognito.add_custom_attributes(
        UserPoolId=pool_id, CustomAttributes=[{"Name": "email", "AttributeDataType": "String"}]
    )

    names = [attribute["Name"] for attribute in describe(cognito, pool_id)["SchemaAttributes"]]
    assert names.count("email") == 1
    assert names.count("custom:email") == 1


def test_added_attribute_moves_the_date_of_the_last_change(cognito: Any, clock: MovableClock) -> None:
    made = create(cognito)
    clock.advance(10)

    cognito.add_custom_attributes(UserPoolId=made["Id"], CustomAttributes=[{"Name": "team"}])

    after = describe(cognito, made["Id"])
    assert after["CreationDate"] == made["CreationDate"]
    assert (after["LastModifiedDate"] - made["LastModifiedDate"]).total_seconds() == 10
