"""What the pages about an account have in common: they are for users of the pool itself."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from flask import Response, request

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import OperationError
from app_client_authz.hosted_ui.errors import shown_with_form
from app_client_authz.hosted_ui.flash import Flash
from app_client_authz.hosted_ui.pages import Page, Pages
from app_client_authz.services.handovers import Handover, NextPage
from app_client_authz.services.registry import Services
from app_client_authz.web.cookies import Cookie

NO_SUCH_OPTION = "Login option is not available. Please try another one"
NO_LOCAL_USERS = "Login pages unavailable. Please contact an administrator."
SIGN_IN_NOT_HERE = "Sign-in is not possible here"
HANDOVER_SECONDS = 60 * 60
"""How long browsers keep the cookie; what it holds may be over earlier."""


class AccountPage(Page, ABC):
    """A page on the way of an authorization request, which its query carries along."""

    accepts: ClassVar[tuple[str, ...]] = ("GET", "POST")

    def __init__(self, services: Services, pages: Pages) -> None:
        super().__init__(services, pages)
        self._flash = Flash(services.settings)
        self._handover_cookie = Cookie(services.settings, "authz-handover", seconds=HANDOVER_SECONDS)

    def get(self) -> Response:
        asked = self._asked()
        return self._not_here(asked) or self._page(asked)

    def post(self) -> Response:
        fields = self._pages.posted()
        asked = self._asked()
        return self._not_here(asked) or self._answer(asked, fields)

    @abstractmethod
    def _page(self, asked: AuthorizationRequest) -> Response:
        """The page, as it is first shown."""

    @abstractmethod
    def _answer(self, asked: AuthorizationRequest, fields: Mapping[str, str]) -> Response:
        """What its form leads to."""

    # --- who may be here --------------------------------------------------------------------------

    def _not_here(self, asked: AuthorizationRequest) -> Response | None:
        """The page that says so, if the request cannot be answered by a user of the pool itself."""
        if self._services.authorization.takes_local_users(asked):
            return None
        if asked.provider is None:
            return self._closed(asked, SIGN_IN_NOT_HERE, NO_LOCAL_USERS)
        return self._closed(asked, SIGN_IN_NOT_HERE, NO_SUCH_OPTION, status=401)

    def _closed(
        self, asked: AuthorizationRequest, heading: str, text: str, *, status: int = 403, sign_in: str | None = None
    ) -> Response:
        return self._pages.render(
            "error", status=status, client_name=asked.client.name, heading=heading, text=text, sign_in=sign_in
        )

    # --- what is shown ----------------------------------------------------------------------------

    def _form(
        self,
        template: str,
        asked: AuthorizationRequest,
        *,
        refusal: OperationError | None = None,
        **context: object,
    ) -> Response:
        """The page's form: with why the last answer was refused, else with what the page before had to say."""
        notice = None
        if refusal is None:
            message, notice, status = self._flash.message(request), self._flash.notice(request), 200
        else:
            message, status = shown_with_form(refusal)
        response = self._pages.form(template, asked, status=status, message=message, notice=notice, **context)
        self._flash.clear(request, response)
        return response

    # --- where it goes on -------------------------------------------------------------------------

    def _handed(self, asked: AuthorizationRequest, *kinds: NextPage) -> Handover | None:
        """What the page before handed on, if it was meant for one of these."""
        sealed = self._handover_cookie.read(request)
        found = (self._services.handovers.open(asked.client, kind, sealed) for kind in kinds)
        return next((handed for handed in found if handed is not None), None)

    def _lead(
        self, page: str, asked: AuthorizationRequest, following: NextPage, handed: Handover, flash: str | None = None
    ) -> Response:
        """The way to the next page, which is told who comes, and shows the message."""
        response = self._pages.to(page)
        self._handover_cookie.set(response, self._services.handovers.seal(asked.client, following, handed))
        if flash is not None:
            self._flash.set(response, flash)
        return response
