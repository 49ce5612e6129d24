"""The other origin: the authorization server, and beside it, in the same app, an API that takes its access tokens."""

import secrets

from flask import Flask
from orders import orders_api

from app_client_authz import AppClientAuthz

USERS = {"kim": ("Kim Sample", "Sample-1"), "noor": ("Noor Sample", "Sample-2")}


def create_app(url: str, page_url: str) -> tuple[Flask, str, str]:
    """A server that answers at ``url``, the issuer, and the client ID of the page at ``page_url``.

    All of it is in memory: each start makes another pool.
    """
    app = Flask("server")
    app.config.update(
        SECRET_KEY=secrets.token_urlsafe(48),
        SQLALCHEMY_DATABASE_URI="sqlite://",
        AUTHZ_PUBLIC_URL=f"{url}/auth",
        AUTHZ_FACES=("oauth", "hosted_ui"),
    )
    cognito = AppClientAuthz(app).client("cognito-idp")
    pool_id = cognito.create_user_pool(
        PoolName="Single-page app",
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
        UserPoolTags={"app-client-authz:require-pkce": "true"},  # for Amazon it would be a tag like any other
    )["UserPool"]["Id"]
    cognito.create_resource_server(
        UserPoolId=pool_id,
        Identifier="orders",
        Name="Orders API",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "Read orders"}],
    )
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="Single-page app",  # without GenerateSecret: a public client
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "email", "profile", "orders/read"],
        SupportedIdentityProviders=["COGNITO"],
        CallbackURLs=[f"{page_url}/"],
        LogoutURLs=[f"{page_url}/"],
        PreventUserExistenceErrors="ENABLED",
        # Whoever steals a refresh token out of a browser can use it once at most, and not for long.
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
        RefreshTokenValidity=1,
        TokenValidityUnits={"RefreshToken": "days"},
    )["UserPoolClient"]
    for username, (name, password) in USERS.items():
        attributes = {"name": name, "email": f"{username}@example.com", "email_verified": "true"}
        cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=username,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
        )
        cognito.admin_set_user_password(UserPoolId=pool_id, Username=username, Password=password, Permanent=True)
    app.register_blueprint(orders_api(page_url))
    return app, f"{url}/auth/{pool_id}", client["ClientId"]
