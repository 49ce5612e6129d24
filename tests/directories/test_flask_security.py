"""A host with Flask-Security: its users, roles, hashes and sign-in, as it keeps them itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bcrypt
import flask_security
import pytest
import sqlalchemy as sa
from flask import Flask, session
from flask_security import Security, SQLAlchemyUserDatastore, hash_password
from flask_security.models import fsqla_v3 as fsqla
from flask_sqlalchemy import SQLAlchemy

from app_client_authz import AppClientAuthz, HostSession
from app_client_authz.api.local_client import LocalClient
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.directories.flask_security import FlaskSecurityDirectory
from tests.directories.conftest import MakeApp, Visit, web_client
from tests.support.clock import MovableClock
from tests.support.live import LiveServer
from tests.support.members import PASSWORD

EMAIL = "kim@example.com"
CHEAP = {
    "SECURITY_PASSWORD_SALT": "a salt for the double hash",
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
        "argon2__rounds": 1,
        "argon2__memory_cost": 8,
        "argon2__parallelism": 1,
        "bcrypt__rounds": 4,
        "pbkdf2_sha512__rounds": 10,
    },
    "SECURITY_PASSWORD_CHECK_BREACHED": None,
    "WTF_CSRF_ENABLED": False,
}


@dataclass
class Site:
    """The host, and a pool over its users."""

    app: Flask
    db: SQLAlchemy
    datastore: Any
    authz: AppClientAuthz
    pool: str
    client: str
    web: str

    @property
    def cognito(self) -> LocalClient:
        return self.authz.client("cognito-idp", app=self.app)

    def add(self, **values: Any) -> None:
        with self.app.app_context():
            self.datastore.create_user(**{"email": EMAIL, "password": hash_password(PASSWORD), **values})
            self.db.session.commit()

    def stored(self) -> str:
        with self.app.app_context():
            return str(self.datastore.find_user(email=EMAIL).password)

    def sign_in(self, name: str = EMAIL, password: str = PASSWORD) -> dict[str, Any]:
        given = {"USERNAME": name, "PASSWORD": password}
        answer = self.cognito.initiate_auth(ClientId=self.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
        return dict(answer["AuthenticationResult"])


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(make_app: MakeApp, clock: MovableClock) -> MakeSite:
    """``make_site(SECURITY_…=…)``"""

    def make(names: tuple[str, ...] = ("email",), **config: Any) -> Site:
        app, db = make_app(), SQLAlchemy()
        app.config.update(CHEAP | config)
        fsqla.FsModels.set_db_info(db)

        class Role(db.Model, fsqla.FsRoleMixin):  # type: ignore[name-defined,misc]
            pass

        class User(db.Model, fsqla.FsUserMixin):  # type: ignore[name-defined,misc]
            pass

        db.init_app(app)
        datastore = SQLAlchemyUserDatastore(db, User, Role)
        Security(app, datastore)
        with app.app_context():
            db.create_all()
        authz = AppClientAuthz(app, db, clock=clock)
        authz.user_directory(
            FlaskSecurityDirectory(datastore, names=names, hasher=PasswordHasher(memory_kib=8, time_cost=1))
        )
        cognito = authz.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="members")["UserPool"]["Id"]
        client = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        return Site(app, db, datastore, authz, pool, client, web_client(cognito, pool))

    return make


@pytest.mark.parametrize("scheme", ["argon2", "bcrypt", "pbkdf2_sha512"])
@pytest.mark.parametrize("single", [True, False])
def test_every_way_in_which_flask_security_hashes_signs_in(make_site: MakeSite, scheme: str, single: bool) -> None:
    site = make_site(SECURITY_PASSWORD_HASH=scheme, SECURITY_PASSWORD_SINGLE_HASH=single)
    site.add()

    assert site.sign_in()["AccessToken"]
    with pytest.raises(site.cognito.exceptions.NotAuthorizedException):
        site.sign_in(password="wrong")


def test_a_hash_that_flask_security_would_replace_is_replaced_and_still_its_own(make_site: MakeSite) -> None:
    site = make_site()
    site.add(password=bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode())
    site.app.config["SECURITY_PASSWORD_SINGLE_HASH"] = True

    site.sign_in()

    assert site.stored().startswith("$argon2id$")
    assert site.app.test_client().post("/login", json={"email": EMAIL, "password": PASSWORD}).status_code == 200
    before = site.stored()
    site.sign_in()
    assert site.stored() == before


def test_email_roles_and_confirmation_become_attributes_and_groups(make_site: MakeSite) -> None:
    site = make_site(SECURITY_CONFIRMABLE=True, SECURITY_SEND_REGISTER_EMAIL=False)
    with site.app.app_context():
        role = site.datastore.create_role(name="staff")
        site.datastore.create_user(email=EMAIL, password=hash_password(PASSWORD), roles=[role])
        site.db.session.commit()
    with pytest.raises(site.cognito.exceptions.UserNotConfirmedException):
        site.sign_in()
    with site.app.app_context():
        flask_security.confirmable.confirm_user(site.datastore.find_user(email=EMAIL))
        site.db.session.commit()

    site.sign_in()

    got = site.cognito.admin_get_user(UserPoolId=site.pool, Username=EMAIL)
    attributes = {each["Name"]: each["Value"] for each in got["UserAttributes"]}
    assert (attributes["email"], attributes["email_verified"]) == (EMAIL, "true")
    groups = site.cognito.admin_list_groups_for_user(UserPoolId=site.pool, Username=EMAIL)["Groups"]
    assert [group["GroupName"] for group in groups] == ["staff"]


@pytest.mark.attack("R18")
def test_a_user_whom_flask_security_deactivates_is_refused_at_once(make_site: MakeSite) -> None:
    site = make_site()
    site.add()
    token = site.sign_in()["AccessToken"]
    with site.app.app_context():
        site.datastore.deactivate_user(site.datastore.find_user(email=EMAIL))
        site.db.session.commit()

    with pytest.raises(site.cognito.exceptions.NotAuthorizedException):
        site.cognito.get_user(AccessToken=token)
    with pytest.raises(site.cognito.exceptions.NotAuthorizedException):
        site.sign_in()


def test_users_who_have_a_username_sign_in_by_it(make_site: MakeSite) -> None:
    site = make_site(("email", "username"))
    site.add(username="kim")

    site.sign_in("kim")

    assert site.cognito.admin_get_user(UserPoolId=site.pool, Username=EMAIL)["Username"] == "kim"


def test_a_sign_in_at_flask_security_is_one_here(
    make_site: MakeSite, live_server: Callable[[Flask], LiveServer], visits: Callable[[str, str], Visit]
) -> None:
    site = make_site()
    site.add()

    @site.authz.host_session(sign_out=flask_security.logout_user)
    def signed_in() -> HostSession | None:
        user = flask_security.current_user
        if not user.is_authenticated:
            return None
        return HostSession(str(user.id), auth_time=session.get("fs_paa", 0.0))

    visit = visits(live_server(site.app).url, site.web)
    assert "/auth/login" in visit.authorize().headers["Location"]
    signed = visit.browser.post(f"{visit.url}/login", json={"email": EMAIL, "password": PASSWORD}, timeout=10)
    assert signed.status_code == 200

    assert visit.redeem(visit.code_of(visit.authorize()))["access_token"]

    visit.browser.post(f"{visit.url}/logout", json={}, timeout=10)
    assert "/auth/login" in visit.authorize().headers["Location"]


def test_the_model_of_the_site_is_looked_at_by_its_primary_key(make_site: MakeSite) -> None:
    site = make_site()
    site.add()
    with site.app.app_context():
        found = FlaskSecurityDirectory(site.datastore).find(EMAIL)
        key = site.db.session.scalar(sa.select(site.datastore.user_model.id))

    assert found is not None
    assert found.key == str(key)
