"""Sessions of a user, one by one (api.md 4.22)."""

from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.paging import page
from app_client_authz.api.wire import instant, present
from app_client_authz.domain.user_session import PAGE, UserSession

LINKED = "LINKED"


def list_user_sessions(call: Call) -> Json:
    holder = call.services.user_sessions.holder(call.input["AccessToken"], call.base)

    def fetch(after: str, limit: int) -> list[UserSession]:
        return call.services.user_sessions.page_of(holder, after=after, limit=limit)

    found, more = page(call, fetch, _mark, holder.user.sub, size=PAGE)
    return _answer(found, more, current=holder.claims.get("origin_jti"))


def admin_list_user_sessions(call: Call) -> Json:
    name = call.input["Username"]

    def fetch(after: str, limit: int) -> list[UserSession]:
        return call.services.user_sessions.page(call.input["UserPoolId"], name, after=after, limit=limit)

    found, more = page(call, fetch, _mark, name, size=PAGE)
    return _answer(found, more, current=None)


def revoke_user_session(call: Call) -> None:
    call.services.user_sessions.revoke_own(
        call.input["AccessToken"], call.base, call.input["SessionId"], linked=takes_linked(call)
    )


def admin_revoke_user_session(call: Call) -> None:
    call.services.user_sessions.revoke(
        call.input["UserPoolId"], call.input["Username"], call.input["SessionId"], linked=takes_linked(call)
    )


def takes_linked(call: Call) -> bool:
    """Whether what hangs on the session ends with it."""
    return call.input.get("RevokeAssociatedSessions") == LINKED


OPERATIONS: dict[str, Run] = {
    "ListUserSessions": list_user_sessions,
    "RevokeUserSession": revoke_user_session,
    "AdminListUserSessions": admin_list_user_sessions,
    "AdminRevokeUserSession": admin_revoke_user_session,
}


def _mark(session: UserSession) -> str:
    return session.id


def _answer(found: list[UserSession], more: str | None, *, current: object) -> Json:
    # Within a page as they began; pages go by ID.
    sessions = [_described(each, current) for each in sorted(found, key=lambda session: session.created_at)]
    return present({"Sessions": sessions, "NextToken": more})


def _described(session: UserSession, current: object) -> Json:
    return present(
        {
            "SessionId": session.id,
            "SessionType": session.kind.name,
            "ClientId": session.client_id,
            "CreateDate": instant(session.created_at),
            "LastActiveDate": instant(session.active_at),
            "OriginSessionId": session.origin_id,
            "IsCurrentSession": session.client_id is not None and session.key == current,
        }
    )
