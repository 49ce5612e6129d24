"""Where messages go: addresses, the channel of recovery, and what answers show of it (api.md 4.1, 4.16, 6.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app_client_authz.domain.errors import InvalidParameter, NotAuthorized, UserDisabled
from app_client_authz.domain.message import Medium
from app_client_authz.domain.names import is_email, is_phone_number
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.pool_spec import DEFAULT_RECOVERY
from app_client_authz.domain.user import VERIFIABLE, User, UserStatus
from app_client_authz.domain.user_mfa import SENT_BY

ATTRIBUTES = {Medium.EMAIL: "email", Medium.SMS: "phone_number"}
"""Which attribute holds the address of a medium."""
MEDIA = {attribute: medium for medium, attribute in ATTRIBUTES.items()}

_RECOVERY_MEDIA = {"verified_email": Medium.EMAIL, "verified_phone_number": Medium.SMS}
RESETTABLE = frozenset({UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED})
"""Where a user has a password of their own that can be reset."""

_NO_ADDRESS = {
    Medium.EMAIL: "No email provided but desired delivery medium was Email",
    Medium.SMS: "No phone number provided but desired delivery medium was SMS",
}
_VISIBLE_DIGITS = 4
ONLY_ADMINISTRATORS_RECOVER = "Contact administrator to reset password."
_NO_CHANNEL = "Cannot reset password for the user as there is no registered/verified email or phone_number"


@dataclass(frozen=True, slots=True)
class CodeDelivery:
    """Where a code went, as an answer shows it: ``destination`` is masked (``CodeDeliveryDetails``)."""

    destination: str
    medium: Medium
    attribute: str

    @classmethod
    def of(cls, medium: Medium, address: str) -> "CodeDelivery":
        return cls(masked(medium, address), medium, ATTRIBUTES[medium])


def masked(medium: Medium, address: str) -> str:
    """``t***@t***``, or ``+*******9934``."""
    if medium is Medium.EMAIL:
        local, _, domain = address.rpartition("@")
        return f"{local[:1]}***@{domain[:1]}***"
    digits = address.removeprefix("+")
    hidden = max(len(digits) - _VISIBLE_DIGITS, 0)
    return f"+{'*' * hidden}{digits[hidden:]}"


def address_of(user: User, medium: Medium) -> str | None:
    """The user's address for that medium, verified or not; None if there is none."""
    return user.attributes.get(ATTRIBUTES[medium]) or None


def verified_address_of(user: User, medium: Medium) -> str | None:
    """The same, if the user has proved to own it: no other one recovers anything (ATT-6)."""
    attribute = ATTRIBUTES[medium]
    return address_of(user, medium) if user.attributes.get(VERIFIABLE[attribute]) == "true" else None


def invitation_media(attributes: Mapping[str, str], named: Sequence[str] | None) -> tuple[Medium, ...]:
    """How a new user is told the temporary password: by the media that are named (DesiredDeliveryMediums), else by
    SMS where there is a phone number, and by e-mail where there is none."""
    if named is not None:
        return tuple(dict.fromkeys(Medium(each) for each in named))
    return (Medium.SMS,) if attributes.get(ATTRIBUTES[Medium.SMS]) else (Medium.EMAIL,)


def check_invitable(attributes: Mapping[str, str], named: Sequence[str] | None) -> None:
    """Ends the invitation of a user who has no address for a medium that is named.

    Each of several counts, as the service model has it.

    Raises:
        InvalidParameter.
    """
    for medium in named or ():
        if not attributes.get(ATTRIBUTES[Medium(medium)]):
            raise InvalidParameter(_NO_ADDRESS[Medium(medium)])


def known_as(pool: UserPool, user: User) -> str:
    """The name that the user signs in with: an address where addresses are the usernames, never the ``sub``."""
    addresses = (user.attributes.get(attribute) for attribute in pool.username_attributes)
    return next(filter(None, addresses), user.username)


def reset_media(pool: UserPool) -> tuple[Medium, ...]:
    """The media of reset codes, in the order in which a user's verified addresses are tried."""
    mechanisms = [each for each in pool.recovery if each.name in _RECOVERY_MEDIA] or DEFAULT_RECOVERY
    return tuple(_RECOVERY_MEDIA[each.name] for each in sorted(mechanisms, key=lambda each: each.priority))


def reset_channel(pool: UserPool, user: User) -> tuple[Medium, str]:
    """Medium and address of a reset code that an administrator asks for (AdminResetUserPassword).

    Where only administrators recover accounts, this is how they do it: the pool's default order counts. A pool that
    says how accounts are recovered does not use what is a second factor of the user already: one mailbox or phone
    would be both.

    Raises:
        NotAuthorized: the user is disabled, or has no password of their own that could be reset.
        InvalidParameter: no address among those of the pool's AccountRecoverySetting is verified.
    """
    if not user.enabled:
        raise UserDisabled
    if user.status not in RESETTABLE:
        raise NotAuthorized("User password cannot be reset in the current state.")
    says_how = pool.spec.account_recovery is not None and pool.spec.mfa != "OFF" and recovers_itself(pool)
    taken = {SENT_BY.get(factor) for factor in user.mfa.enabled} if says_how else set()
    for medium in reset_media(pool):
        address = verified_address_of(user, medium)
        if address is not None and medium not in taken:
            return medium, address
    raise InvalidParameter(_NO_CHANNEL)


def recovery_channel(pool: UserPool, user: User) -> tuple[Medium, str]:
    """Medium and address of a reset code that a user asks for (ForgotPassword).

    Raises:
        NotAuthorized, InvalidParameter: as ``reset_channel``.
    """
    if user.enabled and user.status == UserStatus.UNCONFIRMED:
        raise InvalidParameter(_NO_CHANNEL)
    return reset_channel(pool, user)


def check_recovers_itself(pool: UserPool) -> None:
    """Ends what a user asks for in a pool where only administrators recover accounts.

    Raises:
        NotAuthorized.
    """
    if not recovers_itself(pool):
        raise NotAuthorized(ONLY_ADMINISTRATORS_RECOVER)


def recovers_itself(pool: UserPool) -> bool:
    """Whether users of the pool can reset a forgotten password by a code."""
    return any(each.name in _RECOVERY_MEDIA for each in pool.recovery)


def confirms_by_code(pool: UserPool) -> bool:
    """Whether the pool sends codes to who registers; elsewhere an administrator confirms."""
    return bool(pool.spec.auto_verified_attributes)


def confirmation_media(pool: UserPool) -> tuple[Medium, ...]:
    """The media of the code that confirms a registration, phone first: what the pool verifies by itself."""
    verified = pool.spec.auto_verified_attributes or ()
    return tuple(medium for medium in (Medium.SMS, Medium.EMAIL) if ATTRIBUTES[medium] in verified)


def confirmation_channel(pool: UserPool, attributes: Mapping[str, str]) -> tuple[Medium, str] | None:
    """Medium and address of the code that confirms a registration; None where there is none."""
    for medium in confirmation_media(pool):
        if address := attributes.get(ATTRIBUTES[medium]):
            return medium, address
    return None


def attribute_of(address: str) -> str:
    """The attribute that such an address is a value of."""
    return ATTRIBUTES[Medium.EMAIL if is_email(address) else Medium.SMS]


def simulated(pool: UserPool, name: str, digest: str, media: Sequence[Medium]) -> CodeDelivery:
    """What an answer shows for a user that does not exist (ENU-3, api.md 6.2).

    ``digest`` is a keyed digest of pool and name in hexadecimal, so that every answer for a name is the same. Such a
    user has the address that is the name, or else what the pool verifies, or else an e-mail address; and what the pool
    verifies of whatever it requires. The code goes by the first of ``media``, never empty, for which there is one.
    """
    named = Medium.EMAIL if is_email(name) else Medium.SMS if is_phone_number(name) else None
    usual = confirmation_media(pool) or (Medium.EMAIL,)

    def has_one(medium: Medium) -> bool:
        return medium is named or (
            medium in usual and (named is None or ATTRIBUTES[medium] in pool.required_attributes)
        )

    return simulated_by(next(filter(has_one, media), media[0]), name, digest)


def simulated_by(medium: Medium, name: str, digest: str) -> CodeDelivery:
    """The same for a medium that was asked for; a name that is an address of that kind is where the code went."""
    if (is_email if medium is Medium.EMAIL else is_phone_number)(name):
        return CodeDelivery.of(medium, name)
    number = int(digest, 16)
    if medium is Medium.SMS:
        return CodeDelivery.of(medium, f"+1555{number % 10**7:07}")
    number, local = divmod(number, 26)
    return CodeDelivery.of(medium, f"{chr(97 + local)}@{chr(97 + number % 26)}")
