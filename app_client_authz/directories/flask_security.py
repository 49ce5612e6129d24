"""A directory over the users of Flask-Security, with its own settings for passwords."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import inspect

from app_client_authz.crypto.hashing import MAX_PASSWORD_CHARACTERS, PasswordHasher
from app_client_authz.directories.hashes import PasswordHashes
from app_client_authz.directories.model import ModelDirectory, Read

T = TypeVar("T")


class FlaskSecurityDirectory(ModelDirectory):
    """Reads users, roles and hashes as Flask-Security keeps them; passwords are changed on its own pages.

    A hash that Flask-Security itself would replace at a sign-in is replaced here too.
    """

    def __init__(
        self,
        datastore: Any,
        *,
        names: Sequence[str] = ("email",),
        attributes: Mapping[str, Read] | None = None,
        hasher: PasswordHasher | None = None,
        rehash: bool = True,
    ) -> None:
        """``datastore`` is the ``SQLAlchemyUserDatastore`` (or a kin of it) that ``Security`` was given.

        ``names`` are columns by which users sign in; with SECURITY_USERNAME_ENABLE name ``username`` too. Tokens tell
        the username, if the row has one, else the address. ``attributes`` come beside ``email`` and ``email_verified``.
        """
        model = datastore.user_model
        mapper = inspect(model)
        super().__init__(
            datastore.db,
            model,
            key=mapper.get_property_by_column(mapper.primary_key[0]).key,
            names=names,
            username=_username,
            password="password",
            active="active",
            attributes={"email": "email", "email_verified": _is_confirmed, **(attributes or {})},
            status=_status,
            groups="roles",
            hashes=_SecurityHashes(hasher or PasswordHasher()),
            rehash=rehash,
        )


class _SecurityHashes(PasswordHashes):
    """The settings and the code of Flask-Security, a bounded number at a time."""

    def __init__(self, hasher: PasswordHasher) -> None:
        super().__init__(hasher=hasher)
        self._slots = hasher

    def verify(self, stored: str | None, password: str) -> bool:
        if stored is None or len(password) > MAX_PASSWORD_CHARACTERS:
            return False
        return self._in_slot(lambda: _verify(password, stored))

    def knows(self, stored: str) -> bool:
        return _security().pwd_context.identify(stored) is not None

    def hash(self, password: str) -> str:
        from flask_security import hash_password

        return self._in_slot(lambda: str(hash_password(_normal(password))))

    def needs_rehash(self, stored: str) -> bool:
        return bool(_security().pwd_context.needs_update(stored))

    def _in_slot(self, work: Callable[[], T]) -> T:
        # In another thread, and still in this app.
        here = copy_context()
        return self._slots.in_slot(lambda: here.run(work))


def _security() -> Any:
    return current_app.extensions["security"]


def _verify(password: str, stored: str) -> bool:
    from flask_security import verify_password

    try:
        return bool(verify_password(_normal(password), stored))
    except ValueError:  # no hash that it knows
        return False


def _normal(password: str) -> str:
    return str(_security().password_util.normalize(password))


def _username(row: Any) -> str:
    return str(getattr(row, "username", None) or row.email)


def _is_confirmed(row: Any) -> bool:
    return getattr(row, "confirmed_at", None) is not None


def _status(row: Any) -> str:
    config = current_app.config
    waits = config.get("SECURITY_CONFIRMABLE") and not config.get("SECURITY_LOGIN_WITHOUT_CONFIRMATION")
    return "UNCONFIRMED" if waits and not _is_confirmed(row) else "CONFIRMED"
