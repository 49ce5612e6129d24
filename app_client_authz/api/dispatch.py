"""From a validated call to its answer: the one path for HTTP and for callers in the same process."""

import uuid
from typing import Any

from app_client_authz.api import shapes
from app_client_authz.api.errors import AccessDenied, UnknownOperation
from app_client_authz.api.operation import Call, Json, pool_of
from app_client_authz.api.operations import OPERATIONS
from app_client_authz.domain import ids
from app_client_authz.domain.access_key import AccessKey
from app_client_authz.services.registry import Services


def is_known(operation: str) -> bool:
    """Whether this release has the operation."""
    return operation in OPERATIONS


def run(
    services: Services,
    operation: str,
    body: object,
    *,
    base: str,
    access_key: AccessKey | None = None,
    request_id: str | None = None,
) -> Json | None:
    """The output of the operation; None where it has no output shape.

    Raises:
        UnknownOperation: this release does not have it.
        SerializationFailed, InvalidParameter: the body does not fit its shape.
        AccessDenied: the access key does not reach that far.
        OperationError: whatever the operation refuses.
    """
    function = OPERATIONS.get(operation)
    if function is None:
        raise UnknownOperation
    check_rights(access_key, operation, None)
    accepted: dict[str, Any] = shapes.validated(operation, body)
    call = Call(services, operation, accepted, request_id or str(uuid.uuid4()), base, access_key)
    if access_key is not None and access_key.pool_ids is not None:
        check_rights(access_key, operation, pool_of(call), names_pool=True)
    output = function(call)
    return None if "output" not in shapes.model().operations[operation] else output or {}


def check_rights(key: AccessKey | None, operation: str, pool_id: str | None, *, names_pool: bool = False) -> None:
    """Raises:
    AccessDenied: the key may not call the operation, or not on that pool.
    """
    if key is None or (key.may_call(operation) and (not names_pool or key.may_touch(pool_id))):
        return
    user = f"arn:aws:iam::{ids.ACCOUNT_ID}:access-key/{key.id}"
    resource = ids.pool_arn(pool_id) if pool_id is not None and ids.is_pool_id(pool_id) else "*"
    raise AccessDenied(f"User: {user} is not authorized to perform: cognito-idp:{operation} on resource: {resource}")
