"""The user pool: a directory of users with its own schema and rules (api.md 3.3 to 3.7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from app_client_authz.domain import pool_mfa, pool_rules, pool_tags
from app_client_authz.domain import schema as schemas
from app_client_authz.domain.errors import FeatureUnavailableInTier, InvalidParameter, TierChangeNotAllowed
from app_client_authz.domain.pool_mfa import MfaChange
from app_client_authz.domain.pool_rules import ALIASES, CONTACTS, TIERS
from app_client_authz.domain.pool_spec import DEFAULT_RECOVERY, PasswordPolicy, PoolSpec, RecoveryMechanism
from app_client_authz.domain.schema import STANDARD_ATTRIBUTES, SchemaAttribute

__all__ = [
    "ALIASES",
    "CONTACTS",
    "DEFAULT_RECOVERY",
    "STANDARD_ATTRIBUTES",
    "TIERS",
    "MfaChange",
    "PasswordPolicy",
    "PoolSpec",
    "RecoveryMechanism",
    "SchemaAttribute",
    "UserPool",
]


@dataclass(frozen=True, slots=True)
class UserPool:
    """A pool whose every rule was checked. Instants are epoch seconds.

    ``version`` counts the pool's changes, ``keys_version`` those of its signing keys. Sessions and codes begun
    before ``sessions_valid_from`` are dead (ATM-13). ``keeps_verifiers`` says whether some app client can use verifiers
    of passwords (SEC-6). Until there is a client it is true: clients allow SRP unless they are told not to.
    """

    id: str
    spec: PoolSpec
    created_at: float
    updated_at: float
    version: int = 1
    keys_version: int = 1
    sessions_valid_from: float = 0.0
    keeps_verifiers: bool = field(default=True, compare=False)
    schema: Mapping[str, SchemaAttribute] = field(init=False, repr=False, compare=False)
    """Every attribute that a user of the pool can have, by name."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", schemas.complete(self.spec.schema))

    # --- changes ----------------------------------------------------------------------------------

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
        checked = replace(pool_rules.checked(spec), schema=schemas.at_creation(spec.schema))
        return cls(pool_id, checked, created_at=now, updated_at=now)

    def replace(self, spec: PoolSpec, *, now: float, in_use: Iterable[str] = ()) -> "UserPool":
        """The pool after UpdateUserPool: what is not in ``spec`` goes back to its default.

        Stays: what is fixed at creation, what has operations of its own; and, where not given, the name, whether MFA
        is on, both policies, the tags and the dynamic client registration. ``in_use`` names the features that clients
        and domains of the pool use and LITE pools do not have.

        Raises:
            InvalidParameter: a member is wrong, or two contradict each other.
            FeatureUnavailableInTier: the tier does not have what is asked for.
            TierChangeNotAllowed: the new tier does not have what is in use.
        """
        kept = self.spec
        if self.is_downgraded_by(spec):
            self._check_downgrade(spec, in_use)
        if spec.tags is None:
            flag = kept.require_pkce if spec.require_pkce is None else spec.require_pkce
            spec = replace(spec, tags=kept.tags, dialect=spec.dialect or kept.dialect, require_pkce=flag)
        spec = replace(
            spec,
            name=kept.name if spec.name is None else spec.name,
            mfa=kept.mfa if spec.mfa is None else spec.mfa,
            allowed_first_auth_factors=kept.allowed_first_auth_factors
            if spec.allowed_first_auth_factors is None
            else spec.allowed_first_auth_factors,
            dcr_configuration=kept.dcr_configuration if spec.dcr_configuration is None else spec.dcr_configuration,
            # UpdateUserPool has no members for these.
            alias_attributes=kept.alias_attributes,
            username_attributes=kept.username_attributes,
            case_sensitive=kept.case_sensitive,
            schema=kept.schema,
            factors=kept.factors,
            user_session_tracking=kept.user_session_tracking,
            token_sessions_per_user=kept.token_sessions_per_user,
        )
        return self._after(pool_rules.checked(spec, mfa_before=kept.mfa, policy_before=self.password_policy), now)

    def is_downgraded_by(self, spec: PoolSpec) -> bool:
        """Whether an update takes away what higher tiers have."""
        return spec.tier == "LITE" and self.spec.tier != "LITE"

    def add_custom_attributes(self, attributes: Iterable[SchemaAttribute], *, now: float) -> "UserPool":
        """The pool after AddCustomAttributes; they can never be changed or removed.

        Raises:
            InvalidParameter: an attribute is malformed, or its name is taken.
            LimitExceeded: the pool would have more than 50.
        """
        return self._after(replace(self.spec, schema=schemas.with_additions(self.spec.schema, attributes)), now)

    def set_mfa(self, change: MfaChange, *, now: float) -> "UserPool":
        """The pool after SetUserPoolMfaConfig.

        Raises:
            InvalidParameter: a factor lacks what it needs, or MFA is on without any.
            FeatureUnavailableInTier: the tier does not have the factor.
        """
        changed = pool_mfa.applied(self.spec, change)
        return self._after(pool_rules.checked(changed, mfa_before=changed.mfa), now)

    def set_sessions(self, *, tracking: str, per_user: int, now: float) -> "UserPool":
        """The pool after SetUserPoolSessionConfiguration: tracking ENABLED or DISABLED, sessions per user.

        Raises:
            InvalidParameter: a value is out of range.
            FeatureUnavailableInTier: the pool's tier is LITE, which tracks no sessions.
        """
        if self.spec.tier == "LITE":
            raise FeatureUnavailableInTier(pool_rules.lite_refuses([pool_rules.SESSION_TRACKING]))
        changed = replace(self.spec, user_session_tracking=tracking, token_sessions_per_user=per_user)
        return self._after(pool_rules.checked(changed, mfa_before=self.spec.mfa), now)

    def tag(self, additions: Mapping[str, str], *, now: float) -> "UserPool":
        """The pool after TagResource.

        Raises:
            InvalidParameter: a tag that sets something has a wrong value, or there are more than 50.
        """
        return self._after(pool_tags.added(self.spec, additions), now)

    def untag(self, names: Iterable[str], *, now: float) -> "UserPool":
        """The pool after UntagResource; settings that were tags go back to their defaults."""
        return self._after(pool_tags.removed(self.spec, names), now)

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

    # --- what it says -----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.spec.name or ""

    @property
    def tags(self) -> dict[str, str]:
        """Every tag, those among them that are settings of ours."""
        return pool_tags.of(self.spec)

    @property
    def tracks_sessions(self) -> bool:
        """Whether sessions are listed and ended one by one, and a user has only so many (api.md 2.12, 4.22)."""
        return self.spec.user_session_tracking == "ENABLED"

    @property
    def keeps_auth_events(self) -> bool:
        """Whether sign-ins and the like go on record (AdminListUserAuthEvents)."""
        return pool_rules.keeps_auth_events(self.spec)

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
    def tracks_devices(self) -> bool:
        """Whether devices of users get keys, by which they can be remembered (api.md 3.8)."""
        return self.spec.devices is not None

    @property
    def recovery(self) -> tuple[RecoveryMechanism, ...]:
        return self.spec.account_recovery or DEFAULT_RECOVERY

    @property
    def first_factors(self) -> tuple[str, ...]:
        """Factors that a choice-based sign-in can begin with."""
        return self.spec.allowed_first_auth_factors or pool_rules.ONLY_PASSWORDS

    @property
    def required_attributes(self) -> tuple[str, ...]:
        """Names that every user needs a value of, as far as a caller gives it: without ``sub``."""
        return tuple(name for name, attribute in self.schema.items() if attribute.required and name != "sub")

    # --- helpers ----------------------------------------------------------------------------------

    def _after(self, spec: PoolSpec, now: float) -> "UserPool":
        return replace(self, spec=spec, updated_at=now, version=self.version + 1)

    def _check_downgrade(self, spec: PoolSpec, in_use: Iterable[str]) -> None:
        """What no member of the update could switch off in the same request stands in its way."""
        kept, features = self.spec, list(in_use)
        if kept.user_session_tracking == "ENABLED":
            features.append(pool_rules.SESSION_TRACKING)
        if kept.factors.email is not None:
            features.append(pool_rules.EMAIL_MFA)
        if kept.factors.web_authn is not None:
            features.append(pool_rules.PASSWORDLESS)
        if spec.dcr_configuration is None and pool_rules.registers_dynamically(kept):
            features.append(pool_rules.DYNAMIC_REGISTRATION)
        if features:
            raise TierChangeNotAllowed(pool_rules.lite_refuses(list(dict.fromkeys(features))))
