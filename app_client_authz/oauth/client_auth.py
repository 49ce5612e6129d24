"""Client authentication: exactly one method, everywhere the same (R8, CLI-1 to CLI-5)."""

import base64
import binascii
from urllib.parse import unquote

from app_client_authz.domain.errors import InvalidClient, InvalidTokenRequest
from app_client_authz.domain.registration import Registration
from app_client_authz.oauth.requests import EndpointRequest
from app_client_authz.services.app_clients import AppClients


def authenticate(app_clients: AppClients, request: EndpointRequest) -> Registration:
    """The client that sent the request, by Basic, by body, or as a public client by its ID alone.

    Raises:
        InvalidClient: unknown, wrong, contradicting or unsupported credentials.
        InvalidTokenRequest: nothing names a client.
    """
    header = request.headers.get("Authorization")
    body_id, body_secret = request.params.get("client_id"), request.params.get("client_secret")
    if "client_assertion" in request.params or "client_assertion_type" in request.params:
        raise InvalidClient(detail="client assertions are not offered")
    if header is None:
        if body_id is None:
            raise InvalidTokenRequest(detail="client_id is missing")
        return app_clients.authenticate(body_id, body_secret)
    request.used_basic = True
    if body_secret is not None:
        raise InvalidClient(detail="two credentials in one request")
    client_id, secret = _basic(header)
    if body_id is not None and body_id != client_id:
        raise InvalidClient(detail="header and body name two clients")
    try:
        return app_clients.authenticate(client_id, secret)
    except InvalidClient:
        # Cognito takes the secret raw; RFC 6749 section 2.3.1 wants it form-encoded: "+" comes as "%2B".
        if "%" not in secret + client_id:
            raise
        return app_clients.authenticate(unquote(client_id), unquote(secret))


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient(detail="unsupported scheme")
    try:
        text = base64.b64decode(encoded.strip().encode("ascii"), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        raise InvalidClient(detail="malformed Basic credentials") from None
    client_id, colon, secret = text.partition(":")
    if not colon or not client_id or "\x00" in text:
        raise InvalidClient(detail="malformed Basic credentials")
    return client_id, secret
