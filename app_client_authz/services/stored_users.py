"""A user in a unit of work: found by any name, written whole."""

from app_client_authz.domain import ids
from app_client_authz.domain.errors import ConcurrentModification, NotAuthorized, UserNotFound
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import User, UserStatus, aliases_of, username_key
from app_client_authz.services.password_attempts import WRONG
from app_client_authz.storage.unit import Unit
from app_client_authz.storage.users import Standing, StoredUser


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
    if standing is None or not is_signed_in_still(standing, user) or standing.updated_at != user.updated_at:
        raise NotAuthorized(WRONG, detail="changed since the sign-in")


def is_signed_in_still(standing: Standing | None, user: User) -> bool:
    """Whether nobody deleted, disabled, signed out or reset the user since ``user`` was read.

    Instants are compared for being the same, not for their order: that is nothing for the clocks of two workers.
    """
    if standing is None or not standing.enabled:
        return False
    return standing.status == user.status and standing.signed_out_at == user.signed_out_at


def end_all(unit: Unit, pool_id: str, sub: str, now: float, *, browsers: bool) -> None:
    """What the user was given is dead: token sessions, codes and steps of sign-ins under way.

    ``browsers``: SSO sessions too. Whoever calls this holds the user's row, or has just deleted it, and read the clock
    after that: what is given meanwhile waits, and then finds the user changed (ATM-3).
    """
    unit.token_sessions.revoke_of_user(pool_id, sub, now)
    unit.codes.drop_of_user(sub, now)
    unit.challenge_sessions.end_of_user(sub)
    if browsers:
        unit.sso_sessions.end_of_user(sub)


def end_in_browsers(unit: Unit, sub: str) -> None:
    """What a password opened in browsers ends with it; token sessions live on, as Cognito's do."""
    unit.sso_sessions.end_of_user(sub)
    unit.challenge_sessions.end_of_user(sub)


def standing_with_password(pool: UserPool, now: float, *, permanent: bool) -> tuple[UserStatus, float | None]:
    """Status and expiry of a password that an administrator set (epoch seconds)."""
    if permanent:
        return UserStatus.CONFIRMED, None
    return UserStatus.FORCE_CHANGE_PASSWORD, now + pool.password_policy.temporary_password_seconds
