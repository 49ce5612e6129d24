"""A user who comes from elsewhere: out of a seed file, or out of another pool."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app_client_authz.domain import attributes, ids
from app_client_authz.domain.errors import InvalidParameter, UsernameExists
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import (
    VERIFIABLE,
    User,
    UserStatus,
    check_username,
    signs_in_without_password,
    username_key,
    with_sign_in_attribute,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEntry:
    """What is said of the user. None is "not said", and what is not said of a user who exists stays as it is.

    ``attributes`` come without ``sub``. ``password`` is for good; ``temporary_password`` and ``status`` count for a
    new user only: nobody is taken back to where they began.
    """

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    sub: str | None = None
    enabled: bool | None = None
    status: UserStatus | None = None
    password: str | None = field(default=None, repr=False)
    temporary_password: str | None = field(default=None, repr=False)
    groups: tuple[str, ...] = ()

    @property
    def first_password(self) -> str | None:
        """The password of a new user, whichever kind it is."""
        return self.temporary_password if self.password is None else self.password

    def as_new(self, pool: UserPool, *, sub: str, now: float) -> User:
        """The user that the entry makes; ``sub`` is for one that says none.

        Raises:
            InvalidParameter: the name, the ``sub`` or an attribute is not acceptable.
        """
        if self.sub is not None and not ids.is_sub(self.sub):
            raise InvalidParameter(f"The sub {self.sub} is no UUID in lower case.")
        own_sub = self.sub or sub
        # Where addresses are usernames, a pool lists its users by sub, and those of other providers by theirs.
        listed = bool(pool.username_attributes) and (
            self.name == self.sub or self.status == UserStatus.EXTERNAL_PROVIDER
        )
        if not listed:
            check_username(pool, self.name)
        named = dict(self.attributes) if listed else with_sign_in_attribute(pool, self.name, self.attributes)
        accepted = attributes.check_new(pool, named, by_admin=True)
        return User(
            pool_id=pool.id,
            sub=own_sub,
            username=own_sub if pool.username_attributes and not listed else self.name,
            status=self._first_status(pool, accepted),
            enabled=self.enabled is not False,
            attributes=accepted,
            created_at=now,
            updated_at=now,
            temporary_password_until=now + pool.password_policy.temporary_password_seconds
            if self.password is None and self.temporary_password is not None
            else None,
        )

    def applied_to(self, pool: UserPool, user: User, *, now: float) -> User:
        """The user who exists, as the entry says.

        Raises:
            UsernameExists: it is somebody else, who has the name.
            InvalidParameter: an attribute is not acceptable, or cannot change.
        """
        if self.sub not in {None, user.sub}:
            raise UsernameExists(f"The user {self.name} exists, and has another sub.")
        changes = {name: value for name, value in self.attributes.items() if value != user.attributes.get(name, "")}
        # A new address is unverified unless the same change says otherwise.
        changes |= {
            flag: self.attributes[flag]
            for name, flag in VERIFIABLE.items()
            if name in changes and flag in self.attributes
        }
        after = attributes.check_update(pool, user.attributes, changes, by_admin=True) if changes else user.attributes
        enabled = user.enabled if self.enabled is None else self.enabled
        status = user.status if self.password is None else UserStatus.CONFIRMED
        changed = replace(user, attributes=after, enabled=enabled, status=status)
        return user if changed == user else replace(changed, updated_at=now)

    def names(self, pool: UserPool, user: User) -> bool:
        """Whether ``user``, whom somebody found under the entry's name, has it as username and not as an alias."""
        key = username_key(self.name, pool.case_sensitive)
        own = username_key(user.username, pool.case_sensitive)
        return key == own or any(
            key == username_key(user.attributes.get(name, ""), pool.case_sensitive) for name in pool.username_attributes
        )

    def _first_status(self, pool: UserPool, accepted: Mapping[str, str]) -> UserStatus:
        """Where a new user stands. Without a password nobody is CONFIRMED but who needs none.

        RESET_REQUIRED is what Cognito gives the users of an import: they set a password by a code (ForgotPassword).
        """
        if self.password is not None:
            return UserStatus.CONFIRMED
        if self.temporary_password is not None:
            return UserStatus.FORCE_CHANGE_PASSWORD
        if self.status not in {None, UserStatus.CONFIRMED}:
            return UserStatus(self.status or "")
        return UserStatus.CONFIRMED if signs_in_without_password(pool, accepted) else UserStatus.RESET_REQUIRED
