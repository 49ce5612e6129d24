"""Domain errors in the words of RFC 6749 section 5.2 and RFC 6750 section 3: the one table of this face."""

import json
import logging

from flask import Response
from werkzeug.exceptions import HTTPException

from app_client_authz.domain.dialect import Dialect
from app_client_authz.domain.errors import (
    AuthzError,
    BearerError,
    BearerMissing,
    CallbackMismatch,
    ConcurrentModification,
    ConfigurationError,
    InvalidClient,
    OAuthDisabled,
    OpenIdScopeMissing,
    ResourceNotFound,
    TokenError,
    TooManyRequests,
    TriggerFailed,
    Unavailable,
)
from app_client_authz.web.authorization import description
from app_client_authz.web.base_url import UnknownHost
from app_client_authz.web.params import BadParameters, BodyTooLarge

log = logging.getLogger("app_client_authz.oauth")

JSON = "application/json;charset=UTF-8"
RETRY_AFTER_SECONDS = "5"

_BAD_REQUEST = "Bad OAuth2 request at UserInfo Endpoint"
_NOT_LIVE = "Access token is expired, disabled, or deleted, or the user has globally signed out."
_NO_OPENID = "Access token does not contain openid scope"


def json_response(status: int, body: str | bytes) -> Response:
    """A JSON answer; ``body`` is encoded already."""
    return Response(body, status=status, content_type=JSON)


def _refusal(status: int, **body: str) -> Response:
    return json_response(status, json.dumps(body, separators=(",", ":")))


def token_error(error: TokenError, dialect: Dialect, *, used_basic: bool, at_revocation: bool) -> Response:
    """The answer of the token and revocation endpoints."""
    body = {"error": _token_code(error, dialect)}
    if isinstance(error, CallbackMismatch) and not dialect.callback_mismatch_is_invalid_grant:
        body["error_description"] = "invalid_redirect"
    is_401 = isinstance(error, InvalidClient) and (at_revocation or dialect.invalid_client_is_401)
    response = _refusal(401 if is_401 else 400, **body)
    if is_401 and used_basic:
        response.headers["WWW-Authenticate"] = 'Basic realm="oauth2"'
    log.debug("refused: %s (%s)", body["error"], error.detail)
    return response


def _token_code(error: TokenError, dialect: Dialect) -> str:
    if isinstance(error, CallbackMismatch):
        return "invalid_grant" if dialect.callback_mismatch_is_invalid_grant else "unauthorized_client"
    if isinstance(error, OAuthDisabled):
        return "invalid_grant" if dialect.oauth_disabled_is_invalid_grant else "unauthorized_client"
    return error.code


def bearer_error(error: BearerError, dialect: Dialect) -> Response:
    """The answer of userInfo (endpoints.md 4; RFC 6750 section 3)."""
    missing, no_openid = isinstance(error, BearerMissing), isinstance(error, OpenIdScopeMissing)
    description = _BAD_REQUEST if missing else _NO_OPENID if no_openid else _NOT_LIVE
    strict = dialect.bearer_challenge_has_scheme
    code = error.code if strict or not no_openid else "invalid_token"
    status = (401 if strict else 400) if missing else 403 if strict and no_openid else 401
    response = _refusal(status, error=code, error_description=description)
    challenge = f'error="{code}", error_description="{description}"'
    if strict:
        # Without credentials there is nothing to name an error of (RFC 6750 section 3.1).
        challenge = "Bearer" if missing else f"Bearer {challenge}" + (', scope="openid"' if no_openid else "")
    response.headers["WWW-Authenticate"] = challenge
    log.debug("refused at userInfo: %s (%s)", code, error.detail)
    return response


def other_error(error: AuthzError) -> Response:
    """Whatever is not the protocol's own: unreadable requests, and what is not the caller's fault."""
    if isinstance(error, BadParameters):
        status = 413 if isinstance(error, BodyTooLarge) else 400
        return _refusal(status, error=error.code)
    if isinstance(error, UnknownHost):
        return _refusal(400, error="invalid_request", error_description=error.message)
    if isinstance(error, TriggerFailed):
        # Only tokens are asked for here; at the authorization endpoint such an error travels by redirect.
        log.debug("refused by a trigger: %s (%s)", error.code, error.detail)
        return _refusal(400, error="invalid_grant", error_description=description(error.message))
    # Something that the request needs was changed or deleted at this very moment.
    if isinstance(error, ConcurrentModification | ResourceNotFound):
        return _refusal(400, error="invalid_request")
    if isinstance(error, TooManyRequests):
        return _refusal(429, error="too_many_requests")
    if isinstance(error, Unavailable | ConfigurationError):
        log.error("%s: %s %s", type(error).__name__, error.message, error.detail)
        response = _refusal(503, error="temporarily_unavailable")
        response.headers["Retry-After"] = RETRY_AFTER_SECONDS
        return response
    log.error("%s: %s (%s)", type(error).__name__, error.message, error.detail)
    return server_error()


def http_error(error: HTTPException) -> Response:
    """What Werkzeug refused while the request was read."""
    return _refusal(error.code or 400, error="invalid_request")


def server_error() -> Response:
    """The last resort, in this face's own form (INP-1)."""
    return _refusal(500, error="server_error")
