"""How guarded views say no (RFC 6750 section 3): as errors that the host may handle, in JSON or as text."""

import json
import logging
from collections.abc import Iterable
from typing import Any, Final

from flask import Response, after_this_request
from werkzeug.exceptions import Forbidden, HTTPException, ServiceUnavailable, Unauthorized

from app_client_authz.config import Settings
from app_client_authz.domain.errors import AuthzError, InvalidToken

log = logging.getLogger("app_client_authz.guard")

REALM: Final = "api"
RETRY_AFTER_SECONDS: Final = 5


class Refusal(HTTPException):
    """Whatever a guard raises. A host's error handler can read ``error``, ``description`` and ``challenge``."""

    error: str
    """``invalid_token`` or ``insufficient_scope`` (RFC 6750 section 3.1), ``unauthorized`` without a token, or
    ``temporarily_unavailable``."""
    challenge: str | None
    """The ``WWW-Authenticate`` header, which is sent whatever the handler answers with this status."""

    def __init__(self, settings: Settings, error: str, description: str, challenge: str | None = None) -> None:
        super().__init__(description)
        self.error = error
        self.challenge = challenge
        self._as_text = settings.guard_errors == "text"

    def get_body(self, environ: Any = None, scope: Any = None) -> str:
        if self._as_text:
            return f"{self.description}\n"
        body = {"error": self.error, "error_description": self.description}
        return json.dumps(body, separators=(",", ":")) + "\n"  # as Flask's own JSON ends

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        content_type = "text/plain; charset=utf-8" if self._as_text else "application/json"
        headers = [("Content-Type", content_type), ("Cache-Control", "no-store")]
        return headers if self.challenge is None else [*headers, ("WWW-Authenticate", self.challenge)]


# Flask looks for a host's error handler by class: hence one below each of Werkzeug's.
class NotAuthorized(Refusal, Unauthorized):
    """401: no token, or none that counts here."""


class NotSufficient(Refusal, Forbidden):
    """403: the token counts, and opens other views."""


class NotNow(Refusal, ServiceUnavailable):
    """503: nobody can say whether it counts."""

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        return [*super().get_headers(environ, scope), ("Retry-After", str(RETRY_AFTER_SECONDS))]


def missing(settings: Settings) -> Refusal:
    """There was no token: the challenge names no error (RFC 6750 section 3.1)."""
    return _with_challenge(NotAuthorized(settings, "unauthorized", "A bearer token is needed.", _challenge()))


def invalid(settings: Settings, error: InvalidToken) -> Refusal:
    """A token that does not count. Why is for the log, but for the one thing that its bearer can mend."""
    log.debug("refused: invalid_token (%s)", error.detail)
    description = "The token has expired." if error.detail == "exp" else "The token is not valid here."
    challenge = _challenge(error="invalid_token", error_description=description)
    return _with_challenge(NotAuthorized(settings, "invalid_token", description, challenge))


def insufficient(settings: Settings, scopes: Iterable[str] = ()) -> Refusal:
    """A token without a scope, or whose user is in none of the groups; ``scopes`` are what could open the view."""
    asked = " ".join(dict.fromkeys(scopes))
    description = "The token does not open this."
    parameters = {"error": "insufficient_scope", "error_description": description}
    challenge = _challenge(**parameters, **({"scope": asked} if asked else {}))
    return _with_challenge(NotSufficient(settings, "insufficient_scope", description, challenge))


def unavailable(settings: Settings, error: AuthzError) -> Refusal:
    """The database, or whoever publishes the keys, does not answer."""
    log.error("%s: %s %s", type(error).__name__, error.message, error.detail)
    return NotNow(settings, "temporarily_unavailable", "Try again later.")


def _challenge(**parameters: str) -> str:
    # Every value is ours: a token's text never gets here (UIF-2), and scopes hold neither quote nor backslash.
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in {"realm": REALM, **parameters}.items())


def _with_challenge(refusal: Refusal) -> Refusal:
    """A host that words its errors itself keeps the header, without which a 401 is none (RFC 9110 section 11.6.1)."""

    @after_this_request
    def add(response: Response) -> Response:
        if response.status_code == refusal.code and refusal.challenge and "WWW-Authenticate" not in response.headers:
            response.headers["WWW-Authenticate"] = refusal.challenge
        return response

    return refusal
