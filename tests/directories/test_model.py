"""Users of a host's SQLAlchemy model sign in, and what the host changes counts at once."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bcrypt
import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from app_client_authz import AppClientAuthz, ConfigurationError
from app_client_authz.directories import ModelDirectory, WritableModelDirectory
from app_client_authz.domain.errors import InvalidParameter, Unavailable
from tests.directories.conftest import Host, cheap, small_hashes
from tests.support.clock import MovableClock
from tests.support.members import PASSWORD
from tests.support.site import SMALL_HASHES

NEW_PASSWORD = "Another-h0rse-battery"


def described(host: Host, kind: type[ModelDirectory] = ModelDirectory, **members: Any) -> ModelDirectory:
    given: dict[str, Any] = {
        "names": ["username", "email"],
        "password": "password_hash",
        "attributes": {
            "email": "email",
            "email_verified": "email_checked",
            "birthdate": "born",
            "custom:level": "level",
            "name": lambda row: row.username.title(),
        },
        "active": "is_active",
        "hashes": small_hashes(),
    }
    return kind(host.db, host.member, **(given | members))


@pytest.fixture
def kim(host: Host) -> Host:
    """A host with one user."""
    host.add(username="kim", email="Kim@example.com", password_hash=cheap(), email_checked=True)
    return host


@pytest.mark.parametrize("name", ["kim", "KIM", "Kim@example.com", "kim@EXAMPLE.com"])
def test_a_user_signs_in_by_every_column_of_names(kim: Host, name: str) -> None:
    kim.serve(described(kim))

    assert kim.sign_in(name)["AccessToken"]
    with pytest.raises(kim.cognito.exceptions.NotAuthorizedException):
        kim.sign_in(name, "wrong")


def test_columns_and_functions_become_attributes(host: Host) -> None:
    host.add(username="kim", password_hash=cheap(), born=dt.date(1999, 12, 31), level=3)
    host.serve(described(host))
    host.sign_in()

    assert host.attributes() == {
        "email_verified": "false",
        "birthdate": "1999-12-31",
        "custom:level": "3",
        "name": "Kim",
    }


def test_names_can_be_compared_as_they_are_written(kim: Host) -> None:
    kim.serve(described(kim, case_sensitive=True))

    with pytest.raises(kim.cognito.exceptions.UserNotFoundException):
        kim.sign_in("kim@example.com")


def test_a_name_that_two_users_have_is_nobodys(kim: Host) -> None:
    kim.add(username="other", email="kim@EXAMPLE.com", password_hash=cheap())
    kim.serve(described(kim))

    with pytest.raises(kim.cognito.exceptions.UserNotFoundException):
        kim.sign_in("KIM@example.com")
    assert kim.sign_in("Kim@example.com")


def test_who_is_not_active_does_not_sign_in_and_loses_what_there_was(kim: Host) -> None:
    kim.serve(described(kim))
    token = kim.sign_in()["AccessToken"]
    with kim.app.app_context():
        kim.db.session.get(kim.member, 1).is_active = False
        kim.db.session.commit()

    for attempt in (kim.sign_in, lambda: kim.cognito.get_user(AccessToken=token)):
        with pytest.raises(kim.cognito.exceptions.NotAuthorizedException):
            attempt()


@pytest.mark.attack("R18")
@pytest.mark.parametrize("active", ["false", "no", "N", lambda: False, 2])
def test_what_is_neither_true_nor_false_lets_nobody_in(
    kim: Host, active: object, caplog: pytest.LogCaptureFixture
) -> None:
    kim.serve(described(kim, active=lambda _row: active))

    with pytest.raises(kim.cognito.exceptions.UserNotFoundException):
        kim.sign_in()
    assert "enabled is true or false" in caplog.text


@pytest.mark.parametrize("active, signs_in", [(1, True), (0, False), (None, False)])
def test_numbers_and_null_say_whether_a_user_is_active(kim: Host, active: object, signs_in: bool) -> None:
    kim.serve(described(kim, active=lambda _row: active))

    try:
        assert kim.sign_in()["AccessToken"]
    except kim.cognito.exceptions.NotAuthorizedException:
        assert not signs_in
    else:
        assert signs_in


def test_roles_become_groups(kim: Host) -> None:
    role = kim.member.roles.property.mapper.class_
    with kim.app.app_context():
        kim.db.session.add_all([role(name="staff", member_id=1), role(name="no group", member_id=1)])
        kim.db.session.commit()
    kim.serve(described(kim, groups="roles"))
    kim.sign_in()

    listed = kim.cognito.admin_list_groups_for_user(UserPoolId=kim.pool, Username="kim")["Groups"]
    assert [group["GroupName"] for group in listed] == ["staff"]


def test_a_user_with_a_name_that_no_pool_takes_is_nobody(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.add(username="two words", email="two@example.com", password_hash=cheap())
    host.serve(described(host))

    with pytest.raises(host.cognito.exceptions.UserNotFoundException):
        host.sign_in("two@example.com")
    assert "cannot be in a pool: username is" in caplog.text


def test_a_user_without_a_hash_does_not_sign_in(host: Host) -> None:
    host.add(username="kim")
    host.serve(described(host))

    with pytest.raises(host.cognito.exceptions.NotAuthorizedException):
        host.sign_in(password="none")


def test_the_hosts_own_session_is_left_alone(kim: Host) -> None:
    kim.serve(described(kim))
    with kim.app.app_context():
        row = kim.db.session.get(kim.member, 1)
        row.email = "not@committed.example"
        assert kim.sign_in()
        assert row in kim.db.session.dirty
        kim.db.session.rollback()

    assert kim.attributes()["email"] == "Kim@example.com"


def test_an_engine_is_enough(kim: Host) -> None:
    with kim.app.app_context():
        engine = kim.db.engine

    found = ModelDirectory(engine, kim.member, names=["email"], password="password_hash").find("kim@example.com")

    assert found is not None
    assert (found.key, found.username) == ("1", "Kim@example.com")


@pytest.mark.parametrize("key", ["", "x", "2", "1.0", "\u0661 "])
def test_a_key_that_no_row_has_is_nobodys(kim: Host, key: str) -> None:
    with kim.app.app_context():
        assert described(kim).get(key) is None
        assert not described(kim).verify_password(key, PASSWORD)


def test_old_hashes_stay_as_they_are(kim: Host) -> None:
    before = kim.stored().password_hash
    kim.serve(described(kim))
    kim.sign_in()

    assert kim.stored().password_hash == before


def test_old_hashes_are_made_anew_at_a_right_password_where_that_is_wanted(kim: Host) -> None:
    before = kim.stored().password_hash
    kim.serve(described(kim, rehash=True))
    with pytest.raises(kim.cognito.exceptions.NotAuthorizedException):
        kim.sign_in(password="wrong")
    assert kim.stored().password_hash == before

    kim.sign_in()
    after = kim.stored().password_hash

    assert after.startswith("$argon2id$")
    assert kim.sign_in()
    assert kim.stored().password_hash == after


def test_a_host_that_checks_passwords_itself_says_how_new_hashes_are_made(kim: Host) -> None:
    def make(password: str) -> str:
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()

    kim.serve(described(kim, rehash=True, hashes=small_hashes(make=make)))
    kim.sign_in()

    assert bcrypt.checkpw(PASSWORD.encode(), kim.stored().password_hash.encode())


@pytest.mark.parametrize("why", ["make refuses", "make fails", "no hash of its password", "read only"])
def test_a_hash_that_cannot_be_replaced_keeps_nobody_out(
    kim: Host, monkeypatch: pytest.MonkeyPatch, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    def make(password: str) -> str:
        if why != "read only":
            return {"no hash of its password": "!"}.get(why) or "x"[5 if why == "make fails" else int("x")]
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()

    before = kim.stored().password_hash
    kim.serve(described(kim, rehash=True, hashes=small_hashes(make=make)))
    if why == "read only":
        with kim.app.app_context():
            statement = "CREATE TRIGGER ro BEFORE UPDATE ON member BEGIN SELECT RAISE(ABORT, 'read only'); END"
            kim.db.session.execute(sa.text(statement))
            kim.db.session.commit()

    assert kim.sign_in()
    assert kim.stored().password_hash == before
    assert "could not be replaced" in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.attack("R24")
def test_a_password_that_changes_meanwhile_is_not_replaced_by_the_old_one(
    kim: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, hashes = described(kim, rehash=True), small_hashes()
    other = cheap(NEW_PASSWORD)

    def slow(password: str) -> str:
        with kim.app.app_context():
            kim.db.session.get(kim.member, 1).password_hash = other
            kim.db.session.commit()
        return small_hashes().hash(password)

    monkeypatch.setattr(hashes, "hash", slow)
    directory._hashes = hashes
    kim.serve(directory)
    kim.sign_in()

    assert kim.stored().password_hash == other


def test_an_unknown_name_costs_the_check_of_some_hash(kim: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, checked = described(kim), []
    monkeypatch.setattr(directory._hashes, "verify", lambda stored, _password: checked.append(stored))
    kim.serve(directory)
    kim.cognito.update_user_pool_client(
        UserPoolId=kim.pool,
        ClientId=kim.client,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
    )

    with pytest.raises(kim.cognito.exceptions.NotAuthorizedException):
        kim.sign_in("nobody")
    assert checked == [kim.stored().password_hash]


@pytest.mark.attack("R15")
@pytest.mark.parametrize("unusable", [None, "", "!", "!$2b$04$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"])
def test_who_has_no_password_costs_what_everybody_costs(
    host: Host, monkeypatch: pytest.MonkeyPatch, unusable: str | None
) -> None:
    usable = cheap()
    host.add(username="system", password_hash=unusable)
    host.add(username="kim", password_hash=usable)
    directory, checked = described(host), []
    verify = directory._hashes.verify

    def noted(stored: str | None, password: str) -> bool:
        checked.append(stored)
        return verify(stored, password)

    monkeypatch.setattr(directory._hashes, "verify", noted)
    host.serve(directory)
    host.cognito.update_user_pool_client(
        UserPoolId=host.pool,
        ClientId=host.client,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
    )

    for name in ("kim", "system", "nobody"):
        checked.clear()
        with pytest.raises(host.cognito.exceptions.NotAuthorizedException):
            host.sign_in(name, "wrong")
        assert checked.count(usable) == 1, name


def test_an_unknown_name_costs_a_hash_where_nobody_has_a_password(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, checked = described(host), []
    monkeypatch.setattr(directory._hashes, "verify_nobody", checked.append)

    with host.app.app_context():
        directory.verify_nobody("wrong")

    assert checked == ["wrong"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "passwort"},
        {"names": ["nick"]},
        {"key": "uuid"},
        {"names": []},
        {"active": "aktiv"},
        {"groups": "rollen"},
        {"username": "nick"},
        {"attributes": {"email": "mail"}},
    ],
)
def test_a_column_that_is_not_there_stops_the_start(host: Host, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        described(host, **wrong)


def test_a_table_that_is_not_there_is_unavailable(host: Host) -> None:
    host.serve(described(host))
    with host.app.app_context():
        host.db.drop_all()

    with pytest.raises(host.cognito.exceptions.ClientError) as failed:
        host.sign_in()
    assert isinstance(failed.value.__cause__, Unavailable)


def test_a_directory_works_outside_of_an_app_context_and_in_many_threads(kim: Host) -> None:
    kim.serve(described(kim))
    outcomes: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: outcomes.append(kim.sign_in())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 4


def test_many_sign_in_at_once_over_a_database_in_memory(clock: MovableClock) -> None:
    app, db = Flask("host"), SQLAlchemy()
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI="sqlite://", **SMALL_HASHES)

    class Member(db.Model):  # type: ignore[name-defined,misc]
        id = sa.Column(sa.Integer, primary_key=True)
        username = sa.Column(sa.String, unique=True)
        password_hash = sa.Column(sa.String)

    db.init_app(app)
    authz = AppClientAuthz(app, db, clock=clock)
    host = Host(app, db, Member, authz, authz.client("cognito-idp"))
    with app.app_context():
        db.create_all()
    for number in range(4):
        host.add(username=f"user{number}", password_hash=cheap())
    host.serve(
        ModelDirectory(db, Member, names=["username"], password="password_hash", hashes=small_hashes(), rehash=True)
    )

    with ThreadPoolExecutor(4) as threads:
        tokens = list(threads.map(lambda number: host.sign_in(f"user{number % 4}"), range(16)))

    assert len({each["RefreshToken"] for each in tokens}) == 16
    assert len(host.cognito.list_users(UserPoolId=host.pool)["Users"]) == 4
    with app.app_context():
        assert all(row.password_hash.startswith("$argon2id$") for row in db.session.scalars(sa.select(Member)))


# --- one that writes ------------------------------------------------------------------------------


@pytest.fixture
def writable(kim: Host) -> Host:
    kim.serve(described(kim, WritableModelDirectory))
    return kim


def test_a_pool_sets_passwords_of_rows(writable: Host) -> None:
    writable.cognito.admin_set_user_password(
        UserPoolId=writable.pool, Username="kim", Password=NEW_PASSWORD, Permanent=True
    )

    assert writable.stored().password_hash.startswith("$argon2id$")
    assert writable.sign_in(password=NEW_PASSWORD)


def test_attributes_are_written_where_they_are_columns(writable: Host) -> None:
    def update(name: str, value: str) -> None:
        pair = {"Name": name, "Value": value}
        writable.cognito.admin_update_user_attributes(UserPoolId=writable.pool, Username="kim", UserAttributes=[pair])

    update("email", "new@example.com")
    assert (writable.stored().email, writable.stored().email_checked) == ("new@example.com", False)
    for name in ("name", "birthdate", "custom:level"):
        with pytest.raises(writable.cognito.exceptions.NotAuthorizedException):
            update(name, "2000-01-01")


@pytest.mark.attack("R16")
def test_a_new_address_is_refused_where_nothing_can_say_that_it_is_unverified(kim: Host) -> None:
    attributes = {"email": "email", "email_verified": lambda row: row.email_checked}
    kim.serve(described(kim, WritableModelDirectory, attributes=attributes))
    token = kim.sign_in()["AccessToken"]

    with pytest.raises(kim.cognito.exceptions.NotAuthorizedException):
        kim.cognito.update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "email", "Value": "victim@example.com"}]
        )
    assert kim.stored().email == "Kim@example.com"


def test_sign_up_makes_a_row_and_a_taken_name_none(writable: Host) -> None:
    def sign_up(name: str, email: str) -> None:
        writable.cognito.sign_up(
            ClientId=writable.client,
            Username=name,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": email}],
        )

    sign_up("ada", "ada@example.com")
    assert writable.stored("ada").email == "ada@example.com"
    assert writable.sign_in("ada")
    for name, email in (("ada", "x@example.com"), ("ida", "ada@example.com")):
        with pytest.raises(writable.cognito.exceptions.UsernameExistsException):
            sign_up(name, email)
    assert writable.stored("ida") is None


@pytest.fixture
def loose(host: Host) -> Host:
    """A table without unique columns, whose users may choose other names."""

    class Loose(host.db.Model):  # type: ignore[name-defined,misc]
        id = sa.Column(sa.Integer, primary_key=True)
        username = sa.Column(sa.String)
        email = sa.Column(sa.String)
        password_hash = sa.Column(sa.String)
        email_checked = sa.Column(sa.Boolean, default=False)

    with host.app.app_context():
        host.db.create_all()
    host.member = Loose
    host.add(username="kim", email="kim@example.com", password_hash=cheap(), email_checked=True)
    attributes = {"email": "email", "email_verified": "email_checked", "preferred_username": "username"}
    host.serve(described(host, WritableModelDirectory, attributes=attributes, active=None))
    return host


@pytest.mark.attack("R16")
def test_users_without_a_username_are_called_by_their_addresses_and_not_all_the_same(loose: Host) -> None:
    for name in ("a", "b"):
        loose.add(email=f"{name}@example.com", password_hash=cheap())
        loose.sign_in(f"{name}@example.com")
    loose.add(password_hash=cheap())

    users = loose.cognito.list_users(UserPoolId=loose.pool)["Users"]
    assert sorted(user["Username"] for user in users) == ["a@example.com", "b@example.com"]
    with pytest.raises(loose.cognito.exceptions.UserNotFoundException):
        loose.cognito.admin_get_user(UserPoolId=loose.pool, Username="None")


@pytest.mark.attack("R16")
@pytest.mark.parametrize("given", [("email", "KIM@example.com"), ("preferred_username", "kim@example.com")])
def test_nobody_takes_a_name_by_which_another_user_signs_in(loose: Host, given: tuple[str, str]) -> None:
    changes = [{"Name": given[0], "Value": given[1]}]
    loose.cognito.sign_up(ClientId=loose.client, Username="eve", Password=NEW_PASSWORD)
    token = loose.sign_in("eve", NEW_PASSWORD)["AccessToken"]

    with pytest.raises(loose.cognito.exceptions.UsernameExistsException):
        loose.cognito.sign_up(ClientId=loose.client, Username="mal", Password=NEW_PASSWORD, UserAttributes=changes)
    with pytest.raises(loose.cognito.exceptions.AliasExistsException):
        loose.cognito.update_user_attributes(AccessToken=token, UserAttributes=changes)

    assert loose.sign_in("kim@example.com")
    mine = [{"Name": "preferred_username", "Value": "EVE"}]
    loose.cognito.update_user_attributes(AccessToken=token, UserAttributes=mine)
    assert loose.sign_in("eve", NEW_PASSWORD)


def test_a_name_that_no_pool_takes_is_not_written(loose: Host) -> None:
    token = loose.sign_in()["AccessToken"]

    with pytest.raises(loose.cognito.exceptions.InvalidParameterException):
        loose.cognito.update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "preferred_username", "Value": "two words"}]
        )

    assert loose.stored().username == "kim"
    assert loose.sign_in()


def test_a_value_that_its_column_does_not_hold_is_refused_where_the_database_says_so(engine: sa.Engine) -> None:
    class Base(orm.DeclarativeBase):
        pass

    class Short(Base):
        __tablename__ = "short_names"
        id = sa.Column(sa.Integer, primary_key=True)
        username = sa.Column(sa.String(20))
        password_hash = sa.Column(sa.String)

    Base.metadata.create_all(engine)
    directory = WritableModelDirectory(engine, Short, names=["username"], password="password_hash")

    if engine.dialect.name == "postgresql":
        with pytest.raises(InvalidParameter):
            directory.create("k" * 21, None, {})
        assert directory.find("k" * 21) is None
    else:
        assert directory.create("k" * 21, None, {}).username == "k" * 21


@pytest.mark.parametrize("nullable, stored", [(True, None), (False, "!")])
def test_who_is_created_without_a_password_has_none(host: Host, nullable: bool, stored: str | None) -> None:
    class Made(host.db.Model):  # type: ignore[name-defined,misc]
        id = sa.Column(sa.Integer, primary_key=True)
        username = sa.Column(sa.String, unique=True)
        password_hash = sa.Column(sa.String, nullable=nullable)

    with host.app.app_context():
        host.db.create_all()
    host.member = Made
    host.serve(described(host, WritableModelDirectory, names=["username"], attributes={}, active=None))
    host.cognito.admin_create_user(UserPoolId=host.pool, Username="ada")

    assert host.stored("ada").password_hash == stored
    for password in ("!", PASSWORD):
        with pytest.raises(host.cognito.exceptions.NotAuthorizedException):
            host.sign_in("ada", password)


def test_rows_are_disabled_and_deleted(writable: Host) -> None:
    named = {"UserPoolId": writable.pool, "Username": "kim"}
    writable.cognito.admin_disable_user(**named)
    assert writable.stored().is_active is False

    writable.cognito.admin_delete_user(**named)
    assert writable.stored() is None


def test_without_a_column_for_it_nobody_is_disabled(kim: Host) -> None:
    kim.serve(described(kim, WritableModelDirectory, active=lambda row: row.level != 0))

    with pytest.raises(kim.cognito.exceptions.NotAuthorizedException):
        kim.cognito.admin_disable_user(UserPoolId=kim.pool, Username="kim")
