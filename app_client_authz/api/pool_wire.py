"""A user pool in Cognito's JSON (api.md 3.3)."""

from collections.abc import Mapping
from typing import Any, TypeVar

from app_client_authz.api import schema_wire
from app_client_authz.api.wire import Json, instant, present
from app_client_authz.domain import ids
from app_client_authz.domain.pool import PasswordPolicy, PoolSpec, RecoveryMechanism, UserPool
from app_client_authz.domain.pool_settings import (
    DeviceConfiguration,
    EmailConfiguration,
    InviteMessageTemplate,
    VerificationMessageTemplate,
)
from app_client_authz.services.pools import DescribedPool

Names = Mapping[str, str]
"""Members of a structure and the fields that hold them."""
_T = TypeVar("_T")

# Members that go as they are; lists become tuples.
_PLAIN: Names = {
    "PoolName": "name",
    "DeletionProtection": "deletion_protection",
    "LambdaConfig": "lambda_config",
    "AutoVerifiedAttributes": "auto_verified_attributes",
    "AliasAttributes": "alias_attributes",
    "UsernameAttributes": "username_attributes",
    "SmsAuthenticationMessage": "sms_authentication_message",
    "MfaConfiguration": "mfa",
    "SmsConfiguration": "sms_configuration",
    "UserPoolTags": "tags",
    "UserPoolAddOns": "add_ons",
    "DcrConfiguration": "dcr_configuration",
    "UserPoolTier": "tier",
    "KeyConfiguration": "key_configuration",
    "IssuerConfiguration": "issuer_configuration",
    "AcrConfiguration": "acr_configuration",
}
_POLICY: Names = {
    "MinimumLength": "minimum_length",
    "RequireUppercase": "require_uppercase",
    "RequireLowercase": "require_lowercase",
    "RequireNumbers": "require_numbers",
    "RequireSymbols": "require_symbols",
    "PasswordHistorySize": "password_history_size",
    "TemporaryPasswordValidityDays": "temporary_password_validity_days",
}
# A policy that leaves a class of characters out does not ask for it, and AWS's SDKs leave out what is false. Zero
# days are those of UnusedAccountValidityDays, or the default.
_POLICY_UNSAID: Json = {
    "RequireUppercase": False,
    "RequireLowercase": False,
    "RequireNumbers": False,
    "RequireSymbols": False,
    "TemporaryPasswordValidityDays": 0,
}
_VERIFICATION: Names = {
    "SmsMessage": "sms_message",
    "EmailMessage": "email_message",
    "EmailSubject": "email_subject",
    "EmailMessageByLink": "email_message_by_link",
    "EmailSubjectByLink": "email_subject_by_link",
    "DefaultEmailOption": "default_email_option",
}
# Older members for the same texts: whichever was sent, both are shown.
VERIFICATION_ALIASES = {
    "SmsVerificationMessage": "SmsMessage",
    "EmailVerificationMessage": "EmailMessage",
    "EmailVerificationSubject": "EmailSubject",
}
_INVITATION: Names = {"SMSMessage": "sms_message", "EmailMessage": "email_message", "EmailSubject": "email_subject"}
_EMAIL: Names = {
    "SourceArn": "source_arn",
    "ReplyToEmailAddress": "reply_to_email_address",
    "EmailSendingAccount": "email_sending_account",
    "From": "sender",
    "ConfigurationSet": "configuration_set",
}
_DEVICES: Names = {
    "ChallengeRequiredOnNewDevice": "challenge_required_on_new_device",
    "DeviceOnlyRememberedOnUserPrompt": "device_only_remembered_on_user_prompt",
}


def structure(kind: type[_T], names: Names, members: Json) -> _T:
    """The value of a structure in a request."""
    return kind(**{field: members[member] for member, field in names.items() if member in members})


def shown(names: Names, value: object) -> Json:
    """The members of a structure that have a value."""
    return present({member: getattr(value, field) for member, field in names.items()})


def to_spec(members: Json) -> PoolSpec:
    """The description in a CreateUserPool or UpdateUserPool."""
    given: dict[str, Any] = {"name": None}
    for member, field in _PLAIN.items():
        if member in members:
            value = members[member]
            given[field] = tuple(value) if isinstance(value, list) else value
    if "Policies" in members:
        given |= _policies(members["Policies"])
    if "UsernameConfiguration" in members:
        given["case_sensitive"] = members["UsernameConfiguration"]["CaseSensitive"]
    if "UserAttributeUpdateSettings" in members:
        before_update = members["UserAttributeUpdateSettings"].get("AttributesRequireVerificationBeforeUpdate", ())
        given["attributes_require_verification_before_update"] = tuple(before_update)
    if "AccountRecoverySetting" in members:
        mechanisms = members["AccountRecoverySetting"].get("RecoveryMechanisms", ())
        given["account_recovery"] = tuple(RecoveryMechanism(each["Name"], each["Priority"]) for each in mechanisms)
    if "EmailConfiguration" in members:
        given["email"] = structure(EmailConfiguration, _EMAIL, members["EmailConfiguration"])
    if "DeviceConfiguration" in members:
        given["devices"] = structure(DeviceConfiguration, _DEVICES, members["DeviceConfiguration"])
    aliases = {name: members[alias] for alias, name in VERIFICATION_ALIASES.items() if alias in members}
    texts = aliases | members.get("VerificationMessageTemplate", {})
    given["verification"] = structure(VerificationMessageTemplate, _VERIFICATION, texts)
    given |= _administration(members.get("AdminCreateUserConfig", {}))
    return PoolSpec(schema=schema_wire.to_attributes(members.get("Schema")), **given)


def from_pool(described: DescribedPool, *, created: bool = False) -> Json:
    """The members of a pool that was described, or just ``created``; what is unset is absent."""
    pool, spec = described.pool, described.pool.spec
    attributes = [*pool.schema.values(), *(() if created else (schema_wire.IDENTITIES,))]
    texts = shown(_VERIFICATION, spec.verification)
    plain = {member: thawed(getattr(spec, field)) for member, field in _PLAIN.items() if member != "PoolName"}
    prefix = next((each.domain for each in described.domains if not each.custom), None)
    custom = next((each.domain for each in described.domains if each.custom), None)
    mechanisms = [{"Priority": each.priority, "Name": each.name} for each in pool.recovery]
    before_update = list(spec.attributes_require_verification_before_update or ())
    return present(
        {
            **summary(pool),
            "Arn": ids.pool_arn(pool.id),
            **plain,
            "LambdaConfig": thawed(spec.lambda_config or {}),
            "KeyConfiguration": {"KeyType": "AWS_OWNED_KEY", **thawed(spec.key_configuration or {})},
            "IssuerConfiguration": {"Type": "ORIGINAL", **thawed(spec.issuer_configuration or {})},
            "UserPoolTags": None if created and not pool.tags else pool.tags,
            "Policies": {
                "PasswordPolicy": shown(_POLICY, pool.password_policy),
                "SignInPolicy": {"AllowedFirstAuthFactors": list(pool.first_factors)},
            },
            "SchemaAttributes": [schema_wire.from_attribute(each) for each in attributes],
            **{alias: texts.get(name) for alias, name in VERIFICATION_ALIASES.items()},
            "VerificationMessageTemplate": texts,
            "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": before_update},
            "DeviceConfiguration": None if spec.devices is None else shown(_DEVICES, spec.devices),
            "EstimatedNumberOfUsers": described.users,
            "EmailConfiguration": shown(_EMAIL, spec.email),
            "Domain": prefix,
            "CustomDomain": custom,
            "AdminCreateUserConfig": _from_administration(pool),
            "UsernameConfiguration": None if spec.case_sensitive is None else {"CaseSensitive": spec.case_sensitive},
            "AccountRecoverySetting": {"RecoveryMechanisms": mechanisms},
        }
    )


def summary(pool: UserPool) -> Json:
    """An item of ListUserPools."""
    return {
        "Id": pool.id,
        "Name": pool.name,
        "LambdaConfig": thawed(pool.spec.lambda_config or {}),
        "LastModifiedDate": instant(pool.updated_at),
        "CreationDate": instant(pool.created_at),
    }


def thawed(value: object) -> Any:
    """A copy that the caller may change: the pool's own settings are kept in the process."""
    if isinstance(value, Mapping):
        return {name: thawed(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [thawed(member) for member in value]
    return value


def _policies(members: Json) -> Json:
    # Each of the two that is left out stays as it is; a sign-in policy that names nothing is that of passwords.
    policies: Json = {}
    if "SignInPolicy" in members:
        factors = members["SignInPolicy"].get("AllowedFirstAuthFactors", ("PASSWORD",))
        policies["allowed_first_auth_factors"] = tuple(factors)
    if "PasswordPolicy" in members:
        policies["password_policy"] = structure(PasswordPolicy, _POLICY, _POLICY_UNSAID | members["PasswordPolicy"])
    return policies


def _administration(members: Json) -> Json:
    template = members.get("InviteMessageTemplate")
    return {
        "admin_create_user_only": members.get("AllowAdminCreateUserOnly", False),
        "unused_account_validity_days": members.get("UnusedAccountValidityDays"),
        "invitation": None if template is None else structure(InviteMessageTemplate, _INVITATION, template),
    }


def _from_administration(pool: UserPool) -> Json:
    template = pool.spec.invitation
    return present(
        {
            "AllowAdminCreateUserOnly": pool.spec.admin_create_user_only,
            "UnusedAccountValidityDays": pool.password_policy.temporary_password_validity_days,
            "InviteMessageTemplate": None if template is None else shown(_INVITATION, template),
        }
    )
