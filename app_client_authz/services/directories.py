"""Users of a host's directory: their rows follow it, and what it is asked to change, changes there."""

from app_client_authz.crypto import digests
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.domain import ids
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.directory import DirectoryUser, as_found, is_in_groups
from app_client_authz.domain.errors import ConcurrentModification
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import User, UserStatus, username_key
from app_client_authz.services import audit
from app_client_authz.services.directory_calls import DirectoryCalls
from app_client_authz.services.stored_users import end_all
from app_client_authz.storage.looks import Wanted
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

_TRIES = 5


class Directories:
    """Whenever a piece of work comes upon a user, the directory is looked at, and the row written if it differs.

    The row is what sessions, devices, factors, groups and the lockout hang on. It has no password.
    """

    def __init__(self, units: Units, calls: DirectoryCalls, hasher: PasswordHasher, clock: Clock) -> None:
        self._units = units
        self._calls = calls
        self._hasher = hasher
        self._clock = clock

    def __bool__(self) -> bool:
        return bool(self._calls)

    def has(self, pool_id: str) -> bool:
        """Whether the pool's users are in a directory."""
        return self._calls.has(pool_id)

    # --- looks --------------------------------------------------------------------------------------

    def look(self, wanted: Wanted) -> str | None:
        """Bring the user's row up to date; the ``sub`` of it, None if nobody is there.

        Raises:
            Unavailable: the directory does not answer.
        """
        return self._by_sub(wanted.pool_id, wanted.sub or "") if wanted.name is None else self._by_name(wanted)

    def user_of(self, pool: UserPool, key: str) -> StoredUser | None:
        """The user of that key as it stands now; None if nobody is there.

        Raises:
            Unavailable: the directory does not answer.
        """
        found = self._calls.get(pool.id, key)
        before = self._units.read(lambda unit: unit.directory_users.find_by_key(pool.id, key))
        sub = self._follow(pool, before, found)
        return None if sub is None else self._units.read(lambda unit: unit.directory_users.find(pool.id, sub))

    def _by_sub(self, pool_id: str, sub: str) -> str | None:
        pool, stored = self._units.read(
            lambda unit: (unit.pools.find(pool_id), unit.directory_users.find(pool_id, sub))
        )
        if pool is None or stored is None:
            return None
        key = stored.directory_key
        # A user of the pool's own from before it had a directory.
        return sub if key is None else self._follow(pool, stored, self._calls.get(pool_id, key))

    def _by_name(self, wanted: Wanted) -> str | None:
        pool_id, name = wanted.pool_id, wanted.name or ""
        found = self._calls.find(pool_id, name)

        def look(unit: Unit) -> tuple[UserPool | None, StoredUser | None, StoredUser | None]:
            pool = unit.pools.find(pool_id)
            name_key = "" if pool is None else username_key(name, pool.case_sensitive)
            # As much, whether somebody has the name or not (ENU-6).
            key = "" if found is None else found.key
            users = unit.directory_users
            return pool, users.find_by_name(pool_id, name_key), users.find_by_key(pool_id, key)

        pool, holder, before = self._units.read(look)
        if pool is None:
            return None
        if found is not None:
            return self._follow(pool, before, found)
        if holder is None or holder.directory_key is None:
            return None if holder is None else holder.user.sub
        # Deleted, or of another username by now, or the username is spelled in a way that the directory does not know.
        now = self._calls.get(pool_id, holder.directory_key)
        sub = self._follow(pool, holder, now)
        goes_by = None if now is None else username_key(now.username, pool.case_sensitive)
        return sub if goes_by == username_key(name, pool.case_sensitive) else None

    def _follow(self, pool: UserPool, before: StoredUser | None, found: DirectoryUser | None) -> str | None:
        """Make the row what the directory found; its ``sub``. ``before`` is how it was read, None if there is none."""
        if found is None:
            if before is not None:
                self._delete(pool, before)
            return None
        if before is not None:
            is_same = as_found(pool, before.user, found, 0.0) is before.user
            if is_same and is_in_groups(before.user, found):
                return before.user.sub
        return self._write(pool, found)

    def _write(self, pool: UserPool, found: DirectoryUser) -> str:
        for remaining in reversed(range(_TRIES)):
            try:
                sub, events = self._units.write(lambda unit: self._bring(unit, pool, found))
            except ConcurrentModification:
                # Of many first sign-ins at once, one made the row.
                if not remaining:
                    raise
                continue
            for event in events:
                audit.record(event, pool_id=pool.id, sub=sub)
            return sub
        raise AssertionError("unreachable: the last try returns or raises")

    def _bring(self, unit: Unit, pool: UserPool, found: DirectoryUser) -> tuple[str, list[str]]:
        key, events = username_key(found.username, pool.case_sensitive), []
        stored = unit.directory_users.find_by_key(pool.id, found.key, hold=True)
        now = self._clock()
        if stored is None:
            user = self._new(unit, pool, found, now)
            unit.directory_users.add(user, found.key, key)
            events.append("user_created")
        else:
            before, user = stored.user, as_found(pool, stored.user, found, now)
            if user is not before:
                unit.directory_users.replace(user, key)
            if user.attributes != before.attributes:
                events.append("user_attributes_changed")
            if user.enabled != before.enabled:
                events.append("user_enabled" if user.enabled else "user_disabled")
            if before.enabled and not user.enabled:
                end_all(unit, pool.id, user.sub, now, browsers=True)
        if found.groups is not None and not is_in_groups(user, found):
            unit.directory_users.set_groups(user, found.groups, now)
        return user.sub, events

    def _new(self, unit: Unit, pool: UserPool, found: DirectoryUser, now: float) -> User:
        if not ids.is_sub(found.key) or unit.directory_users.has_sub(found.key):
            sub, signed_out_at = ids.sub_from(digests.random_int(128)), None
        else:
            # The directory may have lost the user and found again: what was issued before stays dead (REF-9). Some
            # tokens have nothing but the whole second in which they were issued.
            sub, signed_out_at = found.key, now - 1.0
        blank = User(
            pool.id,
            sub,
            found.username,
            UserStatus.CONFIRMED,
            created_at=now,
            updated_at=now,
            signed_out_at=signed_out_at,
        )
        return as_found(pool, blank, found, now)

    def _delete(self, pool: UserPool, stored: StoredUser) -> None:
        def change(unit: Unit) -> bool:
            # First, which holds the row: what is given meanwhile is given before.
            gone = unit.users.delete(pool.id, stored.user.sub)
            end_all(unit, pool.id, stored.user.sub, self._clock(), browsers=True)
            return gone

        if self._units.write(change):
            audit.record("user_deleted", pool_id=pool.id, sub=stored.user.sub)

    # --- passwords ----------------------------------------------------------------------------------

    def verify(self, pool_id: str, stored: StoredUser | None, password: str, *, like: str | None = None) -> bool:
        """Whether it is the password of ``stored``, wherever that is kept; costs much the same if nobody is there.

        Raises:
            TooManyRequests: no slot to check a password became free.
            Unavailable: the directory does not answer; nothing was checked.
        """
        if stored is not None and stored.directory_key is not None and self._calls.has(pool_id):
            return self._calls.verify_password(pool_id, stored.directory_key, password)
        if stored is None and self._calls.offers(pool_id, "verify_nobody"):
            self._calls.call(pool_id, "verify_nobody", password)
            return False
        return self._hasher.verify(stored.password_hash if stored else None, password, like=like)
