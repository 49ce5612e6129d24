"""From a parsed body to its answer: the one path for HTTP and for callers in the same process."""

import uuid

from app_client_authz.api import shapes
from app_client_authz.api.errors import AccessDenied, UnknownOperation
from app_client_authz.api.operation import Call, Json
from app_client_authz.api.operations import OPERATIONS
from app_client_authz.domain import ids
from app_client_authz.domain.access_key import AccessKey
from app_client_authz.services import audit, origin
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
    """The output of the operation; None where it has no output shape. ``body`` is parsed JSON.

    A request comes from where ``origin.present`` says, unless a signed one says whom it speaks for.

    Raises:
        UnknownOperation: this release does not have it.
        SerializationFailed, InvalidParameter: the body does not fit its shape.
        AccessDenied: the access key does not reach that far.
        OperationError: whatever the operation refuses.
    """
    function = OPERATIONS.get(operation)
    if function is None:
        raise UnknownOperation
    if access_key is not None and not access_key.may_call(operation):
        raise _denied(access_key, operation, None)
    accepted = shapes.validated(operation, body)
    call = Call(services, operation, accepted, request_id or str(uuid.uuid4()), base, access_key)
    if access_key is not None and access_key.pool_ids is not None and not access_key.may_touch(_pool_of(call)):
        raise _denied(access_key, operation, call.pool_id)
    said, claimed = accepted.get("ContextData", {}), accepted.get("UserContextData", {})
    with origin.coming_from(said.get("IpAddress", origin.present().address), claimed=claimed.get("IpAddress")):
        output = function(call)
    if access_key is not None:
        audit.record("signed_call", operation=operation, access_key_id=access_key.id, pool_id=call.pool_id)
    return None if "output" not in shapes.model().operations[operation] else output or {}


def _pool_of(call: Call) -> str | None:
    """The pool that a call reaches: DescribeUserPoolDomain names a domain only, GetClientToken a client only."""
    if call.pool_id is not None:
        return call.pool_id
    if "Domain" in call.input:
        found = call.services.domains.find(call.input["Domain"])
        return None if found is None else found.pool_id
    if "ClientId" in call.input:
        registration = call.services.app_clients.find(call.input["ClientId"])
        return None if registration is None else registration.pool.id
    return None


def _denied(key: AccessKey, operation: str, pool_id: str | None) -> AccessDenied:
    audit.record("access_denied", operation=operation, access_key_id=key.id, pool_id=pool_id)
    user = f"arn:aws:iam::{ids.ACCOUNT_ID}:user/{key.id}"
    resource = "*" if pool_id is None else ids.pool_arn(pool_id)
    return AccessDenied(f"User: {user} is not authorized to perform: cognito-idp:{operation} on resource: {resource}")
