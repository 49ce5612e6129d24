"""The shop and the courier's app on this machine: ``make serve SAMPLE=existing_service``."""

import argparse
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import courier
from flask import Flask
from shop.models import Customer, Order, db
from shop_with_authz import authz, create_app
from werkzeug.serving import make_server

EMAIL, PASSWORD = "ann@example.com", "Lamp-and-chair-2"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000, help="of the shop; the courier's app is on the next one")
    port: int = parser.parse_args().port
    shop_url, courier_url = f"http://localhost:{port}", f"http://localhost:{port + 1}"

    with TemporaryDirectory() as folder:
        settings = {"SECRET_KEY": secrets.token_urlsafe(48), "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/shop.db"}
        for command in (["db", "upgrade"], ["authz", "upgrade"]):
            flask(settings, *command)
        shop = create_app(**settings, AUTHZ_PUBLIC_URL=f"{shop_url}/auth")
        add_customer(shop)
        apps = shop, courier.create_app(registered(shop, shop_url, courier_url), SECRET_KEY=secrets.token_urlsafe(48))
        *others, last = [make_server("127.0.0.1", port + n, app, threaded=True) for n, app in enumerate(apps)]
        for each in others:
            Thread(target=each.serve_forever, daemon=True).start()
        with suppress(KeyboardInterrupt):
            print(announcement(shop_url, courier_url), flush=True)
            last.serve_forever()


def flask(settings: Mapping[str, str], *command: str) -> None:
    """``flask db upgrade`` and the like, in a shell with those settings."""
    environment = {**os.environ, **{f"SHOP_{name}": value for name, value in settings.items()}}
    words = [sys.executable, "-m", "flask", "--app", "shop_with_authz", *command]
    subprocess.run(words, cwd=Path(__file__).parent, env=environment, check=True)


def add_customer(shop: Flask) -> None:
    """Somebody who ordered something."""
    with shop.app_context():
        ann = Customer(email=EMAIL, name="Ann")
        ann.set_password(PASSWORD)
        db.session.add(ann)
        db.session.flush()
        db.session.add(Order(customer_id=ann.id, item="Lamp", quantity=2))
        db.session.commit()


def registered(shop: Flask, shop_url: str, courier_url: str) -> courier.Shop:
    """A pool for the customers, a scope for their orders, and the courier as an app client."""
    cognito = authz.client("cognito-idp", app=shop)
    # The sign-in page asks for "Email" then, not for "Username": customers know no other name of theirs.
    pool_id = cognito.create_user_pool(PoolName="Customers", UsernameAttributes=["email"])["UserPool"]["Id"]
    cognito.create_resource_server(
        UserPoolId=pool_id,
        Identifier="orders",
        Name="Orders",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "Read a customer's orders"}],
    )
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="Courier",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "profile", "orders/read"],
        SupportedIdentityProviders=["COGNITO"],
        CallbackURLs=[f"{courier_url}/callback"],
        LogoutURLs=[f"{courier_url}/"],
    )["UserPoolClient"]
    return courier.Shop(
        issuer=f"{shop_url}/auth/{pool_id}",
        api_url=f"{shop_url}/api",
        sign_out_url=f"{shop_url}/auth/logout",
        client_id=client["ClientId"],
        client_secret=client["ClientSecret"],
    )


def announcement(shop_url: str, courier_url: str) -> str:
    """What to look at."""
    return f"""
  The shop and the courier's app are there until Ctrl+C. What you order is gone at the end.

    {courier_url}   the courier: sign in at the shop
    {shop_url}   the shop itself: whoever is signed in here is not asked again

  At both you are {EMAIL}, with the password {PASSWORD}
"""


if __name__ == "__main__":
    main()
