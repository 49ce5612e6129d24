r"""The patterns of the API model, which are Java's, matched by ``re``.

Java's ``\w``, ``\s`` and ``\d`` are ASCII's, and ``\p{L}`` names a Unicode category, which ``re`` does not
know. So every character beyond ASCII is replaced by one that stands for its category, in the text, and every
``\p{L}`` by the ASCII letters and that stand-in, in the pattern.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

# Private-use characters, whose own category is C: none of them can be told from another of that category.
_STAND_IN = {category: chr(0xE000 + number) for number, category in enumerate("LMNPSZC")}
_CATEGORY = re.compile(r"\\p\{([LMNPSZC])\}")
_ASCII_OF = {
    category: "".join(chr(code) for code in range(128) if unicodedata.category(chr(code))[0] == category)
    for category in _STAND_IN
}


@cache
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text matches the pattern as a whole. Only patterns that take linear time belong here (INP-7)."""
    fullmatch = re.compile(_CATEGORY.sub(_characters, pattern), re.ASCII).fullmatch

    def accepts(text: str) -> bool:
        return fullmatch(text if text.isascii() else _by_category(text)) is not None

    return accepts


def _characters(found: re.Match[str]) -> str:
    category = found[1]
    return re.escape(_ASCII_OF[category]) + _STAND_IN[category]


def _by_category(text: str) -> str:
    return "".join(
        character if character.isascii() else _STAND_IN[unicodedata.category(character)[0]] for character in text
    )
