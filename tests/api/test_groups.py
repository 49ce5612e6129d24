"""Groups by boto3 and by raw requests (api.md 1.6, 1.7, part 5; 9.1, line 23)."""

from typing import Any

import pytest

from app_client_authz.domain.pool import PoolSpec
from tests.support.aws import Wire, output, refusal
from tests.support.clock import MovableClock
from tests.support.refusals import refused, violation
from tests.support.site import Site

ROLE = "arn:aws:iam::123456789012:role/staff"
NOT_FOUND = "Group not found."
NOBODY = "User does not exist."
BAD_TOKEN = "Provided pagination token is invalid. Check the token and try your request again."
BAD_MARKER = "Paging marker is invalid."
LISTS = {
    "ListGroups": {},
    "AdminListGroupsForUser": {"Username": "kim"},
    "ListUsersInGroup": {"GroupName": "staff"},
}


@pytest.fixture
def staff(cognito: Any, pool_id: str) -> dict[str, str]:
    """The members that name a group."""
    cognito.create_group(UserPoolId=pool_id, GroupName="staff", Description="All", Precedence=3, RoleArn=ROLE)
    return {"UserPoolId": pool_id, "GroupName": "staff"}


def test_group_shows_what_is_set_and_nothing_else(cognito: Any, pool_id: str, staff: dict[str, str]) -> None:
    bare = cognito.create_group(UserPoolId=pool_id, GroupName="bare", Description="")["Group"]
    assert bare.keys() == {"GroupName", "UserPoolId", "CreationDate", "LastModifiedDate"}
    assert bare["CreationDate"] == bare["LastModifiedDate"]
    assert cognito.get_group(UserPoolId=pool_id, GroupName="bare")["Group"] == bare

    full = cognito.get_group(**staff)["Group"]
    del full["CreationDate"], full["LastModifiedDate"]
    assert full == {**staff, "Description": "All", "Precedence": 3, "RoleArn": ROLE}


def test_name_that_is_taken_is_refused(cognito: Any, staff: dict[str, str]) -> None:
    with refused("GroupExists", "A group with the name already exists."):
        cognito.create_group(**staff)


@pytest.mark.parametrize(
    "sent",
    [{}, {"Description": ""}, {"Description": None, "RoleArn": None, "Precedence": None}],
)
def test_update_without_a_value_changes_nothing(
    wire: Wire, cognito: Any, staff: dict[str, str], clock: MovableClock, sent: dict[str, Any]
) -> None:
    before = cognito.get_group(**staff)["Group"]
    clock.advance(60)
    assert wire("UpdateGroup", {**staff, **sent}).status_code == 200
    assert cognito.get_group(**staff)["Group"] == before


@pytest.mark.parametrize("sent", [{"Description": "All"}, {"Precedence": 3}, {"RoleArn": ROLE}])
def test_update_with_the_same_value_moves_the_date(
    cognito: Any, staff: dict[str, str], clock: MovableClock, sent: dict[str, Any]
) -> None:
    before = cognito.get_group(**staff)["Group"]
    clock.advance(60)
    after = cognito.update_group(**staff, **sent)["Group"]
    assert (after.pop("LastModifiedDate") - before.pop("LastModifiedDate")).total_seconds() == 60
    assert after == before
    assert cognito.get_group(**staff)["Group"]["LastModifiedDate"] > before["CreationDate"]


def test_update_keeps_what_is_left_out(cognito: Any, staff: dict[str, str]) -> None:
    after = cognito.update_group(**staff, Precedence=0)["Group"]
    assert (after["Precedence"], after["Description"], after["RoleArn"]) == (0, "All", ROLE)


def test_empty_role_violates_its_constraint(cognito: Any, staff: dict[str, str]) -> None:
    with pytest.raises(cognito.exceptions.InvalidParameterException) as told:
        cognito.update_group(**staff, RoleArn="")
    assert "Value '' at 'roleArn' failed to satisfy constraint" in told.value.response["Error"]["Message"]


def test_negative_precedence_is_refused(cognito: Any, pool_id: str) -> None:
    phrase = "Member must have value greater than or equal to 0"
    with refused("InvalidParameter", violation("'-1' at 'precedence'", phrase)):
        cognito.create_group(UserPoolId=pool_id, GroupName="staff", Precedence=-1)


def test_deleted_group_is_gone_without_a_body(wire: Wire, cognito: Any, staff: dict[str, str]) -> None:
    answer = wire("DeleteGroup", staff)
    assert (answer.status_code, answer.data) == (200, b"")
    for operation in (cognito.get_group, cognito.update_group, cognito.delete_group, cognito.list_users_in_group):
        with refused("ResourceNotFound", NOT_FOUND):
            operation(**staff)


@pytest.mark.attack("R23")
@pytest.mark.parametrize("operation", ["GetGroup", "UpdateGroup", "DeleteGroup", "ListUsersInGroup"])
def test_group_of_another_pool_is_not_found(wire: Wire, site: Site, staff: dict[str, str], operation: str) -> None:
    other = site.services.pools.create(PoolSpec(name="other")).id
    answer = wire(operation, {**staff, "UserPoolId": other, "Description": "mine"})
    assert refusal(answer) == ("ResourceNotFoundException", NOT_FOUND)
    assert output(wire("GetGroup", staff))["Group"]["Description"] == "All"


# --- members --------------------------------------------------------------------------------------


def test_membership_comes_and_goes_and_comes_twice(cognito: Any, staff: dict[str, str], site: Site) -> None:
    def members() -> list[str]:
        return [user["Username"] for user in cognito.list_users_in_group(**staff)["Users"]]

    for name in ("kim", "KIM", site.user.sub):
        cognito.admin_add_user_to_group(**staff, Username=name)
        assert members() == ["kim"]
    groups = cognito.admin_list_groups_for_user(UserPoolId=site.pool.id, Username="kim")["Groups"]
    assert groups == [cognito.get_group(**staff)["Group"]]

    for _ in range(2):
        cognito.admin_remove_user_from_group(**staff, Username="kim")
        assert members() == []


def test_user_is_looked_up_before_the_group(cognito: Any, pool_id: str) -> None:
    nothing = {"UserPoolId": pool_id, "GroupName": "nothing"}
    for operation in (cognito.admin_add_user_to_group, cognito.admin_remove_user_from_group):
        with refused("UserNotFound", NOBODY):
            operation(**nothing, Username="nobody")
    with refused("ResourceNotFound", NOT_FOUND):
        cognito.admin_add_user_to_group(**nothing, Username="kim")
    cognito.admin_remove_user_from_group(**nothing, Username="kim")


def test_members_are_shown_as_users(cognito: Any, staff: dict[str, str]) -> None:
    cognito.admin_add_user_to_group(**staff, Username="kim")
    (user,) = cognito.list_users_in_group(**staff)["Users"]
    names = [each["Name"] for each in user["Attributes"]]
    assert user.keys() == {
        "Username",
        "Attributes",
        "UserCreateDate",
        "UserLastModifiedDate",
        "Enabled",
        "UserStatus",
    }
    assert names == ["name", "email", "email_verified", "sub"]


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", LISTS)
def test_limit_of_zero_beats_everything(wire: Wire, operation: str) -> None:
    body = {"UserPoolId": "us-east-1_nowhere00", **LISTS[operation], "Limit": 0, "NextToken": "garbage"}
    expected = violation("'0' at 'maxResults'", "Member must have value greater than or equal to 1")
    assert refusal(wire(operation, body)) == ("InvalidParameterException", expected)


@pytest.mark.parametrize("operation", LISTS)
def test_garbage_is_no_token(wire: Wire, pool_id: str, staff: dict[str, str], operation: str) -> None:
    message = BAD_MARKER if operation == "ListUsersInGroup" else BAD_TOKEN
    for token in ("garbage", "a.b.c.d.e", "x" * 5000):
        answer = wire(operation, {"UserPoolId": pool_id, **LISTS[operation], "NextToken": token})
        assert refusal(answer) == ("InvalidParameterException", message)


@pytest.mark.parametrize("operation, member", [("list_groups", "Groups"), ("list_users_in_group", "Users")])
def test_pages_join_and_a_full_last_page_has_no_token(
    cognito: Any, pool_id: str, staff: dict[str, str], operation: str, member: str
) -> None:
    wanted = {"UserPoolId": pool_id} if member == "Groups" else staff
    cognito.admin_add_user_to_group(**staff, Username="kim")
    for number in range(3):
        cognito.create_group(UserPoolId=pool_id, GroupName=f"g{number}")
        cognito.admin_create_user(UserPoolId=pool_id, Username=f"u{number}", MessageAction="SUPPRESS")
        cognito.admin_add_user_to_group(**staff, Username=f"u{number}")

    whole = getattr(cognito, operation)(**wanted)
    first = getattr(cognito, operation)(**wanted, Limit=2)
    last = getattr(cognito, operation)(**wanted, Limit=2, NextToken=first["NextToken"])
    assert first[member] + last[member] == whole[member]
    assert (len(first[member]), len(last[member])) == (2, 2)
    assert "NextToken" not in last
    assert "NextToken" not in whole
    pages = cognito.get_paginator(operation).paginate(**wanted, PaginationConfig={"PageSize": 3})
    assert [each for page in pages for each in page[member]] == whole[member]


def test_groups_of_a_user_come_in_pages(cognito: Any, pool_id: str) -> None:
    kim = {"UserPoolId": pool_id, "Username": "kim"}
    for name in ("c", "a", "b"):
        cognito.create_group(UserPoolId=pool_id, GroupName=name)
        cognito.admin_add_user_to_group(**kim, GroupName=name)
    first = cognito.admin_list_groups_for_user(**kim, Limit=2)
    last = cognito.admin_list_groups_for_user(**kim, Limit=2, NextToken=first["NextToken"])
    assert [each["GroupName"] for each in first["Groups"] + last["Groups"]] == ["a", "b", "c"]
    assert "NextToken" not in last


@pytest.mark.attack("R23")
def test_token_is_good_for_its_own_list_only(cognito: Any, site: Site, staff: dict[str, str]) -> None:
    pool_id, other = site.pool.id, site.services.pools.create(PoolSpec(name="other")).id
    for pool in (pool_id, other):
        for name in ("a", "b"):
            cognito.create_group(UserPoolId=pool, GroupName=name)
    for name in ("a", "b"):
        cognito.admin_add_user_to_group(UserPoolId=pool_id, GroupName=name, Username="kim")
    token = cognito.list_groups(UserPoolId=pool_id, Limit=1)["NextToken"]
    of_kim = cognito.admin_list_groups_for_user(UserPoolId=pool_id, Username="kim", Limit=1)["NextToken"]

    for foreign in (token, of_kim):
        with refused("InvalidParameter", BAD_TOKEN):
            cognito.list_groups(UserPoolId=other, NextToken=foreign)
        with refused("InvalidParameter", BAD_MARKER):
            cognito.list_users_in_group(**staff, NextToken=foreign)
    with refused("InvalidParameter", BAD_TOKEN):
        cognito.list_groups(UserPoolId=pool_id, NextToken=of_kim)
    assert cognito.list_groups(UserPoolId=pool_id, NextToken=token)["Groups"]
