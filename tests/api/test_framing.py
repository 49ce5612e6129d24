"""What is and what is no request of ours, before any operation looks at it (api.md 1.2; SIG-6, INP)."""

import gzip
import io
import json
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app_client_authz import AppClientAuthz
from app_client_authz.api.operations import OPERATIONS
from app_client_authz.api.shapes import model
from tests.support.aws import AWS_JSON, TARGET, Wire, refusal, signed_headers
from tests.support.clock import MovableClock
from tests.support.site import PREFIX, Site, make_site

OPERATION = "DescribeUserPoolClient"
UNKNOWN = ("UnknownOperationException", None)
UNREADABLE = ("SerializationException", None)
MEBIBYTE = 1024 * 1024


@pytest.fixture
def raw(standing: Site) -> Wire:
    return Wire(standing.app)


def described(site: Site) -> dict[str, str]:
    return {"UserPoolId": site.pool.id, "ClientId": site.web.client_id}


def post(site: Site, path: str = f"{PREFIX}/", data: bytes = b"{}", **headers: str | None) -> TestResponse:
    """An unsigned POST; ``headers`` with ``_`` for ``-``, None for none."""
    named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    return site.app.test_client().post(path, data=data, headers=named)


# --- the target ------------------------------------------------------------------------------------------

NO_TARGETS = {
    "an unknown operation": f"{TARGET}.MakeCoffee",
    "an operation in lower case": f"{TARGET}.describeuserpoolclient",
    "an operation with another first letter": f"{TARGET}.describeUserPoolClient",
    "an operation of another service": "AWSCognitoIdentityService.GetId",
    "another prefix": f"AWSCognitoIdentityService.{OPERATION}",
    "another case of the prefix": f"awscognitoidentityproviderservice.{OPERATION}",
    "no prefix": OPERATION,
    "an empty prefix": f".{OPERATION}",
    "nothing": "",
    "only the prefix": TARGET,
    "only the prefix and a dot": f"{TARGET}.",
    "a version": f"{TARGET}_20160418.{OPERATION}",
    "a blank before": f" {TARGET}.{OPERATION}",
    "a blank behind": f"{TARGET}.{OPERATION} ",
    "a tab before": f"\t{TARGET}.{OPERATION}",
    "a tab behind": f"{TARGET}.{OPERATION}\t",
    "a blank within": f"{TARGET}. {OPERATION}",
    "a hash sign": f"{TARGET}#{OPERATION}",
    "two dots": f"{TARGET}..{OPERATION}",
    "two operations": f"{TARGET}.{OPERATION}.{OPERATION}",
    "the same twice": f"{TARGET}.{OPERATION},{TARGET}.{OPERATION}",
    "another one behind": f"{TARGET}.{OPERATION}, {TARGET}.InitiateAuth",
    "quotes": f'"{TARGET}.{OPERATION}"',
    "NUL": f"{TARGET}.{OPERATION}\x00",
    "a look-alike": f"{TARGET}.DescribeUserPооlClient".encode().decode("latin-1"),
    "a path": f"{TARGET}.../{OPERATION}",
    "a private name": f"{TARGET}.__class__",
    "very much": f"{TARGET}.{'x' * 100_000}",
}


@pytest.mark.attack("R19")
@pytest.mark.parametrize("kind", NO_TARGETS)
def test_a_target_is_matched_to_the_letter_and_once(standing: Site, kind: str) -> None:
    for content_type in (AWS_JSON, f"{AWS_JSON}; charset=utf-8", "application/json"):
        for body in (b"{}", b"no JSON", b""):
            answer = post(standing, data=body, Content_Type=content_type, X_Amz_Target=NO_TARGETS[kind])
            assert refusal(answer) == UNKNOWN


def test_without_a_target_a_request_of_the_aws_type_asks_for_nothing_known(standing: Site) -> None:
    assert refusal(post(standing, Content_Type=AWS_JSON)) == UNKNOWN


@pytest.mark.parametrize("operation", sorted(set(model().operations) - set(OPERATIONS)))
def test_an_operation_that_this_release_does_not_have_is_unknown(raw: Wire, operation: str) -> None:
    assert refusal(raw(operation)) == UNKNOWN
    assert refusal(raw(operation, b"no JSON", signed=False)) == UNKNOWN


@pytest.mark.parametrize(
    "more",
    [
        {"path": f"{PREFIX}/?X-Amz-Target={TARGET}.DeleteUserPoolClient&Action=DeleteUserPoolClient"},
        {"X_HTTP_Method_Override": "DELETE"},
        {"X_Amz_Target_Override": f"{TARGET}.DeleteUserPoolClient"},
    ],
)
def test_nothing_but_the_header_names_the_operation(standing: Site, more: dict[str, Any]) -> None:
    sent = {"Content_Type": AWS_JSON, "X_Amz_Target": f"{TARGET}.MakeCoffee"} | more

    assert refusal(post(standing, **sent)) == UNKNOWN


# --- the content type ------------------------------------------------------------------------------------


def test_a_plain_post_of_json_gets_the_answer_of_another_age(standing: Site) -> None:
    for body in (b"{}", b'{"a":1}', b"", b"x"):
        answer = post(standing, data=body, Content_Type="application/json")
        assert answer.status_code == 200
        assert answer.data == (
            b'{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException","message":null},"Version":"1.0"}'
        )
        assert answer.content_type == "application/json"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/x-amz-json-1.0",
        "application/x-amz-json-1.10",
        "application/x-amz-json",
        "text/plain",
        "text/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "multipart/form-data",
        "application/jsonp",
        "é".encode().decode("latin-1"),
        ';;=,"',
        f"{AWS_JSON}, {AWS_JSON}",
    ],
)
@pytest.mark.parametrize("target", [None, f"{TARGET}.{OPERATION}", f"{TARGET}.MakeCoffee"])
def test_any_other_type_is_answered_in_xml(standing: Site, content_type: str | None, target: str | None) -> None:
    for body in (b"{}", b"a=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--b--\r\n'):
        answer = post(standing, data=body, Content_Type=content_type, X_Amz_Target=target)
        assert (answer.status_code, answer.mimetype) == (404, "text/xml")
        assert answer.data.strip() == b"<UnknownOperationException/>"


@pytest.mark.parametrize(
    "content_type",
    [AWS_JSON, f"{AWS_JSON};charset=UTF-8", AWS_JSON.upper(), "application/json", "application/json; a=b"],
)
def test_our_types_get_the_plain_answer(standing: Site, content_type: str) -> None:
    body = json.dumps(described(standing)).encode()
    headers = signed_headers(OPERATION, body, **{"Content-Type": content_type})

    answer = standing.app.test_client().post(f"{PREFIX}/", data=body, headers=headers)

    assert (answer.status_code, answer.content_type) == (200, AWS_JSON)
    assert json.loads(answer.data)["UserPoolClient"]["ClientId"] == standing.web.client_id


# --- the body --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "GZIP", "x", "aws-chunked"])
def test_a_compressed_body_is_refused(standing: Site, coding: str) -> None:
    plain = json.dumps(described(standing)).encode()
    for body in (plain, gzip.compress(plain), gzip.compress(bytes(10 * MEBIBYTE))):
        headers = signed_headers(OPERATION, body, **{"Content-Encoding": coding})
        answer = standing.app.test_client().post(f"{PREFIX}/", data=body, headers=headers)
        assert refusal(answer) == UNREADABLE


def test_a_body_that_says_it_is_not_compressed_is_read(standing: Site) -> None:
    body = json.dumps(described(standing)).encode()
    headers = signed_headers(OPERATION, body, **{"Content-Encoding": "identity"})
    assert standing.app.test_client().post(f"{PREFIX}/", data=body, headers=headers).status_code == 200


@pytest.mark.parametrize("size", [MEBIBYTE + 1, 2 * MEBIBYTE])
def test_a_body_beyond_a_mebibyte_is_refused_unread_and_chunked(standing: Site, size: int) -> None:
    body = b'{"a":"' + b"x" * (size - 8) + b'"}'
    headers = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{OPERATION}"}
    chunked = {
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    for answer in (
        standing.app.test_client().post(f"{PREFIX}/", data=body, headers=headers),
        standing.app.test_client().post(f"{PREFIX}/", headers=headers, environ_overrides=chunked),
    ):
        assert refusal(answer, status=413) == ("RequestEntityTooLargeException", None)


def test_a_body_of_a_mebibyte_is_read(standing: Site) -> None:
    known = json.dumps(described(standing)).encode()
    body = known[:-1] + b',"Unknown":"' + b"x" * (MEBIBYTE - len(known) - 13) + b'"}'
    assert len(body) == MEBIBYTE

    assert Wire(standing.app)(OPERATION, body).status_code == 200


@pytest.mark.parametrize("length", ["-1", "abc", "", "99999999999999999999", "١", "1e3", "0x10"])
def test_a_content_length_that_is_wrong_is_no_failure(standing: Site, length: str) -> None:
    headers = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{OPERATION}"}
    answer = standing.app.test_client().post(
        f"{PREFIX}/", data=b"{}", headers=headers, environ_overrides={"CONTENT_LENGTH": length}
    )
    assert 400 <= answer.status_code < 500
    assert answer.content_type == AWS_JSON


def test_the_signature_is_looked_at_before_the_body(raw: Wire) -> None:
    # Nobody without a key learns what an operation takes (SIG-1).
    for body in (b"no JSON", b"[]", b"{}", b"[" * 100_000):
        code, _ = refusal(raw(OPERATION, body, signed=False))
        assert code == "MissingAuthenticationTokenException"


def test_unknown_members_are_ignored(raw: Wire, standing: Site) -> None:
    body = {**described(standing), "clientId": 1, "Action": "DeleteUserPoolClient", "X": {"Y": [None]}, "": 1}
    assert raw(OPERATION, body).data == raw(OPERATION, described(standing)).data


# --- the mount -------------------------------------------------------------------------------------------

OTHER_METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT")


@pytest.mark.parametrize("path", [PREFIX, f"{PREFIX}/"])
@pytest.mark.parametrize("method", OTHER_METHODS)
def test_below_a_prefix_other_methods_are_refused(standing: Site, path: str, method: str) -> None:
    headers = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{OPERATION}"}
    answer = standing.app.test_client().open(path, method=method, data=b"{}", headers=headers)

    assert (answer.status_code, answer.data) == (405, b"")
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.fixture(params=["its page first", "ours first"])
def host(request: pytest.FixtureRequest, sqlite_url_migrated: str) -> Flask:
    """A host with pages of its own, and the server at its root."""
    app = Flask("host")
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI=sqlite_url_migrated, AUTHZ_URL_PREFIX="")
    if request.param == "ours first":
        AppClientAuthz(app)
    app.add_url_rule("/", "start", lambda: "the host's start page")
    app.register_error_handler(404, lambda _error: ("the host's 404", 404))
    app.register_error_handler(405, lambda _error: ("the host's 405", 405))
    if request.param != "ours first":
        AppClientAuthz(app)
    return app


def test_at_the_root_of_a_host_its_own_pages_stay(host: Flask) -> None:
    browser = host.test_client()

    assert (browser.get("/").text, browser.head("/").status_code) == ("the host's start page", 200)
    assert "x-amzn-RequestId" not in browser.get("/").headers
    for method in ("PUT", "PATCH", "DELETE", "TRACE"):
        assert browser.open("/", method=method).text == "the host's 405"
    assert browser.get("/nothing").text == "the host's 404"
    assert browser.post("/nothing").text == "the host's 404"


def test_at_the_root_of_a_host_the_api_answers_post_and_preflight(host: Flask) -> None:
    browser = host.test_client()
    headers = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{OPERATION}"}

    code, _ = refusal(browser.post("/", data=b"{}", headers=headers))
    assert code == "MissingAuthenticationTokenException"
    preflight = {"Origin": "https://spa.example", "Access-Control-Request-Method": "POST"}
    answer = browser.options("/", headers=preflight | {"Access-Control-Request-Headers": "content-type,x-amz-target"})
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type,x-amz-target"
    assert answer.headers["Access-Control-Max-Age"] == "172800"


def test_at_the_root_of_a_host_without_start_page_other_methods_are_refused(
    sqlite_url_migrated: str, clock: MovableClock
) -> None:
    site = make_site(sqlite_url_migrated, clock, AUTHZ_URL_PREFIX="")
    for method in OTHER_METHODS:
        assert 400 <= site.app.test_client().open("/", method=method).status_code < 500


def test_a_site_without_this_face_has_no_api(sqlite_url_migrated: str, clock: MovableClock) -> None:
    site = make_site(sqlite_url_migrated, clock, AUTHZ_FACES=["oauth", "hosted_ui"])
    for path in (PREFIX, f"{PREFIX}/"):
        assert post(site, path, Content_Type=AWS_JSON, X_Amz_Target=f"{TARGET}.{OPERATION}").status_code == 404
