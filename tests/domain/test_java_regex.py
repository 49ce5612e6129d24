"""The patterns of the model: what they accept, and that they take linear time (INP-7)."""

import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app_client_authz.api.shapes import model
from app_client_authz.domain import java_regex
from tests.support.samples import PATTERNS, input_shapes

MODEL_PATTERNS = sorted({pattern for name in input_shapes() if (pattern := model().shapes[name].get("pattern"))})
WIDE = "éöß€😀\u0301\u3000\u00a0\u2028\ue000\u200dª٣"
TEXTS = st.text(st.sampled_from(f"aZ09 _-+=,.@:/#{{}}*\n\t\x00\x7f{WIDE}"), max_size=30)


def as_written(pattern: str) -> re.Pattern[str]:
    """The pattern with every category written out for the characters of ``TEXTS``: slow, and nothing else."""
    alphabet = [*map(chr, range(128)), *WIDE]

    def members(found: re.Match[str]) -> str:
        return "".join(re.escape(each) for each in alphabet if unicodedata.category(each)[0] == found[1])

    return re.compile(re.sub(r"\\p\{([A-Z])\}", members, pattern), re.ASCII)


@pytest.mark.parametrize("pattern", MODEL_PATTERNS)
def test_every_pattern_of_the_model_tells_its_samples_apart(pattern: str) -> None:
    accepts = java_regex.matcher(pattern)
    fits, differs = PATTERNS[pattern]

    assert accepts(fits)
    assert not differs or not accepts(differs)


@pytest.mark.parametrize("pattern", MODEL_PATTERNS)
def test_every_pattern_of_the_model_means_what_is_written(pattern: str) -> None:
    reference, accepts = as_written(pattern), java_regex.matcher(pattern)
    samples = [sample for pair in PATTERNS.values() for sample in pair]

    for text in samples:
        assert accepts(text) == bool(reference.fullmatch(text)), text

    @settings(max_examples=60)
    @given(TEXTS | st.sampled_from(samples).flatmap(lambda sample: st.permutations(sample).map("".join)))
    def agree(text: str) -> None:
        # Python's dot stops at \n only; Java's at \r too, which no sample holds.
        assert accepts(text) == bool(reference.fullmatch(text))

    agree()


MARKS = ("{####}", "{####", "{##", "##}", "@", "a@", ":", "arn:a:a:", "-", "a", "é", "{##}", "_", " ", "é@")


@pytest.mark.parametrize("pattern", MODEL_PATTERNS)
def test_no_pattern_is_slow_on_long_texts(pattern: str) -> None:
    accepts = java_regex.matcher(pattern)
    began = time.process_time()
    for mark in MARKS:
        many = mark * (60_000 // len(mark))
        for text in (many, f"{many}\x01", f"{many}\n", f"{many} ", f"\x01{many}"):
            accepts(text)
    # All of it takes half a second on a slow machine; a quadratic pattern takes minutes for one text.
    assert time.process_time() - began < 8


@pytest.mark.parametrize("mark", ["{####}", "{##", "@", "é@"])
def test_a_megabyte_of_marks_is_judged_in_a_moment(mark: str) -> None:
    texts = [mark * (1_000_000 // len(mark)) + end for end in ("", "\x01")]
    began = time.process_time()
    for pattern in java_regex._LINEAR:
        for text in texts:
            java_regex.matcher(pattern)(text)
    assert time.process_time() - began < 30


def test_every_pattern_that_is_replaced_is_one_of_the_model() -> None:
    assert set(java_regex._LINEAR) <= set(MODEL_PATTERNS)


def test_classes_are_those_of_ascii() -> None:
    assert java_regex.matcher(r"\w+")("aZ09_")
    for text in ("é", "٣", "ª"):
        assert not java_regex.matcher(r"\w+")(text)
    assert not java_regex.matcher(r"\d+")("٣")
    assert java_regex.matcher(r"[\S]+")("\u00a0\u3000")  # blanks to Unicode, not to Java


def test_a_pattern_holds_for_the_whole_text() -> None:
    accepts = java_regex.matcher("^[a-z]+$")
    assert accepts("abc")
    for text in ("abc\n", "\nabc", "abc\nabc", "abc ", ""):
        assert not accepts(text)


@pytest.mark.parametrize(
    "text, category",
    [
        ("é", "L"),
        ("ñ", "L"),
        ("漢", "L"),
        ("\u0301", "M"),
        ("€", "S"),
        ("😀", "S"),
        ("٣", "N"),
        ("½", "N"),
        ("“", "P"),
        ("—", "P"),
    ],
)
def test_categories_are_those_of_unicode(text: str, category: str) -> None:
    for each in "LMNSPZ":
        assert java_regex.matcher(rf"[\p{{{each}}}]")(text) == (each == category)


@pytest.mark.parametrize("text", ["\x00", "\x7f", "\x85", "\u200d", "\ue000", "\ue001", "\U0010ffff", "\ud800"])
def test_control_and_private_characters_are_of_no_class(text: str) -> None:
    assert not java_regex.matcher(r"[\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]")(text)
