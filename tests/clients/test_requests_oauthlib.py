"""requests-oauthlib, a second client that is not ours, against a live server."""

from typing import Any

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError, InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from app_client_authz.domain.client_spec import RefreshTokenRotation
from tests.clients.conftest import Live
from tests.support.site import CALLBACK, Registered


def basic(client: Registered) -> HTTPBasicAuth:
    return HTTPBasicAuth(*client.auth)


def sign_in(
    live: Live, client: Registered, *, by_form: bool = False, **how: Any
) -> tuple[OAuth2Session, dict[str, Any]]:
    oauth = OAuth2Session(client.client_id, redirect_uri=CALLBACK, scope=["openid", "email"], pkce="S256")
    url, _ = oauth.authorization_url(live.metadata["authorization_endpoint"], nonce="n-1")
    token = oauth.fetch_token(
        live.metadata["token_endpoint"], authorization_response=live.sign_in(url, by_form=by_form), **how
    )
    said = live.verified(token["id_token"], aud=client.client_id, nonce="n-1", token_use="id")
    assert (said["sub"], said["email_verified"]) == (live.site.user.sub, True)
    return oauth, dict(token)


def revoke(live: Live, oauth: OAuth2Session, token: str, auth: HTTPBasicAuth | None) -> requests.Response:
    url, headers, body = oauth._client.prepare_token_revocation_request(
        live.metadata["revocation_endpoint"],
        token,
        token_type_hint="refresh_token",
        **({} if auth else {"client_id": oauth.client_id}),
    )
    return requests.post(url, headers=headers, data=body, auth=auth, timeout=10)


@pytest.mark.compliance("RFC 6749", "4.1", "authorization code grant")
@pytest.mark.compliance("RFC 7636", "4", "proof key for code exchange")
@pytest.mark.parametrize("by_form", [False, True], ids=["single sign-on", "login page"])
def test_code_with_pkce_userinfo_refresh_and_revocation(live: Live, by_form: bool) -> None:
    web = live.site.web
    oauth, token = sign_in(live, web, by_form=by_form, auth=basic(web))
    told = oauth.get(live.metadata["userinfo_endpoint"]).json()
    assert (told["sub"], told["email"]) == (live.site.user.sub, "kim@example.com")

    refreshed = oauth.refresh_token(live.metadata["token_endpoint"], auth=basic(web))
    assert refreshed["access_token"] != token["access_token"]
    # Without rotation none comes back, and the client keeps the one it has.
    assert refreshed["refresh_token"] == token["refresh_token"]
    live.verified(refreshed["id_token"], aud=web.client_id)

    answer = revoke(live, oauth, token["refresh_token"], basic(web))
    assert (answer.status_code, answer.content) == (200, b"")
    assert oauth.get(live.metadata["userinfo_endpoint"]).status_code == 401
    with pytest.raises(InvalidGrantError):
        oauth.refresh_token(live.metadata["token_endpoint"], auth=basic(web))


def test_a_secret_in_the_body(live: Live) -> None:
    web = live.site.web
    oauth, _ = sign_in(live, web, include_client_id=True, client_secret=web.secret)
    refreshed = oauth.refresh_token(live.metadata["token_endpoint"], **web.credentials)
    live.verified(refreshed["access_token"], client_id=web.client_id, token_use="access")


def test_a_public_client(live: Live) -> None:
    spa = live.site.spa
    oauth, token = sign_in(live, spa, include_client_id=True)
    oauth.refresh_token(live.metadata["token_endpoint"], client_id=spa.client_id)
    assert revoke(live, oauth, token["refresh_token"], None).status_code == 200
    assert oauth.get(live.metadata["userinfo_endpoint"]).status_code == 401


def test_a_rotating_client_goes_on_with_its_newest_refresh_token(live: Live) -> None:
    client = live.site.client(generate_secret=True, refresh_token_rotation=RefreshTokenRotation("ENABLED", 0))
    oauth, token = sign_in(live, client, auth=basic(client))
    seen = [token["refresh_token"]]
    seen += [
        oauth.refresh_token(live.metadata["token_endpoint"], auth=basic(client))["refresh_token"] for _ in range(2)
    ]
    assert len(set(seen)) == 3
    with pytest.raises(InvalidGrantError):
        oauth.refresh_token(live.metadata["token_endpoint"], refresh_token=seen[0], auth=basic(client))


@pytest.mark.parametrize("in_body", [False, True], ids=["basic", "post"])
def test_client_credentials(live: Live, in_body: bool) -> None:
    machine = live.site.machine
    oauth = OAuth2Session(client=BackendApplicationClient(machine.client_id, scope=["orders/write"]))
    how: dict[str, Any] = (
        {"include_client_id": True, "client_secret": machine.secret} if in_body else {"auth": basic(machine)}
    )
    token = oauth.fetch_token(live.metadata["token_endpoint"], **how)
    said = live.verified(token["access_token"], client_id=machine.client_id, token_use="access")
    assert said["scope"] == "orders/write"


def test_a_wrong_secret_is_an_invalid_client(live: Live) -> None:
    oauth = OAuth2Session(client=BackendApplicationClient(live.site.machine.client_id))
    with pytest.raises(InvalidClientError):
        oauth.fetch_token(live.metadata["token_endpoint"], auth=HTTPBasicAuth(live.site.machine.client_id, "wrong"))
