"""A page for one step of a sign-in that waits in this browser: its cookie names the challenge session."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from flask import Response, request

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import ChallengeExpired, CodeDeliveryFailure, OperationError, TriggerFailed
from app_client_authz.hosted_ui.errors import shown_with_form
from app_client_authz.hosted_ui.flash import Flash, code_of
from app_client_authz.hosted_ui.pages import Page, Pages
from app_client_authz.hosted_ui.sign_in import challenge_cookie, go_on
from app_client_authz.services.authentication import Outcome
from app_client_authz.services.registry import Services

Step = TypeVar("Step")


class StepPage(Page, ABC, Generic[Step]):
    """A refused answer leaves the step open until its time is over; what ends it leads back to the sign-in.

    ``ending`` are the refusals that leave no step: nobody can give a code that could not be sent.
    """

    accepts = ("GET", "POST")
    path: ClassVar[str]
    ending: ClassVar[tuple[type[OperationError], ...]] = (ChallengeExpired, CodeDeliveryFailure)

    def __init__(self, services: Services, pages: Pages) -> None:
        super().__init__(services, pages)
        self._flash = Flash(services.settings)
        self._challenge = challenge_cookie(services)

    def get(self) -> Response:
        asked = self._asked()
        try:
            step = self._step(asked)
            return self._elsewhere(step) or self._page(asked, step, {})
        except self.ending as error:
            return self._start_again(error)

    def post(self) -> Response:
        fields = self._pages.posted()
        asked = self._asked()
        try:
            step = self._step(asked)
            return self._elsewhere(step) or self._judged(asked, step, fields)
        except self.ending as error:
            return self._start_again(error)

    def _judged(self, asked: AuthorizationRequest, step: Step, fields: Mapping[str, str]) -> Response:
        try:
            outcome = self._answer(asked, step, fields)
        except TriggerFailed:
            raise
        except OperationError as error:
            if isinstance(error, self.ending):
                raise
            return self._page(asked, step, fields, error)
        return go_on(self._services, self._pages, asked, outcome, self._base())

    @abstractmethod
    def _step(self, asked: AuthorizationRequest) -> Step:
        """Raises:
        ChallengeExpired: no such step waits in this browser.
        """

    def _elsewhere(self, _step: Step) -> Response | None:
        """To the page of the step that waits, if that is another one."""
        return None

    @abstractmethod
    def _page(
        self,
        asked: AuthorizationRequest,
        step: Step,
        fields: Mapping[str, str],
        refusal: OperationError | None = None,
    ) -> Response:
        """The step, what was filled in, and why it was refused."""

    @abstractmethod
    def _answer(self, asked: AuthorizationRequest, step: Step, fields: Mapping[str, str]) -> Outcome:
        """What the form leads to."""

    def _form(
        self, template: str, asked: AuthorizationRequest, refusal: OperationError | None, **context: object
    ) -> Response:
        message, status = (None, 200) if refusal is None else shown_with_form(refusal)
        action = self._pages.here(self.path)
        return self._pages.form(template, asked, status=status, message=message, action=action, **context)

    def _session(self) -> str:
        # An absent cookie is a session that nobody has.
        return self._challenge.read(request) or ""

    def _start_again(self, error: OperationError) -> Response:
        response = self._pages.to("/login")
        self._challenge.clear(response)
        self._flash.set(response, code_of(error))
        return response
