"""What one hosted page hands on to the next, in a cookie of the browser: sealed, so that it shows nothing (UI-4)."""

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app_client_authz.crypto.sealing import Sealer, SealError
from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import CodeDelivery
from app_client_authz.domain.message import Medium


class NextPage(StrEnum):
    """What the user does on the next page."""

    CONFIRM = "confirm"
    RESET = "reset"
    SIGN_IN = "sign_in"


SECONDS = {NextPage.CONFIRM: 15 * 60, NextPage.RESET: 60 * 60, NextPage.SIGN_IN: 5 * 60}
"""How long each counts: a proved password as long as Cognito's longest session, a reset as long as its code."""


@dataclass(frozen=True, slots=True)
class Handover:
    """Who is on the way, by the name that was typed; worth nothing without what the next page asks for.

    ``medium`` and ``destination`` say where a code went, masked. ``proved`` is the ``sub`` of the user whose
    password this browser knew.
    """

    name: str = field(repr=False)
    medium: Medium | None = None
    destination: str | None = field(default=None, repr=False)
    proved: str | None = None
    until: int | None = None
    """When it is over (epoch seconds); None: its full time from now on."""

    def after(self, sent: CodeDelivery) -> "Handover":
        """The same once a code was sent, which gives no more time."""
        return replace(self, medium=sent.medium, destination=sent.destination)


class Handovers:
    """Each counts at the client that it was made for, for its own next page, and until its time is over."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer = sealer
        self._clock = clock

    def seal(self, client: AppClient, following: NextPage, handed: Handover) -> str:
        until = int(self._clock()) + SECONDS[following] if handed.until is None else handed.until
        members = [until, handed.name, handed.medium, handed.destination, handed.proved]
        return self._sealer.seal(json.dumps(members, ensure_ascii=False), row=_row(client, following))

    def open(self, client: AppClient, following: NextPage, sealed: str | None) -> Handover | None:
        """None for whatever is none (any more)."""
        if sealed is None:
            return None
        try:
            members = self._sealer.open(sealed, row=_row(client, following))
        except SealError:
            return None
        until, name, medium, destination, proved = json.loads(members)
        if self._clock() >= until:
            return None
        return Handover(name, None if medium is None else Medium(medium), destination, proved, until)


def _row(client: AppClient, following: NextPage) -> str:
    return f"handover/{following}/{client.client_id}"
