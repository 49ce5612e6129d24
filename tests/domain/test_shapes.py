"""Constraints of the API model as the domain checks them, for every face (api.md 1.6)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain import shapes
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.shapes import Checker, plain

WORD = shapes.regex(2, 4, r"[\w]+")
SECRET = shapes.regex(2, 4, r"[\w]+", sensitive=True)
ANYTHING = shapes.anything(1, 3)

Check = Callable[[Checker], None]


def said(*checks: Check) -> str:
    """The refusal of these checks; empty if there is none."""
    checker = Checker()
    for check in checks:
        check(checker)
    try:
        checker.done()
    except InvalidParameter as refusal:
        return refusal.message
    return ""


def one(what: str, phrase: str) -> str:
    return f"1 validation error detected: {what} failed to satisfy constraint: {phrase}"


LONG = "Member must have length less than or equal to 4"
SHORT = "Member must have length greater than or equal to 2"
PATTERN = r"Member must satisfy regular expression pattern: [\w]+"
ENUM = "Member must satisfy enum value set: [A, B]"
LEAST = "Member must have value greater than or equal to 1"
MOST = "Member must have value less than or equal to 9"


@pytest.mark.parametrize(
    "check, message",
    [
        (lambda checker: checker.text("name", "abc", WORD), ""),
        (lambda checker: checker.text("name", None, WORD), ""),
        (lambda checker: checker.text("name", "abcde", WORD), one("Value 'abcde' at 'name'", LONG)),
        (lambda checker: checker.text("name", "a", WORD), one("Value 'a' at 'name'", SHORT)),
        (lambda checker: checker.text("name", "a b", WORD), one("Value 'a b' at 'name'", PATTERN)),
        (lambda checker: checker.text("name", "a b", SECRET), one("Value at 'name'", PATTERN)),
        (
            lambda checker: checker.text("name", None, SECRET, required=True),
            one("Value null at 'name'", "Member must not be null"),
        ),
        (lambda checker: checker.text("name", 1, WORD), one("Value '1' at 'name'", "Member must be a string")),
        (lambda checker: checker.text("name", " ? ", ANYTHING), ""),
        (lambda checker: checker.texts("list", ("ab", "cd"), WORD), ""),
        (lambda checker: checker.texts("list", None, WORD), ""),
        (
            lambda checker: checker.texts("list", ["a b", "ab", "c d"], WORD),
            one("Value '[a b, ab, c d]' at 'list'", f"Member must satisfy constraint: [{PATTERN}]"),
        ),
        (
            lambda checker: checker.texts("list", ["ab"] * 5, WORD, at_most=4),
            one("Value '[ab, ab, ab, ab, ab]' at 'list'", LONG),
        ),
        (lambda checker: checker.texts("list", "ab", WORD), one("Value 'ab' at 'list'", "Member must be a list")),
        (lambda checker: checker.one_of("enum", "A", ("A", "B")), ""),
        (lambda checker: checker.one_of("enum", None, ("A", "B")), ""),
        (lambda checker: checker.one_of("enum", "C", ("A", "B")), one("Value 'C' at 'enum'", ENUM)),
        (lambda checker: checker.one_of("enum", 1, ("A", "B")), one("Value '1' at 'enum'", ENUM)),
        (
            lambda checker: checker.each_of("enums", ("A", "C"), ("A", "B")),
            one("Value '[A, C]' at 'enums'", f"Member must satisfy constraint: [{ENUM}]"),
        ),
        (lambda checker: checker.whole("number", 1, 1, 9), ""),
        (lambda checker: checker.whole("number", None, 1, 9), ""),
        (lambda checker: checker.whole("number", 0, 1, 9), one("Value '0' at 'number'", LEAST)),
        (lambda checker: checker.whole("number", 10, 1, 9), one("Value '10' at 'number'", MOST)),
        (lambda checker: checker.whole("number", 10**9, 1), ""),
        (
            lambda checker: checker.whole("number", True, 0, 1),
            one("Value 'true' at 'number'", "Member must be an integer"),
        ),
        (lambda checker: checker.flag("flag", False), ""),
        (lambda checker: checker.flag("flag", 0), one("Value '0' at 'flag'", "Member must be a boolean")),
    ],
)
def test_each_check_has_its_phrase(check: Check, message: str) -> None:
    assert said(check) == message


def test_all_violations_are_named_in_the_order_of_the_checks() -> None:
    message = said(
        lambda checker: checker.text("name", "a b c d", WORD),
        lambda checker: checker.whole("number", 0, 1),
        lambda checker: checker.text("secret", "a b c d", SECRET),
    )

    assert message == (
        f"5 validation errors detected: Value 'a b c d' at 'name' failed to satisfy constraint: {LONG}; "
        f"Value 'a b c d' at 'name' failed to satisfy constraint: {PATTERN}; "
        f"Value '0' at 'number' failed to satisfy constraint: {LEAST}; "
        f"Value at 'secret' failed to satisfy constraint: {LONG}; "
        f"Value at 'secret' failed to satisfy constraint: {PATTERN}"
    )


def test_the_hundredth_violation_ends_the_search() -> None:
    checker = Checker()
    for _ in range(shapes.MAX_VIOLATIONS - 1):
        checker.flag("flag", 0)
    with pytest.raises(InvalidParameter, match=r"^100 validation errors detected: "):
        checker.flag("flag", 0)


@pytest.mark.parametrize(
    "value, shown",
    [
        ("größe", "größe"),
        ("", ""),
        ("a\nb\x1b[31m\u202e", r"a\nb\x1b[31m\u202e"),
        ("\ud800\x00", r"\ud800\x00"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (-1, "-1"),
        (2**200, hex(2**200)),
        pytest.param(10**10_000, hex(10**10_000), id="a number that Python does not write"),
        (["a", 1, None, ["b"]], "[a, 1, null, [b]]"),
        (("a",), "[a]"),
        ({"a": "b", "c": [1]}, "{a=b, c=[1]}"),
        (b"secret", "bytes"),
        (1.5, "float"),
    ],
)
def test_a_value_is_shown_as_one_printable_line(value: object, shown: str) -> None:
    assert plain(value) == shown


@given(st.text())
def test_any_text_is_shown_printable(text: str) -> None:
    assert plain(text).isprintable()
