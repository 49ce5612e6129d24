"""The end of every sign-in: an SSO session for the browser, an answer for the application."""

from collections.abc import Callable

from flask import Response, request

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import AuthorizationError
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import User
from app_client_authz.hosted_ui.flash import Flash
from app_client_authz.hosted_ui.pages import Pages
from app_client_authz.services.authentication import NewPasswordRequired, Outcome
from app_client_authz.services.authorization import AuthorizationResponse
from app_client_authz.services.challenges import Passed
from app_client_authz.services.next_steps import ChallengeRequired
from app_client_authz.services.registry import Services
from app_client_authz.web.authorization import callback, refuse
from app_client_authz.web.cookies import Cookie, sso_cookie

CHALLENGE_SECONDS = 300
"""How long the step after a temporary password may take."""


def challenge_cookie(services: Services) -> Cookie:
    """Names the pending step of a sign-in; worthless once the step is done."""
    return Cookie(services.settings, "authz-challenge", seconds=CHALLENGE_SECONDS)


def go_on(services: Services, pages: Pages, asked: AuthorizationRequest, outcome: Outcome, base: str) -> Response:
    """What follows the right password: the answer for the application, or the page of the next step."""
    if isinstance(outcome, NewPasswordRequired):
        response = pages.to("/changePassword")
        challenge_cookie(services).set(response, outcome.session)
        return response
    if isinstance(outcome, ChallengeRequired):
        response = pages.to("/login")
        Flash(services.settings).set(response, "second_factor")
        return response
    return signed_in(services, asked, outcome, base)


def signed_in(services: Services, asked: AuthorizationRequest, who: User | Passed, base: str) -> Response:
    """The answer for a user who just proved to be one, with a new SSO session in place of any other (UI-3)."""
    cookie = sso_cookie(services.settings, asked.pool)
    caller = Caller(asked.client.client_id)
    registration = Registration(asked.client, asked.pool)
    value, begun = services.sessions.begin(
        who, replacing=cookie.read(request), caller=caller, registration=registration
    )
    response = answered(lambda: services.authorization.complete(asked, begun, base), base)
    cookie.set(response, value)
    return response


def answered(complete: Callable[[], AuthorizationResponse], base: str) -> Response:
    """The way back to the application: with its code or tokens, or with why there are none."""
    try:
        answer = complete()
    except AuthorizationError as error:
        return refuse(error, base, {})
    return callback(answer.redirect_uri, answer.parameters, in_fragment=answer.in_fragment)
