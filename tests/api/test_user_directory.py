"""The JSON API over a pool whose users live in a directory of the host: what it does, and what it refuses and how."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.api.local_client import LocalClient
from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate
from tests.support.members import PASSWORD, Member, Members, WritableMembers
from tests.support.site import SMALL_HASHES

NEW_PASSWORD = "Another-h0rse-battery"
EMAIL = {"email": "kim@example.com", "email_verified": "true"}


class Place:
    """A pool with a directory, and boto3's client of it in this process."""

    def __init__(self, authz: AppClientAuthz, app: Flask, members: Members) -> None:
        self.members, self.app = members, app
        self.cognito: LocalClient = authz.client("cognito-idp")
        authz.user_directory(members)
        pool = self.cognito.create_user_pool(
            PoolName="shop", AutoVerifiedAttributes=["email"], UserPoolTier="ESSENTIALS"
        )
        self.pool = pool["UserPool"]["Id"]
        flows = ["USER_PASSWORD_AUTH", "USER_SRP_AUTH", "USER_AUTH", "REFRESH_TOKEN_AUTH"]
        client = self.cognito.create_user_pool_client(
            UserPoolId=self.pool, ClientName="app", ExplicitAuthFlows=[f"ALLOW_{flow}" for flow in flows]
        )
        self.client = client["UserPoolClient"]["ClientId"]

    def initiate(self, flow: str = "USER_PASSWORD_AUTH", **parameters: str) -> dict[str, Any]:
        given = {"USERNAME": "kim", "PASSWORD": PASSWORD, **parameters}
        return dict(self.cognito.initiate_auth(ClientId=self.client, AuthFlow=flow, AuthParameters=given))

    @property
    def token(self) -> str:
        return str(self.initiate()["AuthenticationResult"]["AccessToken"])

    def attributes(self) -> dict[str, str]:
        got = self.cognito.admin_get_user(UserPoolId=self.pool, Username="kim")
        return {each["Name"]: each["Value"] for each in got["UserAttributes"]}


def place_with(template: SqliteTemplate, path: Any, clock: MovableClock, members: Members) -> Place:
    app = Flask("host")
    url = template.copy_to(path / "host.sqlite")
    app.config.update(SECRET_KEY="only for tests, and long enough", SQLALCHEMY_DATABASE_URI=str(url), **SMALL_HASHES)
    return Place(AppClientAuthz(app, clock=clock), app, members)


@pytest.fixture
def readable(sqlite_template: SqliteTemplate, tmp_path: Any, clock: MovableClock) -> Place:
    """A pool whose directory can only be read."""
    return place_with(sqlite_template, tmp_path, clock, Members(Member("1", "kim", attributes=dict(EMAIL))))


@pytest.fixture
def writable(sqlite_template: SqliteTemplate, tmp_path: Any, clock: MovableClock) -> Place:
    """A pool whose directory does everything."""
    return place_with(sqlite_template, tmp_path, clock, WritableMembers(Member("1", "kim", attributes=dict(EMAIL))))


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "sign_up": (
        {"ClientId": ..., "Username": "ada", "Password": PASSWORD},
        "NotAuthorizedException",
        "SignUp is not permitted for this user pool",
    ),
    "confirm_sign_up": (
        {"ClientId": ..., "Username": "kim", "ConfirmationCode": "123456"},
        "NotAuthorizedException",
        "Users of this user pool are confirmed in the directory of the host.",
    ),
    "resend_confirmation_code": (
        {"ClientId": ..., "Username": "kim"},
        "InvalidParameterException",
        "Cannot resend codes. Auto verification not turned on.",
    ),
    "forgot_password": (
        {"ClientId": ..., "Username": "kim"},
        "NotAuthorizedException",
        "Contact administrator to reset password.",
    ),
    "confirm_forgot_password": (
        {"ClientId": ..., "Username": "kim", "ConfirmationCode": "123456", "Password": NEW_PASSWORD},
        "NotAuthorizedException",
        "User password cannot be reset in the current state.",
    ),
    "change_password": (
        {"AccessToken": ..., "PreviousPassword": PASSWORD, "ProposedPassword": NEW_PASSWORD},
        "NotAuthorizedException",
        "User password cannot be changed in the current state.",
    ),
    "update_user_attributes": (
        {"AccessToken": ..., "UserAttributes": [{"Name": "name", "Value": "Kim"}]},
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    ),
    "delete_user_attributes": (
        {"AccessToken": ..., "UserAttributeNames": ["name"]},
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    ),
    "get_user_attribute_verification_code": (
        {"AccessToken": ..., "AttributeName": "email"},
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    ),
    "verify_user_attribute": (
        {"AccessToken": ..., "AttributeName": "email", "Code": "123456"},
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    ),
    "delete_user": (
        {"AccessToken": ...},
        "NotAuthorizedException",
        "User cannot be deleted here: the directory of the host does that.",
    ),
    "admin_create_user": (
        {"UserPoolId": ..., "Username": "ada"},
        "NotAuthorizedException",
        "Users of this user pool are created in the directory of the host.",
    ),
    "admin_set_user_password": (
        {"UserPoolId": ..., "Username": "kim", "Password": NEW_PASSWORD, "Permanent": True},
        "NotAuthorizedException",
        "User password cannot be changed in the current state.",
    ),
    "admin_reset_user_password": (
        {"UserPoolId": ..., "Username": "kim"},
        "NotAuthorizedException",
        "User password cannot be reset in the current state.",
    ),
    "admin_confirm_sign_up": (
        {"UserPoolId": ..., "Username": "kim"},
        "NotAuthorizedException",
        "User cannot be confirmed. Current status is CONFIRMED",
    ),
    "admin_update_user_attributes": (
        {"UserPoolId": ..., "Username": "kim", "UserAttributes": [{"Name": "name", "Value": "Kim"}]},
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    ),
    "admin_delete_user_attributes": (
        {"UserPoolId": ..., "Username": "kim", "UserAttributeNames": ["name"]},
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    ),
    "admin_delete_user": (
        {"UserPoolId": ..., "Username": "kim"},
        "NotAuthorizedException",
        "User cannot be deleted here: the directory of the host does that.",
    ),
    "admin_enable_user": (
        {"UserPoolId": ..., "Username": "kim"},
        "NotAuthorizedException",
        "User cannot be enabled here: the directory of the host does that.",
    ),
    "admin_disable_user": (
        {"UserPoolId": ..., "Username": "kim"},
        "NotAuthorizedException",
        "User cannot be disabled here: the directory of the host does that.",
    ),
}


@pytest.mark.parametrize("operation", REFUSED)
def test_what_a_directory_cannot_do_is_refused_and_changes_nothing(readable: Place, operation: str) -> None:
    given, code, message = REFUSED[operation]
    own = {"ClientId": readable.client, "UserPoolId": readable.pool, "AccessToken": readable.token}
    call: Callable[..., Any] = getattr(readable.cognito, operation)

    with pytest.raises(readable.cognito.exceptions.ClientError) as refused:
        call(**{name: own[name] if value is ... else value for name, value in given.items()})

    assert refused.value.response["Error"] == {"Code": code, "Message": message}
    assert {"sub": readable.attributes()["sub"], **EMAIL} == readable.attributes()
    assert readable.token
    assert list(readable.members.rows) == ["1"]


def test_a_sign_in_by_password_gives_tokens_and_get_user_shows_the_directory(readable: Place) -> None:
    user = readable.cognito.get_user(AccessToken=readable.token)

    assert user["Username"] == "kim"
    assert {"Name": "email", "Value": "kim@example.com"} in user["UserAttributes"]


@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_srp_is_refused_whoever_is_named(readable: Place, name: str) -> None:
    with pytest.raises(readable.cognito.exceptions.InvalidParameterException, match="Use USER_PASSWORD_AUTH"):
        readable.initiate("USER_SRP_AUTH", USERNAME=name, SRP_A="1f" * 192)


def test_a_choice_offers_what_a_directory_can(readable: Place) -> None:
    asked = readable.cognito.initiate_auth(
        ClientId=readable.client, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "kim@example.com"}
    )
    assert asked["AvailableChallenges"] == ["PASSWORD"]
    answers = {"USERNAME": "kim@example.com", "ANSWER": "PASSWORD", "PASSWORD": PASSWORD}

    done = readable.cognito.respond_to_auth_challenge(
        ClientId=readable.client, ChallengeName="SELECT_CHALLENGE", Session=asked["Session"], ChallengeResponses=answers
    )

    assert done["AuthenticationResult"]["AccessToken"]


def test_a_user_whom_the_host_disabled_gets_nothing_by_an_old_token(readable: Place) -> None:
    token = readable.token
    readable.members.rows["1"].enabled = False

    with pytest.raises(readable.cognito.exceptions.NotAuthorizedException):
        readable.cognito.get_user(AccessToken=token)


def test_users_are_listed_once_they_are_known(readable: Place) -> None:
    assert readable.cognito.list_users(UserPoolId=readable.pool)["Users"] == []
    readable.initiate()

    (listed,) = readable.cognito.list_users(UserPoolId=readable.pool)["Users"]
    assert (listed["Username"], listed["UserStatus"]) == ("kim", "CONFIRMED")


def test_groups_of_the_directory_are_not_changed_here(readable: Place) -> None:
    readable.members.rows["1"].groups = ("staff",)
    readable.initiate()
    given = {"UserPoolId": readable.pool, "Username": "kim", "GroupName": "staff"}

    with pytest.raises(readable.cognito.exceptions.NotAuthorizedException, match="directory of the host"):
        readable.cognito.admin_remove_user_from_group(**given)


NEVER = {
    "admin_reset_user_password": "User password cannot be reset in the current state.",
    "admin_confirm_sign_up": "User cannot be confirmed. Current status is CONFIRMED",
    "confirm_sign_up": "Users of this user pool are confirmed in the directory of the host.",
    "get_user_attribute_verification_code": "A client attempted to write unauthorized attribute",
    "verify_user_attribute": "A client attempted to write unauthorized attribute",
}


@pytest.mark.parametrize("operation", NEVER)
def test_some_things_are_the_hosts_whatever_its_directory_can_do(writable: Place, operation: str) -> None:
    given = REFUSED[operation][0]
    own = {"ClientId": writable.client, "UserPoolId": writable.pool, "AccessToken": writable.token}
    call: Callable[..., Any] = getattr(writable.cognito, operation)

    with pytest.raises(writable.cognito.exceptions.NotAuthorizedException) as refused:
        call(**{name: own[name] if value is ... else value for name, value in given.items()})
    assert refused.value.response["Error"]["Message"] == NEVER[operation]


def test_a_directory_has_no_temporary_passwords(writable: Place) -> None:
    with pytest.raises(writable.cognito.exceptions.NotAuthorizedException):
        writable.cognito.admin_set_user_password(UserPoolId=writable.pool, Username="kim", Password=NEW_PASSWORD)
    assert writable.members.rows["1"].password == PASSWORD


# --- a directory that does it ---------------------------------------------------------------------


def test_change_password_changes_it_in_the_directory(writable: Place) -> None:
    token = writable.token
    with pytest.raises(writable.cognito.exceptions.NotAuthorizedException):
        writable.cognito.change_password(AccessToken=token, PreviousPassword="wrong", ProposedPassword=NEW_PASSWORD)
    with pytest.raises(writable.cognito.exceptions.InvalidPasswordException):
        writable.cognito.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword="short1")

    writable.cognito.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=NEW_PASSWORD)

    assert writable.members.rows["1"].password == NEW_PASSWORD
    assert writable.initiate(PASSWORD=NEW_PASSWORD)["AuthenticationResult"]


@pytest.mark.attack("R15")
def test_no_password_is_not_the_password_of_a_directorys_user(writable: Place) -> None:
    with pytest.raises(writable.cognito.exceptions.NotAuthorizedException):
        writable.cognito.change_password(AccessToken=writable.token, ProposedPassword=NEW_PASSWORD)


def forgotten(place: Place) -> tuple[dict[str, str], str]:
    """How kim is named, and the code that resets the password."""
    given = {"ClientId": place.client, "Username": "kim"}
    assert place.cognito.forgot_password(**given)["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    services = AppClientAuthz.services(place.app)
    assert services.outbox is not None
    return given, services.outbox.of_user(place.pool, place.attributes()["sub"])[0].code


def test_a_forgotten_password_is_reset_in_the_directory_once(writable: Place) -> None:
    writable.initiate()
    given, code = forgotten(writable)

    writable.cognito.confirm_forgot_password(**given, ConfirmationCode=code, Password=NEW_PASSWORD)

    assert writable.members.rows["1"].password == NEW_PASSWORD
    with pytest.raises(writable.cognito.exceptions.ExpiredCodeException):
        writable.cognito.confirm_forgot_password(**given, ConfirmationCode=code, Password=PASSWORD)


@pytest.mark.attack("R18")
@pytest.mark.parametrize("ends", ["another address", "another password"])
def test_a_code_ends_with_its_address_and_with_the_password_there_too(writable: Place, ends: str) -> None:
    token = writable.token
    given, code = forgotten(writable)
    if ends == "another address":
        writable.members.rows["1"].attributes["email"] = "new@example.com"
    else:
        writable.cognito.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=NEW_PASSWORD)
    before = writable.members.rows["1"].password

    with pytest.raises(writable.cognito.exceptions.ExpiredCodeException):
        writable.cognito.confirm_forgot_password(**given, ConfirmationCode=code, Password="A-th1rd-battery")
    assert writable.members.rows["1"].password == before


def test_attributes_are_written_to_the_directory(writable: Place) -> None:
    token = writable.token
    writable.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "name", "Value": "Kim"}])
    writable.cognito.admin_update_user_attributes(
        UserPoolId=writable.pool, Username="kim", UserAttributes=[{"Name": "email", "Value": "new@example.com"}]
    )
    assert writable.members.rows["1"].attributes == {
        "name": "Kim",
        "email": "new@example.com",
        "email_verified": "false",
    }

    writable.cognito.delete_user_attributes(AccessToken=token, UserAttributeNames=["name"])
    assert "name" not in writable.attributes()


def test_an_attribute_that_the_schema_does_not_take_is_not_written(writable: Place) -> None:
    with pytest.raises(writable.cognito.exceptions.InvalidParameterException):
        writable.cognito.admin_update_user_attributes(
            UserPoolId=writable.pool, Username="kim", UserAttributes=[{"Name": "email", "Value": "no address"}]
        )
    assert "update_attributes" not in writable.members.asked


def test_sign_up_creates_the_user_in_the_directory(writable: Place) -> None:
    done = writable.cognito.sign_up(
        ClientId=writable.client,
        Username="ada",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "ada@example.com"}],
    )

    assert done["UserConfirmed"] is True
    assert writable.members.rows["2"].attributes["email"] == "ada@example.com"
    assert writable.initiate(USERNAME="ada")["AuthenticationResult"]
    with pytest.raises(writable.cognito.exceptions.UsernameExistsException):
        writable.cognito.sign_up(ClientId=writable.client, Username="ada", Password=PASSWORD)


@pytest.mark.attack("API-5")
def test_no_password_is_generated_for_a_user_of_a_directory_where_it_would_stay(writable: Place) -> None:
    writable.cognito.admin_create_user(
        UserPoolId=writable.pool, Username="ada", UserAttributes=[{"Name": "email", "Value": "ada@example.com"}]
    )

    assert writable.members.rows["2"].password is None


def test_an_administrator_creates_enables_disables_and_deletes_in_the_directory(writable: Place) -> None:
    named = {"UserPoolId": writable.pool, "Username": "ada"}
    writable.cognito.admin_create_user(**named, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    tokens = writable.initiate(USERNAME="ada")["AuthenticationResult"]

    writable.cognito.admin_disable_user(**named)
    assert writable.members.rows["2"].enabled is False
    with pytest.raises(writable.cognito.exceptions.NotAuthorizedException):
        writable.initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=tokens["RefreshToken"])
    writable.cognito.admin_enable_user(**named)
    writable.cognito.admin_delete_user(**named)

    assert list(writable.members.rows) == ["1"]
    with pytest.raises(writable.cognito.exceptions.UserNotFoundException):
        writable.cognito.admin_get_user(**named)


def test_a_second_factor_goes_with_a_password_of_the_directory(writable: Place) -> None:
    writable.cognito.set_user_pool_mfa_config(
        UserPoolId=writable.pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="ON"
    )

    asked = writable.initiate(USERNAME="kim@example.com")

    assert asked["ChallengeName"] == "MFA_SETUP"
    assert writable.cognito.associate_software_token(Session=asked["Session"])["SecretCode"]
