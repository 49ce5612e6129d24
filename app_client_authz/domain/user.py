"""Users of a pool: who they are, by which names they sign in, which groups they are in (api.md 4.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypedDict

from app_client_authz.domain import ids, shapes
from app_client_authz.domain.errors import AliasExists, InvalidParameter, UsernameExists
from app_client_authz.domain.names import (
    MAX_KEY,
    MAX_NAME,
    is_email,
    is_phone_number,
    looks_like_email,
    looks_like_phone_number,
    username_key,
)
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user_mfa import NO_MFA, UserMfa

__all__ = [
    "Group",
    "GroupChanges",
    "User",
    "UserStatus",
    "alias_refusal",
    "aliases_of",
    "check_name_is_no_alias",
    "check_username",
    "is_username",
    "name_refusal",
    "preferred_role",
    "sign_in_attribute",
    "signs_in_without_password",
    "username_key",
    "with_sign_in_attribute",
]

USERNAME = "username"
"""The kind of the name that is no alias."""

VERIFIABLE = {"email": "email_verified", "phone_number": "phone_number_verified"}
"""Attributes that someone can prove to own, each with the flag that says so."""

_ARN_PART = r"[\w+=/,.@-]+"
_ROLE_ARN = shapes.regex(
    20, 2048, rf"arn:{_ARN_PART}:{_ARN_PART}:([\w+=/,.@-]*)?:[0-9]+:{_ARN_PART}(:{_ARN_PART})?(:{_ARN_PART})?"
)
_NOT_AS_ALIAS = "Username cannot be of {} format, since user pool is configured for {} alias."
_ADDRESS_TAKEN = "An account with the given {} already exists."
_FACTORS = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}


def _is_username(name: str) -> bool:
    key = username_key(name)
    # A name that is too long is refused for that alone.
    return bool(ids.USERNAME.accepts(name)) and key != "" and (len(key) <= MAX_KEY or len(name) > MAX_NAME)


_USERNAME = shapes.Text(1, MAX_NAME, ids.USERNAME.pattern, _is_username, sensitive=True)


class UserStatus(StrEnum):
    """Where a user stands; whether the user is enabled is another matter."""

    UNCONFIRMED = "UNCONFIRMED"
    CONFIRMED = "CONFIRMED"
    FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"
    RESET_REQUIRED = "RESET_REQUIRED"
    EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER"
    COMPROMISED = "COMPROMISED"
    ARCHIVED = "ARCHIVED"
    UNKNOWN = "UNKNOWN"


SIGNED_IN = frozenset({UserStatus.CONFIRMED, UserStatus.EXTERNAL_PROVIDER})
"""Where a user has to stand to be given anything."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a pool's users. Instants are epoch seconds; the lowest precedence wins."""

    pool_id: str
    name: str
    description: str | None = None
    role_arn: str | None = None
    precedence: int | None = None
    created_at: float = 0.0
    updated_at: float = 0.0

    def __post_init__(self) -> None:
        checker = shapes.Checker()
        checker.text("groupName", self.name, ids.GROUP_NAME)
        checker.text("description", self.description, shapes.anything(0, 2048))
        checker.text("roleArn", self.role_arn, _ROLE_ARN)
        checker.whole("precedence", self.precedence, 0, 2**31 - 1)
        checker.done()


class GroupChanges(TypedDict, total=False):
    """What can change of a group, as far as it is to."""

    description: str | None
    role_arn: str | None
    precedence: int | None


@dataclass(frozen=True, slots=True)
class User:
    """A user of a pool. Instants are epoch seconds.

    ``attributes`` hold texts only, without ``sub``. Tokens from before ``signed_out_at`` are dead.
    ``temporary_password_until`` is None where the password, if there is one, is the user's own.
    """

    pool_id: str
    sub: str
    username: str
    status: UserStatus
    enabled: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    created_at: float = 0.0
    updated_at: float = 0.0
    signed_out_at: float | None = None
    temporary_password_until: float | None = None
    groups: tuple[Group, ...] = ()
    mfa: UserMfa = NO_MFA


def is_username(name: object) -> bool:
    """True if somebody can have that username, whatever the pool."""
    return not _USERNAME.phrases(name)


def check_username(pool: UserPool, name: str) -> None:
    """Ends a sign-up with a name that nobody of this pool can have (API-8).

    Where attributes are the username, ``name`` is the address or number that the caller sent.

    Raises:
        InvalidParameter: shape, length, or the format of an alias of the pool.
    """
    ids.check("username", name, _USERNAME)
    kinds = set(pool.username_attributes)
    if kinds and sign_in_attribute(pool, name) is None:
        if len(kinds) > 1:
            raise InvalidParameter("Username should be either an email or a phone number.")
        raise InvalidParameter(
            "Username should be an email." if kinds == {"email"} else "Username should be a phone number."
        )
    check_name_is_no_alias(pool, name)


def check_name_is_no_alias(pool: UserPool, name: str) -> None:
    """Ends the taking of a username or ``preferred_username`` that could be another user's alias.

    Raises:
        InvalidParameter: it has the format of an e-mail address or phone number that is an alias here.
    """
    if "email" in pool.alias_attributes and looks_like_email(name):
        raise InvalidParameter(_NOT_AS_ALIAS.format("email", "email"))
    if "phone_number" in pool.alias_attributes and looks_like_phone_number(name):
        raise InvalidParameter(_NOT_AS_ALIAS.format("phone number", "phone number"))


def sign_in_attribute(pool: UserPool, name: str) -> str | None:
    """The attribute whose value the name is, in a pool where attributes are the username; otherwise None."""
    if "email" in pool.username_attributes and is_email(name):
        return "email"
    if "phone_number" in pool.username_attributes and is_phone_number(name):
        return "phone_number"
    return None


def with_sign_in_attribute(pool: UserPool, name: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a new user, among them the one whose value the name is.

    Raises:
        InvalidParameter: they have another value for it: nobody would find the user under the name.
    """
    attribute = sign_in_attribute(pool, name)
    if attribute is None:
        return dict(attributes)
    given = attributes.get(attribute)
    if given and username_key(given, pool.case_sensitive) != username_key(name, pool.case_sensitive):
        raise InvalidParameter(
            f"User {attribute} should be empty or same as username, since username attribute is {attribute}"
        )
    return {**attributes, attribute: name}


def aliases_of(pool: UserPool, username: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """The keys by which the user signs in besides the username, by attribute; unique in the pool.

    An unverified address is no alias (ATT-6), unless addresses are the pool's usernames. A
    ``preferred_username`` that is the username again adds nothing.
    """
    kinds = [
        kind
        for kind in (*pool.username_attributes, *pool.alias_attributes)
        if kind in pool.username_attributes or kind not in VERIFIABLE or attributes.get(VERIFIABLE[kind]) == "true"
    ]
    keys = {kind: username_key(attributes[kind], pool.case_sensitive) for kind in kinds if attributes.get(kind)}
    own = username_key(username, pool.case_sensitive)
    return {kind: key for kind, key in keys.items() if key != own}


def name_refusal(user: User, wanted: str) -> UsernameExists | AliasExists:
    """Why a new user cannot have a name that somebody has: ``wanted`` is its kind.

    An address that is a username is wanted as an alias by who is to have it verified from the start (api.md 4.1).
    """
    if wanted == USERNAME:
        return UsernameExists("User account already exists")
    if _names(user, wanted) and user.attributes.get(VERIFIABLE[wanted]) != "true":
        return UsernameExists(_ADDRESS_TAKEN.format(wanted))
    return alias_refusal(user, wanted)


def alias_refusal(user: User, wanted: str) -> AliasExists:
    """Why a user cannot get an alias that somebody has."""
    if _names(user, wanted):
        return AliasExists(_ADDRESS_TAKEN.format(wanted))
    return AliasExists("User account already exists for the alias.")


def _names(user: User, kind: str) -> bool:
    """Whether addresses of that kind are usernames in the user's pool, where the stored one is the ``sub``."""
    return kind in VERIFIABLE and user.username == user.sub


def signs_in_without_password(pool: UserPool, attributes: Mapping[str, str]) -> bool:
    """True if the pool lets a code to one of the user's verified addresses stand for a password."""
    return any(
        factor in (pool.spec.allowed_first_auth_factors or ())
        and bool(attributes.get(address))
        and attributes.get(VERIFIABLE[address]) == "true"
        for factor, address in _FACTORS.items()
    )


def registers_without_password(pool: UserPool, attributes: Mapping[str, str]) -> bool:
    """True if a code to one of the addresses can stand for a password, once the address is verified."""
    return any(
        factor in (pool.spec.allowed_first_auth_factors or ()) and bool(attributes.get(address))
        for factor, address in _FACTORS.items()
    )


def id_for_srp(pool: UserPool, username: str) -> str:
    """The username as verifiers are made over it, and as strangers are told it: the way names are compared.

    How it is spelt would tell that somebody has that name (ENU-2).
    """
    return username_key(username, pool.case_sensitive)


def goes_by(pool: UserPool, user: User, name: str) -> bool:
    """True if ``name`` is the user's username, one of the aliases, or the ``sub``."""
    key = username_key(name, pool.case_sensitive)
    own = username_key(user.username, pool.case_sensitive)
    return name == user.sub or key == own or key in aliases_of(pool, user.username, user.attributes).values()


def preferred_role(groups: Iterable[Group]) -> str | None:
    """The role for ``cognito:preferred_role``: that of the group with the lowest precedence.

    Groups without a role or without a precedence do not compete; None if different roles tie.
    """
    contenders = [(group.precedence, group.role_arn) for group in groups if group.role_arn]
    ranked = [(precedence, role) for precedence, role in contenders if precedence is not None]
    if not ranked:
        return None
    lowest = min(precedence for precedence, _ in ranked)
    roles = {role for precedence, role in ranked if precedence == lowest}
    return roles.pop() if len(roles) == 1 else None
