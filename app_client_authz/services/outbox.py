"""The development sender: it sends nothing, and keeps the last messages where an operator can read them."""

import logging

from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import masked
from app_client_authz.domain.message import Message
from app_client_authz.storage.messages import KeptMessage
from app_client_authz.storage.unit import Units

log = logging.getLogger("app_client_authz.messages")


class Outbox:
    """A ``MessageSender`` for development and tests (AUTHZ-W028)."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def send(self, message: Message) -> None:
        """Keep the message, sealed, and say in the log how to read it."""
        kept = KeptMessage(
            kind=message.kind,
            medium=message.medium,
            destination=message.destination,
            subject=message.subject,
            body=message.body,
            code=message.code,
            sent_at=self._clock(),
        )
        self._units.write(lambda unit: unit.messages.keep(message.pool_id, message.sub, kept))
        # The name of the user is nothing for a log, and neither is the code (OPS-1).
        log.warning(
            "%s for %s was not sent, but kept: flask authz messages --pool %s --username %s",
            message.kind,
            masked(message.medium, message.destination),
            message.pool_id,
            message.sub,
        )

    def of_user(self, pool_id: str, sub: str) -> list[KeptMessage]:
        """What the user was sent in the last day, the newest first."""
        now = self._clock()
        return self._units.read(lambda unit: unit.messages.of_user(pool_id, sub, now=now))
