"""Domains of user pools by boto3 (api.md 3.6)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.aws import Wire, boto_client, refusal
from tests.support.live import LiveServer
from tests.support.refusals import refused, violation
from tests.support.site import Site

NOWHERE = "us-east-1_nowhere00"
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-3333-4444-555555555555"
CUSTOM = {"CustomDomainConfig": {"CertificateArn": CERTIFICATE}}
INVALID = (
    "The domain name contains an invalid character. Domain names can only contain lower-case letters, numbers, "
    "and hyphens."
)
TAKEN = "Domain already associated with another user pool."
UNKNOWN = "No such domain or user pool exists."
LITE = "The following feature is not available for the LITE pricing tier configured: Managed Login Version 2"


def answer(response: dict[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in response.items() if name != "ResponseMetadata"}


@pytest.fixture
def other_pool(cognito: Any) -> str:
    return str(cognito.create_user_pool(PoolName="other")["UserPool"]["Id"])


def test_prefix_domain_comes_back_as_it_was_made(cognito: Any, pool_id: str) -> None:
    made = cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="my-shop-1")

    assert answer(made) == {"ManagedLoginVersion": 1}
    assert cognito.describe_user_pool_domain(Domain="my-shop-1")["DomainDescription"] == {
        "UserPoolId": pool_id,
        "AWSAccountId": "000000000000",
        "Domain": "my-shop-1",
        "S3Bucket": "app-client-authz",
        "CloudFrontDistribution": "127.0.0.1",
        "Version": "1",
        "Status": "ACTIVE",
        "ManagedLoginVersion": 1,
    }


def test_custom_domain_shows_its_certificate_and_where_its_dns_record_points(cognito: Any, pool_id: str) -> None:
    config = {"CertificateArn": CERTIFICATE, "SecurityPolicy": "TLS_V1_2_2021"}
    made = cognito.create_user_pool_domain(
        UserPoolId=pool_id, Domain="auth.shop.example", ManagedLoginVersion=2, CustomDomainConfig=config
    )

    assert answer(made) == {"ManagedLoginVersion": 2, "CloudFrontDomain": "127.0.0.1"}
    described = cognito.describe_user_pool_domain(Domain="auth.shop.example")["DomainDescription"]
    assert (described["Domain"], described["CustomDomainConfig"]) == ("auth.shop.example", config)
    assert described["ManagedLoginVersion"] == 2


def test_domain_changes_no_url_of_ours(cognito: Any, pool_id: str, site: Site) -> None:
    discovery = f"/auth/{pool_id}/.well-known/openid-configuration"
    before = site.browse().get(discovery).json

    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="auth.shop.example", **CUSTOM)

    assert site.browse().get(discovery).json == before


def test_description_of_an_unknown_domain_is_empty(wire: Wire) -> None:
    for domain in ("nobody", "nobody.shop.example", "shop.example"):
        told = wire("DescribeUserPoolDomain", {"Domain": domain})
        assert (told.status_code, told.data) == (200, b'{"DomainDescription":{}}')


@pytest.mark.parametrize("domain", ["Shop", "my_shop", "-shop", "shop-", "shöp", "shop.", "a..b", "shop\n"])
def test_domain_that_there_cannot_be_is_refused_by_all_operations(cognito: Any, pool_id: str, domain: str) -> None:
    with refused("InvalidParameter", INVALID):
        cognito.create_user_pool_domain(UserPoolId=pool_id, Domain=domain)
    with refused("InvalidParameter", INVALID):
        cognito.describe_user_pool_domain(Domain=domain)
    with refused("InvalidParameter", INVALID):
        cognito.update_user_pool_domain(UserPoolId=pool_id, Domain=domain)
    with refused("InvalidParameter", INVALID):
        cognito.delete_user_pool_domain(UserPoolId=pool_id, Domain=domain)


@pytest.mark.parametrize(
    "domain, more, message",
    [
        ("auth.shop.example", {}, INVALID),
        ("aws", {}, "Domain cannot contain reserved word: aws"),
        ("my-amazon-shop", {}, "Domain cannot contain reserved word: amazon"),
        ("shop-cognito", {}, "Domain cannot contain reserved word: cognito"),
        ("shop", CUSTOM, "Custom domain is not a valid subdomain"),
        ("shop.example", CUSTOM, "Custom domain is not a valid subdomain"),
        ("Auth.shop.example", CUSTOM, "Custom domain is not a valid subdomain"),
        ("auth.shop.example.", CUSTOM, "Custom domain is not a valid subdomain"),
        (
            "shop",
            {"ManagedLoginVersion": 3},
            violation("'3' at 'managedLoginVersion'", "Member must have value less than or equal to 2"),
        ),
        (
            "shop",
            {"ManagedLoginVersion": 0},
            violation("'0' at 'managedLoginVersion'", "Member must have value greater than or equal to 1"),
        ),
        (
            "x" * 64,
            {},
            violation(f"'{'x' * 64}' at 'domain'", "Member must have length less than or equal to 63"),
        ),
        (
            "shop",
            {"Routing": {"Failover": {"SecondaryRegion": "eu-central-1", "PrimaryRoute53HealthCheckId": "1"}}},
            "Routing: a user pool has no replicas here, so there is nothing to fail over to.",
        ),
    ],
)
def test_malformed_domain_is_refused(
    cognito: Any, pool_id: str, domain: str, more: dict[str, Any], message: str
) -> None:
    with refused("InvalidParameter", message):
        cognito.create_user_pool_domain(UserPoolId=pool_id, Domain=domain, **more)


@pytest.mark.parametrize("domain", ["awsome", "cognitorium", "a", "0", "x" * 63])
def test_words_that_only_begin_like_reserved_ones_are_fine(cognito: Any, pool_id: str, domain: str) -> None:
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain=domain)

    assert cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"]["Domain"] == domain


@pytest.mark.parametrize("domain, more", [("shop", {}), ("auth.shop.example", CUSTOM)])
def test_domain_belongs_to_one_pool(
    cognito: Any, pool_id: str, other_pool: str, domain: str, more: dict[str, Any]
) -> None:
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain=domain, **more)

    with refused("InvalidParameter", TAKEN):
        cognito.create_user_pool_domain(UserPoolId=other_pool, Domain=domain, **more)
    assert cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"]["UserPoolId"] == pool_id


def test_pool_has_one_prefix_and_one_custom_domain(cognito: Any, pool_id: str) -> None:
    one_is_enough = "User pool already has a domain configured."
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="shop")
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="auth.shop.example", **CUSTOM)

    for domain, more in (("shop", {}), ("shop-2", {}), ("login.shop.example", CUSTOM)):
        with refused("InvalidParameter", one_is_enough):
            cognito.create_user_pool_domain(UserPoolId=pool_id, Domain=domain, **more)
    assert cognito.describe_user_pool_domain(Domain="shop-2")["DomainDescription"] == {}


def test_update_changes_what_is_given_and_leaves_the_rest(cognito: Any, pool_id: str) -> None:
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="auth.shop.example", **CUSTOM)

    after = cognito.update_user_pool_domain(UserPoolId=pool_id, Domain="auth.shop.example", ManagedLoginVersion=2)
    assert answer(after) == {"ManagedLoginVersion": 2, "CloudFrontDomain": "127.0.0.1"}
    newer = {"CertificateArn": CERTIFICATE.replace("1111", "9999"), "SecurityPolicy": "TLS_V1_3_2025"}
    cognito.update_user_pool_domain(UserPoolId=pool_id, Domain="auth.shop.example", CustomDomainConfig=newer)

    described = cognito.describe_user_pool_domain(Domain="auth.shop.example")["DomainDescription"]
    assert (described["ManagedLoginVersion"], described["CustomDomainConfig"]) == (2, newer)


def test_prefix_takes_no_certificate(cognito: Any, pool_id: str) -> None:
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="shop")

    with refused("InvalidParameter", "CustomDomainConfig cannot be set for a prefix domain."):
        cognito.update_user_pool_domain(UserPoolId=pool_id, Domain="shop", **CUSTOM)


def test_second_version_of_the_managed_login_needs_a_higher_tier(cognito: Any) -> None:
    lite = cognito.create_user_pool(PoolName="lite", UserPoolTier="LITE")["UserPool"]["Id"]

    with refused("FeatureUnavailableInTier", LITE):
        cognito.create_user_pool_domain(UserPoolId=lite, Domain="shop", ManagedLoginVersion=2)
    cognito.create_user_pool_domain(UserPoolId=lite, Domain="shop")
    with refused("FeatureUnavailableInTier", LITE):
        cognito.update_user_pool_domain(UserPoolId=lite, Domain="shop", ManagedLoginVersion=2)


def test_delete_answers_an_empty_object_and_frees_the_domain(
    cognito: Any, wire: Wire, pool_id: str, other_pool: str
) -> None:
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="shop")

    deleted = wire("DeleteUserPoolDomain", {"UserPoolId": pool_id, "Domain": "shop"})

    assert (deleted.status_code, deleted.data) == (200, b"{}")
    assert cognito.describe_user_pool_domain(Domain="shop")["DomainDescription"] == {}
    cognito.create_user_pool_domain(UserPoolId=other_pool, Domain="shop")


def test_domain_of_another_pool_is_no_domain_of_this_one(cognito: Any, pool_id: str, other_pool: str) -> None:
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="shop")

    for domain in ("shop", "nobody"):
        with refused("InvalidParameter", UNKNOWN):
            cognito.delete_user_pool_domain(UserPoolId=other_pool, Domain=domain)
        with refused("InvalidParameter", UNKNOWN):
            cognito.update_user_pool_domain(UserPoolId=other_pool, Domain=domain, ManagedLoginVersion=2)
    described = cognito.describe_user_pool_domain(Domain="shop")["DomainDescription"]
    assert (described["UserPoolId"], described["ManagedLoginVersion"]) == (pool_id, 1)


@pytest.mark.parametrize("operation", ["create_user_pool_domain", "update_user_pool_domain", "delete_user_pool_domain"])
def test_unknown_pool_is_not_found(cognito: Any, operation: str) -> None:
    with refused("ResourceNotFound", f"User pool {NOWHERE} does not exist."):
        getattr(cognito, operation)(UserPoolId=NOWHERE, Domain="shop")


# --- access keys of named pools (SIG-8) -----------------------------------------------------------


def test_key_of_a_pool_describes_the_domain_of_that_pool(
    cognito: Any, pool_id: str, site: Site, live_server: Callable[..., LiveServer]
) -> None:
    cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="shop")
    key, secret = site.services.access_keys.create(pool_ids=[pool_id])
    limited = boto_client(live_server(site.app).url, key=key.id, secret=secret)

    described = limited.describe_user_pool_domain(Domain="shop")["DomainDescription"]

    assert described["UserPoolId"] == pool_id
    limited.close()


@pytest.mark.attack("SIG-8")
def test_key_of_a_pool_learns_nothing_of_other_domains(cognito: Any, pool_id: str, other_pool: str, site: Site) -> None:
    cognito.create_user_pool_domain(UserPoolId=other_pool, Domain="theirs")
    key, secret = site.services.access_keys.create(pool_ids=[pool_id])
    limited = Wire(site.app, key.id, secret)

    of_theirs = refusal(limited("DescribeUserPoolDomain", {"Domain": "theirs"}))
    of_nobodys = refusal(limited("DescribeUserPoolDomain", {"Domain": "nobodys"}))

    assert of_theirs == of_nobodys
    code, message = of_theirs
    assert code == "AccessDeniedException"
    assert message is not None
    assert message.endswith("is not authorized to perform: cognito-idp:DescribeUserPoolDomain on resource: *")
