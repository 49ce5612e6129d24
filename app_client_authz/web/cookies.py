"""Our cookies: HttpOnly, SameSite=Lax, no Domain, no user data (UI-4)."""

from urllib.parse import urlsplit

from flask import Request, Response

from app_client_authz.config import Settings
from app_client_authz.domain.pool import UserPool

SSO_SECONDS = 60 * 60


class Cookie:
    """One cookie: read, set, cleared under one name and path."""

    def __init__(self, settings: Settings, name: str, *, seconds: int | None) -> None:
        self._secure = settings.is_https
        # __Host- cookies are bound to the very host and need Path=/; on loopback http the prefix is enough.
        self.name = f"__Host-{name}" if self._secure else name
        outside = settings.url_prefix if settings.public_url is None else urlsplit(settings.public_url).path
        self._path = "/" if self._secure else outside or "/"
        self._seconds = seconds

    def read(self, request: Request) -> str | None:
        return request.cookies.get(self.name) or None

    def set(self, response: Response, value: str) -> None:
        response.set_cookie(
            self.name,
            value,
            max_age=self._seconds,
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )

    def clear(self, response: Response) -> None:
        response.delete_cookie(self.name, path=self._path, secure=self._secure, httponly=True, samesite="Lax")


def sso_cookie(settings: Settings, pool: UserPool) -> Cookie:
    """The SSO session of one pool: signing in at another pool leaves it alone."""
    return Cookie(settings, f"authz-session-{pool.id}", seconds=SSO_SECONDS)
