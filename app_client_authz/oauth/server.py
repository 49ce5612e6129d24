"""Authlib's server over our services: one object per app, made before anything is served."""

import json
import logging
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc7009 import RevocationEndpoint
from flask import Response

from app_client_authz.domain.errors import InvalidTokenRequest
from app_client_authz.oauth import client_auth
from app_client_authz.oauth.errors import json_response
from app_client_authz.oauth.grants import (
    AUTH_METHODS,
    ClientCredentialsGrant,
    CodeGrant,
    ImplicitGrant,
    RefreshGrant,
)
from app_client_authz.oauth.requests import EndpointRequest, RegisteredClient
from app_client_authz.services.authorization import AuthorizationResponse
from app_client_authz.services.registry import Services
from app_client_authz.web.authorization import callback

# Its debug lines print whole tokens (R11).
logging.getLogger("authlib").setLevel(logging.INFO)


class Revocation(RevocationEndpoint):
    """RFC 7009: refresh tokens only; an unknown one is no error."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def authenticate_token(self, request: EndpointRequest, client: RegisteredClient) -> None:
        token = request.params.get("token")
        if token is None:
            raise InvalidTokenRequest(detail="token is missing")
        self.server.services.revocation.revoke(client.registration, token, request.base)

    def create_endpoint_response(self, request: EndpointRequest) -> tuple[int, str, list[tuple[str, str]]]:
        self.authenticate_token(request, self.authenticate_endpoint_client(request))
        return 200, "", []


class Server(AuthorizationServer):
    """Registers the grants that we offer and no others (DEP-3)."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        for grant in (CodeGrant, ImplicitGrant, RefreshGrant, ClientCredentialsGrant):
            self.register_grant(grant)
        self.register_endpoint(Revocation)

    def create_oauth2_request(self, request: EndpointRequest) -> EndpointRequest:
        return request

    def authenticate_client(
        self, request: EndpointRequest, methods: list[str], endpoint: str = "token"
    ) -> RegisteredClient:
        registration = client_auth.authenticate(self.services.app_clients, request)
        request.dialect = self.services.dialects.of(registration.pool)
        return RegisteredClient(registration)

    def get_authorization_grant(self, request: EndpointRequest) -> CodeGrant | ImplicitGrant:
        request.judged = self.services.authorization.judge(request.params)
        request.dialect = request.judged.dialect
        return super().get_authorization_grant(request)

    def get_token_grant(self, request: EndpointRequest) -> Any:
        if "grant_type" not in request.params:
            raise InvalidTokenRequest(detail="grant_type is missing")
        return super().get_token_grant(request)

    def handle_response(
        self, status: int, body: dict[str, object] | AuthorizationResponse | str, headers: list[tuple[str, str]]
    ) -> Response:
        if isinstance(body, AuthorizationResponse):
            return callback(body.redirect_uri, body.parameters, in_fragment=body.in_fragment)
        if body == "":
            # Empty, and of no type: oidc-client-ts stumbles over text/html here.
            response = Response(status=status)
            del response.headers["Content-Type"]
            return response
        return json_response(status, json.dumps(body, separators=(",", ":")))

    def handle_error_response(self, request: EndpointRequest, error: OAuth2Error) -> Response:
        # Authlib's English descriptions stay behind: ours come from one table, and mostly there are none.
        return json_response(400, json.dumps({"error": error.error}, separators=(",", ":")))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Authlib's signals carry tokens; ours are in ``services.audit``."""
