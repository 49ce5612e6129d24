"""Users of a host's directory: looked at there before a row of ours is believed (R18).

A directory is asked outside of transactions, because it has transactions of its own. So a repository that comes
upon such a user says so by ``LookFirst``; ``Units`` leaves the piece of work, has the directory asked, and begins anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Wanted:
    """A user to be looked at, by ``sub`` or by a name as it was typed."""

    pool_id: str
    sub: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """Who goes by a name: a ``sub``, None if nobody does."""

    sub: str | None


class LookFirst(Exception):
    """No error: what is to be looked at before the work can go on."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__("a user of a directory")
        self.wanted = wanted


class Directories(Protocol):
    """What ``Units`` needs of whoever asks directories; false while there are none."""

    def __bool__(self) -> bool: ...

    def has(self, pool_id: str) -> bool:
        """Whether the pool's users are in a directory."""

    def look(self, wanted: Wanted) -> str | None:
        """Bring the row of that user up to date; the sub of it, None if there is none."""


class Looks:
    """What one piece of work has looked at already, so that it looks at each user once."""

    __slots__ = ("_has", "_names", "_subs")

    def __init__(self, has: Callable[[str], bool]) -> None:
        self._has = has
        self._subs: set[tuple[str, str]] = set()
        self._names: dict[tuple[str, str], Named] = {}

    def by_sub(self, pool_id: str, sub: str) -> None:
        """Raises:
        LookFirst: the pool has a directory, and the user was not looked at yet.
        """
        if self._has(pool_id) and (pool_id, sub) not in self._subs:
            raise LookFirst(Wanted(pool_id, sub=sub))

    def by_name(self, pool_id: str, name: str) -> Named | None:
        """Who goes by that name; None if the pool has no directory, and its own names count.

        Raises:
            LookFirst: the pool has a directory, and the name was not looked at yet.
        """
        if not self._has(pool_id):
            return None
        named = self._names.get((pool_id, name))
        if named is None:
            raise LookFirst(Wanted(pool_id, name=name))
        return named

    def done(self, wanted: Wanted, sub: str | None) -> None:
        """That user was looked at, and is of that ``sub``."""
        if wanted.name is not None:
            self._names[wanted.pool_id, wanted.name] = Named(sub)
        for each in (wanted.sub, sub):
            if each is not None:
                self._subs.add((wanted.pool_id, each))
