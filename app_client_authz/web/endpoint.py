"""A view that decides on methods itself: 404 and 405 raised by routing never reach a blueprint's own handlers."""

from collections.abc import Iterable
from typing import Any, ClassVar

from flask import Request, Response, request
from flask.typing import RouteCallable
from flask.views import View

from app_client_authz.web import headers

ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")


def this_request() -> Request:
    """The request that is running, without Flask's proxy: each look through that takes longer than what is asked."""
    return request._get_current_object()  # type: ignore[attr-defined, no-any-return]


class Endpoint(View):
    """One path. A subclass has a method ``get`` or ``post`` for each of ``accepts``.

    ``open_to_browsers`` says that scripts of any origin may call it (endpoints.md 0.6).
    """

    init_every_request = False
    methods = ALL_METHODS
    accepts: ClassVar[tuple[str, ...]] = ("GET",)
    open_to_browsers: ClassVar[bool] = False

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> RouteCallable:
        """As Flask's, but straight to the one object: Flask's looks for each request whether it is to be awaited."""
        endpoint = cls(*class_args, **class_kwargs)

        def view(**path: Any) -> Response:
            return endpoint.dispatch_request(**path)

        view.__name__ = name
        vars(view).update(view_class=cls, methods=cls.methods, provide_automatic_options=False)
        return view

    def dispatch_request(self, **path: Any) -> Response:
        asked = this_request()
        method = "GET" if asked.method == "HEAD" else asked.method
        if method == "OPTIONS" and self.open_to_browsers:
            return headers.preflight(asked.headers.get("Access-Control-Request-Headers", ""))
        if method in self.accepts:
            response: Response = getattr(self, method.lower())(**path)
        else:
            response = method_not_allowed([*self.accepts, "OPTIONS"] if self.open_to_browsers else self.accepts)
        return headers.cors(response) if self.open_to_browsers else response


def method_not_allowed(accepts: Iterable[str]) -> Response:
    """405 with an empty body (endpoints.md 3.1)."""
    response = Response(status=405)
    allowed = [name for method in accepts for name in (("GET", "HEAD") if method == "GET" else (method,))]
    response.headers["Allow"] = ", ".join(allowed)
    return response
