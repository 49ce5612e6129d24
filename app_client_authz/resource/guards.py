"""Guards for the host's own views: what only the bearer of a token may ask (RFC 6750).

>>> from app_client_authz import current_token, require_scope
>>> @app.get("/orders")
... @require_scope("orders/read")
... def orders():
...     return {"of": current_token.username}
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final, TypeVar, cast

from flask import Blueprint, current_app, request
from flask.views import View

from app_client_authz.crypto.jwts import Purpose
from app_client_authz.domain.accepted_token import AcceptedToken
from app_client_authz.domain.errors import BearerMissing, ConfigurationError, InvalidToken, Unavailable
from app_client_authz.resource import current
from app_client_authz.resource.refusals import insufficient, invalid, missing, unavailable
from app_client_authz.web.bearer import bearer_token
from app_client_authz.web.endpoint import this_request

_SCOPE: Final = re.compile(r"[!#-\[\]-~]+", re.ASCII)

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a request must bring. Decorates functions and class-based views; ``protect`` guards a blueprint."""

    use: Purpose = "access"
    any_scope: tuple[str, ...] = ()
    all_scopes: tuple[str, ...] = ()
    any_group: tuple[str, ...] = ()

    def __call__(self, view: V) -> V:
        """The view, or the class of views, behind this guard."""
        if isinstance(view, type):
            if not issubclass(view, View):
                raise TypeError(f"{view.__name__} is no class-based view: it does not come from flask.views.View")
            # The last decorator of the list is the outermost, and so is asked first.
            view.decorators = [*view.decorators, self]
            return cast("V", view)

        if iscoroutinefunction(view):

            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                self.check()
                return current_app.ensure_sync(view)(*args, **kwargs)

        else:

            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                self.check()
                return view(*args, **kwargs)

        return cast("V", guarded)

    def protect(self, blueprint: Blueprint) -> None:
        """Guard every view of the blueprint and of those nested in it. Before it is registered."""
        if not isinstance(blueprint, Blueprint):
            # Before every request of an app, our own endpoints would be closed too.
            raise TypeError("protect() takes a Blueprint")
        blueprint.before_request(self._before_request)

    def _before_request(self) -> None:
        # The question of a browser before it sends a token (CORS): Flask answers it without the view.
        if request.method == "OPTIONS" and getattr(request.url_rule, "provide_automatic_options", False):
            return
        self.check()

    def check(self) -> None:
        """Let the request that is running pass.

        Raises:
            werkzeug.exceptions.Unauthorized: no token, or none that counts here.
            werkzeug.exceptions.Forbidden: its scopes or groups do not suffice.
            werkzeug.exceptions.ServiceUnavailable: nobody can say now whether it counts.
        """
        app = current.guarded()
        token = current.kept() or self._accept(app)
        if token.use != self.use:
            raise invalid(app.settings, InvalidToken(detail="token_use"))
        scopes = token.scopes
        if (self.any_scope and scopes.isdisjoint(self.any_scope)) or not scopes.issuperset(self.all_scopes):
            raise insufficient(app.settings, scopes=(*self.any_scope, *self.all_scopes))
        if self.any_group and not set(self.any_group).intersection(token.groups):
            raise insufficient(app.settings)

    def _accept(self, app: current.GuardedApp) -> AcceptedToken:
        try:
            token = app.accept(bearer_token(this_request()), self.use)
        except BearerMissing:
            raise missing(app.settings) from None
        except InvalidToken as error:
            raise invalid(app.settings, error) from None
        except (Unavailable, ConfigurationError) as error:
            raise unavailable(app.settings, error) from None
        current.keep(token)
        return token


def require_token(*, use: Purpose = "access") -> Requirement:
    """A guard that asks for a verified token: an access token, or with ``use="id"`` an ID token."""
    if use not in {"access", "id"}:
        raise ValueError(f"use={use!r}: accepted is 'access' or 'id'")
    return Requirement(use)


def require_scope(*any_of: str, all_of: tuple[str, ...] | list[str] = ()) -> Requirement:
    """A guard that asks for an access token with at least one scope of ``any_of``, and with each of ``all_of``."""
    if isinstance(all_of, str):
        raise TypeError(f"all_of={all_of!r}: accepted is a list of scopes")
    _named("scope", (*any_of, *all_of), _SCOPE.fullmatch)
    return Requirement(any_scope=any_of, all_scopes=tuple(all_of))


def require_group(*any_of: str, use: Purpose = "access") -> Requirement:
    """A guard that asks for the token of a user in at least one of these groups."""
    _named("group", any_of, bool)
    return Requirement(require_token(use=use).use, any_group=any_of)


def _named(kind: str, names: tuple[object, ...], fits: Callable[[str], object]) -> None:
    if not names:
        raise ValueError(f"name at least one {kind}: without any, @require_token() is meant")
    for name in names:
        if not isinstance(name, str) or not fits(name):
            raise TypeError(f"{name!r} is no {kind}")
