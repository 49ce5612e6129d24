"""Tags of a user pool, which is named by its ARN: TagResource, UntagResource, ListTagsForResource."""

from app_client_authz.api.operation import Call, Json, Run


def tag_resource(call: Call) -> Json:
    call.services.pool_settings.tag(call.input["ResourceArn"], call.input["Tags"])
    return {}


def untag_resource(call: Call) -> Json:
    call.services.pool_settings.untag(call.input["ResourceArn"], call.input["TagKeys"])
    return {}


def list_tags_for_resource(call: Call) -> Json:
    return {"Tags": call.services.pool_settings.tags(call.input["ResourceArn"])}


OPERATIONS: dict[str, Run] = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
