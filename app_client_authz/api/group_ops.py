"""Groups: Create, Get, List, Update, Delete; who is in them (api.md part 5)."""

from operator import attrgetter

from app_client_authz.api import group_wire, user_wire
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.paging import page
from app_client_authz.api.wire import present
from app_client_authz.domain.shapes import Checker
from app_client_authz.domain.user import Group, User

DEFAULT_PAGE = 60
INVALID_MARKER = "Paging marker is invalid."


def create_group(call: Call) -> Json:
    group = call.services.groups.create(group_wire.to_group(call.input))
    return {"Group": group_wire.from_group(group)}


def get_group(call: Call) -> Json:
    group = call.services.groups.describe(call.input["UserPoolId"], call.input["GroupName"])
    return {"Group": group_wire.from_group(group)}


def list_groups(call: Call) -> Json:
    def fetch(after: str, limit: int) -> list[Group]:
        return call.services.groups.page(call.input["UserPoolId"], after=after, limit=limit)

    groups, more = page(call, fetch, attrgetter("name"), size=_size(call))
    return present({"Groups": [group_wire.from_group(group) for group in groups], "NextToken": more})


def update_group(call: Call) -> Json:
    changes = group_wire.to_changes(call.input)
    group = call.services.groups.update(call.input["UserPoolId"], call.input["GroupName"], changes)
    return {"Group": group_wire.from_group(group)}


def delete_group(call: Call) -> None:
    call.services.groups.delete(call.input["UserPoolId"], call.input["GroupName"])


def admin_add_user_to_group(call: Call) -> None:
    call.services.groups.add_member(call.input["UserPoolId"], call.input["GroupName"], call.input["Username"])


def admin_remove_user_from_group(call: Call) -> None:
    call.services.groups.remove_member(call.input["UserPoolId"], call.input["GroupName"], call.input["Username"])


def admin_list_groups_for_user(call: Call) -> Json:
    username = call.input["Username"]

    def fetch(after: str, limit: int) -> list[Group]:
        return call.services.groups.of_user(call.input["UserPoolId"], username, after=after, limit=limit)

    groups, more = page(call, fetch, attrgetter("name"), username, size=_size(call))
    return present({"Groups": [group_wire.from_group(group) for group in groups], "NextToken": more})


def list_users_in_group(call: Call) -> Json:
    name = call.input["GroupName"]

    def fetch(after: str, limit: int) -> list[User]:
        return call.services.groups.members(call.input["UserPoolId"], name, after=after, limit=limit)

    found, more = page(call, fetch, attrgetter("sub"), name, size=_size(call), refusal=INVALID_MARKER)
    users = [user_wire.described(user, user_wire.in_order(user)) for user in found]
    return present({"Users": users, "NextToken": more})


def _size(call: Call) -> int:
    """``Limit``, of which the model allows 0, Cognito does not, and says so under another name (api.md 1.6)."""
    size: int = call.input.get("Limit", DEFAULT_PAGE)
    checker = Checker()
    checker.whole("maxResults", size, 1)
    checker.done()
    return size


OPERATIONS: dict[str, Run] = {
    "CreateGroup": create_group,
    "GetGroup": get_group,
    "ListGroups": list_groups,
    "UpdateGroup": update_group,
    "DeleteGroup": delete_group,
    "AdminAddUserToGroup": admin_add_user_to_group,
    "AdminRemoveUserFromGroup": admin_remove_user_from_group,
    "AdminListGroupsForUser": admin_list_groups_for_user,
    "ListUsersInGroup": list_users_in_group,
}
