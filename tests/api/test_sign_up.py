"""Registration over the wire (api.md 4.13 to 4.15)."""

import json
import re
import socket
from typing import Any

import pytest

from app_client_authz.domain.secret_hash import secret_hash
from app_client_authz.domain.user import UserStatus
from tests.api.test_self_service import change, pool_with
from tests.api.test_sign_in import FLOWS, refused, sign_in
from tests.support.aws import Wire
from tests.support.clock import MovableClock
from tests.support.site import PASSWORD, USERNAME, Registered, Site, make_site

LEE = "lee"
MAIL = ("email", "lee@example.com")
PHONE = ("phone_number", "+15550009934")
MISMATCH = ("CodeMismatchException", "Invalid verification code provided, please try again.")
EXPIRED = ("ExpiredCodeException", "Invalid code provided, please request a code again.")
TOO_MANY = ("LimitExceededException", "Attempt limit exceeded, please try after some time.")
DAY = 86_400
SMS = {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"}


@pytest.fixture
def app_client(site: Site) -> Registered:
    """A public client of a pool that verifies e-mail addresses by itself."""
    pool_with(site, auto_verified_attributes=("email",))
    return site.client(client_name="app", explicit_auth_flows=FLOWS)


def sign_up(cognito: Any, client: Registered, *pairs: tuple[str, str], name: str = LEE, **more: Any) -> Any:
    given = {"Password": PASSWORD, "UserAttributes": change(*pairs), **more}
    return cognito.sign_up(ClientId=client.client_id, Username=name, **given)


def confirm(cognito: Any, client: Registered, code: str, name: str = LEE, **more: Any) -> Any:
    return cognito.confirm_sign_up(ClientId=client.client_id, Username=name, ConfirmationCode=code, **more)


def resend(cognito: Any, client: Registered, name: str = LEE) -> Any:
    return cognito.resend_confirmation_code(ClientId=client.client_id, Username=name)


def codes(site: Site, name: str = LEE) -> list[str]:
    """The codes that the user was sent, the newest first."""
    assert site.services.outbox is not None
    sub = site.services.users.describe(site.pool.id, name).sub
    return [each.code for each in site.services.outbox.of_user(site.pool.id, sub)]


def wrong(*known: str) -> str:
    """A code that is none of these."""
    return next(code for code in ("000000", "000001", "000002") if code not in known)


def test_user_registers_confirms_and_signs_in(cognito: Any, site: Site, app_client: Registered) -> None:
    answer = sign_up(cognito, app_client, MAIL)
    registered = site.services.users.describe(site.pool.id, LEE)
    early = refused(sign_in, cognito=cognito, client=app_client, name=LEE)
    (code,) = codes(site)
    confirmed = confirm(cognito, app_client, code)

    assert {name: answer[name] for name in answer if name != "ResponseMetadata"} == {
        "UserConfirmed": False,
        "UserSub": registered.sub,
        "CodeDeliveryDetails": {"Destination": "l***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"},
    }
    assert (registered.status, registered.enabled) == (UserStatus.UNCONFIRMED, True)
    assert registered.attributes == {"email": "lee@example.com", "email_verified": "false"}
    assert re.fullmatch(r"\d{6}", code)
    assert early == ("UserNotConfirmedException", "User is not confirmed.")
    assert confirmed.keys() == {"ResponseMetadata"}
    assert sign_in(cognito, app_client, LEE)["AuthenticationResult"]
    assert site.services.users.describe(site.pool.id, LEE).attributes["email_verified"] == "true"


def test_answers_have_no_other_members_on_the_wire(wire: Wire, site: Site) -> None:
    body = {"ClientId": site.spa.client_id, "Username": LEE, "Password": PASSWORD, "ValidationData": []}

    answer = json.loads(wire("SignUp", body | {"ClientMetadata": {"a": "b"}}, signed=False).data)

    assert answer == {"UserConfirmed": False, "UserSub": site.services.users.describe(site.pool.id, LEE).sub}


@pytest.mark.parametrize(
    "verified, given, medium",
    [
        (("email",), (MAIL, PHONE), "EMAIL"),
        (("email", "phone_number"), (MAIL, PHONE), "SMS"),
        (("email", "phone_number"), (MAIL,), "EMAIL"),
        (("phone_number",), (MAIL,), None),
        ((), (MAIL, PHONE), None),
    ],
)
def test_code_goes_to_a_supplied_address_that_the_pool_verifies_and_to_the_phone_first(
    cognito: Any, site: Site, verified: tuple[str, ...], given: tuple[tuple[str, str], ...], medium: str | None
) -> None:
    pool_with(site, auto_verified_attributes=verified, sms_configuration=SMS)

    answer = sign_up(cognito, site.spa, *given)

    assert answer.get("CodeDeliveryDetails", {}).get("DeliveryMedium") == medium
    assert len(codes(site)) == (0 if medium is None else 1)
    if medium == "SMS":
        assert answer["CodeDeliveryDetails"]["Destination"] == "+*******9934"
        confirm(cognito, site.spa, codes(site)[0])
        found = site.services.users.describe(site.pool.id, LEE).attributes
        assert (found["phone_number_verified"], found["email_verified"]) == ("true", "false")


def test_pool_of_administrators_takes_no_registration_whatever_it_says(cognito: Any, site: Site) -> None:
    pool_with(site, admin_create_user_only=True)

    answer = refused(lambda: sign_up(cognito, site.spa, ("nonsense", "x"), Password="short"))

    assert answer == ("NotAuthorizedException", "SignUp is not permitted for this user pool")


def test_checks_come_in_the_recorded_order(cognito: Any, site: Site) -> None:
    """Each request has every fault that is named after the one it is refused for."""
    pool = cognito.create_user_pool(PoolName="aliases", AliasAttributes=["email"])["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="narrow", WriteAttributes=["email", "birthdate"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username=USERNAME, MessageAction="SUPPRESS")
    too_long = ("birthdate", "x" * 11)

    def answer(*pairs: tuple[str, str], name: str = USERNAME, password: str = "short") -> tuple[str, str]:
        return refused(
            cognito.sign_up, ClientId=client, Username=name, Password=password, UserAttributes=change(*pairs)
        )

    assert answer(("name", "x"), too_long, name="a@example.com") == (
        "InvalidParameterException",
        "Username cannot be of email format, since user pool is configured for email alias.",
    )
    assert answer(("name", "x"), too_long) == (
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    )
    assert answer(("email_verified", "true"), too_long) == (
        "InvalidParameterException",
        "Cannot modify the non-mutable attribute email_verified",
    )
    code, message = answer(too_long)
    assert (code, message.startswith("Attributes did not conform to the schema: ")) == (
        "InvalidParameterException",
        True,
    )
    assert answer(MAIL) == (
        "InvalidPasswordException",
        "Password did not conform with policy: Password not long enough",
    )
    assert answer(MAIL, password=PASSWORD) == ("UsernameExistsException", "User already exists")


def test_missing_password_is_a_violated_constraint(cognito: Any, site: Site) -> None:
    code, message = refused(cognito.sign_up, ClientId=site.spa.client_id, Username=LEE)

    assert code == "InvalidParameterException"
    assert message == (
        "1 validation error detected: Value null at 'password' failed to satisfy constraint: Member must not be null"
    )


def test_pool_that_lets_in_by_code_asks_for_no_password(cognito: Any, site: Site) -> None:
    pool_with(site, auto_verified_attributes=("email",), allowed_first_auth_factors=("PASSWORD", "EMAIL_OTP"))

    cognito.sign_up(ClientId=site.spa.client_id, Username=LEE, UserAttributes=change(MAIL))

    assert refused(cognito.sign_up, ClientId=site.spa.client_id, Username="max")[0] == "InvalidParameterException"
    confirm(cognito, site.spa, codes(site)[0])


def test_taken_name_is_told_in_every_spelling_and_setting(cognito: Any, site: Site, app_client: Registered) -> None:
    hides = site.client(client_name="hides", prevent_user_existence_errors="ENABLED")
    sign_up(cognito, app_client, MAIL)

    for client in (app_client, hides):
        for name in (USERNAME, USERNAME.upper(), LEE):
            taken = refused(lambda client=client, name=name: sign_up(cognito, client, MAIL, name=name))
            assert taken == ("UsernameExistsException", "User already exists")


@pytest.mark.parametrize("verified", ["true", "false"])
def test_address_that_is_a_username_is_told_to_be_taken(cognito: Any, site: Site, verified: str) -> None:
    made = cognito.create_user_pool(PoolName="addresses", UsernameAttributes=["email"])["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=made, ClientName="app")["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(
        UserPoolId=made,
        Username="lee@example.com",
        UserAttributes=change(("email_verified", verified)),
        MessageAction="SUPPRESS",
    )

    def answer(name: str) -> tuple[str, str]:
        return refused(cognito.sign_up, ClientId=client, Username=name, Password=PASSWORD)

    taken = ("UsernameExistsException", "An account with the given email already exists.")
    assert answer("Lee@Example.com") == taken
    assert answer("lee") == ("InvalidParameterException", "Username should be an email.")
    new = cognito.sign_up(ClientId=client, Username="new@example.com", Password=PASSWORD)
    assert site.services.users.describe(made, "new@example.com").username == new["UserSub"]


def test_immutable_attribute_can_be_set_at_registration(cognito: Any) -> None:
    schema = [{"Name": "tenant", "AttributeDataType": "String", "Mutable": False}]
    pool = cognito.create_user_pool(PoolName="fixed", Schema=schema)["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app")["UserPoolClient"]["ClientId"]

    cognito.sign_up(
        ClientId=client, Username=LEE, Password=PASSWORD, UserAttributes=change(("custom:tenant", "red"), ("name", ""))
    )

    shown = cognito.admin_get_user(UserPoolId=pool, Username=LEE)["UserAttributes"]
    assert {"Name": "custom:tenant", "Value": "red"} in shown
    assert "name" not in {each["Name"] for each in shown}


def test_secret_client_proves_its_secret_first(cognito: Any, site: Site) -> None:
    pool_with(site, auto_verified_attributes=("email",), admin_create_user_only=True)
    secret, client_id = site.web.secret, site.web.client_id
    assert secret is not None
    missing = (
        "NotAuthorizedException",
        f"Client {client_id} is configured for secret but secret was not received",
    )
    mismatch = ("NotAuthorizedException", f"Unable to verify secret hash for client {client_id}")
    calls: list[tuple[Any, dict[str, str]]] = [
        (cognito.sign_up, {"Password": PASSWORD}),
        (cognito.confirm_sign_up, {"ConfirmationCode": "123456"}),
        (cognito.resend_confirmation_code, {}),
        (cognito.forgot_password, {}),
        (cognito.confirm_forgot_password, {"ConfirmationCode": "123456", "Password": PASSWORD}),
    ]
    for call, more in calls:
        for name in (USERNAME, "nobody"):
            named = {"ClientId": client_id, "Username": name, **more}
            assert refused(call, **named) == missing
            assert refused(call, **named, SecretHash=secret_hash(secret, "another", client_id)) == mismatch
    right = secret_hash(secret, "nobody", client_id)
    for call, more in calls[1:]:
        answer = refused(call, ClientId=client_id, Username="nobody", SecretHash=right, **more)
        assert answer == ("UserNotFoundException", "Username/client id combination not found.")


def test_client_that_is_not_there_is_named(cognito: Any) -> None:
    unknown = ("ResourceNotFoundException", "User pool client unknown does not exist.")
    assert refused(cognito.sign_up, ClientId="unknown", Username=LEE, Password=PASSWORD) == unknown
    assert refused(cognito.forgot_password, ClientId="unknown", Username=LEE) == unknown


def test_confirmation_is_refused_as_recorded(
    cognito: Any, site: Site, app_client: Registered, clock: MovableClock
) -> None:
    sign_up(cognito, app_client, MAIL)
    (code,) = codes(site)

    assert refused(lambda: confirm(cognito, app_client, code, "nobody")) == (
        "UserNotFoundException",
        "Username/client id combination not found.",
    )
    assert refused(lambda: confirm(cognito, app_client, code, USERNAME)) == (
        "NotAuthorizedException",
        "User cannot be confirmed. Current status is CONFIRMED",
    )
    assert refused(lambda: confirm(cognito, app_client, wrong(code))) == MISMATCH
    emptied = refused(lambda: confirm(cognito, app_client, "with a blank"))
    assert (emptied[0], "'confirmationCode'" in emptied[1]) == ("InvalidParameterException", True)
    clock.advance(DAY)
    assert refused(lambda: confirm(cognito, app_client, code)) == EXPIRED


def test_disabled_user_confirms_nothing(cognito: Any, site: Site, app_client: Registered) -> None:
    sign_up(cognito, app_client, MAIL)
    site.services.users.disable(site.pool.id, LEE)
    disabled = ("NotAuthorizedException", "User is disabled.")

    assert refused(lambda: confirm(cognito, app_client, codes(site)[0])) == disabled
    assert refused(lambda: resend(cognito, app_client)) == disabled


def test_user_without_a_code_is_asked_to_request_one(cognito: Any, site: Site) -> None:
    sign_up(cognito, site.spa, MAIL)

    assert refused(lambda: confirm(cognito, site.spa, "123456")) == EXPIRED


@pytest.mark.attack("R14")
def test_sixteenth_wrong_code_within_an_hour_is_not_looked_at(
    cognito: Any, site: Site, app_client: Registered, clock: MovableClock
) -> None:
    sign_up(cognito, app_client, MAIL)
    (code,) = codes(site)
    for _ in range(15):
        assert refused(lambda: confirm(cognito, app_client, wrong(code))) == MISMATCH

    assert refused(lambda: confirm(cognito, app_client, code)) == TOO_MANY
    resend(cognito, app_client)
    assert refused(lambda: confirm(cognito, app_client, codes(site)[0])) == TOO_MANY
    clock.advance(3600)
    confirm(cognito, app_client, codes(site)[0])


def test_address_of_another_user_is_no_alias_before_somebody_insists(cognito: Any, site: Site) -> None:
    pool = cognito.create_user_pool(PoolName="aliases", AliasAttributes=["email"], AutoVerifiedAttributes=["email"])[
        "UserPool"
    ]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app")["UserPoolClient"]["ClientId"]
    users = site.services.users
    users.create(pool, USERNAME, {"email": "kim@example.com", "email_verified": "true"}, password=PASSWORD)
    named = {"ClientId": client, "Username": LEE}
    cognito.sign_up(**named, Password=PASSWORD, UserAttributes=change(("email", "Kim@example.com")))
    assert site.services.outbox is not None
    code = site.services.outbox.of_user(pool, users.describe(pool, LEE).sub)[0].code

    taken = refused(cognito.confirm_sign_up, **named, ConfirmationCode=code)
    still = users.describe(pool, "kim@example.com").username
    cognito.confirm_sign_up(**named, ConfirmationCode=code, ForceAliasCreation=True)

    assert taken == ("AliasExistsException", "An account with the email already exists.")
    assert still == USERNAME
    assert users.describe(pool, "KIM@example.com").username == LEE
    kim = users.describe(pool, USERNAME).attributes
    assert (kim["email"], kim["email_verified"]) == ("kim@example.com", "false")
    assert users.describe(pool, LEE).status == UserStatus.CONFIRMED


def test_insisting_takes_nothing_where_nothing_is_taken(cognito: Any, site: Site, app_client: Registered) -> None:
    sign_up(cognito, app_client, ("email", "kim@example.com"))

    confirm(cognito, app_client, codes(site)[0], ForceAliasCreation=True)

    assert site.services.users.describe(site.pool.id, USERNAME).attributes["email_verified"] == "true"


def test_code_of_an_address_that_was_changed_since_confirms_nothing(
    cognito: Any, site: Site, app_client: Registered
) -> None:
    sign_up(cognito, app_client, MAIL)
    site.services.users.update_attributes(site.pool.id, LEE, {"email": "other@example.com"})

    assert refused(lambda: confirm(cognito, app_client, codes(site)[0])) == EXPIRED
    resend(cognito, app_client)
    confirm(cognito, app_client, codes(site)[0])
    assert site.services.users.describe(site.pool.id, LEE).attributes["email_verified"] == "true"


def test_new_code_replaces_the_old_one(cognito: Any, site: Site, app_client: Registered) -> None:
    sign_up(cognito, app_client, MAIL)

    answer = resend(cognito, app_client)

    newest, first = codes(site)
    assert answer["CodeDeliveryDetails"] == {
        "Destination": "l***@e***",
        "DeliveryMedium": "EMAIL",
        "AttributeName": "email",
    }
    if first != newest:  # all but once in a million
        assert refused(lambda: confirm(cognito, app_client, first)) == EXPIRED
    confirm(cognito, app_client, newest)
    assert refused(lambda: resend(cognito, app_client)) == ("InvalidParameterException", "User is already confirmed.")


def test_sixth_code_within_an_hour_is_refused(
    cognito: Any, site: Site, app_client: Registered, clock: MovableClock
) -> None:
    sign_up(cognito, app_client, MAIL)
    for _ in range(5):
        resend(cognito, app_client)

    assert refused(lambda: resend(cognito, app_client)) == TOO_MANY
    confirm(cognito, app_client, codes(site)[0])
    sign_up(cognito, app_client, MAIL, name="max")
    clock.advance(3600)
    resend(cognito, app_client, "max")


def test_codes_are_sent_again_only_where_they_are_sent_at_all(cognito: Any, site: Site) -> None:
    sign_up(cognito, site.spa, MAIL)
    nothing = ("InvalidParameterException", "Cannot resend codes. Auto verification not turned on.")

    assert refused(lambda: resend(cognito, site.spa)) == nothing
    pool_with(site, auto_verified_attributes=("phone_number",), sms_configuration=SMS)
    assert refused(lambda: resend(cognito, site.spa)) == nothing


def test_user_exists_whose_code_could_not_be_sent(sqlite_url_migrated: str, clock: MovableClock) -> None:
    """Registering again is refused, and asking again sends again."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        settings = {"AUTHZ_MESSAGE_SENDER": "smtp", "AUTHZ_SMTP_HOST": "127.0.0.1", "AUTHZ_SMTP_PORT": port}
        settings |= {"AUTHZ_SMTP_TLS": "none", "AUTHZ_SMTP_FROM": "login@example.com"}
        site = make_site(sqlite_url_migrated, clock, config=settings)
        pool_with(site, auto_verified_attributes=("email",))
        hides = site.client(prevent_user_existence_errors="ENABLED")
        wire = Wire(site.app)
        body = {"Username": LEE, "Password": PASSWORD, "UserAttributes": change(MAIL)}

        first = json.loads(wire("SignUp", body | {"ClientId": site.spa.client_id}, signed=False).data)
        shown, hidden = (
            json.loads(
                wire("ResendConfirmationCode", {"ClientId": client.client_id, "Username": LEE}, signed=False).data
            )
            for client in (site.spa, hides)
        )

    failed = {"__type": "CodeDeliveryFailureException", "message": "Unable to deliver code to user"}
    assert first == shown == failed
    assert hidden["CodeDeliveryDetails"]["Destination"] == "l***@e***"
    assert site.services.users.describe(site.pool.id, LEE).status == UserStatus.UNCONFIRMED
