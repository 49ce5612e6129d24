"""Events have Cognito's shape; an answer is what JSON could have carried."""

from typing import Any

import pytest

from app_client_authz.domain import trigger
from app_client_authz.domain.errors import InvalidLambdaResponse
from app_client_authz.domain.trigger import NOBODY, Caller
from app_client_authz.domain.user import User, UserStatus

POOL = "eu-central-1_Ab3dEfGh1"


def looped() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    return loop


def deep(levels: int) -> object:
    value: object = "end"
    for _ in range(levels):
        value = [value]
    return value


def test_an_event_says_what_all_triggers_are_told() -> None:
    told = trigger.event("PreSignUp_SignUp", POOL, "kim", Caller("1client"), {"userAttributes": {}}, {"flag": None})

    assert told == {
        "version": "1",
        "triggerSource": "PreSignUp_SignUp",
        "region": "eu-central-1",
        "userPoolId": POOL,
        "userName": "kim",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1client"},
        "request": {"userAttributes": {}},
        "response": {"flag": None},
    }


def test_metadata_comes_along_where_there_is_some() -> None:
    told = trigger.event("x", POOL, "kim", Caller("1client", {"shop": "north"}), {}, {})

    assert told["request"] == {"clientMetadata": {"shop": "north"}}


def test_an_administrator_names_no_client() -> None:
    assert trigger.event("x", POOL, "kim", NOBODY, {}, {})["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"


def test_validation_data_is_null_where_none_was_sent() -> None:
    assert trigger.validation_data(NOBODY) is None
    assert trigger.validation_data(Caller(validation={"captcha": "7"})) == {"captcha": "7"}


def test_attributes_of_a_user_have_sub_and_status() -> None:
    user = User(POOL, "a-sub", "kim", UserStatus.CONFIRMED, attributes={"email": "kim@example.com"})

    assert trigger.attributes_of(user) == {
        "sub": "a-sub",
        "cognito:user_status": "CONFIRMED",
        "email": "kim@example.com",
    }


def test_what_a_caller_sends_for_triggers_is_not_shown() -> None:
    shown = repr(Caller("1client", {"token": "secret-1"}, {"pin": "secret-2"}))

    assert "secret" not in shown


def test_an_answer_is_a_copy() -> None:
    returned = {"response": {"list": ["a"]}}
    answer = trigger.answer_of(returned)
    returned["response"]["list"].append("b")

    assert answer == {"list": ["a"]}


def test_tuples_are_lists_as_json_has_them() -> None:
    assert trigger.answer_of({"response": {"names": ("a", "b")}}) == {"names": ["a", "b"]}


@pytest.mark.parametrize(
    "returned",
    [
        None,
        "event",
        [],
        {},
        {"response": None},
        {"response": []},
        {"response": {"x": object()}},
        {"response": {"x": b"bytes"}},
        {"response": {"x": float("nan")}},
        {"response": {"x": "\ud800"}},
        {"response": {"x": "nul\x00"}},
        {"response": {object(): "x"}},
        {"response": {"x": {1, 2}}},
        {"response": looped()},
        {"response": {"x": deep(40)}},
        {"response": {"x": deep(100_000)}},
    ],
    ids=lambda returned: type(returned).__name__,
)
def test_what_is_no_event_is_refused_in_cognitos_words(returned: object) -> None:
    with pytest.raises(InvalidLambdaResponse, match=r"^Unrecognizable lambda output$"):
        trigger.answer_of(returned)


def test_a_flag_is_true_or_false_and_false_if_nothing_is_said() -> None:
    assert trigger.flag({"a": True}, "a")
    assert not trigger.flag({"a": False}, "a")
    assert not trigger.flag({"a": None}, "a")
    assert not trigger.flag({}, "a")


@pytest.mark.parametrize(
    "read, value",
    [
        (trigger.flag, "true"),
        (trigger.flag, 1),
        (trigger.text, 1),
        (trigger.text, ["a"]),
        (trigger.texts, "a"),
        (trigger.texts, ["a", 1]),
        (trigger.texts, {"a": "b"}),
        (trigger.members, ["a"]),
        (trigger.members, "a"),
        (trigger.pairs, {"a": 1}),
        (trigger.pairs, {"a": None}),
        (trigger.pairs, ["a"]),
        (lambda answer, name: trigger.one_of(answer, name, ("b",)), "a"),
    ],
)
def test_a_member_of_another_shape_is_refused(read: Any, value: object) -> None:
    with pytest.raises(InvalidLambdaResponse):
        read({"member": value}, "member")
