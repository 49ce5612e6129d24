"""What every page has in common: how it is made, where its forms may lead, how one page sends to another."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, request
from jinja2 import Environment, Undefined
from werkzeug.exceptions import MethodNotAllowed

from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.redirects import form_action_source
from app_client_authz.services import origin
from app_client_authz.services.registry import Services
from app_client_authz.web import headers, params
from app_client_authz.web.authorization import redirect
from app_client_authz.web.base_url import base_url, own_path
from app_client_authz.web.csrf import Csrf
from app_client_authz.web.endpoint import Endpoint

STATIC_PATH = "/authz-static"
MAX_TARGETS_CHARACTERS = 2000


class Pages:
    """Makes the pages of one app."""

    def __init__(self, services: Services) -> None:
        self._settings = services.settings
        self._templates: Environment | None = None
        self._csrf = Csrf(services.settings, services.csrf_keys, services.clock)

    def render(self, template: str, *, status: int = 200, targets: Iterable[str] = (), **context: object) -> Response:
        """A page; ``targets`` are the sources that its forms' answers may redirect to."""
        page: dict[str, Any] = {"client_name": None, **context, "stylesheet": self._stylesheet()}
        current_app.update_template_context(page)
        html = self._environment().get_template(f"authz/{template}.html").render(page)
        return headers.page(Response(html, status=status, content_type="text/html;charset=UTF-8"), targets)

    def form(
        self, template: str, asked: AuthorizationRequest | AppClient, *, status: int = 200, **context: object
    ) -> Response:
        """A page with a form, under a token that only this browser can send back (UI-2).

        Only the form of an authorization request leads out of our pages; one of a client alone stays inside.
        """
        client, targets = (asked, []) if isinstance(asked, AppClient) else (asked.client, form_targets(asked))
        token = self._csrf.token(request)
        response = self.render(
            template,
            status=status,
            targets=targets,
            form_token=token,
            client_name=client.name,
            **context,
        )
        self._csrf.remember(response, token)
        return response

    def posted(self) -> dict[str, str]:
        """The fields of a form that this very browser got from us.

        Raises:
            CrossSite: of another site or browser, or too old.
            BadParameters: no form that can be read.
        """
        fields = params.form(request)
        self._csrf.check(request, fields)
        return fields

    def here(self, page: str) -> str:
        """The path of another page with the query of this one, character by character."""
        query = params.raw_query(request)
        return own_path(self._settings, request, page) + (f"?{query}" if query else "")

    def to(self, page: str) -> Response:
        """The way to another page, with the query of this one."""
        return redirect(self.here(page))

    def _environment(self) -> Environment:
        """The host's templates and globals under settings of our own: escaping is no choice of the host (UI-1)."""
        if self._templates is None:
            own = current_app.jinja_env.overlay(autoescape=True, undefined=Undefined)
            # Bytecode is kept by name: what the host compiled without escaping would come back.
            own.bytecode_cache = None
            self._templates = own
        return self._templates

    def _stylesheet(self) -> str:
        # Not own_path: the page that refuses an unknown host has a style, too.
        public = self._settings.public_url
        inside = request.script_root.rstrip("/") + self._settings.url_prefix
        return f"{inside if public is None else urlsplit(public).path}{STATIC_PATH}/authz.css"


class Page(Endpoint):
    """One page of an app."""

    def __init__(self, services: Services, pages: Pages) -> None:
        self._services = services
        self._pages = pages

    def dispatch_request(self, **path: object) -> Response:
        if request.method not in {"HEAD", *self.accepts}:
            raise MethodNotAllowed(["HEAD", *self.accepts])
        self._base()
        with origin.coming_from(request.remote_addr):
            return super().dispatch_request(**path)

    def _base(self) -> str:
        return base_url(self._services.settings, request)

    def _asked(self) -> AuthorizationRequest:
        """The authorization request in the URL, judged anew at every step (UI-8).

        Raises:
            AuthorizationError, BadParameters: it is none that may be answered.
        """
        return self._services.authorization.judge(params.query(request))


def form_targets(asked: AuthorizationRequest) -> list[str]:
    """Sources of the callback URL, and of the client's other URLs as far as a header may be long.

    Chromium holds ``form-action`` against every redirect after the form, those of the application itself too:
    from its callback to another of its hosts.
    """
    client = asked.client
    targets: list[str] = []
    for url in (asked.redirect_uri, *client.callback_urls, *client.logout_urls):
        source = form_action_source(url)
        fits = not targets or sum(map(len, targets)) + len(source) <= MAX_TARGETS_CHARACTERS
        if source not in targets and fits:
            targets.append(source)
    return targets
