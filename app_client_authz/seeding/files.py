"""Files of JSON, or of YAML where PyYAML is installed, read strictly: what a typing error changes is refused."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app_client_authz.domain.shapes import plain
from app_client_authz.seeding.problems import unreadable

MAX_DEPTH = 32
MAX_YAML_VALUES = 500_000
"""Its references can make much out of little; in JSON a file holds what it holds."""
_YAML = frozenset({".yaml", ".yml"})
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class _Malformed(Exception):
    """Why a file is none of ours; the text quotes names of members and no value."""


def read(path: Path) -> object:
    """The value in the file: texts, numbers, flags, lists, and mappings with texts as keys.

    Raises:
        Refused: it cannot be read; names the line where that is known, and never what stands there.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise unreadable(path, error.strerror or type(error).__name__) from None
    except UnicodeDecodeError:
        raise unreadable(path, "it is not UTF-8") from None
    try:
        if path.suffix.lower() in _YAML:
            value = _yaml(text)
            _check(value, at_most=MAX_YAML_VALUES)
        else:
            value = _json(text)
            _check(value, at_most=len(text))
    except _Malformed as error:
        raise unreadable(path, str(error)) from None
    return value


def _json(text: str) -> object:
    try:
        value: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise _Malformed(f"line {error.lineno}, column {error.colno}: no JSON ({error.msg})") from None
    except RecursionError:
        raise _Malformed("it is nested too deep") from None
    except ValueError:
        raise _Malformed("it holds a number of absurd length") from None
    return value


def _yaml(text: str) -> object:
    try:
        import yaml  # here and not above: an extra that most sites do without
    except ImportError:
        raise _Malformed('YAML needs PyYAML: pip install "app-client-authz[yaml]"; JSON needs nothing') from None

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # it has no types
        """Safe, and strict: no key twice, and a date stays the text that it is in JSON."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            _unique([(str(key.value), None) for key, _ in node.value])
            self.flatten_mapping(node)  # what "<<" brings in, which stands behind what is written here
            keys = [_named(self.construct_object(key, deep=True)) for key, _ in node.value]
            return dict(zip(keys, [self.construct_object(value, deep=True) for _, value in node.value], strict=True))

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise _Malformed(f"{place}no YAML ({getattr(error, 'problem', None) or type(error).__name__})") from None
    except RecursionError:
        raise _Malformed("it is nested too deep") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Malformed(f"the member {plain(twice)} stands twice in one place")
    return found


def _no_number(name: str) -> float:
    raise _Malformed(f"{name} is no number in JSON")


def _named(key: object) -> str:
    if not isinstance(key, str):
        raise _Malformed(f"a member's name is a {type(key).__name__} and no text: put it into quotes")
    return key


def _check(value: object, *, at_most: int) -> None:
    """Nothing but what JSON has, and nothing without end."""
    left = at_most + 1
    for each, depth in _walk(value):
        left -= 1
        if depth > MAX_DEPTH or not left:
            raise _Malformed("it is nested too deep" if left else "it holds too many values")
        if isinstance(each, str) and _UNSTORABLE.search(each):
            raise _Malformed("a text in it holds NUL or a lone surrogate")
        if isinstance(each, float) and not math.isfinite(each):
            raise _Malformed("it holds a number that is not finite")
        if not isinstance(each, str | int | float | list | dict | None):
            raise _Malformed(f"it holds a {type(each).__name__}, which nothing here is: put it into quotes")


def _walk(value: object) -> Iterator[tuple[object, int]]:
    pending: list[tuple[object, int]] = [(value, 1)]
    while pending:
        each, depth = pending.pop()
        yield each, depth
        if isinstance(each, dict):
            pending += [(member, depth + 1) for pair in each.items() for member in pair]
        elif isinstance(each, list):
            pending += [(member, depth + 1) for member in each]
