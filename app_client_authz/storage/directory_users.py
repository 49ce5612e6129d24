"""Rows of users who live in a host's directory: what their sessions, devices, factors and groups hang on.

Written as the directory has it, and found without asking it: who calls has just done so.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, select, update

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain.errors import ConcurrentModification
from app_client_authz.domain.user import USERNAME, User
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.tables import group_members, groups, user_names, users
from app_client_authz.storage.users import (
    STORED_COLUMNS,
    StoredUser,
    Users,
    dumped,
    new_row,
    stored_of,
    with_groups,
)

_BY_KEY = with_groups(
    select(*STORED_COLUMNS)
    .select_from(users)
    .where(users.c.pool_id == bindparam("pool_id"), users.c.directory_key == bindparam("directory_key"))
)
_BY_KEY_HELD = _BY_KEY.with_for_update(of=users)


class DirectoryUsers:
    """Keyed by pool, and by the directory's key, ``sub`` or name within it."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._users = Users(connection, sealer)

    def find(self, pool_id: str, sub: str) -> StoredUser | None:
        return self._users.find(pool_id, sub)

    def find_by_name(self, pool_id: str, name_key: str) -> StoredUser | None:
        return self._users.find_by_name(pool_id, name_key)

    def find_by_key(self, pool_id: str, key: str, *, hold: bool = False) -> StoredUser | None:
        """``hold``: nobody else changes, deletes or locks the user until the transaction ends."""
        statement = _BY_KEY_HELD if hold else _BY_KEY
        return stored_of(self._connection.execute(statement, {"pool_id": pool_id, "directory_key": key}).all())

    def has_sub(self, sub: str) -> bool:
        """Whether anybody has it, in whatever pool."""
        return self._connection.execute(select(users.c.sub).where(users.c.sub == sub)).first() is not None

    def add(self, user: User, directory_key: str, username_key: str) -> None:
        """Raises:
        ConcurrentModification: another request was faster.
        """
        self._take(user, username_key)
        added = insert_once(
            self._connection,
            users,
            **new_row(user, username_key),
            password_hash=None,
            sealed_srp=None,
            directory_key=directory_key,
        )
        if not added:
            raise ConcurrentModification("Another request brought in the same user.")
        self._add_name(user, username_key)

    def replace(self, user: User, username_key: str) -> None:
        """Write the user as the directory has it, under the username of there.

        Raises:
            ConcurrentModification: another request took the name.
        """
        self._take(user, username_key)
        self._connection.execute(
            update(users)
            .where(users.c.sub == user.sub)
            .values(
                username=user.username,
                username_key=username_key,
                status=user.status,
                enabled=user.enabled,
                attributes=dumped(user.attributes),
                signed_out_at=user.signed_out_at,
                version=users.c.version + 1,
                updated_at=user.updated_at,
            )
        )
        own = (user_names.c.sub == user.sub) & (user_names.c.pool_id == user.pool_id)
        is_username = (user_names.c.kind == USERNAME) | (user_names.c.name_key == username_key)
        self._connection.execute(delete(user_names).where(own, is_username))
        self._add_name(user, username_key)

    def set_groups(self, user: User, names: Iterable[str], now: float) -> None:
        """The user is in these groups and in no others; the pool has them from now on."""
        wanted = tuple(names)
        for name in wanted:
            insert_once(
                self._connection,
                groups,
                pool_id=user.pool_id,
                name=name,
                description=None,
                role_arn=None,
                precedence=None,
                created_at=now,
                updated_at=now,
            )
            insert_once(self._connection, group_members, pool_id=user.pool_id, group_name=name, sub=user.sub)
        own = (group_members.c.sub == user.sub) & (group_members.c.pool_id == user.pool_id)
        self._connection.execute(delete(group_members).where(own, group_members.c.group_name.not_in(wanted)))

    def _take(self, user: User, name_key: str) -> None:
        """Whoever else has the name has it no more: the directory says whose it is."""
        others = user_names.c.sub != user.sub
        self._connection.execute(
            delete(user_names).where(user_names.c.pool_id == user.pool_id, user_names.c.name_key == name_key, others)
        )
        # What no username is, as it begins with a blank, and is nobody else's.
        self._connection.execute(
            update(users)
            .where(users.c.pool_id == user.pool_id, users.c.username_key == name_key, users.c.sub != user.sub)
            .values(username_key=" " + users.c.sub)
        )

    def _add_name(self, user: User, name_key: str) -> None:
        row = {"pool_id": user.pool_id, "name_key": name_key, "kind": USERNAME, "sub": user.sub}
        if not insert_once(self._connection, user_names, **row):
            holder = self._users.find_by_name(user.pool_id, name_key)
            if holder is None or holder.user.sub != user.sub:
                raise ConcurrentModification("Another request took the name.")
