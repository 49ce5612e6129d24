"""How values are written on the command line; a wrong one is refused with the name of its option."""

import json
import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from app_client_authz.domain.resource_server import ResourceServerScope
from app_client_authz.domain.schema import CUSTOM, DATA_TYPES, SchemaAttribute

F = TypeVar("F", bound=Callable[..., Any])

Validity = tuple[int, str]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_VALIDITY = re.compile(r"([0-9]{1,9}) ?(s|m|h|d|seconds?|minutes?|hours?|days?)", re.ASCII)
_LIMIT = re.compile(r"(min|max)=(-?[0-9]{1,18})", re.ASCII)


def validity(value: str) -> Validity:
    """``90m`` → (90, "minutes"): number and unit travel together, as in TokenValidityUnits."""
    found = _VALIDITY.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no number with a unit, such as 300s, 60m, 1h or 30d.")
    return int(found[1]), _UNITS[found[2][0]]


def pair(value: str) -> tuple[str, str]:
    """``name=value`` → (name, value)."""
    name, separator, rest = value.partition("=")
    if not name or not separator:
        raise click.BadParameter(f"{value!r} is not of the form name=value.")
    return name, rest


def custom_attribute(value: str) -> SchemaAttribute:
    """``level:Number:immutable:min=1:max=9`` → a custom attribute of a schema."""
    name, _, rest = value.removeprefix(CUSTOM).partition(":")
    data_type, *words = rest.split(":")
    limits = {found[1]: found[2] for word in words if (found := _LIMIT.fullmatch(word))}
    immutable = "immutable" in words
    known = name and data_type in DATA_TYPES and len(words) == len(limits) + immutable
    if not known or (limits and data_type not in {"String", "Number"}):
        raise click.BadParameter(
            f"{value!r} is not of the form name:Type[:immutable][:min=N][:max=N]; Type is one of"
            f" {', '.join(DATA_TYPES)}, limits are for String and Number."
        )
    least, most = limits.get("min"), limits.get("max")
    if data_type == "String":
        return SchemaAttribute(CUSTOM + name, data_type, not immutable, min_length=least, max_length=most)
    return SchemaAttribute(CUSTOM + name, data_type, not immutable, min_value=least, max_value=most)


def scope(value: str) -> ResourceServerScope:
    """``read:Read the orders`` → a scope; one without a description is described by its name.

    Names may hold colons: a name ends at the last colon between two characters of the first word, so that
    ``orders:read:Read them`` is the scope ``orders:read``.
    """
    first_word = value.split(" ", 1)[0].rstrip(":")
    name = first_word.rpartition(":")[0] or first_word
    rest = value[len(name) :]
    if not name or name.startswith(":") or (rest and not rest.startswith(":")):
        raise click.BadParameter(f"{value!r} is not of the form name:description.")
    return ResourceServerScope(name, rest[1:].strip() or name)


def json_object(value: str) -> dict[str, object]:
    """``{"ApplicationId": "…"}`` → a dict."""
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise click.BadParameter(f"{value!r} is no JSON object.")
    return found


def secret_text(value: str) -> str:
    """The secret that an option gave; ``-`` reads a line of standard input, out of sight of other processes."""
    return sys.stdin.readline().rstrip("\r\n") if value == "-" else value


def option_json(command: F) -> F:
    """``--json`` for commands that read."""
    return click.option("--json", "wants_json", is_flag=True, help="Print JSON with Cognito's member names.")(command)
