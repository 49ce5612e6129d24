"""JSON as it is accepted from anyone (INP-3, INP-4)."""

import json
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app_client_authz.domain import strict_json
from app_client_authz.domain.strict_json import MAX_DEPTH

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=50)
@given(VALUES)
def test_what_json_writes_comes_back(value: object) -> None:
    storable = "\\u0000" not in json.dumps(value)
    for text in (json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")):
        if storable:
            assert strict_json.parse(text) == value


REFUSED = {
    "nothing": b"",
    "blanks": b" \n",
    "a word": b"abc",
    "a trailing comma": b'{"a":1,}',
    "a trailing comma in a list": b"[1,]",
    "single quotes": b"{'a':1}",
    "no quotes": b"{a:1}",
    "an open object": b'{"a":1',
    "two values": b"{}{}",
    "a comment": b"{}/**/",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "Latin-1": '{"a":"é"}'.encode("latin-1"),
    "an overlong sequence": b'{"a":"\xc0\xae"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "a lone surrogate": b'{"a":"\\ud800"}',
    "a low surrogate": b'{"a":"x\\uDFFF"}',
    "surrogates the wrong way round": b'{"a":"\\udc00\\ud800"}',
    "a lone surrogate as name": b'{"\\ud800":1}',
    "a lone surrogate deep down": b'{"a":[[{"b":["\\ud800"]}]]}',
    "NUL": b'{"a":"\\u0000"}',
    "NUL as name": b'{"\\u0000":1}',
    "a raw NUL": b'{"a":"\x00"}',
    "a raw line end": b'{"a":"\n"}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
    "infinite": b'{"a":1e999}',
    "minus infinite": b'{"a":-1e400}',
    "an absurd integer": b'{"a":' + b"9" * 5000 + b"}",
    "an absurd negative integer": b'{"a":-' + b"9" * 5000 + b"}",
    "a leading zero": b'{"a":01}',
    "hexadecimal": b'{"a":0x1}',
    "a lone minus": b'{"a":-}',
    "True": b'{"a":True}',
    "lists beyond the depth": b"[" * 33 + b"]" * 33,
    "objects beyond the depth": b'{"a":' * 33 + b"1" + b"}" * 33,
    "a thousand open lists": b"[" * 1000,
    "a megabyte of open lists": b"[" * 1_000_000,
    "a megabyte of open objects": b'{"":' * 250_000,
    "closed before it opens": b"]" * 100 + b"[" * 130,
    "quotes without end": b'"' * 999_999,
    "escapes without end": b'"' + b"\\" * 999_999,
}


@pytest.mark.attack("R19")
@pytest.mark.parametrize("kind", REFUSED)
def test_anything_else_is_refused_with_one_error_that_quotes_nothing(kind: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError) as caught:
        strict_json.parse(REFUSED[kind])

    assert time.process_time() - began < 5
    # The decoder's own error has the whole text in its attribute ``doc``.
    assert type(caught.value) is ValueError
    assert not vars(caught.value)
    assert len(str(caught.value)) < 60


@pytest.mark.parametrize(
    "text, value",
    [
        (b"null", None),
        (b' {"a" : [1, -2.5e3, true, null, "x"]} ', {"a": [1, -2500.0, True, None, "x"]}),
        (b'"\\ud83d\\ude00"', "😀"),
        ('"😀\u2028"'.encode(), "😀\u2028"),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\u0001"', "\x01"),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b"9" * 400, int("9" * 400)),
        (b"1e308", 1e308),
        (b"[" * 32 + b"]" * 32, json.loads("[" * 32 + "]" * 32)),
        (b"[" + b'"[[[{{{",' * 100 + b'"\\"["]', ["[[[{{{"] * 100 + ['"[']),
        (b"[" + b"[]," * 1000 + b"[]]", [[]] * 1001),
    ],
)
def test_what_json_allows_is_accepted(text: bytes, value: object) -> None:
    assert strict_json.parse(text) == value


@given(st.integers(1, 40), st.booleans())
def test_depth_is_counted_exactly(depth: int, objects: bool) -> None:
    one, end = (b'{"]":', b"}") if objects else (b"[", b"]")
    text = one * depth + b'"["' + end * depth

    assert strict_json.too_deep(text) == (depth > MAX_DEPTH)


def test_the_interpreters_own_limit_is_never_met() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(_frames()) + 150)
    try:
        assert strict_json.parse(b'["\\u0041",' + b"[" * 31 + b"]" * 31 + b"]") is not None
    finally:
        sys.setrecursionlimit(before)


def _frames() -> list[object]:
    frame, found = sys._getframe(), []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back  # type: ignore[assignment]
    return found
