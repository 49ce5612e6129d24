"""``/confirmUser?client_id=…&user_name=…&confirmation_code=…``: the link in an e-mail (endpoints.md 2.3)."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Response, request

from app_client_authz.domain.errors import MissingParameters, OperationError, UnknownClient
from app_client_authz.domain.registration import Registration
from app_client_authz.hosted_ui.errors import shown_with_form
from app_client_authz.hosted_ui.flash import Flash
from app_client_authz.hosted_ui.pages import Page, Pages
from app_client_authz.services.registry import Services
from app_client_authz.web import params
from app_client_authz.web.authorization import redirect
from app_client_authz.web.base_url import own_path

PATH = "/confirmUser"
LINKED = ("user_name", "confirmation_code")


class ConfirmLink(Page):
    """A button, and only its POST confirms: programs that look into e-mails follow links (R21)."""

    accepts = ("GET", "POST")

    def __init__(self, services: Services, pages: Pages) -> None:
        super().__init__(services, pages)
        self._flash = Flash(services.settings)

    def get(self) -> Response:
        given = params.query(request)
        if "confirmation_code" in given:
            return self._page(self._registration(given, *LINKED), given)
        notice = self._flash.notice(request)
        if notice is None:
            return self._pages.to("/confirm")
        client = self._registration(given).client
        response = self._pages.render("confirmed", client_name=client.name)
        self._flash.clear(request, response)
        return response

    def post(self) -> Response:
        self._pages.posted()
        given = params.query(request)
        registration = self._registration(given, *LINKED)
        try:
            self._services.sign_up.confirm(registration, given["user_name"], given["confirmation_code"])
        except OperationError as error:
            return self._page(registration, given, refusal=error)
        here = own_path(self._services.settings, request, PATH)
        response = redirect(f"{here}?{urlencode({'client_id': registration.client.client_id})}")
        self._flash.set(response, "confirmed")
        return response

    def _page(
        self, registration: Registration, given: Mapping[str, str], *, refusal: OperationError | None = None
    ) -> Response:
        message, status = (None, 200) if refusal is None else shown_with_form(refusal)
        return self._pages.form(
            "confirm_link",
            registration.client,
            status=status,
            action=self._pages.here(PATH),
            message=message,
            username=given["user_name"],
        )

    def _registration(self, given: Mapping[str, str], *names: str) -> Registration:
        if not {"client_id", *names} <= given.keys():
            raise MissingParameters
        found = self._services.app_clients.find(given["client_id"])
        if found is None:
            raise UnknownClient
        return found
