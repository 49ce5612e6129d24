"""What users do with their own account: change the password, sign out everywhere, delete it (api.md 4.19 to 4.21)."""

from functools import partial

from app_client_authz.domain import passwords
from app_client_authz.domain.auth_event import EventResponse, EventType
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ConcurrentModification, LimitExceeded
from app_client_authz.domain.user import UserStatus
from app_client_authz.domain.verification import RESET_PASSWORD
from app_client_authz.services import audit, auth_events
from app_client_authz.services.access_tokens import AccessTokens, Holder, check_still_counts, held
from app_client_authz.services.authentication import Authentication
from app_client_authz.services.directory_writes import DirectoryWrites, HostUser
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.services.stored_users import end_in_browsers
from app_client_authz.services.users import Users
from app_client_authz.services.verification_codes import TOO_MANY
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

CHANGES_PER_HOUR = 5
# Of two changes from the same old password one wins (API-5).
_OVERTAKEN = "The password was changed by another request."


class OwnAccount:
    """Whose account: the holder of a live access token, and nobody else's (API-9)."""

    def __init__(
        self,
        units: Units,
        access_tokens: AccessTokens,
        users: Users,
        authentication: Authentication,
        new_passwords: NewPasswords,
        directory: DirectoryWrites,
        clock: Clock,
    ) -> None:
        self._units = units
        self._access_tokens = access_tokens
        self._users = users
        self._authentication = authentication
        self._new_passwords = new_passwords
        self._directory = directory
        self._clock = clock

    def change_password(self, access_token: str, base: str, previous: str, proposed: str) -> None:
        """Replace the password by one that the pool's policy takes; tokens stay valid (ChangePassword).

        A code that was sent to reset the old one is over. ``previous`` is empty for a user who has no password yet.

        Raises:
            NotAuthorized: the previous password is wrong; it counts as a failed sign-in (API-5).
            InvalidPassword: the new one is not acceptable.
            LimitExceeded: five changes within the hour.
            ConcurrentModification: another change of the password was faster.
        """
        holder = self._access_tokens.holder(access_token, base)
        pool, sub = holder.registration.pool, holder.user.sub
        account = Account(pool.id, sub)

        def take(unit: Unit) -> bool:
            return unit.hourly_counts.take(account, "change_password", limit=CHANGES_PER_HOUR, now=self._clock())

        if not self._units.write(take):
            raise LimitExceeded(TOO_MANY)
        before = self._authentication.check_password(holder.registration, holder.user, previous)
        hosted = self._directory.user(pool.id, sub)
        if hosted is not None:
            self._change_there(holder, hosted, before, proposed)
            return
        credentials = self._new_passwords.hash(pool, proposed, username=holder.user.username, prefix=passwords.CHOSEN)
        now = self._clock()

        def change(unit: Unit) -> None:
            stored = held(unit, holder)
            if stored.password_hash != before.password_hash:
                raise ConcurrentModification(_OVERTAKEN)
            unit.users.set_password(sub, credentials, status=UserStatus.CONFIRMED, temporary_until=None, now=now)
            end_in_browsers(unit, sub)
            unit.verification_codes.drop(sub, RESET_PASSWORD.name)
            self._note(unit, holder)

        self._units.write(change)
        self._tell(holder)

    def _change_there(self, holder: Holder, hosted: HostUser, before: StoredUser, proposed: str) -> None:
        sub = hosted.user.sub

        def claim(unit: Unit) -> None:
            held(unit, holder)
            if not unit.users.advance(sub, before.version):
                raise ConcurrentModification(_OVERTAKEN)
            unit.verification_codes.drop(sub, RESET_PASSWORD.name)

        self._directory.set_password(hosted, proposed, prefix=passwords.CHOSEN, unlocks=False, claim=claim)
        self._units.write(lambda unit: self._note(unit, holder))
        self._tell(holder)

    def _note(self, unit: Unit, holder: Holder) -> None:
        kind, response, now = EventType.PASSWORD_CHANGE, EventResponse.PASS, self._clock()
        auth_events.record(unit, holder.registration, holder.user.sub, kind, response, now)

    @staticmethod
    def _tell(holder: Holder) -> None:
        client_id = holder.registration.client.client_id
        audit.record("password_changed", pool_id=holder.user.pool_id, client_id=client_id, sub=holder.user.sub)

    def sign_out(self, access_token: str, base: str) -> None:
        """Revoke every token of the user, this one too; new sign-ins work at once (GlobalSignOut).

        Raises:
            As ``AccessTokens.holder``.
        """
        holder = self._access_tokens.holder(access_token, base)
        user = holder.user
        self._users.sign_out(user.pool_id, user.sub, condition=partial(check_still_counts, holder))

    def delete(self, access_token: str, base: str) -> None:
        """Delete the user with all sessions; the name is free again (DeleteUser).

        Raises:
            As ``AccessTokens.holder``.
        """
        holder = self._access_tokens.holder(access_token, base)
        user = holder.user
        self._users.delete(user.pool_id, user.sub, condition=partial(check_still_counts, holder))
