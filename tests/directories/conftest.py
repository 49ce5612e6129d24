"""A host as Flask-Login's documentation has it: Flask-SQLAlchemy, a model of users, hashes of its own."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from werkzeug.security import generate_password_hash

from app_client_authz import AppClientAuthz
from app_client_authz.api.local_client import LocalClient
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.directories import PasswordHashes
from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate
from tests.support.members import PASSWORD
from tests.support.site import SMALL_HASHES


def small_hashes(**members: Any) -> PasswordHashes:
    return PasswordHashes(hasher=PasswordHasher(memory_kib=8, time_cost=1), **members)


def cheap(password: str = PASSWORD) -> str:
    """A hash such as Werkzeug makes it, with less work."""
    return generate_password_hash(password, "pbkdf2:sha256:1000")


@dataclass
class Host:
    """The host's app, its table, and a pool whose users are there."""

    app: Flask
    db: SQLAlchemy
    member: Any
    authz: AppClientAuthz
    cognito: LocalClient
    pool: str = ""
    client: str = ""

    def serve(self, directory: object) -> None:
        """A pool with that directory."""
        self.authz.user_directory(directory)
        pool = self.cognito.create_user_pool(
            PoolName="members", Schema=[{"Name": "level", "AttributeDataType": "String"}]
        )
        self.pool = pool["UserPool"]["Id"]
        client = self.cognito.create_user_pool_client(
            UserPoolId=self.pool,
            ClientName="app",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )
        self.client = client["UserPoolClient"]["ClientId"]

    def add(self, **values: Any) -> None:
        with self.app.app_context():
            self.db.session.add(self.member(**values))
            self.db.session.commit()

    def stored(self, username: str = "kim") -> Any:
        """The row as the host sees it."""
        with self.app.app_context():
            return self.db.session.scalars(sa.select(self.member).filter_by(username=username)).one_or_none()

    def sign_in(self, username: str = "kim", password: str = PASSWORD) -> dict[str, Any]:
        answer = self.cognito.initiate_auth(
            ClientId=self.client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )
        return dict(answer["AuthenticationResult"])

    def attributes(self, username: str = "kim") -> dict[str, str]:
        got = self.cognito.admin_get_user(UserPoolId=self.pool, Username=username)
        return {each["Name"]: each["Value"] for each in got["UserAttributes"] if each["Name"] != "sub"}


MakeApp = Callable[[], Flask]


@pytest.fixture(autouse=True)
def _ready_made_keys(ready_made_keys: None) -> None:
    """Each test here has a database of its own."""


@pytest.fixture
def make_app(sqlite_template: SqliteTemplate, database_folder: Path) -> MakeApp:
    """An app over a database with our tables."""

    def make() -> Flask:
        app = Flask("host")
        url = sqlite_template.copy_to(database_folder / "host.sqlite")
        app.config.update(SECRET_KEY="only for tests, and long enough", SQLALCHEMY_DATABASE_URI=str(url))
        app.config.update(SMALL_HASHES)
        return app

    return make


@pytest.fixture
def host(make_app: MakeApp, clock: MovableClock) -> Host:
    app, db = make_app(), SQLAlchemy()

    class Role(db.Model):  # type: ignore[name-defined,misc]
        name = sa.Column(sa.String, primary_key=True)
        member_id = sa.Column(sa.Integer, sa.ForeignKey("member.id"), primary_key=True)

    class Member(db.Model):  # type: ignore[name-defined,misc]
        id = sa.Column(sa.Integer, primary_key=True)
        username = sa.Column(sa.String, nullable=False, unique=True)
        email = sa.Column(sa.String, unique=True)
        password_hash = sa.Column(sa.String)
        is_active = sa.Column(sa.Boolean, nullable=False, default=True)
        email_checked = sa.Column(sa.Boolean, nullable=False, default=False)
        born = sa.Column(sa.Date)
        level = sa.Column(sa.Integer)
        roles = orm.relationship(Role, cascade="all, delete-orphan")

    db.init_app(app)
    with app.app_context():
        db.create_all()
    authz = AppClientAuthz(app, db, clock=clock)
    return Host(app, db, Member, authz, authz.client("cognito-idp"))


# --- a browser and an application, over real sockets ------------------------------------------------

CALLBACK = "http://localhost:3000/cb"
SIGNED_OUT = "http://localhost:3000/bye"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Visit:
    """A browser that walks through the pages of a host's pool for an application with code and PKCE."""

    def __init__(self, url: str, client_id: str) -> None:
        self.url, self.client_id = url, client_id
        self.browser = requests.Session()

    def close(self) -> None:
        self.browser.close()

    def get(self, path: str, **params: str) -> requests.Response:
        return self.browser.get(f"{self.url}{path}", params=params, allow_redirects=False, timeout=10)

    def authorize(self, **more: str) -> requests.Response:
        asked = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid email",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return self.get("/auth/oauth2/authorize", **{**asked, **more})

    def page(self, **more: str) -> requests.Response:
        """The page that an authorization request leads to."""
        answer = self.authorize(**more)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/auth/login?"), answer.headers["Location"]
        return self.get(answer.headers["Location"])

    def submit(self, page: requests.Response, **fields: str) -> requests.Response:
        found = re.search(r'name="_csrf" value="([^"]+)"', page.text)
        assert found is not None
        data = {"_csrf": unescape(found[1]), **fields}
        return self.browser.post(page.url, data=data, allow_redirects=False, timeout=10)

    def code_of(self, answer: requests.Response) -> str:
        """The code that travels to the application."""
        location = answer.headers["Location"]
        assert location.startswith(CALLBACK), location
        return parse_qs(urlsplit(location).query)["code"][0]

    def redeem(self, code: str) -> dict[str, Any]:
        data = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        answer = requests.post(f"{self.url}/auth/oauth2/token", data=data, timeout=10)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def userinfo(self, tokens: dict[str, Any]) -> requests.Response:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return requests.get(f"{self.url}/auth/oauth2/userInfo", headers=headers, timeout=10)


def web_client(cognito: LocalClient, pool: str) -> str:
    """A public client for code and PKCE."""
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="web",
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "email"],
        CallbackURLs=[CALLBACK],
        LogoutURLs=[SIGNED_OUT],
        SupportedIdentityProviders=["COGNITO"],
    )
    return str(made["UserPoolClient"]["ClientId"])


@pytest.fixture
def visits() -> Iterator[Callable[[str, str], Visit]]:
    """``visits(url, client_id)``: a browser with no cookies."""
    made: list[Visit] = []

    def visit(url: str, client_id: str) -> Visit:
        made.append(Visit(url, client_id))
        return made[-1]

    yield visit
    for each in made:
        each.close()
