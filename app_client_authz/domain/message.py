"""Messages to users, and what sends them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from app_client_authz.domain.names import is_email, is_phone_number


class Medium(StrEnum):
    """How a message travels; Cognito's ``DeliveryMediumType``."""

    EMAIL = "EMAIL"
    SMS = "SMS"


class MessageKind(StrEnum):
    """Why a message is sent."""

    INVITATION = "invitation"
    CONFIRM_SIGN_UP = "confirm_sign_up"
    RESET_PASSWORD = "reset_password"
    VERIFY_ATTRIBUTE = "verify_attribute"
    AUTHENTICATION = "authentication"
    """A code that is a first or a second factor of a sign-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one address: everything a sender needs, its templates filled in already.

    ``destination`` is an e-mail address or a phone number in the form ``+15550100``. ``body`` is plain text;
    ``html`` is the same for programs that show it, None for a text message. ``code`` is what the body holds: the
    verification code, or the temporary password. ``repr()`` shows nothing that is secret or personal.

    Raises:
        ValueError: ``destination`` is not exactly one address, or ``subject`` not one line (ATT-8).
    """

    kind: MessageKind
    medium: Medium
    pool_id: str
    sub: str
    destination: str = field(repr=False)
    username: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    code: str = field(repr=False)
    html: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        is_address = is_email if self.medium is Medium.EMAIL else is_phone_number
        if not is_address(self.destination):
            raise ValueError(f"the destination of a message by {self.medium} is one address")
        if not self.subject or not self.subject.isprintable():
            raise ValueError("the subject of a message is one line of printable characters")


class MessageSender(Protocol):
    """What a host supplies to send messages its own way: ``AppClientAuthz(app, sender=…)``.

    Called after the commit, in the thread of the request, possibly by several threads at once. Returning means
    that the message is on its way; raising anything means that it is not, and the caller is told so
    (``CodeDeliveryFailureException``).
    """

    def send(self, message: Message, /) -> None:
        """Send it, or hand it to something that will."""
