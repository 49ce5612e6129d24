"""Signed requests, with botocore's signer as the reference (SIG-1 to SIG-7)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, TestResponse

from app_client_authz.api.operations import OPERATIONS, PUBLIC
from app_client_authz.api.shapes import model
from app_client_authz.crypto import sigv4 as crypto_sigv4
from tests.support.aws import (
    ACCESS_KEY,
    AWS_JSON,
    REGION,
    SECRET_KEY,
    TARGET,
    Wire,
    authorization,
    boto_client,
    refusal,
    signed_headers,
)
from tests.support.clock import MovableClock
from tests.support.live import LiveServer
from tests.support.site import PREFIX, Site, make_site

OPERATION = "DescribeUserPoolClient"
MISMATCH = (
    "InvalidSignatureException",
    (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access"
        " Key and signing method. Consult the service documentation for details."
    ),
)
UNKNOWN_KEY = ("UnrecognizedClientException", "The security token included in the request is invalid.")
NO_TOKEN = ("MissingAuthenticationTokenException", "Missing Authentication Token")
OUTSIDE = "https://login.example.com/idp"


def described(site: Site) -> bytes:
    return json.dumps({"UserPoolId": site.pool.id, "ClientId": site.web.client_id}).encode()


def send(
    site: Site, headers: dict[str, str], body: bytes | None = None, path: str = f"{PREFIX}/", **environ: str
) -> TestResponse:
    """A request as it stands, signed or not."""
    octets = described(site) if body is None else body
    return site.app.test_client().post(path, data=octets, headers=headers, environ_overrides=environ)


def signed(site: Site, **options: Any) -> dict[str, str]:
    return signed_headers(OPERATION, described(site), **options)


def opened(answer: TestResponse) -> bool:
    """The signature was accepted: whatever came then came from the operation."""
    assert answer.status_code == 200, answer.text
    return "ClientId" in json.loads(answer.data)["UserPoolClient"]


# --- what is accepted ------------------------------------------------------------------------------------


def test_the_signature_of_a_published_example_is_calculated() -> None:
    # "Create a signed AWS API request" in the IAM user guide: ListUsers of 2015-08-30.
    to_sign = (
        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    )
    scope = {"date": "20150830", "region": "us-east-1", "service": "iam"}
    published = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

    assert crypto_sigv4.signs_one_of(["another", to_sign], published, secret=secret, **scope)
    assert not crypto_sigv4.signs_one_of(["another"], published, secret=secret, **scope)
    assert not crypto_sigv4.signs_one_of([to_sign], published, secret=secret + "x", **scope)


@pytest.mark.parametrize("slash", ["", "/"])
def test_boto3_signs_with_and_without_the_slash_of_its_endpoint(
    standing: Site, live_server: Callable[..., LiveServer], slash: str
) -> None:
    url = live_server(standing.app).url
    cognito = boto_client(url, path=PREFIX + slash)

    answer = cognito.describe_user_pool_client(UserPoolId=standing.pool.id, ClientId=standing.web.client_id)
    assert answer["UserPoolClient"]["ClientName"] == "web"
    cognito.close()


@pytest.mark.parametrize("path", [PREFIX, f"{PREFIX}/"])
@pytest.mark.parametrize("query", ["", "?a=b", "?b=2&a=1&a=0", "?flag", "?a=%20x%2Fy&b=", "?x=%C3%A9", "?a=b=c"])
def test_path_and_query_are_signed_as_they_are_sent(standing: Site, path: str, query: str) -> None:
    headers = signed(standing, url=f"http://localhost{path}{query}")

    assert opened(send(standing, headers, path=path + query))


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"X-Amz-User-Agent": "a   b \t c  "}, id="blanks"),
        pytest.param({"X-Amz-User-Agent": "größe"}, id="octets beyond ASCII"),
        pytest.param({"amz-sdk-request": "attempt=1", "amz-sdk-invocation-id": "x"}, id="of an SDK"),
        pytest.param({"Accept-Encoding": "identity", "Zebra": "1", "Aardvark": "2"}, id="of any name"),
        pytest.param({"X-Amz-Content-SHA256": "UNREAD"}, id="the hash of a body"),
    ],
)
def test_headers_of_all_kinds_can_be_signed(standing: Site, more: dict[str, str]) -> None:
    if "X-Amz-Content-SHA256" in more:
        more = {"X-Amz-Content-SHA256": hashlib.sha256(described(standing)).hexdigest()}
    headers = {name: value.encode().decode("latin-1") for name, value in signed(standing, **more).items()}
    backwards = dict(reversed(headers.items()))

    assert opened(send(standing, headers))
    assert opened(send(standing, {name.upper(): value for name, value in backwards.items()}))


def test_content_length_may_be_signed_as_the_sdk_for_go_does(standing: Site) -> None:
    headers = signed(standing, **{"Content-Length": str(len(described(standing)))})

    assert "content-length" in headers["Authorization"]
    assert opened(send(standing, headers))


def test_a_session_token_is_one_more_signed_header(standing: Site) -> None:
    headers = signed(standing, token="a-session-token")

    assert "x-amz-security-token" in headers["Authorization"]
    assert opened(send(standing, headers))
    assert refusal(send(standing, headers | {"X-Amz-Security-Token": "another"})) == MISMATCH


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1:8443", "LOCALHOST", "[::1]:5000"])
def test_a_port_is_part_of_the_signed_host(standing: Site, host: str) -> None:
    headers = signed(standing, url=f"http://{host}{PREFIX}/", Host=host)

    assert opened(send(standing, headers, HTTP_HOST=host))
    assert refusal(send(standing, headers, HTTP_HOST="localhost:5001")) == MISMATCH


@pytest.mark.parametrize("mount", ["/site", "/my app", "/größe", "/a%b+c"])
def test_a_site_below_another_path_is_signed_with_that_path(standing: Site, mount: str) -> None:
    below = Client(DispatcherMiddleware(Flask("outer"), {mount.encode().decode("latin-1"): standing.app}))
    headers = signed(standing, url=f"http://localhost{quote(mount)}{PREFIX}/")

    answer = below.post(f"{quote(mount)}{PREFIX}/", data=described(standing), headers=headers)
    assert opened(answer)


def test_a_site_without_prefix_is_signed_at_the_root(sqlite_url_migrated: str, clock: MovableClock) -> None:
    site = make_site(sqlite_url_migrated, clock, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY}, AUTHZ_URL_PREFIX="")

    assert opened(send(site, signed(site, url="http://localhost/"), path="/"))
    assert opened(send(site, signed(site, url="http://localhost"), path="/"))


@pytest.mark.attack("R24")
def test_a_replay_is_accepted_for_five_minutes_and_no_longer(site: Site, clock: MovableClock) -> None:
    headers = signed(site)

    assert opened(send(site, headers))
    clock.advance(298)
    assert opened(send(site, headers))
    clock.advance(4)
    code, message = refusal(send(site, headers))
    assert code == "InvalidSignatureException"
    assert message is not None
    assert message.startswith(f"Signature expired: {headers['X-Amz-Date']} is now earlier than 20")
    assert message.endswith("Z - 5 min.)")


def test_a_clock_may_be_five_minutes_fast_and_no_more(site: Site, clock: MovableClock) -> None:
    headers = signed(site)

    clock.advance(-298)
    assert opened(send(site, headers))
    clock.advance(-4)
    code, message = refusal(send(site, headers))
    assert code == "InvalidSignatureException"
    assert message is not None
    assert message.startswith(f"Signature not yet current: {headers['X-Amz-Date']} is still later than 20")
    assert message.endswith("Z + 5 min.)")


# --- what is not -----------------------------------------------------------------------------------------


def _authorization(change: Callable[[str], str]) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: headers | {"Authorization": change(headers["Authorization"])}


def _header(name: str, value: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: headers | {name: value}


def _without(name: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {key: value for key, value in headers.items() if key != name}


def _signature(change: Callable[[str], str]) -> Callable[[dict[str, str]], dict[str, str]]:
    def changed(value: str) -> str:
        before, _, signature = value.partition("Signature=")
        return f"{before}Signature={change(signature)}"

    return _authorization(changed)


TAMPERED: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "another target": _header("X-Amz-Target", f"{TARGET}.DeleteUserPoolClient"),
    "another content type of ours": _header("Content-Type", "application/json"),
    "another host": _header("Host", "127.0.0.1"),
    "an x-amz header that is not signed": _header("X-Amz-Added", "x"),
    "a session token that is not signed": _header("X-Amz-Security-Token", "x"),
    "a date that differs by a second": lambda headers: (
        headers | {"X-Amz-Date": f"{headers['X-Amz-Date'][:-2]}{(int(headers['X-Amz-Date'][-2]) + 1) % 10}Z"}
    ),
    "a signature with another digit": _signature(lambda value: ("0" if value[0] != "0" else "1") + value[1:]),
    "a signature in capitals": _signature(str.upper),
    "a shorter signature": _signature(lambda value: value[:-1]),
    "a longer signature": _signature(lambda value: value + "0"),
    "a signature of zeros": _signature(lambda _: "0" * 64),
    "a signature of other digits": _signature(lambda _: "٣" * 64),
    "a signature of NUL": _signature(lambda _: "\x00" * 64),
    "one header less": _authorization(lambda value: value.replace(";x-amz-target", "")),
    "no host": _authorization(lambda value: value.replace("host;", "")),
    "no date among the headers": _authorization(lambda value: value.replace("x-amz-date;", "")),
    "a header that is not there": _authorization(lambda value: value.replace("x-amz-target", "x-amz-target;x-none")),
    "a header twice": _authorization(lambda value: value.replace("host;", "host;host;")),
    "headers in another order": _authorization(lambda value: value.replace("content-type;host", "host;content-type")),
    "headers in capitals": _authorization(lambda value: value.replace("host;", "Host;")),
    "no date but another header of that name": lambda headers: (
        _without("X-Amz-Date")(headers) | {"Date": headers["X-Amz-Date"]}
    ),
    "a date that is none": _header("X-Amz-Date", "20269999T999999Z"),
    "a date in another form": _header("X-Amz-Date", "Mon, 23 Nov 2026 05:00:00 GMT"),
    "a date of other digits": _header("X-Amz-Date", "２０２６１１２３T050000Z"),
    "a date before all dates": _header("X-Amz-Date", "00000101T000000Z"),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_what_was_changed_after_signing_is_refused(standing: Site, kind: str) -> None:
    headers = TAMPERED[kind](signed(standing))

    code, _ = refusal(send(standing, headers))
    if "before all dates" in kind:
        assert code == "InvalidSignatureException"
    else:
        assert refusal(send(standing, headers)) == MISMATCH


@pytest.mark.parametrize("left_out", [None, "content-type", "host", "x-amz-date", "x-amz-target", "x-amz-added"])
def test_a_right_signature_that_leaves_out_what_has_to_be_signed_is_refused(
    standing: Site, left_out: str | None
) -> None:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": AWS_JSON,
        "host": "localhost",
        "x-amz-added": "x",
        "x-amz-date": now,
        "x-amz-target": f"{TARGET}.{OPERATION}",
    }
    covered = {name: value for name, value in headers.items() if name != left_out}

    answer = send(standing, {**headers, "authorization": authorization(covered, described(standing), now)})

    if left_out in {None, "content-type"}:  # which decides nothing
        assert opened(answer)
    else:
        assert refusal(answer) == MISMATCH


@pytest.mark.parametrize("body", [b"", b"{}", b'{"UserPoolId":"us-east-1_Other0001"}'])
def test_another_body_than_the_signed_one_is_refused(standing: Site, body: bytes) -> None:
    assert refusal(send(standing, signed(standing), body)) == MISMATCH


@pytest.mark.parametrize("path", [PREFIX, f"{PREFIX}/?a=b", f"{PREFIX}/?a"])
def test_another_path_or_query_than_the_signed_one_is_refused(standing: Site, path: str) -> None:
    assert refusal(send(standing, signed(standing), path=path)) == MISMATCH


@pytest.mark.parametrize("said", ["UNSIGNED-PAYLOAD", "0" * 64, hashlib.sha256(b"").hexdigest()])
def test_the_hash_is_that_of_the_body_whatever_the_caller_says(standing: Site, said: str) -> None:
    # botocore signs the hash that this header names.
    assert refusal(send(standing, signed(standing, **{"X-Amz-Content-SHA256": said}))) == MISMATCH


@pytest.mark.parametrize(
    "options, message",
    [
        ({"region": "eu-west-1"}, "Credential should be scoped to a valid region. "),
        ({"region": ""}, "Credential should be scoped to a valid region. "),
        ({"service": "cognito-identity"}, "Credential should be scoped to correct service: 'cognito-idp'."),
    ],
)
def test_another_scope_is_refused_by_its_name(standing: Site, options: dict[str, str], message: str) -> None:
    assert refusal(send(standing, signed(standing, **options))) == ("InvalidSignatureException", message)


def test_a_scope_has_our_terminator_and_the_date_of_the_request(standing: Site) -> None:
    headers = signed(standing)
    ended = headers | {"Authorization": headers["Authorization"].replace("aws4_request", "aws5_request")}
    day = headers["X-Amz-Date"][:8]
    dated = headers | {"Authorization": headers["Authorization"].replace(f"/{day}/", "/20150830/")}

    assert refusal(send(standing, ended)) == (
        "InvalidSignatureException",
        "Credential should be scoped with a valid terminator: 'aws4_request'.",
    )
    code, message = refusal(send(standing, dated))
    assert code == "InvalidSignatureException"
    assert message is not None
    assert message.startswith("Date in Credential scope does not match")


def test_a_wrong_secret_is_refused(standing: Site) -> None:
    for secret in ("", "wrong", SECRET_KEY[:-1], SECRET_KEY + " "):
        assert refusal(send(standing, signed(standing, secret=secret))) == MISMATCH


@pytest.mark.parametrize("key", ["AKIA0000000000000000", "unknown", "a" * 128, "AKIA' OR 1=1", "é", ACCESS_KEY.lower()])
def test_an_unknown_key_is_refused(standing: Site, key: str) -> None:
    headers = signed(standing, key=key.encode().decode("latin-1"))

    assert refusal(send(standing, headers)) == UNKNOWN_KEY


# --- what is no signature at all -------------------------------------------------------------------------


def incomplete(value: str, *wrong: str) -> tuple[str, str]:
    digest = base64.b64encode(hashlib.sha256(value.encode("latin-1")).digest()).decode()
    hashed = f"(Hashed with SHA-256 and encoded with Base64) Authorization={digest}"
    return "IncompleteSignatureException", " ".join([*wrong, hashed])


NO_CREDENTIAL, NO_SIGNATURE, NO_HEADERS = (
    f"Authorization header requires '{part}' parameter." for part in ("Credential", "Signature", "SignedHeaders")
)
NO_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."


@pytest.mark.parametrize(
    "value",
    [
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x",
        "Basic dXNlcjpwYXNz",
        "garbage",
        "AWS4-HMAC-SHA256",
        "aws4-hmac-sha256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=x",
        "AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=x",
        "AWS3-HTTPS AWSAccessKeyId=x",
        "AWS AKIAOFTHETESTS000000:c2lnbmF0dXJl",
        "é",
        ",,,,",
        "AWS4-HMAC-SHA256 =",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
    ],
    ids=ascii,
)
def test_what_is_no_signature_is_refused_with_all_that_is_missing(standing: Site, value: str) -> None:
    value = value.encode().decode("latin-1")
    headers = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{OPERATION}", "Authorization": value}

    answer = send(standing, headers)
    assert refusal(answer) == incomplete(value, NO_CREDENTIAL, NO_SIGNATURE, NO_HEADERS, NO_DATE)


def test_each_missing_part_is_named(standing: Site) -> None:
    headers = signed(standing)
    parts = headers["Authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(", ")
    for lacking, wrong in zip(range(3), (NO_CREDENTIAL, NO_HEADERS, NO_SIGNATURE), strict=True):
        value = "AWS4-HMAC-SHA256 " + ", ".join(part for number, part in enumerate(parts) if number != lacking)
        assert refusal(send(standing, headers | {"Authorization": value})) == incomplete(value, wrong)
    undated = _without("X-Amz-Date")(headers)
    assert refusal(send(standing, undated)) == incomplete(headers["Authorization"], NO_DATE)


@pytest.mark.parametrize("credential", ["a", "a/b/c/d", "a/b/c/d/e/f", "////"])
def test_a_credential_of_another_form_is_refused(standing: Site, credential: str) -> None:
    headers = signed(standing)
    before, _, after = headers["Authorization"].partition("Credential=")
    value = f"{before}Credential={credential},{after.partition(',')[2]}"

    code, _ = refusal(send(standing, headers | {"Authorization": value}))
    assert code in {"IncompleteSignatureException", "InvalidSignatureException"}


@pytest.mark.attack("R8")
def test_two_authorizations_at_once_are_refused(standing: Site) -> None:
    headers = signed(standing)
    once = headers["Authorization"]
    for both in (f"{once},{once}", f"Bearer x,{once}", f"{once}, Signature={'0' * 64}", f"{once},Credential=x"):
        code, _ = refusal(send(standing, headers | {"Authorization": both}))
        assert code in {"IncompleteSignatureException", "InvalidSignatureException"}


@pytest.mark.parametrize("authorization", [None, ""])
def test_no_authorization_is_refused(standing: Site, authorization: str | None) -> None:
    headers = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{OPERATION}"}
    if authorization is not None:
        headers["Authorization"] = authorization

    assert refusal(send(standing, headers)) == NO_TOKEN


def test_a_signature_in_the_query_is_none(standing: Site) -> None:
    headers = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{OPERATION}"}
    request = AWSRequest("POST", f"http://localhost{PREFIX}/", headers, described(standing))
    SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET_KEY), "cognito-idp", REGION).add_auth(request)
    assert "X-Amz-Signature=" in request.url

    assert refusal(send(standing, headers, path=request.url.removeprefix("http://localhost"))) == NO_TOKEN


def test_no_operation_but_the_public_ones_is_open_to_a_stranger(standing: Site) -> None:
    wire = Wire(standing.app)
    for operation in OPERATIONS:
        if operation not in PUBLIC:
            assert refusal(wire(operation, signed=False)) == NO_TOKEN, operation
            assert refusal(wire(operation, b"no JSON", signed=False)) == NO_TOKEN, operation


@pytest.mark.parametrize("operation", sorted(PUBLIC))
def test_a_public_operation_does_not_look_at_the_authorization(standing: Site, operation: str) -> None:
    wire = Wire(standing.app)
    plain = wire(operation, signed=False)
    for garbage in (
        "garbage",
        "Bearer x",
        "AWS4-HMAC-SHA256 Credential=x",
        signed(standing, secret="wrong")["Authorization"],
    ):
        answer = wire(operation, signed=False, Authorization=garbage)
        assert (answer.status_code, answer.data) == (plain.status_code, plain.data)
    assert refusal(plain)[0] in {"UnknownOperationException", "InvalidParameterException", "NotAuthorizedException"}


def test_the_public_operations_are_those_of_the_model() -> None:
    assert {name for name, operation in model().operations.items() if operation.get("public")} == PUBLIC
    assert len(PUBLIC) == 34


# --- behind a proxy --------------------------------------------------------------------------------------


@pytest.fixture
def proxied(sqlite_url_migrated: str, clock: MovableClock) -> Site:
    """A site whose outside URL is ``OUTSIDE``."""
    keys = {ACCESS_KEY: SECRET_KEY}
    return make_site(sqlite_url_migrated, clock, AUTHZ_ACCESS_KEYS=keys, AUTHZ_PUBLIC_URL=OUTSIDE)


@pytest.mark.parametrize("url", [OUTSIDE, f"{OUTSIDE}/", f"http://inside:8000{PREFIX}/"])
@pytest.mark.parametrize("path", [PREFIX, f"{PREFIX}/"])
def test_behind_a_proxy_the_outside_url_counts_and_the_inside_one(proxied: Site, url: str, path: str) -> None:
    if "inside" in url:
        url = f"http://inside:8000{path}"

    assert opened(send(proxied, signed(proxied, url=url), path=path, HTTP_HOST="inside:8000"))


@pytest.mark.parametrize(
    "url",
    [
        "https://login.example.com/",
        "https://login.example.com/auth/",
        "https://login.example.com/idp/x",
        "https://login.example.com:8443/idp/",
        "https://other.example.com/idp/",
        "http://inside:8000/idp/",
        "http://inside:8000/",
        f"http://localhost{PREFIX}/",
    ],
)
def test_behind_a_proxy_no_other_url_counts(proxied: Site, url: str) -> None:
    headers = signed(proxied, url=url)
    forwarded = {"X-Forwarded-Host": url.split("/")[2], "X-Forwarded-Prefix": "/idp", "Forwarded": "host=x"}

    for more in ({}, forwarded):
        answer = send(proxied, headers | more, HTTP_HOST="inside:8000")
        assert refusal(answer) == MISMATCH


def test_behind_a_proxy_at_the_root_of_a_host(sqlite_url_migrated: str, clock: MovableClock) -> None:
    keys, outside = {ACCESS_KEY: SECRET_KEY}, "https://login.example.com"
    site = make_site(sqlite_url_migrated, clock, AUTHZ_ACCESS_KEYS=keys, AUTHZ_PUBLIC_URL=outside)

    for url in (outside, f"{outside}/"):
        assert opened(send(site, signed(site, url=url), HTTP_HOST="inside:8000"))


# --- the keys --------------------------------------------------------------------------------------------


def test_without_any_key_the_refusal_says_how_to_make_one(sqlite_url_migrated: str, clock: MovableClock) -> None:
    site = make_site(sqlite_url_migrated, clock)

    code, message = refusal(send(site, signed(site)))

    assert code == "UnrecognizedClientException"
    assert message is not None
    assert "AUTHZ_ACCESS_KEYS" in message
    assert "flask authz access-key create" in message
    site.services.access_keys.create()
    assert refusal(send(site, signed(site))) == UNKNOWN_KEY


def test_unknown_key_and_wrong_signature_cost_the_same(standing: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, secret = standing.services.access_keys.create()
    work: list[str] = []
    new, compare = hmac.new, hmac.compare_digest
    monkeypatch.setattr(crypto_sigv4.hmac, "new", lambda *args, **more: work.append("hmac") or new(*args, **more))
    monkeypatch.setattr(crypto_sigv4.hmac, "compare_digest", lambda *args: work.append("compare") or compare(*args))

    def cost(key: str, secret: str) -> list[str]:
        headers = signed(standing, key=key, secret=secret)
        work.clear()
        statements: list[str] = []

        def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        sa.event.listen(standing.services.engine, "before_cursor_execute", note)
        assert send(standing, headers).status_code == 400
        sa.event.remove(standing.services.engine, "before_cursor_execute", note)
        return work + statements

    assert cost(ACCESS_KEY, "wrong") == cost("nobody", SECRET_KEY) == ["hmac"] * 5 + ["compare"]
    wrong = cost(stored.id, "wrong")
    assert wrong == cost("AKIA0000000000000000", secret)
    assert len(wrong) == 7
