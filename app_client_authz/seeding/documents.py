"""What a file says of pools, before anybody asks whether it can be so."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app_client_authz.seeding.problems import Problems

Json = dict[str, Any]

SETTINGS, POOLS = "settings", "pools"
PARTS = ("resourceServers", "identityProviders", "clients", "groups", "users")
"""What a pool of a seed file is made of: names of ours, in lower case. All other members are Cognito's."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is described: ``where`` in the file, and its members as they stand there."""

    where: str
    members: Json = field(repr=False)

    def place(self, member: str) -> str:
        """Where a member of it stands."""
        return f"{self.where}.{member}" if self.where else member

    def of(self, **members: object) -> "Item":
        """The item with these members instead."""
        return replace(self, members={**self.members, **members})

    def without(self, *names: str) -> "Item":
        """The item without these members."""
        return replace(self, members={name: value for name, value in self.members.items() if name not in names})


@dataclass(frozen=True, slots=True)
class PoolDocument:
    """One pool: its own description (None: the pool is there already), and those of what is in it."""

    pool_id: str
    where: str
    pool: Item | None
    resource_servers: tuple[Item, ...] = ()
    identity_providers: tuple[Item, ...] = ()
    clients: tuple[Item, ...] = ()
    groups: tuple[Item, ...] = ()
    users: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A whole seed file: settings of the site (``AUTHZ_…``), and pools."""

    settings: Mapping[str, object] = field(repr=False)
    pools: tuple[PoolDocument, ...]


def of_seed(value: object, problems: Problems) -> SeedFile:
    """The seed file of that value; what is no description is noted."""
    whole = mapping(value, "the file", problems)
    for name in whole:
        if name not in {SETTINGS, POOLS}:
            problems.add(name, f"there is no such part: accepted are {SETTINGS} and {POOLS}")
    settings = mapping(whole.get(SETTINGS) or {}, SETTINGS, problems)
    for key in settings:
        if not key.startswith("AUTHZ_"):
            problems.add(f"{SETTINGS}.{key}", "accepted are AUTHZ_ keys")
    pools = tuple(
        document for item in items(whole.get(POOLS), POOLS, problems) if (document := _pool(item, problems)) is not None
    )
    seen: set[str] = set()
    for document in pools:
        if document.pool_id in seen:
            problems.add(document.where, f"the pool {document.pool_id} stands in the file twice")
        seen.add(document.pool_id)
    return SeedFile(settings, pools)


def mapping(value: object, where: str, problems: Problems) -> Json:
    """The value, if it has members; otherwise it is noted and none are returned."""
    if isinstance(value, dict):
        return value
    problems.add(where, "a mapping of members is expected here")
    return {}


def items(value: object, where: str, problems: Problems) -> tuple[Item, ...]:
    """The things that a list describes; what is left out or null describes none."""
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.add(where, "a list is expected here")
        return ()
    return tuple(
        Item(f"{where}[{position}]", each)
        for position, each in enumerate(value)
        if each == mapping(each, f"{where}[{position}]", problems)
    )


def text(item: Item, name: str, problems: Problems) -> str | None:
    """A member that has to be a text; noted where it is missing or is none."""
    value = item.members.get(name)
    if not isinstance(value, str) or not value:
        # Not what it is: a secret may stand in the wrong place (R11).
        shown = "is missing" if value is None else "is no text"
        problems.add(item.place(name), f"{shown}: what is there is found again by it")
        return None
    return value


def _pool(item: Item, problems: Problems) -> PoolDocument | None:
    pool_id = text(item, "Id", problems)
    parts = {name: items(item.members.get(name), item.place(name), problems) for name in PARTS}
    if pool_id is None:
        return None
    return PoolDocument(pool_id, item.where, item.without(*PARTS), *(parts[name] for name in PARTS))
