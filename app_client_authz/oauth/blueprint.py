"""The paths of the OAuth face."""

from flask import Response, request
from werkzeug.exceptions import HTTPException

from app_client_authz.domain.errors import AuthzError
from app_client_authz.oauth import errors
from app_client_authz.oauth.server import Server
from app_client_authz.oauth.views import Authorize, Discovery, Jwks, Revoke, Token, UserInfo
from app_client_authz.services.registry import Services
from app_client_authz.web import headers
from app_client_authz.web.paths import ExactBlueprint


def oauth_blueprint(services: Services) -> ExactBlueprint:
    """A blueprint of its own for each app: two apps in a process never share a server object."""
    blueprint = ExactBlueprint("authz_oauth", __name__)
    server = Server(services)
    authorize = Authorize.as_view("authorize", server)
    blueprint.add_url_rule("/oauth2/authorize", view_func=authorize)
    blueprint.add_url_rule("/authorize", view_func=authorize)
    blueprint.add_url_rule("/oauth2/token", view_func=Token.as_view("token", server))
    blueprint.add_url_rule("/oauth2/revoke", view_func=Revoke.as_view("revoke", server))
    blueprint.add_url_rule("/oauth2/userInfo", view_func=UserInfo.as_view("userinfo", server))
    well_known = "/<pool_id>/.well-known"
    blueprint.add_url_rule(f"{well_known}/jwks.json", view_func=Jwks.as_view("jwks", server))
    blueprint.add_url_rule(f"{well_known}/openid-configuration", view_func=Discovery.as_view("discovery", server))

    @blueprint.after_request
    def add_headers(response: Response) -> Response:
        return headers.common(response, services.settings)

    @blueprint.errorhandler(AuthzError)
    def refused(error: AuthzError) -> Response:
        return _readable(errors.other_error(error))

    @blueprint.errorhandler(HTTPException)
    def unreadable(error: HTTPException) -> Response:
        return _readable(errors.http_error(error))

    @blueprint.errorhandler(500)
    def failed(_error: Exception) -> Response:
        return _readable(errors.server_error())

    return blueprint


def _readable(response: Response) -> Response:
    """For scripts of any origin, except where browsers only navigate to (endpoints.md 0.6)."""
    return response if request.endpoint == f"{request.blueprint}.authorize" else headers.cors(response)
