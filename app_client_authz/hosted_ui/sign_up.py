"""``/signup``: a new account (endpoints.md 2.3, api.md 4.13)."""

from collections.abc import Mapping

from flask import Response

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import CodeDeliveryFailure, OperationError
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.sign_up_questions import SignUpQuestions
from app_client_authz.domain.user import SIGNED_IN
from app_client_authz.hosted_ui import forms
from app_client_authz.hosted_ui.account_page import AccountPage
from app_client_authz.hosted_ui.sign_in import CHALLENGE_SECONDS, go_on
from app_client_authz.services.handovers import Handover, NextPage
from app_client_authz.services.sign_up import SignedUp

NOT_HERE = "Sign-up is not possible here"
ONLY_ADMINISTRATORS_CREATE = "Accounts are created by an administrator."


class SignUpPage(AccountPage):
    """Leads on to ``/confirm``, or back to the application where there is nothing to confirm."""

    def _not_here(self, asked: AuthorizationRequest) -> Response | None:
        elsewhere = super()._not_here(asked)
        if elsewhere is None and not self._services.directory_writes.takes_sign_ups(asked.pool):
            return self._closed(asked, NOT_HERE, ONLY_ADMINISTRATORS_CREATE, sign_in=self._pages.here("/login"))
        return elsewhere

    def _answer(self, asked: AuthorizationRequest, fields: Mapping[str, str]) -> Response:
        pool, questions = asked.pool, self._questions(asked)
        given = forms.given_attributes(fields, questions.names)
        try:
            name = forms.username(fields, forms.new_name_label(pool))
            forms.check_complete(given, questions.required)
            questions.check_reachable(pool, name, given)
            password = forms.new_password(fields)
            done = self._services.sign_up.sign_up(Registration(asked.client, pool), name, password, given)
        except CodeDeliveryFailure:
            # The account is there all the same.
            return self._lead("/confirm", asked, NextPage.CONFIRM, Handover(name), flash="undelivered")
        except OperationError as error:
            return self._page(asked, fields.get("username", ""), given, refusal=error)
        return self._done(asked, name, done)

    def _done(self, asked: AuthorizationRequest, name: str, done: SignedUp) -> Response:
        if done.user.status in SIGNED_IN:
            outcome = self._services.authentication.resume(
                Registration(asked.client, asked.pool), done.user, session_seconds=CHALLENGE_SECONDS
            )
            return go_on(self._services, self._pages, asked, outcome, self._base())
        if done.sent is None:
            return self._lead("/login", asked, NextPage.SIGN_IN, Handover(name), flash="registered")
        handed = Handover(name, proved=done.user.sub).after(done.sent)
        return self._lead("/confirm", asked, NextPage.CONFIRM, handed)

    def _page(
        self,
        asked: AuthorizationRequest,
        name: str = "",
        given: Mapping[str, str] | None = None,
        *,
        refusal: OperationError | None = None,
    ) -> Response:
        pool, questions = asked.pool, self._questions(asked)
        return self._form(
            "signup",
            asked,
            refusal=refusal,
            action=self._pages.here("/signup"),
            sign_in=self._pages.here("/login"),
            name_label=forms.new_name_label(pool),
            name_kind=forms.new_name_kind(pool),
            username=name,
            hints=forms.policy_hints(pool.password_policy),
            attributes=forms.attribute_inputs(questions.names, given or {}, optional=questions.optional),
        )

    @staticmethod
    def _questions(asked: AuthorizationRequest) -> SignUpQuestions:
        return SignUpQuestions.of(asked.pool, asked.client.write_attributes)
