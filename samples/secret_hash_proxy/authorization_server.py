"""The authorization server behind the proxy: users sign up by e-mail; the app client has a secret."""

import secrets
from dataclasses import dataclass, field

from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.domain.message import Message


@dataclass(frozen=True)
class Registered:
    """What the proxy is configured with; the app knows the client ID only."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)


class PrintedMessages:
    """A ``MessageSender`` for this sample alone: it shows the codes in the terminal."""

    def send(self, message: Message) -> None:
        print(f"  To {message.destination}: {message.body}", flush=True)


def create_app(url: str) -> tuple[Flask, Registered]:
    """A server that answers at ``url``. All of it is in memory: each start makes another pool and another secret."""
    app = Flask("authorization_server")
    app.config.update(
        SECRET_KEY=secrets.token_urlsafe(48),
        SQLALCHEMY_DATABASE_URI="sqlite://",
        AUTHZ_PUBLIC_URL=f"{url}/auth",
        AUTHZ_FACES=("oauth", "api"),  # no pages: the app has its own
    )
    cognito = AppClientAuthz(app, sender=PrintedMessages()).client("cognito-idp")
    pool_id = cognito.create_user_pool(
        PoolName="App users", AliasAttributes=["email"], AutoVerifiedAttributes=["email"]
    )["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="app",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
        EnablePropagateAdditionalUserContextData=True,  # the proxy says who it speaks for
    )["UserPoolClient"]
    return app, Registered(f"{url}/auth/", client["ClientId"], client["ClientSecret"])
