"""``/changePassword``: the step after a temporary password (endpoints.md 2.2, api.md 4.2)."""

from collections.abc import Mapping

from flask import Response, request

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import (
    ChallengeExpired,
    CodeDeliveryFailure,
    LimitExceeded,
    OperationError,
    TriggerFailed,
)
from app_client_authz.domain.registration import Registration
from app_client_authz.hosted_ui import forms
from app_client_authz.hosted_ui.errors import shown_with_form
from app_client_authz.hosted_ui.flash import Flash, code_of
from app_client_authz.hosted_ui.pages import Page, Pages
from app_client_authz.hosted_ui.sign_in import challenge_cookie, go_on
from app_client_authz.services.registry import Services


class NewPassword(Page):
    """A refused password leaves the step open until its time is over."""

    accepts = ("GET", "POST")

    def __init__(self, services: Services, pages: Pages) -> None:
        super().__init__(services, pages)
        self._flash = Flash(services.settings)
        self._challenge = challenge_cookie(services)

    def get(self) -> Response:
        asked = self._asked()
        try:
            missing = self._missing(asked)
        except ChallengeExpired as error:
            return self._start_again(error)
        return self._page(asked, missing)

    def post(self) -> Response:
        fields = self._pages.posted()
        asked = self._asked()
        try:
            return self._answer(asked, fields)
        except (ChallengeExpired, CodeDeliveryFailure, LimitExceeded) as error:
            # The password is set already where no code could be sent.
            return self._start_again(error)

    def _answer(self, asked: AuthorizationRequest, fields: Mapping[str, str]) -> Response:
        missing = self._missing(asked)
        given = forms.given_attributes(fields, missing)
        try:
            password = forms.new_password(fields)
            forms.check_complete(given, missing)
            outcome = self._services.authentication.answer_new_password(
                Registration(asked.client, asked.pool), self._session(), password, given
            )
        except (ChallengeExpired, CodeDeliveryFailure, LimitExceeded, TriggerFailed):
            raise
        except OperationError as error:
            message, status = shown_with_form(error)
            return self._page(asked, missing, given, message=message, status=status)
        return go_on(self._services, self._pages, asked, outcome, self._base())

    def _page(
        self,
        asked: AuthorizationRequest,
        missing: tuple[str, ...],
        given: Mapping[str, str] | None = None,
        *,
        message: str | None = None,
        status: int = 200,
    ) -> Response:
        return self._pages.form(
            "change_password",
            asked,
            status=status,
            action=self._pages.here("/changePassword"),
            message=message,
            hints=forms.policy_hints(asked.pool.password_policy),
            attributes=forms.attribute_inputs(missing, given or {}),
        )

    def _missing(self, asked: AuthorizationRequest) -> tuple[str, ...]:
        registration = Registration(asked.client, asked.pool)
        return self._services.authentication.missing_attributes(registration, self._session())

    def _session(self) -> str:
        # An absent cookie is a session that nobody has.
        return self._challenge.read(request) or ""

    def _start_again(self, error: OperationError) -> Response:
        response = self._pages.to("/login")
        self._challenge.clear(response)
        self._flash.set(response, code_of(error))
        return response
