"""Headers of every answer (HDR-1 to HDR-8, endpoints.md 0.5 and 0.6)."""

import re
import secrets
from collections.abc import Iterable

from flask import Response

from app_client_authz.config import Settings
from app_client_authz.domain import uuids

NO_STORE = "no-cache, no-store, max-age=0, must-revalidate"
_HEADER_NAMES = re.compile(r"[A-Za-z0-9-]{1,64}(?:, ?[A-Za-z0-9-]{1,64}){0,31}")
PREFLIGHT_HEADERS = "authorization, content-type, cache-control, x-amz-target, x-amz-user-agent"


def common(response: Response, settings: Settings) -> Response:
    """What every answer carries."""
    headers = response.headers
    # Assignments, and questions for what is not there, are a twentieth of a JWKS answer: hence the set, and add().
    present = {name for name, _ in headers}
    if "Cache-Control" not in present:
        headers.add("Cache-Control", NO_STORE)
        headers.add("Pragma", "no-cache")
        headers.add("Expires", "0")
    headers.add("X-Content-Type-Options", "nosniff")
    headers.add("X-Frame-Options", "DENY")
    headers.add("Referrer-Policy", "same-origin")
    headers.add("x-amz-cognito-request-id", uuids.version_4_from(secrets.token_bytes(16)))
    if settings.is_https:
        headers.add("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if "Content-Security-Policy" not in present:
        headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
    return response


def page(response: Response, form_targets: Iterable[str] = ()) -> Response:
    """The policy of an HTML page: our own style sheet, our own forms, nothing else.

    ``form_targets``: where a form's answer may redirect to; browsers hold ``form-action`` against that too.
    """
    targets = " ".join(["'self'", *dict.fromkeys(form_targets)])
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; object-src 'none'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {targets}"
    )
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Content-Language"] = "en"
    response.vary.add("Cookie")
    return response


def cors(response: Response) -> Response:
    """Any origin, never with credentials (UIF-5)."""
    response.headers.add("Access-Control-Allow-Origin", "*")
    response.headers.add("Access-Control-Expose-Headers", "WWW-Authenticate, x-amzn-errortype, x-amzn-requestid")
    return response


def preflight(asked_headers: str) -> Response:
    """The answer to OPTIONS; ``asked_headers`` are allowed if they look like header names (endpoints.md 0.6)."""
    response = Response(status=200)
    del response.headers["Content-Type"]
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    echoed = asked_headers if _HEADER_NAMES.fullmatch(asked_headers) else PREFLIGHT_HEADERS
    response.headers["Access-Control-Allow-Headers"] = echoed
    response.headers["Access-Control-Max-Age"] = "600"
    return cors(response)
