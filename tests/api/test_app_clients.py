"""App clients over the wire, by boto3."""

from typing import Any


def test_minimal_client_has_exactly_the_recorded_members(cognito: Any, pool_id: str) -> None:
    flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"]

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
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"],
        "AllowedOAuthFlowsUserPoolClient": False,
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AuthSessionValidity": 3,
    }
    assert (
        cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client["ClientId"])["UserPoolClient"] == client
    )
