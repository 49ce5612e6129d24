"""The end of every sign-in: an SSO session for the browser, an answer for the application."""

from collections.abc import Callable

from flask import Response, request

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.challenge import (
    EMAIL_OTP,
    MFA_SETUP,
    SELECT_MFA_TYPE,
    SMS_MFA,
    SOFTWARE_TOKEN_MFA,
)
from app_client_authz.domain.errors import AuthorizationError
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import User
from app_client_authz.hosted_ui.pages import Pages
from app_client_authz.services.authentication import NewPasswordRequired, Outcome
from app_client_authz.services.authorization import AuthorizationResponse
from app_client_authz.services.challenges import Passed
from app_client_authz.services.next_steps import ChallengeRequired
from app_client_authz.services.registry import Services
from app_client_authz.web.authorization import callback, refuse
from app_client_authz.web.cookies import Cookie, sso_cookie

CHALLENGE_SECONDS = 300
"""How long each step after the password may take."""

STEP_PAGES = {
    **dict.fromkeys((SOFTWARE_TOKEN_MFA, SMS_MFA, EMAIL_OTP), "/mfa"),
    SELECT_MFA_TYPE: "/mfaOption",
    MFA_SETUP: "/mfaSetup",
}


def challenge_cookie(services: Services) -> Cookie:
    """Names the pending step of a sign-in; worthless once the step is done."""
    return Cookie(services.settings, "authz-challenge", seconds=CHALLENGE_SECONDS)


def go_on(services: Services, pages: Pages, asked: AuthorizationRequest, outcome: Outcome, base: str) -> Response:
    """What follows a right answer: the answer for the application, or the page of the next step."""
    if isinstance(outcome, NewPasswordRequired):
        response = pages.to("/changePassword")
        challenge_cookie(services).set(response, outcome.session)
        return response
    if isinstance(outcome, ChallengeRequired):
        response = pages.to(STEP_PAGES[outcome.challenge])
        challenge_cookie(services).set(response, _begun(services, outcome))
        return response
    return signed_in(services, asked, outcome, base)


def _begun(services: Services, step: ChallengeRequired) -> str:
    """The session of the step; an app that can be set up has its secret by now: no page makes one when it is shown."""
    if step.challenge != MFA_SETUP or SOFTWARE_TOKEN_MFA not in step.offered:
        return step.session
    fresh = services.software_tokens.associate_in_sign_in(step.session, door="pages").session
    assert fresh is not None  # noqa: S101 - in a sign-in there is one
    return fresh


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
    pending = challenge_cookie(services)
    if pending.read(request) is not None:
        pending.clear(response)
    return response


def answered(complete: Callable[[], AuthorizationResponse], base: str) -> Response:
    """The way back to the application: with its code or tokens, or with why there are none."""
    try:
        answer = complete()
    except AuthorizationError as error:
        return refuse(error, base, {})
    return callback(answer.redirect_uri, answer.parameters, in_fragment=answer.in_fragment)
