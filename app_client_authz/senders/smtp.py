"""E-mail through a mail server (RFC 5321), over TLS that is verified."""

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid

from app_client_authz.config import Settings
from app_client_authz.domain.message import Medium, Message

IMPLICIT_TLS_PORT = 465
SUBMISSION_PORT = 587


class MediumNotSupported(ValueError):
    """A mail server sends no text messages: the host supplies a sender that does."""


class SmtpSender:
    """A ``MessageSender``: one connection for each message, so that threads share nothing."""

    def __init__(self, settings: Settings) -> None:
        """The settings are those of ``AUTHZ_MESSAGE_SENDER = "smtp"``, checked when they were read."""
        name, address = settings.smtp_from or ("", "")
        self._from = Address(name, addr_spec=address)
        self._host = settings.smtp_host or ""
        self._tls = settings.smtp_tls
        self._port = settings.smtp_port or (IMPLICIT_TLS_PORT if self._tls == "implicit" else SUBMISSION_PORT)
        self._login = (settings.smtp_username, settings.smtp_password)
        self._timeout = settings.smtp_timeout_seconds
        self._context = ssl.create_default_context(cafile=settings.smtp_ca_file)

    def __repr__(self) -> str:
        return f"SmtpSender({self._host!r})"

    def send(self, message: Message) -> None:
        """Hand the message to the mail server.

        Raises:
            MediumNotSupported: it is no e-mail.
            OSError: no connection, no TLS that proves the server, or the server refused (``smtplib.SMTPException``).
            ValueError: the address cannot stand in a mail.
        """
        if message.medium is not Medium.EMAIL:
            raise MediumNotSupported(message.medium)
        mail, recipient = self._mail(message)
        with self._connection() as server:
            if self._tls == "starttls":
                server.starttls(context=self._context)
            username, password = self._login
            if username is not None and password is not None:
                server.login(username, password)
            server.send_message(mail, self._from.addr_spec, [recipient])

    def _connection(self) -> smtplib.SMTP:
        if self._tls == "implicit":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=self._context)
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout)

    def _mail(self, message: Message) -> tuple[EmailMessage, str]:
        """The mail and the address in its envelope."""
        local, _, domain = message.destination.rpartition("@")
        # Mail servers know the ASCII form of every domain, and only some of them the other one (RFC 5891).
        recipient = Address("", local, domain.encode("idna").decode("ascii"))
        mail = EmailMessage(policy=SMTP)
        # The email package refuses line ends in every header, and quotes what could be taken for another address.
        mail["Subject"] = message.subject
        mail["From"] = self._from
        mail["To"] = recipient
        mail["Date"] = localtime()
        mail["Message-ID"] = make_msgid(domain=self._from.domain)
        mail["Auto-Submitted"] = "auto-generated"  # nobody's holiday notice comes back (RFC 3834)
        addressed = [address.addr_spec for address in mail["To"].addresses]
        if addressed != [recipient.addr_spec] or str(mail["Subject"]) != message.subject:
            # An encoded word was taken for what it stands for (ATT-8).
            raise ValueError("address or subject do not survive in a header")
        mail.set_content(message.body)
        if message.html is not None:
            mail.add_alternative(message.html, subtype="html")
        return mail, recipient.addr_spec
