"""Authlib's request and client objects over ours."""

from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from flask import Request

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.dialect import Dialect
from app_client_authz.domain.registration import Registration


class RegisteredClient(ClientMixin):
    """What Authlib asks of a client. Whatever our services decide themselves is answered with yes."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration

    def __repr__(self) -> str:
        return f"<client {self.registration.client.client_id}>"

    def get_client_id(self) -> str:
        return self.registration.client.client_id

    def check_grant_type(self, grant_type: str) -> bool:
        return self.registration.client.allows_grant(grant_type)


class EndpointRequest(OAuth2Request):
    """A request whose parameters are read already: each once, none empty, none from the URL of a POST.

    Authlib's own constructor is passed by: it refuses http whatever proxy stands before us, and builds the URL
    for that, which nothing needs.
    """

    def __init__(self, request: Request, params: dict[str, str], base: str, dialect: Dialect) -> None:
        self.method = request.method
        self.headers = request.headers
        self.params = params
        self.base = base
        self.dialect = dialect
        self.payload = BasicOAuth2Payload(params)
        self.judged: AuthorizationRequest | None = None
        self.used_basic = False
        self.client: RegisteredClient | None = None
        self.user: Any = None
        self.auth_method: str | None = None
        self.authorization_code: Any = None
        self.refresh_token: Any = None
        self.credential: Any = None
        self._body = None
        self._scope = None

    @property
    def args(self) -> dict[str, str]:
        return {}

    @property
    def form(self) -> dict[str, str]:
        return self.params
