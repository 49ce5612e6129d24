"""Session tracking of a user pool: Get and SetUserPoolSessionConfiguration (api.md 2.12)."""

from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.domain.pool import UserPool


def get_user_pool_session_configuration(call: Call) -> Json:
    return sessions(call.services.pools.describe(call.input["UserPoolId"]))


def set_user_pool_session_configuration(call: Call) -> Json:
    pool = call.services.pool_settings.set_sessions(
        call.input["UserPoolId"],
        tracking=call.input["UserSessionTracking"],
        per_user=call.input["TokenSession"]["MaxPerUser"],
    )
    return sessions(pool)


OPERATIONS: dict[str, Run] = {
    "GetUserPoolSessionConfiguration": get_user_pool_session_configuration,
    "SetUserPoolSessionConfiguration": set_user_pool_session_configuration,
}


def sessions(pool: UserPool) -> Json:
    """What GetUserPoolSessionConfiguration shows."""
    return {
        "UserPoolId": pool.id,
        "UserSessionTracking": pool.spec.user_session_tracking,
        "TokenSession": {"MaxPerUser": pool.spec.token_sessions_per_user},
    }
