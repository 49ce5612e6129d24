"""AddCustomAttributes (api.md 3.5)."""

from app_client_authz.api import schema_wire
from app_client_authz.api.operation import Call, Json, Run


def add_custom_attributes(call: Call) -> Json:
    additions = schema_wire.to_attributes(call.input["CustomAttributes"])
    call.services.pools.add_custom_attributes(call.input["UserPoolId"], additions)
    return {}


OPERATIONS: dict[str, Run] = {"AddCustomAttributes": add_custom_attributes}
