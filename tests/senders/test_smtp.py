"""E-mail through a real mail server on loopback."""

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app_client_authz.config import Settings
from app_client_authz.domain.message import Medium, Message, MessageKind
from app_client_authz.senders.smtp import MediumNotSupported, SmtpSender
from tests.support.smtp import Behaviour, Certificate, Server, certificate

STRONG = "0123456789abcdefghijklmnopqrstuvwxyz"
LOGIN = ("mailer", "pass word")

Serve = Callable[..., Server]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def serve(trusted: Certificate) -> Iterator[Serve]:
    """``serve(tls="implicit", …)`` runs a mail server until the test ends."""
    with ExitStack() as servers:

        def run(*, shows: Certificate = trusted, **behaviour: Any) -> Server:
            return servers.enter_context(Server(Behaviour(**behaviour), shows))

        yield run


@pytest.fixture
def sender_for(trusted: Certificate) -> Callable[..., SmtpSender]:
    """The sender of a site that is configured for the server; keys of the config replace or add."""

    def make(server: Server, **keys: object) -> SmtpSender:
        given: dict[str, object] = {
            "AUTHZ_MESSAGE_SENDER": "smtp",
            "AUTHZ_SMTP_HOST": "localhost",
            "AUTHZ_SMTP_PORT": server.port,
            "AUTHZ_SMTP_TLS": server.behaviour.tls,
            "AUTHZ_SMTP_FROM": "Example Login <login@example.com>",
            "AUTHZ_SMTP_CA_FILE": trusted.path,
            "AUTHZ_SMTP_TIMEOUT_SECONDS": 5,
        }
        return SmtpSender(Settings.from_mapping({"SECRET_KEY": STRONG, **given, **keys}))

    return make


def message(**members: Any) -> Message:
    given: dict[str, Any] = {
        "kind": MessageKind.RESET_PASSWORD,
        "medium": Medium.EMAIL,
        "pool_id": "us-east-1_Demo00001",
        "sub": "sub",
        "destination": "kim@example.com",
        "username": "kim",
        "subject": "Your verification code",
        "body": "Your verification code is 123456.",
        "html": "<b>123456</b>",
        "code": "123456",
    }
    return Message(**(given | members))


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_mail_goes_out_over_tls(tls: str, serve: Serve, sender_for: Callable[..., SmtpSender]) -> None:
    server = serve(tls=tls, login=LOGIN)

    sender_for(server, AUTHZ_SMTP_USERNAME=LOGIN[0], AUTHZ_SMTP_PASSWORD=LOGIN[1]).send(message())

    (received,) = server.received
    assert (received.over_tls, received.user) == (True, "mailer")
    assert received.sender.startswith("FROM:<login@example.com>")
    assert received.recipients == ["TO:<kim@example.com>"]


def test_mail_has_text_and_html_and_the_headers_that_mail_programs_want(
    serve: Serve, sender_for: Callable[..., SmtpSender]
) -> None:
    server = serve()

    sender_for(server).send(message(subject="Dein Code: grüß Gott", body="Grüße: 123456", html="<p>Grüße</p>"))

    mail = server.received[0].mail
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert (text.get_content(), html.get_content()) == ("Grüße: 123456\r\n", "<p>Grüße</p>\r\n")
    assert mail["Subject"] == "Dein Code: grüß Gott"
    assert mail["From"] == "Example Login <login@example.com>"
    assert mail["To"] == "kim@example.com"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.com>")
    assert mail["Date"].datetime.tzinfo is not None


def test_mail_without_html_is_text_alone(serve: Serve, sender_for: Callable[..., SmtpSender]) -> None:
    server = serve()

    sender_for(server).send(message(html=None))

    assert server.received[0].mail.get_content_type() == "text/plain"


def test_a_server_on_this_machine_may_do_without_tls(serve: Serve, sender_for: Callable[..., SmtpSender]) -> None:
    server = serve(tls="none")

    sender_for(server).send(message())

    assert [each.over_tls for each in server.received] == [False]


def test_an_address_of_another_script_reaches_a_server_that_knows_such(
    serve: Serve, sender_for: Callable[..., SmtpSender]
) -> None:
    server = serve()

    sender_for(server).send(message(destination="jürgen@bücher.example"))

    assert server.received[0].recipients == ["TO:<jürgen@xn--bcher-kva.example>"]


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("names", [("mail.example",), ()], ids=["of another host", "of nobody we trust"])
def test_a_certificate_that_proves_nothing_gets_no_mail(
    tls: str, names: tuple[str, ...], serve: Serve, sender_for: Callable[..., SmtpSender], tmp_path: Path
) -> None:
    shown = certificate(tmp_path / "shown.pem", *names)
    trusts = shown if names else certificate(tmp_path / "trusted.pem")
    server = serve(tls=tls, shows=shown, login=LOGIN)
    keys = {"AUTHZ_SMTP_USERNAME": LOGIN[0], "AUTHZ_SMTP_PASSWORD": LOGIN[1], "AUTHZ_SMTP_CA_FILE": trusts.path}

    with pytest.raises(ssl.SSLCertVerificationError):
        sender_for(server, **keys).send(message())

    assert server.received == []
    assert "AUTH" not in server.commands


def test_a_server_that_offers_no_tls_gets_neither_password_nor_mail(
    serve: Serve, sender_for: Callable[..., SmtpSender]
) -> None:
    server = serve(tls="none", login=LOGIN)
    keys = {"AUTHZ_SMTP_TLS": "starttls", "AUTHZ_SMTP_USERNAME": LOGIN[0], "AUTHZ_SMTP_PASSWORD": LOGIN[1]}

    with pytest.raises(OSError, match="STARTTLS"):
        sender_for(server, **keys).send(message())

    assert server.received == []
    assert "AUTH" not in server.commands


@pytest.mark.parametrize("refuses", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_what_the_server_refuses_was_not_sent(
    refuses: str, serve: Serve, sender_for: Callable[..., SmtpSender]
) -> None:
    server = serve(refuses=refuses)

    with pytest.raises(OSError):
        sender_for(server).send(message())

    assert server.received == []


def test_a_wrong_password_sends_nothing(serve: Serve, sender_for: Callable[..., SmtpSender]) -> None:
    server = serve(login=LOGIN)

    with pytest.raises(OSError):
        sender_for(server, AUTHZ_SMTP_USERNAME="mailer", AUTHZ_SMTP_PASSWORD="wrong").send(message())

    assert server.received == []


def test_a_server_that_says_nothing_is_given_up_on(serve: Serve, sender_for: Callable[..., SmtpSender]) -> None:
    server = serve(silent=True)

    with pytest.raises(OSError, match="timed out"):
        sender_for(server, AUTHZ_SMTP_TIMEOUT_SECONDS=1).send(message())


def test_no_server_is_a_failure(serve: Serve, sender_for: Callable[..., SmtpSender]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        sender = sender_for(serve(), AUTHZ_SMTP_PORT=taken.getsockname()[1])

        with pytest.raises(ConnectionRefusedError):
            sender.send(message())


def test_text_messages_are_not_sent_by_mail(serve: Serve, sender_for: Callable[..., SmtpSender]) -> None:
    server = serve()

    with pytest.raises(MediumNotSupported):
        sender_for(server).send(message(medium=Medium.SMS, destination="+15550100"))

    assert server.commands == []


def test_neither_repr_nor_log_knows_the_password(
    serve: Serve, sender_for: Callable[..., SmtpSender], caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(login=LOGIN)
    keys = {"AUTHZ_SMTP_USERNAME": LOGIN[0], "AUTHZ_SMTP_PASSWORD": LOGIN[1]}

    with caplog.at_level(logging.DEBUG):
        sender = sender_for(server, **keys)
        sender.send(message())

    assert repr(sender) == "SmtpSender('localhost')"
    assert LOGIN[1] not in repr(Settings(smtp_password=LOGIN[1]))
    assert LOGIN[1] not in caplog.text
    assert "123456" not in caplog.text
