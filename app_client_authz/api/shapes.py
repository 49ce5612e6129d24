"""Requests held against the service model: JSON types first, then every constraint (api.md 1.2, 1.6; INP-6).

One walker for all operations. What comes out is a copy of what the model knows, member by member (ATT-10).
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from app_client_authz.api.errors import SerializationFailed
from app_client_authz.domain import java_regex
from app_client_authz.domain.shapes import Checker

Json = dict[str, Any]
Phrases = list[str]

# Cognito prints the client ID in most of its messages although the model calls it sensitive (api.md 1.6).
_HIDES_CLIENT_ID = frozenset(
    {"SignUp", "ConfirmSignUp", "ForgotPassword", "ConfirmForgotPassword", "ResendConfirmationCode"}
)
_PRINTED = frozenset({"ClientIdType", "SoftwareTokenMFAUserCodeType"})
_NOT_NULL = "Member must not be null"
_BITS = {"integer": 31, "long": 63}
_ARTICLE = {"integer": "an Integer", "long": "a Long", "string": "a String", "boolean": "a Boolean"}


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
    return Model(
        data["botocore"],
        data["target_prefix"],
        data["operations"],
        data["paginators"],
        tuple(data["exceptions"]),
        data["shapes"],
    )


def validated(operation: str, body: object) -> Json:
    """The members of a request that the model knows, without nulls, blobs as bytes.

    Raises:
        SerializationFailed: no object, or a member of another JSON type; looked for before anything else.
        InvalidParameter: naming every violated constraint, in the order of the model's members.
    """
    checker = Checker()
    walker = _Walker(checker, hides_client_id=operation in _HIDES_CLIENT_ID)
    accepted = walker.structure(model().operations[operation]["input"], body, "")
    checker.done()
    return accepted


class _Walker:
    """One walk over one request."""

    def __init__(self, checker: Checker, *, hides_client_id: bool) -> None:
        self._checker = checker
        self._shapes = model().shapes
        self._printed = _PRINTED - {"ClientIdType"} if hides_client_id else _PRINTED

    def structure(self, name: str, value: object, path: str) -> Json:
        if isinstance(value, list):
            raise SerializationFailed("Start of list found where not expected")
        if not isinstance(value, dict):
            raise SerializationFailed("" if not path else "Unexpected field type")
        shape = self._shapes[name]
        required = shape.get("required", ())
        accepted: Json = {}
        for member, kind in shape["members"].items():
            given = value.get(member)
            below = f"{path}.{_lower(member)}" if path else _lower(member)
            if given is not None:
                accepted[member] = self.value(kind, given, below)
            elif member in required:
                self._checker.refuse(below, None, _NOT_NULL)
        return accepted

    def value(self, name: str, value: object, path: str) -> object:
        shape = self._shapes[name]
        kind = shape["type"]
        if kind == "structure":
            return self.structure(name, value, path)
        if kind == "document":
            return value
        if kind == "list":
            return self._list(shape, value, path)
        if kind == "map":
            return self._map(shape, value, path)
        accepted, phrases = self._scalar(shape, value)
        for phrase in phrases:
            self._checker.refuse(path, value, phrase, sensitive=self._hides(name))
        return accepted

    def _list(self, shape: Json, value: object, path: str) -> list[object]:
        if isinstance(value, dict):
            raise SerializationFailed("Start of structure or map found where not expected.")
        if not isinstance(value, list | tuple):
            raise SerializationFailed("Expected list or null")
        self._sized(shape, path, value)
        member = shape["member"]
        if self._shapes[member]["type"] in {"structure", "list", "map"}:
            if None in value:
                self._checker.members(path, value, [_NOT_NULL])
            return [
                self.value(member, each, f"{path}.{position}.member")
                for position, each in enumerate(value, start=1)
                if each is not None
            ]
        return self._members(member, value, path, value)

    def _map(self, shape: Json, value: object, path: str) -> Json:
        if isinstance(value, list):
            raise SerializationFailed("Start of list found where not expected")
        if not isinstance(value, dict):
            raise SerializationFailed("Unexpected field type")
        hides = shape.get("sensitive", False)
        self._sized(shape, path, value, sensitive=hides)
        given = {name: each for name, each in value.items() if each is not None}
        self._members(shape["key"], list(given), path, value, sensitive=hides)
        if self._shapes[shape["value"]]["type"] == "structure":
            return {name: self.value(shape["value"], each, f"{path}.{name}") for name, each in given.items()}
        values = self._members(shape["value"], list(given.values()), path, value, sensitive=hides)
        return dict(zip(given, values, strict=True))

    def _members(
        self, name: str, values: "list[Any] | tuple[Any, ...]", path: str, shown: Any, *, sensitive: bool = False
    ) -> list[object]:
        """Scalars of a list, or the keys or values of a map: reported with the container's path and value."""
        accepted: list[object] = []
        wrong: Phrases = []
        for each in values:
            if each is None:
                wrong.append(_NOT_NULL)
                continue
            one, phrases = self._scalar(self._shapes[name], each)
            accepted.append(one)
            wrong += phrases
        self._checker.members(path, shown, wrong, sensitive=sensitive or self._hides(name))
        return accepted

    def _sized(self, shape: Json, path: str, value: Any, *, sensitive: bool = False) -> None:
        for phrase in _length(shape, len(value)):
            self._checker.refuse(path, value, phrase, sensitive=sensitive)

    def _hides(self, name: str) -> bool:
        return name not in self._printed and bool(self._shapes[name].get("sensitive"))

    @staticmethod
    def _scalar(shape: Json, value: object) -> tuple[object, Phrases]:
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


def _whole(shape: Json, value: object) -> tuple[object, Phrases]:
    if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > _BITS[shape["type"]]:
        raise _cannot_be(value, shape["type"])
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
    if isinstance(value, bytes | bytearray):  # in-process callers have no need of base64
        octets = bytes(value)
    elif isinstance(value, str):
        try:
            octets = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise SerializationFailed("Unable to decode base64") from None
    else:
        raise _cannot_be(value, "string")
    return octets, _length(shape, len(octets))


def _timestamp(shape: Json, value: object) -> tuple[object, Phrases]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SerializationFailed("Unexpected field type")
    return float(value), []


# The accepted value and what is wrong with it; another JSON type ends the whole request.
_SCALARS: Mapping[str, Callable[[Json, object], tuple[object, Phrases]]] = {
    "string": _string,
    "integer": _whole,
    "long": _whole,
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
        return SerializationFailed("Start of structure or map found where not expected.")
    if isinstance(value, list | tuple):
        return SerializationFailed("Start of list found where not expected")
    if isinstance(value, bool):
        found = "TRUE_VALUE" if value else "FALSE_VALUE"
    elif isinstance(value, int):
        found = "NUMBER_VALUE"
    else:
        found = "DECIMAL_VALUE" if isinstance(value, float) else "STRING_VALUE"
    return SerializationFailed(f"{found} can not be converted to {_ARTICLE[kind]}")


def _lower(member: str) -> str:
    return member[:1].lower() + member[1:]
