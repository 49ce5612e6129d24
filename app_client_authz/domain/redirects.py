"""Callback and sign-out URLs: a strict grammar at registration, equality of strings at use (RED-1, RED-2, R2)."""

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from app_client_authz.domain import shapes
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.shapes import Checker, plain

URL = shapes.regex(1, 1024, r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+")
MAX_URLS = 100

# A browser runs, shows or opens these itself instead of handing the answer to an application.
_FORBIDDEN_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "blob", "about"})
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_WEB_SCHEMES = frozenset({"http", "https"})

# Each of these reads every character once (INP-7); characters beyond ASCII are the model's own allowance.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]*\]|[A-Za-z0-9_.\-]+)(?::([0-9]{1,5}))?")
_TAIL = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])*")
_SEGMENT_END = re.compile("[;?#]")
_MAX_DECODINGS = 4


class _Parts(NamedTuple):
    scheme: str
    host: str
    authority: str
    path: str
    query: str


def check(url: str) -> None:
    """Nothing, if ``url`` may be registered as a callback or sign-out URL (api.md 2.9).

    Accepted are absolute ``https`` URLs, ``http`` ones of ``localhost``, ``127.0.0.1`` and ``[::1]``, and
    those of custom schemes, ``myapp://host/path`` as well as ``com.example.app:/path`` (RFC 8252 section 7.1).

    Raises:
        InvalidParameter: it may not.
    """
    checker = Checker()
    checker.text("redirectUri", url, URL, required=True)
    checker.done()
    if "#" in url:
        raise InvalidParameter(f"{url} cannot use fragment")
    if "\\" in url:
        raise InvalidParameter(f"{url} cannot use a backslash.")
    parts = _parse(url)
    if parts.scheme == "http" and parts.host not in _LOOPBACK_HOSTS:
        raise InvalidParameter(f"{url} cannot use the HTTP protocol.")
    _check_tail(url, parts)


def is_acceptable(url: str) -> bool:
    """True if ``url`` satisfies the grammar of registered URLs."""
    try:
        check(url)
    except InvalidParameter:
        return False
    return True


def matches(url: str, registered: Collection[str]) -> bool:
    """True if ``url`` is, character by character, one of the registered URLs (RED-1).

    No parser looks at it first: nothing is folded, decoded, normalised or defaulted.
    """
    return url in registered


def form_action_source(url: str) -> str:
    """What a form's Content-Security-Policy has to name so that its answer may lead to a registered URL.

    The origin of an ``http`` or ``https`` URL; the scheme of any other.

    Raises:
        InvalidParameter: the URL was never registrable.
    """
    parts = _parse(url)
    # A host source cannot be an IPv6 address (CSP 3 section 2.3.1), so only the scheme is left to name.
    if parts.scheme not in _WEB_SCHEMES or parts.host.startswith("["):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.authority.lower()}"


def _parse(url: str) -> _Parts:
    scheme, colon, rest = url.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise InvalidParameter(f"{plain(url)} is not an absolute URL.")
    scheme = scheme.lower()
    if scheme in _FORBIDDEN_SCHEMES:
        raise InvalidParameter(f"{plain(url)} cannot use the {scheme} scheme.")
    if not rest.startswith("//"):
        # RFC 8252 section 7.1: a private-use scheme names no authority. What has no path either is opaque.
        if scheme in _WEB_SCHEMES or not rest.startswith("/"):
            raise InvalidParameter(f"{plain(url)} has no host.")
        path, _, query = rest.partition("?")
        return _Parts(scheme, "", "", path, query)
    authority, tail = _split_authority(rest)
    host = _host(url, authority)
    path, _, query = tail.partition("?")
    return _Parts(scheme, host, authority, path, query)


def _split_authority(rest: str) -> tuple[str, str]:
    for at, character in enumerate(rest[2:], start=2):
        if character in "/?":
            return rest[2:at], rest[at:]
    return rest[2:], ""


def _host(url: str, authority: str) -> str:
    if "@" in authority:
        raise InvalidParameter(f"{plain(url)} cannot use a user name or password.")
    if not authority or authority.startswith(":"):
        raise InvalidParameter(f"{plain(url)} has no host.")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not _is_host(match[1]) or int(match[2] or 0) > 65_535:
        raise InvalidParameter(f"{plain(url)} has a malformed host or port.")
    return match[1]


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return all(host.removesuffix(".").split("."))
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _check_tail(url: str, parts: _Parts) -> None:
    if not _TAIL.fullmatch(parts.path) or not _TAIL.fullmatch(parts.query):
        raise InvalidParameter(f"{url} is not a valid URL.")
    # However often a server decodes, and in whichever alphabet, there must be no way up and no new line.
    path, query = _decoded(url, parts.path), _decoded(url, parts.query)
    if any(unicodedata.category(character) == "Cc" for character in path + query):
        raise InvalidParameter(f"{url} cannot use control characters.")
    if "\\" in path:
        raise InvalidParameter(f"{url} cannot use a backslash.")
    # Keycloak CVE-2026-3872: a server that knows path parameters reads "..;/" as "../".
    if any(_SEGMENT_END.split(segment, 1)[0].strip() == ".." for segment in path.split("/")):
        raise InvalidParameter(f"{url} cannot use dot segments.")


def _decoded(url: str, text: str) -> str:
    """The text decoded until nothing is left to decode; a fixed number of passes keeps the work linear."""
    for _ in range(_MAX_DECODINGS):
        text = unicodedata.normalize("NFKC", text)
        try:
            decoded = unquote_to_bytes(text).decode()
        except UnicodeDecodeError:
            break  # overlong forms ("%c0%ae" for a dot) are among what is not UTF-8
        if decoded == text:
            return text
        text = decoded
    raise InvalidParameter(f"{url} is not a valid URL.")
