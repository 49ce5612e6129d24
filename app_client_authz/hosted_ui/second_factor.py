"""``/mfa``, ``/mfaOption`` and ``/mfaSetup``: the steps after the password (endpoints.md 2.2, api.md 4.7, 4.8)."""

from collections.abc import Mapping

from flask import Response

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.challenge import (
    EMAIL_OTP,
    MFA_SETUP,
    SELECT_MFA_TYPE,
    SMS_MFA,
    SOFTWARE_TOKEN_MFA,
)
from app_client_authz.domain.errors import OperationError
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.hosted_ui import forms, qr
from app_client_authz.hosted_ui.sign_in import STEP_PAGES
from app_client_authz.hosted_ui.step_page import StepPage
from app_client_authz.services.authentication import Outcome
from app_client_authz.services.next_steps import ChallengeRequired
from app_client_authz.services.second_factors import Reply

_OPTIONS = {
    SOFTWARE_TOKEN_MFA: "Authenticator app",
    SMS_MFA: "Text message to your phone",
    EMAIL_OTP: "Email",
}


class SecondFactorPage(StepPage[ChallengeRequired]):
    """Whoever comes to the page of another step, as by the back button, is led to that of their own."""

    def _form(
        self, template: str, asked: AuthorizationRequest, refusal: OperationError | None, **context: object
    ) -> Response:
        return super()._form(template, asked, refusal, sign_in=self._pages.here("/login"), **context)

    def _step(self, asked: AuthorizationRequest) -> ChallengeRequired:
        return self._services.second_factors.look(self._reply(asked, self._session()), frozenset(STEP_PAGES))

    def _elsewhere(self, step: ChallengeRequired) -> Response | None:
        page = STEP_PAGES[step.challenge]
        return None if page == self.path else self._pages.to(page)

    def _reply(self, asked: AuthorizationRequest, session: str) -> Reply:
        return Reply(Registration(asked.client, asked.pool), session, caller=Caller(asked.client.client_id))


class SecondFactor(SecondFactorPage):
    """A code, by whichever way."""

    path = "/mfa"

    def _page(
        self,
        asked: AuthorizationRequest,
        step: ChallengeRequired,
        fields: Mapping[str, str],
        refusal: OperationError | None = None,
    ) -> Response:
        return self._form(
            "mfa",
            asked,
            refusal,
            sent_to=None if step.delivery is None else forms.destination_of(step.delivery),
            app_name=step.friendly_name,
        )

    def _answer(self, asked: AuthorizationRequest, step: ChallengeRequired, fields: Mapping[str, str]) -> Outcome:
        reply = self._reply(asked, step.session)
        return self._services.second_factors.answer(reply, step.challenge, forms.code(fields))


class SecondFactorOption(SecondFactorPage):
    """Which of several: one button each."""

    path = STEP_PAGES[SELECT_MFA_TYPE]

    def _page(
        self,
        asked: AuthorizationRequest,
        step: ChallengeRequired,
        fields: Mapping[str, str],
        refusal: OperationError | None = None,
    ) -> Response:
        options = [(factor, _OPTIONS[factor]) for factor in step.offered]
        return self._form("mfa_option", asked, refusal, options=options)

    def _answer(self, asked: AuthorizationRequest, step: ChallengeRequired, fields: Mapping[str, str]) -> Outcome:
        return self._services.second_factors.choose(self._reply(asked, step.session), fields.get("factor", ""))


class SecondFactorSetup(SecondFactorPage):
    """An app, by QR code or by typing; or an e-mail address. The secret was made when the password was proved."""

    path = STEP_PAGES[MFA_SETUP]

    def _page(
        self,
        asked: AuthorizationRequest,
        step: ChallengeRequired,
        fields: Mapping[str, str],
        refusal: OperationError | None = None,
    ) -> Response:
        app = None
        if SOFTWARE_TOKEN_MFA in step.offered:
            app = self._services.software_tokens.pending_in_sign_in(step.session, door="pages")
        return self._form(
            "mfa_setup",
            asked,
            refusal,
            qr_code=None if app is None else qr.svg(app.otpauth_uri),
            secret_code=None if app is None else forms.in_groups(app.secret_code),
            otpauth_uri=None if app is None else app.otpauth_uri,
            by_email=EMAIL_OTP in step.offered,
        )

    def _answer(self, asked: AuthorizationRequest, step: ChallengeRequired, fields: Mapping[str, str]) -> Outcome:
        second_factors = self._services.second_factors
        if fields.get("factor") == EMAIL_OTP:
            return second_factors.set_up_email(self._reply(asked, step.session), forms.email(fields))
        fresh = self._services.software_tokens.verify_in_sign_in(step.session, forms.code(fields), None, door="pages")
        return second_factors.finish_set_up(self._reply(asked, fresh))
