"""How answers look: success, refusal, failure (api.md 1.4, 1.5)."""

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest
from flask import Flask, abort
from werkzeug.exceptions import HTTPException

from app_client_authz.api import dispatch, errors
from app_client_authz.api.operation import Call
from app_client_authz.api.shapes import model
from app_client_authz.domain import errors as domain_errors
from app_client_authz.domain.errors import (
    AuthzError,
    ConcurrentModification,
    NotAuthorized,
    OperationError,
    TooManyRequests,
    Unavailable,
)
from tests.support.aws import AWS_JSON, Wire, boto_client, refusal
from tests.support.live import LiveServer
from tests.support.site import PREFIX, Site

OPERATION = "DescribeUserPoolClient"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

Raising = Callable[[Exception], None]


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Raising:
    """``raising(error)`` makes DescribeUserPoolClient raise it."""

    def arrange(error: Exception) -> None:
        def fail(_call: Call) -> None:
            raise error

        monkeypatch.setattr(dispatch, "OPERATIONS", {OPERATION: fail})

    return arrange


def known(site: Site) -> dict[str, str]:
    return {"UserPoolId": site.pool.id, "ClientId": site.web.client_id}


# --- success ---------------------------------------------------------------------------------------------


def test_a_success_has_a_type_and_a_request_id_of_its_own(standing: Site) -> None:
    wire = Wire(standing.app)
    answers = [wire(OPERATION, known(standing)) for _ in range(3)]

    for answer in answers:
        assert (answer.status_code, answer.content_type) == (200, AWS_JSON)
        assert UUID.fullmatch(answer.headers["x-amzn-RequestId"])
        assert "x-amzn-ErrorType" not in answer.headers
    assert len({answer.headers["x-amzn-RequestId"] for answer in answers}) == 3


def test_the_operation_knows_the_id_of_its_request(standing: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def note(call: Call) -> dict[str, Any]:
        seen.append(call.request_id)
        return {}

    monkeypatch.setattr(dispatch, "OPERATIONS", {OPERATION: note})
    answer = Wire(standing.app)(OPERATION, known(standing))

    assert seen == [answer.headers["x-amzn-RequestId"]]


@pytest.mark.parametrize("output", [None, {}])
def test_what_has_an_output_shape_answers_an_object_and_what_has_none_nothing(
    standing: Site, monkeypatch: pytest.MonkeyPatch, output: dict[str, Any] | None
) -> None:
    def silent(_call: Call) -> dict[str, Any] | None:
        return output

    empty = {"DescribeUserPoolClient", "DeleteUserPoolClient"}
    monkeypatch.setattr(dispatch, "OPERATIONS", dict.fromkeys(empty, silent))

    assert Wire(standing.app)("DescribeUserPoolClient", known(standing)).data == b"{}"
    answer = Wire(standing.app)("DeleteUserPoolClient", known(standing))
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", "0")
    assert answer.content_type == AWS_JSON


def test_thirteen_operations_have_no_output_shape() -> None:
    assert {name for name, operation in model().operations.items() if "output" not in operation} == {
        *("AdminAddUserToGroup", "AdminDeleteUser", "AdminForgetDevice", "AdminRemoveUserFromGroup", "DeleteGroup"),
        *("DeleteIdentityProvider", "DeleteManagedLoginBranding", "DeleteResourceServer", "DeleteTerms", "DeleteUser"),
        *("DeleteUserPool", "DeleteUserPoolClient", "ForgetDevice"),
    }


def test_text_beyond_ascii_is_utf8(standing: Site, raising: Raising) -> None:
    raising(NotAuthorized("größe 😀"))
    answer = Wire(standing.app)(OPERATION, known(standing))

    assert answer.data == '{"__type":"NotAuthorizedException","message":"größe 😀"}'.encode()
    assert answer.headers["x-amzn-ErrorMessage"] == "gr??e ?"


# --- refusal ---------------------------------------------------------------------------------------------


def test_a_refusal_says_the_same_in_body_and_headers(standing: Site) -> None:
    answer = Wire(standing.app)(OPERATION, {**known(standing), "ClientId": "nobody"})

    assert refusal(answer)[0] == "ResourceNotFoundException"
    assert UUID.fullmatch(answer.headers["x-amzn-RequestId"])
    assert answer.headers["x-amzn-ErrorMessage"] == json.loads(answer.data)["message"]


def test_a_refusal_without_text_has_no_message(standing: Site, raising: Raising) -> None:
    raising(NotAuthorized())
    answer = Wire(standing.app)(OPERATION, known(standing))

    assert answer.data == b'{"__type":"NotAuthorizedException"}'
    assert "x-amzn-ErrorMessage" not in answer.headers


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "message, header",
    [
        ("A client attempted to write unauthorized attribute\n", "A client attempted to write unauthorized attribute"),
        ("a\r\nSet-Cookie: x=y", "a??Set-Cookie: x=y"),
        ("a\tb\x00c\x7f", "a?b?c?"),
        ("x" * 5000, "x" * 1024),
    ],
)
def test_a_message_in_a_header_is_one_printable_line(
    standing: Site, raising: Raising, message: str, header: str
) -> None:
    raising(NotAuthorized(message))
    answer = Wire(standing.app)(OPERATION, known(standing))

    assert json.loads(answer.data)["message"] == message
    assert answer.headers["x-amzn-ErrorMessage"] == header
    assert "Set-Cookie" not in answer.headers


def exceptions(base: type[AuthzError]) -> list[type[AuthzError]]:
    return [base, *(each for below in base.__subclasses__() for each in exceptions(below))]


@pytest.mark.parametrize(
    "kind", [kind for kind in exceptions(OperationError) if kind is not OperationError], ids=lambda kind: kind.__name__
)
def test_every_refusal_is_a_400_with_a_code_that_sdks_know(
    standing: Site, raising: Raising, kind: type[OperationError]
) -> None:
    raising(kind("why"))
    answer = Wire(standing.app)(OPERATION, known(standing))

    code, message = refusal(answer, status=413 if kind is errors.RequestTooLarge else 400)
    assert (code, message) == (kind.code, "why")
    of_the_frame = issubclass(kind, errors.WireError) or kind is errors.WireError
    assert code in model().exceptions or of_the_frame


def test_too_many_requests_says_the_usual_text(standing: Site, raising: Raising) -> None:
    raising(TooManyRequests(detail="no slot"))
    answer = Wire(standing.app)(OPERATION, known(standing))
    assert refusal(answer) == ("TooManyRequestsException", "Rate exceeded")


@pytest.mark.attack("R11")
@pytest.mark.parametrize(
    "error, status",
    [
        (Unavailable("why", detail="database: secret detail"), 503),
        (AuthzError("secret detail"), 500),
        (domain_errors.ConfigurationError("secret detail"), 500),
        (RuntimeError("secret detail"), 500),
        (KeyError("secret detail"), 500),
        (RecursionError("secret detail"), 500),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_an_internal_error_that_tells_nothing(
    standing: Site, raising: Raising, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    raising(error)
    monkeypatch.setattr(standing.app, "testing", False)
    answer = Wire(standing.app)(OPERATION, known(standing))

    assert refusal(answer, status=status) == ("InternalErrorException", None)
    assert "secret" not in str(answer.headers) + answer.text
    assert UUID.fullmatch(answer.headers["x-amzn-RequestId"])
    assert answer.headers.get("Retry-After") == ("5" if status == 503 else None)


@pytest.mark.attack("R11")
def test_details_stay_in_the_log(standing: Site, raising: Raising) -> None:
    raising(ConcurrentModification("shown", detail="kept"))
    assert "kept" not in Wire(standing.app)(OPERATION, known(standing)).text


def test_boto3_understands_every_kind(site: Site, live_server: Callable[..., LiveServer], raising: Raising) -> None:
    cognito = boto_client(live_server(site.app).url)
    raising(NotAuthorized("no\n"))
    with pytest.raises(cognito.exceptions.NotAuthorizedException) as caught:
        cognito.describe_user_pool_client(**known(site))
    assert caught.value.response["Error"] == {"Message": "no\n", "Code": "NotAuthorizedException"}
    assert UUID.fullmatch(caught.value.response["ResponseMetadata"]["RequestId"])
    raising(Unavailable())
    with pytest.raises(cognito.exceptions.InternalErrorException):
        cognito.describe_user_pool_client(**known(site))
    with pytest.raises(botocore.exceptions.ClientError, match="UnknownOperationException"):
        cognito.list_user_import_jobs(UserPoolId=site.pool.id, MaxResults=1)
    cognito.close()


# --- hosts -----------------------------------------------------------------------------------------------


def hooked(app: Flask, hook: Callable[[], Any]) -> None:
    app.before_request_funcs.setdefault(None, []).insert(0, hook)


@pytest.mark.parametrize(
    "status, code",
    [
        (400, "SerializationException"),
        (403, "ForbiddenException"),
        (413, "RequestEntityTooLargeException"),
        (429, "TooManyRequestsException"),
        (503, "InternalErrorException"),
    ],
)
def test_a_hook_of_the_host_that_refuses_is_answered_in_our_form(site: Site, status: int, code: str) -> None:
    hooked(site.app, lambda: abort(status))
    answer = Wire(site.app)(OPERATION, known(site))

    assert refusal(answer, status=status) == (code, None)
    assert UUID.fullmatch(answer.headers["x-amzn-RequestId"])


def test_a_hook_of_the_host_that_answers_itself_is_left_alone(site: Site) -> None:
    hooked(site.app, lambda: ("closed for maintenance", 503))
    answer = Wire(site.app)(OPERATION, known(site))

    assert (answer.status_code, answer.text) == (503, "closed for maintenance")
    assert UUID.fullmatch(answer.headers["x-amzn-RequestId"])


def test_error_pages_of_the_host_do_not_reach_us(site: Site) -> None:
    def page(error: Exception) -> tuple[str, int]:
        return "the host's page", error.code if isinstance(error, HTTPException) else 500

    for status in (400, 404, 405, 413, 500):
        site.app.register_error_handler(status, page)
    wire = Wire(site.app)

    assert refusal(wire(OPERATION, b"x"))[0] == "SerializationException"
    assert refusal(wire(OPERATION, b" " * 2_000_000), status=413)[0] == "RequestEntityTooLargeException"
    assert site.app.test_client().get(f"{PREFIX}/").text == ""


def test_a_body_that_the_host_read_before_is_there_all_the_same(site: Site) -> None:
    from flask import request

    hooked(site.app, lambda: request.get_data() and None)
    assert Wire(site.app)(OPERATION, known(site)).status_code == 200


def test_requests_of_many_threads_do_not_mix(site: Site) -> None:
    names: dict[str, str] = {}

    def ask(client_id: str) -> None:
        answer = Wire(site.app)(OPERATION, {**known(site), "ClientId": client_id})
        names[client_id] = json.loads(answer.data)["UserPoolClient"]["ClientId"]

    clients = [site.web, site.spa, site.implicit, site.machine]
    threads = [threading.Thread(target=ask, args=(client.client_id,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == {client.client_id: client.client_id for client in clients}
