"""New users: with a name that nobody has, attributes of the pool's schema, and a password or none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from app_client_authz.crypto import digests
from app_client_authz.domain import attributes, ids, passwords
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.credentials import Credentials
from app_client_authz.domain.delivery import check_invitable
from app_client_authz.domain.errors import AliasExists, UsernameExists
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.trigger import NOBODY, Caller, Trigger
from app_client_authz.domain.user import (
    USERNAME,
    VERIFIABLE,
    User,
    UserStatus,
    aliases_of,
    check_username,
    registers_without_password,
    sign_in_attribute,
    signs_in_without_password,
    username_key,
    with_sign_in_attribute,
)
from app_client_authz.domain.user_triggers import ADMIN_CREATE_USER, SIGN_UP
from app_client_authz.services import audit
from app_client_authz.services.directory_writes import DirectoryWrites
from app_client_authz.services.passwords import NewPasswords, generated
from app_client_authz.services.pools import existing_pool
from app_client_authz.services.stored_users import standing_with_password, store
from app_client_authz.services.triggers import Triggers
from app_client_authz.storage.unit import Unit, Units

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user who was just created, and the password to tell; None if there is none."""

    pool: UserPool
    user: User
    password: str | None = field(default=None, repr=False)


class NewUsers:
    """Puts users into a pool."""

    def __init__(
        self,
        units: Units,
        new_passwords: NewPasswords,
        directory: DirectoryWrites,
        triggers: Triggers,
        clock: Clock,
    ) -> None:
        self._units = units
        self._directory = directory
        self._new_passwords = new_passwords
        self._triggers = triggers
        self._clock = clock

    def add(
        self,
        pool_id: str,
        name: str,
        given: Mapping[str, str],
        *,
        password: str | None = None,
        permanent: bool = False,
        generates: bool = False,
        takes_aliases: bool = False,
        mediums: Sequence[str] | None = (),
        caller: Caller = NOBODY,
    ) -> NewUser:
        """A new user (AdminCreateUser), told of nothing.

        ``generates``: a password is made where none is given, unless the user can sign in without one, or is to be in
        a directory, which has no temporary ones.
        ``takes_aliases``: a verified address that is another user's alias becomes this one's (ForceAliasCreation).
        ``mediums`` are those by which the user is going to be told.

        Raises:
            ResourceNotFound: no such pool.
            InvalidParameter, InvalidPassword: the name, an attribute or the password is not acceptable, or there is
                no address for one of the ``mediums``.
            UsernameExists, AliasExists: somebody has the name.
            NotAuthorized: the pool's directory creates nobody.
            TriggerFailed: a PreSignUp trigger refused.
        """
        pool = self._units.read(lambda unit: existing_pool(unit, pool_id))
        check_username(pool, name)
        accepted = attributes.check_new(pool, with_sign_in_attribute(pool, name, given), by_admin=True)
        check_invitable(accepted, mediums)
        passwordless = password is None and signs_in_without_password(pool, accepted)
        if self._directory.has(pool):
            # None is generated: what is sent as a temporary password would stay (API-5).
            if password is not None:
                self._new_passwords.check(pool, password)
            return NewUser(
                pool, self._create_there(pool, ADMIN_CREATE_USER, name, password, accepted, caller), password
            )
        if password is None and generates and not passwordless:
            password = generated(pool.password_policy)
        sub = ids.sub_from(digests.random_int(128))
        username = name if sign_in_attribute(pool, name) is None else sub
        credentials = None if password is None else self._new_passwords.hash(pool, password, username=username)
        now = self._clock()
        status, until = standing_with_password(
            pool, now, permanent=passwordless or (permanent and password is not None)
        )
        user = User(
            pool_id=pool.id,
            sub=sub,
            username=username,
            status=status,
            enabled=True,
            attributes=accepted,
            created_at=now,
            updated_at=now,
            temporary_password_until=until,
        )
        self._insert(pool, user, credentials, caller, takes_aliases=takes_aliases)
        return NewUser(pool, user, password)

    def take_over(
        self,
        pool: UserPool,
        name: str,
        given: Mapping[str, str],
        password: str | None,
        *,
        status: UserStatus,
        takes_aliases: bool,
        caller: Caller,
    ) -> User:
        """A new user who comes from another directory, with the password of there: no policy is asked.

        Raises:
            InvalidParameter: the name, an attribute or the password is not acceptable.
            UsernameExists, AliasExists: somebody has the name.
            TriggerFailed: a PreSignUp trigger refused.
            TooManyRequests: no slot to hash became free.
        """
        check_username(pool, name)
        accepted = attributes.check_new(pool, with_sign_in_attribute(pool, name, given), by_admin=True)
        sub = ids.sub_from(digests.random_int(128))
        username = name if sign_in_attribute(pool, name) is None else sub
        credentials = None if password is None else self._new_passwords.hash_known(pool, password, username=username)
        now = self._clock()
        user = User(pool.id, sub, username, status, attributes=accepted, created_at=now, updated_at=now)
        self._insert(pool, user, credentials, caller, takes_aliases=takes_aliases)
        return user

    def register(
        self,
        pool: UserPool,
        name: str,
        given: Mapping[str, str],
        password: str | None,
        then: Callable[[Unit, User], T],
        caller: Caller = NOBODY,
    ) -> tuple[User, T]:
        """A new user who registered, and what ``then`` did in the same transaction (SignUp).

        The user is UNCONFIRMED unless a PreSignUp trigger wants it otherwise. The password is hashed before anyone
        looks whether the name is free: taken or not, it costs the same.

        Raises:
            InvalidParameter, InvalidPassword: an attribute or the password is not acceptable.
            UsernameExists, AliasExists: somebody has the name, or proved to own an address that the trigger
                verified: it stays theirs (ATT-9).
            TriggerFailed: a PreSignUp trigger refused.
        """
        address = sign_in_attribute(pool, name)
        accepted = attributes.check_new(pool, with_sign_in_attribute(pool, name, given))
        if password is None and not registers_without_password(pool, accepted):
            passwords.check_shape(password)
        sub = ids.sub_from(digests.random_int(128))
        username = name if address is None else sub
        credentials = None
        if password is not None:
            credentials = self._new_passwords.hash(pool, password, username=username, prefix=passwords.CHOSEN)
        now = self._clock()
        wanted = User(
            pool_id=pool.id,
            sub=sub,
            username=username,
            status=UserStatus.UNCONFIRMED,
            attributes=accepted,
            created_at=now,
            updated_at=now,
        )
        key = username_key(username, pool.case_sensitive)

        def insert(unit: Unit) -> T:
            unit.users.add(user, key, aliases_of(pool, username, user.attributes), credentials)
            return then(unit, user)

        try:
            user = self._ask(pool, SIGN_UP, wanted, caller)
            done = self._units.write(insert)
        except (UsernameExists, AliasExists) as taken:
            if address is not None:
                raise UsernameExists(f"An account with the given {address} already exists.") from None
            raise UsernameExists("User already exists") if isinstance(taken, UsernameExists) else taken from None
        audit.record("user_signed_up", pool_id=pool.id, sub=sub)
        return user, done

    def register_there(
        self, pool: UserPool, name: str, given: Mapping[str, str], password: str | None, caller: Caller
    ) -> User:
        """The same in the pool's directory, which says whether the user may sign in at once.

        Raises:
            As ``register``; and NotAuthorized: it creates nobody.
        """
        accepted = attributes.check_new(pool, with_sign_in_attribute(pool, name, given))
        if password is None:
            passwords.check_shape(password)
        else:
            self._new_passwords.check(pool, password, prefix=passwords.CHOSEN)
        user = self._create_there(pool, SIGN_UP, name, password, accepted, caller)
        audit.record("user_signed_up", pool_id=pool.id, sub=user.sub)
        return user

    def _create_there(
        self,
        pool: UserPool,
        source: str,
        name: str,
        password: str | None,
        accepted: Mapping[str, str],
        caller: Caller,
    ) -> User:
        wanted = User(pool.id, "", name, UserStatus.UNCONFIRMED, attributes=accepted)
        asked = self._triggers.pre_sign_up(source, wanted, caller)
        return self._directory.create(pool, name, password, asked.attributes)

    def _insert(
        self, pool: UserPool, user: User, credentials: Credentials | None, caller: Caller, *, takes_aliases: bool
    ) -> None:
        """A user whom an administrator creates, or another directory."""
        self._ask(pool, ADMIN_CREATE_USER, user, caller, takes_aliases=takes_aliases)
        key = username_key(user.username, pool.case_sensitive)
        aliases = aliases_of(pool, user.username, user.attributes)

        def insert(unit: Unit) -> list[str]:
            losers = take_aliases(unit, pool, aliases, user.updated_at) if takes_aliases else []
            unit.users.add(user, key, aliases, credentials)
            return losers

        for loser in self._units.write(insert):
            audit.record("alias_moved", pool_id=pool.id, sub=loser, to=user.sub)
        audit.record("user_created", pool_id=pool.id, sub=user.sub)

    def _ask(self, pool: UserPool, source: str, user: User, caller: Caller, *, takes_aliases: bool = False) -> User:
        """The user as a PreSignUp trigger wants it, who is asked for a free name only (api.md 4.13)."""
        if not self._triggers.are_there(Trigger.PRE_SIGN_UP, pool.id):
            return user
        aliases = {} if takes_aliases else aliases_of(pool, user.username, user.attributes)
        names = {USERNAME: username_key(user.username, pool.case_sensitive), **aliases}
        self._units.read(lambda unit: unit.users.refuse_taken(user, names))
        return self._triggers.pre_sign_up(source, user, caller)


def take_aliases(unit: Unit, pool: UserPool, aliases: Mapping[str, str], now: float) -> list[str]:
    """Who loses an address to another user, by ``sub``: it stays theirs as an attribute, unverified (ATT-9)."""
    losers = []
    for kind in VERIFIABLE:
        if kind not in pool.alias_attributes or kind not in aliases:
            continue
        holder = unit.users.find_by_name(pool.id, aliases[kind], hold=True)
        held = {} if holder is None else aliases_of(pool, holder.user.username, holder.user.attributes)
        if holder is not None and held.get(kind) == aliases[kind]:
            unverified = {**holder.user.attributes, VERIFIABLE[kind]: "false"}
            store(unit, pool, holder, replace(holder.user, attributes=unverified, updated_at=now))
            losers.append(holder.user.sub)
    return losers
