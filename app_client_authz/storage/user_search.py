"""Pages of users, in the order of the names that they are found by.

What a page costs: without a criterion, by username or by an address that is one, as many rows as it has users,
found by an index. By another attribute, by status and by the beginning of a ``sub``, the database walks through
the users of the pool in the order of the index until the page is full: all of them, where few match.
"""

from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Select, Text, cast, func, select, type_coerce

from app_client_authz.domain.user import USERNAME, User
from app_client_authz.domain.user_filter import ByAttribute, ByEnabled, ByName, ByStatus, BySub, Criterion
from app_client_authz.storage.tables import user_names, users
from app_client_authz.storage.users import USER_COLUMNS, user_of

# Behind every character that a name can hold: it has no category of its own.
_LAST = "\U0010ffff"


class UserSearch:
    """Keyed by pool."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(
        self, pool_id: str, criterion: Criterion | None = None, *, after: str = "", limit: int = 60
    ) -> list[tuple[str, User]]:
        """At most ``limit`` users without their groups, each with the key to go on after it."""
        if isinstance(criterion, ByName):
            statement = _by_name(pool_id, criterion, after)
        else:
            statement = _from(users.c.username_key, pool_id).where(users.c.username_key > after)
            if criterion is not None:
                statement = statement.where(self._condition(criterion))
        return [(key, user_of(values)) for *values, key in self._connection.execute(statement.limit(limit))]

    def _condition(self, criterion: BySub | ByAttribute | ByStatus | ByEnabled) -> ColumnElement[bool]:
        match criterion:
            case BySub(sub=sub, prefix=prefix):
                return _begins(users.c.sub, sub) if prefix else users.c.sub == sub
            case ByAttribute(name=name, value=value, prefix=prefix):
                found = self._attribute(name)
                return _begins(found, value) if prefix else found == value
            case ByStatus(statuses=statuses):
                return users.c.status.in_(statuses)
            case ByEnabled(enabled=enabled):
                return users.c.enabled.in_(enabled)

    def _attribute(self, name: str) -> ColumnElement[str]:
        # SQLite reads JSON out of texts; there, a cast would make a number of it.
        sqlite = self._connection.dialect.name == "sqlite"
        attributes = type_coerce(users.c.attributes, JSON) if sqlite else cast(users.c.attributes, JSON)
        value: ColumnElement[str] = attributes[name].as_string()
        return value


def _from(key: ColumnElement[str], pool_id: str) -> Select[Any]:
    """Users of the pool in the order of the key, which is a column of its index."""
    return select(*USER_COLUMNS, key.label("key")).where(users.c.pool_id == pool_id).order_by(key)


def _by_name(pool_id: str, criterion: ByName, after: str) -> Select[Any]:
    if criterion.kind == USERNAME:
        key: ColumnElement[str] = users.c.username_key
        statement = _from(key, pool_id)
    else:
        key = user_names.c.name_key
        of_kind = (user_names.c.pool_id == pool_id) & (user_names.c.kind == criterion.kind)
        statement = _from(key, pool_id).join(user_names, user_names.c.sub == users.c.sub).where(of_kind)
    if not criterion.prefix:
        return statement.where(key == criterion.key, key > after)
    # Keys are compared by code point: those with a prefix stand together. Of two lower bounds a database may use
    # the worse one, so it gets the better one only.
    begin = key > after if after >= criterion.key else key >= criterion.key
    return statement.where(begin, key < criterion.key + _LAST)


def _begins(value: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Compared character by character: a pattern would have wildcards to escape."""
    return func.substr(value, 1, len(prefix), type_=Text) == prefix
