"""The authorization server of both services: a pool without users, two APIs with scopes, and who may ask for which."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask

from app_client_authz import AppClientAuthz

APIS: Mapping[str, Mapping[str, str]] = {
    "orders": {"read": "Read orders", "write": "Change orders"},
    "reports": {"read": "Read reports"},
}


@dataclass(frozen=True)
class Machine:
    """An app client that gets tokens for itself."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Registered:
    """What the services are configured with."""

    issuer: str
    token_url: str
    reports: Machine
    dashboard: Machine


def create_app(url: str) -> tuple[Flask, Registered]:
    """A server that answers at ``url``. All of it is in memory: each start makes another pool and other secrets."""
    app = Flask("authorization_server")
    app.config.update(
        SECRET_KEY=secrets.token_urlsafe(48),
        SQLALCHEMY_DATABASE_URI="sqlite://",
        AUTHZ_PUBLIC_URL=f"{url}/auth",
        AUTHZ_FACES=("oauth",),  # nobody signs in here, and nobody administers it over the network
    )
    cognito = AppClientAuthz(app).client("cognito-idp")
    pool_id = cognito.create_user_pool(PoolName="Services")["UserPool"]["Id"]
    for identifier, scopes in APIS.items():
        cognito.create_resource_server(
            UserPoolId=pool_id,
            Identifier=identifier,
            Name=f"{identifier} API",
            Scopes=[{"ScopeName": name, "ScopeDescription": text} for name, text in scopes.items()],
        )

    def machine(name: str, scope: str) -> Machine:
        made = cognito.create_user_pool_client(
            UserPoolId=pool_id,
            ClientName=name,
            GenerateSecret=True,
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=[scope],
        )["UserPoolClient"]
        return Machine(made["ClientId"], made["ClientSecret"])

    return app, Registered(
        issuer=f"{url}/auth/{pool_id}",
        token_url=f"{url}/auth/oauth2/token",
        reports=machine("reports", "orders/read"),
        dashboard=machine("dashboard", "reports/read"),
    )
