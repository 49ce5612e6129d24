"""The one way in which this package reads a document of somebody else's: a place that the configuration names (R20).

A place comes from the site's settings, never from a token or a request. https is demanded beyond this machine,
redirects are not followed, and time and size are bounded.
"""

import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Final

from app_client_authz.config.guarding import may_fetch
from app_client_authz.domain.errors import Unavailable

MAX_BYTES: Final = 64 * 1024
STEP_SECONDS: Final = 3.0
"""How long the other side may stay silent at each step."""
TOTAL_SECONDS: Final = 5.0
"""After so long no further part of a document is waited for."""
_CHUNK: Final = 8192


def fetch(place: str) -> bytes:
    """The document at an https URL (http on this machine) or in a file.

    Raises:
        Unavailable: it cannot be had, is larger than 64 KiB or takes too long; ``detail`` says why.
    """
    return _from_url(place) if "://" in place else _from_file(Path(place))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _from_url(url: str) -> bytes:
    if not may_fetch(url):
        raise Unavailable(detail="not https")
    # What is on this machine is asked directly; to the rest of the world the environment may name a proxy.
    proxies = [urllib.request.ProxyHandler({})] if url.startswith("http:") else []
    opener = urllib.request.build_opener(_NoRedirects, *proxies)
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - may_fetch looked
    give_up = time.monotonic() + TOTAL_SECONDS
    document = b""
    try:
        with opener.open(request, timeout=STEP_SECONDS) as answer:
            if answer.status != 200:
                raise Unavailable(detail=f"status {answer.status}")
            while part := answer.read1(_CHUNK):
                document += part
                if len(document) > MAX_BYTES:
                    raise Unavailable(detail=f"more than {MAX_BYTES} bytes")
                if time.monotonic() > give_up:
                    raise Unavailable(detail=f"more than {TOTAL_SECONDS:g} seconds")
            if answer.length:
                raise Unavailable(detail="it was cut off")
    except urllib.error.HTTPError as error:
        error.close()
        raise Unavailable(detail=f"status {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise Unavailable(detail=f"{type(error).__name__}: {error}") from None
    return document


def _from_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            document = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unavailable(detail=str(error)) from None
    if len(document) > MAX_BYTES:
        raise Unavailable(detail=f"more than {MAX_BYTES} bytes")
    return document
