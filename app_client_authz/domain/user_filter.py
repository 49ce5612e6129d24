r"""The filter of ListUsers: ``attribute = "value"`` or ``attribute ^= "value"`` (api.md part 5, INP-8).

Parsed by hand into one of five values; what a caller wrote reaches a database as a bound parameter only.
"""

from dataclasses import dataclass

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.names import username_key
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import USERNAME, UserStatus

SEARCHABLE_ATTRIBUTES = ("email", "phone_number", "name", "given_name", "family_name", "preferred_username")
SEARCHABLE = frozenset({USERNAME, "sub", "cognito:user_status", "status", *SEARCHABLE_ATTRIBUTES})

_BLANKS = " \t"
_ESCAPED = frozenset({'"', "\\", None})
_REFUSAL = "Error while parsing filter."


@dataclass(frozen=True, slots=True)
class ByName:
    """Users with a name by which they sign in; ``key`` is the name as it is compared, or its beginning.

    ``kind`` is ``username``, or the attribute that is the username.
    """

    kind: str
    key: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class BySub:
    """The user with that ``sub``, or those whose ``sub`` begins so."""

    sub: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class ByAttribute:
    """Users whose attribute has that value, or begins so, exactly as it is stored."""

    name: str
    value: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class ByStatus:
    """Users of any of these statuses."""

    statuses: tuple[UserStatus, ...]


@dataclass(frozen=True, slots=True)
class ByEnabled:
    """Users who are enabled, who are disabled, or both, or neither."""

    enabled: tuple[bool, ...]


Criterion = ByName | BySub | ByAttribute | ByStatus | ByEnabled


def parse(pool: UserPool, text: str) -> Criterion | None:
    """What a filter asks for; None for the empty one, which asks for everybody.

    Names that open a sign-in are compared as there; ``cognito:user_status`` in any case, as Cognito does;
    everything else as it is stored.

    Raises:
        InvalidParameter: not of this form, or of an attribute that nobody can search for.
    """
    if not text:
        return None
    head, _, tail = text.partition('"')
    name, prefix = _name(head.strip(_BLANKS))
    value = _value(tail)
    if name not in SEARCHABLE:
        raise InvalidParameter(_REFUSAL)
    if name == USERNAME or name in pool.username_attributes:
        return ByName(name, username_key(value, pool.case_sensitive), prefix)
    if name == "sub":
        return BySub(value, prefix)
    if name == "cognito:user_status":
        return ByStatus(tuple(each for each in UserStatus if _fits(each, value.upper(), prefix)))
    if name == "status":
        return ByEnabled(tuple(is_on for is_on in (True, False) if _fits(_word(is_on), value, prefix)))
    return ByAttribute(name, value, prefix)


def _name(head: str) -> tuple[str, bool]:
    """``email ^=`` → ("email", True)."""
    if not head.endswith("="):
        raise InvalidParameter(_REFUSAL)
    name = head[:-1]
    prefix = name.endswith("^")
    return (name[:-1] if prefix else name).rstrip(_BLANKS), prefix


def _value(tail: str) -> str:
    """What stands between the quotes; ``tail`` begins behind the first of them."""
    value: list[str] = []
    characters = iter(tail)
    for character in characters:
        if character == '"':
            break
        escaped = next(characters, "") if character == "\\" else None
        # NUL and lone surrogates: no database takes them.
        if escaped not in _ESCAPED or character == "\0" or "\ud800" <= character <= "\udfff":
            raise InvalidParameter(_REFUSAL)
        value.append(escaped or character)
    else:
        raise InvalidParameter(_REFUSAL)
    if "".join(characters).strip(_BLANKS):
        raise InvalidParameter(_REFUSAL)
    return "".join(value)


def _fits(word: str, value: str, prefix: bool) -> bool:
    return word.startswith(value) if prefix else word == value


def _word(enabled: bool) -> str:
    return "Enabled" if enabled else "Disabled"
