"""Paginators of the in-process client, against botocore's over the same pages."""

import base64
import itertools
import json
import re
import sys
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import OperationNotPageableError as BotoOperationNotPageableError
from botocore.exceptions import PaginationError as BotoPaginationError
from botocore.paginate import Paginator as BotoPaginator

from app_client_authz.api.local_paging import Paginator
from app_client_authz.api.shapes import model
from app_client_authz.exceptions import OperationNotPageableError, PaginationError

USERS = model().paginators["ListUsers"]
ITEMS = [f"user-{number}" for number in range(7)]
DEFAULT_LIMIT = 3


def listing(**parameters: Any) -> dict[str, Any]:
    """A list of the service: its tokens say where to go on."""
    begin = int(parameters.get("PaginationToken", "token-0").removeprefix("token-"))
    end = begin + parameters.get("Limit", DEFAULT_LIMIT)
    page: dict[str, Any] = {"Users": ITEMS[begin:end], "ResponseMetadata": {}}
    return page | ({"PaginationToken": f"token-{end}"} if end < len(ITEMS) else {})


def ours(method: Any = listing) -> Paginator:
    return Paginator(method, USERS)


def theirs(method: Any = listing) -> Any:
    return BotoPaginator(method, USERS, _service_model().operation_model("ListUsers"))


@cache
def _service_model() -> Any:
    return botocore.session.get_session().get_service_model("cognito-idp")


def test_model_has_no_other_kind_of_paginator() -> None:
    """One result key, one token in, one out: what this paginator can do. A new model may want more."""
    for config in model().paginators.values():
        assert set(config) == {"input_token", "output_token", "limit_key", "result_key"}
        assert all(isinstance(value, str) for value in config.values())


@pytest.mark.parametrize("size,most", [*itertools.product([None, 1, 2, 3, 5, 7, 8], [None, 1, 2, 3, 4, 6, 7, 8])])
def test_pages_and_resume_tokens_are_botocores(size: int | None, most: int | None) -> None:
    config = {"PageSize": size, "MaxItems": most}
    for_us, for_them = (make().paginate(Filter="f", PaginationConfig=config) for make in (ours, theirs))

    assert list(for_us) == list(for_them)
    assert for_us.resume_token == for_them.resume_token
    seen: list[str] = []
    token = None
    while True:
        again = {**config, "StartingToken": token}
        full, expected = (make().paginate(PaginationConfig=again).build_full_result() for make in (ours, theirs))
        assert full == expected
        seen += full["Users"]
        token = full.get("NextToken")
        if token is None:
            break
    assert seen == ITEMS


def test_numbers_may_come_as_text_as_from_a_command_line() -> None:
    config = {"PageSize": "2", "MaxItems": "3"}

    full, expected = (make().paginate(PaginationConfig=config).build_full_result() for make in (ours, theirs))

    assert full == expected
    assert len(full["Users"]) == 3


def test_token_of_the_service_starts_a_list_too() -> None:
    config = {"StartingToken": "token-5"}

    assert ours().paginate(PaginationConfig=config).build_full_result() == {"Users": ITEMS[5:]}
    assert theirs().paginate(PaginationConfig=config).build_full_result() == {"Users": ITEMS[5:]}


@pytest.mark.parametrize(
    "position", [[1], {"Other": "x"}, {"PaginationToken": "token-1", "boto_truncate_amount": "x"}, "a"]
)
def test_token_that_is_no_position_goes_to_the_service_which_judges_it(position: object) -> None:
    token = base64.b64encode(json.dumps(position).encode()).decode()
    asked: list[str] = []

    def note(**parameters: Any) -> dict[str, Any]:
        asked.append(parameters["PaginationToken"])
        return {"Users": []}

    assert list(ours(note).paginate(PaginationConfig={"StartingToken": token}))
    assert asked == [token]


def test_each_iteration_starts_anew_and_calls_nothing_before() -> None:
    calls: list[dict[str, Any]] = []

    def note(**parameters: Any) -> dict[str, Any]:
        calls.append(parameters)
        return listing(**parameters)

    pages = ours(note).paginate(Limit=4)
    assert calls == []

    assert [len(page["Users"]) for page in pages] == [4, 3]
    assert [len(page["Users"]) for page in pages] == [4, 3]
    assert calls == [{"Limit": 4}, {"Limit": 4, "PaginationToken": "token-4"}] * 2


def test_service_that_goes_in_a_circle_is_left() -> None:
    def circle(**_parameters: Any) -> dict[str, Any]:
        return {"Users": ["x"], "PaginationToken": "token-1"}

    texts = []
    for make, error in ((ours, PaginationError), (theirs, BotoPaginationError)):
        with pytest.raises(error, match="The same next token was received twice") as told:
            list(make(circle).paginate())
        texts.append(str(told.value))
    assert texts[0].startswith("Error during pagination: ")
    assert "token-1" in texts[0]


def test_result_keys_search_pages_as_botocores_do() -> None:
    (key,), (other,) = ours().result_keys, theirs().result_keys

    assert key.expression == other.expression == "Users"
    assert key.search(listing()) == other.search(listing()) == ITEMS[:3]
    assert ours().paginate().result_keys == [key]


def test_search_finds_what_botocore_finds() -> None:
    for expression in ("Users[]", "length(Users)", "PaginationToken"):
        assert list(ours().paginate().search(expression)) == list(theirs().paginate().search(expression))


def test_search_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jmespath", None)

    with pytest.raises(RuntimeError, match="needs the package jmespath"):
        ours().paginate().search("Users[]")


# --- at the client --------------------------------------------------------------------------------


def test_client_pages_what_boto3_pages(local: Any, cognito: Any) -> None:
    for method in local.meta.method_to_api_mapping:
        assert local.can_paginate(method) == cognito.can_paginate(method)
    for client in (local, cognito):
        with pytest.raises(KeyError):
            client.can_paginate("list_buckets")
        with pytest.raises(KeyError):
            client.get_paginator("list_buckets")


def test_operation_without_pages_is_refused_in_botocores_words(local: Any, cognito: Any) -> None:
    with pytest.raises(OperationNotPageableError) as told:
        local.get_paginator("describe_user_pool")
    with pytest.raises(BotoOperationNotPageableError, match=re.escape(str(told.value))):
        cognito.get_paginator("describe_user_pool")


def test_sides_go_on_where_the_other_stopped(local: Any, cognito: Any, pool_id: str) -> None:
    names = sorted(client["ClientName"] for client in all_clients(local, pool_id))
    found: list[str] = []
    token = None
    for client in itertools.cycle([local, cognito]):
        config = {"MaxItems": 1, "PageSize": 2, "StartingToken": token}
        pages = client.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id, PaginationConfig=config)
        full = pages.build_full_result()
        found += [each["ClientName"] for each in full["UserPoolClients"]]
        token = full.get("NextToken")
        if token is None:
            break

    assert sorted(found) == names
    assert len(names) == 4


def all_clients(local: Any, pool_id: str) -> list[dict[str, Any]]:
    pages = local.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id)
    return [client for page in pages for client in page["UserPoolClients"]]
