"""``/logout``: the browser's SSO session ends, then only registered URLs follow (endpoints.md 7, R1)."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Response, request

from app_client_authz.domain import redirects
from app_client_authz.domain.errors import (
    AuthorizationError,
    MalformedRequest,
    MissingParameters,
    RedirectMismatch,
    UnknownClient,
)
from app_client_authz.domain.registration import Registration
from app_client_authz.hosted_ui.pages import Page
from app_client_authz.hosted_ui.sign_in import challenge_cookie
from app_client_authz.web import params
from app_client_authz.web.authorization import callback, redirect, refuse
from app_client_authz.web.base_url import own_path
from app_client_authz.web.cookies import sso_cookie

# The first six are Cognito's. Without the challenge, a client that uses PKCE could not redeem its next code.
PASSED_ON = ("state", "scope", "nonce", "code_challenge", "code_challenge_method")


class Logout(Page):
    """Tokens live on; what ends is the sign-in of this browser at this pool (OUT-5)."""

    def get(self) -> Response:
        base, given = self._base(), params.query(request)
        try:
            registration = self._registration(given, base)
        except AuthorizationError as error:
            return refuse(error, base, given)
        # Before anything else is looked at: a refused target must not leave the session alive (OUT-3).
        cookie = sso_cookie(self._services.settings, registration.pool)
        self._services.sessions.end(registration.pool, cookie.read(request))
        try:
            response = self._next(registration, given, base)
            # Who named a client, but no URL of its, signs nobody out of the host (R21).
            self._services.host_sessions.end(registration.pool)
        except AuthorizationError as error:
            response = refuse(error, base, given)
        cookie.clear(response)
        challenge_cookie(self._services).clear(response)
        return response

    def _registration(self, given: Mapping[str, str], base: str) -> Registration:
        """The client that signs its user out: the one named, or the one whose ID token is the hint."""
        if "client_id" in given:
            found = self._services.app_clients.find(given["client_id"])
            if found is None:
                raise UnknownClient
            return found
        hinted = self._services.hints.registration(given.get("id_token_hint", ""), base)
        if hinted is None or not self._takes_oidc_parameters(hinted):
            raise MissingParameters
        return hinted

    def _next(self, registration: Registration, given: Mapping[str, str], base: str) -> Response:
        client, oidc = registration.client, self._takes_oidc_parameters(registration)
        if oidc and "id_token_hint" in given:
            self._check_hint(registration, given["id_token_hint"], base)
        if "logout_uri" in given:
            return redirect(_registered(given["logout_uri"], client.logout_urls))
        if oidc and "post_logout_redirect_uri" in given:
            target = _registered(given["post_logout_redirect_uri"], client.logout_urls)
            state = [("state", given["state"])] if "state" in given else []
            return callback(target, state, in_fragment=False) if state else redirect(target)
        if "redirect_uri" in given:
            return self._sign_in_again(registration, given)
        if oidc:
            return self._pages.render("signed_out", client_name=client.name)
        raise MissingParameters

    def _sign_in_again(self, registration: Registration, given: Mapping[str, str]) -> Response:
        """Back to the sign-in page, by a request that is judged like any other (OUT-4)."""
        wanted = {
            "client_id": registration.client.client_id,
            "redirect_uri": given["redirect_uri"],
            "response_type": given.get("response_type", "code"),
            **{name: given[name] for name in PASSED_ON if name in given},
        }
        judged = self._services.authorization.judge(wanted)
        wanted.setdefault("scope", " ".join(judged.scopes))
        login = own_path(self._services.settings, request, "/login")
        return redirect(f"{login}?{urlencode({name: value for name, value in wanted.items() if value})}")

    def _check_hint(self, registration: Registration, id_token: str, base: str) -> None:
        hinted = self._services.hints.registration(id_token, base)
        if hinted is None or hinted.client.client_id != registration.client.client_id:
            raise MalformedRequest(detail="id_token_hint is no ID token of this client")

    def _takes_oidc_parameters(self, registration: Registration) -> bool:
        return self._services.dialects.of(registration.pool).logout_takes_oidc_parameters


def _registered(url: str, logout_urls: tuple[str, ...]) -> str:
    if not redirects.matches(url, logout_urls):
        raise RedirectMismatch
    return url
