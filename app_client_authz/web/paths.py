"""Paths that are served as they are written, and no others."""

from typing import Any

from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from flask.typing import RouteCallable


class ExactBlueprint(Blueprint):
    """A blueprint to whose paths no redirect of the routing leads: two slashes for one are another path, hence a 404.

    Werkzeug would answer them with a 308 to scheme and host of the request as it arrived, before any view and any
    ``after_request``: behind a proxy that ends TLS, a client repeats its secret in clear (UI-7, RED-6, RED-10). It
    holds for the static files, too, whose rule Flask makes. The host's own rules stay as they are.
    """

    def make_setup_state(self, app: App, options: dict[str, Any], first_registration: bool = False) -> "_ExactRules":
        return _ExactRules(self, app, options, first_registration)


class _ExactRules(BlueprintSetupState):
    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: RouteCallable | None = None, **options: Any
    ) -> None:
        super().add_url_rule(rule, endpoint, view_func, merge_slashes=False, **options)
