"""Users and groups, as an administrator sees them (api.md part 5)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from app_client_authz.crypto import digests
from app_client_authz.domain import attributes, ids
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ConcurrentModification, ResourceNotFound, UserNotFound
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import (
    Group,
    User,
    UserStatus,
    aliases_of,
    check_username,
    sign_in_attribute,
    username_key,
)
from app_client_authz.services import audit
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.services.pools import existing_pool
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

T = TypeVar("T")


class Users:
    """A user is named by username, alias or ``sub``; a name of another pool is not found (API-7)."""

    def __init__(self, units: Units, new_passwords: NewPasswords, clock: Clock) -> None:
        self._units = units
        self._new_passwords = new_passwords
        self._clock = clock

    # --- users ------------------------------------------------------------------------------------

    def create(
        self,
        pool_id: str,
        name: str,
        given: Mapping[str, str],
        *,
        password: str | None = None,
        permanent: bool = False,
    ) -> User:
        """A new user (AdminCreateUser), to change the password at the first sign-in unless ``permanent``.

        Without a password nobody can sign in as the user yet.

        Raises:
            ResourceNotFound: no such pool.
            InvalidParameter, InvalidPassword: the name, an attribute or the password is not acceptable.
            UsernameExists, AliasExists: somebody has the name.
        """
        pool = self._units.read(lambda unit: existing_pool(unit, pool_id))
        check_username(pool, name)
        sub = ids.sub_from(digests.random_int(128))
        attribute = sign_in_attribute(pool, name)
        username = name if attribute is None else sub
        wanted = dict(given) if attribute is None else {attribute: name, **given}
        accepted = attributes.check_new(pool, wanted, by_admin=True)
        password_hash = None if password is None else self._new_passwords.hash(pool, password)
        now = self._clock()
        status, until = _standing(pool, now, permanent=permanent and password is not None)
        user = User(
            pool_id=pool.id,
            sub=sub,
            username=username,
            status=status,
            enabled=True,
            attributes=accepted,
            created_at=now,
            updated_at=now,
            temporary_password_until=until,
        )
        key = username_key(username, pool.case_sensitive)
        aliases = aliases_of(pool, username, accepted)
        self._units.write(lambda unit: unit.users.add(user, key, aliases, password_hash))
        audit.record("user_created", pool_id=pool.id, sub=sub)
        return user

    def describe(self, pool_id: str, name: str) -> User:
        """Raises:
        ResourceNotFound: no such pool.
        UserNotFound: no such user in it.
        """
        return self._units.read(lambda unit: self._existing(unit, existing_pool(unit, pool_id), name).user)

    def page(self, pool_id: str, *, after: str = "", limit: int = 60) -> list[tuple[str, User]]:
        """At most ``limit`` users, each with the key to go on after it, in the order of their names."""

        def look(unit: Unit) -> list[tuple[str, User]]:
            existing_pool(unit, pool_id)
            return unit.users.page(pool_id, after=after, limit=limit)

        return self._units.read(look)

    def update_attributes(self, pool_id: str, name: str, changes: Mapping[str, str]) -> User:
        """The user with changed attributes; an empty value deletes (AdminUpdateUserAttributes).

        Raises:
            UserNotFound, ResourceNotFound, InvalidParameter, AliasExists, ConcurrentModification.
        """

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> User:
            after = attributes.check_update(pool, stored.user.attributes, changes, by_admin=True)
            return self._store(unit, pool, stored, replace(stored.user, attributes=after, updated_at=self._clock()))

        return self._change(pool_id, name, "user_attributes_changed", change)

    def set_password(self, pool_id: str, name: str, password: str, *, permanent: bool) -> None:
        """Set the password (AdminSetUserPassword); one that is not permanent is changed at the next sign-in.

        Raises:
            UserNotFound, ResourceNotFound, InvalidPassword, InvalidParameter.
        """
        pool = self._units.read(lambda unit: existing_pool(unit, pool_id))
        password_hash = self._new_passwords.hash(pool, password)
        now = self._clock()
        status, until = _standing(pool, now, permanent=permanent)

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> None:
            sub = stored.user.sub
            unit.users.set_password(sub, password_hash, status=status, temporary_until=until, now=now)
            # What the old password opened in browsers ends; token sessions live on, as Cognito's do.
            unit.sso_sessions.end_of_user(sub)
            unit.challenge_sessions.end_of_user(sub)
            unit.attempts.clear(Account(pool.id, sub))

        self._change(pool_id, name, "password_set", change)

    def enable(self, pool_id: str, name: str) -> None:
        """Raises:
        UserNotFound, ResourceNotFound, ConcurrentModification.
        """
        self._set_enabled(pool_id, name, enabled=True)

    def disable(self, pool_id: str, name: str) -> None:
        """No sign-in any more, and everything issued so far is dead at once (AdminDisableUser).

        Raises:
            UserNotFound, ResourceNotFound, ConcurrentModification.
        """
        self._set_enabled(pool_id, name, enabled=False)

    def sign_out(self, pool_id: str, name: str) -> None:
        """Revoke every token session of the user (AdminUserGlobalSignOut).

        Raises:
            UserNotFound, ResourceNotFound, ConcurrentModification.
        """
        now = self._clock()

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> None:
            self._store(unit, pool, stored, replace(stored.user, signed_out_at=now))
            unit.token_sessions.revoke_of_user(pool.id, stored.user.sub, now)

        self._change(pool_id, name, "user_signed_out", change)

    def delete(self, pool_id: str, name: str) -> None:
        """Delete the user with all sessions (AdminDeleteUser).

        Raises:
            UserNotFound, ResourceNotFound.
        """
        now = self._clock()

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> None:
            unit.users.delete(pool.id, stored.user.sub)
            unit.token_sessions.revoke_of_user(pool.id, stored.user.sub, now)

        self._change(pool_id, name, "user_deleted", change)

    # --- groups -----------------------------------------------------------------------------------

    def create_group(self, group: Group) -> Group:
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
        return stamped

    def replace_group(self, group: Group) -> Group:
        """Raises:
        ResourceNotFound: no such pool or group.
        """
        stamped = replace(group, updated_at=self._clock())

        def change(unit: Unit) -> None:
            self._existing_group(unit, group.pool_id, group.name)
            unit.groups.replace(stamped)

        self._units.write(change)
        return stamped

    def groups(self, pool_id: str) -> list[Group]:
        """Raises:
        ResourceNotFound: no such pool.
        """

        def look(unit: Unit) -> list[Group]:
            existing_pool(unit, pool_id)
            return unit.groups.of_pool(pool_id)

        return self._units.read(look)

    def describe_group(self, pool_id: str, group_name: str) -> tuple[Group, list[str]]:
        """The group and the usernames in it.

        Raises:
            ResourceNotFound: no such pool or group.
        """

        def look(unit: Unit) -> tuple[Group, list[str]]:
            return self._existing_group(unit, pool_id, group_name), unit.groups.members(pool_id, group_name)

        return self._units.read(look)

    def delete_group(self, pool_id: str, group_name: str) -> None:
        """Raises:
        ResourceNotFound: no such pool or group.
        """

        def change(unit: Unit) -> None:
            self._existing_group(unit, pool_id, group_name)
            unit.groups.delete(pool_id, group_name)

        self._units.write(change)

    def add_to_group(self, pool_id: str, name: str, group_name: str) -> None:
        """Raises:
        UserNotFound, ResourceNotFound.
        """

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> None:
            unit.groups.add_member(self._existing_group(unit, pool.id, group_name), stored.user.sub)

        self._change(pool_id, name, "group_member_added", change)

    def remove_from_group(self, pool_id: str, name: str, group_name: str) -> None:
        """Raises:
        UserNotFound, ResourceNotFound.
        """

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> None:
            unit.groups.remove_member(self._existing_group(unit, pool.id, group_name), stored.user.sub)

        self._change(pool_id, name, "group_member_removed", change)

    # ------------------------------------------------------------------------------------------------

    def _set_enabled(self, pool_id: str, name: str, *, enabled: bool) -> None:
        now = self._clock()

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> None:
            # Disabling signs out too: enabling later must not revive what was issued before.
            signed_out_at = stored.user.signed_out_at if enabled else now
            after = replace(stored.user, enabled=enabled, signed_out_at=signed_out_at, updated_at=now)
            self._store(unit, pool, stored, after)
            if not enabled:
                unit.token_sessions.revoke_of_user(pool.id, stored.user.sub, now)
                unit.sso_sessions.end_of_user(stored.user.sub)
                unit.challenge_sessions.end_of_user(stored.user.sub)

        self._change(pool_id, name, "user_enabled" if enabled else "user_disabled", change)

    def _change(self, pool_id: str, name: str, event: str, change: Callable[[Unit, UserPool, StoredUser], T]) -> T:
        """What ``change`` returns, once it is committed; ``event`` tells of it."""

        def work(unit: Unit) -> tuple[str, T]:
            pool = existing_pool(unit, pool_id)
            stored = self._existing(unit, pool, name)
            return stored.user.sub, change(unit, pool, stored)

        sub, result = self._units.write(work)
        audit.record(event, pool_id=pool_id, sub=sub)
        return result

    @staticmethod
    def _existing(unit: Unit, pool: UserPool, name: str) -> StoredUser:
        stored = unit.users.find_by_name(pool.id, username_key(name, pool.case_sensitive))
        if stored is None and ids.is_sub(name):
            stored = unit.users.find(pool.id, name)
        if stored is None:
            raise UserNotFound("User does not exist.")
        return stored

    @staticmethod
    def _existing_group(unit: Unit, pool_id: str, name: str) -> Group:
        existing_pool(unit, pool_id)
        group = unit.groups.find(pool_id, name)
        if group is None:
            raise ResourceNotFound("Group not found.")
        return group

    @staticmethod
    def _store(unit: Unit, pool: UserPool, before: StoredUser, after: User) -> User:
        aliases = aliases_of(pool, after.username, after.attributes)
        if not unit.users.replace(after, before.version, aliases):
            raise ConcurrentModification("The user was changed by another request.")
        return after


def _standing(pool: UserPool, now: float, *, permanent: bool) -> tuple[UserStatus, float | None]:
    """Status and expiry of a password that an administrator set (epoch seconds)."""
    if permanent:
        return UserStatus.CONFIRMED, None
    return UserStatus.FORCE_CHANGE_PASSWORD, now + pool.password_policy.temporary_password_seconds
