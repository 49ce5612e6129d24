"""What happened, for whoever listens: a log line and a blinker signal, with IDs and never with secrets (OPS-2)."""

import logging
from typing import Any

from blinker import Namespace

from app_client_authz.services import origin

signals = Namespace()
security_event = signals.signal("authz-security-event")
"""Sent after the commit with ``event``, the IDs concerned and ``source`` as keyword arguments; the sender is None."""

log = logging.getLogger("app_client_authz.security")


def record(event: str, **ids: str | int | None) -> None:
    """Tell of a security event, and which address asked for it: call it once the unit of work is left."""
    told = {**ids, "source": origin.present().address_for(propagates=False)}
    known: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    if log.isEnabledFor(logging.INFO):
        log.info("%s %s", event, " ".join(f"{name}={_plain(str(value))}" for name, value in known.items()))
    security_event.send(None, event=event, **known)


def _plain(text: str) -> str:
    """One printable word: nobody writes log lines of their own through a name (OPS-1)."""
    return text.encode("unicode_escape").decode("ascii").replace(" ", "\\x20")[:256]
