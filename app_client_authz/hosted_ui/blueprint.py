"""The paths of the hosted pages."""

from flask import Blueprint, Response

from app_client_authz.hosted_ui import errors
from app_client_authz.hosted_ui.error_page import ErrorPage
from app_client_authz.hosted_ui.login import Login
from app_client_authz.hosted_ui.logout import Logout
from app_client_authz.hosted_ui.new_password import NewPassword
from app_client_authz.hosted_ui.pages import STATIC_PATH, Pages
from app_client_authz.services.registry import Services
from app_client_authz.web import headers


def hosted_ui_blueprint(services: Services) -> Blueprint:
    """A blueprint of its own for each app.

    A template of the host with the same path, ``templates/authz/login.html`` for instance, wins over ours.
    """
    blueprint = Blueprint(
        "authz_hosted_ui",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path=STATIC_PATH,
    )
    pages = Pages(services)
    blueprint.add_url_rule("/login", view_func=Login.as_view("login", services, pages))
    blueprint.add_url_rule("/changePassword", view_func=NewPassword.as_view("new_password", services, pages))
    blueprint.add_url_rule("/logout", view_func=Logout.as_view("logout", services, pages))
    blueprint.add_url_rule("/error", view_func=ErrorPage.as_view("error", services, pages))
    errors.install(blueprint, services, pages)

    @blueprint.after_request
    def add_headers(response: Response) -> Response:
        return headers.common(response, services.settings)

    return blueprint
