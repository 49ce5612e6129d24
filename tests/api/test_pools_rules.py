"""What CreateUserPool, UpdateUserPool and AddCustomAttributes refuse, in Cognito's words (api.md 3.3, 3.5)."""

from typing import Any

import pytest

from tests.api.test_pools import LAMBDA, create, describe
from tests.support.refusals import refused, violation
from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("ready_made_keys")

LITE = "The following features need to be disabled for the LITE pricing tier configured: "
NO_THREAT_PROTECTION = (
    "UserPoolAddOns: this release keeps a record of sign-ins and acts on none, so only an AdvancedSecurityMode "
    "of OFF or AUDIT is accepted."
)
SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}
INVALID: list[tuple[dict[str, Any], str]] = [
    (
        {"AutoVerifiedAttributes": ["phone_number"]},
        "SMS configuration is required when phone_number is selected for auto verification",
    ),
    (
        {"MfaConfiguration": "OPTIONAL"},
        "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
    ),
    (
        {"MfaConfiguration": "OPTIONAL", "SmsConfiguration": SMS},
        "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
    ),
    (
        {"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}},
        "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes",
    ),
    (
        {
            "AccountRecoverySetting": {
                "RecoveryMechanisms": [
                    {"Priority": 1, "Name": "admin_only"},
                    {"Priority": 2, "Name": "verified_email"},
                ]
            }
        },
        "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.",
    ),
    (
        {
            "AccountRecoverySetting": {
                "RecoveryMechanisms": [
                    {"Priority": 1, "Name": "verified_email"},
                    {"Priority": 1, "Name": "verified_phone_number"},
                ]
            }
        },
        "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.",
    ),
    (
        {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["EMAIL_OTP"]}}},
        "Password should be configured as one of the allowed first auth factors.",
    ),
    (
        {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "SOFTWARE_TOKEN"]}}},
        violation(
            "'[PASSWORD, SOFTWARE_TOKEN]' at 'policies.signInPolicy.allowedFirstAuthFactors'",
            "Member must satisfy constraint: [Member must satisfy enum value set: "
            "[PASSWORD, EMAIL_OTP, SMS_OTP, WEB_AUTHN]]",
        ),
    ),
    (
        {
            "Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 3}},
            "AdminCreateUserConfig": {"UnusedAccountValidityDays": 4},
        },
        "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
    ),
    (
        {"UserPoolTags": {"app-client-authz:dialect": "saml"}},
        "The tag app-client-authz:dialect must be one of: cognito, oidc.",
    ),
    # Protections that nothing enforces yet.
    (
        {"Policies": {"PasswordPolicy": {"PasswordHistorySize": 1}}},
        "PasswordHistorySize: this release keeps no password history, so only 0 is accepted.",
    ),
    (
        {"UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}},
        NO_THREAT_PROTECTION,
    ),
    (
        {
            "UserPoolAddOns": {
                "AdvancedSecurityMode": "OFF",
                "AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "ENFORCED"},
            }
        },
        NO_THREAT_PROTECTION,
    ),
    (
        {"KeyConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": "arn:aws:kms:us-east-1:1:key/1"}},
        "KeyConfiguration: this release encrypts with the sealing keys of the site, so only AWS_OWNED_KEY is accepted.",
    ),
]
SCHEMA: list[tuple[list[dict[str, Any]], str]] = [
    (
        [{"Name": "team", "AttributeDataType": "String", "Required": True}],
        "Required custom attributes are not supported currently.",
    ),
    (
        [
            {
                "Name": "team",
                "AttributeDataType": "String",
                "StringAttributeConstraints": {"MinLength": "5", "MaxLength": "4"},
            }
        ],
        "Attribute custom:team cannot have a max length shorter than it's min length",
    ),
    (
        [
            {
                "Name": "level",
                "AttributeDataType": "Number",
                "NumberAttributeConstraints": {"MinValue": "5", "MaxValue": "4"},
            }
        ],
        "Attribute custom:level cannot have a max value smaller than it's min value",
    ),
]
STANDARD = "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email"
ONLY_AT_CREATION: list[tuple[dict[str, Any], str]] = [
    (
        {"AliasAttributes": ["email"], "UsernameAttributes": ["email"]},
        "Only one of the aliasAttributes or usernameAttributes can be set in a User pool.",
    ),
    ({"Schema": [{"Name": "email", "AttributeDataType": "Number"}]}, STANDARD),
    ({"Schema": [{"Name": "email", "AttributeDataType": "String", "DeveloperOnlyAttribute": True}]}, STANDARD),
    (
        {"Schema": [{"Name": "team"}, {"Name": "custom:team"}]},
        "Duplicate custom attribute names custom:team are not allowed in a user pool schema.",
    ),
    *(({"Schema": schema}, message) for schema, message in SCHEMA),
]


@pytest.mark.parametrize("members, message", [*INVALID, *ONLY_AT_CREATION], ids=lambda value: str(value)[:60])
def test_creation_is_refused_and_makes_nothing(cognito: Any, site: Site, members: dict[str, Any], message: str) -> None:
    before = site.row_counts()

    with refused("InvalidParameter", message):
        create(cognito, **members)

    assert site.row_counts() == before


@pytest.mark.parametrize("members, message", INVALID, ids=lambda value: str(value)[:60])
def test_update_is_refused_alike_and_changes_nothing(
    cognito: Any, pool_id: str, members: dict[str, Any], message: str
) -> None:
    before = describe(cognito, pool_id)

    with refused("InvalidParameter", message):
        cognito.update_user_pool(UserPoolId=pool_id, PoolName="renamed", **members)

    assert describe(cognito, pool_id) == before


@pytest.mark.parametrize(
    "attributes, message",
    [*SCHEMA, ([{"Name": "taken"}], "custom:taken: Existing attribute already has name custom:taken.")],
    ids=lambda value: str(value)[:60],
)
def test_addition_is_refused_as_a_whole(
    cognito: Any, pool_id: str, attributes: list[dict[str, Any]], message: str
) -> None:
    cognito.add_custom_attributes(UserPoolId=pool_id, CustomAttributes=[{"Name": "taken"}])
    before = describe(cognito, pool_id)

    with refused("InvalidParameter", message):
        cognito.add_custom_attributes(UserPoolId=pool_id, CustomAttributes=[{"Name": "good"}, *attributes])

    assert describe(cognito, pool_id) == before


def test_attributes_end_at_fifty(cognito: Any, pool_id: str) -> None:
    for half in ("a", "b"):
        cognito.add_custom_attributes(
            UserPoolId=pool_id, CustomAttributes=[{"Name": f"{half}{number}"} for number in range(25)]
        )

    with refused("LimitExceeded", "A user pool can have at most 50 custom attributes"):
        cognito.add_custom_attributes(UserPoolId=pool_id, CustomAttributes=[{"Name": "last"}])
    with refused(
        "InvalidParameter",
        violation(
            f"'[{', '.join(f'{{Name=c{number}}}' for number in range(26))}]' at 'customAttributes'",
            "Member must have length less than or equal to 25",
        ),
    ):
        cognito.add_custom_attributes(
            UserPoolId=pool_id, CustomAttributes=[{"Name": f"c{number}"} for number in range(26)]
        )


# --- tiers (api.md 9.1 line 17) -------------------------------------------------------------------


@pytest.mark.parametrize(
    "members, features",
    [
        (
            {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}},
            "Passwordless Sign-In",
        ),
        (
            {"LambdaConfig": {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": f"{LAMBDA}tokens"}}},
            "Token Customization with Pre-Token Generation Lambda V2_0",
        ),
    ],
)
def test_lite_pool_is_refused_what_its_tier_does_not_have(
    cognito: Any, pool_id: str, members: dict[str, Any], features: str
) -> None:
    with refused("FeatureUnavailableInTier", LITE + features):
        create(cognito, UserPoolTier="LITE", **members)
    with refused("FeatureUnavailableInTier", LITE + features):
        cognito.update_user_pool(UserPoolId=pool_id, UserPoolTier="LITE", **members)


def test_rotation_stands_in_the_way_of_lite_until_it_is_off(cognito: Any, pool_id: str) -> None:
    rotating = {"UserPoolId": pool_id, "ClientName": "web", "RefreshTokenRotation": {"Feature": "ENABLED"}}
    client = cognito.create_user_pool_client(**rotating)["UserPoolClient"]
    before = describe(cognito, pool_id)

    with refused("TierChangeNotAllowed", f"{LITE}Refresh Token Rotation"):
        cognito.update_user_pool(UserPoolId=pool_id, UserPoolTier="LITE")
    assert describe(cognito, pool_id) == before

    cognito.update_user_pool_client(
        UserPoolId=pool_id, ClientId=client["ClientId"], RefreshTokenRotation={"Feature": "DISABLED"}
    )
    cognito.update_user_pool(UserPoolId=pool_id, UserPoolTier="LITE")
    assert describe(cognito, pool_id)["UserPoolTier"] == "LITE"
    with refused("FeatureUnavailableInTier", f"{LITE}Refresh Token Rotation"):
        cognito.create_user_pool_client(**rotating)

    cognito.update_user_pool(UserPoolId=pool_id, UserPoolTier="ESSENTIALS")
    assert cognito.create_user_pool_client(**rotating)["UserPoolClient"]["RefreshTokenRotation"]
