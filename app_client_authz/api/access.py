"""The door of signed operations: whose access key signed the request (SIG-1 to SIG-8)."""

from urllib.parse import urlsplit

from flask import Request

from app_client_authz.api import sigv4
from app_client_authz.api.errors import MissingAuthenticationToken, UnrecognizedClient
from app_client_authz.domain.access_key import AccessKey
from app_client_authz.services.registry import Services

_INVALID = "The security token included in the request is invalid."
_NO_KEYS = f"{_INVALID} No access key is configured: set AUTHZ_ACCESS_KEYS, or run 'flask authz access-key create'."


def signed_by(services: Services, request: Request, body: bytes) -> AccessKey:
    """The access key whose secret signed this very request.

    Raises:
        MissingAuthenticationToken: no Authorization header; query signatures are none (SIG-7).
        IncompleteSignature, InvalidSignature: see ``sigv4``; or the secret is another.
        UnrecognizedClient: no such access key.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    if not headers.get("authorization"):
        raise MissingAuthenticationToken("Missing Authentication Token")
    path = request.environ.get("SCRIPT_NAME", "") + request.environ.get("PATH_INFO", "")
    sent = sigv4.Request(request.method, request.query_string.decode("latin-1"), headers, body)
    signed = sigv4.signed(sent, region=services.settings.region, now=services.clock())
    places = {(headers.get("host", ""), path)}
    if services.settings.public_url is not None:
        # Behind a proxy the caller signed the outside URL, whatever the proxy made of host and path.
        outside = urlsplit(services.settings.public_url)
        places |= {(outside.netloc, outside.path or "/"), (outside.netloc, f"{outside.path}/")}
    key, matches = services.access_keys.verify(
        signed.key_id,
        signed.signature,
        date=signed.date,
        service=sigv4.SERVICE,
        strings=[sigv4.string_to_sign(signed, sent, host=host, path=where) for host, where in places],
    )
    if key is None:
        raise UnrecognizedClient(_INVALID if services.access_keys.any() else _NO_KEYS)
    if not matches:
        raise sigv4.mismatch()
    return key
