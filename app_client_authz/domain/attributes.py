"""What an app client may read and write of a user: the one filter for every path (R16, api.md 2.7)."""

import json
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from app_client_authz.domain.attribute_values import acceptable, check_delete, check_new, check_update, until_proved
from app_client_authz.domain.dialect import Dialect
from app_client_authz.domain.errors import InvalidParameter, NotAuthorized
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.schema import CUSTOM, DEVELOPER, STANDARD_ATTRIBUTES
from app_client_authz.domain.user import VERIFIABLE

__all__ = [
    "acceptable",
    "check_delete",
    "check_known",
    "check_new",
    "check_update",
    "check_writable",
    "id_token_values",
    "missing",
    "readable_names",
    "scopes_unreadable",
    "until_proved",
    "userinfo_values",
    "visible",
    "writable_names",
]

SERVER_OWNED = frozenset({"sub", *VERIFIABLE.values()})
"""Attributes that no user and no client ever writes (ATT-1)."""

OPENED_BY_SCOPE: Mapping[str, frozenset[str]] = {
    "email": frozenset({"email", "email_verified"}),
    "phone": frozenset({"phone_number", "phone_number_verified"}),
    "profile": frozenset(
        attribute.name
        for attribute in STANDARD_ATTRIBUTES
        if attribute.name not in {"sub", *VERIFIABLE, *VERIFIABLE.values()}
    ),
}
"""What each scope shows (endpoints.md 5.4); ``profile`` also shows every custom attribute."""

# Written by the server for linked identity providers: no client lists it, no schema of a pool has it.
_IDENTITIES = "identities"


def readable_names(read_attributes: Collection[str] | None, pool: UserPool) -> frozenset[str]:
    """Attributes that a client with these ReadAttributes may see; None means all, custom ones too.

    ``sub`` always is among them, a developer-only attribute never.
    """
    names = pool.schema.keys() if read_attributes is None else pool.schema.keys() & set(read_attributes)
    return frozenset(name for name in names if not name.startswith(DEVELOPER)) | {"sub", _IDENTITIES}


def writable_names(write_attributes: Collection[str] | None, pool: UserPool) -> frozenset[str]:
    """Attributes that a client with these WriteAttributes may set; None means all, custom ones too.

    Immutable ones are among them because they can be set at sign-up; ``check_update`` refuses them after.
    """
    names = pool.schema.keys() if write_attributes is None else pool.schema.keys() & set(write_attributes)
    return frozenset(name for name in names if not name.startswith(DEVELOPER)) - SERVER_OWNED


def check_known(pool: UserPool, names: Iterable[str]) -> None:
    """Ends a request that wants to see attributes which no user of the pool can have.

    Raises:
        InvalidParameter: a name is not in the schema.
    """
    if not set(names) <= pool.schema.keys():
        raise InvalidParameter("One or more requested attributes do not exist.")


def missing(pool: UserPool, attributes: Mapping[str, str]) -> tuple[str, ...]:
    """The attributes that every user of the pool needs and these do not hold."""
    return tuple(name for name in pool.required_attributes if not attributes.get(name))


def check_writable(names: Iterable[str], write_attributes: Collection[str] | None, pool: UserPool) -> None:
    """Ends a request that writes what the client may not; one forbidden name refuses all (ATT-2).

    Names that nobody may write, or that no schema has, are left to the checks of the values, which say so.

    Raises:
        NotAuthorized: a name is not among the client's WriteAttributes.
    """
    writable = writable_names(write_attributes, pool)
    for name in names:
        nobodys = name in SERVER_OWNED or (write_attributes is None and name not in pool.schema)
        if name not in writable and not nobodys:
            raise NotAuthorized("A client attempted to write unauthorized attribute")


def visible(
    user_attributes: Mapping[str, str],
    *,
    read_attributes: Collection[str] | None,
    scopes: Collection[str] | None,
    pool: UserPool,
    dialect: Dialect,
) -> dict[str, str]:
    """What ID token, userInfo and GetUser show of a user, as stored: readable, there, and opened by a scope.

    The JSON API knows no scopes of attributes: ``None`` opens all that are readable.

    ``sub`` is no matter of scopes and is left to the caller. Without ``openid`` nothing is visible. ``openid``
    with neither ``email``, ``phone`` nor ``profile`` opens everything or nothing, as the dialect has it.
    """
    readable = readable_names(read_attributes, pool) - {"sub"}
    if scopes is None:
        return {name: value for name, value in user_attributes.items() if name in readable}
    asked = [OPENED_BY_SCOPE[scope] for scope in OPENED_BY_SCOPE if scope in scopes]
    if "openid" not in scopes or not (asked or dialect.openid_alone_opens_all_attributes):
        return {}
    opened = frozenset().union(*asked) if asked else readable
    customs = "profile" in scopes
    return {
        name: value
        for name, value in user_attributes.items()
        if name in readable and (name in opened or name == _IDENTITIES or (customs and name.startswith(CUSTOM)))
    }


def scopes_unreadable(scopes: Collection[str], read_attributes: Collection[str] | None) -> bool:
    """True if ``email`` or ``phone`` was granted to a client that may not read both of its attributes.

    The token exchange then fails with ``invalid_grant`` (endpoints.md 5.4).
    """
    if read_attributes is None:
        return False
    return any(scope in scopes and not OPENED_BY_SCOPE[scope].issubset(read_attributes) for scope in ("email", "phone"))


def id_token_values(attributes: Mapping[str, str]) -> dict[str, object]:
    """The attributes typed as an ID token has them; custom ones stay texts whatever their type.

    Flags are booleans, ``updated_at`` is in whole seconds, ``address`` and ``identities`` have structure
    (OIDC Core section 5.1).
    """
    typed: dict[str, object] = {}
    for name, value in attributes.items():
        if name in VERIFIABLE.values():
            typed[name] = value == "true"
        elif name == "updated_at":
            typed[name] = int(Decimal(value))
        elif name == "address":
            typed[name] = {"formatted": value}
        elif name == _IDENTITIES:
            typed[name] = json.loads(value)
        else:
            typed[name] = value
    return typed


def userinfo_values(attributes: Mapping[str, str], dialect: Dialect) -> dict[str, object]:
    """The attributes as userInfo has them: all texts, or typed as in the ID token, as the dialect has it."""
    return dict(attributes) if dialect.userinfo_values_are_strings else id_token_values(attributes)
