"""``/changePassword``: the step after a temporary password (endpoints.md 2.2, api.md 4.2)."""

from collections.abc import Mapping

from flask import Response

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import LimitExceeded, OperationError
from app_client_authz.domain.registration import Registration
from app_client_authz.hosted_ui import forms
from app_client_authz.hosted_ui.step_page import StepPage
from app_client_authz.services.authentication import Outcome

MissingAttributes = tuple[str, ...]


class NewPassword(StepPage[MissingAttributes]):
    """A password of the user's own, and the required attributes that are still missing."""

    path = "/changePassword"
    # The password is set already where no code of a second factor could be sent.
    ending = (*StepPage.ending, LimitExceeded)

    def _step(self, asked: AuthorizationRequest) -> MissingAttributes:
        registration = Registration(asked.client, asked.pool)
        return self._services.authentication.missing_attributes(registration, self._session())

    def _answer(self, asked: AuthorizationRequest, step: MissingAttributes, fields: Mapping[str, str]) -> Outcome:
        given = forms.given_attributes(fields, step)
        password = forms.new_password(fields)
        forms.check_complete(given, step)
        registration = Registration(asked.client, asked.pool)
        return self._services.authentication.answer_new_password(registration, self._session(), password, given)

    def _page(
        self,
        asked: AuthorizationRequest,
        step: MissingAttributes,
        fields: Mapping[str, str],
        refusal: OperationError | None = None,
    ) -> Response:
        return self._form(
            "change_password",
            asked,
            refusal,
            hints=forms.policy_hints(asked.pool.password_policy),
            attributes=forms.attribute_inputs(step, forms.given_attributes(fields, step)),
        )
