"""Parameters of a request: each once, bounded, decodable, or a 4xx (RED-4, INP-2 to INP-5, INP-11)."""

import string
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote_to_bytes

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from app_client_authz.domain.errors import AuthzError

MAX_BODY_BYTES = 1024 * 1024
MAX_PARAMETERS = 200
MAX_VALUE_CHARACTERS = 8192
FORM = "application/x-www-form-urlencoded"

# Everything a browser leaves as it is in a query; the rest is encoded, so that no header and no URL breaks.
_QUERY_CHARACTERS = "".join(sorted(set(string.punctuation) - set('"#<>\\^`{|}')))


class BadParameters(AuthzError):
    """The request cannot be read; ``detail`` says why. Each face answers in its own words."""

    code = "invalid_request"


class BodyTooLarge(BadParameters):
    """More than 1 MiB: 413 (INP-2)."""


def query(request: Request) -> dict[str, str]:
    """The parameters of the query string; empty ones count as absent (RFC 6749 section 3.1).

    Raises:
        BadParameters: repeated, too many, too long, not UTF-8, or with NUL.
    """
    return _single(_split(request.query_string))


def raw_query(request: Request) -> str:
    """The query string as it came, for a redirect: what a browser should have encoded is encoded."""
    return quote(request.query_string, safe=_QUERY_CHARACTERS)


def form(request: Request) -> dict[str, str]:
    """The parameters of a form body; what stands in the URL does not count (COD-7).

    Raises:
        BadParameters: another content type or content encoding, or as ``query``.
        BodyTooLarge: more than 1 MiB.
    """
    if request.mimetype != FORM or request.headers.get("Content-Encoding"):
        raise BadParameters(detail="the body is no plain form")
    return _single(_pairs(request))


def merged(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Both together.

    Raises:
        BadParameters: one of them stands in both.
    """
    if first.keys() & second.keys():
        raise BadParameters(detail="a parameter is given twice")
    return {**first, **second}


def body(request: Request) -> bytes:
    """The body as it came.

    Raises:
        BodyTooLarge: more than 1 MiB.
    """
    # A chunked body is cut off at the limit without a word: the octet more shows that there was more.
    request.max_content_length = MAX_BODY_BYTES + 1
    try:
        octets = request.get_data()
    except RequestEntityTooLarge:
        octets = None
    if octets is None or len(octets) > MAX_BODY_BYTES:
        raise BodyTooLarge(detail="the body is larger than 1 MiB")
    return octets


def _pairs(request: Request) -> Iterable[tuple[str, str]]:
    if "form" in vars(request):
        # The host read the form before us (a CSRF guard does): the bytes are gone, repetitions are still there.
        return request.form.items(multi=True)
    return _split(body(request))


def _split(raw: bytes) -> Iterable[tuple[str, str]]:
    # Counted before anything is decoded, so that a flood of parameters costs nothing.
    if raw.count(b"&") >= MAX_PARAMETERS:
        raise BadParameters(detail="too many parameters")
    for pair in raw.split(b"&"):
        name, _, value = pair.partition(b"=")
        if pair:
            yield _decode(name), _decode(value)


def _single(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    params: dict[str, str] = {}
    for name, value in pairs:
        if name in params:
            raise BadParameters(detail="a parameter is given twice")
        if len(params) >= MAX_PARAMETERS:
            raise BadParameters(detail="too many parameters")
        if max(len(name), len(value)) > MAX_VALUE_CHARACTERS or "\x00" in name + value:
            raise BadParameters(detail="a parameter is too long or holds NUL")
        params[name] = value
    return {name: value for name, value in params.items() if value}


def _decode(raw: bytes) -> str:
    if len(raw) > 3 * MAX_VALUE_CHARACTERS:
        raise BadParameters(detail="a parameter is too long")
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise BadParameters(detail="a parameter is not UTF-8") from None
