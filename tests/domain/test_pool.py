"""User pools: defaults, cross rules, updates (api.md 3.3), and their way through JSON."""

import json
from dataclasses import replace

import pytest

from app_client_authz.domain.errors import FeatureUnavailableInTier, InvalidParameter, TierChangeNotAllowed
from app_client_authz.domain.pool import (
    DEFAULT_RECOVERY,
    PasswordPolicy,
    PoolSpec,
    RecoveryMechanism,
    SchemaAttribute,
    UserPool,
)
from app_client_authz.domain.pool_codec import pool_spec_from_dict, pool_spec_to_dict
from app_client_authz.domain.pool_settings import (
    DeviceConfiguration,
    EmailConfiguration,
    EmailMfaConfiguration,
    InviteMessageTemplate,
    MfaFactors,
    VerificationMessageTemplate,
    WebAuthnConfiguration,
)

PLAIN = PoolSpec(name="people")
SMS: dict[str, object] = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}


def create(spec: PoolSpec) -> UserPool:
    return UserPool.create(spec, pool_id="us-east-1_abc", now=10.0)


def test_pool_of_a_name_alone_has_cognitos_defaults() -> None:
    pool = create(PLAIN)

    assert pool.password_policy == PasswordPolicy(8, True, True, True, True, 7, None)
    assert pool.password_policy.temporary_password_seconds == 7 * 24 * 3600
    assert pool.recovery == DEFAULT_RECOVERY
    assert not pool.case_sensitive
    assert (pool.alias_attributes, pool.username_attributes) == ((), ())
    assert (pool.spec.mfa, pool.spec.tier, pool.spec.deletion_protection) == ("OFF", "ESSENTIALS", "INACTIVE")
    assert (pool.created_at, pool.updated_at, pool.version, pool.keys_version) == (10.0, 10.0, 1, 1)


def test_zero_days_of_a_temporary_password_are_seven() -> None:
    assert PasswordPolicy(temporary_password_validity_days=0).temporary_password_seconds == 7 * 24 * 3600


def test_empty_lists_at_creation_are_unset() -> None:
    spec = create(replace(PLAIN, alias_attributes=(), auto_verified_attributes=(), allowed_first_auth_factors=())).spec

    assert (spec.alias_attributes, spec.auto_verified_attributes, spec.allowed_first_auth_factors) == (None, None, None)


def _violation(path: str, value: str, phrase: str) -> str:
    return f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {phrase}"


POLICY = "policies.passwordPolicy"


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"alias_attributes": ("email",), "username_attributes": ("email",)},
            "Only one of the aliasAttributes or usernameAttributes can be set in a User pool.",
        ),
        (
            {"auto_verified_attributes": ("phone_number",)},
            "SMS configuration is required when phone_number is selected for auto verification",
        ),
        (
            {"mfa": "ON"},
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        ),
        (
            {"mfa": "OPTIONAL", "sms_configuration": SMS},
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        ),
        (
            {"attributes_require_verification_before_update": ("email",)},
            "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes",
        ),
        (
            {"account_recovery": (RecoveryMechanism("admin_only", 1), RecoveryMechanism("verified_email", 2))},
            "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.",
        ),
        (
            {"account_recovery": (RecoveryMechanism("verified_email", 1), RecoveryMechanism("verified_email", 2))},
            "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.",
        ),
        (
            {
                "account_recovery": (
                    RecoveryMechanism("verified_email", 1),
                    RecoveryMechanism("verified_phone_number", 1),
                )
            },
            "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.",
        ),
        (
            {"account_recovery": (RecoveryMechanism("verified_email", 3),)},
            _violation(
                "accountRecoverySetting.recoveryMechanisms.1.member.priority",
                "3",
                "Member must have value less than or equal to 2",
            ),
        ),
        (
            {"allowed_first_auth_factors": ("EMAIL_OTP",)},
            "Password should be configured as one of the allowed first auth factors.",
        ),
        ({"name": ""}, "2 validation errors detected: "),
        (
            {"name": "x" * 129},
            _violation("poolName", "x" * 129, "Member must have length less than or equal to 128"),
        ),
        (
            {"name": "a/b"},
            _violation("poolName", "a/b", r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+"),
        ),
        (
            {"password_policy": PasswordPolicy(5)},
            _violation(f"{POLICY}.minimumLength", "5", "Member must have value greater than or equal to 6"),
        ),
        (
            {"password_policy": PasswordPolicy(100)},
            _violation(f"{POLICY}.minimumLength", "100", "Member must have value less than or equal to 99"),
        ),
        (
            {"password_policy": PasswordPolicy(temporary_password_validity_days=366)},
            _violation(
                f"{POLICY}.temporaryPasswordValidityDays", "366", "Member must have value less than or equal to 365"
            ),
        ),
        (
            {"password_policy": PasswordPolicy(password_history_size=25)},
            _violation(f"{POLICY}.passwordHistorySize", "25", "Member must have value less than or equal to 24"),
        ),
        (
            {"tier": "FREE"},
            _violation("userPoolTier", "FREE", "Member must satisfy enum value set: [LITE, ESSENTIALS, PLUS]"),
        ),
        (
            {"mfa": "MAYBE"},
            _violation("mfaConfiguration", "MAYBE", "Member must satisfy enum value set: [OFF, ON, OPTIONAL]"),
        ),
        (
            {"deletion_protection": "on"},
            _violation("deletionProtection", "on", "Member must satisfy enum value set: [ACTIVE, INACTIVE]"),
        ),
        (
            {"username_attributes": ("name",)},
            _violation(
                "usernameAttributes",
                "[name]",
                "Member must satisfy constraint: [Member must satisfy enum value set: [phone_number, email]]",
            ),
        ),
        (
            {"dialect": "oauth"},
            _violation("dialect", "oauth", "Member must satisfy enum value set: [cognito, oidc]"),
        ),
    ],
)
def test_wrong_spec_is_refused_in_cognitos_words(changes: dict[str, object], message: str) -> None:
    spec = replace(PLAIN, **changes)  # type: ignore[arg-type]

    with pytest.raises(InvalidParameter) as refusal:
        create(spec)

    assert refusal.value.message.startswith(message)
    assert message.endswith(": ") or refusal.value.message == message


def test_mfa_by_sms_needs_configuration_and_a_verified_number() -> None:
    spec = replace(PLAIN, mfa="ON", sms_configuration=SMS, auto_verified_attributes=("phone_number",))

    assert create(spec).spec.mfa == "ON"


def test_lite_pool_has_passwords_only() -> None:
    spec = replace(PLAIN, tier="LITE", allowed_first_auth_factors=("PASSWORD", "WEB_AUTHN"))

    with pytest.raises(FeatureUnavailableInTier) as refusal:
        create(spec)

    assert refusal.value.message == (
        "The following features need to be disabled for the LITE pricing tier configured: Passwordless Sign-In"
    )


def test_update_replaces_what_is_omitted_with_defaults() -> None:
    pool = create(
        replace(
            PLAIN,
            admin_create_user_only=True,
            deletion_protection="ACTIVE",
            auto_verified_attributes=("email",),
            attributes_require_verification_before_update=("email",),
            account_recovery=(RecoveryMechanism("admin_only", 1),),
            verification=VerificationMessageTemplate(email_subject="Code"),
            invitation=InviteMessageTemplate(email_subject="Welcome"),
            email=EmailConfiguration(email_sending_account="DEVELOPER"),
            devices=DeviceConfiguration(),
            lambda_config={"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:check"},
            issuer_configuration={"Type": "UPDATED"},
            acr_configuration={"Level1": {"AcrValue": "urn:low"}},
        )
    )

    after = pool.replace(replace(PLAIN, name="renamed"), now=20.0)

    assert after.spec == create(replace(PLAIN, name="renamed")).spec
    assert (after.created_at, after.updated_at, after.version) == (10.0, 20.0, 2)


def test_update_without_a_name_keeps_it() -> None:
    assert create(PLAIN).replace(PoolSpec(name=None), now=20.0).name == "people"


def test_update_without_tags_keeps_them_and_the_settings_among_them() -> None:
    pool = create(replace(PLAIN, tags={"team": "a"}, dialect="oidc", require_pkce=True))

    after = pool.replace(PLAIN, now=20.0)

    assert after.tags == pool.tags
    assert (after.spec.dialect, after.spec.require_pkce) == ("oidc", True)


def test_update_with_tags_replaces_them_and_the_settings_among_them() -> None:
    pool = create(replace(PLAIN, tags={"team": "a"}, dialect="oidc", require_pkce=True))

    after = pool.replace(replace(PLAIN, tags={"stage": "test"}), now=20.0)

    assert after.tags == {"stage": "test"}
    assert (after.spec.dialect, after.spec.require_pkce) == (None, None)


def test_update_keeps_dynamic_client_registration_until_it_says_something_of_it() -> None:
    pool = create(replace(PLAIN, dcr_configuration={"OpenDcrEnabled": True}))

    kept = pool.replace(PLAIN, now=20.0).spec.dcr_configuration
    replaced = pool.replace(replace(PLAIN, dcr_configuration={"EnableStatus": "Disabled"}), now=20.0)

    defaults = {"AuthenticatedGrantTypes": ["code", "client_credentials"], "OpenDcrGrantTypes": ["code"]}
    assert kept == {"EnableStatus": "Enabled", "OpenDcrEnabled": True, **defaults}
    assert replaced.spec.dcr_configuration == {"EnableStatus": "Disabled", "OpenDcrEnabled": False, **defaults}


def test_update_cannot_touch_what_is_fixed_at_creation() -> None:
    created = create(
        replace(PLAIN, alias_attributes=("email",), case_sensitive=True, schema=(SchemaAttribute("custom:team"),))
    )

    after = created.replace(replace(PLAIN, username_attributes=("email",), case_sensitive=False), now=20.0)

    assert (after.alias_attributes, after.username_attributes) == (("email",), ())
    assert after.case_sensitive
    assert "custom:team" in after.schema


def test_update_without_policies_keeps_both() -> None:
    strict = replace(PLAIN, password_policy=PasswordPolicy(15), allowed_first_auth_factors=("PASSWORD", "WEB_AUTHN"))

    after = create(strict).replace(PLAIN, now=20.0)

    assert after.password_policy == PasswordPolicy(15)
    assert after.spec.allowed_first_auth_factors == ("PASSWORD", "WEB_AUTHN")


def test_update_with_a_password_policy_alone_keeps_the_sign_in_policy() -> None:
    pool = create(replace(PLAIN, allowed_first_auth_factors=("PASSWORD", "WEB_AUTHN")))

    after = pool.replace(replace(PLAIN, password_policy=PasswordPolicy(9)), now=20.0)

    assert after.password_policy == PasswordPolicy(9)
    assert after.spec.allowed_first_auth_factors == ("PASSWORD", "WEB_AUTHN")


def test_downgrade_is_refused_while_a_client_rotates_refresh_tokens() -> None:
    pool = create(PLAIN)

    with pytest.raises(TierChangeNotAllowed) as refusal:
        pool.replace(replace(PLAIN, tier="LITE"), now=20.0, in_use=["Refresh Token Rotation"])

    assert refusal.value.message == (
        "The following features need to be disabled for the LITE pricing tier configured: Refresh Token Rotation"
    )
    assert pool.replace(replace(PLAIN, tier="LITE"), now=20.0).spec.tier == "LITE"


def test_protected_pool_cannot_be_deleted() -> None:
    create(PLAIN).check_deletable()

    with pytest.raises(InvalidParameter) as refusal:
        create(replace(PLAIN, deletion_protection="ACTIVE")).check_deletable()

    assert refusal.value.message == (
        "The user pool cannot be deleted because deletion protection is activated. "
        "Deletion protection must be inactivated first."
    )


FULL = create(
    PoolSpec(
        name="people",
        password_policy=PasswordPolicy(12, require_symbols=False, password_history_size=3),
        allowed_first_auth_factors=("PASSWORD", "EMAIL_OTP"),
        username_attributes=("email", "phone_number"),
        case_sensitive=False,
        schema=(SchemaAttribute("email", required=True), SchemaAttribute("tier", "Number", min_value="1")),
        auto_verified_attributes=("email", "phone_number"),
        attributes_require_verification_before_update=("email",),
        account_recovery=(RecoveryMechanism("verified_email", 1),),
        mfa="OPTIONAL",
        sms_configuration=SMS,
        sms_authentication_message="Your code is {####}",
        verification=VerificationMessageTemplate(
            default_email_option="CONFIRM_WITH_LINK",
            email_message="{####}",
            email_subject="Code",
            email_message_by_link="{##here##}",
            email_subject_by_link="Link",
            sms_message="{####}",
        ),
        invitation=InviteMessageTemplate(email_message="{####}", email_subject="Hello", sms_message="{####}"),
        email=EmailConfiguration(
            email_sending_account="DEVELOPER",
            source_arn="arn:aws:ses:us-east-1:123456789012:identity/a",
            reply_to_email_address="a@example.com",
            sender="A <a@example.com>",
            configuration_set="set",
        ),
        devices=DeviceConfiguration(challenge_required_on_new_device=True),
        add_ons={"AdvancedSecurityMode": "OFF"},
        lambda_config={"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "arn:aws:lambda:::1:f"}},
        key_configuration={"KeyType": "AWS_OWNED_KEY"},
        issuer_configuration={"Type": "UPDATED"},
        dcr_configuration={"AllowedScopes": ["orders/read"]},
        acr_configuration={"Level2": {"AcrValue": "urn:two"}},
        factors=MfaFactors(
            software_token=False,
            email=EmailMfaConfiguration(message="{####}", subject="Code"),
            web_authn=WebAuthnConfiguration(relying_party_id="example.com", user_verification="required"),
        ),
        user_session_tracking="ENABLED",
        token_sessions_per_user=7,
        admin_create_user_only=True,
        deletion_protection="ACTIVE",
        tier="PLUS",
        tags={"team": "a"},
        dialect="oidc",
        require_pkce=True,
    )
)


@pytest.mark.parametrize("spec", [create(PLAIN).spec, FULL.spec], ids=["plain", "full"])
def test_spec_survives_json(spec: PoolSpec) -> None:
    text = json.dumps(pool_spec_to_dict(spec))

    assert pool_spec_from_dict(json.loads(text)) == spec
    assert json.dumps(pool_spec_to_dict(pool_spec_from_dict(json.loads(text)))) == text


def test_unset_false_and_empty_stay_apart_in_json() -> None:
    spec = create(replace(PLAIN, case_sensitive=False, require_pkce=False, devices=DeviceConfiguration())).spec
    back = pool_spec_from_dict(json.loads(json.dumps(pool_spec_to_dict(spec))))

    assert (back.case_sensitive, back.require_pkce) == (False, False)
    assert back.devices == DeviceConfiguration()
    assert back.tags == {}
    assert pool_spec_from_dict(json.loads(json.dumps(pool_spec_to_dict(create(PLAIN).spec)))).case_sensitive is None


def test_members_of_a_later_release_are_passed_over() -> None:
    plain = json.loads(json.dumps(pool_spec_to_dict(FULL.spec)))
    plain["colour"] = "blue"
    plain["password_policy"]["blocklist"] = True
    plain["factors"]["web_authn"]["timeout"] = 9

    assert pool_spec_from_dict(plain) == FULL.spec
