"""App clients over the wire, by boto3: made, described, deleted (api.md 2.2, 2.4, 2.10)."""

from typing import Any

import pytest

from app_client_authz.domain.pool import PoolSpec
from tests.support.aws import Wire, output, refusal
from tests.support.clock import MovableClock
from tests.support.site import CALLBACK, SIGNED_OUT, Site

EVERYTHING: dict[str, Any] = {
    "ClientName": "every member",
    "RefreshTokenValidity": 12,
    "AccessTokenValidity": 30,
    "IdTokenValidity": 2,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "hours", "RefreshToken": "hours"},
    "ReadAttributes": ["name", "email", "email_verified"],
    "WriteAttributes": ["name", "email"],
    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"],
    "SupportedIdentityProviders": ["COGNITO"],
    "CallbackURLs": ["https://b.example/cb", CALLBACK],
    "LogoutURLs": [SIGNED_OUT],
    "DefaultRedirectURI": CALLBACK,
    "AllowedOAuthFlows": ["code", "implicit"],
    "AllowedOAuthScopes": ["openid", "orders/read"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "AnalyticsConfiguration": {"ApplicationId": "d70b2ba36a8c4dc5a04a0451a31a1e12", "UserDataShared": True},
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": False,
    "EnablePropagateAdditionalUserContextData": True,
    "AuthSessionValidity": 15,
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
}


def test_minimal_client_has_exactly_the_recorded_members(cognito: Any, pool_id: str) -> None:
    """api.md 9.1 lines 1 and 2: the flows come back in an order of their own."""
    flows = [
        *("ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"),
        "ALLOW_REFRESH_TOKEN_AUTH",
    ]

    made = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="isolated", ExplicitAuthFlows=flows)

    client = made["UserPoolClient"]
    assert client == {
        "UserPoolId": pool_id,
        "ClientName": "isolated",
        "ClientId": client["ClientId"],
        "LastModifiedDate": client["CreationDate"],
        "CreationDate": client["CreationDate"],
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {},
        "ExplicitAuthFlows": [
            *("ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"),
            "ALLOW_REFRESH_TOKEN_AUTH",
        ],
        "AllowedOAuthFlowsUserPoolClient": False,
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AuthSessionValidity": 3,
    }
    assert (
        cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client["ClientId"])["UserPoolClient"] == client
    )


def test_every_member_comes_back_as_it_was_sent(cognito: Any, pool_id: str) -> None:
    made = cognito.create_user_pool_client(UserPoolId=pool_id, GenerateSecret=True, **EVERYTHING)["UserPoolClient"]
    found = cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=made["ClientId"])["UserPoolClient"]

    assert found == made
    given = {"UserPoolId", "ClientId", "ClientSecret", "CreationDate", "LastModifiedDate"}
    assert {member: value for member, value in made.items() if member not in given} == EVERYTHING


def test_dates_are_epoch_seconds_to_the_millisecond(wire: Wire, pool_id: str, clock: MovableClock) -> None:
    clock.now = int(clock.now) + 0.6204

    made = output(wire("CreateUserPoolClient", {"UserPoolId": pool_id, "ClientName": "dated"}))["UserPoolClient"]

    assert made["CreationDate"] == made["LastModifiedDate"] == int(clock.now) + 0.62


@pytest.mark.parametrize(
    "sent, answered",
    [
        ({}, {}),
        ({"TokenValidityUnits": {}}, {}),
        ({"TokenValidityUnits": {"RefreshToken": "days"}}, {"RefreshToken": "days"}),
        (
            # Terraform's provider sends all three, and fails where one does not come back.
            {"TokenValidityUnits": {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"}},
            {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"},
        ),
    ],
)
def test_units_are_echoed_and_never_made_up(wire: Wire, pool_id: str, sent: Any, answered: Any) -> None:
    made = output(wire("CreateUserPoolClient", {"UserPoolId": pool_id, "ClientName": "units", **sent}))

    assert made["UserPoolClient"]["TokenValidityUnits"] == answered


@pytest.mark.parametrize(
    "sent, answered",
    [
        ({"Feature": "ENABLED"}, {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}),
        (
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
        ),
        (
            {"Feature": "DISABLED", "RetryGracePeriodSeconds": 60},
            {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0},
        ),
    ],
)
def test_rotation_once_sent_has_both_its_members(wire: Wire, pool_id: str, sent: Any, answered: Any) -> None:
    asked = {"UserPoolId": pool_id, "ClientName": "rotates", "RefreshTokenRotation": sent}

    assert output(wire("CreateUserPoolClient", asked))["UserPoolClient"]["RefreshTokenRotation"] == answered


def test_refresh_validity_of_nothing_is_thirty_days(wire: Wire, pool_id: str) -> None:
    asked = {"UserPoolId": pool_id, "ClientName": "default", "RefreshTokenValidity": 0}

    assert output(wire("CreateUserPoolClient", asked))["UserPoolClient"]["RefreshTokenValidity"] == 30


LISTS = (
    *("ReadAttributes", "WriteAttributes", "ExplicitAuthFlows", "SupportedIdentityProviders", "CallbackURLs"),
    *("LogoutURLs", "AllowedOAuthFlows", "AllowedOAuthScopes"),
)


def test_empty_lists_are_unset_ones(wire: Wire, pool_id: str) -> None:
    asked = {"UserPoolId": pool_id, "ClientName": "empty", **{member: [] for member in LISTS}}

    made = output(wire("CreateUserPoolClient", asked))["UserPoolClient"]

    assert not made.keys() & set(LISTS)


def test_what_is_sent_twice_is_kept_once(wire: Wire, pool_id: str) -> None:
    doubled = {member: [*EVERYTHING[member], *EVERYTHING[member]] for member in LISTS if member != "AllowedOAuthFlows"}

    made = output(
        wire("CreateUserPoolClient", {"UserPoolId": pool_id, **EVERYTHING, **doubled, "GenerateSecret": True})
    )

    assert {member: made["UserPoolClient"][member] for member in LISTS} == {
        member: EVERYTHING[member] for member in LISTS
    }


def test_nulls_and_unknown_members_are_as_if_not_sent(wire: Wire, pool_id: str) -> None:
    asked = {"UserPoolId": pool_id, "ClientName": "null", "CallbackURLs": None, "ClientId": "mine", "Version": 7}

    made = output(wire("CreateUserPoolClient", asked))["UserPoolClient"]

    assert "CallbackURLs" not in made
    assert made["ClientId"] != "mine"


def test_generated_secret_is_shown_whenever_the_client_is(cognito: Any, pool_id: str) -> None:
    made = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="web", GenerateSecret=True)["UserPoolClient"]
    name = {"UserPoolId": pool_id, "ClientId": made["ClientId"]}

    assert 48 <= len(made["ClientSecret"]) <= 52
    assert cognito.describe_user_pool_client(**name)["UserPoolClient"]["ClientSecret"] == made["ClientSecret"]
    assert cognito.update_user_pool_client(**name)["UserPoolClient"]["ClientSecret"] == made["ClientSecret"]


def test_given_secret_is_the_clients(site: Site, wire: Wire) -> None:
    secret = "A_z+09" * 5
    asked = {"UserPoolId": site.pool.id, "ClientName": "web", "GenerateSecret": False, "ClientSecret": secret}

    made = output(wire("CreateUserPoolClient", asked))["UserPoolClient"]

    assert made["ClientSecret"] == secret
    assert site.services.app_clients.authenticate(made["ClientId"], secret)


def test_names_need_not_be_different(wire: Wire, pool_id: str) -> None:
    made = [output(wire("CreateUserPoolClient", {"UserPoolId": pool_id, "ClientName": "same"})) for _ in range(2)]

    assert len({each["UserPoolClient"]["ClientId"] for each in made}) == 2


def test_a_listed_provider_has_to_exist_when_the_client_is_made(wire: Wire, pool_id: str) -> None:
    asked = {"UserPoolId": pool_id, "ClientName": "federated", "SupportedIdentityProviders": ["COGNITO", "Corp"]}
    provider = {
        "UserPoolId": pool_id,
        "ProviderName": "Corp",
        "ProviderType": "SAML",
        "ProviderDetails": {"MetadataURL": "https://idp.example/metadata"},
    }

    refused = wire("CreateUserPoolClient", asked)
    output(wire("CreateIdentityProvider", provider))
    made = output(wire("CreateUserPoolClient", asked))["UserPoolClient"]

    assert refusal(refused)[1] == f"The provider Corp does not exist for User Pool {pool_id}."
    assert made["SupportedIdentityProviders"] == ["COGNITO", "Corp"]


def test_deleted_client_is_gone_for_every_operation(site: Site, wire: Wire) -> None:
    """api.md 9.1 lines 3 and 4."""
    name = {"UserPoolId": site.pool.id, "ClientId": site.web.client_id}

    answer = wire("DeleteUserPoolClient", name)

    assert (answer.status_code, answer.data) == (200, b"")
    missing = ("ResourceNotFoundException", "User pool client does not exist.")
    for operation in ("DescribeUserPoolClient", "UpdateUserPoolClient", "DeleteUserPoolClient"):
        assert refusal(wire(operation, name)) == missing


ADDRESSED: dict[str, dict[str, Any]] = {
    "DescribeUserPoolClient": {},
    "UpdateUserPoolClient": {"ClientName": "taken over"},
    "DeleteUserPoolClient": {},
    "AddUserPoolClientSecret": {},
    "ListUserPoolClientSecrets": {},
    "DeleteUserPoolClientSecret": {"ClientSecretId": "any"},
    "GetUserPoolClientSessionConfiguration": {},
    "SetUserPoolClientSessionConfiguration": {"SSOSession": {"MaxValidityMinutes": 1}},
}


@pytest.mark.attack("R23")
@pytest.mark.parametrize("operation", ADDRESSED)
def test_client_of_another_pool_is_not_found(standing: Site, operation: str) -> None:
    wire, other = Wire(standing.app), _other_pool(standing)
    before = standing.services.app_clients.describe(standing.pool.id, standing.web.client_id)

    answer = wire(operation, {"UserPoolId": other, "ClientId": standing.web.client_id, **ADDRESSED[operation]})

    assert refusal(answer) == ("ResourceNotFoundException", "User pool client does not exist.")
    assert standing.services.app_clients.describe(standing.pool.id, standing.web.client_id) == before


@pytest.mark.parametrize("operation", ["CreateUserPoolClient", "ListUserPoolClients", *ADDRESSED])
def test_pool_that_does_not_exist_is_named(standing: Site, operation: str) -> None:
    wire, unknown = Wire(standing.app), "us-east-1_Nowhere00"
    named = {"UserPoolId": unknown, "ClientId": standing.web.client_id, "ClientName": "new"}

    answer = wire(operation, {**named, **ADDRESSED.get(operation, {})})

    assert refusal(answer) == ("ResourceNotFoundException", f"User pool {unknown} does not exist.")


def _other_pool(site: Site) -> str:
    """An ESSENTIALS pool that tracks sessions, so that nothing but the client is missing."""
    for pool in site.services.pools.all():
        if pool.name == "other":
            return pool.id
    return site.services.pools.create(PoolSpec(name="other", user_session_tracking="ENABLED")).id
