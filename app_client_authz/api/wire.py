"""What all operations need to read and write Cognito's JSON."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]


def instant(seconds: float) -> float | int:
    """An instant as Cognito writes it: epoch seconds, to the millisecond, without zeros at the end."""
    rounded = round(seconds, 3)
    return int(rounded) if rounded == int(rounded) else rounded


def present(members: Mapping[str, object]) -> Json:
    """The members that have a value: Cognito leaves the others out (api.md 1.4)."""
    return {name: value for name, value in members.items() if value is not None}


def pairs(attributes: Mapping[str, str]) -> list[Json]:
    """Attributes in the form ``[{"Name": …, "Value": …}]``."""
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def from_pairs(attributes: Iterable[Json] | None) -> dict[str, str]:
    """The mapping of such a list; of two with the same name the last one counts, one without value is empty."""
    return {each["Name"]: each.get("Value", "") for each in attributes or ()}


def encoded(value: object) -> Any:
    """What JSON has no form of, for ``json.dumps(default=encoded)``: bytes in base64, sets as lists."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, set | frozenset):
        return list(value)
    raise TypeError(f"an answer cannot hold a {type(value).__name__}")
