"""Directories that the host registered, and what becomes of a request that asks them."""

import inspect
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import NoReturn, cast

from app_client_authz.domain import ids
from app_client_authz.domain.directory import OPTIONAL, REQUIRED, DirectoryUser, UserDirectory
from app_client_authz.domain.errors import ConfigurationError, OperationError
from app_client_authz.domain.names import MAX_NAME
from app_client_authz.services import host_code

log = logging.getLogger("app_client_authz.directories")

_READING = frozenset({*REQUIRED, "verify_nobody"})
UNAVAILABLE = "The user directory does not answer now."


class DirectoryRegistry:
    """Directories by pool; what is read is never changed: threads need no lock."""

    def __init__(self) -> None:
        self._by_pool: Mapping[str | None, UserDirectory] = {}

    def register(self, directory: object, *, pool_id: str | None = None) -> None:
        """Ask ``directory`` about the users of one pool, or of all that have none of their own.

        Raises:
            ConfigurationError: no such pool ID, one is registered for it, or the object is no directory.
        """
        if pool_id is not None and not ids.is_pool_id(pool_id):
            raise ConfigurationError(f"pool_id={pool_id!r} is not the ID of a user pool.")
        if pool_id in self._by_pool:
            whose = "all pools" if pool_id is None else f"the pool {pool_id}"
            raise ConfigurationError(f"There is a user directory for {whose} already.")
        _check_is_directory(directory)
        self._by_pool = {**self._by_pool, pool_id: cast(UserDirectory, directory)}

    def __bool__(self) -> bool:
        return bool(self._by_pool)

    def of(self, pool_id: str) -> UserDirectory | None:
        """The pool's own, or else that of all pools."""
        found = self._by_pool.get(pool_id)
        return self._by_pool.get(None) if found is None else found


class DirectoryCalls:
    """The directories of one app: its own first, then those of its extension object.

    Every call raises ``Unavailable`` for what a directory raises; a change may also end with an ``OperationError``.
    """

    def __init__(
        self,
        shared: DirectoryRegistry | None = None,
        context: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """``context`` is entered for each call: a directory may count on an app context."""
        self.own = DirectoryRegistry()
        # By identity: an empty one is false.
        self._shared = DirectoryRegistry() if shared is None else shared
        self._context = context
        self._turns: Callable[[Callable[[], object]], object] = lambda work: work()

    def take_turns(self, turns: Callable[[Callable[[], object]], object]) -> None:
        """Make each call through ``turns``, which says when."""
        self._turns = turns

    def __bool__(self) -> bool:
        return bool(self.own) or bool(self._shared)

    def has(self, pool_id: str) -> bool:
        """Whether the pool's users are in a directory."""
        return self._of(pool_id) is not None

    def offers(self, pool_id: str, what: str) -> bool:
        """Whether the pool has a directory with that method."""
        return callable(getattr(self._of(pool_id), what, None))

    def find(self, pool_id: str, name: str) -> DirectoryUser | None:
        """Whoever signs in by that name; nobody by one that no name can be."""
        if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
            return None
        return self._user(pool_id, "find", name)

    def get(self, pool_id: str, key: str) -> DirectoryUser | None:
        """The user of that key."""
        found = self._user(pool_id, "get", key)
        if found is not None and found.key != key:
            self._fail("get", "a user of another key")
        return found

    def verify_password(self, pool_id: str, key: str, password: str) -> bool:
        """Whether it is the user's password."""
        answer = self.call(pool_id, "verify_password", key, password)
        if not isinstance(answer, bool):
            self._fail("verify_password", f"{type(answer).__name__} in place of a bool")
        return answer

    def create(self, pool_id: str, username: str, password: str | None, attributes: Mapping[str, str]) -> DirectoryUser:
        """The new user."""
        created = self._user(pool_id, "create", username, password, attributes)
        if created is None:
            self._fail("create", "nobody")
        return created

    def call(self, pool_id: str, what: str, *given: object) -> object:
        """What that method returns."""
        method: Callable[..., object] = getattr(self._of(pool_id), what)

        def work() -> object:
            with self._context():
                return self._turns(lambda: method(*given))

        passes = host_code.FAILURES if what in _READING else (*host_code.FAILURES, OperationError)
        return host_code.ask(log, f"{what} of the user directory", work, UNAVAILABLE, passes=passes)

    def _user(self, pool_id: str, what: str, *given: object) -> DirectoryUser | None:
        found = self.call(pool_id, what, *given)
        if found is not None and not isinstance(found, DirectoryUser):
            self._fail(what, f"{type(found).__name__} in place of a DirectoryUser")
        return found

    def _of(self, pool_id: str) -> UserDirectory | None:
        own = self.own.of(pool_id)  # which may be false: a directory may have a length
        return self._shared.of(pool_id) if own is None else own

    @staticmethod
    def _fail(what: str, returned: str) -> NoReturn:
        host_code.refuse(log, f"{what} of the user directory", returned, UNAVAILABLE)


def _check_is_directory(directory: object) -> None:
    missing = [name for name in REQUIRED if not callable(getattr(directory, name, None))]
    if missing or isinstance(directory, type):
        needs = ", ".join(missing or REQUIRED)
        kind = type(directory).__name__
        raise ConfigurationError(f"A {kind} is no user directory: an object with {needs} is one.")
    for name in (*REQUIRED, *OPTIONAL):
        method = getattr(directory, name, None)
        if method is not None and (not callable(method) or inspect.iscoroutinefunction(method)):
            raise ConfigurationError(f"{name} of the user directory has to be a method, and no coroutine function.")
