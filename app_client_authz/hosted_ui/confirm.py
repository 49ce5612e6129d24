"""``/confirm`` and ``/resendcode``: the code that was sent to a new account (endpoints.md 2.3, api.md 4.14, 4.15)."""

from collections.abc import Mapping
from dataclasses import replace

from flask import Response

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import OperationError
from app_client_authz.domain.registration import Registration
from app_client_authz.hosted_ui import forms
from app_client_authz.hosted_ui.account_page import AccountPage
from app_client_authz.hosted_ui.sign_in import CHALLENGE_SECONDS, go_on
from app_client_authz.services.handovers import Handover, NextPage


class Confirm(AccountPage):
    """Signs in whoever proved the password in this browser, at sign-up or at the sign-in that led here.

    The code alone signs nobody in: it shows who reads the address, not who chose the password.
    """

    def _answer(self, asked: AuthorizationRequest, fields: Mapping[str, str]) -> Response:
        registration = Registration(asked.client, asked.pool)
        try:
            name = forms.username(fields, forms.name_label(asked.pool))
            user = self._services.sign_up.confirm(registration, name, forms.code(fields)).user
        except OperationError as error:
            return self._page(asked, fields.get("username"), refusal=error)
        handed = self._handed(asked, NextPage.CONFIRM)
        if handed is None or handed.proved != user.sub:
            return self._sign_in(asked, name)
        try:
            outcome = self._services.authentication.resume(registration, user, session_seconds=CHALLENGE_SECONDS)
        except OperationError:
            # Changed at this very moment, or no second factor could be asked for: the sign-in will tell.
            return self._sign_in(asked, name)
        response = go_on(self._services, self._pages, asked, outcome, self._base())
        self._handover_cookie.clear(response)
        return response

    def _sign_in(self, asked: AuthorizationRequest, name: str) -> Response:
        return self._lead("/login", asked, NextPage.SIGN_IN, Handover(name), flash="confirmed")

    def _page(
        self, asked: AuthorizationRequest, name: str | None = None, *, refusal: OperationError | None = None
    ) -> Response:
        handed = self._handed(asked, NextPage.CONFIRM)
        return self._form(
            "confirm",
            asked,
            refusal=refusal,
            action=self._pages.here("/confirm"),
            resend=self._pages.here("/resendcode"),
            sign_in=self._pages.here("/login"),
            name_label=forms.name_label(asked.pool),
            username=(handed.name if handed else "") if name is None else name,
            sent_to=forms.sent_to(handed),
        )


class Resend(Confirm):
    """The second button of that page; what is typed into its other fields does not count."""

    accepts = ("POST",)

    def _answer(self, asked: AuthorizationRequest, fields: Mapping[str, str]) -> Response:
        handed = self._handed(asked, NextPage.CONFIRM)
        try:
            name = forms.username(fields, forms.name_label(asked.pool))
            sent = self._services.sign_up.resend(Registration(asked.client, asked.pool), name)
        except OperationError as error:
            return self._page(asked, fields.get("username"), refusal=error)
        following = Handover(name) if handed is None else replace(handed, name=name)
        return self._lead("/confirm", asked, NextPage.CONFIRM, following.after(sent), flash="sent")
