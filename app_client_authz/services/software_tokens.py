"""Authenticator apps: set up, proved, deleted (api.md 4.23, SEC-11)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app_client_authz.crypto import digests
from app_client_authz.domain import totp
from app_client_authz.domain.challenge import MFA_SETUP, SOFTWARE_TOKEN_MFA, Door, second_factor
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import known_as
from app_client_authz.domain.errors import (
    ChallengeExpired,
    CodeMismatch,
    EnableSoftwareTokenMfa,
    ExpiredCode,
    LimitExceeded,
    OperationError,
    SoftwareTokenMfaNotFound,
)
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services import audit
from app_client_authz.services.access_tokens import AccessTokens, held
from app_client_authz.services.challenges import INVALID_SESSION, Challenges, OpenSession
from app_client_authz.services.pools import existing_pool
from app_client_authz.services.stored_users import existing_user, store
from app_client_authz.services.verification_codes import TOO_MANY
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

NO_FACTOR_OF_POOL = "Software Token MFA has not been enabled by the userPool"
USED = "Your software token has already been used once."
_RESERVED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Association:
    """A secret to type into an app, or to show as a QR code (``otpauth_uri``); ``session`` where there was one."""

    secret_code: str = field(repr=False)
    otpauth_uri: str = field(repr=False)
    session: str | None = field(default=None, repr=False)


class SoftwareTokens:
    """Guesses are counted before a code is looked at, apart from those of passwords: a right password that is
    known to somebody must not give back the guesses at the second factor (R14, LCK-3)."""

    def __init__(self, units: Units, access_tokens: AccessTokens, challenges: Challenges, clock: Clock) -> None:
        self._units = units
        self._access_tokens = access_tokens
        self._challenges = challenges
        self._clock = clock

    # --- set up ---------------------------------------------------------------------------------

    def associate(self, access_token: str, base: str) -> Association:
        """A new secret for the holder of a live access token; the present app counts until the new one is verified.

        Raises:
            As ``AccessTokens.holder``.
            SoftwareTokenMfaNotFound: apps are no factor of the pool.
        """
        holder = self._access_tokens.holder(access_token, base)
        pool = holder.registration.pool
        _check_offered(pool)
        secret = digests.random_octets(totp.SECRET_BYTES)

        def change(unit: Unit) -> User:
            user = held(unit, holder).user
            unit.software_tokens.associate(user.sub, secret)
            return user

        return _association(pool, self._units.write(change), secret)

    def associate_in_sign_in(self, session: str, *, door: Door = "api") -> Association:
        """The same in the middle of a sign-in that has to set up a factor (MFA_SETUP), with a fresh session.

        Raises:
            ChallengeExpired: the session is over, or of another step.
            SoftwareTokenMfaNotFound: apps are no factor of the pool.
        """
        opened = self._setting_up(session, door)
        pool = opened.registration.pool
        secret = digests.random_octets(totp.SECRET_BYTES)

        def change(unit: Unit) -> str:
            user = self._check_still_setting_up(unit, opened).user
            self._challenges.consume(unit, opened)
            unit.software_tokens.associate(user.sub, secret)
            state = replace(opened.state, code_digest=_mark(secret))
            return self._challenges.begin(unit, opened.registration, user, MFA_SETUP, state)

        fresh = self._units.write(change)
        return replace(_association(pool, opened.user, secret), session=fresh)

    def pending_in_sign_in(self, session: str, *, door: Door = "api") -> Association:
        """The secret that ``associate_in_sign_in`` made for this very session, to show it again.

        Nobody else who knows the password is shown it: the secret would be known to two (SEC-11).

        Raises:
            ChallengeExpired: the session is over, or another sign-in made another secret since.
        """
        opened = self._setting_up(session, door)
        token = self._units.read(lambda unit: unit.software_tokens.find(opened.user.sub))
        secret = None if token is None else token.pending
        if secret is None or opened.state.code_digest is None or _mark(secret) != opened.state.code_digest:
            raise ChallengeExpired(INVALID_SESSION, detail="another secret since")
        return replace(_association(opened.registration.pool, opened.user, secret), session=session)

    def verify(self, access_token: str, base: str, code: str, name: str | None) -> None:
        """The app that knows the code of the last secret counts from now on (VerifySoftwareToken).

        Where every user needs a second factor it is switched on, elsewhere SetUserMFAPreference does that.

        Raises:
            As ``AccessTokens.holder``.
            EnableSoftwareTokenMfa: wrong code, or one that was used.
            SoftwareTokenMfaNotFound: no secret was made, or apps are no factor of the pool.
            LimitExceeded: too many wrong codes; this one was not looked at.
            InvalidParameter: the name is too long.
        """
        holder = self._access_tokens.holder(access_token, base)
        pool = holder.registration.pool
        _check_offered(pool)

        def change(unit: Unit) -> str | OperationError | None:
            stored = held(unit, holder)
            refused = self._judge_new(unit, pool, stored, code)
            if refused is None:
                self._activate(unit, pool, stored, name, enable=pool.spec.mfa == "ON")
            return refused

        self._settled(holder.registration, holder.user, change)

    def verify_in_sign_in(self, session: str, code: str, name: str | None, *, door: Door = "api") -> str:
        """The same in the middle of a sign-in: the session with which MFA_SETUP is answered. The app is switched on.

        Raises:
            ChallengeExpired: the session is over, or the user has a second factor by now.
            EnableSoftwareTokenMfa, SoftwareTokenMfaNotFound, LimitExceeded, InvalidParameter: as ``verify``.
        """
        opened = self._setting_up(session, door)
        registration = opened.registration

        def change(unit: Unit) -> str | OperationError:
            stored = self._check_still_setting_up(unit, opened)
            refused = self._judge_new(unit, registration.pool, stored, code)
            if refused is not None:
                return refused
            user = self._activate(unit, registration.pool, stored, name, enable=True)
            self._challenges.consume(unit, opened)
            return self._challenges.begin(unit, registration, user, MFA_SETUP, replace(opened.state, done=True))

        fresh = self._settled(registration, opened.user, change)
        assert fresh is not None  # noqa: S101 - ``change`` returns a session or a refusal
        return fresh

    def delete(self, pool_id: str, name: str) -> None:
        """The user has no app any more, and may set up another one (AdminDeleteSoftwareToken).

        Raises:
            ResourceNotFound, UserNotFound: no such pool, no such user in it.
        """

        def change(unit: Unit) -> User:
            pool = existing_pool(unit, pool_id)
            stored = existing_user(unit, pool, name, hold=True)
            user = stored.user
            unit.software_tokens.delete(user.sub)
            unit.attempts.clear(_account(pool, user))
            after = replace(user, mfa=user.mfa.without_software_token(), updated_at=self._clock())
            return store(unit, pool, stored, after)

        user = self._units.write(change)
        audit.record("software_token_deleted", pool_id=pool_id, sub=user.sub)

    # --- sign-in --------------------------------------------------------------------------------

    def prove(self, registration: Registration, user: User, code: str) -> int:
        """The step that the code is of; ``use`` takes it once. The code is not used up by this.

        Raises:
            LimitExceeded: too many wrong codes; this one was not looked at.
            CodeMismatch: wrong.
            ExpiredCode: it was used already.
            ChallengeExpired: the user has no app any more.
        """
        pool = registration.pool
        account = _account(pool, user)

        def guess(unit: Unit) -> int | OperationError:
            token = unit.software_tokens.find(user.sub)
            if token is None or token.secret is None:
                return ChallengeExpired(INVALID_SESSION, detail="no software token any more")
            if not self._reserve(unit, account):
                return LimitExceeded(TOO_MANY)
            now = self._clock()
            step = totp.matching_step(token.secret, code, now)
            if step is not None and step > token.last_step:
                unit.attempts.succeed(account, now)
                return step
            unit.attempts.fail(account, now)
            return CodeMismatch("Invalid code received for user") if step is None else ExpiredCode(USED)

        outcome = self._units.write(guess)
        if isinstance(outcome, int):
            return outcome
        _tell_refusal(registration, user, outcome)
        raise outcome

    def use(self, unit: Unit, user: User, step: int) -> None:
        """Use the code of that step up, in the transaction that does what it was for; for exactly one caller.

        Raises:
            ExpiredCode: it was used since it was proved, or the app was deleted.
        """
        if not unit.software_tokens.use(user.sub, step):
            raise ExpiredCode(USED)

    # --------------------------------------------------------------------------------------------

    def _setting_up(self, session: str, door: Door) -> OpenSession:
        opened = self._challenges.find(session, MFA_SETUP, door=door)
        if opened.state.done:
            raise ChallengeExpired(INVALID_SESSION, detail="set up already")
        _check_offered(opened.registration.pool)
        return opened

    @staticmethod
    def _check_still_setting_up(unit: Unit, opened: OpenSession) -> StoredUser:
        """The user, held, if there still is no factor: a password alone never replaces one (R18)."""
        pool = opened.registration.pool
        stored = existing_user(unit, pool, opened.user.sub, hold=True)
        user = stored.user
        step = second_factor(pool, user)
        stands = user.enabled and user.status == UserStatus.CONFIRMED
        if not stands or step is None or step.challenge != MFA_SETUP:
            raise ChallengeExpired(INVALID_SESSION, detail="nothing to set up any more")
        return stored

    def _judge_new(self, unit: Unit, pool: UserPool, stored: StoredUser, code: str) -> OperationError | None:
        """Hold the code against the secret that is being set up, else against the one that counts."""
        sub = stored.user.sub
        token = unit.software_tokens.find(sub)
        secret = None if token is None else token.pending or token.secret
        if token is None or secret is None:
            return SoftwareTokenMfaNotFound("User has not set up software token mfa")
        account = _account(pool, stored.user)
        if not self._reserve(unit, account):
            return LimitExceeded(TOO_MANY)
        now = self._clock()
        step = totp.matching_step(secret, code, now)
        is_used = step is not None and token.pending is None and step <= token.last_step
        if step is None or is_used:
            unit.attempts.fail(account, now)
            return EnableSoftwareTokenMfa(USED if is_used else "Code mismatch")
        unit.attempts.succeed(account, now)
        unit.software_tokens.activate(sub, secret, step)
        return None

    def _activate(self, unit: Unit, pool: UserPool, stored: StoredUser, name: str | None, *, enable: bool) -> User:
        mfa = stored.user.mfa.with_software_token(name, enable=enable)
        return store(unit, pool, stored, replace(stored.user, mfa=mfa, updated_at=self._clock()))

    def _reserve(self, unit: Unit, account: Account) -> bool:
        """No other guess comes in between: the check is short, and stays in the transaction that counts it."""
        now = self._clock()
        return unit.attempts.reserve(account, now, until=now + _RESERVED_SECONDS) == "reserved"

    def _settled(
        self, registration: Registration, user: User, change: Callable[[Unit], str | OperationError | None]
    ) -> str | None:
        outcome = self._units.write(change)
        if isinstance(outcome, OperationError):
            _tell_refusal(registration, user, outcome)
            raise outcome
        ids = {"pool_id": user.pool_id, "client_id": registration.client.client_id, "sub": user.sub}
        audit.record("software_token_verified", **ids)
        return outcome


def _check_offered(pool: UserPool) -> None:
    if not pool.spec.factors.software_token:
        raise SoftwareTokenMfaNotFound(NO_FACTOR_OF_POOL)


def _account(pool: UserPool, user: User) -> Account:
    return Account(pool.id, f"totp:{user.sub}")


def _mark(secret: bytes) -> str:
    """What a session knows its own secret by; of 256 random bits, so that it gives nothing away."""
    return digests.digest(totp.encode_secret(secret))


def _association(pool: UserPool, user: User, secret: bytes) -> Association:
    uri = totp.otpauth_uri(secret, issuer=pool.name, account=known_as(pool, user))
    return Association(totp.encode_secret(secret), uri)


def _tell_refusal(registration: Registration, user: User, refused: OperationError) -> None:
    ids = {"pool_id": user.pool_id, "client_id": registration.client.client_id, "sub": user.sub}
    if isinstance(refused, LimitExceeded):
        audit.record("code_attempts_exceeded", challenge=SOFTWARE_TOKEN_MFA, **ids)
    elif not isinstance(refused, (ChallengeExpired, SoftwareTokenMfaNotFound)):
        audit.record("code_wrong", challenge=SOFTWARE_TOKEN_MFA, **ids)
