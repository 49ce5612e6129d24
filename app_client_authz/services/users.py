"""Users, as an administrator sees them (api.md part 5)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from app_client_authz.domain import attributes
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import MEDIA, attribute_of
from app_client_authz.domain.errors import NotAuthorized
from app_client_authz.domain.message import MessageKind
from app_client_authz.domain.passwords import ASSIGNED
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.trigger import NOBODY, Caller
from app_client_authz.domain.user import VERIFIABLE, User, UserStatus
from app_client_authz.domain.user_triggers import CONFIRM_SIGN_UP
from app_client_authz.domain.verification import BY_ATTRIBUTE, RESET_PASSWORD
from app_client_authz.services import audit
from app_client_authz.services.delivery import Delivery
from app_client_authz.services.directory_writes import NO_NEW_PASSWORD, DirectoryWrites
from app_client_authz.services.new_users import NewUsers
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.services.pools import Dialects, existing_pool
from app_client_authz.services.stored_users import (
    end_all,
    end_in_browsers,
    existing_user,
    standing_with_password,
    store,
)
from app_client_authz.services.triggers import Triggers
from app_client_authz.services.verification_codes import VerificationCodes
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

T = TypeVar("T")


def _whoever(unit: Unit, stored: StoredUser) -> None:
    """No condition."""


class Users:
    """One method per operation; each names the user as ``existing_user`` does."""

    def __init__(
        self,
        units: Units,
        new_users: NewUsers,
        new_passwords: NewPasswords,
        directory: DirectoryWrites,
        dialects: Dialects,
        codes: VerificationCodes,
        delivery: Delivery,
        triggers: Triggers,
        clock: Clock,
    ) -> None:
        self._units = units
        self._dialects = dialects
        self._codes = codes
        self._delivery = delivery
        self._new_users = new_users
        self._new_passwords = new_passwords
        self._directory = directory
        self._triggers = triggers
        self._clock = clock

    def create(
        self,
        pool_id: str,
        name: str,
        given: Mapping[str, str],
        *,
        password: str | None = None,
        permanent: bool = False,
    ) -> User:
        """A new user, to change the password at the first sign-in unless ``permanent``; see ``NewUsers.add``.

        Without a password nobody can sign in as the user yet.
        """
        return self._new_users.add(pool_id, name, given, password=password, permanent=permanent).user

    def describe(self, pool_id: str, name: str) -> User:
        """Raises:
        ResourceNotFound: no such pool.
        UserNotFound: no such user in it.
        """
        return self._units.read(lambda unit: existing_user(unit, existing_pool(unit, pool_id), name).user)

    def update_attributes(
        self, pool_id: str, name: str, changes: Mapping[str, str], *, caller: Caller = NOBODY
    ) -> User:
        """The user with changed attributes; an empty value deletes (AdminUpdateUserAttributes).

        Where the pool wants a proof before the change, a code goes to the new address, and the old one stays until
        VerifyUserAttribute; unless the same call says that the new one is verified.

        Raises:
            UserNotFound, ResourceNotFound, InvalidParameter, AliasExists.
            NotAuthorized: the user's directory only reads them.
            CodeDeliveryFailure, TriggerFailed: the attributes are changed, but a code could not be sent.
        """
        hosted = self._directory.user(pool_id, name)
        if hosted is not None:
            return self._directory.update_attributes(hosted, changes, by_admin=True)

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> tuple[UserPool, User, list[tuple[str, str]]]:
            current, codes = stored.user.attributes, []
            # All of it is held against the rules, also what waits for its proof.
            after = attributes.check_update(pool, current, changes, by_admin=True)
            for name, purpose in BY_ATTRIBUTE.items():
                if name not in changes:
                    continue
                # A code that is under way does not undo what the administrator decided.
                unit.verification_codes.drop(stored.user.sub, purpose.name)
                address = after.get(name)
                waits = name in (pool.spec.attributes_require_verification_before_update or ())
                if not waits or not address or address == current.get(name) or after.get(VERIFIABLE[name]) == "true":
                    continue
                codes.append((address, self._codes.issue(unit, Account(pool.id, stored.user.sub), purpose, address)))
                after = attributes.until_proved(name, current, after)
            user = store(unit, pool, stored, replace(stored.user, attributes=after, updated_at=self._clock()))
            return pool, user, codes

        pool, user, codes = self._change(pool_id, name, "user_attributes_changed", change)
        for address, code in codes:
            medium = MEDIA[attribute_of(address)]
            self._delivery.send_code(MessageKind.VERIFY_ATTRIBUTE, pool, user, medium, address, code, caller)
        return user

    def delete_attributes(self, pool_id: str, name: str, names: Iterable[str]) -> User:
        """The user without these attributes (AdminDeleteUserAttributes); what is absent anyway is fine.

        Raises:
            UserNotFound, ResourceNotFound, InvalidParameter.
            NotAuthorized: the user's directory only reads them.
        """
        gone = tuple(names)
        hosted = self._directory.user(pool_id, name)
        if hosted is not None:
            return self._directory.delete_attributes(hosted, gone, by_admin=True)

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> User:
            after = attributes.check_delete(pool, stored.user.attributes, gone, by_admin=True)
            return store(unit, pool, stored, replace(stored.user, attributes=after, updated_at=self._clock()))

        return self._change(pool_id, name, "user_attributes_changed", change)

    def confirm(self, pool_id: str, name: str, caller: Caller = NOBODY) -> None:
        """Confirm a registration without a code; addresses stay unverified (AdminConfirmSignUp).

        Raises:
            UserNotFound, ResourceNotFound.
            NotAuthorized: there is nothing to confirm, or the user's directory does that.
            TriggerFailed: a PostConfirmation trigger failed; the user is confirmed all the same.
        """

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> User:
            if stored.user.status != UserStatus.UNCONFIRMED or stored.directory_key is not None:
                raise NotAuthorized(f"User cannot be confirmed. Current status is {stored.user.status}")
            after = replace(stored.user, status=UserStatus.CONFIRMED, updated_at=self._clock())
            return store(unit, pool, stored, after)

        user = self._change(pool_id, name, "user_confirmed", change)
        self._triggers.post_confirmation(CONFIRM_SIGN_UP, user, caller)

    def set_password(
        self,
        pool_id: str,
        name: str,
        password: str,
        *,
        permanent: bool,
        condition: Callable[[User], None] = lambda user: None,
    ) -> User:
        """The user with another password (AdminSetUserPassword); one that is not permanent has to be changed.

        ``condition`` refuses, by what it raises, a user who is not to have it.

        Raises:
            UserNotFound, ResourceNotFound, InvalidPassword, InvalidParameter.
            NotAuthorized: the user's directory sets none, or the password is to be a temporary one, which it has not.
        """
        # Nobody's password is hashed for a user who is not there.
        pool, username = self._units.read(lambda unit: self._checked(unit, pool_id, name, condition))
        hosted = self._directory.user(pool_id, name)
        if hosted is not None:
            if not permanent:
                raise NotAuthorized(NO_NEW_PASSWORD)
            sub = hosted.user.sub
            changed = self._directory.set_password(
                hosted,
                password,
                prefix=ASSIGNED,
                unlocks=True,
                claim=lambda unit: unit.verification_codes.drop(sub, RESET_PASSWORD.name),
            )
            audit.record("password_set", pool_id=pool_id, sub=changed.sub)
            return changed
        credentials = self._new_passwords.hash(pool, password, username=username)
        now = self._clock()
        status, until = standing_with_password(pool, now, permanent=permanent)

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> User:
            condition(stored.user)
            sub = stored.user.sub
            unit.users.set_password(sub, credentials, status=status, temporary_until=until, now=now)
            end_in_browsers(unit, sub)
            unit.attempts.clear(Account(pool.id, sub))
            # A code that was sent before does not undo what the administrator decided now.
            unit.verification_codes.drop(sub, RESET_PASSWORD.name)
            return replace(stored.user, status=status, temporary_password_until=until, updated_at=now)

        return self._change(pool_id, name, "password_set", change)

    def enable(self, pool_id: str, name: str) -> None:
        """Raises:
        UserNotFound, ResourceNotFound.
        NotAuthorized: the user's directory does that.
        """
        self._set_enabled(pool_id, name, enabled=True)

    def disable(self, pool_id: str, name: str) -> None:
        """No sign-in any more, and everything issued so far is dead at once (AdminDisableUser).

        Raises:
            UserNotFound, ResourceNotFound.
            NotAuthorized: the user's directory does that.
        """
        self._set_enabled(pool_id, name, enabled=False)

    def sign_out(self, pool_id: str, name: str, *, condition: Callable[[Unit, StoredUser], None] = _whoever) -> None:
        """Revoke every token session of the user (AdminUserGlobalSignOut); ``condition`` as for ``delete``.

        Raises:
            UserNotFound, ResourceNotFound.
        """

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> None:
            condition(unit, stored)
            now = self._clock()
            store(unit, pool, stored, replace(stored.user, signed_out_at=now))
            survive = self._dialects.of(pool).sso_survives_global_sign_out
            end_all(unit, pool.id, stored.user.sub, now, browsers=not survive)

        self._change(pool_id, name, "user_signed_out", change)

    def delete(self, pool_id: str, name: str, *, condition: Callable[[Unit, StoredUser], None] = _whoever) -> None:
        """Delete the user with all sessions (AdminDeleteUser).

        ``condition`` ends it by what it raises; the user's row is held meanwhile.

        Raises:
            UserNotFound, ResourceNotFound.
            NotAuthorized: the user's directory deletes nobody.
        """
        hosted = self._directory.user(pool_id, name)
        if hosted is not None:
            self._units.write(lambda unit: condition(unit, existing_user(unit, hosted.pool, name, hold=True)))
            self._directory.delete(hosted)
            return

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> None:
            condition(unit, stored)
            unit.users.delete(pool.id, stored.user.sub)
            end_all(unit, pool.id, stored.user.sub, self._clock(), browsers=True)

        self._change(pool_id, name, "user_deleted", change)

    # ------------------------------------------------------------------------------------------------

    def _set_enabled(self, pool_id: str, name: str, *, enabled: bool) -> None:
        hosted = self._directory.user(pool_id, name)
        if hosted is not None:
            self._directory.set_enabled(hosted, enabled=enabled)
            return

        def change(unit: Unit, pool: UserPool, stored: StoredUser) -> None:
            now = self._clock()
            # Disabling signs out too: enabling later must not revive what was issued before.
            signed_out_at = stored.user.signed_out_at if enabled else now
            after = replace(stored.user, enabled=enabled, signed_out_at=signed_out_at, updated_at=now)
            store(unit, pool, stored, after)
            if not enabled:
                end_all(unit, pool.id, stored.user.sub, now, browsers=True)

        self._change(pool_id, name, "user_enabled" if enabled else "user_disabled", change)

    def _change(self, pool_id: str, name: str, event: str, change: Callable[[Unit, UserPool, StoredUser], T]) -> T:
        """What ``change`` returns, once it is committed; ``event`` tells of it. ``change`` has the user's row held."""

        def work(unit: Unit) -> tuple[str, T]:
            pool = existing_pool(unit, pool_id)
            stored = existing_user(unit, pool, name, hold=True)
            return stored.user.sub, change(unit, pool, stored)

        sub, result = self._units.write(work)
        audit.record(event, pool_id=pool_id, sub=sub)
        return result

    @staticmethod
    def _checked(unit: Unit, pool_id: str, name: str, condition: Callable[[User], None]) -> tuple[UserPool, str]:
        """The pool, and the username of who goes by that name."""
        pool = existing_pool(unit, pool_id)
        user = existing_user(unit, pool, name).user
        condition(user)
        return pool, user.username
