"""An authorization request, judged in order (endpoints.md 1.1 and 1.2)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from app_client_authz.domain import pkce, redirects, scopes
from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.dialect import Dialect
from app_client_authz.domain.errors import (
    FlowNotAllowed,
    InvalidAuthorizationRequest,
    InvalidScope,
    MissingParameters,
    OAuthNotEnabled,
    RedirectableError,
    RedirectMismatch,
    ScopeNotAllowed,
    UnknownClient,
    UnsupportedResponseType,
)
from app_client_authz.domain.issuers import WHERE_THEY_ARE_SERVED, Issuers
from app_client_authz.domain.pool import UserPool

FLOWS = {"code": "code", "token": "implicit"}
"""response_type → the member of AllowedOAuthFlows that it needs."""

PROMPTS = frozenset({"none", "login", "select_account", "consent"})


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request whose every parameter was checked; a sign-in is all that is missing.

    ``max_age`` is in seconds. ``provider`` is the identity provider asked for, by name or identifier, or None.
    """

    client: AppClient
    pool: UserPool
    dialect: Dialect
    redirect_uri: str
    response_type: str
    scopes: tuple[str, ...]
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    resource: str | None = None
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    login_hint: str | None = None
    provider: str | None = None
    issuers: Issuers = WHERE_THEY_ARE_SERVED

    @property
    def in_fragment(self) -> bool:
        """True if the answer travels in the fragment of the callback URL."""
        return self.response_type == "token"

    @property
    def error_target(self) -> "ErrorTarget":
        """Where an error goes that shows only now."""
        return ErrorTarget(self.client, self.dialect, self.redirect_uri, self.state, self.in_fragment, self.issuers)


@dataclass(frozen=True, slots=True)
class ErrorTarget:
    """Where a redirectable error goes, and in which words."""

    client: AppClient
    dialect: Dialect
    redirect_uri: str
    state: str | None
    in_fragment: bool
    issuers: Issuers


@dataclass(frozen=True, slots=True)
class Draft:
    """A request on its way through the checks."""

    params: Mapping[str, str]
    client: AppClient
    pool: UserPool
    dialect: Dialect
    live_scopes: Collection[str] = field(repr=False)


def required_parameters_present(params: Mapping[str, str]) -> None:
    if not params.get("client_id") or not params.get("redirect_uri"):
        raise MissingParameters


def redirect_uri_registered(draft: Draft) -> None:
    if not redirects.matches(draft.params["redirect_uri"], draft.client.callback_urls):
        raise RedirectMismatch


def oauth_enabled(draft: Draft) -> None:
    if not draft.client.oauth_enabled:
        raise OAuthNotEnabled


def response_type_known(draft: Draft) -> None:
    if "response_type" not in draft.params:
        raise InvalidAuthorizationRequest(detail="response_type is missing")
    if draft.params["response_type"] not in FLOWS:
        raise UnsupportedResponseType(detail="response_type is neither code nor token")


def flow_allowed(draft: Draft) -> None:
    if not draft.client.allows_flow(FLOWS[draft.params["response_type"]]):
        raise FlowNotAllowed


def scopes_allowed(draft: Draft) -> None:
    _scopes(draft)


def pkce_well_formed(draft: Draft) -> None:
    challenge = draft.params.get("code_challenge")
    pkce.check_challenge(challenge, draft.params.get("code_challenge_method"))
    required = draft.client.requires_pkce or draft.pool.spec.require_pkce
    if required and challenge is None and draft.params["response_type"] == "code":
        raise InvalidAuthorizationRequest(detail="this client requires PKCE")


def resource_well_formed(draft: Draft) -> None:
    resource = draft.params.get("resource")
    if resource is not None and not redirects.is_acceptable(resource):
        raise InvalidAuthorizationRequest(detail="resource is not an absolute URL")


def prompt_known(draft: Draft) -> None:
    prompts = _prompts(draft)
    if "none" in prompts and len(prompts) > 1:
        raise InvalidAuthorizationRequest(detail="prompt=none goes with no other value")


def max_age_well_formed(draft: Draft) -> None:
    max_age = draft.params.get("max_age")
    if max_age is not None and not (max_age.isascii() and max_age.isdigit() and len(max_age) <= 9):
        raise InvalidAuthorizationRequest(detail="max_age is not a number of seconds")


CHECKS: tuple[Callable[[Draft], None], ...] = (
    redirect_uri_registered,
    # Up to here, and for a client without OAuth, nothing may redirect (R1): our own error page answers.
    oauth_enabled,
    response_type_known,
    flow_allowed,
    scopes_allowed,
    pkce_well_formed,
    resource_well_formed,
    prompt_known,
    max_age_well_formed,
)


def judge(
    params: Mapping[str, str],
    client: AppClient | None,
    pool: UserPool | None,
    dialect: Dialect,
    live_scopes: Collection[str],
    *,
    issuers: Issuers = WHERE_THEY_ARE_SERVED,
) -> AuthorizationRequest:
    """The request, if every check passes.

    ``params`` holds each parameter once; empty ones are left out (RFC 6749 section 3.1). ``live_scopes``
    are the custom scopes that exist in the pool now.

    Raises:
        AuthorizationError: for our own error page.
        RedirectableError: with its ``target`` filled in.
    """
    required_parameters_present(params)
    if client is None or pool is None:
        raise UnknownClient
    draft = Draft(params, client, pool, dialect, live_scopes)
    try:
        for check in CHECKS:
            check(draft)
    except RedirectableError as error:
        in_fragment = params.get("response_type") == "token"
        error.target = ErrorTarget(client, dialect, params["redirect_uri"], params.get("state"), in_fragment, issuers)
        raise
    max_age = params.get("max_age")
    return AuthorizationRequest(
        client=client,
        pool=pool,
        dialect=dialect,
        redirect_uri=params["redirect_uri"],
        response_type=params["response_type"],
        scopes=_scopes(draft),
        state=params.get("state"),
        nonce=params.get("nonce"),
        code_challenge=params.get("code_challenge"),
        resource=params.get("resource"),
        prompts=_prompts(draft),
        max_age=None if max_age is None else int(max_age),
        login_hint=params.get("login_hint"),
        provider=_provider(params),
        issuers=issuers,
    )


def _scopes(draft: Draft) -> tuple[str, ...]:
    try:
        return scopes.resolve(
            draft.params.get("scope"), draft.client, draft.live_scopes, ignore=draft.dialect.ignored_scopes
        )
    except InvalidScope as error:
        raise ScopeNotAllowed(detail=error.detail) from None


def _provider(params: Mapping[str, str]) -> str | None:
    if "identity_provider" in params or "idp_identifier" not in params:
        return params.get("identity_provider")
    # An identifier is no name: no provider can be called so, the local directory neither.
    return f"idp_identifier {params['idp_identifier']}"


def _prompts(draft: Draft) -> frozenset[str]:
    return frozenset(draft.params.get("prompt", "").split()) & PROMPTS
