"""Client authentication, the same at every endpoint of the back channel (endpoints.md 3.2, R8, CLI-1 to CLI-9)."""

import base64
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app_client_authz.domain.client_secret import ClientSecret
from tests.support.back_channel import REVOKE, TOKEN
from tests.support.clock import MovableClock
from tests.support.site import Registered, Site

pytestmark = pytest.mark.attack("R8")

SECRET_WITH_PLUS = "plus+plus+plus+plus+plus+plus"


def basic(client_id: str, secret: str) -> dict[str, str]:
    return raw_basic(f"{client_id}:{secret}".encode())


def raw_basic(content: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(content).decode()}"}


def ask(site: Site, path: str, headers: dict[str, str] | None = None, **body: str) -> TestResponse:
    """A request that gets 200 as soon as the client is who it says."""
    complete = {"grant_type": "client_credentials"} if path == TOKEN else {"token": "unknown"}
    return site.browse().post(path, data=complete | body, headers=headers)


@pytest.fixture(params=[TOKEN, REVOKE], ids=["token", "revoke"])
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- accepted ---------------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 6749", "2.3.1", "HTTP Basic, and client_id with client_secret in the body")
def test_a_confidential_client_authenticates_by_basic_or_in_the_body(site: Site, path: str) -> None:
    assert ask(site, path, basic(*site.machine.auth)).status_code == 200
    assert ask(site, path, basic(*site.machine.auth), client_id=site.machine.client_id).status_code == 200
    assert ask(site, path, **site.machine.credentials).status_code == 200


def test_the_name_of_the_scheme_knows_no_case(site: Site, path: str) -> None:
    header = basic(*site.machine.auth)["Authorization"]
    assert ask(site, path, {"Authorization": header.replace("Basic", "bASIC")}).status_code == 200


def test_a_public_client_is_named_in_the_body_and_an_empty_secret_is_none(site: Site) -> None:
    assert ask(site, REVOKE, client_id=site.spa.client_id).status_code == 200
    assert ask(site, REVOKE, client_id=site.spa.client_id, client_secret="").status_code == 200
    assert ask(site, REVOKE, basic(site.spa.client_id, "")).status_code == 200


@pytest.mark.compliance("RFC 6749", "2.3.1", "the parts of Basic credentials are form-encoded")
def test_a_secret_with_a_plus_is_taken_raw_and_form_encoded(site: Site) -> None:
    client = site.client(client_secret=SECRET_WITH_PLUS)
    for spelled in (SECRET_WITH_PLUS, SECRET_WITH_PLUS.replace("+", "%2B")):
        assert ask(site, REVOKE, basic(client.client_id, spelled)).status_code == 200
    assert ask(site, REVOKE, **client.credentials).status_code == 200


# --- refused ----------------------------------------------------------------------------------------


def wrong(site: Site, how: str) -> tuple[dict[str, str] | None, dict[str, str]]:
    """Headers and body of a request whose client does not prove to be ``machine``."""
    client_id, secret = site.machine.auth
    other = site.web
    cases: dict[str, tuple[dict[str, str] | None, dict[str, str]]] = {
        "unknown client, basic": (basic("nosuchclient", secret), {}),
        "unknown client, body": (None, {"client_id": "nosuchclient", "client_secret": secret}),
        "unknown client, public": (None, {"client_id": "nosuchclient"}),
        "a client ID that can be none": (None, {"client_id": "no such ' client\N{SNOWMAN}"}),
        "wrong secret, basic": (basic(client_id, "wrong"), {}),
        "wrong secret, body": (None, {"client_id": client_id, "client_secret": "wrong"}),
        "secret cut short": (basic(client_id, secret[:-1]), {}),
        "secret with more behind": (basic(client_id, secret + "x"), {}),
        "another client's secret": (basic(client_id, str(other.secret)), {}),
        "secret in another case": (basic(client_id, secret.upper()), {}),
        "no secret": (None, {"client_id": client_id}),
        "empty secret, body": (None, {"client_id": client_id, "client_secret": ""}),
        "empty secret, basic": (basic(client_id, ""), {}),
        "secret with surrogates": (None, {"client_id": client_id, "client_secret": "\N{SNOWMAN}" * 30}),
        "public client with a secret": (None, {"client_id": site.spa.client_id, "client_secret": "x" * 40}),
        "public client with a secret, basic": (basic(site.spa.client_id, "x" * 40), {}),
        "header and body name two clients": (basic(client_id, secret), {"client_id": other.client_id}),
        "both methods": (basic(client_id, secret), {"client_id": client_id, "client_secret": secret}),
        "both methods, wrong in the header": (basic(client_id, "x"), {"client_secret": secret}),
        "two headers": ({"Authorization": ", ".join([basic(client_id, secret)["Authorization"]] * 2)}, {}),
        "broken header beside a right body": ({"Authorization": "Basic %%%"}, site.machine.credentials),
        "another scheme": ({"Authorization": f"Bearer {secret}"}, {"client_id": client_id}),
        "Digest": ({"Authorization": f'Digest username="{client_id}"'}, {}),
        "DPoP": ({"Authorization": f"DPoP {secret}"}, {"client_id": client_id}),
        "assertion": (
            None,
            {
                "client_id": client_id,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": "e30.e30.x",
            },
        ),
        "assertion beside a right secret": (
            None,
            site.machine.credentials | {"client_assertion": "e30.e30.x"},
        ),
        "scheme alone": ({"Authorization": "Basic"}, {}),
        "no base64": ({"Authorization": "Basic !!!!"}, {}),
        "base64 without padding": ({"Authorization": "Basic YTpiYw"}, {}),
        "no colon": (raw_basic(client_id.encode()), {}),
        "no client ID": (raw_basic(b":" + secret.encode()), {}),
        "NUL": (raw_basic(f"{client_id}\0:{secret}".encode()), {}),
        "no UTF-8": (raw_basic(b"\xff\xfe:" + secret.encode()), {}),
    }
    return cases[how]


HOW = [
    "unknown client, basic",
    "unknown client, body",
    "unknown client, public",
    "a client ID that can be none",
    "wrong secret, basic",
    "wrong secret, body",
    "secret cut short",
    "secret with more behind",
    "another client's secret",
    "secret in another case",
    "no secret",
    "empty secret, body",
    "empty secret, basic",
    "secret with surrogates",
    "public client with a secret",
    "public client with a secret, basic",
    "header and body name two clients",
    "both methods",
    "both methods, wrong in the header",
    "two headers",
    "broken header beside a right body",
    "another scheme",
    "Digest",
    "DPoP",
    "assertion",
    "assertion beside a right secret",
    "scheme alone",
    "no base64",
    "base64 without padding",
    "no colon",
    "no client ID",
    "NUL",
    "no UTF-8",
]


@pytest.mark.parametrize("how", HOW)
def test_a_failed_authentication_is_invalid_client_400_at_token_and_401_at_revoke(
    site: Site, path: str, how: str
) -> None:
    headers, body = wrong(site, how)
    answer = ask(site, path, headers, **body)
    assert (answer.status_code, answer.data) == (400 if path == TOKEN else 401, b'{"error":"invalid_client"}')
    challenged = answer.headers.get("WWW-Authenticate")
    assert challenged == ('Basic realm="oauth2"' if path == REVOKE and headers else None)
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.compliance("RFC 6749", "5.2", "invalid_client is 401 with a challenge if the header was used")
@pytest.mark.parametrize("how", HOW)
def test_in_the_oidc_dialect_a_failed_authentication_is_401_everywhere(oidc_site: Site, path: str, how: str) -> None:
    headers, body = wrong(oidc_site, how)
    answer = ask(oidc_site, path, headers, **body)
    assert (answer.status_code, answer.data) == (401, b'{"error":"invalid_client"}')
    assert answer.headers.get("WWW-Authenticate") == ('Basic realm="oauth2"' if headers else None)


def test_a_request_that_names_no_client_is_an_invalid_request(site: Site, path: str) -> None:
    answer = ask(site, path)
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_request"}')
    secret_only = ask(site, path, client_secret=str(site.machine.secret))
    assert (secret_only.status_code, secret_only.data) == (400, b'{"error":"invalid_request"}')


def test_credentials_in_the_url_do_not_count(site: Site, path: str) -> None:
    complete = {"grant_type": "client_credentials", "token": "unknown"}
    answer = site.browse().post(path, query_string=site.machine.credentials, data=complete)
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_request"})


def test_a_session_cookie_is_no_client_authentication(site: Site, path: str) -> None:
    complete = {"grant_type": "client_credentials", "token": "unknown", "client_id": site.machine.client_id}
    answer = site.browse(signed_in=True).post(path, data=complete)
    assert answer.json == {"error": "invalid_client"}


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_an_unknown_client_costs_the_same_comparison_as_a_wrong_secret(
    site: Site, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    matches = ClientSecret.matches

    def counted(self: ClientSecret, presented: str) -> bool:
        compared.append(presented)
        return matches(self, presented)

    monkeypatch.setattr(ClientSecret, "matches", counted)
    client_id = site.machine.client_id if known else "nosuchclient"
    assert ask(site, TOKEN, basic(client_id, "wrong")).json == {"error": "invalid_client"}
    assert compared == ["wrong"]


# --- every grant, and secrets that come and go ------------------------------------------------------


@pytest.mark.compliance("RFC 6749", "3.2.1", "confidential clients authenticate at the token endpoint")
@pytest.mark.parametrize("grant_type", ["authorization_code", "refresh_token", "client_credentials"])
def test_no_grant_works_for_a_confidential_client_without_its_secret(site: Site, grant_type: str) -> None:
    tokens = site.tokens(site.web)
    code = site.code(site.web)
    body = {
        "grant_type": grant_type,
        "code": code,
        "code_verifier": "v" * 50,
        "redirect_uri": "https://app.example/cb",
        "refresh_token": tokens["refresh_token"],
        "client_id": site.web.client_id,
    }
    answer = site.browse().post(TOKEN, data=body)
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_client"})


def test_a_failed_authentication_leaves_the_code_usable(site: Site) -> None:
    # Go's oauth2 finds out by trying: Basic first, then the body.
    body = {
        "grant_type": "authorization_code",
        "code": site.code(site.web),
        "code_verifier": "v" * 50,
        "redirect_uri": "https://app.example/cb",
    }
    first = site.browse().post(TOKEN, data=body, headers=basic(site.web.client_id, "wrong"))
    assert first.json == {"error": "invalid_client"}
    assert site.browse().post(TOKEN, data=body | site.web.credentials).status_code == 200


def test_either_of_two_secrets_opens_and_a_deleted_one_stops_at_once(
    site: Site, clock: MovableClock, path: str
) -> None:
    old = site.machine.client.secrets[0]
    clock.advance(10)
    _, second = site.services.app_clients.add_secret(site.pool.id, site.machine.client_id)
    for secret in (str(site.machine.secret), second):
        assert ask(site, path, basic(site.machine.client_id, secret)).status_code == 200
    site.services.app_clients.delete_secret(site.pool.id, site.machine.client_id, old.secret_id)
    assert ask(site, path, basic(*site.machine.auth)).json == {"error": "invalid_client"}
    assert ask(site, path, basic(site.machine.client_id, second)).status_code == 200


def test_a_deleted_client_is_an_unknown_client(site: Site, path: str) -> None:
    assert ask(site, path, basic(*site.machine.auth)).status_code == 200
    site.services.app_clients.delete(site.pool.id, site.machine.client_id)
    assert ask(site, path, basic(*site.machine.auth)).json == {"error": "invalid_client"}


@pytest.mark.parametrize("client", ["web", "spa"])
def test_each_client_is_known_by_its_own_credentials_only(site: Site, client: str) -> None:
    registered: Registered = getattr(site, client)
    body: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": site.tokens(registered)["refresh_token"]}
    assert site.browse().post(TOKEN, data=body | registered.credentials).status_code == 200
    other = site.client(generate_secret=registered.secret is not None)
    answer = site.browse().post(TOKEN, data=body | other.credentials)
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_grant"})
