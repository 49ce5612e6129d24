"""AUTHZ_ISSUER: tokens in the name of another server, for a service that pins a real pool's issuer."""

import base64
import json
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from app_client_authz import AppClientAuthz, require_scope
from app_client_authz.api import local_client
from tests.support.clock import MovableClock
from tests.support.site import BASE, CALLBACK, PASSWORD, PREFIX, SIGNED_OUT, Site, claims, location, make_site

REAL = "https://cognito-idp.us-east-1.amazonaws.com"


@pytest.fixture
def site(sqlite_url_migrated: str, clock: MovableClock) -> Site:
    return make_site(sqlite_url_migrated, clock, AUTHZ_ISSUER=f"{REAL}/{{pool_id}}")


def issuer(site: Site) -> str:
    return f"{REAL}/{site.pool.id}"


def test_every_token_names_it_and_verifies_with_the_keys_that_are_served_here(site: Site) -> None:
    browser = site.browse()
    jwks = KeySet.import_key_set(browser.get(f"{PREFIX}/{site.pool.id}/.well-known/jwks.json").json)
    tokens = site.tokens(site.web)
    refreshed = browser.post(
        f"{PREFIX}/oauth2/token",
        data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **site.web.credentials},
    ).json
    machine = browser.post(
        f"{PREFIX}/oauth2/token", data={"grant_type": "client_credentials", **site.machine.credentials}
    ).json
    answer = site.browse(signed_in=True).get(site.authorize_url(site.implicit, response_type="token"))
    fragment = dict(location(answer))

    issued = [tokens["id_token"], tokens["access_token"], refreshed["id_token"], machine["access_token"]]
    for token in (*issued, fragment["access_token"]):
        assert jwt.decode(token, jwks, algorithms=["RS256"]).claims["iss"] == issuer(site)


def test_discovery_names_it_and_leads_to_the_endpoints_here(site: Site) -> None:
    document = site.browse().get(f"{PREFIX}/{site.pool.id}/.well-known/openid-configuration").json
    assert document["issuer"] == issuer(site)
    assert document["jwks_uri"] == f"{BASE}/{site.pool.id}/.well-known/jwks.json"
    assert document["token_endpoint"] == f"{BASE}/oauth2/token"


def test_its_tokens_open_what_they_would_open_otherwise(site: Site) -> None:
    browser, tokens = site.browse(), site.tokens(site.web)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.get(f"{PREFIX}/oauth2/userInfo", headers=bearer).json["username"] == site.user.username
    query = {"id_token_hint": tokens["id_token"], "logout_uri": SIGNED_OUT, "client_id": site.web.client_id}
    assert browser.get(f"{PREFIX}/logout", query_string=query).headers["Location"] == SIGNED_OUT
    refused = browser.post(
        f"{PREFIX}/oauth2/revoke", data={"token": tokens["access_token"], **site.web.credentials}
    ).json
    assert refused["error"] == "unsupported_token_type"


@pytest.mark.attack("R9")
def test_a_token_in_the_name_of_our_own_url_opens_nothing(site: Site, sqlite_url_migrated: str) -> None:
    token = site.tokens(site.web)["access_token"]
    twin = make_twin(site, sqlite_url_migrated)
    bearer = {"Authorization": f"Bearer {token}"}
    assert twin.get(f"{PREFIX}/oauth2/userInfo", headers=bearer).status_code == 401


def make_twin(site: Site, url: str) -> Any:
    """A second process on the same database, without the setting."""
    app = Flask("twin")
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI=url)
    AppClientAuthz(app, clock=site.clock)
    return app.test_client()


def test_responses_of_the_authorization_endpoint_name_it_in_the_oidc_dialect(
    sqlite_url_migrated: str, clock: MovableClock
) -> None:
    site = make_site(sqlite_url_migrated, clock, AUTHZ_DIALECT="oidc", AUTHZ_ISSUER=f"{REAL}/{{pool_id}}")
    granted = site.browse(signed_in=True).get(site.authorize_url(site.web))
    refused = site.browse().get(site.authorize_url(site.web, prompt="none"))
    page = site.browse().get(site.authorize_url(site.web, redirect_uri="https://evil.example/"))
    assert dict(location(granted))["iss"] == issuer(site)
    assert granted.headers["Location"].startswith(CALLBACK)
    assert dict(location(refused)) == {"error": "login_required", "state": "xyz", "iss": issuer(site)}
    assert page.headers["Location"].startswith(f"{PREFIX}/error?")


def test_the_json_api_issues_and_reads_it(site: Site) -> None:
    cognito = local_client.make("cognito-idp", site.services)
    client = site.client(
        client_name="app", explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    )
    signed_in = cognito.initiate_auth(
        ClientId=client.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": site.user.username, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    assert claims(signed_in["IdToken"])["iss"] == issuer(site)
    assert cognito.get_user(AccessToken=signed_in["AccessToken"])["Username"] == site.user.username


def test_guarded_views_of_the_same_app_take_its_tokens(site: Site) -> None:
    @site.app.get("/orders")
    @require_scope("orders/read")
    def orders() -> list[str]:
        return ["one"]

    browser = site.browse()
    token = browser.post(
        f"{PREFIX}/oauth2/token", data={"grant_type": "client_credentials", **site.machine.credentials}
    ).json["access_token"]
    assert browser.get("/orders", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_nobody_elses_signature_counts(site: Site) -> None:
    head, payload, signature = site.tokens(site.web)["access_token"].split(".")
    forged = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged["sub"] = "somebody"
    body = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
    bearer = {"Authorization": f"Bearer {head}.{body}.{signature}"}
    assert site.browse().get(f"{PREFIX}/oauth2/userInfo", headers=bearer).status_code == 401
