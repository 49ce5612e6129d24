"""OAuth flows and explicit authentication flows of an app client (api.md 2.5 and 2.8)."""

from collections.abc import Iterable

from app_client_authz.domain.errors import InvalidOAuthFlow, InvalidParameter
from app_client_authz.domain.scopes import BUILT_IN

OAUTH_FLOWS = ("implicit", "client_credentials", "code")
"""In the order in which AWS names them."""

LEGACY_FLOWS = ("ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH")
EXPLICIT_FLOWS = (
    *LEGACY_FLOWS,
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_TOKEN_EXCHANGE_DELEGATION",
    "ALLOW_TOKEN_EXCHANGE_IMPERSONATION",
    # Missing from the model's enum although GetClientToken needs it.
    "ALLOW_CLIENT_TOKEN_AUTH",
)

_ANSWER_ORDER = (
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_TOKEN_EXCHANGE_DELEGATION",
    "ALLOW_TOKEN_EXCHANGE_IMPERSONATION",
    "ALLOW_CLIENT_TOKEN_AUTH",
    *LEGACY_FLOWS,
)

_REFRESH = frozenset({"REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"})
_ADMIN_PASSWORD = frozenset({"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})
_UNSET = _REFRESH | {"USER_SRP_AUTH", "CUSTOM_AUTH"}
_ENABLES = {
    "ADMIN_NO_SRP_AUTH": _ADMIN_PASSWORD,
    "USER_PASSWORD_AUTH": frozenset({"USER_PASSWORD_AUTH"}),
    "ALLOW_ADMIN_USER_PASSWORD_AUTH": _ADMIN_PASSWORD,
    "ALLOW_CUSTOM_AUTH": frozenset({"CUSTOM_AUTH"}),
    "ALLOW_USER_PASSWORD_AUTH": frozenset({"USER_PASSWORD_AUTH"}),
    "ALLOW_USER_SRP_AUTH": frozenset({"USER_SRP_AUTH"}),
    "ALLOW_REFRESH_TOKEN_AUTH": _REFRESH,
    "ALLOW_USER_AUTH": frozenset({"USER_AUTH"}),
}


def in_answer_order(explicit: Iterable[str]) -> tuple[str, ...]:
    """ExplicitAuthFlows as Cognito returns them: a set in a fixed order (api.md 2.4)."""
    given = set(explicit)
    return tuple(flow for flow in _ANSWER_ORDER if flow in given)


def check_explicit(explicit: Iterable[str]) -> None:
    """Nothing, if these explicit flows go together.

    Raises:
        InvalidParameter: the two families are mixed, or ALLOW_CLIENT_TOKEN_AUTH is not alone.
    """
    given = set(explicit)
    legacy = given.intersection(LEGACY_FLOWS)
    if legacy and legacy != given:
        raise InvalidParameter("Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.")
    if "ALLOW_CLIENT_TOKEN_AUTH" in given and len(given) > 1:
        raise InvalidParameter("ALLOW_CLIENT_TOKEN_AUTH cannot be used along with other auth flows.")


def check_oauth(
    flows: Iterable[str], scopes: Iterable[str], callback_urls: Iterable[str], *, confidential: bool
) -> None:
    """Nothing, if these OAuth flows go together with each other and with the rest of the client (CLI-6).

    Raises:
        InvalidOAuthFlow: client_credentials beside another flow, without a secret or with a user's scope.
        InvalidParameter: code or implicit without a callback URL.
    """
    given = set(flows)
    if "client_credentials" in given:
        if len(given) > 1:
            raise InvalidOAuthFlow("client_credentials flow can not be selected along with code flow or implicit flow.")
        if not confidential:
            raise InvalidOAuthFlow(
                "client_credentials flow can not be selected if client does not have a client secret."
            )
        for scope in scopes:
            if scope in BUILT_IN:
                raise InvalidOAuthFlow(f"{scope} is not supported with client_credentials flow")
    elif given and not any(callback_urls):
        raise InvalidParameter("CallbackUrls can not be empty when code flow or implicit flow is selected")


def enabled(explicit: Iterable[str] | None, *, rotation: bool) -> frozenset[str]:
    """The values of InitiateAuth's ``AuthFlow`` that a client with these explicit flows may use.

    None is an unset list. Refresh through the API ends where rotation begins (api.md 2.8).
    """
    if explicit is None:
        allowed = _UNSET
    else:
        given = set(explicit)
        allowed = frozenset().union(*(_ENABLES.get(flow, frozenset()) for flow in given))
        if "CUSTOM_AUTH_FLOW_ONLY" in given:
            allowed = _REFRESH | {"CUSTOM_AUTH"}
        elif given.intersection(LEGACY_FLOWS):
            # Lists of the old names restrict neither SRP nor refresh.
            allowed |= _REFRESH | {"USER_SRP_AUTH"}
    return allowed - _REFRESH if rotation else allowed
