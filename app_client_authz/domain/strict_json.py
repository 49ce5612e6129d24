"""JSON as far as we accept it from anyone: bounded depth, UTF-8, finite numbers (INP-3, INP-4)."""

import json
import math
import re
from typing import Final

MAX_DEPTH: Final = 32

_MARKS: Final = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def parse(text: bytes) -> object:
    """The value.

    Raises:
        ValueError: no JSON, nested deeper than 32 levels, not UTF-8, NaN or infinity, a number of absurd
            length, or a text with NUL or a lone surrogate. The message quotes nothing of it.
    """
    if too_deep(text):
        raise ValueError("nested too deep")
    try:
        value: object = json.loads(text.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError as error:
        # A decoder's own error carries the whole text along (R11).
        raise ValueError(type(error).__name__) from None
    # Only an escape brings these two past the decoder; most bodies hold none, and are not walked.
    if b"\\u" in text and not _is_storable(value):
        raise ValueError("a text holds NUL or a lone surrogate")
    return value


def too_deep(text: bytes) -> bool:
    """Whether the JSON is nested deeper than we accept, found without parsing it."""
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return False
    depth, in_string = 0, False
    for mark in _MARKS.finditer(text):
        sign = mark[0]
        if sign == b'"':
            in_string = not in_string
        elif in_string or len(sign) > 1:
            continue
        elif sign in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        else:
            depth -= 1
    return False


def _is_storable(value: object) -> bool:
    """Whether every database can keep all texts in it."""
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is None
    if isinstance(value, list):
        return all(map(_is_storable, value))
    if isinstance(value, dict):
        return all(map(_is_storable, value)) and all(map(_is_storable, value.values()))
    return True


def _finite(number: str) -> float:
    # "1e999" is no constant, and infinite all the same.
    if not math.isfinite(value := float(number)):
        raise ValueError("no finite number")
    return value
