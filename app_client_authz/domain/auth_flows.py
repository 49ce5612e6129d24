"""The flows of InitiateAuth: who may start which, and what each needs (api.md 4.2, 4.4)."""

from collections.abc import Mapping

from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.errors import InvalidParameter, UnsupportedOperation

PASSWORD, ADMIN_PASSWORD, SRP = "USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_SRP_AUTH"
REFRESH, CUSTOM, CHOICE = "REFRESH_TOKEN_AUTH", "CUSTOM_AUTH", "USER_AUTH"
CLIENT_TOKEN = "ALLOW_CLIENT_TOKEN_AUTH"
"""No flow of InitiateAuth: it opens GetClientToken."""

_SYNONYMS = {"ADMIN_NO_SRP_AUTH": ADMIN_PASSWORD, "REFRESH_TOKEN": REFRESH}
_REQUIRED = {
    PASSWORD: ("USERNAME", "PASSWORD"),
    ADMIN_PASSWORD: ("USERNAME", "PASSWORD"),
    SRP: ("USERNAME", "SRP_A"),
    REFRESH: ("REFRESH_TOKEN",),
    CUSTOM: ("USERNAME",),
    CHOICE: ("USERNAME",),
}
_OTHER_NOT_ENABLED = "Auth flow not enabled for this client"
_NOT_ENABLED = {
    PASSWORD: "USER_PASSWORD_AUTH flow not enabled for this client",
    SRP: "USER_SRP_AUTH is not enabled for the client.",
    CUSTOM: "CUSTOM_AUTH is not enabled for the client.",
    CHOICE: "USER_AUTH flow not enabled for this client",
}


def started(flow: str, client: AppClient, parameters: Mapping[str, str], *, by_admin: bool) -> str:
    """The flow under its present name, once it may go on; an empty parameter counts as missing.

    Raises:
        InvalidParameter: another operation's flow, not enabled for the client, or a parameter is missing.
        UnsupportedOperation: refresh at a client that rotates its refresh tokens.
    """
    name = _SYNONYMS.get(flow, flow)
    if name == (PASSWORD if by_admin else ADMIN_PASSWORD):
        raise InvalidParameter("Initiate Auth method not supported.")
    if name == REFRESH and client.rotation_enabled:
        raise UnsupportedOperation("This API does not support refresh token rotation")
    if not client.can_use_auth_flow(flow):
        raise InvalidParameter(_NOT_ENABLED.get(name, _OTHER_NOT_ENABLED))
    require(parameters, *_REQUIRED[name])
    return name


def leads_to_srp(client: AppClient) -> bool:
    """Whether a sign-in of the client can begin with a proof by SRP, and so needs a verifier (SEC-6)."""
    return any(client.can_use_auth_flow(flow) for flow in (SRP, CHOICE, CUSTOM))


def check_refresh(client: AppClient) -> None:
    """Ends a GetTokensFromRefreshToken of a client that may not refresh; rotation needs no flow (api.md 9, 6).

    Raises:
        InvalidParameter: the flow is not enabled.
    """
    if not client.rotation_enabled and not client.can_use_auth_flow(REFRESH):
        raise InvalidParameter(_OTHER_NOT_ENABLED)


def check_client_token(client: AppClient) -> None:
    """Ends a GetClientToken of a client that has not the flow for it.

    Raises:
        InvalidParameter: the flow is not enabled.
    """
    if CLIENT_TOKEN not in (client.spec.explicit_auth_flows or ()):
        raise InvalidParameter(_OTHER_NOT_ENABLED)


def require(parameters: Mapping[str, str], *names: str) -> None:
    """Raises:
    InvalidParameter: one of them is missing or empty.
    """
    for name in names:
        if not parameters.get(name):
            raise InvalidParameter(f"Missing required parameter {name}")
