"""A group in Cognito's JSON (api.md part 5)."""

from app_client_authz.api.wire import Json, instant, present
from app_client_authz.domain.user import Group, GroupChanges


def to_group(members: Json) -> Group:
    """The group that CreateGroup describes; an empty description is none."""
    return Group(members["UserPoolId"], members["GroupName"], **to_changes(members))


def to_changes(members: Json) -> GroupChanges:
    """What UpdateGroup changes: an empty description counts as left out, as null does."""
    changes: GroupChanges = {}
    if members.get("Description"):
        changes["description"] = members["Description"]
    if "RoleArn" in members:
        changes["role_arn"] = members["RoleArn"]
    if "Precedence" in members:
        changes["precedence"] = members["Precedence"]
    return changes


def from_group(group: Group) -> Json:
    """``GroupType``: what is unset is absent."""
    return present(
        {
            "GroupName": group.name,
            "UserPoolId": group.pool_id,
            "Description": group.description,
            "RoleArn": group.role_arn,
            "Precedence": group.precedence,
            "LastModifiedDate": instant(group.updated_at),
            "CreationDate": instant(group.created_at),
        }
    )
