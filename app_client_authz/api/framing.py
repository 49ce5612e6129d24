"""Which operation a request asks for, and its body, before anyone believes either (api.md 1.2; SIG-6)."""

from flask import Request, Response

from app_client_authz.api.errors import CONTENT_TYPE, RequestTooLarge, SerializationFailed, UnknownOperation
from app_client_authz.api.shapes import model
from app_client_authz.domain import strict_json
from app_client_authz.web import params

# Hand-written clients send this one; Cognito wraps its answer to them, and nobody relies on that.
_PLAIN_JSON = "application/json"
_NOT_OURS = '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException","message":null},"Version":"1.0"}'


def strange(request: Request) -> Response | None:
    """The answer to a POST that speaks another protocol; None for one that speaks ours (INP-5)."""
    if request.mimetype == CONTENT_TYPE:
        return None
    if request.mimetype != _PLAIN_JSON:
        return Response("<UnknownOperationException/>\n", 404, content_type="text/xml")
    return None if "X-Amz-Target" in request.headers else Response(_NOT_OURS, 200, content_type=_PLAIN_JSON)


def operation(request: Request) -> str:
    """The operation that ``X-Amz-Target`` names, exactly and once.

    Raises:
        UnknownOperation: another prefix, another case, several targets, or none.
    """
    prefix, _, name = request.headers.get("X-Amz-Target", "").partition(".")
    if prefix != model().target_prefix or name not in model().operations:
        raise UnknownOperation
    return name


def body(request: Request) -> bytes:
    """The body as it came.

    Raises:
        RequestTooLarge: more than 1 MiB.
        SerializationFailed: it is compressed.
    """
    if request.headers.get("Content-Encoding", "identity").lower() not in {"identity", ""}:
        raise SerializationFailed(detail="the body is compressed")
    try:
        return params.body(request)
    except params.BodyTooLarge:
        raise RequestTooLarge from None


def parsed(text: bytes) -> object:
    """The body's JSON.

    Raises:
        SerializationFailed: no JSON, or none that we accept (INP-3, INP-4).
    """
    try:
        return strict_json.parse(text)
    except ValueError as error:
        raise SerializationFailed(detail=str(error)) from None
