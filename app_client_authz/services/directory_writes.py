"""What users of a directory are changed by: the directory, as far as it offers to.

What it does not offer is refused in Cognito's words, one error for each operation (docs/how-to/host-users.md).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from app_client_authz.domain import attributes
from app_client_authz.domain.delivery import ONLY_ADMINISTRATORS_RECOVER, recovers_itself
from app_client_authz.domain.errors import NotAuthorized, UserNotFound
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import User
from app_client_authz.services.directories import Directories
from app_client_authz.services.directory_calls import DirectoryCalls
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.services.pools import existing_pool
from app_client_authz.services.stored_users import end_in_browsers, existing_user
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units

NO_SIGN_UP = "SignUp is not permitted for this user pool"
NO_NEW_USERS = "Users of this user pool are created in the directory of the host."
NO_NEW_PASSWORD = "User password cannot be changed in the current state."
NO_RESET = "User password cannot be reset in the current state."
NO_ATTRIBUTES = "A client attempted to write unauthorized attribute"
NO_GROUPS = "The groups of this user are kept in the directory of the host."


@dataclass(frozen=True, slots=True)
class HostUser:
    """A user of a directory, as it stood a moment ago."""

    pool: UserPool
    user: User
    key: str


class DirectoryWrites:
    """Every change is made in the directory, outside of transactions, and the row follows it then."""

    def __init__(
        self, units: Units, directories: Directories, calls: DirectoryCalls, new_passwords: NewPasswords
    ) -> None:
        self._units = units
        self._directories = directories
        self._calls = calls
        self._new_passwords = new_passwords

    # --- what a pool allows -------------------------------------------------------------------------

    def has(self, pool: UserPool) -> bool:
        """Whether the pool's users are in a directory."""
        return self._calls.has(pool.id)

    def takes_sign_ups(self, pool: UserPool) -> bool:
        """Whether users register themselves."""
        here = not self._calls.has(pool.id) or self._calls.offers(pool.id, "create")
        return here and not pool.spec.admin_create_user_only

    def recovers_itself(self, pool: UserPool) -> bool:
        """Whether users can reset a forgotten password by a code."""
        here = not self._calls.has(pool.id) or self._calls.offers(pool.id, "set_password")
        return here and recovers_itself(pool)

    def check_recovers_itself(self, pool: UserPool) -> None:
        """Raises:
        NotAuthorized: only administrators recover accounts.
        """
        if not self.recovers_itself(pool):
            raise NotAuthorized(ONLY_ADMINISTRATORS_RECOVER)

    def check_sets_passwords(self, pool: UserPool) -> None:
        """Raises:
        NotAuthorized: the pool's directory sets no passwords.
        """
        if self._calls.has(pool.id) and not self._calls.offers(pool.id, "set_password"):
            raise NotAuthorized(NO_RESET)

    # --- users ----------------------------------------------------------------------------------------

    def user(self, pool_id: str, name: str) -> HostUser | None:
        """Whoever goes by that name or ``sub``, if it is a user of a directory; costs nothing in a pool without one.

        Raises:
            UserNotFound: nobody does.
        """
        if not self._calls.has(pool_id):
            return None

        def look(unit: Unit) -> HostUser | None:
            pool = existing_pool(unit, pool_id)
            stored = existing_user(unit, pool, name)
            key = stored.directory_key
            return None if key is None else HostUser(pool, stored.user, key)

        return self._units.read(look)

    def create(self, pool: UserPool, username: str, password: str | None, given: Mapping[str, str]) -> User:
        """The new user.

        Raises:
            NotAuthorized: the directory creates nobody.
            UsernameExists: somebody has the name.
        """
        if not self._calls.offers(pool.id, "create"):
            raise NotAuthorized(NO_NEW_USERS)
        created = self._calls.create(pool.id, username, password, dict(given))
        stored = self._directories.user_of(pool, created.key)
        if stored is None:
            raise UserNotFound
        return stored.user

    def update_attributes(self, found: HostUser, changes: Mapping[str, str], *, by_admin: bool = False) -> User:
        """The user with changed attributes; an empty value deletes.

        Raises:
            InvalidParameter: see ``attributes.check_update``.
            NotAuthorized: attributes are only read.
        """
        after = attributes.check_update(found.pool, found.user.attributes, changes, by_admin=by_admin)
        return self._write_attributes(found, after)

    def delete_attributes(self, found: HostUser, names: Iterable[str], *, by_admin: bool = False) -> User:
        """The user without these attributes.

        Raises:
            InvalidParameter: see ``attributes.check_delete``.
            NotAuthorized: attributes are only read.
        """
        after = attributes.check_delete(found.pool, found.user.attributes, names, by_admin=by_admin)
        return self._write_attributes(found, after)

    def set_password(
        self, found: HostUser, password: str, *, prefix: str, unlocks: bool, claim: Callable[[Unit], object]
    ) -> User:
        """The user with another password. What the old one opened in browsers ends; ``unlocks``: so does a lockout.

        ``claim`` is committed right before the directory sets an acceptable password, or ends the change by what it
        raises: of two who may set it once, one does.

        Raises:
            NotAuthorized: the directory sets no passwords.
            InvalidPassword, InvalidParameter: against the pool's policy, or on the blocklist.
        """
        self._offered(found, "set_password", NO_NEW_PASSWORD)
        self._new_passwords.check(found.pool, password, prefix=prefix)
        self._units.write(claim)
        self._calls.call(found.pool.id, "set_password", found.key, password)
        sub = found.user.sub

        def end(unit: Unit) -> None:
            # Whoever proved the old password while the directory replaced it does not replace the new one (API-5).
            unit.users.advance(sub)
            end_in_browsers(unit, sub)
            if unlocks:
                unit.attempts.clear(Account(found.pool.id, sub))

        self._units.write(end)
        return self._now(found)

    def set_enabled(self, found: HostUser, *, enabled: bool) -> None:
        """Raises:
        NotAuthorized: the directory enables and disables nobody.
        """
        done = "enabled" if enabled else "disabled"
        self._offered(found, "set_enabled", f"User cannot be {done} here: the directory of the host does that.")
        self._calls.call(found.pool.id, "set_enabled", found.key, enabled)
        self._now(found)

    def delete(self, found: HostUser) -> None:
        """Raises:
        NotAuthorized: the directory deletes nobody.
        """
        self._offered(found, "delete", "User cannot be deleted here: the directory of the host does that.")
        self._calls.call(found.pool.id, "delete", found.key)
        self._directories.user_of(found.pool, found.key)

    def check_groups(self, pool_id: str, name: str) -> None:
        """Raises:
        NotAuthorized: the user's groups are the directory's.
        """
        found = self.user(pool_id, name)
        now = None if found is None else self._calls.get(pool_id, found.key)
        if now is not None and now.groups is not None:
            raise NotAuthorized(NO_GROUPS)

    # --------------------------------------------------------------------------------------------------

    def _write_attributes(self, found: HostUser, after: Mapping[str, str]) -> User:
        self._offered(found, "update_attributes", NO_ATTRIBUTES)
        before = found.user.attributes
        changed = {name: after.get(name, "") for name in {*before, *after} if before.get(name) != after.get(name)}
        if changed:
            self._calls.call(found.pool.id, "update_attributes", found.key, changed)
        return self._now(found)

    def _offered(self, found: HostUser, what: str, refusal: str) -> None:
        if not self._calls.offers(found.pool.id, what):
            raise NotAuthorized(refusal)

    def _now(self, found: HostUser) -> User:
        """The user as the directory has it after a change."""
        stored = self._directories.user_of(found.pool, found.key)
        if stored is None:
            raise UserNotFound
        return stored.user
