"""Users who are known elsewhere, taken over when they sign in or ask for a new password (api.md 4.2, part 6)."""

from dataclasses import dataclass

from app_client_authz.domain.errors import ConcurrentModification, OperationError, UsernameExists
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller, Trigger
from app_client_authz.domain.user import UserStatus, username_key
from app_client_authz.domain.user_triggers import MIGRATION_AT_RECOVERY, MIGRATION_AT_SIGN_IN, Migrated
from app_client_authz.services.directories import Directories
from app_client_authz.services.new_users import NewUsers
from app_client_authz.services.triggers import Triggers
from app_client_authz.storage.unit import Units
from app_client_authz.storage.users import StoredUser


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Whom the trigger named. ``is_proved``: not there before, and the trigger found the password to be right."""

    stored: StoredUser
    is_proved: bool


class Migration:
    """A UserMigration trigger is asked about names that nobody has here, and about no others."""

    def __init__(self, units: Units, new_users: NewUsers, directories: Directories, triggers: Triggers) -> None:
        self._units = units
        self._new_users = new_users
        self._directories = directories
        self._triggers = triggers

    def is_possible(self, pool: UserPool) -> bool:
        """Whether there is anybody to ask, who is to be asked: a directory knows all users of its pool."""
        return not self._directories.has(pool.id) and self._triggers.are_there(Trigger.USER_MIGRATION, pool.id)

    def at_sign_in(self, registration: Registration, name: str, password: str, caller: Caller) -> TakenOver | None:
        """The user, created with the password; None if the trigger knows nobody.

        The password is kept whatever the pool's policy says of it. Where the trigger's username is somebody's already,
        as for the second of two sign-ins at once, the password is to be looked at as anybody's.

        Raises:
            TriggerFailed: the trigger refused, or made no sense.
            InvalidParameter, AliasExists: nobody like that can be in the pool.
            TooManyRequests: no slot to hash became free.
        """
        pool = registration.pool
        found = self._triggers.migrate(MIGRATION_AT_SIGN_IN, pool.id, name, password, caller)
        return None if found is None else self._create(pool, name, found, password, found.status, caller)

    def at_recovery(self, registration: Registration, name: str, caller: Caller) -> None:
        """Create who forgot the password and is known elsewhere: without one, RESET_REQUIRED until a code sets it.

        Raises:
            TriggerFailed, InvalidParameter, AliasExists: as ``at_sign_in``, where the client shows who exists.
        """
        pool = registration.pool
        if not self.is_possible(pool):
            return
        key = username_key(name, pool.case_sensitive)
        if self._units.read(lambda unit: unit.users.find_by_name(pool.id, key)) is not None:
            return
        try:
            found = self._triggers.migrate(MIGRATION_AT_RECOVERY, pool.id, name, None, caller)
            if found is not None:
                self._create(pool, name, found, None, UserStatus.RESET_REQUIRED, caller)
        except OperationError:
            if not registration.client.prevents_user_existence_errors:
                raise

    def _create(
        self, pool: UserPool, name: str, found: Migrated, password: str | None, status: UserStatus, caller: Caller
    ) -> TakenOver | None:
        wanted = found.username or name
        try:
            user = self._new_users.take_over(
                pool,
                wanted,
                found.attributes,
                password,
                status=status,
                takes_aliases=found.takes_aliases,
                caller=caller,
            )
        except (UsernameExists, ConcurrentModification):
            key = username_key(wanted, pool.case_sensitive)
            faster = self._units.read(lambda unit: unit.users.find_by_name(pool.id, key))
            return None if faster is None else TakenOver(faster, is_proved=False)
        stored = self._units.read(lambda unit: unit.users.find(pool.id, user.sub))
        return None if stored is None else TakenOver(stored, is_proved=True)
