"""Settings of the host's own views that tokens open: whose tokens, and how carefully they are looked at."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

from app_client_authz.config.reading import flag, is_loopback, one_of, wrong
from app_client_authz.domain import ids
from app_client_authz.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from app_client_authz.config import Settings

_MEMBERS: Final = frozenset({"client_ids", "jwks"})
_POOLS: Final = "AUTHZ_GUARD_POOLS"
_ISSUER: Final = re.compile(r"https?://[!-~]{1,1024}", re.ASCII)


@dataclass(frozen=True, slots=True)
class GuardedPool:
    """A pool whose tokens open the host's views: one of the site's own, or, with an ``issuer``, somebody else's."""

    pool_id: str
    client_ids: frozenset[str] | None = None
    """The app clients whose tokens count; None: all of the pool."""
    issuer: str | None = None
    jwks: str | None = None
    """Where the keys of another issuer are: a URL or a path."""


def may_fetch(url: str) -> bool:
    """Whether a document may be read there: https, or http on this machine; without user, password and fragment."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not _ISSUER.fullmatch(url) or not host or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or is_loopback(host)


def check(settings: "Settings") -> None:
    """Raises:
    ConfigurationError: a pool of the site itself is named as if it were somebody else's.
    """
    for pool in settings.guard_pools or ():
        if pool.issuer is not None and pool.issuer == settings.issuers.of(settings.public_url or "", pool.pool_id):
            raise ConfigurationError(f"{_POOLS}: {pool.issuer} is a pool of this site: name it by its ID alone")


def _pools(key: str, value: object) -> tuple[GuardedPool, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple | Mapping) or not value:
        wrong(key, value, "None, a list of pool IDs, or a mapping of pool IDs and issuers to what counts of them")
    members = value.items() if isinstance(value, Mapping) else ((name, {}) for name in value)
    return tuple(_pool(*each) for each in members)


def _pool(name: object, members: object) -> GuardedPool:
    if not isinstance(members, Mapping) or members.keys() - _MEMBERS:
        _wrong(name, "accepted is a mapping with 'client_ids' and, for an issuer, 'jwks'")
    if isinstance(name, str) and ids.is_pool_id(name):
        if "jwks" in members:
            _wrong(name, "the keys of a pool of this site are known: 'jwks' is for issuers")
        return GuardedPool(name, _client_ids(name, members.get("client_ids")))
    pool_id = name.rpartition("/")[2] if isinstance(name, str) else ""
    if not isinstance(name, str) or not may_fetch(name) or not ids.is_pool_id(pool_id) or "?" in name:
        _wrong(name, "accepted is a pool ID, or an issuer like 'https://cognito-idp.<region>.amazonaws.com/<pool ID>'")
    if "client_ids" not in members:
        _wrong(name, "'client_ids' is needed: the app clients whose tokens count, or None for all of that pool")
    jwks = members.get("jwks", f"{name}/.well-known/jwks.json")
    if not isinstance(jwks, str | PathLike) or not (place := fspath(jwks)) or not isinstance(place, str):
        _wrong(name, "'jwks' is an https URL (http on this machine) or the path of a file")
    if "://" in place and not may_fetch(place):
        _wrong(name, "'jwks' is an https URL (http on this machine) or the path of a file")
    return GuardedPool(pool_id, _client_ids(name, members["client_ids"]), name, place)


def _client_ids(name: str, value: object) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple | set | frozenset) or not value or not all(map(ids.is_client_id, value)):
        _wrong(name, "'client_ids' is a list of client IDs, or None for all of that pool")
    return frozenset(value)


def _wrong(name: object, accepted: str) -> NoReturn:
    raise ConfigurationError(f"{_POOLS}[{name!r:.200}]: {accepted}")


READERS: Final[Mapping[str, Callable[[str, object], object]]] = {
    _POOLS: _pools,
    "AUTHZ_GUARD_CHECKS_REVOCATION": flag,
    "AUTHZ_GUARD_ERRORS": one_of("json", "text"),
}
