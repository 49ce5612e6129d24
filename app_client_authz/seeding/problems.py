"""What is wrong with files: every problem with its place, told together."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app_client_authz.domain.errors import AuthzError
from app_client_authz.domain.shapes import plain

SHOWN_AT_MOST = 50
_COUNTED = re.compile(r"\d+ validation errors? detected: ")


class Refused(AuthzError):
    """Files cannot be applied as they are, and nothing was. ``lines`` say where and why."""

    code = "seed"

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


class Problems:
    """Collects problems, so that one run names all of them."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    @property
    def count(self) -> int:
        return len(self._lines)

    def add(self, where: str, message: str) -> None:
        """Note one: ``where`` is a path into a file, such as ``pools[0].clients[1].CallbackURLs[0]``."""
        self._lines.append(f"{plain(where)}: {plain(_COUNTED.sub('', message))}")

    @contextmanager
    def at(self, where: str) -> Iterator[None]:
        """Whatever is refused inside is a problem of that place, and ends the block."""
        try:
            yield
        except AuthzError as error:
            self.add(where, error.message or error.code)

    def done(self) -> None:
        """Refuse, if anything was noted.

        Raises:
            Refused: naming the first fifty problems.
        """
        if not self._lines:
            return
        shown = self._lines[:SHOWN_AT_MOST]
        if len(self._lines) > len(shown):
            shown.append(f"and {len(self._lines) - len(shown)} more")
        raise Refused(shown)


def unreadable(path: Path, message: str) -> Refused:
    """The refusal of a file that cannot be read at all."""
    return Refused([f"{plain(str(path))}: {plain(message)}"])
