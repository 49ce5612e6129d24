"""``/login``: name and password, or going on as who is signed in already (endpoints.md 1.6, 2.1, 2.2)."""

from collections.abc import Mapping

from flask import Response, request

from app_client_authz.domain.authorization import AuthorizationRequest
from app_client_authz.domain.delivery import confirms_by_code
from app_client_authz.domain.errors import OperationError, PasswordResetRequired, TriggerFailed, UserNotConfirmed
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.hosted_ui.account_page import AccountPage
from app_client_authz.hosted_ui.flash import code_of
from app_client_authz.hosted_ui.forms import name_label
from app_client_authz.hosted_ui.sign_in import CHALLENGE_SECONDS, answered, go_on
from app_client_authz.services.handovers import Handover, NextPage
from app_client_authz.web.cookies import sso_cookie

KEPT_CHARACTERS = 256
"""The name that was typed with a wrong password stands in the form again up to this length: a cookie carries it."""


class Login(AccountPage):
    """The first page of a sign-in."""

    def get(self) -> Response:
        asked = self._asked()
        if "none" in asked.prompts:
            return self._without_page(asked)
        return super().get()

    def _answer(self, asked: AuthorizationRequest, fields: Mapping[str, str]) -> Response:
        if "continue" in fields:
            return self._stay(asked)
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
        except UserNotConfirmed as error:
            if not confirms_by_code(asked.pool) or self._services.directory_writes.has(asked.pool):
                return self._again("unconfirmed")
            return self._lead(
                "/confirm", asked, NextPage.CONFIRM, Handover(name, proved=error.proved), flash="unconfirmed"
            )
        except PasswordResetRequired:
            return self._reset(asked, name)
        except TriggerFailed:
            raise  # what it says is the host's, and no message of this page's
        except OperationError as error:
            if len(name) > KEPT_CHARACTERS:
                return self._again(code_of(error))
            return self._lead("/login", asked, NextPage.SIGN_IN, Handover(name), flash=code_of(error))
        response = go_on(self._services, self._pages, asked, outcome, self._base())
        if self._handover_cookie.read(request) is not None:
            self._handover_cookie.clear(response)  # whoever comes next at this browser need not see the name
        return response

    def _reset(self, asked: AuthorizationRequest, name: str) -> Response:
        directory = self._services.directory_writes
        if not directory.has(asked.pool):
            # Whoever demanded it had a code sent.
            return self._lead("/confirmForgotPassword", asked, NextPage.RESET, Handover(name), flash="reset")
        if not directory.recovers_itself(asked.pool):
            return self._again("reset")
        return self._lead("/forgotPassword", asked, NextPage.RESET, Handover(name), flash="reset")

    def _page(self, asked: AuthorizationRequest) -> Response:
        handed = self._handed(asked, NextPage.SIGN_IN)
        directory = self._services.directory_writes
        return self._form(
            "login",
            asked,
            action=self._pages.here("/login"),
            name_label=name_label(asked.pool),
            username=handed.name if handed else asked.login_hint or "",
            signed_in_as=self._offered(asked),
            sign_up=self._pages.here("/signup") if directory.takes_sign_ups(asked.pool) else None,
            forgot_password=self._pages.here("/forgotPassword") if directory.recovers_itself(asked.pool) else None,
        )

    def _stay(self, asked: AuthorizationRequest) -> Response:
        """The user chose to stay who they are: the session's hour begins anew."""
        cookie = sso_cookie(self._services.settings, asked.pool)
        value = cookie.read(request)
        authorization, base = self._services.authorization, self._base()
        offered = None if "login" in asked.prompts else authorization.offer(asked, value)
        if offered is not None and offered.session.is_of_host:
            return answered(lambda: authorization.complete(asked, offered, base), base)
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


def _shown_name(asked: AuthorizationRequest, user: User) -> str:
    """What the user signs in with: where that is an attribute, the username is a meaningless ID."""
    values = (user.attributes.get(name) for name in asked.pool.username_attributes)
    return next((value for value in values if value), user.username)
