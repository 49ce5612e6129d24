"""Authlib's grants: they dispatch, authenticate and order the steps; each ends in one call on a service.

Authlib stores nothing here: its read, save, delete of a code is the race of COD-1. Authorization requests come
judged (``domain.authorization``), so that the sign-in page and this endpoint apply one list of checks.
"""

from typing import Any

from authlib.oauth2.rfc6749 import grants

from app_client_authz.domain import strict_json
from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import InvalidTokenRequest
from app_client_authz.domain.registration import Registration
from app_client_authz.oauth.requests import EndpointRequest
from app_client_authz.services.authorization import AuthorizationResponse
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.registry import Services
from app_client_authz.services.tokens import RedeemableCode

AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

TokenAnswer = tuple[int, dict[str, object], list[tuple[str, str]]]


def token_answer(tokens: TokenSet, request: EndpointRequest) -> TokenAnswer:
    """The success body in Cognito's order (endpoints.md 3.4; RFC 6749 section 5.1)."""
    body: dict[str, object] = {
        "id_token": tokens.id_token,
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_in": tokens.expires_in,
        "token_type": "Bearer",
        "scope": " ".join(tokens.scopes) if request.dialect.token_response_has_scope else None,
    }
    return 200, {name: value for name, value in body.items() if value is not None}, []


class _Grant:
    """What our grants share."""

    request: EndpointRequest
    server: Any

    @property
    def services(self) -> Services:
        services: Services = self.server.services
        return services

    @property
    def registration(self) -> Registration:
        assert self.request.client is not None  # noqa: S101 - authenticated before
        return self.request.client.registration


class _JudgedGrant(_Grant):
    """The authorization endpoint's half of a grant."""

    @property
    def judged(self) -> AuthorizationRequest:
        assert self.request.judged is not None  # noqa: S101 - the server judges before it picks a grant
        return self.request.judged

    def validate_authorization_request(self) -> str:
        return self.judged.redirect_uri

    def create_authorization_response(
        self, redirect_uri: str, grant_user: Any
    ) -> tuple[int, AuthorizationResponse, list[tuple[str, str]]]:
        return 302, self.services.authorization.complete(self.judged, grant_user, self.request.base), []


class PresentedCode:
    """A redeemable code in Authlib's terms."""

    def __init__(self, redeemable: RedeemableCode) -> None:
        self.redeemable = redeemable

    def get_redirect_uri(self) -> str:
        return self.redeemable.code.redirect_uri


class CodeGrant(_JudgedGrant, grants.AuthorizationCodeGrant):
    """RFC 6749 section 4.1 with PKCE (RFC 7636)."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def query_authorization_code(self, code: str, client: Any) -> PresentedCode:
        redirect_uri = self.request.params.get("redirect_uri")
        if redirect_uri is None:
            raise InvalidTokenRequest(detail="redirect_uri is missing")
        return PresentedCode(self.services.tokens.find_code(client.registration, code, redirect_uri))

    def create_token_response(self) -> TokenAnswer:
        redeemable: RedeemableCode = self.request.authorization_code.redeemable
        verifier = self.request.params.get("code_verifier")
        tokens = self.services.tokens.redeem_code(self.registration, redeemable, verifier, self.request.base)
        return token_answer(tokens, self.request)


class ImplicitGrant(_JudgedGrant, grants.ImplicitGrant):
    """RFC 6749 section 4.2, with an ID token beside where the dialect has it."""


class RefreshGrant(_Grant, grants.RefreshTokenGrant):
    """RFC 6749 section 6. ``scope`` is ignored, as Cognito ignores it: a refresh gets what was granted."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_token_request(self) -> None:
        self.request.client = self._validate_request_client()
        if "refresh_token" not in self.request.params:
            raise InvalidTokenRequest(detail="refresh_token is missing")

    def create_token_response(self) -> TokenAnswer:
        presented = self.request.params["refresh_token"]
        tokens = self.services.tokens.refresh(self.registration, presented, self.request.base)
        return token_answer(tokens, self.request)


class ClientCredentialsGrant(_Grant, grants.ClientCredentialsGrant):
    """RFC 6749 section 4.4, custom scopes only."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_token_request(self) -> None:
        self.request.client = self.authenticate_token_endpoint_client()

    def create_token_response(self) -> TokenAnswer:
        scope, metadata = self.request.params.get("scope"), _metadata(self.request.params.get("aws_client_metadata"))
        machine_tokens = self.services.machine_tokens
        tokens = machine_tokens.client_credentials(self.registration, scope, self.request.base, metadata)
        return token_answer(tokens, self.request)


def _metadata(text: str | None) -> dict[str, str]:
    """What comes along for a PreTokenGeneration trigger: an object of texts in JSON (endpoints.md 3.3)."""
    if text is None:
        return {}
    try:
        value = strict_json.parse(text.encode("utf-8"))
    except ValueError:
        value = None
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise InvalidTokenRequest(detail="aws_client_metadata is no JSON object of texts")
    return value
