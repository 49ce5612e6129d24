"""``/forgotPassword`` and ``/confirmForgotPassword`` (endpoints.md 2.3, api.md 4.16, 4.17)."""

from collections.abc import Mapping

from flask import Response

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.delivery import ONLY_ADMINISTRATORS_RECOVER
from app_client_authz.domain.errors import OperationError
from app_client_authz.domain.registration import Registration
from app_client_authz.hosted_ui import forms
from app_client_authz.hosted_ui.account_page import AccountPage
from app_client_authz.services.handovers import Handover, NextPage

NOT_HERE = "Resetting a password is not possible here"


class ForgotPassword(AccountPage):
    """Sends a code, whoever is named."""

    def _not_here(self, asked: AuthorizationRequest) -> Response | None:
        elsewhere = super()._not_here(asked)
        if elsewhere is None and not self._services.directory_writes.recovers_itself(asked.pool):
            return self._closed(asked, NOT_HERE, ONLY_ADMINISTRATORS_RECOVER, sign_in=self._pages.here("/login"))
        return elsewhere

    def _answer(self, asked: AuthorizationRequest, fields: Mapping[str, str]) -> Response:
        try:
            name = forms.username(fields, forms.name_label(asked.pool))
            sent = self._services.recovery.forgot(Registration(asked.client, asked.pool), name)
        except OperationError as error:
            return self._page(asked, fields.get("username", ""), refusal=error)
        return self._lead("/confirmForgotPassword", asked, NextPage.RESET, Handover(name).after(sent))

    def _page(
        self, asked: AuthorizationRequest, name: str | None = None, *, refusal: OperationError | None = None
    ) -> Response:
        handed = self._handed(asked, NextPage.RESET, NextPage.SIGN_IN)
        return self._form(
            "forgot_password",
            asked,
            refusal=refusal,
            action=self._pages.here("/forgotPassword"),
            have_code=self._pages.here("/confirmForgotPassword"),
            sign_in=self._pages.here("/login"),
            name_label=forms.name_label(asked.pool),
            username=(handed.name if handed else asked.login_hint or "") if name is None else name,
        )


class ResetPassword(AccountPage):
    """Takes the code and a new password, then leads back to the sign-in.

    Also where only administrators recover accounts: the code that they have sent is redeemed here.
    """

    def _answer(self, asked: AuthorizationRequest, fields: Mapping[str, str]) -> Response:
        try:
            name = forms.username(fields, forms.name_label(asked.pool))
            code, password = forms.code(fields), forms.new_password(fields)
            self._services.recovery.confirm(Registration(asked.client, asked.pool), name, code, password)
        except OperationError as error:
            return self._page(asked, fields.get("username", ""), refusal=error)
        return self._lead("/login", asked, NextPage.SIGN_IN, Handover(name), flash="changed")

    def _page(
        self, asked: AuthorizationRequest, name: str | None = None, *, refusal: OperationError | None = None
    ) -> Response:
        handed = self._handed(asked, NextPage.RESET)
        recovers = self._services.directory_writes.recovers_itself(asked.pool)
        return self._form(
            "reset_password",
            asked,
            refusal=refusal,
            action=self._pages.here("/confirmForgotPassword"),
            send_code=self._pages.here("/forgotPassword") if recovers else None,
            sign_in=self._pages.here("/login"),
            name_label=forms.name_label(asked.pool),
            username=(handed.name if handed else "") if name is None else name,
            sent_to=forms.sent_to(handed),
            hints=forms.policy_hints(asked.pool.password_policy),
        )
