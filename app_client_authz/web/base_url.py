"""The outside URL of the mounted prefix, from configuration, never from a forged Host (UI-7, R23)."""

from urllib.parse import urlsplit

from flask import Request

from app_client_authz.config import Settings, is_loopback
from app_client_authz.domain.errors import AuthzError


class UnknownHost(AuthzError):
    """A host that is not this machine asked, and AUTHZ_PUBLIC_URL says nothing of it."""

    code = "unknown_host"


def base_url(settings: Settings, request: Request) -> str:
    """``AUTHZ_PUBLIC_URL``, or the request's own origin and prefix on a loopback host.

    Raises:
        UnknownHost: the host is not loopback and there is no ``AUTHZ_PUBLIC_URL``.
    """
    if settings.public_url is not None:
        return settings.public_url
    host = request.host
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if not is_loopback(name):
        raise UnknownHost(
            "Set AUTHZ_PUBLIC_URL to the outside URL of this service: only loopback hosts are served without it."
        )
    return f"{request.scheme}://{host}{request.script_root.rstrip('/')}{settings.url_prefix}"


def own_origin(settings: Settings, request: Request) -> str:
    """Scheme, host and port under which browsers see this service, as they write an Origin."""
    return settings.public_origin or f"{request.scheme}://{request.host}"


def own_path(settings: Settings, request: Request, page: str) -> str:
    """The path of one of our pages as the browser knows it: a redirect that follows any proxy's scheme and host."""
    return urlsplit(base_url(settings, request)).path + page
