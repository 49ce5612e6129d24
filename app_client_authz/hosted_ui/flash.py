"""One message for the next page, carried as a code of a fixed table: never as text (R12)."""

from flask import Request, Response

from app_client_authz.config import Settings
from app_client_authz.domain.errors import (
    ChallengeExpired,
    CodeDeliveryFailure,
    LimitExceeded,
    OperationError,
    PasswordAttemptsExceeded,
    PasswordResetRequired,
    TemporaryPasswordExpired,
    TooManyRequests,
    UserDisabled,
    UserNotConfirmed,
    UserNotFound,
)
from app_client_authz.web.cookies import Cookie

FLASH_SECONDS = 60

MESSAGES = {
    "incorrect": "Incorrect username or password.",
    "unknown": "User does not exist.",
    "disabled": "User is disabled.",
    "unconfirmed": "User is not confirmed.",
    "reset": "Password reset required for the user",
    "locked": "Password attempts exceeded",
    "expired": "Temporary password has expired and must be reset by an administrator.",
    "busy": "Rate exceeded. Try again in a moment.",
    "over": "Your session has ended. Sign in again.",
    "undelivered": "The code could not be sent. Ask for another one in a moment.",
    "unsent": "The code could not be sent. Sign in again in a moment.",
    "too_many": "Attempt limit exceeded, please try after some time.",
}
NOTICES = {
    "sent": "Another code was sent.",
    "confirmed": "Your account is confirmed. Sign in to go on.",
    "changed": "Your password was changed. Sign in with it to go on.",
    "registered": "Your account was created. An administrator has to confirm it before you can sign in.",
}
_CODES: dict[type[OperationError], str] = {
    UserNotFound: "unknown",
    UserDisabled: "disabled",
    UserNotConfirmed: "unconfirmed",
    PasswordResetRequired: "reset",
    PasswordAttemptsExceeded: "locked",
    TemporaryPasswordExpired: "expired",
    TooManyRequests: "busy",
    # After the right password only.
    ChallengeExpired: "over",
    CodeDeliveryFailure: "unsent",
    LimitExceeded: "too_many",
}


def code_of(error: OperationError) -> str:
    """The code of what a sign-in was refused with; whatever it is, no page tells more than the table holds."""
    return _CODES.get(type(error), "incorrect")


class Flash:
    """Set on a redirect, shown by the page it leads to, gone then."""

    def __init__(self, settings: Settings) -> None:
        self._cookie = Cookie(settings, "authz-flash", seconds=FLASH_SECONDS)

    def set(self, response: Response, code: str) -> None:
        self._cookie.set(response, code)

    def message(self, request: Request) -> str | None:
        """What was refused; None also for a code that is not ours."""
        return MESSAGES.get(self._cookie.read(request) or "")

    def notice(self, request: Request) -> str | None:
        """What was done."""
        return NOTICES.get(self._cookie.read(request) or "")

    def clear(self, request: Request, response: Response) -> None:
        if self._cookie.read(request) is not None:
            self._cookie.clear(response)
