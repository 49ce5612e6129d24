"""Requests held against the service model: JSON types first, then every constraint (api.md 1.2, 1.6; INP-6).

One walker for all operations. What comes out is a copy of what the model knows, member by member (ATT-10).
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from app_client_authz.api.errors import SerializationFailed
from app_client_authz.domain import java_regex
from app_client_authz.domain.shapes import Checker, plain

Json = dict[str, Any]
Phrases = list[str]

# Cognito prints the client ID in most of its messages although the model calls it sensitive (api.md 1.6).
_HIDES_CLIENT_ID = frozenset(
    {"SignUp", "ConfirmSignUp", "ForgotPassword", "ConfirmForgotPassword", "ResendConfirmationCode"}
)
_PRINTED = frozenset({"ClientIdType", "SoftwareTokenMFAUserCodeType"})
_NOT_NULL = "Member must not be null"
_LIST_FOUND = "Start of list found where not expected"
_STRUCTURE_FOUND = "Start of structure or map found where not expected."
_ARTICLE = {"integer": "an Integer", "string": "a String", "boolean": "a Boolean", "timestamp": "a Timestamp"}


@dataclass(frozen=True, slots=True)
class Model:
    """The condensed service model. ``shapes`` are botocore's without documentation."""

    botocore: str
    target_prefix: str
    operations: Mapping[str, Json]
    paginators: Mapping[str, Json]
    exceptions: tuple[str, ...]
    shapes: Mapping[str, Json]


@cache
def model() -> Model:
    """The model, read at the first question."""
    data = json.loads(files("app_client_authz.api").joinpath("model/cognito-idp.json").read_bytes())
    # It knows prefixes only: Cognito takes host names too, and refuses in words of its own (api.md 3.6).
    data["shapes"]["DomainType"].pop("pattern", None)
    return Model(
        data["botocore"],
        data["target_prefix"],
        data["operations"],
        data["paginators"],
        tuple(data["exceptions"]),
        data["shapes"],
    )


def validated(operation: str, body: object) -> Json:
    """The members of a request that the model knows, without nulls, blobs as bytes; ``body`` is parsed JSON.

    Raises:
        SerializationFailed: no object, or a member of another JSON type; looked for before anything else.
        InvalidParameter: naming every violated constraint, in the order of the model's members.
    """
    checker = Checker()
    printed = _PRINTED - {"ClientIdType"} if operation in _HIDES_CLIENT_ID else _PRINTED
    accepted = _Walker(checker, printed).structure(model().operations[operation]["input"], body, "")
    checker.done()
    return accepted


def member(operation: str, name: str, value: object) -> object:
    """One member of a request as ``validated`` takes it, for a caller who has to say which one is wrong.

    Raises:
        SerializationFailed, InvalidParameter: as ``validated``.
        KeyError: the operation has no such member.
    """
    checker = Checker()
    members = model().shapes[model().operations[operation]["input"]]["members"]
    accepted = _Walker(checker, _PRINTED).value(members[name], value, _lower(name), hidden=False)
    checker.done()
    return accepted


class _Walker:
    """One walk over one request. ``hidden`` is whether a sensitive structure is around the present value."""

    def __init__(self, checker: Checker, printed: frozenset[str]) -> None:
        self._checker = checker
        self._shapes = model().shapes
        self._printed = printed

    def structure(self, name: str, value: object, path: str, hidden: bool = False) -> Json:
        if isinstance(value, list):
            raise SerializationFailed(_LIST_FOUND)
        if not isinstance(value, dict):
            raise SerializationFailed("Unexpected field type" if path else "")
        shape = self._shapes[name]
        hidden = hidden or shape.get("sensitive", False)
        required = shape.get("required", ())
        accepted: Json = {}
        for member, kind in shape["members"].items():
            given = value.get(member)
            below = f"{path}.{_lower(member)}" if path else _lower(member)
            if given is not None:
                accepted[member] = self.value(kind, given, below, hidden)
            elif member in required:
                self._checker.refuse(below, None, _NOT_NULL)
        return accepted

    def value(self, name: str, value: object, path: str, hidden: bool) -> object:
        shape = self._shapes[name]
        match shape["type"]:
            case "structure":
                return self.structure(name, value, path, hidden)
            case "list":
                return self._list(name, value, path, hidden)
            case "map":
                return self._map(name, value, path, hidden)
            case "document":
                return value
        accepted, phrases = _scalar(shape, value)
        for phrase in phrases:
            self._checker.refuse(path, value, phrase, sensitive=hidden or self._hides(name))
        return accepted

    def _list(self, name: str, value: object, path: str, hidden: bool) -> list[object]:
        if isinstance(value, dict):
            raise SerializationFailed(_STRUCTURE_FOUND)
        if not isinstance(value, list):
            raise SerializationFailed("Expected list or null")
        shape = self._shapes[name]
        hides = hidden or self._hides(name)
        self._sized(shape, path, value, hides)
        if self._shapes[shape["member"]]["type"] == "structure":
            self._members(path, value, [_NOT_NULL for each in value if each is None], hides)
            return [
                self.structure(shape["member"], each, f"{path}.{position}.member", hidden)
                for position, each in enumerate(value, start=1)
                if each is not None
            ]
        accepted, phrases = self._scalars(shape["member"], value)
        self._members(path, value, phrases, hides)
        return accepted

    def _map(self, name: str, value: object, path: str, hidden: bool) -> Json:
        if isinstance(value, list):
            raise SerializationFailed(_LIST_FOUND)
        if not isinstance(value, dict):
            raise SerializationFailed("Unexpected field type")
        shape = self._shapes[name]
        hides = hidden or self._hides(name)
        self._sized(shape, path, value, hides)
        given = {key: each for key, each in value.items() if each is not None}
        _, wrong_keys = self._scalars(shape["key"], list(given))
        self._members(path, value, wrong_keys, hides)
        if self._shapes[shape["value"]]["type"] == "structure":
            return {
                key: self.structure(shape["value"], each, f"{path}.{plain(key)}.member", hidden)
                for key, each in given.items()
            }
        accepted, phrases = self._scalars(shape["value"], list(given.values()))
        self._members(path, value, phrases, hides)
        return dict(zip(given, accepted, strict=True))

    def _scalars(self, name: str, values: list[Any]) -> tuple[list[object], Phrases]:
        """Members of a list, keys or values of a map; and what is wrong with them."""
        accepted: list[object] = []
        wrong: Phrases = []
        for each in values:
            if each is None:
                wrong.append(_NOT_NULL)
                continue
            one, phrases = _scalar(self._shapes[name], each)
            accepted.append(one)
            wrong += phrases
        return accepted, wrong

    def _members(self, path: str, container: Any, phrases: Phrases, hides: bool) -> None:
        self._checker.members(path, container, phrases, sensitive=hides)

    def _sized(self, shape: Json, path: str, value: Any, hides: bool) -> None:
        for phrase in _length(shape, len(value)):
            self._checker.refuse(path, value, phrase, sensitive=hides)

    def _hides(self, name: str) -> bool:
        return not _sensitive_in(name) <= self._printed


@cache
def _sensitive_in(name: str) -> frozenset[str]:
    """The sensitive shapes among a shape and all that it is made of: a list of users' attributes shows none."""
    shape = model().shapes[name]
    inner = [*shape.get("members", {}).values(), *(shape[part] for part in ("member", "key", "value") if part in shape)]
    return frozenset({name} if shape.get("sensitive") else ()).union(*map(_sensitive_in, inner))


def _scalar(shape: Json, value: object) -> tuple[object, Phrases]:
    """The accepted value and what is wrong with it; another JSON type ends the whole request."""
    return _SCALARS[shape["type"]](shape, value)


def _string(shape: Json, value: object) -> tuple[object, Phrases]:
    if not isinstance(value, str):
        raise _cannot_be(value, "string")
    wrong = _length(shape, len(value))
    if "pattern" in shape and not java_regex.matcher(shape["pattern"])(value):
        wrong.append(f"Member must satisfy regular expression pattern: {shape['pattern']}")
    if "enum" in shape and value not in shape["enum"]:
        wrong.append(f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]")
    return value, wrong


def _integer(shape: Json, value: object) -> tuple[object, Phrases]:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise _cannot_be(value, "integer")
    if "min" in shape and value < shape["min"]:
        return value, [f"Member must have value greater than or equal to {shape['min']}"]
    if "max" in shape and value > shape["max"]:
        return value, [f"Member must have value less than or equal to {shape['max']}"]
    return value, []


def _boolean(shape: Json, value: object) -> tuple[object, Phrases]:
    if not isinstance(value, bool):
        raise _cannot_be(value, "boolean")
    return value, []


def _blob(shape: Json, value: object) -> tuple[object, Phrases]:
    if not isinstance(value, str):
        raise _cannot_be(value, "string")
    try:
        octets = base64.b64decode(value, validate=True)
    except ValueError:
        raise SerializationFailed("Unable to decode base64") from None
    return octets, _length(shape, len(octets))


def _timestamp(shape: Json, value: object) -> tuple[object, Phrases]:
    """Epoch seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _cannot_be(value, "timestamp")
    return value, []


_SCALARS: Mapping[str, Callable[[Json, object], tuple[object, Phrases]]] = {
    "string": _string,
    "integer": _integer,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}


def _length(shape: Json, length: int) -> Phrases:
    wrong = []
    if length < shape.get("min", 0):
        wrong.append(f"Member must have length greater than or equal to {shape['min']}")
    if "max" in shape and length > shape["max"]:
        wrong.append(f"Member must have length less than or equal to {shape['max']}")
    return wrong


def _cannot_be(value: object, kind: str) -> SerializationFailed:
    if isinstance(value, dict):
        return SerializationFailed(_STRUCTURE_FOUND)
    if isinstance(value, list):
        return SerializationFailed(_LIST_FOUND)
    if isinstance(value, bool):
        found = "TRUE_VALUE" if value else "FALSE_VALUE"
    elif isinstance(value, int):
        found = "NUMBER_VALUE"
    else:
        found = "DECIMAL_VALUE" if isinstance(value, float) else "STRING_VALUE"
    return SerializationFailed(f"{found} can not be converted to {_ARTICLE[kind]}")


def _lower(member: str) -> str:
    return member[:1].lower() + member[1:]
