"""Groups and who is in them."""

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app_client_authz.domain.errors import GroupExists
from app_client_authz.domain.user import Group
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.tables import group_members, groups, users

_COLUMNS = (
    groups.c.pool_id,
    groups.c.name,
    groups.c.description,
    groups.c.role_arn,
    groups.c.precedence,
    groups.c.created_at,
    groups.c.updated_at,
)


class Groups:
    """Keyed by pool ID and name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_pool(self, pool_id: str) -> list[Group]:
        statement = select(*_COLUMNS).where(groups.c.pool_id == pool_id).order_by(groups.c.name)
        return [Group(*row) for row in self._connection.execute(statement)]

    def find(self, pool_id: str, name: str) -> Group | None:
        statement = select(*_COLUMNS).where(groups.c.pool_id == pool_id, groups.c.name == name)
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

    def remove_member(self, group: Group, sub: str) -> None:
        self._connection.execute(delete(group_members).filter_by(pool_id=group.pool_id, group_name=group.name, sub=sub))

    def members(self, pool_id: str, name: str) -> list[str]:
        """Usernames, sorted."""
        statement = (
            select(users.c.username)
            .join(group_members, group_members.c.sub == users.c.sub)
            .where(group_members.c.pool_id == pool_id, group_members.c.group_name == name)
            .order_by(users.c.username_key)
        )
        return list(self._connection.execute(statement).scalars())
