"""Every operation, every rule of its shapes, and every way to be no request: a 400 that says so, and nothing changed.

Made from the service model and the table of operations, so that a new operation is covered by being there.
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app_client_authz.api.operations import OPERATIONS
from app_client_authz.api.shapes import model
from tests.support import samples
from tests.support.aws import QuickWire, refusal
from tests.support.site import Site

pytestmark = pytest.mark.attack("R19")
EVERY_OPERATION = pytest.mark.parametrize("operation", sorted(OPERATIONS))
# A body is read before it is looked at whose it is: signed, by anybody, with a token.
EVERY_READER = pytest.mark.parametrize("operation", ["CreateUserPoolClient", "InitiateAuth", "UpdateUserAttributes"])


@pytest.fixture(autouse=True)
def _nothing_changes(standing: Site) -> Iterator[None]:
    """No test here commits anything: SQLite counts the commits of all other connections."""
    watcher = sqlite3.connect(str(standing.services.engine.url.database))
    before = watcher.execute("PRAGMA data_version").fetchone(), standing.row_counts()
    yield
    assert (watcher.execute("PRAGMA data_version").fetchone(), standing.row_counts()) == before
    watcher.close()


@pytest.fixture(scope="module")
def raw(standing: Site) -> QuickWire:
    return QuickWire(standing.app)


def serialization(answer: TestResponse) -> None:
    code, _ = refusal(answer)
    assert code == "SerializationException"


@EVERY_OPERATION
def test_a_request_that_breaks_one_rule_is_refused_by_that_rule(raw: QuickWire, operation: str) -> None:
    count = 0
    for rule, body, where, phrases in samples.requests(operation):
        answer = raw(operation, body)
        code, message = refusal(answer)
        count += 1
        if not phrases:
            assert code == "SerializationException", (rule, answer.text)
            continue
        assert code == "InvalidParameterException", (rule, answer.text)
        assert message is not None
        assert " detected: Value" in message, rule
        for phrase in (where, *phrases):
            assert phrase in message, (rule, message[:500])
    assert count > 8


# Operations whose shape requires nothing: what they say themselves to an empty request.
NOTHING_REQUIRED = {"AssociateSoftwareToken": "Exactly one of AccessToken and Session must be provided."}


@EVERY_OPERATION
def test_all_violations_are_named_at_once(raw: QuickWire, operation: str) -> None:
    shape = model().shapes[model().operations[operation]["input"]]
    missing = [member[0].lower() + member[1:] for member in shape.get("required", ())]
    items = [f"Value null at '{member}' failed to satisfy constraint: Member must not be null" for member in missing]
    noun = "error" if len(missing) == 1 else "errors"

    for body in ({}, {"Unknown": 1}, dict.fromkeys(shape["members"])):
        named = f"{len(missing)} validation {noun} detected: {'; '.join(items)}"
        expected = named if missing else NOTHING_REQUIRED[operation]
        assert refusal(raw(operation, body)) == ("InvalidParameterException", expected)


DEEP = {
    "lists": b"[" * 40 + b"]" * 40,
    "a thousand lists": b"[" * 1000 + b"]" * 1000,
    "open lists": b"[" * 100_000,
    "objects": b'{"a":' * 40 + b"1" + b"}" * 40,
    "open objects": b'{"a":' * 100_000,
}


@EVERY_READER
def test_what_nests_deep_is_refused(raw: QuickWire, operation: str) -> None:
    shape = model().shapes[model().operations[operation]["input"]]
    for deep in DEEP.values():
        serialization(raw(operation, deep))
        for member in (*shape["members"], "Unknown"):
            serialization(raw(operation, b'{"%s":%s}' % (member.encode(), deep)))


NO_JSON = {
    "nothing": b"",
    "blanks": b"  ",
    "null": b"null",
    "a text": b'"x"',
    "a number": b"1",
    "true": b"true",
    "a trailing comma": b'{"UserPoolId":"us-east-1_Abc123xyz",}',
    "a form": b"UserPoolId=us-east-1_Abc123xyz",
    "XML": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    "two objects": b"{}{}",
    "an open object": b'{"UserPoolId":"us-east-1_Abc123xyz"',
    "UTF-16": "{}".encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "invalid UTF-8": b'{"UserPoolId":"\xff"}',
    "invalid UTF-8 in an unknown member": b'{"Unknown":"\xff"}',
    "a raw NUL": b'{"UserPoolId":"\x00"}',
    "NUL in an unknown member": b'{"Unknown":"\\u0000"}',
    "NUL as a name": b'{"\\u0000":1}',
    "a lone surrogate as a name": b'{"\\ud800":1}',
    "NaN": b'{"UserPoolId":NaN}',
    "NaN in an unknown member": b'{"Unknown":NaN}',
    "an infinite number": b'{"Unknown":1e999}',
    "an absurd number": b'{"Unknown":%s}' % (b"9" * 10_000),
    "zeros": bytes(1000),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "a megabyte of nothing": b" " * 1_000_000,
    "a megabyte of quotes": b'"' * 1_000_000,
    "a megabyte of backslashes": b'{"' + b"\\" * 1_000_000,
}


@EVERY_READER
def test_what_is_no_json_object_is_refused(raw: QuickWire, operation: str) -> None:
    for kind, body in NO_JSON.items():
        answer = raw(operation, body)
        assert refusal(answer) == ("SerializationException", None), kind
    listed = ("SerializationException", "Start of list found where not expected")
    for body in (b"[]", b"[{}]", b'["x"]'):
        assert refusal(raw(operation, body)) == listed


@EVERY_READER
def test_a_body_of_more_than_a_mebibyte_is_refused(raw: QuickWire, operation: str) -> None:
    too_long = b'{"UserPoolId":"%s"}' % (b"x" * 1024 * 1024)

    assert refusal(raw(operation, too_long), status=413) == ("RequestEntityTooLargeException", None)


def test_very_many_violations_make_no_very_long_answer(raw: QuickWire) -> None:
    body: Any = {
        "UserPoolId": "us-east-1_Abc123xyz",
        "ClientName": "x",
        "CallbackURLs": [" "] * 300_000,
        "AnalyticsConfiguration": {},
    }
    assert len(raw("CreateUserPoolClient", body).data) < 5_000_000
    body = {"UserPoolId": "us-east-1_Abc123xyz", "CustomAttributes": [{"Name": ""}] * 50_000}
    for operation in ("AddCustomAttributes",):
        if operation in OPERATIONS:
            assert len(raw(operation, json.dumps(body).encode()).data) < 5_000_000
