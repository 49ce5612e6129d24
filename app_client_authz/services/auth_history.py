"""What users did, as an administrator looks at it; ``auth_events`` puts it on record."""

from app_client_authz.domain import ids
from app_client_authz.domain.auth_event import AuthEvent, Feedback
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ResourceNotFound, UserPoolAddOnNotEnabled
from app_client_authz.domain.pool import UserPool
from app_client_authz.services import audit
from app_client_authz.services.pools import existing_pool
from app_client_authz.services.stored_users import existing_user
from app_client_authz.storage.unit import Unit, Units


class AuthHistory:
    """One method per operation."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def page(self, pool_id: str, name: str, *, before: tuple[float, str] | None, limit: int) -> list[AuthEvent]:
        """At most ``limit`` events of the user, the newest first (AdminListUserAuthEvents).

        ``before`` is instant and ID of the event to go on behind; None for the first page.

        Raises:
            ResourceNotFound, UserNotFound: no such pool, no such user.
            UserPoolAddOnNotEnabled: the pool keeps no record.
        """

        def look(unit: Unit) -> list[AuthEvent]:
            pool = _keeping(unit, pool_id)
            return unit.auth_events.page(existing_user(unit, pool, name).user.sub, before=before, limit=limit)

        return self._units.read(look)

    def give_feedback(self, pool_id: str, name: str, event_id: str, feedback: Feedback) -> None:
        """Note what an administrator says of an event (AdminUpdateAuthEventFeedback).

        Raises:
            ResourceNotFound, UserNotFound: no such pool, no such user, or the user has no such event.
            UserPoolAddOnNotEnabled: the pool keeps no record.
        """

        def change(unit: Unit) -> str:
            sub = existing_user(unit, _keeping(unit, pool_id), name).user.sub
            known = ids.is_sub(event_id) and unit.auth_events.give_feedback(sub, event_id, feedback, self._clock())
            if not known:
                raise ResourceNotFound("Auth event does not exist.")
            return sub

        sub = self._units.write(change)
        audit.record("auth_event_feedback", pool_id=pool_id, sub=sub, auth_event=event_id)


def _keeping(unit: Unit, pool_id: str) -> UserPool:
    pool = existing_pool(unit, pool_id)
    if not pool.keeps_auth_events:
        raise UserPoolAddOnNotEnabled("Threat protection is not enabled for the user pool.")
    return pool
