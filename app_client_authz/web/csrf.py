"""A token per browser and page: the form's must be ours, fresh, and of this very browser (UI-2, R12).

Written ``<browser>.<epoch second>.<mac>``: the cookie and the form of one page carry the same text, as
Cognito's ``XSRF-TOKEN`` and ``_csrf`` do. Every page renews the time and keeps the browser's part, so
that two open tabs do not spoil each other.
"""

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Request, Response

from app_client_authz.config import Settings
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import AuthzError
from app_client_authz.web.base_url import own_origin
from app_client_authz.web.cookies import Cookie

PAGE_SECONDS = 5 * 60
FIELDS = ("_csrf", "csrf")


class CrossSite(AuthzError):
    """A form that was not ours, or is too old: "Something went wrong" (endpoints.md 2.2)."""

    code = "csrf"


class Csrf:
    """Makes and checks the tokens of one app."""

    def __init__(self, settings: Settings, keys: tuple[bytes, ...], clock: Clock) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._cookie = Cookie(settings, "XSRF-TOKEN", seconds=None)

    def token(self, request: Request) -> str:
        """The token for the page about to be shown."""
        known = self._browser(self._cookie.read(request) or "")
        stamped = f"{known or secrets.token_urlsafe(32)}.{int(self._clock())}"
        return f"{stamped}.{_mac(self._keys[0], stamped)}"

    def remember(self, response: Response, token: str) -> None:
        self._cookie.set(response, token)

    def check(self, request: Request, params: dict[str, str]) -> None:
        """Raises:
        CrossSite: the form comes from another site or browser, or is older than five minutes.
        """
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        if site not in {None, "same-origin", "none"}:
            raise CrossSite(detail="Sec-Fetch-Site")
        if origin is not None and not _same(origin, own_origin(self._settings, request)):
            raise CrossSite(detail="Origin")
        presented = next((params[name] for name in FIELDS if name in params), "")
        browser = self._browser(presented)
        own = self._browser(self._cookie.read(request) or "")
        if browser is None or own is None or not _equal(browser, own):
            raise CrossSite(detail="token")
        if self._clock() - int(presented.split(".")[1]) > PAGE_SECONDS:
            raise CrossSite(detail="the page is older than five minutes")

    def _browser(self, token: str) -> str | None:
        """The browser's part of a token that we made; None for anything else."""
        stamped, _, mac = token.rpartition(".")
        if not any(_equal(mac, _mac(key, stamped)) for key in self._keys):
            return None
        return stamped.partition(".")[0]


def _mac(key: bytes, stamped: str) -> str:
    return hmac.digest(key, stamped.encode("utf-8", "surrogatepass"), "sha256").hex()


def _equal(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))


def _same(origin: str, own: str) -> bool:
    try:
        left, right = urlsplit(origin.lower()), urlsplit(own.lower())
    except ValueError:  # half an IPv6 address
        return False
    return (left.scheme, left.netloc) == (right.scheme, right.netloc)
