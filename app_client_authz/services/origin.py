"""Where the request at hand comes from: told by the face that took it, read where something goes on record."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """``address`` is whom the server speaks to, or who a signed request says that it speaks for; ``claimed`` is
    whom an application names without a signature, which counts for clients that propagate it.
    """

    address: str | None = None
    claimed: str | None = None

    def address_for(self, *, propagates: bool) -> str | None:
        """The IP address to go on record; None if none is known."""
        return _plain(self.claimed if propagates and self.claimed else self.address)


_NOWHERE = Origin()
_present: ContextVar[Origin] = ContextVar("app_client_authz_origin", default=_NOWHERE)


@contextmanager
def coming_from(address: str | None, *, claimed: str | None = None) -> Iterator[None]:
    """What is done inside is done for a request from there."""
    token = _present.set(Origin(address, claimed))
    try:
        yield
    finally:
        _present.reset(token)


def present() -> Origin:
    """Of the request at hand; of nowhere for commands and for callers in the same process."""
    return _present.get()


def _plain(address: str | None) -> str | None:
    """One spelling for each address: whatever else an application sends does not go on record."""
    try:
        return None if address is None else str(ipaddress.ip_address(address))
    except ValueError:
        return None
