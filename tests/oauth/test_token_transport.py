"""POST /oauth2/token: what counts as a request at all (endpoints.md 3.1, 3.3)."""

import pytest

from tests.support.back_channel import REVOKE, TOKEN, token
from tests.support.site import CALLBACK, VERIFIER, Site

MACHINE = {"grant_type": "client_credentials"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_other_methods_than_post_are_refused_without_a_body(site: Site, path: str, method: str) -> None:
    answer = site.browse().open(path, method=method, query_string=MACHINE | site.machine.credentials)
    assert (answer.status_code, answer.data) == (405, b"")
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencodedx", ""],
)
@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_a_body_that_is_no_form_is_an_invalid_request(site: Site, path: str, content_type: str) -> None:
    body = f"grant_type=client_credentials&token=x&client_id={site.machine.client_id}"
    answer = site.browse().post(path, data=body, content_type=content_type)
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_request"}')


def test_a_form_may_name_its_charset(site: Site) -> None:
    answer = site.browse().post(
        TOKEN,
        data="grant_type=client_credentials",
        content_type="application/x-www-form-urlencoded; charset=UTF-8",
        auth=site.machine.auth,
    )
    assert answer.status_code == 200


@pytest.mark.compliance("RFC 6749", "3.2", "parameters of the token endpoint stand in the body only")
@pytest.mark.attack("R8")
def test_parameters_in_the_url_of_a_token_request_are_ignored(site: Site) -> None:
    ignored = MACHINE | site.machine.credentials
    answer = site.browse().post(TOKEN, query_string=ignored, data={"unknown": "x"})
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_request"})
    credentials_in_url = site.browse().post(TOKEN, query_string=site.machine.credentials, data=MACHINE)
    assert (credentials_in_url.status_code, credentials_in_url.json) == (400, {"error": "invalid_request"})
    harmless = site.browse().post(
        TOKEN, query_string={"grant_type": "password"}, data=MACHINE | site.machine.credentials
    )
    assert harmless.status_code == 200


def test_unknown_parameters_are_ignored(site: Site) -> None:
    refresh_token = site.tokens(site.web)["refresh_token"]
    answer = token(
        site,
        site.web,
        grant_type="refresh_token",
        refresh_token=refresh_token,
        redirect_uri="https://elsewhere.example/",
        response_type="code",
        state="s",
        code="nothing",
        code_verifier="x",
    )
    assert answer.status_code == 200


@pytest.mark.compliance("RFC 6749", "3.2", "parameters are not included more than once")
@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret", "scope", "unknown"])
def test_a_repeated_parameter_is_an_invalid_request(site: Site, name: str) -> None:
    body = MACHINE | site.machine.credentials | {"scope": "orders/read", "unknown": "x"}
    twice = [*body.items(), (name, body[name])]
    answer = site.browse().post(TOKEN, data={key: [v for k, v in twice if k == key] for key, _ in twice})
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_request"}')


@pytest.mark.parametrize(
    "without",
    [
        pytest.param({"grant_type": ""}, id="no grant_type"),
        pytest.param({"grant_type": "authorization_code", "code": ""}, id="no code"),
        pytest.param({"grant_type": "authorization_code", "redirect_uri": ""}, id="no redirect_uri"),
        pytest.param({"grant_type": "refresh_token"}, id="no refresh_token"),
    ],
)
@pytest.mark.parametrize("sent", [False, True], ids=["absent", "empty"])
def test_a_missing_parameter_is_an_invalid_request(site: Site, without: dict[str, str], sent: bool) -> None:
    body = {"code": site.code(site.web), "redirect_uri": CALLBACK, "code_verifier": VERIFIER} | without
    if not sent:
        body = {name: value for name, value in body.items() if value}
    elif "refresh_token" not in body:
        body["refresh_token"] = ""
    answer = site.browse().post(TOKEN, data=body | site.web.credentials)
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_request"}')


@pytest.mark.compliance("RFC 6749", "5.2", "unsupported_grant_type")
@pytest.mark.parametrize(
    "grant_type",
    [
        "password",
        "implicit",
        "Authorization_Code",
        "authorization_code ",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        '\N{SNOWMAN}"\\',
    ],
)
def test_other_grant_types_are_unsupported(site: Site, grant_type: str) -> None:
    answer = site.browse().post(TOKEN, data={"grant_type": grant_type} | site.web.credentials)
    assert (answer.status_code, answer.data) == (400, b'{"error":"unsupported_grant_type"}')


@pytest.mark.compliance("RFC 6749", "5.1", "Cache-Control: no-store and Pragma: no-cache")
@pytest.mark.parametrize("refused", [False, True])
def test_no_answer_of_the_token_endpoint_is_kept_and_scripts_of_any_origin_read_it(site: Site, refused: bool) -> None:
    body = {"grant_type": "password" if refused else "client_credentials"}
    answer = site.browse().post(TOKEN, data=body, auth=site.machine.auth, headers={"Origin": "https://spa.example"})
    assert answer.status_code == (400 if refused else 200)
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["x-amz-cognito-request-id"]
    assert "Set-Cookie" not in answer.headers


def test_a_preflight_allows_what_browser_clients_send(site: Site) -> None:
    answer = site.browse().options(
        TOKEN,
        headers={
            "Origin": "https://spa.example",
            "Access-Control-Request-Method": "POST",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "cache-control", "x-amz-target", "x-amz-user-agent"} <= set(allowed)
