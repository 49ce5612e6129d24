"""Requests made from the service model: for every shape a value that fits, and values that each break one rule."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from app_client_authz.api.shapes import model

Json = dict[str, Any]

# What a text of each pattern of the model looks like, and one that differs in a character that it does not allow.
# Written by hand: they are what the validator is held against.
_P = r"\p{L}\p{M}\p{S}\p{N}\p{P}"
_ARN = r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?"
_UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[4][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"
_LANGUAGES = (
    "^cognito:(default|dutch|english|french|spanish|german|bahasa-indonesia|italian|japanese|korean|"
    "portuguese-brazil|chinese-(simplified|traditional))$"
)
_RESTORE_ID = r"^[0-9a-f]{8}\b-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-\b[0-9a-f]{12}$"
PATTERNS: dict[str, tuple[str, str]] = {
    r"Level[1-4]": ("Level4", "Level5"),
    r"[\x21\x23-\x5B\x5D-\x7E]+": ("orders", 'or"ders'),
    r"[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]+": ("read", "re/ad"),
    _ARN: ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::account:role/xxxx"),
    rf"({_ARN})?": ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::account:role/xxxx"),
    r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:::[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?": (
        "arn:aws:s3:::bucket",
        "arn:aws:s3::1:bucket",
    ),
    rf"[{_P}\t\n\r ]+": ("email\n of", "email\x0b"),
    rf"[{_P}]+": ("größe-1", "größe 1"),
    rf"^[{_P}]+$": ("https://größe", "https://a b"),
    rf"[{_P}\s]+": ("Größe\t 1", "Größe\x01"),
    rf"[{_P}\s*]*": ("Größe *", "Größe\x7f"),
    rf"[{_P}\s*]+": ("Größe *", "Größe\x7f"),
    rf"[{_P}\s*]*\{{####\}}[{_P}\s*]*": ("Größe {####}\n{####}", "Größe {###}"),
    rf"[{_P}\s*]*\{{##[{_P}\s*]*##\}}[{_P}\s*]*": ("a {##größe##} b", "a {##größe#} b"),
    rf"[{_P}]+@[{_P}]+": ("größe@x", "@größe"),
    r"[\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]+": ("Größe\u3000 1", "Größe\t1"),
    r"[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+": ("Größe", "Gr\u3000ße"),
    r"[\w+]+": ("0123456789abcdefghijklmn+_", "0123456789abcdefghijklmn-"),
    r"[\w\s+=,.@-]+": ("my name, 1", "my name!"),
    r"[\w\s+=.@-]+": ("my name. 1", "my name, 1"),
    r"^[\w\- ]+$": ("my-name 1", "my-name.1"),
    r"[\S]+": ("Größe!", "Größe 1"),
    r"[\w-]+_[0-9a-f-]+": ("us-east-1_0f-", "us-east-1_0g"),
    r"[\w-]+_[0-9a-zA-Z]+": ("us-east-1_Abc123xyz", "us-east-1_Abc-123"),
    r"[\w+-]+": ("a+b-c_1", "a.b"),
    r"[A-Za-z0-9-_+/=.]+": ("aA-_+/=.", "aA*"),
    r"[A-Za-z0-9-_=.]+": ("aA-_=.", "aA+"),
    r"^[0-9a-fA-F]+$": ("09afAF", "0x09"),
    _LANGUAGES: ("cognito:chinese-simplified", "cognito:latin"),
    _UUID: ("01234567-89ab-4def-8123-456789abcdef", "01234567-89ab-1def-8123-456789abcdef"),
    r"^[a-zA-Z0-9_-]+$": ("a_B-1", "a.b"),
    r"^[a-z0-9]+$": ("a1", "A1"),
    r"^https://[^\s]+$": ("https://x", "https://x y"),
    r"^https://[!$-;=@-\[\]_a-z~]+$": ("https://x/*", "https://x#y"),
    _RESTORE_ID: ("01234567-89ab-1def-c123-456789abcdef", "01234567-89ab-1def-c123-456789abcdeg"),
    r"[\w+=/]+": ("aA+=/_", "aA-"),
    r"^(tkn|sso)[a-z0-9]{25}$": ("tkn" + "a1" * 12 + "z", "tkx" + "a1" * 12 + "z"),
    r"(?s).*": ("any\nthing", ""),  # nothing differs
    r".*\{####\}.*": ("code {####}.", "code {###}."),
    r"[0-9]+": ("123456", "12345x"),
    r"^(terms-of-use|privacy-policy)$": ("privacy-policy", "privacy-policies"),
    r"import-[0-9a-zA-Z-]+": ("import-a1-B", "import-a_1"),
}
WRONG_TYPES: dict[str, tuple[object, ...]] = {
    "string": (1, 1.5, True, False, [], ["x"], {}, {"x": "y"}),
    "blob": (1, True, [], {}, "no base64!"),
    "integer": ("1", "", "x", 1.5, 1.0, True, False, [], {}, 2**31, -(2**31) - 1, 10**300),
    "boolean": ("true", "", 0, 1, 1.0, [], {}),
    "timestamp": ("1790000000", "", True, [], {}),
    "list": ("x", 1, True, {}, {"x": "y"}),
    "map": ("x", 1, True, [], ["x"]),
    "structure": ("x", 1, True, [], [{}]),
}


class Broken(NamedTuple):
    """A value that breaks one rule, or a rule and what follows from it.

    ``phrases`` stand in the refusal; none of a value that has another JSON type. ``where`` is the path of the
    member that is refused, below the value itself.
    """

    rule: str
    value: Any
    where: str
    phrases: tuple[str, ...]


@cache
def input_shapes() -> frozenset[str]:
    """Every shape that requests are made of."""
    found: set[str] = set()

    def walk(name: str) -> None:
        if name in found:
            return
        found.add(name)
        shape = model().shapes[name]
        for inner in (*shape.get("members", {}).values(), *(shape.get(part) for part in ("member", "key", "value"))):
            if inner is not None:
                walk(inner)

    for operation in model().operations.values():
        walk(operation["input"])
    return frozenset(found)


def fitting(name: str) -> Any:
    """A value that fits a shape: short, and with required members only."""
    shape = model().shapes[name]
    match shape["type"]:
        case "structure":
            return {member: fitting(shape["members"][member]) for member in shape.get("required", ())}
        case "list":
            return [fitting(shape["member"])] * max(1, shape.get("min", 0))
        case "map":
            return {fitting(shape["key"]): fitting(shape["value"])}
        case "integer":
            return shape.get("min", 1)
        case "boolean":
            return True
        case "timestamp":
            return 1_790_000_000
        case "blob":
            return "eA=="
        case "document":
            return {}
    if "enum" in shape:
        return shape["enum"][0]
    text = PATTERNS[shape["pattern"]][0] if "pattern" in shape else "x"
    return text.ljust(shape.get("min", 0), text[-1])


def requests(operation: str) -> Iterator[tuple[str, Json, str, tuple[str, ...]]]:
    """Every way in which a request of the operation can break a rule of its shapes, one at a time.

    The rule, the body, and what the refusal says: the place and the phrases.
    """
    for rule, body, where, phrases in broken(model().operations[operation]["input"]):
        yield rule, body, f"at '{where}' failed to satisfy constraint: ", phrases


def broken(name: str) -> Iterator[Broken]:
    """Values of the shape that each break one rule, at any depth."""
    shape = model().shapes[name]
    kind = shape["type"]
    for wrong in WRONG_TYPES.get(kind, ()):
        yield Broken(f"{wrong!r:.20} for a {kind}", wrong, "", ())
    if kind == "structure":
        yield from _of_structure(name)
    elif kind == "list":
        yield from _of_size(shape, [fitting(shape["member"])])
        for rule, value, where, phrases in broken(shape["member"]):
            several = [value] * max(1, shape.get("min", 0))
            if model().shapes[shape["member"]]["type"] == "structure":
                yield Broken(rule, several, f"1.member.{where}", phrases)
            else:
                yield Broken(rule, several, "", _wrapped(phrases))
        yield Broken("null in a list", [None, fitting(shape["member"])], "", _wrapped(("Member must not be null",)))
    elif kind == "map":
        yield from _of_map(shape)
    else:
        yield from _of_scalar(shape)


def _of_structure(name: str) -> Iterator[Broken]:
    shape, base = model().shapes[name], fitting(name)
    for member, kind in shape["members"].items():
        at = member[0].lower() + member[1:]
        if member in shape.get("required", ()):
            yield Broken(f"no {member}", {**base, member: None}, at, ("Member must not be null",))
            without = {each: value for each, value in base.items() if each != member}
            yield Broken(f"{member} left out", without, at, ("Member must not be null",))
        for rule, value, where, phrases in broken(kind):
            yield Broken(f"{rule} in {member}", {**base, member: value}, f"{at}.{where}".rstrip("."), phrases)


def _of_map(shape: Json) -> Iterator[Broken]:
    key, value = fitting(shape["key"]), fitting(shape["value"])
    yield from _of_size(shape, {key: value})
    for rule, wrong, where, phrases in broken(shape["value"]):
        if model().shapes[shape["value"]]["type"] == "structure":
            yield Broken(rule, {key: wrong}, f"{key}.member.{where}", phrases)
        else:
            yield Broken(rule, {key: wrong}, "", _wrapped(phrases))
    for rule, wrong, _, phrases in broken(shape["key"]):
        if isinstance(wrong, str):
            yield Broken(f"{rule} as key", {wrong: value}, "", _wrapped(phrases))


def _of_size(shape: Json, one: Any) -> Iterator[Broken]:
    if shape.get("min", 0) > 0:
        phrase = f"Member must have length greater than or equal to {shape['min']}"
        yield Broken("too few", type(one)(), "", (phrase,))
    if "max" in shape:
        count = shape["max"] + 1
        many = one * count if isinstance(one, list) else dict.fromkeys(map(str, range(count)), *one.values())
        yield Broken("too many", many, "", (f"Member must have length less than or equal to {shape['max']}",))


def _of_scalar(shape: Json) -> Iterator[Broken]:
    least, most = shape.get("min"), shape.get("max")
    if shape["type"] == "integer":
        if least is not None:
            yield Broken("too small", least - 1, "", (f"Member must have value greater than or equal to {least}",))
        if most is not None:
            yield Broken("too large", most + 1, "", (f"Member must have value less than or equal to {most}",))
    elif shape["type"] == "blob":
        if most is not None and most < 700_000:
            long = "eHh4" * (most // 3 + 1)
            yield Broken("too long", long, "", (f"Member must have length less than or equal to {most}",))
    elif shape["type"] == "string":
        yield from _of_text(shape, least, most)


def _of_text(shape: Json, least: int | None, most: int | None) -> Iterator[Broken]:
    for unstorable in ("a\x00b", "\ud800", "x\udfff"):
        yield Broken(json.dumps(unstorable), unstorable, "", ())
    if least:
        yield Broken("too short", "x" * (least - 1), "", (f"Member must have length greater than or equal to {least}",))
    if most is not None:
        phrase = f"Member must have length less than or equal to {most}"
        yield Broken("too long", "x" * (most + 1), "", (phrase,))
        yield Broken("a megabyte", "x" * 1_000_000, "", (phrase,))
    if "pattern" in shape and PATTERNS[shape["pattern"]][1]:
        phrase = f"Member must satisfy regular expression pattern: {shape['pattern']}"
        yield Broken("another pattern", PATTERNS[shape["pattern"]][1], "", (phrase,))
    if "enum" in shape:
        phrase = f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"
        for unknown in ("UNKNOWN", shape["enum"][0].swapcase(), f"{shape['enum'][0]} ", ""):
            yield Broken(f"{unknown!r} of an enum", unknown, "", (phrase,))


def _wrapped(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Members of lists and maps are reported with the place of the whole (api.md 1.6)."""
    return ("Member must satisfy constraint: [", *phrases) if phrases else ()
