"""What every reader of a setting needs: to refuse, and to know a host."""

import ipaddress
import re
from collections.abc import Callable
from typing import Final, NoReturn

from app_client_authz.domain.errors import ConfigurationError

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)


def wrong(key: str, value: object, accepted: str) -> NoReturn:
    """Raises:
    ConfigurationError: always; it names key, value and what is accepted.
    """
    shown = repr(value)
    raise ConfigurationError(f"{key}={shown if len(shown) <= 100 else shown[:100] + '…'}: accepted is {accepted}")


def integer(low: int, high: int, unit: str = "") -> Callable[[str, object], int]:
    """A reader of whole numbers."""

    def read(key: str, value: object) -> int:
        # type() because a bool is an int to isinstance.
        if type(value) is not int or not low <= value <= high:
            wrong(key, value, f"a whole number from {low} to {high}{unit}")
        return value

    return read


def one_of(*accepted: str) -> Callable[[str, object], str]:
    """A reader of one of these texts."""

    def read(key: str, value: object) -> str:
        if not isinstance(value, str) or value not in accepted:
            wrong(key, value, " or ".join(map(repr, accepted)))
        return value

    return read


def flag(key: str, value: object) -> bool:
    """Reads True or False."""
    if not isinstance(value, bool):
        wrong(key, value, "True or False")
    return value


def is_loopback(host: str) -> bool:
    """Whether a host name (without port; IPv6 with or without brackets) means this very machine."""
    return host.lower() in LOOPBACK_HOSTS


def is_host(host: str) -> bool:
    """Whether it is a host name in lower case, an IPv4 address, or an IPv6 address in brackets."""
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
        return True
    return _HOST.fullmatch(host) is not None and ".." not in host
