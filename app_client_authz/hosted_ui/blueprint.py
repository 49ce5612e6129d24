"""The paths of the hosted pages."""

from flask import Response

from app_client_authz.hosted_ui import errors
from app_client_authz.hosted_ui.confirm import Confirm, Resend
from app_client_authz.hosted_ui.confirm_link import ConfirmLink
from app_client_authz.hosted_ui.error_page import ErrorPage
from app_client_authz.hosted_ui.login import Login
from app_client_authz.hosted_ui.logout import Logout
from app_client_authz.hosted_ui.new_password import NewPassword
from app_client_authz.hosted_ui.pages import STATIC_PATH, Pages
from app_client_authz.hosted_ui.recovery import ForgotPassword, ResetPassword
from app_client_authz.hosted_ui.second_factor import SecondFactor, SecondFactorOption, SecondFactorSetup
from app_client_authz.hosted_ui.sign_up import SignUpPage
from app_client_authz.services.registry import Services
from app_client_authz.web import headers
from app_client_authz.web.paths import ExactBlueprint


def hosted_ui_blueprint(services: Services) -> ExactBlueprint:
    """A blueprint of its own for each app.

    A template of the host with the same path, ``templates/authz/login.html`` for instance, wins over ours.
    """
    blueprint = ExactBlueprint(
        "authz_hosted_ui",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path=STATIC_PATH,
    )
    pages = Pages(services)
    blueprint.add_url_rule("/login", view_func=Login.as_view("login", services, pages))
    blueprint.add_url_rule("/signup", view_func=SignUpPage.as_view("sign_up", services, pages))
    blueprint.add_url_rule("/confirm", view_func=Confirm.as_view("confirm", services, pages))
    blueprint.add_url_rule("/resendcode", view_func=Resend.as_view("resend", services, pages))
    blueprint.add_url_rule("/confirmUser", view_func=ConfirmLink.as_view("confirm_link", services, pages))
    blueprint.add_url_rule("/forgotPassword", view_func=ForgotPassword.as_view("forgot_password", services, pages))
    reset = ResetPassword.as_view("reset_password", services, pages)
    blueprint.add_url_rule("/confirmForgotPassword", view_func=reset)
    # So it stands in Cognito's guide.
    blueprint.add_url_rule("/confirmforgotPassword", view_func=reset)
    blueprint.add_url_rule("/changePassword", view_func=NewPassword.as_view("new_password", services, pages))
    blueprint.add_url_rule("/mfa", view_func=SecondFactor.as_view("mfa", services, pages))
    blueprint.add_url_rule("/mfaOption", view_func=SecondFactorOption.as_view("mfa_option", services, pages))
    blueprint.add_url_rule("/mfaSetup", view_func=SecondFactorSetup.as_view("mfa_setup", services, pages))
    blueprint.add_url_rule("/logout", view_func=Logout.as_view("logout", services, pages))
    blueprint.add_url_rule("/error", view_func=ErrorPage.as_view("error", services, pages))
    errors.install(blueprint, services, pages)

    @blueprint.after_request
    def add_headers(response: Response) -> Response:
        return headers.common(response, services.settings)

    return blueprint
