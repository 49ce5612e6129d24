"""Groups of a pool's users (api.md part 5)."""

from collections.abc import Callable
from dataclasses import replace

from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ResourceNotFound
from app_client_authz.domain.user import Group, GroupChanges, User
from app_client_authz.services import audit
from app_client_authz.services.directory_writes import DirectoryWrites
from app_client_authz.services.pools import existing_pool
from app_client_authz.services.stored_users import existing_user
from app_client_authz.storage.unit import Unit, Units


class Groups:
    """Create, describe, list, update, delete; and who is in which."""

    def __init__(self, units: Units, directory: DirectoryWrites, clock: Clock) -> None:
        self._units = units
        self._directory = directory
        self._clock = clock

    def create(self, group: Group) -> Group:
        """Raises:
        ResourceNotFound: no such pool.
        GroupExists: it has a group of that name.
        """
        now = self._clock()
        stamped = replace(group, created_at=now, updated_at=now)

        def add(unit: Unit) -> None:
            existing_pool(unit, group.pool_id)
            unit.groups.add(stamped)

        self._units.write(add)
        audit.record("group_created", pool_id=group.pool_id, group=group.name)
        return stamped

    def describe(self, pool_id: str, name: str) -> Group:
        """Raises:
        ResourceNotFound: no such pool or group.
        """

        def look(unit: Unit) -> Group:
            existing_pool(unit, pool_id)
            return _existing(unit.groups.find(pool_id, name))

        return self._units.read(look)

    def page(self, pool_id: str, *, after: str = "", limit: int = 60) -> list[Group]:
        """At most ``limit`` groups in the order of their names, beginning behind the name ``after``.

        Raises:
            ResourceNotFound: no such pool.
        """

        def look(unit: Unit) -> list[Group]:
            existing_pool(unit, pool_id)
            return unit.groups.page(pool_id, after=after, limit=limit)

        return self._units.read(look)

    def update(self, pool_id: str, name: str, changes: GroupChanges) -> Group:
        """The group with other members; one that is None is taken away.

        Its instant of change moves with any member that is given, and stays with none (UpdateGroup).

        Raises:
            ResourceNotFound: no such pool or group.
            InvalidParameter: a value is not acceptable.
        """

        def change(unit: Unit) -> Group:
            existing_pool(unit, pool_id)
            before = _existing(unit.groups.find(pool_id, name, hold=True))
            if not changes:
                return before
            after = replace(before, **changes, updated_at=self._clock())
            unit.groups.replace(after)
            return after

        group = self._units.write(change)
        if changes:
            audit.record("group_changed", pool_id=pool_id, group=name)
        return group

    def delete(self, pool_id: str, name: str) -> None:
        """Delete the group; its users stay.

        Raises:
            ResourceNotFound: no such pool or group.
        """

        def change(unit: Unit) -> None:
            existing_pool(unit, pool_id)
            if not unit.groups.delete(pool_id, name):
                raise _not_found()

        self._units.write(change)
        audit.record("group_deleted", pool_id=pool_id, group=name)

    # --- members ------------------------------------------------------------------------------------

    def add_member(self, pool_id: str, name: str, username: str) -> None:
        """Put a user into the group; once more changes nothing (AdminAddUserToGroup).

        Raises:
            UserNotFound, ResourceNotFound: looked for in this order, once there is the pool.
            NotAuthorized: the user's groups are those of a directory.
        """

        def change(unit: Unit, sub: str) -> None:
            unit.groups.add_member(_existing(unit.groups.find(pool_id, name, keep=True)), sub)

        self._change(pool_id, name, username, "group_member_added", change)

    def remove_member(self, pool_id: str, name: str, username: str) -> None:
        """Take a user out of the group, if there is such a group and the user in it (AdminRemoveUserFromGroup).

        Raises:
            UserNotFound, ResourceNotFound: no such user; no such pool.
            NotAuthorized: the user's groups are those of a directory.
        """

        def change(unit: Unit, sub: str) -> None:
            unit.groups.remove_member(pool_id, name, sub)

        self._change(pool_id, name, username, "group_member_removed", change)

    def members(self, pool_id: str, name: str, *, after: str = "", limit: int = 60) -> list[User]:
        """At most ``limit`` users of the group in the order of their subs, behind the sub ``after``; without groups.

        Raises:
            ResourceNotFound: no such pool or group.
        """

        def look(unit: Unit) -> list[User]:
            existing_pool(unit, pool_id)
            _existing(unit.groups.find(pool_id, name))
            return unit.groups.members(pool_id, name, after=after, limit=limit)

        return self._units.read(look)

    def of_user(self, pool_id: str, username: str, *, after: str = "", limit: int = 60) -> list[Group]:
        """At most ``limit`` groups of a user in the order of their names, beginning behind the name ``after``.

        Raises:
            UserNotFound, ResourceNotFound: no such user; no such pool.
            NotAuthorized: the user's groups are those of a directory.
        """

        def look(unit: Unit) -> list[Group]:
            stored = existing_user(unit, existing_pool(unit, pool_id), username)
            return unit.groups.of_user(pool_id, stored.user.sub, after=after, limit=limit)

        return self._units.read(look)

    def _change(self, pool_id: str, name: str, username: str, event: str, change: Callable[[Unit, str], None]) -> None:
        self._directory.check_groups(pool_id, username)

        def work(unit: Unit) -> str:
            stored = existing_user(unit, existing_pool(unit, pool_id), username, hold=True)
            change(unit, stored.user.sub)
            return stored.user.sub

        sub = self._units.write(work)
        audit.record(event, pool_id=pool_id, sub=sub, group=name)


def _existing(group: Group | None) -> Group:
    if group is None:
        raise _not_found()
    return group


def _not_found() -> ResourceNotFound:
    return ResourceNotFound("Group not found.")
