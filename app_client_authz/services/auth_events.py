"""What users did, on record: sign-ins, registrations, recoveries, changed passwords (AdminListUserAuthEvents).

Only in pools whose ``AdvancedSecurityMode`` is AUDIT: everywhere else nothing is written, and nothing costs more.
"""

from app_client_authz.crypto import digests
from app_client_authz.domain.auth_event import Answered, AuthEvent, EventResponse, EventType
from app_client_authz.domain.errors import ConcurrentModification
from app_client_authz.domain.registration import Registration
from app_client_authz.services import origin
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units

FAILURES_PER_HOUR = 60
"""How many failures of one user go on record: who tries a name all night fills no table. Signals tell of all."""


def record(
    unit: Unit,
    registration: Registration,
    sub: str,
    kind: EventType,
    response: EventResponse,
    now: float,
    *,
    answered: tuple[Answered, ...] = (),
    event_id: str | None = None,
) -> None:
    """Put an event on record, in the transaction of what it tells of. The user exists."""
    pool, client = registration.pool, registration.client
    if not pool.keeps_auth_events:
        return
    if response is EventResponse.FAIL and not _take(unit, Account(pool.id, sub), now):
        return
    propagates = client.spec.enable_propagate_additional_user_context_data is True
    unit.auth_events.add(
        AuthEvent(
            id=event_id or digests.random_uuid(),
            sub=sub,
            type=kind,
            response=response,
            created_at=now,
            answered=answered,
            client_id=client.client_id,
            address=origin.present().address_for(propagates=propagates),
        )
    )


def record_failure(
    units: Units, registration: Registration, sub: str, kind: EventType, now: float, *answered: Answered
) -> None:
    """Put a failure on record, in a transaction of its own: the one that failed kept nothing."""
    if not registration.pool.keeps_auth_events:
        return
    try:
        units.write(lambda unit: record(unit, registration, sub, kind, EventResponse.FAIL, now, answered=answered))
    except ConcurrentModification:
        return  # the user was deleted meanwhile, and the record with them


def simulate_failure(units: Units, registration: Registration, account: Account, now: float) -> None:
    """Nothing goes on record of a name that nobody has, at the cost of what would: a write of its own (ENU-6)."""
    if registration.pool.keeps_auth_events:
        units.write(lambda unit: _take(unit, account, now))


def _take(unit: Unit, account: Account, now: float) -> bool:
    return unit.hourly_counts.take(account, "auth_event_failed", limit=FAILURES_PER_HOUR, now=now)
