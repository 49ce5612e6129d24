"""For host code: the extension of the app that is running."""

from typing import TYPE_CHECKING, cast

from flask import current_app
from werkzeug.local import LocalProxy

if TYPE_CHECKING:
    from app_client_authz.services.registry import Services

EXTENSION = "app_client_authz"


def _current() -> "Services":
    services = current_app.extensions.get(EXTENSION)
    if services is None:
        raise RuntimeError("This Flask app carries no AppClientAuthz: call AppClientAuthz(app) or init_app(app) first.")
    return cast("Services", services)


current_authz = cast("Services", LocalProxy(_current))
"""The ``Services`` of the current app."""
