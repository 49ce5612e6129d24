"""The last messages that the development sender was handed, sealed."""

import json
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select, update

from app_client_authz.crypto.sealing import Sealer, SealError
from app_client_authz.storage.tables import messages

DAY = 86_400
KEPT_PER_USER = 20
_MAX_BODY_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message as it was sent; ``sent_at`` is in epoch seconds."""

    kind: str
    medium: str
    sent_at: float
    destination: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    code: str = field(repr=False)


def message_identity(pool_id: str, sub: str) -> str:
    """What a sealed message is bound to."""
    return f"authz_messages/sealed/{pool_id}/{sub}"


class Messages:
    """Keyed by pool and ``sub``; nothing is kept for longer than a day."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def keep(self, pool_id: str, sub: str, message: KeptMessage) -> None:
        """Keep the message, and of the user's earlier ones the last that still fit."""
        clear = {
            "kind": message.kind,
            "medium": message.medium,
            "destination": message.destination,
            "subject": message.subject,
            # So that every message can be sealed: the longest template in the widest characters is too long.
            "body": message.body[:_MAX_BODY_CHARACTERS],
            "code": message.code,
        }
        sealed = self._sealer.seal(json.dumps(clear, ensure_ascii=False), row=message_identity(pool_id, sub))
        self._connection.execute(
            insert(messages).values(pool_id=pool_id, sub=sub, sealed=sealed, sent_at=message.sent_at)
        )
        own = (messages.c.pool_id == pool_id) & (messages.c.sub == sub)
        last = select(messages.c.id).where(own).order_by(messages.c.id.desc()).limit(KEPT_PER_USER)
        self._connection.execute(delete(messages).where(own, messages.c.id.not_in(last)))

    def of_user(self, pool_id: str, sub: str, *, now: float) -> list[KeptMessage]:
        """The user's messages of the last day, the newest first."""
        rows = self._connection.execute(
            select(messages.c.sealed, messages.c.sent_at)
            .where(messages.c.pool_id == pool_id, messages.c.sub == sub, messages.c.sent_at > now - DAY)
            .order_by(messages.c.id.desc())
        )
        found = []
        for row in rows:
            try:
                clear = json.loads(self._sealer.open(row.sealed, row=message_identity(pool_id, sub)))
            except SealError:
                continue  # sealed by a worker that still had a key which is gone since
            found.append(KeptMessage(sent_at=row.sent_at, **clear))
        return found

    def sealed_rows(self) -> list[int]:
        """The messages that are there, of all users."""
        return list(self._connection.execute(select(messages.c.id)).scalars())

    def reseal(self, row_id: int) -> int:
        """Seal a message anew if it is not under the first sealing key; 1 if it was not, and opened."""
        statement = select(messages).where(messages.c.id == row_id).with_for_update()
        row = self._connection.execute(statement).one_or_none()
        if row is None or not self._sealer.needs_reseal(row.sealed):
            return 0
        identity = message_identity(row.pool_id, row.sub)
        try:
            clear = self._sealer.open(row.sealed, row=identity)
        except SealError:
            return 0  # nobody reads it any more, and it is gone within a day
        hit = update(messages).where(messages.c.id == row_id).values(sealed=self._sealer.seal(clear, row=identity))
        return self._connection.execute(hit).rowcount
