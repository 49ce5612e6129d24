"""Members as the service model has them: known or not, of the right type, and laid over what there is."""

import difflib
from collections.abc import Collection

from app_client_authz.api import shapes
from app_client_authz.api.wire import Json
from app_client_authz.domain.shapes import plain
from app_client_authz.seeding.documents import Item
from app_client_authz.seeding.problems import Problems

DATES = frozenset({"CreationDate", "LastModifiedDate"})


def request_members(operation: str) -> Collection[str]:
    """The members that an operation takes."""
    shape = shapes.model().operations[operation]["input"]
    members: Collection[str] = shapes.model().shapes[shape]["members"]
    return members


def accepted(item: Item, operation: str, problems: Problems, *, besides: Collection[str] = ()) -> Json:
    """The members of the item that the operation takes, each of the right type and form.

    ``besides`` are members that the operation does not have and somebody else looks at. A null is a member left out.
    """
    known = request_members(operation)
    found: Json = {}
    for name, value in item.members.items():
        if name in besides or value is None:
            continue
        if name not in known:
            nearest = difflib.get_close_matches(name, [*known, *besides], n=1, cutoff=0)[0]
            problems.add(item.place(name), f"there is no such member; the nearest is {nearest}")
            continue
        with problems.at(item.place(name)):
            shapes.member(operation, name, value)
        found[name] = value
    return found


def flag(item: Item, name: str, problems: Problems) -> bool | None:
    """A member of ours that is true, false, or left out."""
    value = item.members.get(name)
    if value is None or isinstance(value, bool):
        return value
    problems.add(item.place(name), f"{plain(value)!r} is neither true nor false")
    return None


def undated(described: Json) -> Json:
    """A description without the instants at which it came to be so."""
    return {name: value for name, value in described.items() if name not in DATES}
