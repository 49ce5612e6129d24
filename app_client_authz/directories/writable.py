"""The same directory, where the pool may also change users."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, false, inspect, or_, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from app_client_authz.directories.model import ModelDirectory
from app_client_authz.domain.directory import DirectoryUser
from app_client_authz.domain.errors import AliasExists, InvalidParameter, NotAuthorized, UsernameExists

TAKEN_ALIAS = "An account with the given email or phone number already exists."
UNUSABLE = "!"
"""What no hash begins with, for a column of hashes that takes no NULL."""

NOT_WRITABLE = "A client attempted to write unauthorized attribute"


class WritableModelDirectory(ModelDirectory):
    """Sets passwords, changes attributes that are columns, creates, enables, disables and deletes users."""

    def __init__(self, *given: Any, **members: Any) -> None:
        """As ``ModelDirectory``. Without a column ``active``, users are neither enabled nor disabled here."""
        super().__init__(*given, **members)
        if not isinstance(self._active, str):
            # Told by whether the method is there.
            self.__dict__["set_enabled"] = None

    def set_password(self, key: str, password: str, /) -> None:
        """Store a new hash, of the kind that ``hashes`` makes."""
        self._change(key, {self._password: self._hashes.hash(password)})

    def update_attributes(self, key: str, attributes: Mapping[str, str], /) -> None:
        """Write the columns of attributes; an empty value is NULL.

        Raises:
            NotAuthorized: an attribute has no column of its own that holds text or truth.
            AliasExists: another user goes by the value, or has that of a column that is unique.
            InvalidParameter: the database does not hold the value, or the user would be one that no pool can have.
        """
        values = self._columns(attributes)
        if self._are_taken(values, but=key):
            raise AliasExists(TAKEN_ALIAS)
        try:
            self._change(key, values)
        except IntegrityError:
            raise AliasExists(TAKEN_ALIAS) from None

    def create(self, username: str, password: str | None, attributes: Mapping[str, str], /) -> DirectoryUser:
        """A new row, with ``username`` in the column of usernames.

        Raises:
            NotAuthorized, InvalidParameter: as ``update_attributes``.
            UsernameExists: somebody goes by the name or by another value, or has that of a column that is unique.
        """
        values = self._columns(attributes)
        values.setdefault(self._username if isinstance(self._username, str) else self._names[0], username)
        values[self._password] = self._no_password() if password is None else self._hashes.hash(password)
        if isinstance(self._active, str):
            values[self._active] = True
        if self._are_taken(values):
            raise UsernameExists("User already exists")
        with self.session() as session:
            row = self._model(**values)
            session.add(row)
            try:
                created = self._written(session, row)
                session.commit()
            except IntegrityError:
                session.rollback()
                if not self._are_taken(values):
                    raise  # a column that the model wants, and that nothing is known of
                raise UsernameExists("User already exists") from None
            return created

    def delete(self, key: str, /) -> None:
        """Delete the row."""
        with self.session() as session:
            row = self._row(session, key)
            if row is not None:
                session.delete(row)
                session.commit()

    def set_enabled(self, key: str, enabled: bool, /) -> None:
        """Write the column ``active``."""
        self._change(key, {str(self._active): enabled})

    def _change(self, key: str, values: Mapping[str, object]) -> None:
        with self.session() as session:
            row = self._row(session, key)
            if row is not None:
                for name, value in values.items():
                    setattr(row, name, value)
                self._written(session, row)
                session.commit()

    def _no_password(self) -> str | None:
        column = inspect(self._model).column_attrs[self._password].columns[0]
        return None if getattr(column, "nullable", True) else UNUSABLE

    def _written(self, session: Session, row: Any) -> DirectoryUser:
        """The row as the database takes it, before anything is kept."""
        try:
            session.flush()
            return self._user(row)
        except (DataError, ValueError):
            raise InvalidParameter("The user cannot have such a value here.") from None

    def _are_taken(self, values: Mapping[str, object], *, but: str | None = None) -> bool:
        """Whether another user goes by one of the names among the values, whatever column has it (ATT-9)."""
        wanted = [value for column, value in values.items() if column in self._names and isinstance(value, str)]
        named = or_(false(), *(self._is_named(column, name) for column in self._names for name in wanted))
        key = self._column(self._key)
        others = named if but is None else and_(named, key != self._key_of(but))
        with self.session() as session:
            return session.scalar(select(key).where(others).limit(1)) is not None

    def _columns(self, attributes: Mapping[str, str]) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, value in attributes.items():
            column = self._attributes.get(name)
            kind = self._column(column).type.python_type if isinstance(column, str) else None
            if not isinstance(column, str) or kind not in {str, bool}:
                if name not in self._attributes and value == "false":
                    continue  # that a new address is unverified, where nothing says that one is verified
                raise NotAuthorized(NOT_WRITABLE, detail=f"no column for {name}")
            values[column] = value == "true" if kind is bool else value or None
        return values
