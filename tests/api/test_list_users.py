"""ListUsers by boto3 and by raw requests; what filters find on which database: tests/services/test_user_lists.py."""

from typing import Any

import pytest

from app_client_authz.domain.pool import PoolSpec
from tests.support.aws import Wire, output, refusal
from tests.support.refusals import refused, violation
from tests.support.site import Site
from tests.support.user_attributes import pairs, values

BAD_TOKEN = "Provided pagination token is invalid. Check the token and try your request again."


@pytest.fixture
def crowd(cognito: Any, pool_id: str) -> list[str]:
    """The usernames of a pool, in their order."""
    for number in range(4):
        given = pairs(name=f"No. {number}", email=f"u{number}@example.com", locale="en")
        cognito.admin_create_user(
            UserPoolId=pool_id, Username=f"u{number}", UserAttributes=given, MessageAction="SUPPRESS"
        )
    return ["kim", "u0", "u1", "u2", "u3"]


def usernames(answer: dict[str, Any]) -> list[str]:
    return [user["Username"] for user in answer["Users"]]


def test_user_is_listed_with_all_attributes_in_order(cognito: Any, site: Site) -> None:
    answer = cognito.list_users(UserPoolId=site.pool.id)
    (user,) = answer["Users"]
    described = cognito.admin_get_user(UserPoolId=site.pool.id, Username="kim")
    described["Attributes"] = described.pop("UserAttributes")
    del described["ResponseMetadata"]
    assert user == described
    assert [each["Name"] for each in user["Attributes"]] == ["name", "email", "email_verified", "sub"]
    assert "PaginationToken" not in answer


def test_empty_pool_has_an_empty_list(wire: Wire, site: Site) -> None:
    other = site.services.pools.create(PoolSpec(name="other")).id
    assert output(wire("ListUsers", {"UserPoolId": other})) == {"Users": []}


@pytest.mark.parametrize(
    "names, shown",
    [
        (["email"], {"email"}),
        (["sub", "email", "nickname"], {"sub", "email"}),
        (["custom:team"], None),
        (["email", "Email"], None),
        ([], set()),
    ],
)
def test_attributes_are_those_asked_for(cognito: Any, pool_id: str, names: list[str], shown: set[str] | None) -> None:
    if shown is None:
        with refused("InvalidParameter", "One or more requested attributes do not exist."):
            cognito.list_users(UserPoolId=pool_id, AttributesToGet=names)
        return
    (user,) = cognito.list_users(UserPoolId=pool_id, AttributesToGet=names)["Users"]
    assert values(user["Attributes"]).keys() == shown
    assert user["Username"] == "kim"


@pytest.mark.parametrize(
    "text, expected",
    [
        ('username = "U1"', ["u1"]),
        ('username ^= "u"', ["u0", "u1", "u2", "u3"]),
        ('email = "u2@example.com"', ["u2"]),
        ('name ^= "No."', ["u0", "u1", "u2", "u3"]),
        ('cognito:user_status = "CONFIRMED"', ["kim"]),
        ('status = "Enabled"', ["kim", "u0", "u1", "u2", "u3"]),
        ('name = "none"', []),
        ("", ["kim", "u0", "u1", "u2", "u3"]),
    ],
)
def test_filter_names_who_is_listed(
    cognito: Any, pool_id: str, crowd: list[str], text: str, expected: list[str]
) -> None:
    assert usernames(cognito.list_users(UserPoolId=pool_id, Filter=text)) == expected


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "text", ["name", 'custom:team = "x"', "name = 'x'", 'name = "x" or "a" = "a"', "name = \"x'; DROP TABLE users"]
)
def test_wrong_filter_is_refused(cognito: Any, pool_id: str, text: str) -> None:
    with refused("InvalidParameter", "Error while parsing filter."):
        cognito.list_users(UserPoolId=pool_id, Filter=text)


@pytest.mark.parametrize("options", [{}, {"Filter": 'status = "Enabled"', "AttributesToGet": ["email"]}])
def test_pages_join_and_a_full_last_page_has_no_token(
    cognito: Any, pool_id: str, crowd: list[str], options: dict[str, Any]
) -> None:
    cognito.admin_create_user(UserPoolId=pool_id, Username="u4", MessageAction="SUPPRESS")
    first = cognito.list_users(UserPoolId=pool_id, Limit=3, **options)
    last = cognito.list_users(UserPoolId=pool_id, Limit=3, PaginationToken=first["PaginationToken"], **options)
    assert usernames(first) + usernames(last) == [*crowd, "u4"]
    assert len(first["Users"]) == 3
    assert "PaginationToken" not in last
    pages = cognito.get_paginator("list_users").paginate(UserPoolId=pool_id, PaginationConfig={"PageSize": 4})
    assert [name for page in pages for name in usernames(page)] == [*crowd, "u4"]


def test_limit_of_zero_is_the_default_and_sixty_the_most(cognito: Any, wire: Wire, site: Site) -> None:
    for number in range(60):
        site.services.users.create(site.pool.id, f"u{number}", {})
    for options in ({}, {"Limit": 0}, {"Limit": 60}):
        answer = cognito.list_users(UserPoolId=site.pool.id, **options)
        assert (len(answer["Users"]), "PaginationToken" in answer) == (60, True)
    expected = violation("'61' at 'limit'", "Member must have value less than or equal to 60")
    answer = wire("ListUsers", {"UserPoolId": site.pool.id, "Limit": 61})
    assert refusal(answer) == ("InvalidParameterException", expected)


@pytest.mark.attack("R23")
def test_token_is_good_for_its_pool_and_filter_only(cognito: Any, site: Site, crowd: list[str]) -> None:
    other = site.services.pools.create(PoolSpec(name="other")).id
    token = cognito.list_users(UserPoolId=site.pool.id, Limit=2)["PaginationToken"]
    for wanted in (
        {"UserPoolId": other, "PaginationToken": token},
        {"UserPoolId": site.pool.id, "PaginationToken": token, "Filter": 'status = "Enabled"'},
        {"UserPoolId": site.pool.id, "PaginationToken": "garbage"},
        {"UserPoolId": site.pool.id, "PaginationToken": token[:-2]},
    ):
        with refused("InvalidParameter", BAD_TOKEN):
            cognito.list_users(**wanted)
    assert usernames(cognito.list_users(UserPoolId=site.pool.id, PaginationToken=token)) == crowd[2:]


def test_the_same_is_listed_within_the_process(local: Any, cognito: Any, pool_id: str, crowd: list[str]) -> None:
    mine = local.list_users(UserPoolId=pool_id, Filter='username ^= "u"', Limit=2)
    theirs = cognito.list_users(
        UserPoolId=pool_id, Filter='username ^= "u"', Limit=2, PaginationToken=mine["PaginationToken"]
    )
    assert usernames(mine) + usernames(theirs) == crowd[1:]
