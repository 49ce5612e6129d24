"""What scripts of other origins may call: everything, without the browser's credentials (api.md 1.5)."""

import json

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app_client_authz.api import dispatch
from tests.support.aws import AWS_JSON, Wire
from tests.support.site import PREFIX, Site

USUAL = "authorization, content-type, cache-control, x-amz-target, x-amz-user-agent"
EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"


def preflight(site: Site, asked: str | None, path: str = f"{PREFIX}/") -> TestResponse:
    headers = {"Origin": "https://spa.example", "Access-Control-Request-Method": "POST"}
    if asked is not None:
        headers["Access-Control-Request-Headers"] = asked
    return site.app.test_client().options(path, headers=headers)


def is_open(answer: TestResponse) -> bool:
    """Any origin may read it, and none with the browser's credentials."""
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.headers.getlist("Access-Control-Expose-Headers") == [EXPOSED]
    return answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]


@pytest.mark.parametrize("path", [PREFIX, f"{PREFIX}/"])
@pytest.mark.parametrize(
    "asked",
    [
        "cache-control,content-type,x-amz-target,x-amz-user-agent",
        "authorization, content-type, x-amz-date, x-amz-security-token, x-amz-target",
        "X-Amz-Target",
    ],
)
def test_a_preflight_is_answered_as_cognito_does(standing: Site, path: str, asked: str) -> None:
    answer = preflight(standing, asked, path)

    assert (answer.status_code, answer.data) == (200, b"")
    assert is_open(answer)
    assert answer.headers["Access-Control-Allow-Headers"] == asked
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Access-Control-Max-Age"] == "172800"
    assert "Content-Type" not in answer.headers


@pytest.mark.attack("R19")
@pytest.mark.parametrize("asked", [None, "", "a b", "x:y", "<script>", "é".encode().decode("latin-1"), "x" * 10_000])
def test_what_is_no_list_of_headers_is_not_echoed(standing: Site, asked: str | None) -> None:
    answer = preflight(standing, asked)

    assert (answer.status_code, answer.headers["Access-Control-Allow-Headers"]) == (200, USUAL)
    assert is_open(answer)


@pytest.mark.attack("R2")
@pytest.mark.parametrize("gap", ["\r\n", "\n", "\r"], ids=ascii)
def test_line_ends_in_the_asked_headers_add_no_header(standing: Site, gap: str) -> None:
    environ = {"HTTP_ACCESS_CONTROL_REQUEST_HEADERS": f"x-amz-target{gap}Set-Cookie: x=y"}
    answer = standing.app.test_client().options(f"{PREFIX}/", environ_overrides=environ)

    assert answer.headers["Access-Control-Allow-Headers"] == USUAL
    assert is_open(answer)


def test_a_preflight_asks_no_database(standing: Site) -> None:
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    sa.event.listen(standing.services.engine, "before_cursor_execute", note)
    preflight(standing, "x-amz-target")
    sa.event.remove(standing.services.engine, "before_cursor_execute", note)
    assert statements == []


def test_successes_and_refusals_are_open(standing: Site) -> None:
    wire = Wire(standing.app)
    known = {"UserPoolId": standing.pool.id, "ClientId": standing.web.client_id}
    answers = {
        200: wire("DescribeUserPoolClient", known, Origin="https://spa.example"),
        400: wire("DescribeUserPoolClient", known, signed=False),
        413: wire("DescribeUserPoolClient", b" " * 2_000_000),
        404: standing.app.test_client().post(f"{PREFIX}/", data=b"{}"),
        405: standing.app.test_client().get(f"{PREFIX}/"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert is_open(answer)
    plain = standing.app.test_client().post(f"{PREFIX}/", data=b"{}", content_type="application/json")
    assert (plain.status_code, is_open(plain)) == (200, True)


def test_a_failure_of_ours_and_of_the_database_is_open(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("secret detail")

    wire, known = Wire(site.app), {"UserPoolId": site.pool.id, "ClientId": site.web.client_id}
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "OPERATIONS", {"DescribeUserPoolClient": fail})
        site.app.testing = False
        answer = wire("DescribeUserPoolClient", known)
    assert (answer.status_code, json.loads(answer.data)) == (500, {"__type": "InternalErrorException"})
    assert (answer.content_type, is_open(answer)) == (AWS_JSON, True)
    with site.services.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE authz_app_clients RENAME TO gone"))
    answer = wire("DescribeUserPoolClient", known)
    assert (answer.status_code, json.loads(answer.data)) == (503, {"__type": "InternalErrorException"})
    assert (answer.headers["Retry-After"], is_open(answer)) == ("5", True)
