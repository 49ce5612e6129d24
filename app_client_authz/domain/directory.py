"""Users who live in the host's own table: what the host says of them, and what it has to offer for that.

``UserDirectory`` is all that a pool needs. Each of the other protocols is one thing more that a directory can do; it
does, if it has the method. What it has not, the pool refuses as Cognito does (docs/how-to/host-users.md).

A directory is asked in the thread of the request, inside an app context, possibly by several threads at once and
outside of the server's own transactions. What it raises ends the request as "not available now" (503), with a line in
the log; a method that changes something may also refuse, by an ``OperationError`` such as ``UsernameExists``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from app_client_authz.domain import attributes, ids
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import User, UserStatus, is_username

MAX_KEY = 256
STATUSES = frozenset({UserStatus.CONFIRMED, UserStatus.UNCONFIRMED, UserStatus.RESET_REQUIRED})
"""Where a user of a directory can stand: whoever is UNCONFIRMED or RESET_REQUIRED does not sign in by password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryUser:
    """A user as the directory has it now.

    ``key`` never changes and is never given to anybody else: the primary key, as text. ``username`` is what tokens
    tell. ``attributes`` are Cognito's (``email``, ``email_verified``: ``"true"``, ``custom:…``); what the pool's
    schema does not take is left out. ``groups`` are names of groups; None leaves groups to the pool.

    Raises:
        ValueError: not the user of a pool.
    """

    key: str
    username: str
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    enabled: bool = True
    status: str = "CONFIRMED"
    groups: Iterable[str] | None = None

    def __post_init__(self) -> None:
        if not _is_text(self.key) or not 1 <= len(self.key) <= MAX_KEY or not self.key.isprintable():
            raise ValueError(f"key is a text of 1 to {MAX_KEY} printable characters")
        if not is_username(self.username):
            raise ValueError("username is a text of 1 to 128 visible characters without blanks")
        if not _is_mapping(self.attributes):
            raise ValueError("attributes are a mapping")
        if self.enabled not in (True, False):
            raise ValueError("enabled is true or false")
        # What a database driver without a type for it has: 0 and 1.
        object.__setattr__(self, "enabled", bool(self.enabled))
        if self.status not in STATUSES:
            raise ValueError(f"status is one of {', '.join(sorted(STATUSES))}")
        if self.groups is not None:
            names = (None,) if isinstance(self.groups, str) else tuple(dict.fromkeys(self.groups))
            if not all(is_group_name(name) for name in names):
                raise ValueError("groups are texts of 1 to 128 visible characters without blanks")
            object.__setattr__(self, "groups", names)


class UserDirectory(Protocol):
    """Where the users of a pool live: ``authz.user_directory(directory)``."""

    def find(self, name: str, /) -> DirectoryUser | None:
        """Whoever signs in by that name: the username, an e-mail address, whatever counts as one; None if nobody.

        ``name`` is as it was typed, at most 128 characters. An answer to it is no sign-in.
        """

    def get(self, key: str, /) -> DirectoryUser | None:
        """The user of that key as it stands now; None if the user was deleted.

        Asked at every use of a token or sign-in of the user.
        """

    def verify_password(self, key: str, password: str, /) -> bool:
        """Whether it is the user's password. Attempts are counted, and locked out, before this is asked."""


class EvensOut(Protocol):
    """Costs as much for a name that nobody has: without it, one hash of the server's own is made."""

    def verify_nobody(self, password: str, /) -> None:
        """Take as long as ``verify_password`` does."""


class SetsPasswords(Protocol):
    """ChangePassword, ForgotPassword, AdminSetUserPassword."""

    def set_password(self, key: str, password: str, /) -> None:
        """Replace the password by one that the pool's policy takes."""


class UpdatesAttributes(Protocol):
    """UpdateUserAttributes and its kin."""

    def update_attributes(self, key: str, attributes: Mapping[str, str], /) -> None:
        """Change attributes; an empty value deletes. The pool's schema and the app client allow it."""


class CreatesUsers(Protocol):
    """SignUp, AdminCreateUser."""

    def create(self, username: str, password: str | None, attributes: Mapping[str, str], /) -> DirectoryUser:
        """The new user.

        Raises:
            UsernameExists: somebody has the name.
        """


class DeletesUsers(Protocol):
    """DeleteUser, AdminDeleteUser."""

    def delete(self, key: str, /) -> None:
        """Delete the user."""


class EnablesUsers(Protocol):
    """AdminEnableUser, AdminDisableUser."""

    def set_enabled(self, key: str, enabled: bool, /) -> None:
        """Let the user sign in, or not."""


def is_group_name(name: object) -> bool:
    """True if a group can be called that."""
    return not ids.GROUP_NAME.phrases(name)


# What the host's code hands over was not looked at by a type checker.


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


REQUIRED = ("find", "get", "verify_password")
OPTIONAL = ("verify_nobody", "set_password", "update_attributes", "create", "delete", "set_enabled")


def as_found(pool: UserPool, before: User, found: DirectoryUser, now: float) -> User:
    """The user as the directory has it; ``before`` is what is known so far.

    Disabling signs out: enabling later does not revive what was issued before.
    """
    after = replace(
        before,
        username=found.username,
        enabled=found.enabled,
        status=UserStatus(found.status),
        attributes=attributes.acceptable(pool, found.attributes),
    )
    if after == before:
        return before
    signed_out_at = now if before.enabled and not after.enabled else before.signed_out_at
    return replace(after, updated_at=now, signed_out_at=signed_out_at)


def is_in_groups(user: User, found: DirectoryUser) -> bool:
    """Whether the user is in the groups that the directory says, if it says any."""
    return found.groups is None or {group.name for group in user.groups} == set(found.groups)
