"""The record of what users did."""

from sqlalchemy import Connection, insert, or_, select, update

from app_client_authz.domain.auth_event import Answered, AuthEvent, EventResponse, EventType, Feedback
from app_client_authz.domain.uuids import octets_of, text_of
from app_client_authz.storage.tables import auth_events as table

_ADD = insert(table)


class AuthEvents:
    """Keyed by the user's ``sub`` and the event's ID."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, event: AuthEvent) -> None:
        self._connection.execute(
            _ADD,
            {
                "sub": event.sub,
                "id": octets_of(event.id),
                "type": event.type,
                "response": event.response,
                "answered": " ".join(event.answered),
                "client_id": event.client_id,
                "address": event.address,
                "created_at": event.created_at,
                "feedback": event.feedback,
                "feedback_at": event.feedback_at,
            },
        )

    def page(self, sub: str, *, before: tuple[float, str] | None, limit: int) -> list[AuthEvent]:
        """At most ``limit`` events, the newest first, behind the one of that instant and ID."""
        query = select(table).where(table.c.sub == sub)
        if before is not None:
            at, event_id = before
            older = or_(table.c.created_at < at, table.c.id < octets_of(event_id))
            query = query.where(table.c.created_at <= at, older)
        rows = self._connection.execute(query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit))
        return [
            AuthEvent(
                id=text_of(row.id),
                sub=row.sub,
                type=EventType(row.type),
                response=EventResponse(row.response),
                created_at=row.created_at,
                answered=tuple(Answered(each) for each in row.answered.split()),
                client_id=row.client_id,
                address=row.address,
                feedback=None if row.feedback is None else Feedback(row.feedback),
                feedback_at=row.feedback_at,
            )
            for row in rows
        ]

    def give_feedback(self, sub: str, event_id: str, feedback: Feedback, now: float) -> bool:
        """False if the user has no such event."""
        hit = (
            update(table)
            .where(table.c.sub == sub, table.c.id == octets_of(event_id))
            .values(feedback=feedback, feedback_at=now)
        )
        return self._connection.execute(hit).rowcount == 1
