"""The guard of the app that is running, and the token that it let in."""

import logging
from dataclasses import dataclass
from typing import Final, cast

from flask import Flask, current_app, g
from werkzeug.local import LocalProxy

from app_client_authz.config import Settings
from app_client_authz.crypto.jwts import Purpose
from app_client_authz.crypto.key_sets import BadKeySet, read_key_set
from app_client_authz.domain.accepted_token import AcceptedToken
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ConfigurationError, Unavailable
from app_client_authz.domain.user import User
from app_client_authz.fetching import fetch
from app_client_authz.services.guard import Guard
from app_client_authz.services.own_tokens import OwnTokens
from app_client_authz.web.base_url import UnknownHost, base_url
from app_client_authz.web.endpoint import this_request

log = logging.getLogger("app_client_authz.guard")

GUARD: Final = "app_client_authz_guard"
_KEPT: Final = "_authz_token"


@dataclass(frozen=True, slots=True)
class GuardedApp:
    """What one app's guards work with."""

    guard: Guard
    settings: Settings
    issues_tokens: bool

    def accept(self, text: str, use: Purpose) -> AcceptedToken:
        return self.guard.accept(text, use, self._base() if self.issues_tokens else None)

    def _base(self) -> str | None:
        try:
            return base_url(self.settings, this_request())
        except UnknownHost as error:
            log.error("%s", error.message)
            return None


def install(app: Flask, settings: Settings, own: OwnTokens | None, clock: Clock) -> None:
    """Raises:
    ConfigurationError: the app has a guard, or a file of keys cannot be used.
    """
    if GUARD in app.extensions:
        raise ConfigurationError("This app's views are guarded already: use either AppClientAuthz or TokenGuard, once.")
    for pool in settings.guard_pools or ():
        # A file is there or it is not; a URL may answer later.
        if pool.jwks is not None and "://" not in pool.jwks:
            try:
                read_key_set(fetch(pool.jwks))
            except (Unavailable, BadKeySet) as error:
                reason = error.detail if isinstance(error, Unavailable) else error
                raise ConfigurationError(f"AUTHZ_GUARD_POOLS: no keys in {pool.jwks!r}: {reason}") from None
    guard = Guard(settings.guard_pools, own, clock, fetch, checks_revocation=settings.guard_checks_revocation)
    app.extensions[GUARD] = GuardedApp(guard, settings, issues_tokens=own is not None)


class CurrentToken(AcceptedToken):
    """The token of the request that is running."""

    __slots__ = ()

    @property
    def user(self) -> User | None:
        """The user, read now and with groups; None for machines, and where another issuer keeps the users.

        Raises:
            Unavailable: the database does not answer.
        """
        return guarded().guard.user(self)


def _current() -> CurrentToken:
    found = kept()
    if found is None:
        raise RuntimeError("No guard let this request in: put @require_token(), or another guard, before the view.")
    return CurrentToken(*(getattr(found, name) for name in AcceptedToken.__slots__))


current_token = cast("CurrentToken", LocalProxy(_current))
"""The verified token of the request that is running, in a guarded view."""


def kept() -> AcceptedToken | None:
    """The token that a guard accepted in this very request."""
    # ``g`` belongs to the app context, which a test may hold open around several requests.
    asked_in, token = g.get(_KEPT, (None, None))
    return cast("AcceptedToken", token) if asked_in is this_request() else None


def keep(token: AcceptedToken) -> None:
    """Remember the token for the rest of the request."""
    setattr(g, _KEPT, (this_request(), token))


def guarded() -> GuardedApp:
    """Raises:
    RuntimeError: the app that is running has no guard.
    """
    found = current_app.extensions.get(GUARD)
    if found is None:
        raise RuntimeError("This Flask app has no guard: call AppClientAuthz(app), or TokenGuard(app), first.")
    return cast("GuardedApp", found)
