"""The default user directory."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app_client_authz.domain.errors import AliasExists, UsernameExists
from app_client_authz.domain.user import Group, User, UserStatus
from app_client_authz.storage.tables import group_members, groups, user_names, users

USER_COLUMNS = (
    users.c.sub,
    users.c.pool_id,
    users.c.username,
    users.c.status,
    users.c.enabled,
    users.c.temporary_password_until,
    users.c.attributes,
    users.c.signed_out_at,
    users.c.created_at.label("user_created_at"),
    users.c.updated_at.label("user_updated_at"),
)
GROUP_COLUMNS = (
    groups.c.name.label("group_name"),
    groups.c.description,
    groups.c.role_arn,
    groups.c.precedence,
)


def with_groups(statement: Select[Any]) -> Select[Any]:
    """The statement with a row per group of its user: user and groups in one round trip."""
    return statement.outerjoin(group_members, group_members.c.sub == users.c.sub).outerjoin(
        groups, (groups.c.pool_id == group_members.c.pool_id) & (groups.c.name == group_members.c.group_name)
    )


_BY_SUB = with_groups(
    select(*USER_COLUMNS, *GROUP_COLUMNS, users.c.password_hash, users.c.version)
    .select_from(users)
    .where(users.c.sub == bindparam("sub"), users.c.pool_id == bindparam("pool_id"))
)
_BY_NAME = with_groups(
    select(*USER_COLUMNS, *GROUP_COLUMNS, users.c.password_hash, users.c.version)
    .select_from(user_names)
    .join(users, users.c.sub == user_names.c.sub)
    .where(user_names.c.pool_id == bindparam("pool_id"), user_names.c.name_key == bindparam("name_key"))
)
_STANDING = select(users.c.status, users.c.enabled, users.c.signed_out_at, users.c.updated_at).where(
    users.c.sub == bindparam("sub")
)
_LOCK = _STANDING.with_for_update(read=True)
_HOLD = _STANDING.with_for_update()
_ANY_HASH = (
    select(users.c.password_hash).where(users.c.pool_id == bindparam("pool_id")).order_by(users.c.username_key).limit(1)
)
_NEIGHBOUR = select(
    func.coalesce(
        _ANY_HASH.where(users.c.username_key > bindparam("name_key")).scalar_subquery(), _ANY_HASH.scalar_subquery()
    )
)
_TAKEN = select(user_names.c.sub, user_names.c.name_key).where(
    user_names.c.pool_id == bindparam("pool_id"), user_names.c.name_key.in_(bindparam("keys", expanding=True))
)
USERNAME = "username"
_USERNAME_TAKEN = "User account already exists"
_ALIAS_TAKEN = "User account already exists for the alias."


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user with what only the server sees of it."""

    user: User
    password_hash: str | None
    version: int

    def __repr__(self) -> str:
        return f"StoredUser({self.user.username!r}, password_hash=***)"


def read_user(rows: Sequence[Row[Any]]) -> User | None:
    """The user of rows that carry ``USER_COLUMNS`` and ``GROUP_COLUMNS``; None if there is none."""
    if not rows or rows[0].sub is None:
        return None
    members = [
        Group(row.pool_id, row.group_name, row.description, row.role_arn, row.precedence)
        for row in rows
        if row.group_name is not None
    ]
    members.sort(key=lambda group: (group.precedence is None, group.precedence or 0, group.name))
    return user_of_row(rows[0], tuple(members))


def user_of_row(row: Any, members: tuple[Group, ...] = ()) -> User:
    """The user of one row that carries ``USER_COLUMNS``."""
    return User(
        pool_id=row.pool_id,
        sub=row.sub,
        username=row.username,
        status=UserStatus(row.status),
        enabled=row.enabled,
        attributes=json.loads(row.attributes),
        created_at=row.user_created_at,
        updated_at=row.user_updated_at,
        signed_out_at=row.signed_out_at,
        temporary_password_until=row.temporary_password_until,
        groups=members,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a user may get anything now. Instants are epoch seconds."""

    status: str
    enabled: bool
    signed_out_at: float | None
    updated_at: float


class Users:
    """Keyed by pool, and by sub or name within it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, pool_id: str, sub: str) -> StoredUser | None:
        return self._stored(self._connection.execute(_BY_SUB, {"pool_id": pool_id, "sub": sub}).all())

    def find_by_name(self, pool_id: str, name_key: str) -> StoredUser | None:
        """By normalised username or alias."""
        return self._stored(self._connection.execute(_BY_NAME, {"pool_id": pool_id, "name_key": name_key}).all())

    def neighbour_hash(self, pool_id: str, name_key: str) -> str | None:
        """The password hash of whoever comes next in the order of names, around its end: always the same user's."""
        return self._connection.execute(_NEIGHBOUR, {"pool_id": pool_id, "name_key": name_key}).scalar()

    def page(self, pool_id: str, *, after: str = "", limit: int = 60) -> list[tuple[str, User]]:
        """At most ``limit`` users with their keys, in the order of their keys, beginning behind ``after``."""
        keys = (
            select(users.c.sub)
            .where(users.c.pool_id == pool_id, users.c.username_key > after)
            .order_by(users.c.username_key)
            .limit(limit)
        )
        statement = with_groups(
            select(*USER_COLUMNS, *GROUP_COLUMNS, users.c.username_key).select_from(users).where(users.c.sub.in_(keys))
        ).order_by(users.c.username_key)
        by_sub: dict[str, list[Row[Any]]] = {}
        for row in self._connection.execute(statement):
            by_sub.setdefault(row.sub, []).append(row)
        return [(rows[0].username_key, user) for rows in by_sub.values() if (user := read_user(rows))]

    def hold(self, sub: str) -> Standing | None:
        """As ``lock``, and nobody else can hold or lock the user meanwhile."""
        row = self._connection.execute(_HOLD, {"sub": sub}).one_or_none()
        return None if row is None else Standing(*row)

    def lock(self, sub: str) -> Standing | None:
        """How the user stands, held still until the transaction ends; None if there is no such user.

        Whoever disables, deletes or signs out a user changes this row, and so comes before or after the
        tokens that are being issued, never in between (ATM-3).
        """
        row = self._connection.execute(_LOCK, {"sub": sub}).one_or_none()
        return None if row is None else Standing(*row)

    def add(self, user: User, username_key: str, aliases: Mapping[str, str], password_hash: str | None) -> None:
        """``aliases``: kind → normalised alias.

        Raises:
            UsernameExists, AliasExists: another user of the pool has the name.
        """
        names = {USERNAME: username_key, **aliases}
        self._refuse_taken(user, names)
        try:
            self._connection.execute(
                insert(users).values(
                    sub=user.sub,
                    pool_id=user.pool_id,
                    username=user.username,
                    username_key=username_key,
                    status=user.status,
                    enabled=user.enabled,
                    password_hash=password_hash,
                    temporary_password_until=user.temporary_password_until,
                    attributes=_dump(user.attributes),
                    signed_out_at=user.signed_out_at,
                    version=1,
                    created_at=user.created_at,
                    updated_at=user.updated_at,
                )
            )
        except IntegrityError:
            raise UsernameExists(_USERNAME_TAKEN) from None
        self._add_names(user, names)

    def replace(self, user: User, expected_version: int, aliases: Mapping[str, str]) -> bool:
        """False if somebody else changed the user since it was read: nothing is lost (ATM-4).

        Raises:
            AliasExists: another user of the pool has the alias.
        """
        hit = (
            update(users)
            .where(users.c.sub == user.sub, users.c.version == expected_version)
            .values(
                status=user.status,
                enabled=user.enabled,
                temporary_password_until=user.temporary_password_until,
                attributes=_dump(user.attributes),
                signed_out_at=user.signed_out_at,
                version=expected_version + 1,
                updated_at=user.updated_at,
            )
        )
        if self._connection.execute(hit).rowcount != 1:
            return False
        self._refuse_taken(user, aliases)
        self._connection.execute(delete(user_names).where(user_names.c.sub == user.sub, user_names.c.kind != USERNAME))
        self._add_names(user, aliases)
        return True

    def set_password(
        self, sub: str, password_hash: str, *, status: str, temporary_until: float | None, now: float
    ) -> bool:
        hit = (
            update(users)
            .where(users.c.sub == sub)
            .values(
                password_hash=password_hash,
                status=status,
                temporary_password_until=temporary_until,
                version=users.c.version + 1,
                updated_at=now,
            )
        )
        return self._connection.execute(hit).rowcount == 1

    def rehash(self, sub: str, old_hash: str, new_hash: str) -> None:
        """The same password under new parameters, unless it was changed meanwhile."""
        self._connection.execute(
            update(users).where(users.c.sub == sub, users.c.password_hash == old_hash).values(password_hash=new_hash)
        )

    def delete(self, pool_id: str, sub: str) -> bool:
        hit = delete(users).where(users.c.sub == sub, users.c.pool_id == pool_id)
        return self._connection.execute(hit).rowcount == 1

    def count(self, pool_id: str) -> int:
        return int(self._connection.execute(select(func.count()).where(users.c.pool_id == pool_id)).scalar_one())

    def _refuse_taken(self, user: User, names: Mapping[str, str]) -> None:
        """Says which of the names is taken; the unique constraint has the last word."""
        for sub, key in self._connection.execute(_TAKEN, {"pool_id": user.pool_id, "keys": list(names.values())}):
            if sub != user.sub:
                if key == names.get(USERNAME):
                    raise UsernameExists(_USERNAME_TAKEN)
                raise AliasExists(_ALIAS_TAKEN)

    def _add_names(self, user: User, names: Mapping[str, str]) -> None:
        rows = [
            {"pool_id": user.pool_id, "name_key": key, "kind": kind, "sub": user.sub} for kind, key in names.items()
        ]
        if not rows:
            return
        try:
            self._connection.execute(insert(user_names), rows)
        except IntegrityError:
            raise AliasExists(_ALIAS_TAKEN) from None

    @staticmethod
    def _stored(rows: Sequence[Row[Any]]) -> StoredUser | None:
        user = read_user(rows)
        return None if user is None else StoredUser(user, rows[0].password_hash, rows[0].version)


def _dump(attributes: Mapping[str, str]) -> str:
    return json.dumps(dict(attributes), separators=(",", ":"), ensure_ascii=False)
