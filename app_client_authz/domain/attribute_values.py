"""Which values the attributes of a user can take, and how a change is judged (api.md 3.5, 4.1).

Whoever writes on a user's behalf passes ``by_admin=False``; whether the app client may write is judged
before, in ``attributes.check_writable``. A refusal names everything that is wrong and changes nothing.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.names import MAX_KEY, MAX_NAME, is_email, is_phone_number, username_key
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.schema import DEVELOPER, SchemaAttribute
from app_client_authz.domain.user import VERIFIABLE, check_name_is_no_alias

MAX_BYTES = 2048
"""UTF-8 bytes of the longest value, whatever the schema allows."""

# How SCIM, and so Cognito's messages about required attributes, call them.
_PATHS = {
    "name": "name.formatted",
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "middle_name": "name.middleName",
}
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
# Bytes that end a header line or a C string; a lone surrogate is no text at all.
_FORBIDDEN = re.compile("[\r\n\x00\ud800-\udfff]")


def check_new(pool: UserPool, attributes: Mapping[str, str], *, by_admin: bool = False) -> dict[str, str]:
    """The attributes of a new user: empty values left out, booleans in lower case.

    A user who registers gets ``email_verified`` and ``phone_number_verified`` as ``false`` beside an address;
    an administrator may set the flags, and where none is set there is none.

    Raises:
        InvalidParameter: unknown, malformed or server-owned attributes, or a required one is missing; or somebody
            registers with a ``preferred_username`` that is an alias here.
    """
    _refuse_server_owned(attributes, by_admin)
    given = {name: value for name, value in attributes.items() if value}
    _check_formats(pool, given)
    if not by_admin and "preferred_username" in given and "preferred_username" in pool.alias_attributes:
        # It would be taken at once, from whoever comes later, by somebody who proved nothing.
        raise InvalidParameter(
            "Preferred username cannot be provided for unconfirmed account, since user pool is configured for "
            "preferred username alias."
        )
    problems: list[str] = []
    accepted: dict[str, str] = {}
    for name, value in given.items():
        attribute = _find(pool, name, by_admin)
        if attribute is None:
            problems.append(_undetermined(name))
            continue
        accepted[name] = _normal(attribute, value)
        problems += [f"{_path(name)}: {problem}" for problem in _problems(pool, attribute, accepted[name])]
    problems += [_required(name) for name in pool.required_attributes if name not in given]
    if problems:
        raise InvalidParameter(f"Attributes did not conform to the schema: {' '.join(problems)}")
    if not by_admin:
        accepted.update({flag: "false" for name, flag in VERIFIABLE.items() if name in accepted})
    return accepted


def acceptable(pool: UserPool, attributes: Mapping[str, object]) -> dict[str, str]:
    """Those of the attributes that a user of the pool can have: of what another directory says, the rest is left out.

    A required one that is missing is missing.
    """
    accepted = {}
    for name, value in attributes.items():
        attribute = None if name == "sub" else pool.schema.get(name)
        if attribute is None or not isinstance(value, str) or not value:
            continue
        normal = _normal(attribute, value)
        try:
            _check_formats(pool, {name: normal})
        except InvalidParameter:
            continue
        if not _problems(pool, attribute, normal):
            accepted[name] = normal
    return accepted


def check_update(
    pool: UserPool, current: Mapping[str, str], changes: Mapping[str, str], *, by_admin: bool = False
) -> dict[str, str]:
    """All attributes of the user after the change; an empty value deletes.

    A new e-mail address or phone number is unverified, unless an administrator says otherwise in the same
    request (ATT-6).

    Raises:
        InvalidParameter: unknown, immutable, malformed or server-owned attributes, or a required one emptied.
    """
    _refuse_server_owned(changes, by_admin)
    given = {name: value for name, value in changes.items() if value}
    emptied = [name for name, value in changes.items() if not value]
    _check_formats(pool, given)
    problems: list[str] = []
    accepted: dict[str, str] = {}
    for name in changes:
        attribute = _find(pool, name, by_admin)
        if attribute is None:
            found = ["Attribute does not exist in the schema."]
        elif not attribute.mutable:
            found = ["Attribute cannot be updated."]
        elif name in given:
            accepted[name] = _normal(attribute, given[name])
            found = _problems(pool, attribute, accepted[name])
        else:
            found = []
        problems += [f"user.{name}: {problem}\n" for problem in found]
    if problems:
        raise InvalidParameter("".join(problems))
    _check_required(pool, emptied)
    after = {**_without(current, emptied), **accepted}
    for name, flag in VERIFIABLE.items():
        if name in accepted and accepted[name] != current.get(name) and flag not in changes:
            after[flag] = "false"
    return after


def until_proved(name: str, current: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The attributes after a change while its new address waits for a proof: the user's old one stays, if there is one.

    ``name`` is ``email`` or ``phone_number`` (AttributesRequireVerificationBeforeUpdate).
    """
    if name not in current:
        return dict(after)
    flag = VERIFIABLE[name]
    return {**after, name: current[name], flag: current.get(flag, "false")}


def check_delete(
    pool: UserPool, current: Mapping[str, str], names: Iterable[str], *, by_admin: bool = False
) -> dict[str, str]:
    """All attributes of the user after the deletion; deleting what is absent is fine.

    Raises:
        InvalidParameter: unknown, immutable, required or server-owned attributes.
    """
    names = list(names)
    _refuse_server_owned(names, by_admin)
    problems = []
    for name in names:
        attribute = _find(pool, name, by_admin)
        if attribute is None:
            problems.append(_undetermined(name))
        elif not attribute.mutable:
            path = f"Custom.User.{attribute.bare_name}" if attribute.is_custom else _path(name)
            problem = "This attribute does not satisfy the mutability validation defined in the schema."
            problems.append(f"{path}: {problem}")
    if problems:
        raise InvalidParameter(f"Invalid user attributes: {' '.join(problems)}")
    _check_required(pool, names)
    return _without(current, names)


def _refuse_server_owned(names: Iterable[str], by_admin: bool) -> None:
    owned = {"sub"} if by_admin else {"sub", *VERIFIABLE.values()}
    for name in names:
        if name in owned:
            raise InvalidParameter(f"Cannot modify the non-mutable attribute {name}")


def _find(pool: UserPool, name: str, by_admin: bool) -> SchemaAttribute | None:
    # For everybody but an administrator, developer-only attributes do not exist (ATT-4).
    return None if name.startswith(DEVELOPER) and not by_admin else pool.schema.get(name)


def _check_formats(pool: UserPool, given: Mapping[str, str]) -> None:
    if "email" in given and not is_email(given["email"]):
        raise InvalidParameter("Invalid email address format.")
    if "phone_number" in given and not is_phone_number(given["phone_number"]):
        raise InvalidParameter("Invalid phone number format.")
    if "preferred_username" in given:
        check_name_is_no_alias(pool, given["preferred_username"])


def _check_required(pool: UserPool, removed: Iterable[str]) -> None:
    missing = [_required(name) for name in removed if name in pool.required_attributes]
    if missing:
        raise InvalidParameter(f"Invalid user attributes: {' '.join(missing)}")


def _without(current: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    gone = set(names)
    gone |= {flag for name, flag in VERIFIABLE.items() if name in gone}
    return {name: value for name, value in current.items() if name not in gone}


def _normal(attribute: SchemaAttribute, value: str) -> str:
    return value.lower() if attribute.data_type == "Boolean" else value


def _problems(pool: UserPool, attribute: SchemaAttribute, value: str) -> list[str]:
    """What is wrong with a value that is not empty."""
    if _FORBIDDEN.search(value):
        return ["Value must not hold line breaks or NUL"]
    if len(value.encode()) > MAX_BYTES:
        return [f"String must be no longer than {MAX_BYTES} characters"]
    if attribute.data_type == "Boolean":
        return [] if value in {"true", "false"} else ["Value must be true or false"]
    if attribute.data_type == "Number":
        return _number_problems(attribute, value)
    if attribute.data_type == "DateTime":
        return [] if _is_instant(value) else ["Value must be a date and time"]
    return _length_problems(attribute, value) or _sign_in_problems(pool, attribute.name, value)


def _number_problems(attribute: SchemaAttribute, value: str) -> list[str]:
    if not _NUMBER.fullmatch(value):
        return ["Value must be a number"]
    if attribute.min_value is not None and Decimal(value) < int(attribute.min_value):
        return [f"Number must be no less than {attribute.min_value}"]
    if attribute.max_value is not None and Decimal(value) > int(attribute.max_value):
        return [f"Number must be no greater than {attribute.max_value}"]
    return []


def _length_problems(attribute: SchemaAttribute, value: str) -> list[str]:
    if attribute.max_length is not None and len(value) > int(attribute.max_length):
        return [f"String must be no longer than {attribute.max_length} characters"]
    if attribute.min_length is not None and len(value) < int(attribute.min_length):
        return [f"String must be no shorter than {attribute.min_length} characters"]
    return []


def _sign_in_problems(pool: UserPool, name: str, value: str) -> list[str]:
    # What opens a sign-in must be possible to type there, and its key to be indexed.
    if name not in (*pool.alias_attributes, *pool.username_attributes):
        return []
    if len(value) > MAX_NAME or len(username_key(value)) > MAX_KEY:
        return [f"String must be no longer than {MAX_NAME} characters"]
    return [] if username_key(value) else ["Value must hold a visible character"]


def _is_instant(value: str) -> bool:
    if _NUMBER.fullmatch(value):
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _path(name: str) -> str:
    return _PATHS.get(name, name)


def _required(name: str) -> str:
    return f"{_path(name)}: The attribute {_path(name)} is required"


def _undetermined(name: str) -> str:
    return f"Type for attribute {{{name}}} could not be determined"
