"""What a caller may set on a user pool (api.md 3.3, 3.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app_client_authz.domain.pool_settings import (
    DeviceConfiguration,
    EmailConfiguration,
    InviteMessageTemplate,
    MfaFactors,
    VerificationMessageTemplate,
)
from app_client_authz.domain.schema import SchemaAttribute

TEMPORARY_PASSWORD_DAYS = 7
TOKEN_SESSIONS_PER_USER = 20

Document = Mapping[str, object]
"""Settings that this server only keeps: JSON with Cognito's own names."""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a password of the pool must hold; lengths in characters, validity in days.

    Zero days of validity stand for Cognito's default, seven.
    """

    minimum_length: int = 8
    require_uppercase: bool = True
    require_lowercase: bool = True
    require_numbers: bool = True
    require_symbols: bool = True
    temporary_password_validity_days: int = TEMPORARY_PASSWORD_DAYS
    password_history_size: int | None = None

    @property
    def temporary_password_seconds(self) -> int:
        return (self.temporary_password_validity_days or TEMPORARY_PASSWORD_DAYS) * 86_400


@dataclass(frozen=True, slots=True)
class RecoveryMechanism:
    """One way back to a forgotten password: ``verified_email``, ``verified_phone_number`` or ``admin_only``."""

    name: str
    priority: int


DEFAULT_RECOVERY = (RecoveryMechanism("verified_email", 1), RecoveryMechanism("verified_phone_number", 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSpec:
    """What CreateUserPool and UpdateUserPool can say of a pool; None means "not set".

    In an update, ``name``, ``mfa``, ``tags`` and ``dcr_configuration`` stay as they are if they are None; a new pool
    without ``mfa`` has it OFF. ``schema`` holds overrides of standard attributes and custom attributes.
    ``unused_account_validity_days`` is the old name of the policy's ``temporary_password_validity_days``, and is
    folded into it. What stands behind ``factors`` has operations of its own, and no update touches it. ``dialect``
    (a preset's name) and ``require_pkce`` are ours.
    """

    name: str | None
    password_policy: PasswordPolicy | None = None
    allowed_first_auth_factors: tuple[str, ...] | None = None
    alias_attributes: tuple[str, ...] | None = None
    username_attributes: tuple[str, ...] | None = None
    case_sensitive: bool | None = None
    schema: tuple[SchemaAttribute, ...] = ()
    auto_verified_attributes: tuple[str, ...] | None = None
    attributes_require_verification_before_update: tuple[str, ...] | None = None
    account_recovery: tuple[RecoveryMechanism, ...] | None = None
    verification: VerificationMessageTemplate = field(default_factory=VerificationMessageTemplate)
    email: EmailConfiguration = field(default_factory=EmailConfiguration)
    mfa: str | None = None
    sms_configuration: Document | None = None
    sms_authentication_message: str | None = None
    devices: DeviceConfiguration | None = None
    admin_create_user_only: bool = False
    unused_account_validity_days: int | None = None
    invitation: InviteMessageTemplate | None = None
    deletion_protection: str = "INACTIVE"
    tier: str = "ESSENTIALS"
    add_ons: Document | None = None
    lambda_config: Document | None = None
    key_configuration: Document | None = None
    issuer_configuration: Document | None = None
    dcr_configuration: Document | None = None
    acr_configuration: Document | None = None
    tags: Mapping[str, str] | None = None
    dialect: str | None = None
    require_pkce: bool | None = None
    factors: MfaFactors = field(default_factory=MfaFactors)
    user_session_tracking: str = "DISABLED"
    token_sessions_per_user: int = TOKEN_SESSIONS_PER_USER
