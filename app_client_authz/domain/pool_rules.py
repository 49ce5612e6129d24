"""What a user pool's settings must agree in (api.md 3.3, 3.7)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from app_client_authz.domain import pool_tags, shapes
from app_client_authz.domain.dialect import DIALECTS
from app_client_authz.domain.errors import FeatureUnavailableInTier, InvalidParameter
from app_client_authz.domain.pool_settings import COGNITO_DEFAULT
from app_client_authz.domain.pool_spec import (
    TEMPORARY_PASSWORD_DAYS,
    Document,
    PasswordPolicy,
    PoolSpec,
    RecoveryMechanism,
)

ALIASES = ("phone_number", "email", "preferred_username")
CONTACTS = ("phone_number", "email")
FIRST_FACTORS = ("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN")
TIERS = ("LITE", "ESSENTIALS", "PLUS")
ONLY_PASSWORDS = ("PASSWORD",)
ACR_LEVELS = {f"Level{level}": f"urn:cognito:loa:{level}" for level in range(1, 5)}

ROTATION = "Refresh Token Rotation"
SESSION_TRACKING = "User Session Tracking"
DYNAMIC_REGISTRATION = "Dynamic Client Registration"
EMAIL_MFA = "Email MFA"
PASSWORDLESS = "Passwordless Sign-In"
MANAGED_LOGIN_2 = "Managed Login Version 2"
THREAT_PROTECTION = "Threat Protection"

_POOL_NAME = shapes.regex(1, 128, r"[\w\s+=,.@-]+")


def lite_refuses(features: list[str]) -> str:
    """What to say to somebody who wants the tier LITE and these features."""
    return _refuses("LITE", features)


def checked(spec: PoolSpec, *, mfa_before: str | None = None, policy_before: PasswordPolicy | None = None) -> PoolSpec:
    """The spec in its kept form, every rule checked but those of the schema: empty lists are "not set", settings
    of ours are no tags, defaults that depend on others are filled in.

    Raises:
        InvalidParameter: a member is wrong, or two contradict each other.
        FeatureUnavailableInTier: the tier does not have what is asked for.
    """
    spec = replace(
        pool_tags.settled(spec),
        allowed_first_auth_factors=_unless_empty(spec.allowed_first_auth_factors),
        alias_attributes=_unless_empty(spec.alias_attributes),
        username_attributes=_unless_empty(spec.username_attributes),
        auto_verified_attributes=_unless_empty(spec.auto_verified_attributes),
        attributes_require_verification_before_update=_unless_empty(spec.attributes_require_verification_before_update),
        account_recovery=spec.account_recovery or None,
        mfa="OFF" if spec.mfa is None else spec.mfa,
        sms_configuration=spec.sms_configuration or None,
        lambda_config=spec.lambda_config or None,
        key_configuration=spec.key_configuration or None,
        issuer_configuration=spec.issuer_configuration or None,
        dcr_configuration=_with_defaults(spec.dcr_configuration),
        acr_configuration=_levels(spec.acr_configuration),
    )
    _check_shape(spec)
    spec = replace(spec, password_policy=_policy(spec, policy_before), unused_account_validity_days=None)
    _check_verification(spec, mfa_before)
    _check_recovery(spec.account_recovery or ())
    spec = _second_factors(spec, mfa_before)
    if "PASSWORD" not in (spec.allowed_first_auth_factors or ONLY_PASSWORDS):
        raise InvalidParameter("Password should be configured as one of the allowed first auth factors.")
    _check_lambdas(spec.lambda_config or {})
    features = higher_features(spec) if spec.tier == "LITE" else []
    if spec.tier != "PLUS" and keeps_auth_events(spec):
        features.append(THREAT_PROTECTION)
    if features:
        raise FeatureUnavailableInTier(_refuses(spec.tier, features))
    return spec


def higher_features(spec: PoolSpec) -> list[str]:
    """What a spec asks for that LITE pools do not have."""
    asked = []
    if (spec.allowed_first_auth_factors or ONLY_PASSWORDS) != ONLY_PASSWORDS or spec.factors.web_authn is not None:
        asked.append(PASSWORDLESS)
    version = _member(spec.lambda_config, "PreTokenGenerationConfig", "LambdaVersion")
    if version not in {None, "V1_0"}:
        asked.append(f"Token Customization with Pre-Token Generation Lambda {version}")
    if spec.factors.email is not None:
        asked.append(EMAIL_MFA)
    if registers_dynamically(spec):
        asked.append(DYNAMIC_REGISTRATION)
    if spec.acr_configuration is not None:
        asked.append("Custom ACR Level Names")
    if spec.user_session_tracking == "ENABLED":
        asked.append(SESSION_TRACKING)
    return asked


def keeps_auth_events(spec: PoolSpec) -> bool:
    return (spec.add_ons or {}).get("AdvancedSecurityMode") == "AUDIT"


def registers_dynamically(spec: PoolSpec) -> bool:
    return spec.dcr_configuration is not None and spec.dcr_configuration.get("EnableStatus") == "Enabled"


def _refuses(tier: str, features: list[str]) -> str:
    return f"The following features need to be disabled for the {tier} pricing tier configured: {', '.join(features)}"


def _policy(spec: PoolSpec, before: PasswordPolicy | None) -> PasswordPolicy:
    """The password policy with the validity of temporary passwords under either of its two names."""
    given = spec.password_policy
    sent = 0 if given is None else given.temporary_password_validity_days
    old_name = spec.unused_account_validity_days or 0
    if sent and old_name and sent != old_name:
        raise InvalidParameter(
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"
        )
    policy = given or before or PasswordPolicy()
    days = sent or old_name or (policy.temporary_password_validity_days if given is None else 0)
    return replace(policy, temporary_password_validity_days=days or TEMPORARY_PASSWORD_DAYS)


def _check_shape(spec: PoolSpec) -> None:
    checker = shapes.Checker()
    checker.text("poolName", spec.name, _POOL_NAME, required=True)
    policy, path = spec.password_policy or PasswordPolicy(), "policies.passwordPolicy"
    checker.whole(f"{path}.minimumLength", policy.minimum_length, 6, 99)
    checker.whole(f"{path}.passwordHistorySize", policy.password_history_size, 0, 24)
    checker.whole(f"{path}.temporaryPasswordValidityDays", policy.temporary_password_validity_days, 0, 365)
    factors = spec.allowed_first_auth_factors
    checker.each_of("policies.signInPolicy.allowedFirstAuthFactors", factors, FIRST_FACTORS)
    checker.one_of("deletionProtection", spec.deletion_protection, ("ACTIVE", "INACTIVE"))
    checker.each_of("autoVerifiedAttributes", spec.auto_verified_attributes, CONTACTS)
    checker.each_of("aliasAttributes", spec.alias_attributes, ALIASES)
    checker.each_of("usernameAttributes", spec.username_attributes, CONTACTS)
    checker.one_of("mfaConfiguration", spec.mfa, ("OFF", "ON", "OPTIONAL"))
    before_update = spec.attributes_require_verification_before_update
    path = "userAttributeUpdateSettings.attributesRequireVerificationBeforeUpdate"
    checker.each_of(path, before_update, CONTACTS)
    path = "adminCreateUserConfig.unusedAccountValidityDays"
    checker.whole(path, spec.unused_account_validity_days, 0, 365)
    checker.one_of("userPoolTier", spec.tier, TIERS)
    checker.one_of("userSessionTracking", spec.user_session_tracking, ("ENABLED", "DISABLED"))
    checker.whole("tokenSession.maxPerUser", spec.token_sessions_per_user, 1, 100)
    checker.one_of("dialect", spec.dialect, DIALECTS)
    checker.done()


def _check_verification(spec: PoolSpec, mfa_before: str | None) -> None:
    by_sms = "phone_number" in (spec.auto_verified_attributes or ())
    if by_sms and not spec.sms_configuration:
        raise InvalidParameter("SMS configuration is required when phone_number is selected for auto verification")
    # A factor other than SMS is added by SetUserPoolMfaConfig, after which an update may keep what is on.
    if spec.mfa not in {"OFF", mfa_before} and not (by_sms and spec.sms_configuration):
        raise InvalidParameter(
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"
        )
    if not set(spec.attributes_require_verification_before_update or ()) <= set(spec.auto_verified_attributes or ()):
        raise InvalidParameter(
            "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes"
        )


def _second_factors(spec: PoolSpec, mfa_before: str | None) -> PoolSpec:
    factors = spec.factors
    if factors.email is not None and spec.email.email_sending_account == COGNITO_DEFAULT:
        raise InvalidParameter(
            "Cannot set EmailMfaConfiguration when user pool EmailConfiguration contains an EmailSendingAccount of "
            "COGNITO_DEFAULT."
        )
    if spec.mfa not in {"OFF", mfa_before}:
        return replace(spec, factors=replace(factors, sms=True))
    if factors.sms and spec.sms_configuration is None:
        if spec.mfa != "OFF":
            raise InvalidParameter("Can't turn off SMS_MFA when SMS configuration is set for the user pool")
        return replace(spec, factors=replace(factors, sms=False))
    return spec


def _check_recovery(mechanisms: tuple[RecoveryMechanism, ...]) -> None:
    checker = shapes.Checker()
    for position, mechanism in enumerate(mechanisms, start=1):
        path = f"accountRecoverySetting.recoveryMechanisms.{position}.member"
        checker.one_of(f"{path}.name", mechanism.name, ("verified_email", "verified_phone_number", "admin_only"))
        checker.whole(f"{path}.priority", mechanism.priority, 1, 2)
    checker.done()
    names = {mechanism.name for mechanism in mechanisms}
    if "admin_only" in names and len(names) > 1:
        raise InvalidParameter(
            "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms."
        )
    priorities = {mechanism.priority for mechanism in mechanisms}
    if len(names) < len(mechanisms) or len(priorities) < len(mechanisms):
        raise InvalidParameter("Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.")


def _check_lambdas(config: Document) -> None:
    short, long = config.get("PreTokenGeneration"), _member(config, "PreTokenGenerationConfig", "LambdaArn")
    if short is not None and long is not None and short != long:
        raise InvalidParameter("PreTokenGeneration and the LambdaArn of PreTokenGenerationConfig must be identical.")


def _with_defaults(registration: Document | None) -> Document | None:
    """Dynamic client registration is on wherever it is configured and not said to be off (api.md 3.9)."""
    if registration is None:
        return None
    return {
        "EnableStatus": "Enabled",
        "OpenDcrEnabled": False,
        "AuthenticatedGrantTypes": ["code", "client_credentials"],
        "OpenDcrGrantTypes": ["code"],
        **registration,
    }


def _levels(given: Document | None) -> Document | None:
    """All four levels of assurance, the default names for those that have none."""
    if not given:
        return None
    names = {level: _member(given, level, "AcrValue") or default for level, default in ACR_LEVELS.items()}
    if len(set(names.values())) < len(names):
        raise InvalidParameter("Each ACR level name must be unique across all levels, including default names.")
    return {level: {"AcrValue": name} for level, name in names.items()}


def _member(document: Document | None, *path: str) -> object:
    """What stands at the end of the path; None if it ends before."""
    found: object = document
    for name in path:
        found = cast(Mapping[str, object], found).get(name) if isinstance(found, Mapping) else None
    return found


def _unless_empty(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return values or None
