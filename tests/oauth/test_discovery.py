"""Discovery document and JWKS of a pool (endpoints.md 9; JWT-8, JWT-9, R23)."""

import base64
import json
from pathlib import Path

import pytest
from flask import Response, request

from app_client_authz.domain.pool import PoolSpec
from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate
from tests.support.doors import check_headers_come_once
from tests.support.site import BASE, PREFIX, Site, claims, make_site

CONFIGURATION = "/.well-known/openid-configuration"
JWKS = "/.well-known/jwks.json"


def at(site: Site, document: str, **request: object) -> object:
    return site.browse().get(f"{PREFIX}/{site.pool.id}{document}", **request)


def cognitos(base: str, issuer: str) -> dict[str, object]:
    return {
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "code_challenge_methods_supported": ["S256"],
        "end_session_endpoint": f"{base}/logout",
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": f"{base}/oauth2/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": f"{base}/oauth2/userInfo",
    }


# --- the configuration document ---------------------------------------------------------------------


@pytest.mark.compliance("OIDC Discovery", "4.2", "the configuration response")
def test_the_configuration_document_is_cognitos_with_keys_in_alphabetical_order(site: Site) -> None:
    answer = at(site, CONFIGURATION)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.json == cognitos(BASE, site.issuer)
    assert list(answer.json) == sorted(answer.json)


@pytest.mark.compliance("OIDC Discovery", "3", "provider metadata")
def test_the_oidc_dialect_adds_what_strict_clients_look_for(oidc_site: Site) -> None:
    document = at(oidc_site, CONFIGURATION).json
    assert list(document) == sorted(document)
    added = {name: value for name, value in document.items() if name not in cognitos("", "")}
    assert {name: added[name] for name in added if name != "claims_supported"} == {
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token", "client_credentials"],
        "prompt_values_supported": ["none", "login"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "response_modes_supported": ["query", "fragment"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
    assert {"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "email"} <= set(document["claims_supported"])
    same = cognitos(BASE, oidc_site.issuer)
    del same["scopes_supported"]
    assert {name: document[name] for name in same} == same


def test_a_change_of_dialect_shows_within_seconds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "grant_types_supported" not in at(site, CONFIGURATION).json
    site.services.pools.replace(site.pool.id, PoolSpec(name="demo", dialect="oidc"))
    monkeypatch.setattr("time.monotonic", lambda: 1e9)
    assert "grant_types_supported" in at(site, CONFIGURATION).json


@pytest.mark.compliance("OIDC Discovery", "4.3", "the issuer is that of the ID tokens")
def test_issuer_and_keys_are_those_of_the_tokens(site: Site) -> None:
    tokens = site.tokens(site.web)
    keys = {key["kid"] for key in at(site, JWKS).json["keys"]}
    kids = set()
    for token in (tokens["id_token"], tokens["access_token"]):
        assert claims(token)["iss"] == at(site, CONFIGURATION).json["issuer"]
        kids.add(json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"])
    assert kids == keys


def test_every_advertised_endpoint_exists(site: Site) -> None:
    for name, url in at(site, CONFIGURATION).json.items():
        if name.endswith(("_endpoint", "_uri")):
            assert site.browse().get(url.removeprefix("http://localhost")).status_code != 404, name


# --- jwks ---------------------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 7517", "5", "a JWK set")
@pytest.mark.attack("R10")
def test_the_jwks_holds_the_public_members_of_two_keys_in_cognitos_order(site: Site) -> None:
    answer = at(site, JWKS)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert list(answer.json) == ["keys"]
    assert len(answer.json["keys"]) == 2
    for key in answer.json["keys"]:
        assert list(key) == ["alg", "e", "kid", "kty", "n", "use"]
        assert (key["alg"], key["e"], key["kty"], key["use"]) == ("RS256", "AQAB", "RSA", "sig")
        assert len(base64.b64decode(key["kid"], validate=True)) == 32
        assert len(base64.urlsafe_b64decode(key["n"] + "==")) == 256


def test_the_key_of_id_tokens_is_published_first(site: Site) -> None:
    id_token = site.tokens(site.web)["id_token"]
    kid = json.loads(base64.urlsafe_b64decode(id_token.split(".")[0] + "=="))["kid"]
    assert at(site, JWKS).json["keys"][0]["kid"] == kid


@pytest.mark.attack("R23")
def test_another_pool_has_other_keys(site: Site) -> None:
    other = site.services.pools.create(PoolSpec(name="other"))
    theirs = site.browse().get(f"{PREFIX}/{other.id}{JWKS}").json["keys"]
    ours = at(site, JWKS).json["keys"]
    assert not {key["kid"] for key in theirs} & {key["kid"] for key in ours}


def test_a_deleted_pool_publishes_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert at(site, JWKS).status_code == at(site, CONFIGURATION).status_code == 200
    site.services.pools.delete(site.pool.id)
    monkeypatch.setattr("time.monotonic", lambda: 1e9)
    assert at(site, JWKS).status_code == at(site, CONFIGURATION).status_code == 404


# --- as HTTP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [CONFIGURATION, JWKS])
def test_the_documents_may_be_kept_for_five_minutes(site: Site, document: str) -> None:
    answer = at(site, document)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Pragma" not in answer.headers
    assert "Expires" not in answer.headers
    assert "Vary" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.compliance("RFC 9110", "13.1.2", "If-None-Match")
@pytest.mark.parametrize("document", [CONFIGURATION, JWKS])
def test_a_known_etag_is_answered_with_304(site: Site, document: str) -> None:
    first = at(site, document)
    etag = first.headers["ETag"]
    again = at(site, document, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == etag
    assert again.headers["Cache-Control"] == "public, max-age=300"
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    changed = at(site, document, headers={"If-None-Match": '"other"'})
    assert (changed.status_code, changed.data) == (200, first.data)


@pytest.mark.parametrize("document", [CONFIGURATION, JWKS])
def test_a_hook_of_the_host_may_change_a_document(site: Site, document: str) -> None:
    @site.app.after_request
    def add_a_line(response: Response) -> Response:
        response.set_data(response.get_data() + b"\n")
        response.headers["X-Host"] = "hook"
        return response

    answer = at(site, document)
    assert answer.data.endswith(b"}\n")
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers["X-Host"] == "hook"


def test_new_keys_give_the_jwks_a_new_etag(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    etag = at(site, JWKS).headers["ETag"]
    site.services.keys.stage(site.pool.id)
    monkeypatch.setattr("time.monotonic", lambda: 1e9)
    answer = at(site, JWKS, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert len(answer.json["keys"]) == 4


@pytest.mark.parametrize("document", [CONFIGURATION, JWKS])
def test_head_gives_the_headers_alone(site: Site, document: str) -> None:
    answer = site.browse().head(f"{PREFIX}/{site.pool.id}{document}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["ETag"] == at(site, document).headers["ETag"]


@pytest.mark.attack("R19")
@pytest.mark.parametrize("document", [CONFIGURATION, JWKS])
@pytest.mark.parametrize("pool_id", ["us-east-1_nobody000", "x", "%00", "%ED%A0%80", "é", "..", "a" * 3000, "'", "{}"])
def test_a_pool_that_does_not_exist_is_a_404(site: Site, document: str, pool_id: str) -> None:
    answer = site.browse().get(f"{PREFIX}/{pool_id}{document}")
    assert (answer.status_code, answer.json) == (404, {"message": "User pool does not exist."})
    assert answer.content_type == "application/json;charset=UTF-8"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_pool_id_is_case_sensitive(site: Site) -> None:
    assert site.browse().get(f"{PREFIX}/{site.pool.id.swapcase()}{JWKS}").status_code == 404


# --- where the issuer comes from (R23) ------------------------------------------------------------------


FOREIGN = [
    "evil.example",
    "evil.example:5000",
    "localhost.evil.example",
    "localhost@evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.1",
    "0.0.0.0",
    "evil.example:80:80",
    "",
]


@pytest.mark.attack("R23")
@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("document", [CONFIGURATION, "/../oauth2/authorize"])
def test_a_host_that_is_not_this_machine_is_refused_without_a_public_url(site: Site, host: str, document: str) -> None:
    path = "/oauth2/authorize?client_id=x" if ".." in document else f"/{site.pool.id}{document}"
    answer = site.browse().get(PREFIX + path, headers={"Host": host})
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"
    assert "evil" not in answer.text
    assert "Location" not in answer.headers


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_a_loopback_host_is_its_own_base(site: Site, host: str) -> None:
    document = at(site, CONFIGURATION, headers={"Host": host}).json
    assert document == cognitos(f"http://{host}{PREFIX}", f"http://{host}{PREFIX}/{site.pool.id}")


@pytest.mark.attack("R23")
@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "Forwarded", "X-Host"]
)
def test_forwarded_headers_count_only_where_the_host_app_trusts_its_proxy(site: Site, header: str) -> None:
    document = at(
        site, CONFIGURATION, headers={header: "host=evil.example" if header == "Forwarded" else "evil.example"}
    )
    assert document.json == cognitos(BASE, site.issuer)


@pytest.fixture
def public(sqlite_template: SqliteTemplate, tmp_path: Path, clock: MovableClock) -> Site:
    url = sqlite_template.copy_to(tmp_path / "public.sqlite").render_as_string()
    return make_site(url, clock, AUTHZ_PUBLIC_URL="https://login.example.com/sso")


@pytest.mark.attack("R23")
@pytest.mark.parametrize("host", ["evil.example", "localhost", "login.example.com"])
def test_a_public_url_is_the_base_whatever_host_asks(public: Site, host: str) -> None:
    base = "https://login.example.com/sso"
    answer = at(public, CONFIGURATION, headers={"Host": host})
    assert answer.json == cognitos(base, f"{base}/{public.pool.id}")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.attack("R23")
def test_a_token_of_one_base_says_nothing_at_another(site: Site) -> None:
    token = site.tokens(site.web)["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert site.browse().get(f"{PREFIX}/oauth2/userInfo", headers=bearer).status_code == 200
    other = site.browse().get(f"{PREFIX}/oauth2/userInfo", headers=bearer | {"Host": "127.0.0.1"})
    assert other.status_code == 401


def test_redirects_to_our_own_pages_follow_the_public_path(public: Site) -> None:
    answer = public.browse().get(public.authorize_url(public.web), headers={"Host": "evil.example"})
    assert answer.headers["Location"].startswith("/sso/login?client_id=")
    refused = public.browse().get(f"{PREFIX}/oauth2/authorize", headers={"Host": "evil.example"})
    assert refused.headers["Location"] == "/sso/error?error=Required+parameters+missing"


@pytest.mark.parametrize("document", [CONFIGURATION, JWKS])
def test_each_header_of_a_document_comes_once(site: Site, document: str) -> None:
    whole = at(site, document)
    check_headers_come_once(whole)

    check_headers_come_once(at(site, document, headers={"If-None-Match": whole.headers["ETag"]}))


@pytest.mark.parametrize("document", [CONFIGURATION, JWKS])
def test_hooks_of_the_host_do_to_a_document_what_they_do_to_any_answer(site: Site, document: str) -> None:
    closed: list[str] = []

    @site.app.after_request
    def change(response: Response) -> Response:
        response.call_on_close(lambda: closed.append("closed"))
        if "X-Change" in request.headers:
            response.set_data("{}")
        return response

    changed = at(site, document, headers={"X-Change": "1"})
    assert (changed.json, changed.headers["Content-Length"]) == ({}, "2")
    changed.close()
    at(site, document).close()
    assert closed == ["closed", "closed"]


@pytest.mark.parametrize("document", [CONFIGURATION, JWKS])
def test_head_of_a_document_has_its_length_and_no_body(site: Site, document: str) -> None:
    whole = at(site, document)
    head = site.browse().head(f"{PREFIX}/{site.pool.id}{document}")

    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"] == str(len(whole.data))
