"""Users of a file, and the groups that they are in."""

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from app_client_authz.api import shapes
from app_client_authz.api.wire import from_pairs
from app_client_authz.domain.errors import OperationError
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.shapes import plain
from app_client_authz.domain.user import USERNAME, User, UserStatus, aliases_of, username_key
from app_client_authz.domain.user_entry import UserEntry
from app_client_authz.seeding.documents import Item, text
from app_client_authz.seeding.members import flag
from app_client_authz.seeding.plan import Plan
from app_client_authz.seeding.pools import PlannedPool
from app_client_authz.seeding.problems import Problems
from app_client_authz.services.registry import Services
from app_client_authz.services.user_imports import PlannedUser

_ATTRIBUTES = ("Attributes", "UserAttributes")
_PASSWORDS = ("Password", "TemporaryPassword")
_ASIDE = frozenset({"UserCreateDate", "UserLastModifiedDate", "TemporaryPasswordUntil"})
KNOWN = frozenset({"Username", "Enabled", "UserStatus", "Groups", *_ATTRIBUTES, *_PASSWORDS}) | _ASIDE


@dataclass(frozen=True, slots=True)
class _Placed:
    """An entry, and where it stands."""

    where: str
    entry: UserEntry
    only_if_there: bool = False


def plan(
    services: Services,
    pool: PlannedPool,
    items: Sequence[Item],
    groups: Sequence[Item],
    names: Collection[str],
    plan: Plan,
    problems: Problems,
) -> None:
    """Plan the users; ``groups`` are the descriptions of groups, which may list their users, ``names`` all groups."""
    placed = [each for item in items if (each := _placed(item, problems)) is not None]
    placed = _with_members(placed, groups, pool.pool, problems)
    taken: dict[str, str] = {}
    new: list[PlannedUser] = []
    for each in placed:
        with problems.at(each.where):
            planned = services.user_imports.plan(pool.pool, each.entry)
            if each.only_if_there and planned.before is None:
                raise OperationError(f"There is no user {each.entry.name}.")
            _check_groups(services, pool, planned, names)
            _check_names(pool.pool, planned.after, taken, each.where)
            plan.expect(
                "user",
                pool.pool.id,
                each.entry.name,
                exists=planned.before is not None,
                changes=planned.changes_something,
                work=lambda planned=planned: (
                    services.user_imports.change(planned)  # type: ignore[misc]
                    if planned.before is not None
                    else None
                ),
            )
            if planned.before is None:
                new.append(planned)
    if new:
        plan.works.append(lambda: services.user_imports.add(pool.pool, new))


def _placed(item: Item, problems: Problems) -> _Placed | None:
    noted = problems.count
    for unknown in item.members.keys() - KNOWN:
        nearest = difflib.get_close_matches(unknown, KNOWN, n=1, cutoff=0)[0]
        problems.add(item.place(unknown), f"there is no such member; the nearest is {nearest}")
    name = text(item, "Username", problems)
    attributes = _attributes(item, problems)
    groups = _texts(item, "Groups", problems)
    enabled, status = flag(item, "Enabled", problems), _status(item, problems)
    passwords = {each: _password(item, each, problems) for each in _PASSWORDS}
    if all(passwords.values()):
        problems.add(item.place("TemporaryPassword"), "a user has one password: this one or Password")
    if name is None or problems.count > noted:
        return None
    sub = attributes.pop("sub", None)
    entry = UserEntry(
        name=name,
        attributes=attributes,
        sub=sub,
        enabled=enabled,
        status=status,
        password=passwords["Password"],
        temporary_password=passwords["TemporaryPassword"],
        groups=groups,
    )
    return _Placed(item.where, entry)


def _attributes(item: Item, problems: Problems) -> dict[str, str]:
    """As a mapping, or as Cognito lists them."""
    found: dict[str, str] = {}
    for name in _ATTRIBUTES:
        value = item.members.get(name)
        if value is None:
            continue
        if isinstance(value, dict):
            wrong = [each for each, content in value.items() if not isinstance(content, str)]
            for each in wrong:
                problems.add(f"{item.place(name)}.{each}", "a text is expected here: put it into quotes")
            found |= {each: content for each, content in value.items() if each not in wrong}
            continue
        with problems.at(item.place(name)):
            shapes.member("AdminCreateUser", "UserAttributes", value)
            found |= from_pairs(value)
    return found


def _texts(item: Item, name: str, problems: Problems) -> tuple[str, ...]:
    value = item.members.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        problems.add(item.place(name), "a list of names is expected here")
        return ()
    return tuple(value)


def _status(item: Item, problems: Problems) -> UserStatus | None:
    value = item.members.get("UserStatus")
    if value is None or (isinstance(value, str) and value in set(UserStatus)):
        return None if value is None else UserStatus(value)
    problems.add(item.place("UserStatus"), f"{plain(value)} is none of {', '.join(UserStatus)}")
    return None


def _password(item: Item, name: str, problems: Problems) -> str | None:
    value = item.members.get(name)
    if value is None or isinstance(value, str):
        return value or None
    problems.add(item.place(name), "a text is expected here: put it into quotes")
    return None


def _with_members(placed: list[_Placed], groups: Iterable[Item], pool: UserPool, problems: Problems) -> list[_Placed]:
    """The entries with the groups that list them; whom the file does not describe has to be there already."""
    position = {username_key(each.entry.name, pool.case_sensitive): at for at, each in enumerate(placed)}
    for item in groups:
        name = item.members.get("GroupName")
        if not isinstance(name, str):
            continue
        for at, username in enumerate(_texts(item, "Users", problems)):
            where, key = f"{item.place('Users')}[{at}]", username_key(username, pool.case_sensitive)
            if key not in position:
                position[key] = len(placed)
                placed.append(_Placed(where, UserEntry(name=username), only_if_there=True))
            each = placed[position[key]]
            joined = replace(each.entry, groups=(*each.entry.groups, name))
            placed[position[key]] = replace(each, entry=joined)
    return placed


def _check_groups(services: Services, pool: PlannedPool, planned: PlannedUser, names: Collection[str]) -> None:
    for name in planned.joins:
        if name not in names:
            if not pool.exists:
                raise OperationError(f"Groups: there is no group {name}.")
            services.groups.describe(pool.pool.id, name)


def _check_names(pool: UserPool, user: User, taken: dict[str, str], where: str) -> None:
    """No two users of the file by one name. That nobody else has it, the database is asked when they come in."""
    keys = {USERNAME: username_key(user.username, pool.case_sensitive), "sub": user.sub}
    for kind, key in (keys | aliases_of(pool, user.username, user.attributes)).items():
        if taken.setdefault(key, where) != where:
            raise OperationError(f"{kind}: the user at {taken[key]} has it already.")
