"""Lengths, patterns, ranges and enums of the API model, refused in Cognito's words (api.md 1.6)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from app_client_authz.domain import java_regex
from app_client_authz.domain.errors import InvalidParameter

MAX_VIOLATIONS = 100
"""So many are named: an answer must not be many times as long as its request (R22)."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string shape of the model: bounds in characters, and the pattern as the message shows it."""

    minimum: int
    maximum: int
    pattern: str
    accepts: Callable[[str], object]
    sensitive: bool = False

    def phrases(self, value: object) -> list[str]:
        """What is wrong with ``value``, length before pattern; empty if nothing is."""
        if value is None:
            return ["Member must not be null"]
        if not isinstance(value, str):
            return ["Member must be a string"]
        found = []
        if len(value) < self.minimum:
            found.append(f"Member must have length greater than or equal to {self.minimum}")
        if len(value) > self.maximum:
            found.append(f"Member must have length less than or equal to {self.maximum}")
        if not self.accepts(value):
            found.append(f"Member must satisfy regular expression pattern: {self.pattern}")
        return found


def regex(minimum: int, maximum: int, pattern: str, *, sensitive: bool = False) -> Text:
    """A shape with one of the model's patterns, matched as a whole."""
    return Text(minimum, maximum, pattern, java_regex.matcher(pattern), sensitive)


def anything(minimum: int, maximum: int) -> Text:
    """A shape without a pattern."""
    return Text(minimum, maximum, "", lambda value: True)


class Checker:
    """Collects the violations of one request, so that one refusal names them all.

    Members are checked in the order of the model; a member that is unset (None) is not looked at,
    except by ``text`` with ``required=True``.
    """

    def __init__(self) -> None:
        self._items: list[str] = []

    def refuse(self, path: str, value: object, phrase: str, *, sensitive: bool = False) -> None:
        """Note one violation; the value of a sensitive member is never shown.

        Raises:
            InvalidParameter: it is the hundredth.
        """
        shown = "Value" if sensitive and value is not None else f"Value {_shown(value)}"
        self._items.append(f"{shown} at '{path}' failed to satisfy constraint: {phrase}")
        if len(self._items) >= MAX_VIOLATIONS:
            self.done()

    def text(self, path: str, value: object, shape: Text, *, required: bool = False) -> None:
        """A string of that shape."""
        if value is None and not required:
            return
        for phrase in shape.phrases(value):
            self.refuse(path, value, phrase, sensitive=shape.sensitive)

    def texts(self, path: str, values: object, shape: Text, *, at_most: int | None = None) -> None:
        """A list of strings of that shape."""
        if self._is_list(path, values, at_most) and isinstance(values, (list, tuple)):
            self.members(path, values, (phrase for value in values for phrase in shape.phrases(value)))

    def one_of(self, path: str, value: object, options: Collection[str]) -> None:
        """A member of an enum."""
        if value is not None and not _is_member(value, options):
            self.refuse(path, value, _enum(options))

    def each_of(self, path: str, values: object, options: Collection[str], *, at_most: int | None = None) -> None:
        """A list of members of an enum."""
        if self._is_list(path, values, at_most) and isinstance(values, (list, tuple)):
            self.members(path, values, (_enum(options) for value in values if not _is_member(value, options)))

    def whole(self, path: str, value: object, minimum: int, maximum: int | None = None) -> None:
        """An integer within bounds; a bool is none (INP-6)."""
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(path, value, "Member must be an integer")
        elif value < minimum:
            self.refuse(path, value, f"Member must have value greater than or equal to {minimum}")
        elif maximum is not None and value > maximum:
            self.refuse(path, value, f"Member must have value less than or equal to {maximum}")

    def flag(self, path: str, value: object) -> None:
        """A boolean."""
        if value is not None and not isinstance(value, bool):
            self.refuse(path, value, "Member must be a boolean")

    def members(
        self, path: str, values: Collection[object], phrases: Iterable[str], *, sensitive: bool = False
    ) -> None:
        """Note what is wrong with members of a list or map: as on AWS, value and path are the container's."""
        distinct = list(dict.fromkeys(phrases))
        if distinct:
            phrase = f"Member must satisfy constraint: [{', '.join(distinct)}]"
            self.refuse(path, values, phrase, sensitive=sensitive)

    def done(self) -> None:
        """Refuse, if anything was noted.

        Raises:
            InvalidParameter: naming every violation.
        """
        if self._items:
            count = len(self._items)
            noun = "error" if count == 1 else "errors"
            raise InvalidParameter(f"{count} validation {noun} detected: {'; '.join(self._items)}")

    def _is_list(self, path: str, values: object, at_most: int | None) -> bool:
        if values is None:
            return False
        if not isinstance(values, (list, tuple)):
            self.refuse(path, values, "Member must be a list")
            return False
        if at_most is not None and len(values) > at_most:
            self.refuse(path, values, f"Member must have length less than or equal to {at_most}")
        return True


def _is_member(value: object, options: Collection[str]) -> bool:
    return isinstance(value, str) and value in options


def _enum(options: Collection[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(options)}]"


def _shown(value: object) -> str:
    return plain(value) if value is None else f"'{plain(value)}'"


def plain(value: object) -> str:
    """A value as messages show it: one line that any terminal, header or encoding can carry."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to write very long numbers in decimal.
        return str(value) if value.bit_length() <= 128 else hex(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(plain(member) for member in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{plain(name)}={plain(member)}' for name, member in value.items())}}}"
    text = value if isinstance(value, str) else type(value).__name__
    return text if text.isprintable() else ascii(text)[1:-1]
