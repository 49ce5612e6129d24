"""The requests that an application's own server sends, in one line each."""

import dataclasses
from typing import Any

from werkzeug.test import TestResponse

from tests.support.site import CALLBACK, PREFIX, VERIFIER, Registered, Site

TOKEN = f"{PREFIX}/oauth2/token"
REVOKE = f"{PREFIX}/oauth2/revoke"
USERINFO = f"{PREFIX}/oauth2/userInfo"

GIVE_UP = {"error": "invalid_grant"}


def token(site: Site, client: Registered | None, **body: str) -> TestResponse:
    """A token request, the client's credentials in the body; an empty parameter is left out."""
    sent = body if client is None else client.credentials | body
    return site.browse().post(TOKEN, data={name: value for name, value in sent.items() if value})


def exchange(site: Site, client: Registered, code: str, **body: str) -> TestResponse:
    """The redemption of a code, complete unless ``body`` says otherwise."""
    complete = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return token(site, client, **(complete | body))


def refresh(site: Site, client: Registered, refresh_token: str, **body: str) -> TestResponse:
    return token(site, client, **({"grant_type": "refresh_token", "refresh_token": refresh_token} | body))


def revoke(site: Site, client: Registered, given: str, **body: str) -> TestResponse:
    return site.browse().post(REVOKE, data=client.credentials | {"token": given} | body)


def userinfo(site: Site, access_token: str) -> TestResponse:
    return site.browse().get(USERINFO, headers={"Authorization": f"Bearer {access_token}"})


def is_alive(site: Site, client: Registered, tokens: dict[str, Any]) -> bool:
    """Whether the tokens still open userInfo and refresh; asserts that both say the same."""
    opens = userinfo(site, tokens["access_token"]).status_code == 200
    refreshes = refresh(site, client, tokens["refresh_token"]).status_code == 200
    assert opens == refreshes, f"userInfo: {opens}, refresh: {refreshes}"
    return opens


def change(site: Site, client: Registered, **spec: Any) -> None:
    """An update of the client that leaves everything else as it is."""
    present = site.services.app_clients.describe(site.pool.id, client.client_id).client.spec
    site.services.app_clients.replace(site.pool.id, client.client_id, dataclasses.replace(present, **spec))
