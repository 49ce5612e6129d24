"""The record of what users did: AdminListUserAuthEvents, AdminUpdateAuthEventFeedback."""

from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.paging import page
from app_client_authz.api.wire import instant, present
from app_client_authz.domain.auth_event import AuthEvent, Feedback

DEFAULT_PAGE = 60


def admin_list_user_auth_events(call: Call) -> Json:
    """Of ``MaxResults``, 0 stands for the default."""
    name = call.input["Username"]

    def fetch(after: str, limit: int) -> list[AuthEvent]:
        at, _, event_id = after.partition(" ")
        before = (float(at), event_id) if after else None
        return call.services.auth_history.page(call.input["UserPoolId"], name, before=before, limit=limit)

    found, more = page(call, fetch, _mark, name, size=call.input.get("MaxResults") or DEFAULT_PAGE)
    return present({"AuthEvents": [_described(event) for event in found], "NextToken": more})


def admin_update_auth_event_feedback(call: Call) -> None:
    call.services.auth_history.give_feedback(
        call.input["UserPoolId"], call.input["Username"], call.input["EventId"], Feedback(call.input["FeedbackValue"])
    )


OPERATIONS: dict[str, Run] = {
    "AdminListUserAuthEvents": admin_list_user_auth_events,
    "AdminUpdateAuthEventFeedback": admin_update_auth_event_feedback,
}


def _mark(event: AuthEvent) -> str:
    return f"{event.created_at!r} {event.id}"


def _described(event: AuthEvent) -> Json:
    feedback = None
    if event.feedback is not None and event.feedback_at is not None:
        feedback = {"FeedbackValue": event.feedback, "Provider": "Admin", "FeedbackDate": instant(event.feedback_at)}
    return present(
        {
            "EventId": event.id,
            "EventType": event.type,
            "CreationDate": instant(event.created_at),
            "EventResponse": event.response,
            # Nothing is looked for, and so no level of risk is told: the record is all that this mode keeps.
            "EventRisk": {"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": False},
            "ChallengeResponses": [_challenge(each) for each in event.answered],
            "EventContextData": present({"IpAddress": event.address}),
            "EventFeedback": feedback,
        }
    )


def _challenge(answered: str) -> Json:
    name, _, response = answered.partition(":")
    return {"ChallengeName": name, "ChallengeResponse": response}
