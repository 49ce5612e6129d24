"""The steps of a sign-in: which comes after which (api.md 4.8, 4.9).

    first factor ──► NEW_PASSWORD_REQUIRED      the password was temporary
          │                   │
          └────────┬──────────┘
                   ▼
          a remembered device ──► DEVICE_SRP_AUTH ──► DEVICE_PASSWORD_VERIFIER
                   │                   tokens, or what second_factor() says: as the pool has it
                   ▼
            second_factor() ──► None            tokens
                   ├──► SMS_MFA, SOFTWARE_TOKEN_MFA, EMAIL_OTP ──► tokens
                   ├──► SELECT_MFA_TYPE ──► one of those
                   └──► MFA_SETUP ──► tokens    the user needs a factor and has none

A first factor is a password (plain or by SRP), or in a choice-based sign-in (USER_AUTH) a code in a message:
``first_factors`` says which there are to choose from.
"""

from dataclasses import dataclass, field
from typing import Literal

from app_client_authz.domain import user_mfa
from app_client_authz.domain.delivery import verified_address_of
from app_client_authz.domain.message import Medium
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import User, UserStatus

NEW_PASSWORD_REQUIRED, PASSWORD_VERIFIER = "NEW_PASSWORD_REQUIRED", "PASSWORD_VERIFIER"
SMS_MFA, SOFTWARE_TOKEN_MFA, EMAIL_OTP = user_mfa.FACTORS
SELECT_MFA_TYPE, MFA_SETUP = "SELECT_MFA_TYPE", "MFA_SETUP"
SELECT_CHALLENGE, PASSWORD, PASSWORD_SRP, SMS_OTP = "SELECT_CHALLENGE", "PASSWORD", "PASSWORD_SRP", "SMS_OTP"
DEVICE_SRP_AUTH, DEVICE_PASSWORD_VERIFIER = "DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"
SIGNED_UP = "SIGNED_UP"
"""No challenge that anybody is told: what a confirmed registration leaves behind (SignUp, ConfirmSignUp)."""

CUSTOM_CHALLENGE = "CUSTOM_CHALLENGE"
CUSTOM_PASSWORD_VERIFIER = "CUSTOM_PASSWORD_VERIFIER"
"""No challenge that anybody is told: PASSWORD_VERIFIER as a step of a custom sign-in."""

BY_PASSWORD = (PASSWORD_SRP, PASSWORD)
ONE_TIME = {EMAIL_OTP: Medium.EMAIL, SMS_OTP: Medium.SMS}
"""First factors that are a code in a message."""

FIRST_FACTORS = (*BY_PASSWORD, *ONE_TIME, "WEB_AUTHN")
"""What PREFERRED_CHALLENGE takes; passkeys are known by name, and nobody has one."""

Door = Literal["pages", "api"]
"""Where a sign-in goes on. What began at the pages gives no tokens of the API, whose flows the client may not have."""


@dataclass(frozen=True, slots=True)
class StepState:
    """What a later step has to know of an earlier one.

    ``seconds`` is how long each step may take. ``first_factor`` is what was proved, None while nothing is.
    ``offered`` is what there is to choose from, or to set up. ``code_digest`` is of the code that was sent to
    ``destination``, or of the secret that is being set up. ``name_key`` is the name that was asked for where no user is
    behind the session, and ``user_id`` what such a user would be called. ``sets_up``: the code proves an address that
    becomes a factor. ``done``: what the step asks for has happened, and is only to be claimed. ``sealed`` is what
    nobody may read, of a custom sign-in. ``device_id`` is the user's device that signs in, if it was named.
    """

    door: Door
    seconds: int
    first_factor: str | None = None
    offered: tuple[str, ...] = ()
    destination: str | None = field(default=None, repr=False)
    code_digest: str | None = field(default=None, repr=False)
    name_key: str | None = field(default=None, repr=False)
    user_id: str | None = field(default=None, repr=False)
    sets_up: bool = False
    done: bool = False
    sealed: str | None = field(default=None, repr=False)
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class NextStep:
    """The challenge to set; ``offered`` are the answers to a choice, or the factors to set up."""

    challenge: str
    offered: tuple[str, ...] = ()


def second_factor(pool: UserPool, user: User) -> NextStep | None:
    """What is asked of a user who proved a first factor; None: nothing more.

    A factor counts that the pool offers, the user switched on and can answer. Where one is required, whatever the
    user could answer counts before anything is set up anew: who only knows the password must not add a factor
    beside one that is there.
    """
    if pool.spec.mfa == "OFF":
        return None
    active = active_factors(pool, user)
    if not active:
        if pool.spec.mfa == "OPTIONAL":
            return None
        return NextStep(MFA_SETUP, user_mfa.of_pool(pool.spec.factors))
    if user.mfa.preferred in active:
        return NextStep(user.mfa.preferred)
    return NextStep(active[0]) if len(active) == 1 else NextStep(SELECT_MFA_TYPE, active)


def active_factors(pool: UserPool, user: User) -> tuple[str, ...]:
    """The second factors that count for the user, in the order of answers."""
    if pool.spec.mfa == "OFF":
        return ()
    possible = [
        factor for factor in user_mfa.of_pool(pool.spec.factors) if user_mfa.works(factor, user.mfa, user.attributes)
    ]
    active = tuple(factor for factor in possible if factor in user.mfa.enabled)
    if active or pool.spec.mfa == "OPTIONAL":
        return active
    fit = [
        factor
        for factor in (SOFTWARE_TOKEN_MFA, SMS_MFA, EMAIL_OTP)
        if factor in possible and (factor == SOFTWARE_TOKEN_MFA or user_mfa.is_proven(factor, user.attributes))
    ]
    return tuple(fit[:1])


def first_factors(pool: UserPool, user: User, *, has_password: bool) -> tuple[str, ...]:
    """AvailableChallenges: what the user may begin a choice-based sign-in with.

    Beside an active second factor only passwords are shown.
    """
    codes = () if active_factors(pool, user) else tuple(each for each in ONE_TIME if takes_code(pool, user, each))
    return (*(BY_PASSWORD if has_password else ()), *codes)


def takes_code(pool: UserPool, user: User, factor: str) -> bool:
    """Whether a code by ``factor`` can be the user's first factor.

    Its address has to be proven, and no second factor of the user may go the same way: one mailbox would be both.
    """
    medium = ONE_TIME[factor]
    if factor not in offered_to_all(pool) or user.status != UserStatus.CONFIRMED:
        return False
    ways = {user_mfa.SENT_BY.get(active) for active in active_factors(pool, user)}
    return verified_address_of(user, medium) is not None and medium not in ways


def offered_to_all(pool: UserPool) -> tuple[str, ...]:
    """What the pool lets anybody begin with: the list for everyone where it must not tell who exists (ENU-1).

    Where a second factor is required, the first one is a password.
    """
    if pool.spec.mfa == "ON":
        return BY_PASSWORD
    return (*BY_PASSWORD, *(each for each in ONE_TIME if each in pool.first_factors))
