"""Domains of user pools: Create, Describe, Update, Delete (api.md 3.6)."""

from urllib.parse import urlsplit

from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.wire import present
from app_client_authz.domain import ids
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool_domain import CustomDomain, PoolDomain

S3_BUCKET, VERSION = "app-client-authz", "1"
"""Stand where AWS names its own bucket and release: tools expect both, and there is neither here."""


def create_user_pool_domain(call: Call) -> Json:
    made = call.services.domains.create(
        call.input["UserPoolId"],
        call.input["Domain"],
        managed_login_version=call.input.get("ManagedLoginVersion"),
        config=_config_in(call),
    )
    return _answer(call, made)


def describe_user_pool_domain(call: Call) -> Json:
    found = call.services.domains.find(call.input["Domain"])
    if found is None:
        return {"DomainDescription": {}}
    return {
        "DomainDescription": present(
            {
                "UserPoolId": found.pool_id,
                "AWSAccountId": ids.ACCOUNT_ID,
                "Domain": found.domain,
                "S3Bucket": S3_BUCKET,
                "CloudFrontDistribution": _our_host(call),
                "Version": VERSION,
                "Status": "ACTIVE",
                "CustomDomainConfig": _config_out(found),
                "ManagedLoginVersion": found.managed_login_version,
            }
        )
    }


def update_user_pool_domain(call: Call) -> Json:
    after = call.services.domains.update(
        call.input["UserPoolId"],
        call.input["Domain"],
        managed_login_version=call.input.get("ManagedLoginVersion"),
        config=_config_in(call),
    )
    return _answer(call, after)


def delete_user_pool_domain(call: Call) -> None:
    call.services.domains.delete(call.input["UserPoolId"], call.input["Domain"])


OPERATIONS: dict[str, Run] = {
    "CreateUserPoolDomain": create_user_pool_domain,
    "DescribeUserPoolDomain": describe_user_pool_domain,
    "UpdateUserPoolDomain": update_user_pool_domain,
    "DeleteUserPoolDomain": delete_user_pool_domain,
}


def _config_in(call: Call) -> CustomDomain | None:
    if "Routing" in call.input:
        raise InvalidParameter("Routing: a user pool has no replicas here, so there is nothing to fail over to.")
    config = call.input.get("CustomDomainConfig")
    return None if config is None else CustomDomain(config["CertificateArn"], config.get("SecurityPolicy"))


def _config_out(domain: PoolDomain) -> Json | None:
    if domain.config is None:
        return None
    return present({"CertificateArn": domain.config.certificate_arn, "SecurityPolicy": domain.config.security_policy})


def _answer(call: Call, domain: PoolDomain) -> Json:
    return present(
        {
            "ManagedLoginVersion": domain.managed_login_version,
            "CloudFrontDomain": _our_host(call) if domain.custom else None,
        }
    )


def _our_host(call: Call) -> str | None:
    """Where a custom domain's DNS record has to point to: the host that this server is reached at."""
    return urlsplit(call.base).hostname
