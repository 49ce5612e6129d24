"""Users who come from elsewhere: looked at first, then brought in, and brought in once however often that is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from app_client_authz.crypto import digests
from app_client_authz.domain import ids
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.credentials import Credentials
from app_client_authz.domain.errors import NotAuthorized, OperationError, UsernameExists
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import VERIFIABLE, User, UserStatus, aliases_of, username_key
from app_client_authz.domain.user_entry import UserEntry
from app_client_authz.services import audit
from app_client_authz.services.directory_writes import NO_NEW_USERS, DirectoryWrites
from app_client_authz.services.groups import Groups
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.services.pools import existing_pool
from app_client_authz.services.users import Users
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

BATCH = 100
"""New users in one transaction: one at a time would wait for the disk as often as there are users."""


@dataclass(frozen=True, slots=True)
class PlannedUser:
    """What an entry comes to. ``before`` is None for a new user; ``joins`` names groups to be put into."""

    entry: UserEntry
    before: User | None
    after: User
    sets_password: bool
    joins: tuple[str, ...]

    @property
    def changes_something(self) -> bool:
        return self.before is None or self.after != self.before or self.sets_password or bool(self.joins)


class UserImports:
    """``plan`` writes nothing; ``add`` and ``change`` do what was planned."""

    def __init__(
        self,
        units: Units,
        users: Users,
        groups: Groups,
        new_passwords: NewPasswords,
        directory: DirectoryWrites,
        clock: Clock,
    ) -> None:
        self._units = units
        self._directory = directory
        self._users = users
        self._groups = groups
        self._new_passwords = new_passwords
        self._clock = clock

    def plan(self, pool: UserPool, entry: UserEntry) -> PlannedUser:
        """What the entry comes to in the pool, which may be one that is not there yet.

        A password that the user has already is not set again: to know costs a hash.

        Raises:
            InvalidParameter, InvalidPassword: the name, an attribute or the password is not acceptable.
            UsernameExists, AliasExists: somebody else has the name.
            NotAuthorized: the pool's users are in a directory.
        """
        if self._directory.has(pool):
            raise NotAuthorized(NO_NEW_USERS)
        stored = self._units.read(lambda unit: _find(unit, pool, entry))
        if entry.first_password is not None:
            self._new_passwords.check(pool, entry.first_password)
        now = self._clock()
        if stored is None:
            after = entry.as_new(pool, sub=ids.sub_from(digests.random_int(128)), now=now)
            return PlannedUser(entry, None, after, entry.first_password is not None, tuple(dict.fromkeys(entry.groups)))
        before = stored.user
        member_of = {group.name for group in before.groups}
        joins = tuple(name for name in dict.fromkeys(entry.groups) if name not in member_of)
        sets = entry.password is not None and not self._has(stored, entry.password)
        return PlannedUser(entry, before, entry.applied_to(pool, before, now=now), sets, joins)

    def add(self, pool: UserPool, planned: Sequence[PlannedUser]) -> None:
        """Bring in new users, a hundred in one transaction; of one with an error, none.

        Raises:
            OperationError: one of them cannot be added; the message begins with the name.
        """
        if planned:
            pool = self._units.read(lambda unit: existing_pool(unit, pool.id))  # its clients came after the plan
        for start in range(0, len(planned), BATCH):
            batch = [(each, self._credentials(pool, each)) for each in planned[start : start + BATCH]]

            def insert(unit: Unit, batch: Sequence[tuple[PlannedUser, Credentials | None]] = batch) -> None:
                existing_pool(unit, pool.id)
                for each, credentials in batch:
                    _insert(unit, pool, each, credentials)

            self._units.write(insert)
            for each, _ in batch:
                audit.record("user_imported", pool_id=pool.id, sub=each.after.sub)

    def change(self, planned: PlannedUser) -> None:
        """Change what differs of a user who exists.

        Raises:
            UserNotFound, ResourceNotFound, InvalidParameter, InvalidPassword, AliasExists: it differs from the plan.
        """
        before, after = planned.before, planned.after
        if before is None:
            raise ValueError("a new user is added, not changed")
        if after.attributes != before.attributes:
            self._users.update_attributes(after.pool_id, after.sub, _differences(before, after))
        if planned.sets_password and planned.entry.password is not None:
            self._users.set_password(after.pool_id, after.sub, planned.entry.password, permanent=True)
        if after.enabled != before.enabled:
            (self._users.enable if after.enabled else self._users.disable)(after.pool_id, after.sub)
        for group in planned.joins:
            self._groups.add_member(after.pool_id, group, after.sub)

    def _has(self, stored: StoredUser, password: str) -> bool:
        return stored.user.status == UserStatus.CONFIRMED and self._new_passwords.is_of(stored.password_hash, password)

    def _credentials(self, pool: UserPool, planned: PlannedUser) -> Credentials | None:
        password = planned.entry.first_password
        if password is None:
            return None
        return self._new_passwords.hash(pool, password, username=planned.after.username)


def _differences(before: User, after: User) -> dict[str, str]:
    """The change of attributes that leads from one to the other."""
    names = before.attributes.keys() | after.attributes.keys()
    changed = {name for name in names if before.attributes.get(name) != after.attributes.get(name)}
    # A new address is unverified unless the same change says otherwise.
    changed |= {flag for address, flag in VERIFIABLE.items() if address in changed and flag in after.attributes}
    return {name: after.attributes.get(name, "") for name in changed}


def _find(unit: Unit, pool: UserPool, entry: UserEntry) -> StoredUser | None:
    """Who the entry speaks of, by ``sub`` or else by name."""
    by_sub = unit.users.find(pool.id, entry.sub) if ids.is_sub(entry.sub) and entry.sub is not None else None
    by_name = unit.users.find_by_name(pool.id, username_key(entry.name, pool.case_sensitive))
    if by_sub is not None and by_name is not None and by_sub.user.sub != by_name.user.sub:
        raise UsernameExists(f"The name {entry.name} is another user's.")
    if by_sub is None and by_name is not None and not entry.names(pool, by_name.user):
        raise UsernameExists(f"The name {entry.name} is an alias of another user.")
    return by_sub or by_name


def _insert(unit: Unit, pool: UserPool, planned: PlannedUser, credentials: Credentials | None) -> None:
    user = planned.after
    try:
        if unit.users.lock(user.sub) is not None:  # of this pool it would have been found: it is another's
            raise UsernameExists(f"The sub {user.sub} is another user's.")
        key = username_key(user.username, pool.case_sensitive)
        unit.users.add(user, key, aliases_of(pool, user.username, user.attributes), credentials)
        for name in planned.joins:
            group = unit.groups.find(pool.id, name, keep=True)
            if group is not None:
                unit.groups.add_member(group, user.sub)
    except OperationError as error:
        raise type(error)(f"{planned.entry.name}: {error.message}") from None
