"""What a pool's settings must agree in: temporary passwords, tiers, levels of assurance, Lambdas (api.md 3.3)."""

from dataclasses import replace

import pytest

from app_client_authz.domain.errors import FeatureUnavailableInTier, InvalidParameter, TierChangeNotAllowed
from app_client_authz.domain.pool import MfaChange, PasswordPolicy, PoolSpec, UserPool
from app_client_authz.domain.pool_settings import EmailConfiguration, EmailMfaConfiguration, WebAuthnConfiguration

PLAIN = PoolSpec(name="people")
LITE = "The following features need to be disabled for the LITE pricing tier configured: "
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:tokens"


def create(spec: PoolSpec) -> UserPool:
    return UserPool.create(spec, pool_id="us-east-1_abc", now=10.0)


# --- the two names of the validity of temporary passwords ----------------------------------------------


@pytest.mark.parametrize(
    "policy, old_name, days",
    [
        (None, None, 7),
        (None, 0, 7),
        (None, 3, 3),
        (PasswordPolicy(temporary_password_validity_days=0), None, 7),
        (PasswordPolicy(temporary_password_validity_days=0), 3, 3),
        (PasswordPolicy(temporary_password_validity_days=5), None, 5),
        (PasswordPolicy(temporary_password_validity_days=5), 5, 5),
    ],
)
def test_either_name_sets_the_validity_of_temporary_passwords(
    policy: PasswordPolicy | None, old_name: int | None, days: int
) -> None:
    pool = create(replace(PLAIN, password_policy=policy, unused_account_validity_days=old_name))

    assert pool.password_policy.temporary_password_validity_days == days
    assert pool.spec.unused_account_validity_days is None


def test_both_names_with_different_values_are_refused() -> None:
    policy = PasswordPolicy(temporary_password_validity_days=5)

    with pytest.raises(InvalidParameter) as refusal:
        create(replace(PLAIN, password_policy=policy, unused_account_validity_days=6))

    assert refusal.value.message == (
        "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"
    )


def test_update_by_the_old_name_changes_nothing_else_of_the_policy() -> None:
    pool = create(replace(PLAIN, password_policy=PasswordPolicy(15)))

    after = pool.replace(replace(PLAIN, unused_account_validity_days=2), now=20.0)

    assert after.password_policy == PasswordPolicy(15, temporary_password_validity_days=2)


# --- tiers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, features",
    [
        ({"allowed_first_auth_factors": ("PASSWORD", "EMAIL_OTP")}, "Passwordless Sign-In"),
        (
            {"lambda_config": {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": LAMBDA}}},
            "Token Customization with Pre-Token Generation Lambda V2_0",
        ),
        (
            {"lambda_config": {"PreTokenGenerationConfig": {"LambdaVersion": "V3_0", "LambdaArn": LAMBDA}}},
            "Token Customization with Pre-Token Generation Lambda V3_0",
        ),
        ({"dcr_configuration": {"OpenDcrEnabled": False}}, "Dynamic Client Registration"),
        ({"acr_configuration": {"Level1": {"AcrValue": "urn:low"}}}, "Custom ACR Level Names"),
        (
            {"allowed_first_auth_factors": ("PASSWORD", "EMAIL_OTP"), "dcr_configuration": {"EnableStatus": "Enabled"}},
            "Passwordless Sign-In, Dynamic Client Registration",
        ),
    ],
)
def test_lite_pool_is_refused_what_its_tier_does_not_have(changes: dict[str, object], features: str) -> None:
    asked = replace(PLAIN, **changes)  # type: ignore[arg-type]
    create(asked)

    with pytest.raises(FeatureUnavailableInTier) as refusal:
        create(replace(asked, tier="LITE"))

    assert refusal.value.message == LITE + features


@pytest.mark.parametrize("tier", ["LITE", "ESSENTIALS"])
def test_record_of_sign_ins_needs_the_highest_tier(tier: str) -> None:
    asked = replace(PLAIN, tier="PLUS", add_ons={"AdvancedSecurityMode": "AUDIT"})
    assert create(asked).keeps_auth_events

    with pytest.raises(FeatureUnavailableInTier) as refusal:
        create(replace(asked, tier=tier))

    assert refusal.value.message == LITE.replace("LITE", tier) + "Threat Protection"


def test_lite_pool_has_plain_lambdas_and_registration_switched_off() -> None:
    config = {"PreTokenGenerationConfig": {"LambdaVersion": "V1_0", "LambdaArn": LAMBDA}}
    off = {"EnableStatus": "Disabled"}

    assert create(replace(PLAIN, tier="LITE", lambda_config=config, dcr_configuration=off)).spec.tier == "LITE"


def test_downgrade_is_refused_for_what_the_update_does_not_switch_off() -> None:
    sending = EmailConfiguration(email_sending_account="DEVELOPER")
    pool = create(replace(PLAIN, email=sending, dcr_configuration={"EnableStatus": "Enabled"}))
    change = MfaChange(mode="OPTIONAL", email=EmailMfaConfiguration(), web_authn=WebAuthnConfiguration())
    pool = pool.set_mfa(change, now=11.0).set_sessions(tracking="ENABLED", per_user=3, now=12.0)

    with pytest.raises(TierChangeNotAllowed) as refusal:
        pool.replace(
            replace(PLAIN, email=sending, tier="LITE"),
            now=20.0,
            in_use=["Refresh Token Rotation", "Passwordless Sign-In"],
        )

    assert refusal.value.message == (
        f"{LITE}Refresh Token Rotation, Passwordless Sign-In, User Session Tracking, Email MFA, "
        "Dynamic Client Registration"
    )


def test_downgrade_may_switch_dynamic_registration_off_in_the_same_request() -> None:
    pool = create(replace(PLAIN, dcr_configuration={"EnableStatus": "Enabled"}))

    after = pool.replace(replace(PLAIN, tier="LITE", dcr_configuration={"EnableStatus": "Disabled"}), now=20.0)

    assert after.spec.tier == "LITE"


# --- session tracking -----------------------------------------------------------------------------


def test_session_tracking_is_off_with_twenty_sessions_until_it_is_set() -> None:
    pool = create(PLAIN)
    after = pool.set_sessions(tracking="ENABLED", per_user=3, now=20.0)

    assert (pool.spec.user_session_tracking, pool.spec.token_sessions_per_user) == ("DISABLED", 20)
    assert (after.spec.user_session_tracking, after.spec.token_sessions_per_user) == ("ENABLED", 3)
    assert after.replace(PLAIN, now=21.0).spec == after.spec
    assert (after.updated_at, after.version) == (20.0, 2)


def test_lite_pool_tracks_no_sessions() -> None:
    with pytest.raises(FeatureUnavailableInTier) as refusal:
        create(replace(PLAIN, tier="LITE")).set_sessions(tracking="DISABLED", per_user=3, now=20.0)

    assert refusal.value.message == LITE + "User Session Tracking"


@pytest.mark.parametrize("tracking, per_user", [("ON", 3), ("ENABLED", 0), ("ENABLED", 101)])
def test_session_settings_out_of_range_are_refused(tracking: str, per_user: int) -> None:
    with pytest.raises(InvalidParameter, match=r"^1 validation error detected: "):
        create(PLAIN).set_sessions(tracking=tracking, per_user=per_user, now=20.0)


# --- documents ------------------------------------------------------------------------------------


def test_levels_of_assurance_are_complete_once_one_has_a_name() -> None:
    assert create(PLAIN).spec.acr_configuration is None
    assert create(replace(PLAIN, acr_configuration={"Level2": {"AcrValue": "urn:two"}})).spec.acr_configuration == {
        "Level1": {"AcrValue": "urn:cognito:loa:1"},
        "Level2": {"AcrValue": "urn:two"},
        "Level3": {"AcrValue": "urn:cognito:loa:3"},
        "Level4": {"AcrValue": "urn:cognito:loa:4"},
    }


@pytest.mark.parametrize(
    "levels",
    [
        {"Level1": {"AcrValue": "urn:same"}, "Level2": {"AcrValue": "urn:same"}},
        {"Level1": {"AcrValue": "urn:cognito:loa:2"}},
    ],
)
def test_two_levels_of_one_name_are_refused(levels: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter, match="must be unique"):
        create(replace(PLAIN, acr_configuration=levels))


def test_two_different_functions_before_token_generation_are_refused() -> None:
    versioned = {"LambdaVersion": "V1_0", "LambdaArn": LAMBDA}
    create(replace(PLAIN, lambda_config={"PreTokenGeneration": LAMBDA, "PreTokenGenerationConfig": versioned}))

    with pytest.raises(InvalidParameter, match="must be identical"):
        create(replace(PLAIN, lambda_config={"PreTokenGeneration": "arn:2", "PreTokenGenerationConfig": versioned}))
