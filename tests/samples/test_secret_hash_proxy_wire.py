"""What the proxy of the sample lets through, what it adds and takes away, and what it refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from app_client_authz import AppClientAuthz
from tests.samples.proxied import Doors, Serve, proxied
from tests.support.aws import AWS_JSON, TARGET
from tests.support.clock import MovableClock
from tests.support.site import PASSWORD, USERNAME, copied_site


@pytest.fixture
def doors(sqlite_url_migrated: str, clock: MovableClock, live_server: Serve) -> Iterator[Doors]:
    with proxied(copied_site(sqlite_url_migrated, clock), live_server) as opened:
        yield opened


def refusal(answer: requests.Response, *, status: int = 400) -> tuple[str, str]:
    """Code and message of an error, its form checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == AWS_JSON
    body = answer.json()
    assert answer.headers["x-amzn-ErrorType"] == f"{body['__type']}:"
    assert answer.headers["x-amzn-RequestId"]
    return body["__type"], body.get("message", "")


def test_refusal_of_the_api_comes_back_as_it_is(doors: Doors) -> None:
    parameters = {"USERNAME": USERNAME, "PASSWORD": "wrong"}
    body = {"ClientId": doors.client.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}

    answer = doors.post(body)

    assert answer.status_code == 400
    assert answer.content == b'{"__type":"NotAuthorizedException","message":"Incorrect username or password."}'
    assert answer.headers["Content-Type"] == AWS_JSON
    assert answer.headers["x-amzn-ErrorType"] == "NotAuthorizedException:"
    assert answer.headers["x-amzn-ErrorMessage"] == "Incorrect username or password."
    assert answer.headers["x-amzn-RequestId"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_nothing_but_operation_and_body_goes_on(doors: Doors) -> None:
    body = {"ClientId": doors.client.client_id, "Username": USERNAME}

    doors.post(
        body, "ForgotPassword", Cookie="a=b", Authorization="AWS4-HMAC-SHA256 x", Forwarded="for=x", Origin="https://x"
    )

    ((headers, _),) = doors.seen
    assert {"Cookie", "Authorization", "Forwarded", "Origin", "X-Forwarded-For"}.isdisjoint(headers)
    assert (headers["Content-Type"], headers["X-Amz-Target"]) == (AWS_JSON, f"{TARGET}.ForgotPassword")


@pytest.mark.parametrize(
    "operation, own",
    [
        ("ForgotPassword", {"Username": USERNAME, "SecretHash": "guessed"}),
        (
            "InitiateAuth",
            {
                "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": USERNAME, "PASSWORD": PASSWORD, "SECRET_HASH": "guessed"},
            },
        ),
        ("GetTokensFromRefreshToken", {"ClientSecret": "guessed"}),
    ],
)
def test_what_an_app_sends_as_proof_does_not_count(doors: Doors, operation: str, own: dict[str, Any]) -> None:
    if operation == "GetTokensFromRefreshToken":
        own = {**own, "RefreshToken": doors.sign_in()["RefreshToken"]}

    answer = doors.post({"ClientId": doors.client.client_id, **own}, operation)

    assert answer.status_code == 200, answer.text
    assert b"guessed" not in doors.seen[-1][1]


def test_record_of_sign_ins_names_the_users_address_and_not_what_the_app_claims(doors: Doors) -> None:
    parameters = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    body = {"ClientId": doors.client.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}
    claimed = {"UserContextData": {"IpAddress": "198.51.100.1"}}

    doors.proxy_to(doors.direct).test_client().post(
        "/",
        json={**body, **claimed},
        headers={"X-Amz-Target": f"{TARGET}.InitiateAuth"},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )

    administrator = AppClientAuthz().client("cognito-idp", app=doors.site.app)
    record = administrator.admin_list_user_auth_events(UserPoolId=doors.site.pool.id, Username=USERNAME)
    assert record["AuthEvents"][0]["EventContextData"]["IpAddress"] == "203.0.113.9"


@pytest.mark.parametrize(
    "operation", ["ListUsers", "AdminInitiateAuth", "GetClientToken", "DeleteUser", "", "signup", "SignUp.SignUp"]
)
def test_other_operations_are_refused(doors: Doors, operation: str) -> None:
    told = refusal(doors.post({"ClientId": doors.client.client_id, "Username": USERNAME}, operation))

    assert told == ("AccessDeniedException", "This proxy does not forward that operation.")
    assert doors.seen == []


def test_other_clients_are_refused(doors: Doors) -> None:
    for client_id in (doors.site.web.client_id, None, "", [doors.client.client_id]):
        told = refusal(doors.post({"ClientId": client_id, "Username": USERNAME}, "ForgotPassword"))

        assert told == ("ResourceNotFoundException", "This proxy is for another app client.")
    assert doors.seen == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"\xff", b'"x"', b"[" * 60_000, b'{"a":' * 10_000, b'{"ClientId":' + b"9" * 5_000],
    ids=lambda body: body[:12].decode(errors="replace"),
)
def test_what_is_no_json_object_is_refused(doors: Doors, body: bytes) -> None:
    assert refusal(doors.post(body)) == ("SerializationException", "The body is no JSON object.")
    assert doors.seen == []


@pytest.mark.parametrize(
    "operation, given",
    [
        ("SignUp", {}),
        ("SignUp", {"Username": 7}),
        ("SignUp", {"Username": ""}),
        ("SignUp", {"Username": "\ud800"}),
        ("SignUp", {"Username": "a\x00"}),
        ("InitiateAuth", {}),
        ("InitiateAuth", {"AuthParameters": None}),
        ("InitiateAuth", {"AuthParameters": ["USERNAME"]}),
        ("InitiateAuth", {"AuthParameters": {"REFRESH_TOKEN": "x"}}),
        ("RespondToAuthChallenge", {"ChallengeResponses": {"USERNAME": {}}}),
    ],
)
def test_request_without_a_name_to_prove_is_refused(doors: Doors, operation: str, given: dict[str, Any]) -> None:
    told = refusal(doors.post({"ClientId": doors.client.client_id, **given}, operation))

    assert told == ("InvalidParameterException", "Missing required parameter USERNAME")
    assert doors.seen == []


def test_what_the_api_cannot_read_is_refused_by_it(doors: Doors) -> None:
    body = {"ClientId": doors.client.client_id, "Username": USERNAME, "UserContextData": [], "ClientMetadata": 1e999}

    assert refusal(doors.post(body, "ForgotPassword"))[0] == "SerializationException"


def test_large_request_is_refused(doors: Doors) -> None:
    body = {"ClientId": doors.client.client_id, "Username": "x" * 65_536}

    assert refusal(doors.post(body, "SignUp"), status=413)[0] == "RequestEntityTooLargeException"
    assert doors.seen == []


def test_api_that_does_not_answer_is_told_as_such_and_the_secret_to_nobody(
    doors: Doors, caplog: pytest.LogCaptureFixture
) -> None:
    client = doors.client

    answer = (
        doors.proxy_to("http://127.0.0.1:9/")
        .test_client()
        .post(
            "/",
            json={"ClientId": client.client_id, "RefreshToken": "x"},
            headers={"X-Amz-Target": f"{TARGET}.GetTokensFromRefreshToken"},
        )
    )

    assert (answer.status_code, answer.get_json(force=True)["__type"]) == (503, "InternalErrorException")
    assert "the JSON API does not answer: ConnectionError" in caplog.text
    assert client.secret
    assert client.secret not in caplog.text + answer.text


def test_browser_may_ask_from_any_page(doors: Doors) -> None:
    asked = "cache-control,content-type,x-amz-target,x-amz-user-agent"
    headers = {"Origin": "https://app.example", "Access-Control-Request-Headers": asked}

    preflight = requests.options(doors.proxy, headers=headers, timeout=30)

    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert set(asked.split(",")) <= set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    assert "x-amzn-ErrorType" in doors.post({}).headers["Access-Control-Expose-Headers"]
    assert doors.seen == []
