"""A directory over a SQLAlchemy model, such as those that Flask-Login is used with."""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, func, inspect, or_, select, update
from sqlalchemy.orm import Session

from app_client_authz.directories.hashes import PasswordHashes
from app_client_authz.domain.directory import DirectoryUser, is_group_name
from app_client_authz.domain.errors import ConfigurationError, TooManyRequests, Unavailable

log = logging.getLogger("app_client_authz.directories")

SOME = 20
"""Among how many users one with a password is looked for."""

Read = str | Callable[[Any], Any]
"""The name of an attribute of the model, or what makes the value of a row."""


class ModelDirectory:
    """Reads users of a model, and checks their passwords; it writes nothing but, if that is wanted, newer hashes.

    It has sessions of its own, short ones: what the host has in flight in ``db.session`` is left alone.
    """

    def __init__(
        self,
        db: Any,
        model: type[Any],
        *,
        names: Sequence[str],
        password: str,
        key: str = "id",
        username: Read | None = None,
        attributes: Mapping[str, Read] | None = None,
        active: Read | None = None,
        status: Callable[[Any], str] | None = None,
        groups: Read | None = None,
        case_sensitive: bool = False,
        hashes: PasswordHashes | None = None,
        rehash: bool = False,
    ) -> None:
        """``db`` is a Flask-SQLAlchemy object, or an engine.

        Args:
            names: columns by which users sign in, the first that fits counts.
            password: the column of the hash; see ``PasswordHashes`` for what it may hold.
            key: the column that never changes and is never used again, usually the primary key.
            username: what tokens tell, by default the first of ``names``; where it is NULL, the first that is not.
            attributes: Cognito's attribute → column or function of the row, such as
                ``{"email": "email", "email_verified": lambda row: row.confirmed_at is not None}``.
            active: whether the user may sign in, as true or false, NULL is false; by default everybody may.
            status: ``CONFIRMED``, ``UNCONFIRMED`` or ``RESET_REQUIRED`` of a row; by default CONFIRMED.
            groups: roles, each a text or something with a ``name``; by default groups are the pool's matter.
            case_sensitive: names are compared as they are written; by default an index on ``lower(column)`` helps.
            rehash: at a sign-in, a hash of another kind than ``hashes`` makes is replaced. A host that checks
                passwords itself has to understand the new kind before.

        Raises:
            ConfigurationError: the model has no such column.
        """
        self._db = db
        self._model = model
        columns = {column.key for column in inspect(model).column_attrs}
        for name in (key, password, *names):
            if name not in columns:
                raise ConfigurationError(f"{model.__name__} has no column {name!r}.")
        for source in (*(attributes or {}).values(), username, active, groups):
            if isinstance(source, str) and not hasattr(model, source):
                raise ConfigurationError(f"{model.__name__} has no attribute {source!r}.")
        if not names:
            raise ConfigurationError("names: by at least one column users have to be found.")
        self._key = key
        self._password = password
        self._names = tuple(names)
        self._username = username or names[0]
        self._attributes = dict(attributes or {})
        self._active = active
        self._status = status
        self._groups = groups
        self._case_sensitive = case_sensitive
        self._hashes = hashes or PasswordHashes()
        self._rehash = rehash
        self._key_type = self._column(key).type.python_type

    def find(self, name: str, /) -> DirectoryUser | None:
        """Whoever signs in by that name; nobody where several do."""
        with self.session() as session:
            for column in self._names:
                rows = session.scalars(select(self._model).where(self._is_named(column, name)).limit(3)).all()
                exact = [row for row in rows if getattr(row, column) == name]
                fitting = exact or rows
                if len(fitting) == 1:
                    return self._acceptable(fitting[0])
                if fitting:
                    log.warning("Several users of the directory have the same %s.", column)
                    return None
        return None

    def get(self, key: str, /) -> DirectoryUser | None:
        with self.session() as session:
            row = self._row(session, key)
            return None if row is None else self._user(row)

    def verify_password(self, key: str, password: str, /) -> bool:
        with self.session() as session:
            row = self._row(session, key)
            stored: str | None = None if row is None else getattr(row, self._password)
        right = self._hashes.verify(stored, password)
        if stored is None or not self._hashes.knows(stored):
            # As long as for whoever has a password: it is nobody's business who has none (ENU-6).
            self.verify_nobody(password)
            return False
        if right and self._rehash:
            self._replace_hash(key, stored, password)
        return right

    def verify_nobody(self, password: str, /) -> None:
        """Check the password against some user's hash, so that it takes as long as for a name that somebody has."""
        column = self._column(self._password)
        with self.session() as session:
            some = session.scalars(
                select(column).where(column.is_not(None)).order_by(self._column(self._key)).limit(SOME)
            ).all()
        # The first account of a table is often one that nobody signs in to.
        stored = next((each for each in some if self._hashes.knows(each)), None)
        if stored is None:
            self._hashes.verify_nobody(password)
        else:
            self._hashes.verify(stored, password)

    # --- for directories that do more -----------------------------------------------------------------

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that is nobody else's."""
        mapper = inspect(self._model)
        bind = self._db if isinstance(self._db, Engine) else self._db.session.get_bind(mapper=mapper)
        with Session(bind, expire_on_commit=False) as session:
            yield session

    def _row(self, session: Session, key: str) -> Any:
        value = self._key_of(key)
        if value is None:
            return None
        return session.scalars(select(self._model).where(self._column(self._key) == value)).one_or_none()

    def _user(self, row: Any) -> DirectoryUser:
        """Everything of the row, read while its session is open."""
        given = {name: _text(_read(row, source)) for name, source in self._attributes.items()}
        return DirectoryUser(
            key=str(getattr(row, self._key)),
            username=next((text for text in map(_text, self._called(row)) if text), ""),
            attributes={name: text for name, text in given.items() if text},
            # Nothing but truth: whoever is "false", or has a method is_active, would be in for good.
            enabled=self._active is None or _false_if_none(_read(row, self._active)),
            status="CONFIRMED" if self._status is None else self._status(row),
            groups=None if self._groups is None else _names(_read(row, self._groups)),
        )

    def _called(self, row: Any) -> Iterator[object]:
        yield _read(row, self._username)
        yield from (getattr(row, name) for name in self._names)

    def _acceptable(self, row: Any) -> DirectoryUser | None:
        try:
            return self._user(row)
        except ValueError as error:
            log.warning("A user of the directory cannot be in a pool: %s.", error)
            return None

    def _column(self, name: str) -> Any:
        return getattr(self._model, name)

    def _key_of(self, key: str) -> object:
        """The key as its column has it; None for what it cannot hold."""
        try:
            value: object = UUID(key) if self._key_type is UUID else self._key_type(key)
        except (TypeError, ValueError):
            return None
        return value if str(value) == key else None

    def _is_named(self, name: str, wanted: str) -> ColumnElement[bool]:
        column = self._column(name)
        same: ColumnElement[bool] = column == wanted
        return same if self._case_sensitive else or_(same, func.lower(column) == wanted.lower())

    def _replace_hash(self, key: str, old: str, password: str) -> None:
        try:
            if not self._hashes.needs_rehash(old):
                return
            new = self._hashes.hash(password)
            # Unless the password was changed meanwhile.
            is_same = (self._column(self._key) == self._key_of(key)) & (self._column(self._password) == old)
            with self.session() as session:
                session.execute(update(self._model).where(is_same).values({self._password: new}))
                session.commit()
        except (TooManyRequests, Unavailable):
            return  # the next sign-in will do: this one was right
        except Exception as error:  # noqa: BLE001 - the host's hash or its database, which may be read only
            log.warning("A password hash could not be replaced: %s.", type(error).__name__)


def _read(row: Any, source: Read) -> Any:
    return getattr(row, source) if isinstance(source, str) else source(row)


def _false_if_none(value: Any) -> Any:
    return False if value is None else value


def _text(value: object) -> str:
    """A value as attributes have it; empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _names(roles: Iterable[Any] | None) -> tuple[str, ...]:
    named = [role if isinstance(role, str) else str(role.name) for role in roles or ()]
    possible = tuple(name for name in named if is_group_name(name))
    if len(possible) < len(named):
        log.warning("A role of the directory is left out: the name of a group has no blanks.")
    return possible
