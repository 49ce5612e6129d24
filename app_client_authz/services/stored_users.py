"""A user in a unit of work: found by any name, written whole."""

from app_client_authz.domain import ids
from app_client_authz.domain.errors import ConcurrentModification, NotAuthorized, UserNotFound
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import User, UserStatus, aliases_of, username_key
from app_client_authz.services.password_attempts import WRONG
from app_client_authz.storage.unit import Unit
from app_client_authz.storage.users import StoredUser


def existing_user(unit: Unit, pool: UserPool, name: str, *, hold: bool = False) -> StoredUser:
    """The user of that username, alias or ``sub``; a name of another pool is not found (API-7).

    ``hold``: nobody else changes, deletes or locks the user until the transaction ends.

    Raises:
        UserNotFound: no such user in the pool.
    """
    # First, so that nobody takes another user's place by the choice of a username.
    stored = unit.users.find(pool.id, name, hold=hold) if ids.is_sub(name) else None
    if stored is None:
        stored = unit.users.find_by_name(pool.id, username_key(name, pool.case_sensitive), typed=name, hold=hold)
    if stored is None:
        raise UserNotFound
    return stored


def store(unit: Unit, pool: UserPool, before: StoredUser, after: User) -> User:
    """The changed user, written.

    Raises:
        AliasExists: another user has one of the new aliases.
        ConcurrentModification: the user was changed since it was read.
    """
    # By which other names a directory's user is found, the directory knows.
    by_directory = before.directory_key is not None
    aliases = {} if by_directory else aliases_of(pool, after.username, after.attributes)
    if not unit.users.replace(after, before.version, aliases):
        raise ConcurrentModification("The user was changed by another request.")
    return after


def check_unchanged(unit: Unit, user: User, *, alone: bool = False) -> None:
    """Nothing, if the user stands as when ``user`` was read, and stands still until the transaction ends (ATM-3).

    ``alone``: nobody else looks at the user like this meanwhile.

    Raises:
        NotAuthorized: disabled, deleted, signed out or changed since: what was proved, was proved of another.
    """
    standing = unit.users.hold(user.sub) if alone else unit.users.lock(user.sub)
    if standing is None or not standing.enabled or standing.updated_at != user.updated_at:
        raise NotAuthorized(WRONG, detail="changed since the sign-in")
    if standing.status != user.status or standing.signed_out_at != user.signed_out_at:
        raise NotAuthorized(WRONG, detail="changed since the sign-in")


def standing_with_password(pool: UserPool, now: float, *, permanent: bool) -> tuple[UserStatus, float | None]:
    """Status and expiry of a password that an administrator set (epoch seconds)."""
    if permanent:
        return UserStatus.CONFIRMED, None
    return UserStatus.FORCE_CHANGE_PASSWORD, now + pool.password_policy.temporary_password_seconds
