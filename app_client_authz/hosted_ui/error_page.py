"""``/error``: why there is no way back to the application (endpoints.md 1.4)."""

from flask import Response, request

from app_client_authz.hosted_ui.pages import Page
from app_client_authz.web import params
from app_client_authz.web.authorization import MISSING, NOT_ENABLED

HEADING = "An error was encountered with the requested page."
UNKNOWN = "The application that sent you here can tell you more."

TEXTS = {
    MISSING: f"{MISSING}: the link that brought you here is not complete.",
    NOT_ENABLED: NOT_ENABLED,
    "invalid_request": "The request is not valid, or the application is not known here.",
    "redirect_mismatch": "The address to return to is not registered for this application.",
    "unauthorized_client": "The application may not do this.",
    "invalid_scope": "The application asked for more than it may have.",
    "server_error": "Something went wrong on our side. Please try again.",
    "Invalid state": "The sign-in was begun too long ago, or in another browser. Please start again.",
}


class ErrorPage(Page):
    """Shows texts of its own only: whatever stands in the URL is a key to them or nothing (UI-1)."""

    def get(self) -> Response:
        try:
            code = params.query(request).get("error", "")
        except params.BadParameters:
            code = ""
        known = code in TEXTS
        return self._pages.render(
            "error", status=400, heading=HEADING, text=TEXTS.get(code, UNKNOWN), code=code if known else None
        )
