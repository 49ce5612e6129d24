"""Groups and who is in them."""

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app_client_authz.domain.errors import GroupExists
from app_client_authz.domain.user import Group, User
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.tables import group_members, groups, users
from app_client_authz.storage.users import USER_COLUMNS, user_of

_COLUMNS = (
    groups.c.pool_id,
    groups.c.name,
    groups.c.description,
    groups.c.role_arn,
    groups.c.precedence,
    groups.c.created_at,
    groups.c.updated_at,
)
_SAME_GROUP = (group_members.c.pool_id == groups.c.pool_id) & (group_members.c.group_name == groups.c.name)


class Groups:
    """Keyed by pool ID and name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(self, pool_id: str, *, after: str = "", limit: int = 60) -> list[Group]:
        """At most ``limit`` groups of the pool in the order of their names, beginning behind ``after``."""
        statement = (
            select(*_COLUMNS)
            .where(groups.c.pool_id == pool_id, groups.c.name > after)
            .order_by(groups.c.name)
            .limit(limit)
        )
        return [Group(*row) for row in self._connection.execute(statement)]

    def of_user(self, pool_id: str, sub: str, *, after: str = "", limit: int = 60) -> list[Group]:
        """The same of those that the user is in."""
        statement = (
            select(*_COLUMNS)
            .join(group_members, _SAME_GROUP)
            .where(group_members.c.sub == sub, group_members.c.pool_id == pool_id, group_members.c.group_name > after)
            .order_by(group_members.c.group_name)
            .limit(limit)
        )
        return [Group(*row) for row in self._connection.execute(statement)]

    def find(self, pool_id: str, name: str, *, hold: bool = False, keep: bool = False) -> Group | None:
        """The group; until the transaction ends nobody deletes it with ``keep``, or changes it with ``hold``."""
        statement = select(*_COLUMNS).where(groups.c.pool_id == pool_id, groups.c.name == name)
        if hold or keep:
            statement = statement.with_for_update(read=not hold, key_share=True)
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else Group(*row)

    def add(self, group: Group) -> None:
        """Raises:
        GroupExists: the pool has one of that name.
        """
        try:
            self._connection.execute(
                insert(groups).values(
                    pool_id=group.pool_id,
                    name=group.name,
                    description=group.description,
                    role_arn=group.role_arn,
                    precedence=group.precedence,
                    created_at=group.created_at,
                    updated_at=group.updated_at,
                )
            )
        except IntegrityError:
            raise GroupExists("A group with the name already exists.") from None

    def replace(self, group: Group) -> bool:
        hit = (
            update(groups)
            .where(groups.c.pool_id == group.pool_id, groups.c.name == group.name)
            .values(
                description=group.description,
                role_arn=group.role_arn,
                precedence=group.precedence,
                updated_at=group.updated_at,
            )
        )
        return self._connection.execute(hit).rowcount == 1

    def delete(self, pool_id: str, name: str) -> bool:
        hit = delete(groups).where(groups.c.pool_id == pool_id, groups.c.name == name)
        return self._connection.execute(hit).rowcount == 1

    def add_member(self, group: Group, sub: str) -> None:
        """Adding twice is the same as once."""
        insert_once(self._connection, group_members, pool_id=group.pool_id, group_name=group.name, sub=sub)

    def remove_member(self, pool_id: str, name: str, sub: str) -> bool:
        """False if the user was not in it, or there is no such group."""
        hit = delete(group_members).filter_by(pool_id=pool_id, group_name=name, sub=sub)
        return self._connection.execute(hit).rowcount == 1

    def members(self, pool_id: str, name: str, *, after: str = "", limit: int = 60) -> list[User]:
        """At most ``limit`` users of the group without their groups, in the order of their subs, behind ``after``."""
        statement = (
            select(*USER_COLUMNS)
            .join(group_members, group_members.c.sub == users.c.sub)
            .where(group_members.c.pool_id == pool_id, group_members.c.group_name == name, group_members.c.sub > after)
            .order_by(group_members.c.sub)
            .limit(limit)
        )
        return [user_of(row) for row in self._connection.execute(statement)]
