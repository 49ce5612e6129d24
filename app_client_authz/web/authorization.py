"""Answers to authorization requests: to the callback URL, or to our own error page.

Both the authorization endpoint and the sign-in page give them, so they stand here once.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode, urlsplit

from flask import Response

from app_client_authz.domain.authorization import ErrorTarget
from app_client_authz.domain.errors import (
    AuthorizationError,
    MissingParameters,
    OAuthNotEnabled,
    RedirectableError,
    TriggerRefused,
    UnsupportedResponseType,
)

MISSING = "Required parameters missing"
NOT_ENABLED = "Client is not enabled for OAuth2.0 flows."

_NOT_IN_DESCRIPTIONS = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def description(message: str) -> str:
    """The message as an ``error_description`` can carry it (RFC 6749 section 5.2)."""
    return _NOT_IN_DESCRIPTIONS.sub("?", message)


def redirect(location: str, status: int = 302) -> Response:
    """A bare redirect. ``location`` begins with what we registered or mounted, never with input (RED-9)."""
    response = Response(status=status)
    # Not through werkzeug's redirect: it would write the URL anew, and add a body.
    response.headers["Location"] = location
    response.autocorrect_location_header = False
    response.headers["Content-Length"] = "0"
    return response


def callback(redirect_uri: str, parameters: Iterable[tuple[str, str]], *, in_fragment: bool) -> Response:
    """The redirect that carries an authorization response (RFC 6749 sections 4.1.2 and 4.2.2)."""
    encoded = urlencode(list(parameters), quote_via=quote, safe="")
    separator = "#" if in_fragment else "&" if "?" in redirect_uri else "?"
    return redirect(f"{redirect_uri}{separator}{encoded}")


def refuse(error: AuthorizationError, base: str, params: Mapping[str, str]) -> Response:
    """The answer to a refused request: by redirect only where client and callback URL are proven (R1)."""
    if isinstance(error, RedirectableError):
        target = error.target
        parameters = _error_parameters(error, target, base)
        return callback(target.redirect_uri, parameters, in_fragment=target.in_fragment)
    return redirect(f"{urlsplit(base).path}/error?{urlencode(_page_parameters(error, params))}")


def _error_parameters(error: RedirectableError, target: ErrorTarget, base: str) -> list[tuple[str, str]]:
    dialect = target.dialect
    code = error.code
    if isinstance(error, UnsupportedResponseType) and not dialect.names_unsupported_response_type:
        code = "invalid_request"
    state = [] if target.state is None else [("state", target.state)]
    told = [("error_description", description(error.message))] if isinstance(error, TriggerRefused) else []
    if not dialect.wraps_authorization_errors:
        issuer = target.issuers.of(base, target.client.pool_id)
        told += [*state, *([("iss", issuer)] if dialect.authorization_response_has_iss else [])]
        return [("error", code), *told]
    if told:
        # With a blank at the end, as it was seen (endpoints.md 1.5).
        return [("error_description", f"{told[0][1]} "), *state, ("error", "invalid_request")]
    if error.wrapped and code != "invalid_request":
        return [("error_description", code), *state, ("error", "invalid_request")]
    # login_required comes bare and first, invalid_request last: so the guide and the captures have it.
    return [("error", code), *state] if code != "invalid_request" else [*state, ("error", code)]


def _page_parameters(error: AuthorizationError, params: Mapping[str, str]) -> list[tuple[str, str]]:
    if isinstance(error, MissingParameters):
        return [("error", MISSING)]
    code = NOT_ENABLED if isinstance(error, OAuthNotEnabled) else error.code
    client_id = params.get("client_id")
    return [("error", code)] if client_id is None else [("error", code), ("client_id", client_id)]
