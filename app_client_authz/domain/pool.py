"""The user pool: a directory of users with its own schema and rules (api.md 3.3 to 3.5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from app_client_authz.domain import schema as schemas
from app_client_authz.domain import shapes
from app_client_authz.domain.dialect import DIALECTS
from app_client_authz.domain.errors import FeatureUnavailableInTier, InvalidParameter, TierChangeNotAllowed
from app_client_authz.domain.schema import STANDARD_ATTRIBUTES, SchemaAttribute

__all__ = ["STANDARD_ATTRIBUTES", "PasswordPolicy", "PoolSpec", "RecoveryMechanism", "SchemaAttribute", "UserPool"]

ALIASES = ("phone_number", "email", "preferred_username")
CONTACTS = ("phone_number", "email")
FIRST_FACTORS = ("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN")
TIERS = ("LITE", "ESSENTIALS", "PLUS")

_POOL_NAME = shapes.regex(1, 128, r"[\w\s+=,.@-]+")

_NEEDS_HIGHER_TIER = "The following features need to be disabled for the LITE pricing tier configured: "


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
    temporary_password_validity_days: int = 7
    password_history_size: int | None = None

    @property
    def temporary_password_seconds(self) -> int:
        return (self.temporary_password_validity_days or 7) * 86_400


@dataclass(frozen=True, slots=True)
class RecoveryMechanism:
    """One way back to a forgotten password: ``verified_email``, ``verified_phone_number`` or ``admin_only``."""

    name: str
    priority: int


DEFAULT_RECOVERY = (RecoveryMechanism("verified_email", 1), RecoveryMechanism("verified_phone_number", 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSpec:
    """What a caller may set on CreateUserPool and UpdateUserPool; None means "not set".

    ``schema`` holds overrides of standard attributes and custom attributes. ``dialect`` (a preset's name) and
    ``require_pkce`` are ours, the rest is Cognito's.
    """

    name: str
    password_policy: PasswordPolicy | None = None
    allowed_first_auth_factors: tuple[str, ...] | None = None
    alias_attributes: tuple[str, ...] | None = None
    username_attributes: tuple[str, ...] | None = None
    case_sensitive: bool | None = None
    schema: tuple[SchemaAttribute, ...] = ()
    auto_verified_attributes: tuple[str, ...] | None = None
    attributes_require_verification_before_update: tuple[str, ...] | None = None
    account_recovery: tuple[RecoveryMechanism, ...] | None = None
    mfa: str = "OFF"
    sms_configuration: Mapping[str, object] | None = None
    admin_create_user_only: bool = False
    deletion_protection: str = "INACTIVE"
    tier: str = "ESSENTIALS"
    tags: Mapping[str, str] | None = None
    dialect: str | None = None
    require_pkce: bool = False


@dataclass(frozen=True, slots=True)
class UserPool:
    """A pool whose every rule was checked. Instants are epoch seconds.

    ``version`` counts the pool's changes, ``keys_version`` those of its signing keys. Sessions and codes begun
    before ``sessions_valid_from`` are dead (ATM-13).
    """

    id: str
    spec: PoolSpec
    created_at: float
    updated_at: float
    version: int = 1
    keys_version: int = 1
    sessions_valid_from: float = 0.0
    schema: Mapping[str, SchemaAttribute] = field(init=False, repr=False, compare=False)
    """Every attribute that a user of the pool can have, by name."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", schemas.complete(self.spec.schema))

    @classmethod
    def create(cls, spec: PoolSpec, *, pool_id: str, now: float) -> "UserPool":
        """A new pool (CreateUserPool).

        Raises:
            InvalidParameter: a member is wrong, or two contradict each other.
            FeatureUnavailableInTier: the tier does not have what is asked for.
            LimitExceeded: too many custom attributes.
        """
        if spec.alias_attributes and spec.username_attributes:
            raise InvalidParameter("Only one of the aliasAttributes or usernameAttributes can be set in a User pool.")
        checked = replace(_checked(spec, mfa_before="OFF"), schema=schemas.at_creation(spec.schema))
        return cls(pool_id, checked, created_at=now, updated_at=now)

    def replace(self, spec: PoolSpec, *, now: float, rotation_in_use: bool = False) -> "UserPool":
        """The pool after UpdateUserPool: everything is replaced that can change after creation.

        Both policies stay if neither is given. ``rotation_in_use`` says whether a client of the pool rotates
        its refresh tokens, which a LITE pool cannot have.

        Raises:
            InvalidParameter: a member is wrong, or two contradict each other.
            FeatureUnavailableInTier: the tier does not have what is asked for.
            TierChangeNotAllowed: a client uses what the new tier does not have.
        """
        if spec.tier == "LITE" and self.spec.tier != "LITE" and rotation_in_use:
            raise TierChangeNotAllowed(_NEEDS_HIGHER_TIER + "Refresh Token Rotation")
        keeps_policies = spec.password_policy is None and spec.allowed_first_auth_factors is None
        spec = replace(
            spec,
            password_policy=spec.password_policy or self.spec.password_policy,
            allowed_first_auth_factors=self.spec.allowed_first_auth_factors
            if keeps_policies
            else spec.allowed_first_auth_factors,
            # UpdateUserPool has no members for these.
            alias_attributes=self.spec.alias_attributes,
            username_attributes=self.spec.username_attributes,
            case_sensitive=self.spec.case_sensitive,
            schema=self.spec.schema,
        )
        return replace(self, spec=_checked(spec, mfa_before=self.spec.mfa), updated_at=now, version=self.version + 1)

    def add_custom_attributes(self, attributes: Iterable[SchemaAttribute], *, now: float) -> "UserPool":
        """The pool after AddCustomAttributes; they can never be changed or removed.

        Raises:
            InvalidParameter: an attribute is malformed, or its name is taken.
            LimitExceeded: the pool would have more than 50.
        """
        spec = replace(self.spec, schema=schemas.with_additions(self.spec.schema, attributes))
        return replace(self, spec=spec, updated_at=now, version=self.version + 1)

    def check_deletable(self) -> None:
        """Ends a DeleteUserPool that must not happen.

        Raises:
            InvalidParameter: deletion protection is on.
        """
        if self.spec.deletion_protection == "ACTIVE":
            raise InvalidParameter(
                "The user pool cannot be deleted because deletion protection is activated. "
                "Deletion protection must be inactivated first."
            )

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def password_policy(self) -> PasswordPolicy:
        return self.spec.password_policy or PasswordPolicy()

    @property
    def case_sensitive(self) -> bool:
        """Whether names that differ in case only are different users' (default: no)."""
        return self.spec.case_sensitive or False

    @property
    def alias_attributes(self) -> tuple[str, ...]:
        """Attributes that open a sign-in beside the username."""
        return self.spec.alias_attributes or ()

    @property
    def username_attributes(self) -> tuple[str, ...]:
        """Attributes that are the username: the caller sends one, the stored username is the ``sub``."""
        return self.spec.username_attributes or ()

    @property
    def recovery(self) -> tuple[RecoveryMechanism, ...]:
        return self.spec.account_recovery or DEFAULT_RECOVERY

    @property
    def required_attributes(self) -> tuple[str, ...]:
        """Names that every user needs a value of, as far as a caller gives it: without ``sub``."""
        return tuple(name for name, attribute in self.schema.items() if attribute.required and name != "sub")


def _checked(spec: PoolSpec, *, mfa_before: str) -> PoolSpec:
    """The spec with empty lists read as "not set", every rule checked but those of the schema."""
    spec = replace(
        spec,
        password_policy=spec.password_policy or PasswordPolicy(),
        allowed_first_auth_factors=_unless_empty(spec.allowed_first_auth_factors),
        alias_attributes=_unless_empty(spec.alias_attributes),
        username_attributes=_unless_empty(spec.username_attributes),
        auto_verified_attributes=_unless_empty(spec.auto_verified_attributes),
        attributes_require_verification_before_update=_unless_empty(spec.attributes_require_verification_before_update),
        account_recovery=spec.account_recovery or None,
        tags=None if spec.tags is None else MappingProxyType(dict(spec.tags)),
    )
    _check_shape(spec)
    _check_verification(spec, mfa_before)
    _check_recovery(spec.account_recovery or ())
    factors = spec.allowed_first_auth_factors or ("PASSWORD",)
    if "PASSWORD" not in factors:
        raise InvalidParameter("Password should be configured as one of the allowed first auth factors.")
    if spec.tier == "LITE" and factors != ("PASSWORD",):
        raise FeatureUnavailableInTier(_NEEDS_HIGHER_TIER + "Passwordless Sign-In")
    return spec


def _check_shape(spec: PoolSpec) -> None:
    checker = shapes.Checker()
    checker.text("poolName", spec.name, _POOL_NAME)
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
    checker.one_of("userPoolTier", spec.tier, TIERS)
    checker.one_of("dialect", spec.dialect, DIALECTS)
    checker.done()


def _check_verification(spec: PoolSpec, mfa_before: str) -> None:
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


def _unless_empty(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return values or None
