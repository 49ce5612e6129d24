"""Names by which people sign in: how they are compared and what they look like."""

import unicodedata

MAX_NAME = 128
"""Characters of the longest name that can be typed at a sign-in (``UsernameType``)."""
MAX_KEY = 512
"""Characters of the longest key: folding can lengthen a name, and an index entry must stay small."""

# Marks and letters that show nothing, so that two names which look alike have the same key. Characters of
# the categories control and format show nothing either; no name holds them in the first place.
_INVISIBLE = dict.fromkeys(
    (
        0x034F,
        *range(0x115F, 0x1161),
        *range(0x17B4, 0x17B6),
        *range(0x180B, 0x1810),
        0x3164,
        *range(0xFE00, 0xFE10),
        0xFFA0,
        *range(0xE0100, 0xE01F0),
    )
)
_DIGITS = frozenset("0123456789")
# An address with one of these is either not one address, or not one that mail programs agree on.
_NOT_IN_EMAIL = frozenset('",:;<>()[]\\')


def username_key(name: str, case_sensitive: bool = False) -> str:
    """What is compared instead of the name: equal keys are the same name (API-8).

    Unicode's compatibility form without invisible characters and, unless the pool is case sensitive, without
    case (Unicode 5.18, definition D146, composed at the end). The key of a key is the key.
    """
    if len(name) > MAX_KEY:
        return name  # nobody's name: folding combining marks takes time that grows with the square (INP-7)
    if name.isascii():  # the common case: no normalisation form changes ASCII
        return name if case_sensitive else name.lower()
    if case_sensitive:
        visible = unicodedata.normalize("NFKD", name)
    else:
        folded = unicodedata.normalize("NFD", name).casefold()
        visible = unicodedata.normalize("NFKD", folded).casefold()
    return unicodedata.normalize("NFKC", visible.translate(_INVISIBLE))


def is_email(value: str) -> bool:
    """True for one plain address, also after folding: so the key of an address looks like an address."""
    return _is_address(value) and (value.isascii() or _is_address(username_key(value)))


def is_phone_number(value: str) -> bool:
    """True for ``+`` and 2 to 15 digits (E.164)."""
    return value[:1] == "+" and 3 <= len(value) <= 16 and value[1] != "0" and _DIGITS.issuperset(value[1:])


def looks_like_email(name: str) -> bool:
    """True for every name that an address could be mistaken for, whatever script it is typed in."""
    local, _, domain = username_key(name).rpartition("@")
    return local != "" and "." in domain


def looks_like_phone_number(name: str) -> bool:
    """True for every name that a phone number could be mistaken for, whatever script it is typed in."""
    return is_phone_number(username_key(name))


def _is_address(value: str) -> bool:
    local, separator, domain = value.partition("@")
    labels = domain.split(".")
    return (
        separator == "@"
        # What mail programs take for an encoded word (RFC 2047) becomes another address in their hands.
        and "=?" not in value
        and local != ""
        and all(_may_stand_in_local_part(character) for character in local)
        and len(labels) > 1
        and all(label != "" and _is_label(label) for label in labels)
    )


def _may_stand_in_local_part(character: str) -> bool:
    if character.isascii():
        return "!" <= character <= "~" and character != "@" and character not in _NOT_IN_EMAIL
    return unicodedata.category(character)[0] in "LMN"


def _is_label(label: str) -> bool:
    return all(character == "-" or unicodedata.category(character)[0] in "LMN" for character in label)
