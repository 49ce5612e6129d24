"""Every proof of a password goes through here: counted first, then looked at, then settled (R14, LCK-2)."""

import time
from collections.abc import Callable, Mapping

from app_client_authz.domain.auth_event import Answered, EventType
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import (
    AuthzError,
    NotAuthorized,
    OperationError,
    PasswordAttemptsExceeded,
    PasswordResetRequired,
    TemporaryPasswordExpired,
    TooManyRequests,
    UserDisabled,
    UserNotConfirmed,
)
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import UserStatus
from app_client_authz.services import audit, auth_events
from app_client_authz.services.site_secret import SiteSecret
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Units
from app_client_authz.storage.users import StoredUser

WRONG = "Incorrect username or password."
RESERVATION_SECONDS = 30.0
SLOT_WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.02


class PasswordAttempts:
    """One counter per account for every door: whoever checks a password, checks it here."""

    def __init__(self, units: Units, site_secret: SiteSecret, clock: Clock) -> None:
        self._units = units
        self._site_secret = site_secret
        self._clock = clock

    def judge(
        self,
        registration: Registration,
        name_key: str,
        stored: StoredUser | None,
        prove: Callable[[], bool],
        *,
        event: EventType = EventType.SIGN_IN,
        wrong: tuple[Answered, ...] = (Answered.PASSWORD_WRONG,),
    ) -> None:
        """Nothing, if ``prove`` says that the password is right; ``stored`` is who has that name, if anyone.

        The user's status is judged before the password where the client shows who exists (api.md 4.2), else the
        caller judges it afterwards. What is refused goes on record as a failed ``event``,
        a wrong proof as ``wrong``.

        Raises:
            NotAuthorized: wrong.
            PasswordAttemptsExceeded: the account is locked; ``prove`` was not asked.
            UserDisabled, UserNotConfirmed, PasswordResetRequired, TemporaryPasswordExpired: see ``check_status``.
            TooManyRequests: no slot to check a password became free.
        """
        account = self.account(registration.pool.id, name_key, stored)
        ids = {"pool_id": account.pool_id, "client_id": registration.client.client_id}
        sub = stored.user.sub if stored else None
        try:
            self._reserve(account, ids, sub)
        except PasswordAttemptsExceeded:
            self._record_failure(registration, account, stored, event)
            raise
        try:
            if stored is not None and not registration.client.prevents_user_existence_errors:
                self.check_status(stored)
            right = prove()
        except AuthzError as refusal:
            self._units.write(lambda unit: unit.attempts.release(account))
            if isinstance(refusal, OperationError) and not isinstance(refusal, TooManyRequests):
                self._record_failure(registration, account, stored, event)
            raise
        now = self._clock()
        if right:
            self._units.write(lambda unit: unit.attempts.succeed(account, now))
            return
        self._units.write(lambda unit: unit.attempts.fail(account, now))
        audit.record("password_wrong", sub=sub, **ids)
        self._record_failure(registration, account, stored, event, *wrong)
        raise NotAuthorized(WRONG)

    def _reserve(self, account: Account, ids: Mapping[str, str], sub: str | None) -> None:
        """Wait while others check passwords of the same account: parallel right ones must all come through."""
        give_up = time.monotonic() + SLOT_WAIT_SECONDS
        while True:
            now = self._clock()
            until = now + RESERVATION_SECONDS
            answer = self._units.write(lambda unit: unit.attempts.reserve(account, now, until=until))  # noqa: B023
            if answer == "reserved":
                return
            if answer == "locked":
                audit.record("account_locked", sub=sub, **ids)
                raise PasswordAttemptsExceeded("Password attempts exceeded")
            if time.monotonic() > give_up:
                raise TooManyRequests("Rate exceeded", detail="too many sign-ins of one account at once")
            time.sleep(_POLL_SECONDS)

    def check_status(self, stored: StoredUser) -> None:
        """Raises:
        UserDisabled, UserNotConfirmed, PasswordResetRequired, TemporaryPasswordExpired, NotAuthorized: what
            keeps the user from signing in with a password, whatever it is.
        """
        user = stored.user
        if not user.enabled:
            raise UserDisabled
        if user.status == UserStatus.UNCONFIRMED:
            raise UserNotConfirmed
        if user.status == UserStatus.RESET_REQUIRED:
            raise PasswordResetRequired
        until = user.temporary_password_until
        if user.status == UserStatus.FORCE_CHANGE_PASSWORD and until is not None and self._clock() >= until:
            raise TemporaryPasswordExpired("Temporary password has expired and must be reset by an administrator.")
        if user.status not in {UserStatus.CONFIRMED, UserStatus.FORCE_CHANGE_PASSWORD}:
            raise NotAuthorized(WRONG, detail=f"status {user.status}")

    def check_standing(self, registration: Registration, stored: StoredUser, *answered: Answered) -> None:
        """``check_status``, and a refusal goes on record as a failed sign-in of who ``answered`` that before."""
        try:
            self.check_status(stored)
        except OperationError:
            account = self.account(registration.pool.id, stored.user.username, stored)
            self._record_failure(registration, account, stored, EventType.SIGN_IN, *answered)
            raise

    def _record_failure(
        self,
        registration: Registration,
        account: Account,
        stored: StoredUser | None,
        event: EventType,
        *answered: Answered,
    ) -> None:
        now = self._clock()
        if stored is None:
            auth_events.simulate_failure(self._units, registration, account, now)
        else:
            auth_events.record_failure(self._units, registration, stored.user.sub, event, now, *answered)

    def account(self, pool_id: str, name_key: str, stored: StoredUser | None) -> Account:
        """All names of a user share one counter; a name that nobody has counts just the same (ENU-7)."""
        if stored is not None:
            return Account(pool_id, stored.user.sub)
        return Account(pool_id, self._site_secret.digest("attempts", pool_id, name_key))
