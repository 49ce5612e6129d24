"""Style sheets for the sign-in pages: Cognito's own classes with harmless properties, and nothing else.

Whoever may set a style sheet must not be able to load anything, run anything, or leave the sheet: so it is held
against a small grammar of our own, in linear time, instead of being searched for what is known to be bad.
"""

import re

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.shapes import plain

MAX_CHARACTERS = 131_072

_CLASSES = (
    "background",
    "banner",
    "errorMessage",
    "idpButton",
    "idpDescription",
    "inputField",
    "label",
    "legalText",
    "logo",
    "passwordCheck-notValid",
    "passwordCheck-valid",
    "redirect",
    "socialButton",
    "submitButton",
    "textDescription",
)
SELECTORS = frozenset(f".{name}-customizable" for name in _CLASSES) | {
    ".idpButton-customizable:hover",
    ".inputField-customizable:focus",
    ".submitButton-customizable:hover",
}
"""What Cognito's developer guide lists."""

# The first word of a property: how something looks, never where it lies on the page or what it says.
_PROPERTIES = frozenset(
    {
        "align",
        "background",
        "border",
        "box",
        "color",
        "display",
        "font",
        "height",
        "letter",
        "line",
        "margin",
        "max",
        "min",
        "opacity",
        "outline",
        "padding",
        "text",
        "vertical",
        "white",
        "width",
        "word",
    }
)
_PROPERTY = re.compile(r"[a-z]+(?:-[a-z]+)*")
_QUOTED = r"""(?:"[\w ,.-]*+"|'[\w ,.-]*+')"""
# Functions of numbers, quoted names, words, numbers and colours: there is no url() and no escape.
_VALUE = re.compile(rf"(?:\b(?:rgba?|hsla?)\([\w \t.,%/-]*+\)|{_QUOTED}|[\w \t\r\n#%.,!+*/-])++", re.ASCII)
# Comments and strings are told apart as a browser does it, from left to right.
_PIECE = re.compile(rf"""(?P<comment>/\*(?:[^*]|\*(?!/))*+\*/)|{_QUOTED}|[^"'/]++|/(?!\*)""", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLANK = " \t\r\n"
_SHOWN_CHARACTERS = 64


def check(css: str) -> None:
    """Nothing, if every rule of the style sheet is harmless.

    Raises:
        InvalidParameter: naming the first thing that is not.
    """
    if len(css) > MAX_CHARACTERS:
        raise InvalidParameter(f"A style sheet has {MAX_CHARACTERS} characters at most.")
    # In comments too: whatever a style sheet is written into, it ends where it ends.
    for mark in ("<", ">", "@", "\\"):
        if mark in css:
            raise InvalidParameter(f"CSS must not contain {mark}")
    if _CONTROL.search(css):
        raise InvalidParameter("CSS must not contain control characters.")
    rules = _without_comments(css).split("}")
    if rules.pop().strip(_BLANK):
        raise InvalidParameter("CSS ends within a rule.")
    for rule in rules:
        selectors, brace, declarations = rule.partition("{")
        if not brace:
            raise _refused("rule", rule)
        for selector in selectors.split(","):
            if selector.strip(_BLANK) not in SELECTORS:
                raise _refused("selector", selector)
        for declaration in declarations.split(";"):
            if declaration.strip(_BLANK):
                _check_declaration(declaration)


def _without_comments(css: str) -> str:
    kept = []
    position = 0
    while position < len(css):
        piece = _PIECE.match(css, position)
        if piece is None:
            raise _refused("text", css[position:])
        # A space stands for a comment: two halves of a word must not become one behind our back.
        kept.append(" " if piece["comment"] else piece[0])
        position = piece.end()
    return "".join(kept)


def _check_declaration(declaration: str) -> None:
    name, _, value = declaration.partition(":")
    name = name.strip(_BLANK)
    if not _PROPERTY.fullmatch(name) or name.partition("-")[0] not in _PROPERTIES:
        raise _refused("property", name)
    if not _VALUE.fullmatch(value.strip(_BLANK)):
        raise _refused("value", value)


def _refused(what: str, text: str) -> InvalidParameter:
    shown = plain(text.strip(_BLANK)[:_SHOWN_CHARACTERS])
    return InvalidParameter(f"CSS {what} is not allowed: {shown}")
