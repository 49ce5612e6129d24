"""``TokenGuard``: guarded views in an app that issues no tokens itself."""

import time

from flask import Flask

from app_client_authz.config import Settings
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ConfigurationError
from app_client_authz.resource.current import install


class TokenGuard:
    """Guarded views in an app without user pools of its own: tokens come from the issuers of ``AUTHZ_GUARD_POOLS``.

    An app that carries ``AppClientAuthz`` has its guard already.

    >>> app.config["AUTHZ_GUARD_POOLS"] = {"https://login.example.com/auth/us-east-1_Shop00001": {"client_ids": None}}
    >>> TokenGuard(app)
    """

    def __init__(self, app: Flask | None = None, *, clock: Clock = time.time) -> None:
        """As ``init_app``, if ``app`` is given; ``clock`` returns epoch seconds."""
        self._clock = clock
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Let the views of ``app`` be guarded.

        Raises:
            ConfigurationError: a setting is wrong, no issuer is named, or the app carries a guard already.
        """
        settings = Settings.from_mapping(app.config, seals=False)
        if any(pool.issuer is None for pool in settings.guard_pools or ()) or not settings.guard_pools:
            raise ConfigurationError("AUTHZ_GUARD_POOLS: accepted are issuers, as this app has no pools of its own")
        install(app, settings, None, self._clock)
