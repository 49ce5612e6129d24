"""Users who register themselves (api.md 4.13 to 4.15)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app_client_authz.domain import attributes, user_triggers
from app_client_authz.domain.auth_event import EventResponse, EventType
from app_client_authz.domain.auth_flows import CHOICE
from app_client_authz.domain.challenge import SIGNED_UP, StepState
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import CodeDelivery, confirmation_channel, confirmation_media, confirms_by_code
from app_client_authz.domain.errors import (
    AliasExists,
    ChallengeExpired,
    InvalidParameter,
    NotAuthorized,
    UserDisabled,
)
from app_client_authz.domain.message import Medium, MessageKind
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import VERIFIABLE, User, UserStatus, aliases_of, check_username
from app_client_authz.domain.verification import CONFIRM_SIGN_UP
from app_client_authz.services import audit, auth_events
from app_client_authz.services.challenges import Challenges, OpenSession
from app_client_authz.services.delivery import RESEND_CODE, Delivery
from app_client_authz.services.directory_writes import NO_SIGN_UP, DirectoryWrites
from app_client_authz.services.named_codes import CodeKind, NamedCodes
from app_client_authz.services.new_users import NewUsers, take_aliases
from app_client_authz.services.stored_users import check_unchanged, existing_user, store
from app_client_authz.services.triggers import Triggers
from app_client_authz.services.verification_codes import VerificationCodes
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units

SENDS_PER_HOUR = 5
_CONFIRMED_ELSEWHERE = "Users of this user pool are confirmed in the directory of the host."
_NOTHING_TO_SEND = "Cannot resend codes. Auto verification not turned on."


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A user who registered; ``sent`` is where the code went, None if none was sent.

    ``session`` goes with the confirmation, where the client signs in by choice (USER_AUTH).
    """

    user: User
    sent: CodeDelivery | None
    session: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A user who is CONFIRMED now; ``session`` signs the user in, where the registration had one."""

    user: User
    session: str | None = field(default=None, repr=False)


class SignUp:
    """The code is stored with the user and sent then: a code that was sent always counts."""

    def __init__(
        self,
        units: Units,
        new_users: NewUsers,
        directory: DirectoryWrites,
        named_codes: NamedCodes,
        codes: VerificationCodes,
        challenges: Challenges,
        delivery: Delivery,
        triggers: Triggers,
        clock: Clock,
    ) -> None:
        self._units = units
        self._new_users = new_users
        self._directory = directory
        self._named_codes = named_codes
        self._codes = codes
        self._challenges = challenges
        self._delivery = delivery
        self._triggers = triggers
        self._clock = clock

    def sign_up(
        self,
        registration: Registration,
        name: str,
        password: str | None,
        given: Mapping[str, str],
        caller: Caller | None = None,
    ) -> SignedUp:
        """A new user, UNCONFIRMED unless a trigger decides otherwise; the checks come in the order of api.md 4.13.

        Raises:
            NotAuthorized: the pool takes no registrations, or the client may not write an attribute.
            InvalidParameter, InvalidPassword: name, attributes or password are not acceptable.
            UsernameExists, AliasExists: somebody has the name.
            TriggerFailed: a PreSignUp trigger refused; or the user exists, and a later trigger failed.
            CodeDeliveryFailure: the user exists, but the code could not be sent.
        """
        pool, caller = registration.pool, caller or Caller.of(registration)
        if not self._directory.takes_sign_ups(pool):
            raise NotAuthorized(NO_SIGN_UP)
        check_username(pool, name)
        attributes.check_writable(given, registration.client.spec.write_attributes, pool)
        if self._directory.has(pool):
            # How it confirms who registers, is the host's matter.
            made = self._new_users.register_there(pool, name, given, password, caller)
            if made.status == UserStatus.CONFIRMED:
                self._triggers.post_confirmation(user_triggers.CONFIRM_SIGN_UP, made, caller)
            return SignedUp(made, None)

        def issue(unit: Unit, user: User) -> tuple[Medium, str, str] | None:
            kind, response = EventType.SIGN_UP, EventResponse.IN_PROGRESS
            auth_events.record(unit, registration, user.sub, kind, response, user.created_at)
            target = confirmation_channel(pool, user.attributes)
            if target is None or user.status == UserStatus.CONFIRMED:
                return None
            return *target, self._codes.issue(unit, Account(pool.id, user.sub), CONFIRM_SIGN_UP, target[1])

        user, issued = self._new_users.register(pool, name, given, password, issue, caller)
        if user.status == UserStatus.CONFIRMED:
            # No code was asked for, and so none is a first factor.
            self._triggers.post_confirmation(user_triggers.CONFIRM_SIGN_UP, user, caller)
            return SignedUp(user, None)
        session = self._begin(registration, user)
        if issued is None:
            return SignedUp(user, None, session)
        medium, address, code = issued
        self._delivery.send_code(MessageKind.CONFIRM_SIGN_UP, pool, user, medium, address, code, caller)
        return SignedUp(user, CodeDelivery.of(medium, address), session)

    def resend(self, registration: Registration, name: str, caller: Caller | None = None) -> CodeDelivery:
        """A new code, which replaces the one before (ResendConfirmationCode).

        Raises:
            InvalidParameter: the pool sends no codes, or the user is confirmed.
            UserNotFound, NotAuthorized, LimitExceeded, CodeDeliveryFailure: see ``NamedCodes.send``.
        """
        if not confirms_by_code(registration.pool) or self._directory.has(registration.pool):
            raise InvalidParameter(_NOTHING_TO_SEND)
        kind = CodeKind(
            CONFIRM_SIGN_UP,
            MessageKind.CONFIRM_SIGN_UP,
            SENDS_PER_HOUR,
            _resend_channel,
            confirmation_media,
            source=RESEND_CODE,
        )
        return self._named_codes.send(registration, name, kind, caller)

    def confirm(
        self,
        registration: Registration,
        name: str,
        code: str,
        caller: Caller | None = None,
        *,
        takes_aliases: bool = False,
        session: str | None = None,
    ) -> Confirmed:
        """The user is CONFIRMED, and the address that the code went to is verified (ConfirmSignUp).

        ``takes_aliases``: an address that is another user's alias becomes this one's (ForceAliasCreation).
        ``session`` is the registration's: while it lasts, what comes back is a session that signs the user in, to
        whom the code was a first factor. One that is over costs nothing but that.

        Raises:
            CodeMismatch, ExpiredCode, LimitExceeded, UserNotFound, NotAuthorized: see ``NamedCodes.prove``.
            NotAuthorized: the pool's directory confirms its users itself.
            AliasExists: the address is another user's alias; the code stays good.
            TriggerFailed: a PostConfirmation trigger failed; the user is confirmed all the same.
        """
        pool = registration.pool
        if self._directory.has(pool):
            raise NotAuthorized(_CONFIRMED_ELSEWHERE)
        proof = self._named_codes.prove(registration, name, CONFIRM_SIGN_UP, code, _check_unconfirmed)
        opened = self._registered(registration, session, name, proof.account.key)
        attribute, now = proof.attribute, self._clock()
        flag = VERIFIABLE[attribute]

        def change(unit: Unit) -> tuple[Confirmed, list[str]]:
            stored = existing_user(unit, pool, proof.account.key, hold=True)
            current = stored.user.attributes
            _check_unconfirmed(stored.user)
            self._codes.redeem(unit, proof)
            proof.check_address(stored.user)
            after = replace(
                stored.user, status=UserStatus.CONFIRMED, attributes={**current, flag: "true"}, updated_at=now
            )
            aliases = aliases_of(pool, after.username, after.attributes)
            claimed = {kind: key for kind, key in aliases.items() if kind == attribute and current.get(flag) != "true"}
            losers = take_aliases(unit, pool, claimed, now) if takes_aliases else []
            user = store(unit, pool, stored, after)
            auth_events.record(unit, registration, user.sub, EventType.SIGN_UP, EventResponse.PASS, now)
            return Confirmed(user, None if opened is None else self._confirmed(unit, opened, user)), losers

        try:
            confirmed, losers = self._units.write(change)
        except AliasExists:
            raise AliasExists(f"An account with the {attribute} already exists.") from None
        sub = proof.account.key
        for loser in losers:
            audit.record("alias_moved", pool_id=pool.id, sub=loser, to=sub)
        audit.record("user_confirmed", pool_id=pool.id, client_id=registration.client.client_id, sub=sub)
        caller = caller or Caller.of(registration)
        self._triggers.post_confirmation(user_triggers.CONFIRM_SIGN_UP, confirmed.user, caller)
        return confirmed

    def _begin(self, registration: Registration, user: User) -> str | None:
        if not registration.client.can_use_auth_flow(CHOICE):
            return None
        state = StepState("api", registration.client.auth_session_seconds)

        def begin(unit: Unit) -> str:
            check_unchanged(unit, user)
            return self._challenges.begin(unit, registration, user, SIGNED_UP, state)

        return self._units.write(begin)

    def _registered(self, registration: Registration, session: str | None, name: str, sub: str) -> OpenSession | None:
        """The registration's session: whoever has it, registered the user."""
        if session is None:
            return None
        try:
            opened = self._challenges.find(session, SIGNED_UP, door="api", registration=registration, name=name)
        except ChallengeExpired:
            return None
        return opened if opened.user.sub == sub and not opened.state.done else None

    def _confirmed(self, unit: Unit, opened: OpenSession, user: User) -> str:
        self._challenges.consume(unit, opened)
        state = replace(opened.state, done=True)
        return self._challenges.begin(unit, opened.registration, user, SIGNED_UP, state)


def _check_unconfirmed(user: User) -> None:
    if not user.enabled:
        raise UserDisabled
    if user.status != UserStatus.UNCONFIRMED:
        raise NotAuthorized(f"User cannot be confirmed. Current status is {user.status}")


def _resend_channel(pool: UserPool, user: User) -> tuple[Medium, str]:
    if not user.enabled:
        raise UserDisabled
    if user.status != UserStatus.UNCONFIRMED:
        raise InvalidParameter("User is already confirmed.")
    target = confirmation_channel(pool, user.attributes)
    if target is None:
        raise InvalidParameter(_NOTHING_TO_SEND)
    return target
