"""The settings of the SMTP sender (``AUTHZ_SMTP_…``)."""

from collections.abc import Callable, Mapping
from email.utils import getaddresses
from os import PathLike, fspath
from typing import TYPE_CHECKING, Final

from app_client_authz.config.reading import integer, is_host, is_loopback, one_of, wrong
from app_client_authz.domain.errors import ConfigurationError
from app_client_authz.domain.names import is_email

if TYPE_CHECKING:
    from app_client_authz.config import Settings

SENDERS: Final = ("development", "smtp")
TLS: Final = ("starttls", "implicit", "none")


def check(settings: "Settings") -> None:
    """What no setting can tell alone.

    Raises:
        ConfigurationError: the SMTP sender is chosen and a setting of it is missing or contradicts another.
    """
    if settings.message_sender != "smtp":
        return
    for key, value in (("AUTHZ_SMTP_HOST", settings.smtp_host), ("AUTHZ_SMTP_FROM", settings.smtp_from)):
        if value is None:
            raise ConfigurationError(f"{key} is not set: AUTHZ_MESSAGE_SENDER='smtp' needs it")
    if (settings.smtp_username is None) != (settings.smtp_password is None):
        raise ConfigurationError(
            "AUTHZ_SMTP_USERNAME and AUTHZ_SMTP_PASSWORD: accepted is both, or neither where the server asks for none"
        )
    if settings.smtp_tls == "none" and not is_loopback(settings.smtp_host or ""):
        wrong("AUTHZ_SMTP_TLS", "none", "'starttls' or 'implicit'; 'none' for a server on this machine only")


def _host(key: str, value: object) -> str | None:
    if value is None:
        return None
    accepted = "a host name or an IP address, without port"
    if isinstance(value, str) and "@" in value:
        # What stands before the @ may be a password.
        raise ConfigurationError(f"{key} holds a user or a password: accepted is {accepted}")
    if not isinstance(value, str) or not (is_host(value.lower()) or is_host(f"[{value}]")):
        wrong(key, value, accepted)
    return value.lower().removeprefix("[").removesuffix("]")


def _port(key: str, value: object) -> int | None:
    return None if value is None else integer(1, 65535)(key, value)


def _text(key: str, value: object) -> str | None:
    # Never shown: it may be the password, or one that was put into the wrong key.
    if value is not None and (not isinstance(value, str) or not value or not value.isprintable()):
        raise ConfigurationError(f"{key}: accepted is None or a text of printable characters that is not empty")
    return value


def _from(key: str, value: object) -> tuple[str, str] | None:
    if value is None:
        return None
    found = getaddresses([value]) if isinstance(value, str) and value.isprintable() else []
    name, address = found[0] if len(found) == 1 else ("", "")
    if not is_email(address) or not address.isascii():
        wrong(key, value, "an address like 'login@example.com' or 'Example <login@example.com>'")
    return name, address


def _ca_file(key: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str | PathLike):
        wrong(key, value, "None or the path of a file of certificates in PEM")
    import ssl  # here and not above: most sites never need it

    path = fspath(value)
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{key}={path!r} cannot be read as certificates in PEM: {error}") from None
    return path


READERS: Final[Mapping[str, Callable[[str, object], object]]] = {
    "AUTHZ_MESSAGE_SENDER": one_of(*SENDERS),
    "AUTHZ_SMTP_HOST": _host,
    "AUTHZ_SMTP_PORT": _port,
    "AUTHZ_SMTP_TLS": one_of(*TLS),
    "AUTHZ_SMTP_USERNAME": _text,
    "AUTHZ_SMTP_PASSWORD": _text,
    "AUTHZ_SMTP_FROM": _from,
    "AUTHZ_SMTP_CA_FILE": _ca_file,
    "AUTHZ_SMTP_TIMEOUT_SECONDS": integer(1, 60),
}
