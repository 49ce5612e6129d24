"""Python values for JSON and back, as boto3 has them: dates are datetimes, blobs are bytes.

A call goes through the very JSON that boto3 would send: nothing that the caller still holds gets into a service, and
what no database keeps is refused as it is on the wire.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any, Final

from app_client_authz.api.errors import RequestTooLarge, SerializationFailed
from app_client_authz.api.local_errors import ParamValidationError
from app_client_authz.api.shapes import model
from app_client_authz.web.params import MAX_BODY_BYTES

Json = dict[str, Any]

_SCALARS: Final = (str, int, float)  # bool is an int
_PYTHON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "blob": (bytes, bytearray),
    "timestamp": (datetime,),
}


def sent(operation: str, parameters: Json) -> bytes:
    """The body of a call.

    Raises:
        ParamValidationError: a parameter that the operation does not have, or a value that JSON cannot carry. Its
            text holds names and types, never values.
        SerializationFailed: nested without end, or a number of absurd length.
        RequestTooLarge: more than 1 MiB.
    """
    report: list[str] = []
    try:
        value = _Sender(report).value(model().operations[operation]["input"], parameters, "")
        if report:
            raise ParamValidationError(report="\n".join(report))
        body = json.dumps(value).encode("ascii")
    except (RecursionError, ValueError) as error:
        raise SerializationFailed(detail=type(error).__name__) from None
    if len(body) > MAX_BODY_BYTES:
        raise RequestTooLarge
    return body


def received(operation: str, output: Json | None) -> Json:
    """The answer of an operation as boto3 would parse it, in the order of the model's members."""
    kind = model().operations[operation].get("output")
    return {} if kind is None else _structure(kind, output or {})


class _Sender:
    """One walk over one call. A value of another type than its shape stays: the one validator judges it."""

    def __init__(self, report: list[str]) -> None:
        self._report = report
        self._shapes = model().shapes

    def value(self, name: str, value: Any, path: str) -> Any:
        """What JSON carries for ``value``."""
        shape = self._shapes[name]
        kind = shape["type"]
        if kind == "structure" and isinstance(value, dict):
            return self._structure(shape["members"], value, path)
        if kind == "list" and isinstance(value, (list, tuple)):
            return [self.value(shape["member"], each, f"{path}[{index}]") for index, each in enumerate(value)]
        if kind == "map" and isinstance(value, dict):
            return {
                self._key(key, path): self.value(shape["value"], each, f"{path}.{key}") for key, each in value.items()
            }
        if kind == "blob" and isinstance(value, (bytes, bytearray, str)):
            octets = value.encode() if isinstance(value, str) else value
            return base64.b64encode(octets).decode("ascii")
        if kind == "timestamp" and isinstance(value, datetime):
            return value.timestamp()
        return self._anything(value, path, _PYTHON_TYPES.get(kind, _SCALARS))

    def _structure(self, members: dict[str, str], given: Json, path: str) -> Json:
        known = {}
        for name, value in given.items():
            if name in members:
                known[name] = value
            else:
                self._report.append(
                    f'Unknown parameter in {path or "input"}: "{name}", must be one of: {", ".join(members)}'
                )
        return {
            name: self.value(members[name], value, f"{path}.{name}" if path else name) for name, value in known.items()
        }

    def _anything(self, value: Any, path: str, valid: tuple[type, ...]) -> Any:
        """A document, or what stands where another type belongs."""
        if value is None or isinstance(value, _SCALARS):
            return value
        if isinstance(value, dict):
            return {
                self._key(key, path): self._anything(each, f"{path}.{key}", _SCALARS) for key, each in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._anything(each, f"{path}[{index}]", _SCALARS) for index, each in enumerate(value)]
        self._refuse(path, value, valid)
        return None

    def _key(self, key: Any, path: str) -> Any:
        if not isinstance(key, str):
            self._refuse(f"{path} (key)", key, (str,))
        return key

    def _refuse(self, path: str, value: Any, valid: tuple[type, ...]) -> None:
        types = ", ".join(str(each) for each in valid)
        self._report.append(f"Invalid type for parameter {path}, type: {type(value)}, valid types: {types}")


def _structure(name: str, given: Json) -> Json:
    members = model().shapes[name]["members"]
    return {member: _parsed(kind, given[member]) for member, kind in members.items() if given.get(member) is not None}


def _parsed(name: str, value: Any) -> Any:
    shape = model().shapes[name]
    kind = shape["type"]
    if kind == "structure":
        return _structure(name, value)
    if kind == "list":
        return [_parsed(shape["member"], each) for each in value]
    if kind == "map":
        return {key: _parsed(shape["value"], each) for key, each in value.items()}
    if kind == "timestamp":
        return datetime.fromtimestamp(value, UTC)
    if kind == "blob" and isinstance(value, str):
        return base64.b64decode(value)
    if kind == "document":
        return json.loads(json.dumps(value))
    return value
