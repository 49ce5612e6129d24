"""One view per endpoint: read the request, ask Authlib's server or a service, answer."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode
from wsgiref.types import WSGIEnvironment

from flask import Response
from werkzeug.datastructures import Headers

from app_client_authz.domain.errors import (
    AuthorizationError,
    BearerError,
    MalformedRequest,
    ResourceNotFound,
    TokenError,
)
from app_client_authz.oauth import errors
from app_client_authz.oauth.discovery import configuration
from app_client_authz.oauth.requests import EndpointRequest
from app_client_authz.oauth.server import Server
from app_client_authz.services import origin
from app_client_authz.services.keys import RING_SECONDS
from app_client_authz.services.registry import Services
from app_client_authz.web import params as web_params
from app_client_authz.web.authorization import redirect, refuse
from app_client_authz.web.base_url import base_url, own_path
from app_client_authz.web.bearer import bearer_token
from app_client_authz.web.cookies import sso_cookie
from app_client_authz.web.endpoint import Endpoint, this_request

PUBLIC = "public, max-age=300"
_CONDITIONS = frozenset({"HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"})


class OAuthEndpoint(Endpoint):
    """An endpoint with Authlib's server behind it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._services: Services = server.services

    def _base(self) -> str:
        return base_url(self._services.settings, this_request())

    def _request(self, params: dict[str, str], base: str) -> EndpointRequest:
        return EndpointRequest(this_request(), params, base, self._services.dialects.default)


class TracedEndpoint(OAuthEndpoint):
    """One whose requests can be security events, which tell their source (OPS-2)."""

    def dispatch_request(self, **path: object) -> Response:
        with origin.coming_from(this_request().remote_addr):
            return super().dispatch_request(**path)


class Authorize(TracedEndpoint):
    """RFC 6749 section 3.1, OIDC Core section 3.1.2."""

    accepts = ("GET", "POST")

    def get(self) -> Response:
        return self._varied(self._answer(posted=False))

    def post(self) -> Response:
        return self._varied(self._answer(posted=True))

    def _answer(self, *, posted: bool) -> Response:
        base = self._base()
        params: dict[str, str] = {}
        try:
            params = self._params(posted=posted)
            return self._judged(params, base, posted=posted)
        except web_params.BodyTooLarge:
            raise
        except web_params.BadParameters as error:
            return refuse(MalformedRequest(detail=error.detail), base, {})
        except AuthorizationError as error:
            return refuse(error, base, params)

    def _judged(self, params: dict[str, str], base: str, *, posted: bool) -> Response:
        grant = self._server.get_consent_grant(self._request(params, base))
        judged = grant.judged
        cookie = sso_cookie(self._services.settings, judged.pool).read(this_request())
        if posted and cookie is None:
            # Browsers send SameSite=Lax cookies with a navigation by GET only: ask again in that form.
            here = own_path(self._services.settings, this_request(), "/oauth2/authorize")
            return redirect(f"{here}?{urlencode(params)}", status=303)
        signed_in = self._services.authorization.resume(judged, cookie)
        if signed_in is None:
            query = urlencode(params) if posted else web_params.raw_query(this_request())
            return redirect(f"{own_path(self._services.settings, this_request(), '/login')}?{query}")
        response: Response = self._server.create_authorization_response(grant.request, signed_in, grant)
        return response

    @staticmethod
    def _varied(response: Response) -> Response:
        response.vary.add("Cookie")
        return response

    @staticmethod
    def _params(*, posted: bool) -> dict[str, str]:
        in_url = web_params.query(this_request())
        return web_params.merged(in_url, web_params.form(this_request())) if posted else in_url


class Token(TracedEndpoint):
    """RFC 6749 section 3.2."""

    accepts = ("POST",)
    open_to_browsers = True

    def post(self) -> Response:
        token_request = self._request(web_params.form(this_request()), self._base())
        try:
            response: Response = self._server.create_token_response(token_request)
        except TokenError as error:
            return errors.token_error(
                error, token_request.dialect, used_basic=token_request.used_basic, at_revocation=False
            )
        return response


class Revoke(TracedEndpoint):
    """RFC 7009."""

    accepts = ("POST",)
    open_to_browsers = True

    def post(self) -> Response:
        revocation = self._request(web_params.form(this_request()), self._base())
        try:
            response: Response = self._server.create_endpoint_response("revocation", revocation)
        except TokenError as error:
            return errors.token_error(error, revocation.dialect, used_basic=revocation.used_basic, at_revocation=True)
        return response


class UserInfo(TracedEndpoint):
    """OIDC Core section 5.3."""

    accepts = ("GET", "POST")
    open_to_browsers = True

    def get(self) -> Response:
        base = self._base()
        token = ""
        try:
            token = bearer_token(this_request())
            claims = self._services.profile.userinfo(token, base)
        except BearerError as error:
            return errors.bearer_error(error, self._services.profile.dialect_for(token, base))
        return errors.json_response(200, json.dumps(claims, separators=(",", ":"), ensure_ascii=False))

    post = get


class Jwks(OAuthEndpoint):
    """The public keys of a pool (endpoints.md 9.2), from memory."""

    open_to_browsers = True

    def get(self, pool_id: str) -> Response:
        try:
            ring = self._services.keys.ring(pool_id)
        except ResourceNotFound:
            return _no_such_pool()
        return _document(ring.jwks, ring.etag)


class Discovery(OAuthEndpoint):
    """The configuration document of a pool, kept for as long as a key ring is."""

    open_to_browsers = True

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._kept: dict[tuple[str, str], tuple[float, bytes, str]] = {}

    def get(self, pool_id: str) -> Response:
        key = (pool_id, self._base())
        kept = self._kept.get(key)
        if kept is None or time.monotonic() - kept[0] > RING_SECONDS:
            try:
                pool = self._services.pools.describe(pool_id)
            except ResourceNotFound:
                return _no_such_pool()
            issuer = self._services.settings.issuers.of(key[1], pool_id)
            document = configuration(key[1], pool_id, self._services.dialects.of(pool), issuer)
            if len(self._kept) > 1024:
                self._kept.clear()
            body = json.dumps(document, separators=(",", ":")).encode()
            kept = self._kept[key] = (time.monotonic(), body, hashlib.sha256(body).hexdigest()[:32])
        return _document(kept[1], kept[2])


class _Document(Response):
    """A whole answer from memory, given to the server as it stands.

    Werkzeug copies the headers of an answer to complete them, and wraps its body to encode and to close it: each is a
    twentieth of what this one costs. Hooks of the host may do to it what they do to any other.
    """

    def __init__(self, body: bytes) -> None:
        # A list: for bytes Werkzeug would set the length itself, which costs it more.
        self._whole = [body]
        self._is_waited_for = False
        super().__init__(self._whole, content_type="application/json")

    def call_on_close(self, func: Callable[[], Any]) -> Callable[[], Any]:
        self._is_waited_for = True
        return super().call_on_close(func)

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return self.headers if self.status_code == 200 else super().get_wsgi_headers(environ)

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        stands = self.response is self._whole and self.status_code == 200 and environ["REQUEST_METHOD"] == "GET"
        return self._whole if stands and not self._is_waited_for else super().get_app_iter(environ)


def _document(body: bytes, etag: str) -> Response:
    response = _Document(body)
    response.headers.add("Content-Length", str(len(body)))
    response.headers.add("Cache-Control", PUBLIC)
    response.headers.add("ETag", f'"{etag}"')
    asked = this_request()
    # Asked of the environment: a header that is not there costs an exception.
    if not asked.environ.keys().isdisjoint(_CONDITIONS):
        response.make_conditional(asked)
    return response


def _no_such_pool() -> Response:
    return errors.json_response(404, json.dumps({"message": "User pool does not exist."}))
