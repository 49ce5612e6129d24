"""Domain errors in the words of the JSON API (api.md 1.2, 1.3, 1.5): the one table of this face."""

import json
import logging
import re
from collections.abc import Mapping

from flask import Response
from werkzeug.exceptions import HTTPException

from app_client_authz.domain.errors import (
    AuthzError,
    InvalidGrant,
    InvalidScope,
    OperationError,
    RefreshTokenExpired,
    RefreshTokenOfAnotherClient,
    RefreshTokenOfAnotherDevice,
    RefreshTokenReused,
    RefreshTokenRevoked,
    RefreshTokenUserDeleted,
    RefreshTokenUserDisabled,
    TooManyRequests,
    Unavailable,
    UnsupportedTokenType,
)
from app_client_authz.web.base_url import UnknownHost

log = logging.getLogger("app_client_authz.api")

CONTENT_TYPE = "application/x-amz-json-1.1"
RETRY_AFTER_SECONDS = "5"

_HEADER_UNSAFE = re.compile(r"[^ -~]")
_MAX_HEADER_CHARACTERS = 1024


class WireError(OperationError):
    """A request that no operation ever saw."""


class UnknownOperation(WireError):
    """No operation of that name, or none that this release has."""

    code = "UnknownOperationException"


class SerializationFailed(WireError):
    """The body is no JSON object, or a member has another JSON type than its shape."""

    code = "SerializationException"


class RequestTooLarge(WireError):
    """The body is larger than 1 MiB (INP-2)."""

    code = "RequestEntityTooLargeException"


class MissingAuthenticationToken(WireError):
    code = "MissingAuthenticationTokenException"


class IncompleteSignature(WireError):
    code = "IncompleteSignatureException"


class InvalidSignature(WireError):
    code = "InvalidSignatureException"


class UnrecognizedClient(WireError):
    code = "UnrecognizedClientException"


class AccessDenied(WireError):
    """The access key is known, and may not do this."""

    code = "AccessDeniedException"


_REFRESH_TOKEN: Mapping[type, str] = {
    RefreshTokenUserDeleted: "The user has been deleted for the associated refresh token",
    RefreshTokenUserDisabled: "User is disabled.",
    RefreshTokenRevoked: "Refresh Token has been revoked",
    RefreshTokenExpired: "Refresh Token has expired",
    RefreshTokenOfAnotherClient: "Refresh Token has different Client",
    RefreshTokenOfAnotherDevice: "Invalid Refresh Token.",
}
_BY_STATUS = {403: "ForbiddenException", 413: RequestTooLarge.code, 429: TooManyRequests.code}


def code_and_message(error: AuthzError) -> tuple[str, str]:
    """What ``__type`` and ``message`` say; an empty message is left out of the answer."""
    if isinstance(error, TooManyRequests):
        return error.code, error.message or "Rate exceeded"
    if isinstance(error, OperationError):
        return error.code, error.message
    if isinstance(error, InvalidGrant):
        return _of_refresh_token(error)
    if isinstance(error, UnsupportedTokenType):
        return "UnsupportedTokenTypeException", "Unsupported token type"
    if isinstance(error, InvalidScope):
        return "InvalidParameterException", "Invalid scope requested."
    if isinstance(error, UnknownHost):
        return "InvalidParameterException", error.message
    log.error("%s: %s (%s)", type(error).__name__, error.message, error.detail)
    return "InternalErrorException", ""


def _of_refresh_token(error: InvalidGrant) -> tuple[str, str]:
    """The same refusals as at the token endpoint, in the words of api.md 4.11 and 4.12."""
    if isinstance(error, RefreshTokenReused):
        return "RefreshTokenReuseException", "Refresh token reuse detected"
    message = "Invalid Refresh Token"
    for kind in reversed(type(error).mro()):
        message = _REFRESH_TOKEN.get(kind, message)
    return "NotAuthorizedException", message


def status_of(error: AuthzError, code: str) -> int:
    """The HTTP status of a refusal: 400 for everything that the caller can mend (api.md 1.5)."""
    if isinstance(error, RequestTooLarge):
        return 413
    if isinstance(error, Unavailable):
        return 503
    return 500 if code == "InternalErrorException" else 400


def refusal(error: AuthzError) -> Response:
    """The answer to a request that was refused."""
    code, message = code_and_message(error)
    status = status_of(error, code)
    response = _response(status, code, message)
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    log.debug("refused: %s (%s)", code, error.detail)
    return response


def http_error(error: HTTPException) -> Response:
    """What Werkzeug refused while the request was read, or a hook of the host before we saw it."""
    status = error.code or 400
    code = "InternalErrorException" if status >= 500 else _BY_STATUS.get(status, SerializationFailed.code)
    return _response(status, code, "")


def server_error() -> Response:
    """The last resort, in this face's own form (INP-1)."""
    return _response(500, "InternalErrorException", "")


def _response(status: int, code: str, message: str) -> Response:
    body = {"__type": code, "message": message} if message else {"__type": code}
    response = Response(json.dumps(body, separators=(",", ":"), ensure_ascii=False), status, content_type=CONTENT_TYPE)
    # The colon is Cognito's: SDKs cut at it, and believe this header before the body.
    response.headers["x-amzn-ErrorType"] = f"{code}:"
    if message:
        response.headers["x-amzn-ErrorMessage"] = _HEADER_UNSAFE.sub("?", message.rstrip()[:_MAX_HEADER_CHARACTERS])
    return response
