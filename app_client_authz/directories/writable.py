"""The same directory, where the pool may also change users."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError

from app_client_authz.directories.model import ModelDirectory
from app_client_authz.domain.directory import DirectoryUser
from app_client_authz.domain.errors import AliasExists, NotAuthorized, UsernameExists

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
            AliasExists: another user has the value of a column that is unique.
        """
        try:
            self._change(key, self._columns(attributes))
        except IntegrityError:
            raise AliasExists("An account with the given email or phone number already exists.") from None

    def create(self, username: str, password: str | None, attributes: Mapping[str, str], /) -> DirectoryUser:
        """A new row, with ``username`` in the column of usernames.

        Raises:
            NotAuthorized: as ``update_attributes``.
            UsernameExists: somebody has the name, or the value of a column that is unique.
        """
        values = self._columns(attributes)
        values.setdefault(self._username if isinstance(self._username, str) else self._names[0], username)
        values[self._password] = None if password is None else self._hashes.hash(password)
        if isinstance(self._active, str):
            values[self._active] = True
        if self.find(username) is not None:
            raise UsernameExists("User already exists")
        with self.session() as session:
            row = self._model(**values)
            session.add(row)
            try:
                session.commit()
            except IntegrityError:
                session.rollback()
                taken = [str(value) for column, value in values.items() if column in self._names]
                if not any(self.find(name) for name in taken):
                    raise  # a column that the model wants, and that nothing is known of
                raise UsernameExists("User already exists") from None
            return self._user(row)

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
                session.commit()

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
