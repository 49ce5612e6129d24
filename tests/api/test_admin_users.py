"""Users by boto3 and by raw requests: create, look, passwords, status, sessions, deletion (api.md part 5)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app_client_authz.domain.pool import PoolSpec
from tests.support.aws import Wire, output, refusal
from tests.support.back_channel import exchange, is_alive, refresh, userinfo
from tests.support.clock import MovableClock
from tests.support.refusals import PATTERN, refused, violation
from tests.support.site import PASSWORD, Site
from tests.support.user_attributes import pairs, values

TEMPORARY = "Temp0rary-h0rse"
CHOSEN = "Chosen-h0rse-1"
NOBODY = "User does not exist."
UNDER_POLICY = "Password does not conform to policy: "
NOWHERE = "us-east-1_nowhere00"


def told(site: Site, sub: str, pool_id: str | None = None) -> list[tuple[str, str]]:
    """Medium and temporary password of every message to the user, the newest first."""
    assert site.services.outbox is not None
    kept = site.services.outbox.of_user(pool_id or site.pool.id, sub)
    return [(str(each.medium), each.code) for each in kept]


def step_after(site: Site, username: str, password: str) -> str:
    """What a sign-in with that password comes to."""
    registration = site.services.app_clients.find(site.web.client_id)
    assert registration is not None
    answer = site.services.authentication.sign_in(registration, username, password, session_seconds=180)
    return type(answer).__name__


# --- AdminCreateUser ------------------------------------------------------------------------------


def test_created_user_is_answered_in_the_order_of_the_request(cognito: Any, site: Site, clock: MovableClock) -> None:
    given = [
        {"Name": "given_name", "Value": "Owned"},
        {"Name": "email", "Value": "owned@example.com"},
        {"Name": "birthdate", "Value": "not-a-date"},
    ]
    user = cognito.admin_create_user(UserPoolId=site.pool.id, Username="owned", UserAttributes=given)["User"]
    sub = user["Attributes"][-1]["Value"]

    moment = datetime.fromtimestamp(round(clock(), 3), UTC)
    assert user["UserCreateDate"] == user["UserLastModifiedDate"]
    assert abs((user["UserCreateDate"] - moment).total_seconds()) < 0.001
    del user["UserCreateDate"], user["UserLastModifiedDate"]
    assert user == {
        "Username": "owned",
        "Attributes": [*given, {"Name": "sub", "Value": sub}],
        "Enabled": True,
        "UserStatus": "FORCE_CHANGE_PASSWORD",
    }
    assert site.services.users.describe(site.pool.id, "owned").sub == sub


def test_created_user_has_no_flag_that_nobody_set(cognito: Any, pool_id: str) -> None:
    attributes = pairs(email="a@example.com", phone_number="+15550100")
    user = cognito.admin_create_user(UserPoolId=pool_id, Username="ada", UserAttributes=attributes)["User"]
    assert values(user["Attributes"]).keys() == {"email", "phone_number", "sub"}


def test_administrator_verifies_an_address(cognito: Any, pool_id: str) -> None:
    attributes = pairs(email="a@example.com", email_verified="True")
    user = cognito.admin_create_user(UserPoolId=pool_id, Username="ada", UserAttributes=attributes)["User"]
    assert values(user["Attributes"])["email_verified"] == "true"


def test_given_temporary_password_opens_the_first_sign_in(cognito: Any, site: Site) -> None:
    cognito.admin_create_user(UserPoolId=site.pool.id, Username="ada", TemporaryPassword=TEMPORARY)
    assert step_after(site, "ada", TEMPORARY) == "NewPasswordRequired"


@pytest.mark.parametrize(
    "password, problem",
    [
        ("Sh0rt-h", "Password not long enough"),
        ("lower-h0rse", "Password must have uppercase characters"),
        ("UPPER-H0RSE", "Password must have lowercase characters"),
        ("Number-horse", "Password must have numeric characters"),
        ("Symb0lhorse", "Password must have symbol characters"),
    ],
)
def test_temporary_password_stands_against_the_policy(wire: Wire, site: Site, password: str, problem: str) -> None:
    before = site.row_counts()
    body = {"UserPoolId": site.pool.id, "Username": "ada", "TemporaryPassword": password}
    assert refusal(wire("AdminCreateUser", body)) == ("InvalidPasswordException", UNDER_POLICY + problem)
    body = {"UserPoolId": site.pool.id, "Username": "kim", "Password": password}
    assert refusal(wire("AdminSetUserPassword", body)) == ("InvalidPasswordException", UNDER_POLICY + problem)
    assert site.row_counts() == before


@pytest.mark.attack("R11")
def test_generated_password_goes_to_the_user_and_nowhere_else(
    wire: Wire, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    body = {"UserPoolId": site.pool.id, "Username": "ada", "UserAttributes": pairs(phone_number="+15550100")}
    answer = wire("AdminCreateUser", body)
    sub = values(output(answer)["User"]["Attributes"])["sub"]
    ((medium, password),) = told(site, sub)

    assert (medium, step_after(site, "ada", password)) == ("SMS", "NewPasswordRequired")
    assert password not in answer.text
    assert password not in caplog.text


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, ["SMS"]),
        ({"DesiredDeliveryMediums": []}, ["SMS"]),
        ({"DesiredDeliveryMediums": ["EMAIL"]}, ["EMAIL"]),
        ({"DesiredDeliveryMediums": ["EMAIL", "SMS"]}, ["EMAIL", "SMS"]),
        ({"DesiredDeliveryMediums": ["EMAIL"], "MessageAction": "SUPPRESS"}, []),
        ({"UserAttributes": pairs(email="a@example.com")}, ["EMAIL"]),
    ],
)
def test_invitation_goes_where_it_is_asked_to(
    cognito: Any, site: Site, options: dict[str, Any], expected: list[str]
) -> None:
    attributes = {"UserAttributes": pairs(email="a@example.com", phone_number="+15550100")}
    user = cognito.admin_create_user(UserPoolId=site.pool.id, Username="ada", **attributes | options)
    messages = told(site, values(user["User"]["Attributes"])["sub"])
    assert sorted(medium for medium, _ in messages) == expected
    assert len({password for _, password in messages}) <= 1


@pytest.mark.parametrize(
    "given, message",
    [
        (pairs(phone_number="+15550100"), "No email provided but desired delivery medium was Email"),
        (pairs(email="a@example.com"), "No phone number provided but desired delivery medium was SMS"),
    ],
)
def test_invitation_needs_an_address_for_each_medium_that_is_named(
    cognito: Any, site: Site, given: list[dict[str, str]], message: str
) -> None:
    """The model of AdminCreateUser: a value must be provided "if you set EMAIL in DesiredDeliveryMediums"."""
    who = {"UserPoolId": site.pool.id, "Username": "ada"}
    both = {"DesiredDeliveryMediums": ["EMAIL", "SMS"]}
    before = site.row_counts()
    with refused("InvalidParameter", message):
        cognito.admin_create_user(**who, **both, UserAttributes=given)
    assert site.row_counts() == before

    cognito.admin_create_user(**who, UserAttributes=given, TemporaryPassword=TEMPORARY, MessageAction="SUPPRESS")
    with refused("InvalidParameter", message):
        cognito.admin_create_user(**who, **both, MessageAction="RESEND")
    assert step_after(site, "ada", TEMPORARY) == "NewPasswordRequired"


def test_invitation_that_cannot_be_sent_leaves_the_user(
    cognito: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(type(site.services.outbox), "send", fail)
    wanted = {"UserPoolId": site.pool.id, "Username": "ada", "DesiredDeliveryMediums": ["EMAIL"]}
    with refused("CodeDeliveryFailure", "Unable to deliver code to user"):
        cognito.admin_create_user(**wanted, UserAttributes=pairs(email="a@example.com"), TemporaryPassword=TEMPORARY)
    assert step_after(site, "ada", TEMPORARY) == "NewPasswordRequired"


def test_resending_gives_a_new_password_and_new_time(cognito: Any, site: Site, clock: MovableClock) -> None:
    wanted = {"UserPoolId": site.pool.id, "Username": "ada", "DesiredDeliveryMediums": ["EMAIL"]}
    attributes = pairs(name="Ada", email="a@example.com")
    first = cognito.admin_create_user(**wanted, UserAttributes=attributes)["User"]
    clock.advance(60)
    again = cognito.admin_create_user(**wanted, MessageAction="RESEND", UserAttributes=pairs(name="Eve"))["User"]

    assert (again["Username"], again["UserStatus"]) == ("ada", "FORCE_CHANGE_PASSWORD")
    assert again["Attributes"] == first["Attributes"]
    assert (again["UserLastModifiedDate"] - first["UserLastModifiedDate"]).total_seconds() == 60
    sub = values(again["Attributes"])["sub"]
    (_, newest), (_, oldest) = told(site, sub)
    assert newest != oldest
    assert step_after(site, "ada", newest) == "NewPasswordRequired"
    until = site.services.users.describe(site.pool.id, "ada").temporary_password_until
    assert until == clock() + 7 * 86_400


def test_resending_to_whom_it_is_not_possible_is_refused(cognito: Any, site: Site) -> None:
    with refused("UnsupportedUserState", "Resend not possible. KIM status is not FORCE_CHANGE_PASSWORD"):
        cognito.admin_create_user(UserPoolId=site.pool.id, Username="KIM", MessageAction="RESEND")
    with refused("UserNotFound", NOBODY):
        cognito.admin_create_user(UserPoolId=site.pool.id, Username="nobody", MessageAction="RESEND")
    assert step_after(site, "kim", PASSWORD) == "User"


def test_name_that_is_taken_is_refused(cognito: Any, pool_id: str) -> None:
    with refused("UsernameExists", "User account already exists"):
        cognito.admin_create_user(UserPoolId=pool_id, Username="Kim")


def test_alias_moves_by_force_only(cognito: Any, site: Site) -> None:
    pool = site.services.pools.create(PoolSpec(name="aliases", alias_attributes=("email",))).id
    given = pairs(email="a@example.com", email_verified="true")
    cognito.admin_create_user(UserPoolId=pool, Username="ada", UserAttributes=given)
    with refused("AliasExists", "User account already exists for the alias."):
        cognito.admin_create_user(UserPoolId=pool, Username="bob", UserAttributes=given)
    cognito.admin_create_user(UserPoolId=pool, Username="bob", UserAttributes=given, ForceAliasCreation=True)

    assert cognito.admin_get_user(UserPoolId=pool, Username="A@example.com")["Username"] == "bob"
    loser = cognito.admin_get_user(UserPoolId=pool, Username="ada")
    assert values(loser["UserAttributes"])["email_verified"] == "false"


def test_address_as_username_is_stored_as_attribute(cognito: Any, site: Site) -> None:
    pool = site.services.pools.create(PoolSpec(name="addresses", username_attributes=("email",))).id
    create = {"UserPoolId": pool, "MessageAction": "SUPPRESS"}
    made = cognito.admin_create_user(**create, Username="a@example.com", UserAttributes=pairs(name="Ada"))["User"]
    assert made["Attributes"] == [*pairs(name="Ada", email="a@example.com", sub=made["Username"])]
    for name in ("A@example.com", made["Username"]):
        assert cognito.admin_get_user(UserPoolId=pool, Username=name)["Username"] == made["Username"]

    verified = pairs(email_verified="true")
    cognito.admin_create_user(**create, Username="b@example.com", UserAttributes=verified)
    for taken in ("a@EXAMPLE.com", "b@example.com"):
        with refused("UsernameExists", "An account with the given email already exists."):
            cognito.admin_create_user(**create, Username=taken)
        with refused("AliasExists", "An account with the given email already exists."):
            cognito.admin_create_user(**create, Username=taken, UserAttributes=verified)
    with refused("InvalidParameter", "Username should be an email."):
        cognito.admin_create_user(**create, Username="ada")
    same = "User email should be empty or same as username, since username attribute is email"
    with refused("InvalidParameter", same):
        cognito.admin_create_user(**create, Username="c@example.com", UserAttributes=pairs(email="d@example.com"))


def test_what_only_triggers_read_is_ignored(cognito: Any, pool_id: str) -> None:
    cognito.admin_create_user(
        UserPoolId=pool_id,
        Username="ada",
        ValidationData=[{"Name": "anything", "Value": "at all"}],
        ClientMetadata={"a": "b"},
    )
    found = cognito.admin_get_user(UserPoolId=pool_id, Username="ada")
    assert values(found["UserAttributes"]).keys() == {"sub"}


# --- looking --------------------------------------------------------------------------------------


def test_user_is_shown_in_the_order_of_the_schema(cognito: Any, site: Site) -> None:
    given = pairs(locale="ko", email_verified="true", email="a@example.com", name="Ada", address="There")
    made = cognito.admin_create_user(UserPoolId=site.pool.id, Username="ada", UserAttributes=given)["User"]
    found = cognito.admin_get_user(UserPoolId=site.pool.id, Username="ADA")
    del found["ResponseMetadata"]

    names = [each["Name"] for each in found["UserAttributes"]]
    assert names == ["name", "email", "email_verified", "locale", "address", "sub"]
    assert found == {
        "Username": "ada",
        "UserAttributes": found["UserAttributes"],
        "UserCreateDate": made["UserCreateDate"],
        "UserLastModifiedDate": made["UserCreateDate"],
        "Enabled": True,
        "UserStatus": "FORCE_CHANGE_PASSWORD",
    }


OF_ONE_USER: dict[str, dict[str, Any]] = {
    "AdminGetUser": {},
    "AdminSetUserPassword": {"Password": CHOSEN},
    "AdminConfirmSignUp": {},
    "AdminEnableUser": {},
    "AdminDisableUser": {},
    "AdminDeleteUser": {},
    "AdminUpdateUserAttributes": {"UserAttributes": pairs(name="Eve")},
    "AdminDeleteUserAttributes": {"UserAttributeNames": ["name"]},
    "AdminUserGlobalSignOut": {},
    "AdminListGroupsForUser": {},
    "AdminAddUserToGroup": {"GroupName": "none"},
    "AdminRemoveUserFromGroup": {"GroupName": "none"},
}


@pytest.mark.attack("R23")
@pytest.mark.parametrize("operation", OF_ONE_USER)
def test_user_of_another_pool_is_not_found(wire: Wire, site: Site, operation: str) -> None:
    other = site.services.pools.create(PoolSpec(name="other")).id
    before = site.services.users.describe(site.pool.id, "kim")
    for name in ("kim", site.user.sub, "nobody"):
        answer = wire(operation, {"UserPoolId": other, "Username": name, **OF_ONE_USER[operation]})
        assert refusal(answer) == ("UserNotFoundException", NOBODY)
    assert site.services.users.describe(site.pool.id, "kim") == before


@pytest.mark.parametrize("operation", [*OF_ONE_USER, "AdminCreateUser", "ListUsers"])
def test_unknown_pool_is_not_found(wire: Wire, operation: str) -> None:
    body = {"UserPoolId": NOWHERE, "Username": "kim", **OF_ONE_USER.get(operation, {})}
    expected = ("ResourceNotFoundException", f"User pool {NOWHERE} does not exist.")
    assert refusal(wire(operation, body)) == expected


@pytest.mark.parametrize("name", ["KIM", "kim@example.com", "boss", "{sub}"])
def test_user_goes_by_username_alias_and_sub(cognito: Any, site: Site, name: str) -> None:
    spec = PoolSpec(name="aliases", alias_attributes=("email", "preferred_username"))
    pool = site.services.pools.create(spec).id
    given = pairs(email="kim@example.com", email_verified="true", preferred_username="boss")
    made = cognito.admin_create_user(UserPoolId=pool, Username="kim", UserAttributes=given)["User"]
    who = {"UserPoolId": pool, "Username": name.format(sub=values(made["Attributes"])["sub"])}

    cognito.admin_disable_user(**who)
    assert cognito.admin_get_user(**who)["Enabled"] is False
    cognito.create_group(UserPoolId=pool, GroupName="staff")
    cognito.admin_add_user_to_group(**who, GroupName="staff")
    assert len(cognito.admin_list_groups_for_user(**who)["Groups"]) == 1
    cognito.admin_delete_user(**who)
    with refused("UserNotFound", NOBODY):
        cognito.admin_get_user(**who)


# --- zero bytes or {} (api.md 9.1, line 4) --------------------------------------------------------


@pytest.mark.parametrize("operation", [name for name in OF_ONE_USER if name != "AdminGetUser"])
def test_body_of_an_answer_is_empty_or_an_object_as_the_model_says(wire: Wire, site: Site, operation: str) -> None:
    without_output = {"AdminDeleteUser", "AdminAddUserToGroup", "AdminRemoveUserFromGroup"}
    site.services.users.create(site.pool.id, "ada", {})
    if operation == "AdminConfirmSignUp":
        register(site, "ada")
    wire("CreateGroup", {"UserPoolId": site.pool.id, "GroupName": "none"})
    answer = wire(operation, {"UserPoolId": site.pool.id, "Username": "ada", **OF_ONE_USER[operation]})

    expected = {"AdminListGroupsForUser": b'{"Groups":[]}'}.get(operation, b"{}")
    assert answer.status_code == 200, answer.text
    assert answer.data == (b"" if operation in without_output else expected)
    assert answer.content_type == "application/x-amz-json-1.1"


# --- passwords and status -------------------------------------------------------------------------


def register(site: Site, username: str) -> None:
    """Make of a user one who signed up and has not confirmed yet."""
    user = site.services.users.describe(site.pool.id, username)
    with site.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE authz_users SET status = 'UNCONFIRMED' WHERE sub = ?", (user.sub,))


def test_permanent_password_confirms_and_another_has_to_be_changed(
    cognito: Any, site: Site, clock: MovableClock
) -> None:
    who = {"UserPoolId": site.pool.id, "Username": "kim"}
    tokens = site.tokens(site.web)
    clock.advance(60)
    for options, status, step in (
        ({"Permanent": False}, "FORCE_CHANGE_PASSWORD", "NewPasswordRequired"),
        ({"Permanent": True}, "CONFIRMED", "User"),
        ({}, "FORCE_CHANGE_PASSWORD", "NewPasswordRequired"),
    ):
        cognito.admin_set_user_password(**who, Password=CHOSEN, **options)
        found = cognito.admin_get_user(**who)
        assert (found["UserStatus"], step_after(site, "kim", CHOSEN)) == (status, step)
        assert found["UserLastModifiedDate"].timestamp() == pytest.approx(clock(), abs=0.001)
    cognito.admin_set_user_password(**who, Password=CHOSEN, Permanent=True)
    assert is_alive(site, site.web, tokens)
    assert told(site, site.user.sub) == []


def test_permanent_password_confirms_a_registration(cognito: Any, site: Site) -> None:
    register(site, "kim")
    cognito.admin_set_user_password(UserPoolId=site.pool.id, Username="kim", Password=CHOSEN, Permanent=True)
    assert step_after(site, "kim", CHOSEN) == "User"


@pytest.mark.attack("R11")
def test_password_of_the_wrong_shape_is_not_shown(wire: Wire, pool_id: str) -> None:
    body = {"UserPoolId": pool_id, "Username": "kim", "Password": "two words", "Permanent": True}
    answer = wire("AdminSetUserPassword", body)
    assert refusal(answer) == ("InvalidParameterException", violation("at 'password'", PATTERN + r"[\S]+"))


def test_registration_is_confirmed_once_and_verifies_nothing(cognito: Any, site: Site) -> None:
    who = {"UserPoolId": site.pool.id, "Username": "ada"}
    site.services.users.create(site.pool.id, "ada", {"email": "a@example.com"}, password=PASSWORD)
    register(site, "ada")
    cognito.admin_confirm_sign_up(**who)
    found = cognito.admin_get_user(**who)

    assert (found["UserStatus"], step_after(site, "ada", PASSWORD)) == ("CONFIRMED", "User")
    assert "email_verified" not in values(found["UserAttributes"])
    with refused("NotAuthorized", "User cannot be confirmed. Current status is CONFIRMED"):
        cognito.admin_confirm_sign_up(**who)


# --- the ends of sessions (api.md 9.1, line 15) ---------------------------------------------------


@pytest.mark.attack("R18")
def test_disabling_kills_what_was_issued_for_good(cognito: Any, site: Site, clock: MovableClock) -> None:
    who = {"UserPoolId": site.pool.id, "Username": "kim"}
    tokens, code, cookie = site.tokens(site.web), site.code(site.web), site.cookie()
    clock.advance(1)
    cognito.admin_disable_user(**who)
    assert cognito.admin_get_user(**who)["Enabled"] is False
    assert not is_alive(site, site.web, tokens)

    cognito.admin_enable_user(**who)
    assert cognito.admin_get_user(**who)["Enabled"] is True
    assert userinfo(site, tokens["access_token"]).status_code == 401
    assert refresh(site, site.web, tokens["refresh_token"]).json == {"error": "invalid_grant"}
    assert exchange(site, site.web, code).json == {"error": "invalid_grant"}
    assert site.services.sessions.find(site.pool, cookie) is None
    clock.advance(1)
    assert is_alive(site, site.web, site.tokens(site.web))


@pytest.mark.attack("R18")
def test_global_sign_out_ends_every_token_session(cognito: Any, site: Site, clock: MovableClock) -> None:
    issued = [site.tokens(client) for client in (site.web, site.spa)]
    clock.advance(1)
    cognito.admin_user_global_sign_out(UserPoolId=site.pool.id, Username="kim")

    for client, tokens in zip((site.web, site.spa), issued, strict=True):
        assert not is_alive(site, client, tokens)
    clock.advance(1)
    assert is_alive(site, site.web, site.tokens(site.web))


@pytest.mark.attack("R18")
def test_deleted_user_is_gone_with_tokens_and_groups(cognito: Any, site: Site) -> None:
    who = {"UserPoolId": site.pool.id, "Username": "kim"}
    tokens = site.tokens(site.web)
    cognito.create_group(UserPoolId=site.pool.id, GroupName="staff")
    cognito.admin_add_user_to_group(**who, GroupName="staff")
    cognito.admin_delete_user(**who)

    assert not is_alive(site, site.web, tokens)
    with refused("UserNotFound", NOBODY):
        cognito.admin_delete_user(**who)
    cognito.admin_create_user(**who)
    assert cognito.admin_list_groups_for_user(**who)["Groups"] == []
    assert not is_alive(site, site.web, tokens)


def test_names_have_the_shape_of_the_model(wire: Wire, pool_id: str) -> None:
    answer = wire("AdminCreateUser", {"UserPoolId": pool_id, "Username": "two words"})
    expected = violation("at 'username'", PATTERN + r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+")
    assert refusal(answer) == ("InvalidParameterException", expected)
