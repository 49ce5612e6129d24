"""Our cookies: HttpOnly, SameSite=Lax, no Domain, no user data (UI-4)."""

from urllib.parse import urlsplit

from flask import Request, Response, request

from app_client_authz.config import Settings
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.sso import LIFETIME_SECONDS


class Cookie:
    """One cookie: read, set, cleared under one name and path."""

    def __init__(self, settings: Settings, name: str, *, seconds: int | None) -> None:
        self._secure = settings.is_https
        # __Host- cookies are bound to the very host and need Path=/; on loopback http the prefix is enough.
        self.name = f"__Host-{name}" if self._secure else name
        self._settings = settings
        self._seconds = seconds

    def read(self, asking: Request) -> str | None:
        return asking.cookies.get(self.name) or None

    def set(self, response: Response, value: str) -> None:
        response.set_cookie(
            self.name,
            value,
            max_age=self._seconds,
            path=self._path(),
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )

    def clear(self, response: Response) -> None:
        response.delete_cookie(self.name, path=self._path(), secure=self._secure, httponly=True, samesite="Lax")

    def _path(self) -> str:
        if self._secure:
            return "/"
        public = self._settings.public_url
        inside = request.script_root.rstrip("/") + self._settings.url_prefix
        return (inside if public is None else urlsplit(public).path) or "/"


def sso_cookie(settings: Settings, pool: UserPool) -> Cookie:
    """The SSO session of one pool: signing in at another pool leaves it alone."""
    return Cookie(settings, f"authz-session-{pool.id}", seconds=LIFETIME_SECONDS)
