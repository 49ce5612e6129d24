"""User pools: Create, Describe, List, Update, Delete, and the certificate that they sign with (api.md 3.3)."""

import base64

from app_client_authz.api import pool_wire
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.paging import page
from app_client_authz.api.wire import present
from app_client_authz.services.pools import DescribedPool


def create_user_pool(call: Call) -> Json:
    pool = call.services.pools.create(pool_wire.to_spec(call.input))
    return {"UserPool": pool_wire.from_pool(DescribedPool(pool), created=True)}


def describe_user_pool(call: Call) -> Json:
    return {"UserPool": pool_wire.from_pool(call.services.pools.described(call.input["UserPoolId"]))}


def list_user_pools(call: Call) -> Json:
    pools, token = page(
        call,
        lambda after, limit: call.services.pools.page(after=after, limit=limit),
        lambda pool: pool.id,
        size=call.input["MaxResults"],
    )
    return present({"UserPools": [pool_wire.summary(pool) for pool in pools], "NextToken": token})


def update_user_pool(call: Call) -> Json:
    call.services.pools.replace(call.input["UserPoolId"], pool_wire.to_spec(call.input))
    return {}


def delete_user_pool(call: Call) -> None:
    call.services.pools.delete(call.input["UserPoolId"])


def get_signing_certificate(call: Call) -> Json:
    certificate = call.services.keys.certificate(call.input["UserPoolId"])
    return {"Certificate": base64.b64encode(certificate).decode("ascii")}


OPERATIONS: dict[str, Run] = {
    "CreateUserPool": create_user_pool,
    "DescribeUserPool": describe_user_pool,
    "ListUserPools": list_user_pools,
    "UpdateUserPool": update_user_pool,
    "DeleteUserPool": delete_user_pool,
    "GetSigningCertificate": get_signing_certificate,
}
