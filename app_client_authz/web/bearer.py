"""The access token of a request (RFC 6750 section 2.1)."""

from flask import Request

from app_client_authz.domain.errors import BearerMissing


def bearer_token(request: Request) -> str:
    """The token in the Authorization header: no other place is looked at (UIF-1).

    Raises:
        BearerMissing: there is none, or not exactly one.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    # Two headers arrive joined by a comma, and a token holds neither comma nor blank.
    if scheme.lower() != "bearer" or not token or not token.isascii() or "," in token or " " in token:
        raise BearerMissing
    return token
