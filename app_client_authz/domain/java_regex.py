r"""The patterns of the API model, which are Java's, matched by ``re`` in linear time (INP-7).

Java's ``\w``, ``\s`` and ``\d`` are ASCII's, and ``\p{L}`` names a Unicode category, which ``re`` does not
know. So every character beyond ASCII is replaced by one that stands for its category, in the text, and every
``\p{L}`` by the ASCII letters and that stand-in, in the pattern.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache

# Private-use characters, whose own category is C: none of them can be told from another of that category.
_STAND_IN = {category: chr(0xE000 + number) for number, category in enumerate("LMNPSZC")}
_CATEGORY = re.compile(r"\\p\{([LMNPSZC])\}")
_ASCII_OF = {
    category: "".join(chr(code) for code in range(128) if unicodedata.category(chr(code))[0] == category)
    for category in _STAND_IN
}

_MESSAGE = r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]"
_VISIBLE = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]"
# Patterns whose repetitions run over what follows them: ``re`` would try every way to share a text out between
# them. These say the same: all characters are allowed, and the marks stand among them, one behind the other.
_LINEAR: Mapping[str, str] = {
    rf"{_MESSAGE}*\{{####\}}{_MESSAGE}*": rf"(?={_MESSAGE}*+\Z)(?>(?s:.*?)\{{####\}})(?s:.*)",
    rf"{_MESSAGE}*\{{##{_MESSAGE}*##\}}{_MESSAGE}*": (rf"(?={_MESSAGE}*+\Z)(?>(?s:.*?)\{{##)(?>(?s:.*?)##\}})(?s:.*)"),
    rf"{_VISIBLE}+@{_VISIBLE}+": rf"(?={_VISIBLE}*+\Z)(?>(?s:.+?)@)(?s:.+)",
    r".*\{####\}.*": r"(?=[^\n\r]*+\Z)(?>(?s:.*?)\{####\})(?s:.*)",
}


@cache
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text matches the pattern as a whole. Only for patterns of the model: their number is small."""
    fullmatch = re.compile(_CATEGORY.sub(_characters, _LINEAR.get(pattern, pattern)), re.ASCII).fullmatch

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
