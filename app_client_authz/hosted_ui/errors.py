"""Whatever a page cannot go on with, as a page: the one place where this face words such errors."""

import logging
from dataclasses import dataclass

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from app_client_authz.domain.errors import (
    AuthorizationError,
    AuthzError,
    ConfigurationError,
    LimitExceeded,
    OperationError,
    TooManyRequests,
    TriggerFailed,
    Unavailable,
)
from app_client_authz.hosted_ui.flash import MESSAGES
from app_client_authz.hosted_ui.pages import Pages
from app_client_authz.services.registry import Services
from app_client_authz.web import params
from app_client_authz.web.authorization import refuse
from app_client_authz.web.base_url import UnknownHost, base_url
from app_client_authz.web.csrf import CrossSite

log = logging.getLogger("app_client_authz.hosted_ui")

RETRY_AFTER_SECONDS = "5"


@dataclass(frozen=True, slots=True)
class Problem:
    """How an error is shown; ``text`` None stands for the error's own message."""

    status: int
    heading: str
    text: str | None
    starts_again: bool = False
    passes: bool = False
    """Whether trying again later helps."""


WRONG = "Something went wrong"
_TRY_LATER = "The service cannot answer right now. Please try again in a moment."
_SERVER_ERROR = Problem(500, WRONG, "Please try again. If it happens again, tell the operator of this service.")

# The first that fits counts.
_PROBLEMS: tuple[tuple[type[AuthzError], Problem], ...] = (
    (CrossSite, Problem(403, WRONG, "The page was open for too long, or did not come from here.", starts_again=True)),
    (params.BodyTooLarge, Problem(413, WRONG, "What was sent is too large.")),
    (params.BadParameters, Problem(400, WRONG, "The request cannot be read.")),
    (UnknownHost, Problem(400, "This address is not served", None)),
    (TooManyRequests, Problem(429, WRONG, _TRY_LATER, passes=True)),
    (TriggerFailed, Problem(400, "This is not possible", None, starts_again=True)),
    # Who signs in here is disabled, deleted or given another password at this very moment.
    (OperationError, Problem(409, WRONG, "Please sign in again.", starts_again=True)),
    (Unavailable, Problem(503, "Not available", _TRY_LATER, passes=True)),
    (ConfigurationError, Problem(503, "Not available", _TRY_LATER, passes=True)),
)
_HTTP_TEXTS = {
    404: "There is no such page.",
    405: "This page cannot be used in that way.",
    413: "What was sent is too large.",
}


# A form that was open for too long: where its page stands as it was. Elsewhere the sign-in begins anew.
_REOPENED = {
    "sign_up": "/signup",
    "confirm": "/confirm",
    "resend": "/confirm",
    "confirm_link": "/confirmUser",
    "forgot_password": "/forgotPassword",
    "reset_password": "/confirmForgotPassword",
}


def shown_with_form(error: OperationError) -> tuple[str, int]:
    """Text and status where the same form is shown again, for another answer."""
    if isinstance(error, TooManyRequests):
        return MESSAGES["busy"], 429
    return error.message, 429 if isinstance(error, LimitExceeded) else 400


def install(blueprint: Blueprint, services: Services, pages: Pages) -> None:
    """Handlers of this blueprint only; the host's own pages keep theirs."""

    @blueprint.errorhandler(AuthorizationError)
    def not_answered(error: AuthorizationError) -> Response:
        log.debug("refused: %s (%s)", error.code, error.detail)
        return refuse(error, base_url(services.settings, request), params.query(request))

    @blueprint.errorhandler(AuthzError)
    def failed(error: AuthzError) -> Response:
        problem = next((shown for kind, shown in _PROBLEMS if isinstance(error, kind)), _SERVER_ERROR)
        level = logging.ERROR if problem.status >= 500 else logging.DEBUG
        log.log(level, "%s: %s (%s)", type(error).__name__, error.message, error.detail)
        response = pages.render(
            "error",
            status=problem.status,
            heading=problem.heading,
            text=error.message if problem.text is None else problem.text,
            start_again=pages.here(_start(error)) if problem.starts_again else None,
        )
        if problem.passes:
            response.headers["Retry-After"] = RETRY_AFTER_SECONDS
        return response

    @blueprint.errorhandler(HTTPException)
    def not_possible(error: HTTPException) -> Response | HTTPException:
        if error.code is None:  # an answer that someone raised instead of returning it
            return error
        text = _SERVER_ERROR.text if error.code >= 500 else _HTTP_TEXTS.get(error.code, "The request cannot be read.")
        response = pages.render("error", status=error.code, heading=WRONG, text=text)
        for name, value in error.get_headers(request.environ):
            if name in {"Allow", "Retry-After", "Content-Range"}:
                response.headers[name] = value
        return response


def _start(error: AuthzError) -> str:
    page = (request.endpoint or "").rpartition(".")[2]
    return _REOPENED.get(page, "/login") if isinstance(error, CrossSite) else "/login"
