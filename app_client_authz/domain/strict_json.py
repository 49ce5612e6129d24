"""JSON as far as we accept it from anyone: bounded depth, UTF-8, finite numbers (INP-3, INP-4)."""

import json
import re
from typing import Final

MAX_DEPTH: Final = 32

_MARKS: Final = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def parse(text: bytes) -> object:
    """The value.

    Raises:
        ValueError: no JSON, nested deeper than 32 levels, not UTF-8, NaN or infinity, a number of absurd
            length, or a text with NUL or a lone surrogate, which no database keeps.
    """
    if too_deep(text):
        raise ValueError("nested too deep")
    try:
        value: object = json.loads(text.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None
    # Only an escape brings these two past the decoder; most bodies hold none, and are not walked.
    if b"\\u" in text:
        _check_texts(value)
    return value


def too_deep(text: bytes) -> bool:
    """Whether the JSON is nested deeper than we accept, found without parsing it."""
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return False
    depth, in_string = 0, False
    for mark in _MARKS.findall(text):
        if mark == b'"':
            in_string = not in_string
        elif in_string or len(mark) > 1:
            continue
        elif mark in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        else:
            depth -= 1
    return False


def _check_texts(value: object) -> None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ValueError("a text holds NUL or a lone surrogate")
    elif isinstance(value, list):
        for member in value:
            _check_texts(member)
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_texts(name)
            _check_texts(member)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")
