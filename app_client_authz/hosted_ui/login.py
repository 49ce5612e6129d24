"""``/login``: name and password, or going on as who is signed in already (endpoints.md 1.6, 2.1, 2.2)."""

from flask import Response, request

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.errors import OperationError
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.hosted_ui.flash import Flash, code_of
from app_client_authz.hosted_ui.forms import name_label
from app_client_authz.hosted_ui.pages import Page, Pages
from app_client_authz.hosted_ui.sign_in import CHALLENGE_SECONDS, answered, challenge_cookie, signed_in
from app_client_authz.services.authentication import NewPasswordRequired
from app_client_authz.services.next_steps import ChallengeRequired
from app_client_authz.services.registry import Services
from app_client_authz.web.cookies import sso_cookie

NO_SUCH_OPTION = "Login option is not available. Please try another one"
NO_LOCAL_USERS = "Login pages unavailable. Please contact an administrator."


class Login(Page):
    """The first page of a sign-in."""

    accepts = ("GET", "POST")

    def __init__(self, services: Services, pages: Pages) -> None:
        super().__init__(services, pages)
        self._flash = Flash(services.settings)
        self._challenge = challenge_cookie(services)

    def get(self) -> Response:
        asked = self._asked()
        if "none" in asked.prompts:
            return self._without_page(asked)
        if not self._services.authorization.takes_local_users(asked):
            return self._not_here(asked)
        response = self._pages.form(
            "login",
            asked,
            action=self._pages.here("/login"),
            message=self._flash.message(request),
            name_label=name_label(asked.pool),
            username=asked.login_hint or "",
            signed_in_as=self._offered(asked),
        )
        self._flash.clear(request, response)
        return response

    def post(self) -> Response:
        fields = self._pages.posted()
        asked = self._asked()
        if not self._services.authorization.takes_local_users(asked):
            return self._not_here(asked)
        if "continue" in fields:
            return self._go_on(asked)
        # No name holds a blank, but what fills in forms adds some. The password counts as it is.
        return self._sign_in(asked, fields.get("username", "").strip(), fields.get("password", ""))

    def _sign_in(self, asked: AuthorizationRequest, name: str, password: str) -> Response:
        if not name or not password:
            return self._again("incorrect")
        registration = Registration(asked.client, asked.pool)
        try:
            outcome = self._services.authentication.sign_in(
                registration, name, password, session_seconds=CHALLENGE_SECONDS
            )
        except OperationError as error:
            return self._again(code_of(error))
        if isinstance(outcome, NewPasswordRequired):
            response = self._pages.to("/changePassword")
            self._challenge.set(response, outcome.session)
            return response
        if isinstance(outcome, ChallengeRequired):
            return self._again("second_factor")
        return signed_in(self._services, asked, outcome, self._base())

    def _go_on(self, asked: AuthorizationRequest) -> Response:
        """The user chose to stay who they are: the session's hour begins anew."""
        cookie = sso_cookie(self._services.settings, asked.pool)
        value = cookie.read(request)
        authorization, base = self._services.authorization, self._base()
        offered = None if "login" in asked.prompts else authorization.offer(asked, value)
        if value is None or offered is None or not self._services.sessions.renew(value):
            return self._again("over")
        response = answered(lambda: authorization.complete(asked, offered, base), base)
        cookie.set(response, value)
        return response

    def _without_page(self, asked: AuthorizationRequest) -> Response:
        """``prompt=none`` shows no page, here neither (OIDC Core section 3.1.2.1)."""
        authorization, base = self._services.authorization, self._base()
        found = authorization.resume(asked, sso_cookie(self._services.settings, asked.pool).read(request))
        assert found is not None  # noqa: S101 - prompt=none without a session is refused by then
        return answered(lambda: authorization.complete(asked, found, base), base)

    def _again(self, code: str) -> Response:
        response = self._pages.to("/login")
        self._flash.set(response, code)
        return response

    def _offered(self, asked: AuthorizationRequest) -> str | None:
        """The name of who is signed in in this browser, unless the application wants a fresh sign-in."""
        if "login" in asked.prompts:
            return None
        cookie = sso_cookie(self._services.settings, asked.pool).read(request)
        found = self._services.authorization.offer(asked, cookie)
        return None if found is None else _shown_name(asked, found.user)

    def _not_here(self, asked: AuthorizationRequest) -> Response:
        status, text = (403, NO_LOCAL_USERS) if asked.provider is None else (401, NO_SUCH_OPTION)
        return self._pages.render(
            "error", status=status, client_name=asked.client.name, heading="Sign-in is not possible here", text=text
        )


def _shown_name(asked: AuthorizationRequest, user: User) -> str:
    """What the user signs in with: where that is an attribute, the username is a meaningless ID."""
    values = (user.attributes.get(name) for name in asked.pool.username_attributes)
    return next((value for value in values if value), user.username)
