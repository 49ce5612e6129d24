"""The quickstart: an app with a sign-in button and the authorization server behind it, in one Flask process.

    make serve, or: flask --app samples/quickstart/app run

``demo.py`` makes what an operator would make with ``flask authz``: a user pool, three app clients, two users.
"""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import click
import demo
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, flash, redirect, render_template, request, session, url_for
from werkzeug.serving import is_running_from_reloader
from werkzeug.wrappers import Response

from app_client_authz import AppClientAuthz, current_authz

command = click.get_current_context(silent=True)
served = command is not None and command.info_name == "run"
SITE = f"http://localhost:{command.params['port'] if command and served else 5000}"


def secret_key(file: Path) -> str:
    """Made once, kept beside the database: it signs our cookie and seals the server's secrets."""
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()


# --- the authorization server: these three lines, and nothing to configure --------------------------

app = Flask(__name__)
app.config["SECRET_KEY"] = secret_key(Path(app.instance_path) / "secret_key")
AppClientAuthz(app)  # at /auth, with an SQLite database in the instance folder

with app.app_context():
    made = demo.prepare(current_authz, SITE)
if served and not is_running_from_reloader():
    print(demo.announcement(made, SITE), flush=True)

# --- an app that signs its users in: it could as well run anywhere else -----------------------------

app.config.update(SESSION_COOKIE_NAME="quickstart", SESSION_COOKIE_SAMESITE="Lax")
oauth = OAuth(app)
oauth.register(
    "web",
    client_id=made.web.client_id,
    client_secret=made.web_secret,
    server_metadata_url=f"{SITE}/auth/{made.pool_id}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
)
# The cookie holds a random name and the tokens stay here. A real app keeps them in its database.
tokens: dict[str, dict] = {}


@app.get("/")
def index() -> Response | tuple[str, dict[str, str]]:
    if request.host_url != f"{SITE}/":
        return redirect(SITE)  # from 127.0.0.1, whose cookies localhost does not get
    token = tokens.get(session.get("visit", ""))
    page = render_template("index.html", token=token, machine=demo.curl(made, SITE, secret="SECRET"))
    return page, {"Cache-Control": "no-store"}  # the back button must not show it after the sign-out


@app.get("/sign-in")
def sign_in() -> Response:
    return oauth.web.authorize_redirect(f"{SITE}{url_for('callback')}")


@app.get("/callback")
def callback() -> Response:
    try:
        token = oauth.web.authorize_access_token()  # checks state, PKCE, and the ID token with its nonce
    except OAuthError as error:
        flash(f"The sign-in did not work: {error.description or error.error}")
        return redirect(url_for("index"))
    session["visit"] = secrets.token_urlsafe()
    tokens[session["visit"]] = token
    return redirect(url_for("index"))


@app.post("/refresh")
def refresh() -> Response:
    token = tokens.get(session.get("visit", ""))
    if token:
        try:
            fresh = oauth.web.fetch_access_token(grant_type="refresh_token", refresh_token=token["refresh_token"])
            token.update(fresh, userinfo=oauth.web.parse_id_token(fresh, nonce=None))
            flash("The tokens are new: see “iat”, the instant they were issued.")
        except OAuthError:
            tokens.pop(session.pop("visit"))
            flash("The sign-in is over: please sign in again.")
    return redirect(url_for("index"), 303)


@app.post("/sign-out")
def sign_out() -> Response:
    tokens.pop(session.pop("visit", ""), None)
    # Our own session is over; this ends the one at the authorization server.
    back = urlencode({"client_id": made.web.client_id, "logout_uri": f"{SITE}/"})
    return redirect(f"{SITE}/auth/logout?{back}", 303)


@app.get("/spa")
def spa() -> str:
    return render_template("spa.html", client_id=made.spa.client_id)


@app.get("/favicon.ico")
def favicon() -> Response:
    return app.send_static_file("favicon.svg")


@app.template_filter()
def readable(claim: object, name: str) -> str:
    """A claim's value for people: instants come as epoch seconds."""
    if name in {"iat", "exp", "auth_time"} and isinstance(claim, int):
        return f"{datetime.fromtimestamp(claim, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(claim, bool):
        return str(claim).lower()  # as in the token
    return ", ".join(map(str, claim)) if isinstance(claim, list) else str(claim)
