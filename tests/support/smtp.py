"""A mail server on loopback (RFC 5321) with STARTTLS, implicit TLS and AUTH PLAIN, which keeps what it was handed."""

import base64
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Received:
    """One mail: its envelope, and what stood in it."""

    sender: str
    recipients: list[str]
    raw: bytes
    over_tls: bool
    user: str | None

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)  # type: ignore[return-value]


@dataclass
class Behaviour:
    """What the server does other than accept everything."""

    tls: str = "starttls"
    """``starttls``, ``implicit`` or ``none``."""
    login: tuple[str, str] | None = None
    refuses: str = ""
    """The command that is answered by 550."""
    silent: bool = False
    """Says nothing at all."""
    smtputf8: bool = True


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    server: "Server"

    def handle(self) -> None:
        self._over_tls, self._user = False, None
        behaviour = self.server.behaviour
        if behaviour.silent:
            self.server.stopping.wait()
            return
        if behaviour.tls == "implicit" and not self._encrypt():
            return
        self._sender, self._recipients = "", []
        self._say("220 mail.test")
        while line := self.rfile.readline():
            word, _, rest = line.decode().rstrip("\r\n").partition(" ")
            self.server.commands.append(word.upper())
            if word.upper() == behaviour.refuses:
                self._say("550 no")
            elif not getattr(self, f"on_{word.lower()}", self._unknown)(rest):
                return

    def on_ehlo(self, rest: str) -> bool:
        behaviour = self.server.behaviour
        features = ["mail.test", "8BITMIME"]
        features += ["SMTPUTF8"] * behaviour.smtputf8
        features += ["STARTTLS"] * (behaviour.tls == "starttls" and not self._over_tls)
        features += ["AUTH PLAIN"] * (behaviour.login is not None)
        for feature in features[:-1]:
            self._say(f"250-{feature}")
        return self._say(f"250 {features[-1]}")

    def on_starttls(self, rest: str) -> bool:
        self._say("220 go")
        return self._encrypt()

    def on_auth(self, rest: str) -> bool:
        _, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
        if (user, password) != self.server.behaviour.login:
            return self._say("535 no")
        self._user = user
        return self._say("235 yes")

    def on_mail(self, rest: str) -> bool:
        self._sender = rest
        return self._say("250 ok")

    def on_rcpt(self, rest: str) -> bool:
        self._recipients.append(rest)
        return self._say("250 ok")

    def on_data(self, rest: str) -> bool:
        self._say("354 go")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b"."))
        self.server.received.append(
            Received(self._sender, self._recipients, b"".join(lines), self._over_tls, self._user)
        )
        return self._say("250 queued")

    def on_rset(self, rest: str) -> bool:
        return self._say("250 ok")

    def on_quit(self, rest: str) -> bool:
        self._say("221 bye")
        return False

    def _unknown(self, rest: str) -> bool:
        return self._say("502 what")

    def _say(self, line: str) -> bool:
        self.wfile.write(f"{line}\r\n".encode())
        return True

    def _encrypt(self) -> bool:
        """False if the client did not go on: it does not trust the certificate."""
        try:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        except OSError:
            return False
        self._over_tls = True
        self.rfile.close()
        self.wfile.close()
        self.setup()
        return True

    def finish(self) -> None:
        super().finish()
        if self._over_tls:
            self.request.close()  # the server closes the socket below it, which it knows


class Server(socketserver.ThreadingTCPServer):
    """``with Server(Behaviour(…), certificate) as server``: listens on ``server.port`` until the end."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, behaviour: Behaviour, certificate: "Certificate") -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.behaviour = behaviour
        self.received: list[Received] = []
        self.commands: list[str] = []
        self.stopping = threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.path)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what some tests are about."""


@dataclass
class Certificate:
    """A self-signed certificate and its key in one file."""

    path: Path
    names: tuple[str, ...] = field(default=("localhost", "127.0.0.1"))


def certificate(path: Path, *names: str) -> Certificate:
    """A new certificate for these host names and addresses; by default for this machine."""
    made = Certificate(path, names or ("localhost", "127.0.0.1"))
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, made.names[0])])
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ip_address(each)) if each[0].isdigit() else x509.DNSName(each) for each in made.names
    ]
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return made
