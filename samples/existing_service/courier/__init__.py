"""An app of somebody else's: it shows the shop's orders to customers who sign in there."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, flash, redirect, render_template, session, url_for
from werkzeug.wrappers import Response


@dataclass(frozen=True)
class Shop:
    """What the shop's people hand out to whoever builds an app for its customers."""

    issuer: str
    api_url: str
    sign_out_url: str
    client_id: str
    client_secret: str = field(repr=False)


def create_app(shop: Shop, **config: object) -> Flask:
    """The courier's app; ``config`` are its Flask settings."""
    app = Flask(__name__)
    # A name of its own: cookies know no ports, and both apps may run on localhost.
    app.config.update(SESSION_COOKIE_NAME="courier", SESSION_COOKIE_SAMESITE="Lax", **config)
    oauth = OAuth(app)
    oauth.register(
        "shop",
        client_id=shop.client_id,
        client_secret=shop.client_secret,
        server_metadata_url=f"{shop.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile orders/read", "code_challenge_method": "S256"},
    )

    # The cookie holds a random name and the tokens stay here. A real app keeps them in its database.
    tokens: dict[str, dict[str, Any]] = {}

    @app.get("/")
    def index() -> str:
        token = tokens.get(session.get("visit", ""))
        if token is None:
            return render_template("welcome.html")
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        answer = requests.get(f"{shop.api_url}/orders", headers=headers, timeout=10)
        if answer.status_code == 401:
            tokens.pop(session.pop("visit"))
            flash("Your sign-in is over.")
            return render_template("welcome.html")
        answer.raise_for_status()
        return render_template("deliveries.html", name=token["userinfo"]["name"], orders=answer.json()["orders"])

    @app.get("/sign-in")
    def sign_in() -> Response:
        return oauth.shop.authorize_redirect(url_for("callback", _external=True))

    @app.get("/callback")
    def callback() -> Response:
        try:
            token = oauth.shop.authorize_access_token()
        except OAuthError as error:
            flash(f"The sign-in did not work: {error.description or error.error}")
            return redirect(url_for("index"))
        session["visit"] = secrets.token_urlsafe()
        tokens[session["visit"]] = token
        return redirect(url_for("index"))

    @app.post("/sign-out")
    def sign_out() -> Response:
        tokens.pop(session.pop("visit", ""), None)
        # Our own session is over; this ends the one at the shop.
        back = urlencode({"client_id": shop.client_id, "logout_uri": url_for("index", _external=True)})
        return redirect(f"{shop.sign_out_url}?{back}", 303)

    return app
