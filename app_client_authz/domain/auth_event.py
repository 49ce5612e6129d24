"""What a user did, as the record keeps it (AdminListUserAuthEvents)."""

from dataclasses import dataclass
from enum import StrEnum

from app_client_authz.domain.challenge import BY_PASSWORD


class EventType(StrEnum):
    """Cognito's names: it has none for refreshes and revocations, which are signals only."""

    SIGN_IN = "SignIn"
    SIGN_UP = "SignUp"
    FORGOT_PASSWORD = "ForgotPassword"
    PASSWORD_CHANGE = "PasswordChange"
    RESEND_CODE = "ResendCode"


class EventResponse(StrEnum):
    """How it ended; a sign-in that waits for an answer, and a code that waits to be typed, are in progress."""

    PASS = "Pass"
    FAIL = "Fail"
    IN_PROGRESS = "InProgress"


class Answered(StrEnum):
    """What the user was asked for, and whether it was right."""

    PASSWORD_RIGHT = "Password:Success"
    PASSWORD_WRONG = "Password:Failure"
    MFA_RIGHT = "Mfa:Success"
    MFA_WRONG = "Mfa:Failure"


def answers(first_factor: str | None, *second: Answered) -> tuple[Answered, ...]:
    """What was answered so far; a first factor that is no password has no name in Cognito's record."""
    return *((Answered.PASSWORD_RIGHT,) if first_factor in BY_PASSWORD else ()), *second


class Feedback(StrEnum):
    """What an administrator says of an event."""

    VALID = "Valid"
    INVALID = "Invalid"


@dataclass(frozen=True, slots=True)
class AuthEvent:
    """One event. ``id`` is a UUID: of a sign-in by the JSON API it is the ``event_id`` of the tokens.

    Instants are epoch seconds. ``address`` is an IP address; None where none is known.
    """

    id: str
    sub: str
    type: EventType
    response: EventResponse
    created_at: float
    answered: tuple[Answered, ...] = ()
    client_id: str | None = None
    address: str | None = None
    feedback: Feedback | None = None
    feedback_at: float | None = None
