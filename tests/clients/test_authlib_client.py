"""Authlib's own client against a live server: what its users do all day."""

import secrets
from typing import Any

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from app_client_authz import AppClientAuthz
from app_client_authz.domain.client_spec import RefreshTokenRotation
from tests.clients.conftest import Live
from tests.support.site import CALLBACK, Registered

VERIFIER = "a-verifier-of-authlibs-client-0123456789-abcdefgh"


def session(client: Registered, method: str = "client_secret_basic", **more: Any) -> OAuth2Session:
    return OAuth2Session(
        client.client_id,
        client.secret,
        token_endpoint_auth_method=method if client.secret else "none",
        revocation_endpoint_auth_method=method if client.secret else "none",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        **more,
    )


def sign_in(live: Live, oauth: OAuth2Session, *, scope: str = "openid email", by_form: bool = False) -> dict[str, Any]:
    nonce = secrets.token_urlsafe(8)
    url, state = oauth.create_authorization_url(
        live.metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce=nonce, scope=scope
    )
    returned = live.sign_in(url, by_form=by_form)
    # Passing the state makes the client compare it.
    token = oauth.fetch_token(
        live.metadata["token_endpoint"], authorization_response=returned, state=state, code_verifier=VERIFIER
    )
    if "openid" in scope:
        said = live.verified(token["id_token"], aud=oauth.client_id, nonce=nonce, token_use="id")
        assert said["sub"] == live.site.user.sub
    return dict(token)


@pytest.mark.compliance("RFC 6749", "4.1", "authorization code grant")
@pytest.mark.compliance("OIDC Core", "3.1", "authentication using the code flow")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("by_form", [False, True], ids=["single sign-on", "login page"])
def test_code_with_pkce_userinfo_refresh_and_revocation(live: Live, method: str, by_form: bool) -> None:
    oauth = session(live.site.web, method)
    token = sign_in(live, oauth, by_form=by_form)
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    told = oauth.get(live.metadata["userinfo_endpoint"]).json()
    assert (told["sub"], told["email"]) == (live.site.user.sub, "kim@example.com")

    refreshed = dict(oauth.refresh_token(live.metadata["token_endpoint"]))
    assert refreshed["access_token"] != token["access_token"]
    said = live.verified(refreshed["id_token"], aud=oauth.client_id)
    assert said["auth_time"] == live.verified(token["id_token"])["auth_time"]
    assert oauth.get(live.metadata["userinfo_endpoint"]).status_code == 200

    answer = oauth.revoke_token(
        live.metadata["revocation_endpoint"], token["refresh_token"], token_type_hint="refresh_token"
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert oauth.get(live.metadata["userinfo_endpoint"]).status_code == 401
    with pytest.raises(OAuthError, match="invalid_grant"):
        oauth.refresh_token(live.metadata["token_endpoint"], token["refresh_token"])


def test_a_public_client_needs_no_secret_anywhere(live: Live) -> None:
    oauth = session(live.site.spa)
    token = sign_in(live, oauth)
    oauth.refresh_token(live.metadata["token_endpoint"], token["refresh_token"])
    answer = oauth.revoke_token(live.metadata["revocation_endpoint"], token["refresh_token"])
    assert answer.status_code == 200
    assert oauth.get(live.metadata["userinfo_endpoint"]).status_code == 401


def test_a_rotating_client_goes_on_with_its_newest_refresh_token(live: Live) -> None:
    oauth = session(live.site.client(generate_secret=True, refresh_token_rotation=RefreshTokenRotation("ENABLED", 0)))
    seen = [sign_in(live, oauth)["refresh_token"]]
    seen += [oauth.refresh_token(live.metadata["token_endpoint"])["refresh_token"] for _ in range(2)]
    assert len(set(seen)) == 3
    with pytest.raises(OAuthError, match="invalid_grant"):
        oauth.refresh_token(live.metadata["token_endpoint"], seen[0])


def test_a_token_about_to_expire_is_refreshed_by_the_client_itself(live: Live) -> None:
    oauth = session(live.site.web, token_endpoint=live.metadata["token_endpoint"])
    token = sign_in(live, oauth)
    oauth.token = token | {"expires_at": 1}
    assert oauth.get(live.metadata["userinfo_endpoint"]).status_code == 200
    assert oauth.token["access_token"] != token["access_token"]
    assert oauth.token["refresh_token"] == token["refresh_token"]


@pytest.mark.compliance("RFC 6749", "4.4", "client credentials grant")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_client_credentials(live: Live, method: str) -> None:
    machine = live.site.machine
    oauth = session(machine, method)
    token = oauth.fetch_token(live.metadata["token_endpoint"], grant_type="client_credentials", scope="orders/read")
    said = live.verified(token["access_token"], client_id=machine.client_id, token_use="access")
    assert (said["sub"], said["scope"]) == (machine.client_id, "orders/read")
    assert "refresh_token" not in token


def test_a_wrong_secret_or_verifier_is_what_the_client_says_it_is(live: Live) -> None:
    with pytest.raises(OAuthError, match="invalid_client"):
        session(Registered(live.site.machine.client, "x" * 40)).fetch_token(
            live.metadata["token_endpoint"], grant_type="client_credentials"
        )
    oauth = session(live.site.web)
    url, state = oauth.create_authorization_url(
        live.metadata["authorization_endpoint"], code_verifier=VERIFIER, scope="openid"
    )
    returned = live.sign_in(url, by_form=False)
    with pytest.raises(OAuthError, match="invalid_grant"):
        oauth.fetch_token(
            live.metadata["token_endpoint"], authorization_response=returned, state=state, code_verifier="w" * 50
        )


def test_the_published_keys_are_public_and_enough(live: Live) -> None:
    keys = requests.get(live.metadata["jwks_uri"], timeout=10).json()["keys"]
    assert [sorted(key) for key in keys] == [["alg", "e", "kid", "kty", "n", "use"]] * 2


def test_a_trigger_shapes_the_tokens_and_says_why_there_are_none(live: Live) -> None:
    authz, refuses = AppClientAuthz(), [False]

    @authz.trigger("PreTokenGeneration", app=live.site.app, version="V2_0")
    def tenants(event: dict[str, Any]) -> dict[str, Any]:
        if refuses[0]:
            raise PermissionError("tenant is suspended")
        north = {"claimsToAddOrOverride": {"tenant": {"name": "north", "seats": 3}}}
        event["response"]["claimsAndScopeOverrideDetails"] = {
            "idTokenGeneration": north,
            "accessTokenGeneration": north,
        }
        return event

    oauth = session(live.site.web)
    token = sign_in(live, oauth)
    for name in ("id_token", "access_token"):
        assert live.verified(token[name])["tenant"] == {"name": "north", "seats": 3}

    refuses[0] = True
    with pytest.raises(OAuthError, match="PreTokenGeneration failed with error tenant is suspended") as caught:
        oauth.refresh_token(live.metadata["token_endpoint"])
    assert caught.value.error == "invalid_grant"
    refuses[0] = False
    assert live.verified(oauth.refresh_token(live.metadata["token_endpoint"])["access_token"])["tenant"]
