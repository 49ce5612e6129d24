"""amazon-cognito-identity-js against a live server: SRP with its own arithmetic, and a user's way with an account."""

import time
from collections.abc import Callable, Iterator

import pytest

from app_client_authz.domain.pool import MfaChange, PoolSpec
from tests.support.aws import told_of
from tests.support.clock import MovableClock
from tests.support.live import LiveServer
from tests.support.mfa import App
from tests.support.node import Steps, running, skip_without_node
from tests.support.outbox import newest_code
from tests.support.site import PASSWORD, PREFIX, Registered, Site, claims, make_site

WRONG = ("NotAuthorizedException", "Incorrect username or password.")
REVOKED = "Access Token has been revoked"
NAME, MAIL, OTHER_MAIL = "lee", "lee@example.com", "other@example.com"
TEMPORARY, FRESH = "Temp0rary-pass!", "Fresh-passw0rd!"
PLAIN = "USER_PASSWORD_AUTH"  # arithmetic takes the client half a second
SENT = {"Destination": "l***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}

skip_without_node()


@pytest.fixture
def site(sqlite_url_migrated: str) -> Site:
    """Its pool proves e-mail addresses by a code."""
    site = make_site(sqlite_url_migrated, time.time)
    site.services.pools.replace(site.pool.id, PoolSpec(name="demo", auto_verified_attributes=("email",)))
    return site


@pytest.fixture
def app_client(site: Site) -> Registered:
    """A public client with the default flows of a new client, and the plain password's."""
    flows = ("ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    return site.client(explicit_auth_flows=flows, prevent_user_existence_errors="ENABLED")


@pytest.fixture
def endpoint(site: Site, live_server: Callable[..., LiveServer]) -> str:
    return live_server(site.app).url + PREFIX + "/"


@pytest.fixture
def lee(site: Site, app_client: Registered, endpoint: str) -> Iterator[Steps]:
    """The client's user ``lee``, whom nobody knows yet."""
    with running("identity.mjs") as steps:
        steps("configure", poolId=site.pool.id, clientId=app_client.client_id, endpoint=endpoint, username=NAME)
        yield steps


@pytest.fixture
def signed_in(lee: Steps, site: Site) -> Steps:
    """``lee`` with an account and a session."""
    site.services.users.create(site.pool.id, NAME, {"email": MAIL}, password=PASSWORD, permanent=True)
    lee("signIn", password=PASSWORD, flow=PLAIN)
    return lee


def test_user_signs_up_confirms_and_signs_in_by_srp(lee: Steps, site: Site) -> None:
    made = lee("signUp", password=PASSWORD, attributes={"email": MAIL, "name": "Lee"})
    first = newest_code(site, NAME)
    resent = lee("resendCode")
    superseded = lee.refused("confirmSignUp", code=first)
    unconfirmed = lee.refused("signIn", password=PASSWORD)
    confirmed = lee("confirmSignUp", code=newest_code(site, NAME))
    tokens = lee("signIn", password=PASSWORD)

    assert (made["confirmed"], made["sent"], resent["CodeDeliveryDetails"]) == (False, SENT, SENT)
    assert superseded == ("ExpiredCodeException", "Invalid code provided, please request a code again.")
    assert unconfirmed == ("UserNotConfirmedException", "User is not confirmed.")
    assert confirmed == "SUCCESS"
    assert tokens["valid"]
    assert (claims(tokens["id"])["sub"], claims(tokens["id"])["email_verified"]) == (made["sub"], True)
    assert lee.refused("signUp", password=PASSWORD, attributes={}) == (
        "UsernameExistsException",
        "User already exists",
    )


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", PLAIN])
def test_wrong_password_and_unknown_user_are_told_alike(lee: Steps, site: Site, flow: str) -> None:
    unknown = lee.refused("signIn", password=PASSWORD, flow=flow)
    site.services.users.create(site.pool.id, NAME, {}, password=PASSWORD, permanent=True)

    assert lee.refused("signIn", password="Wrong-passw0rd!", flow=flow) == unknown == WRONG
    assert lee("signIn", password=PASSWORD, flow=flow)["valid"]


def test_attributes_are_read_written_and_proved(signed_in: Steps, site: Site) -> None:
    lee = signed_in
    lee("updateAttributes", attributes={"email": OTHER_MAIL, "nickname": "L", "locale": "de"})
    lee("deleteAttributes", names=["locale"])
    changed = lee("attributes")
    asked = lee("sendAttributeCode", name="email")
    lee("verifyAttribute", name="email", code=newest_code(site, NAME))

    assert {name: changed[name] for name in changed if name != "sub"} == {
        "email": OTHER_MAIL,
        "email_verified": "false",
        "nickname": "L",
    }
    assert asked["asks"] == "code"
    assert lee("attributes") == changed | {"email_verified": "true"}


def test_password_is_changed_by_who_knows_the_old_one(signed_in: Steps) -> None:
    lee = signed_in
    refused = lee.refused("changePassword", old="Wrong-passw0rd!", password=FRESH)
    weak = lee.refused("changePassword", old=PASSWORD, password="short")
    lee("changePassword", old=PASSWORD, password=FRESH)

    assert refused == WRONG
    assert weak[0] == "InvalidPasswordException"
    assert lee.refused("signIn", password=PASSWORD, flow=PLAIN) == WRONG
    assert lee("signIn", password=FRESH, flow=PLAIN)["valid"]


def test_forgotten_password_is_reset_by_a_code(lee: Steps, site: Site) -> None:
    verified = {"email": MAIL, "email_verified": "true"}
    site.services.users.create(site.pool.id, NAME, verified, password=PASSWORD, permanent=True)

    asked = lee("forgotPassword")
    wrong = lee.refused("confirmPassword", code="nonsense", password=FRESH)
    lee("confirmPassword", code=newest_code(site, NAME), password=FRESH)

    assert asked == {"asks": "code", "details": [{"CodeDeliveryDetails": SENT}]}
    assert wrong == ("CodeMismatchException", "Invalid verification code provided, please try again.")
    assert lee("signIn", password=FRESH, flow=PLAIN)["valid"]


def test_temporary_password_is_replaced_at_the_first_sign_in(lee: Steps, site: Site) -> None:
    site.services.users.create(site.pool.id, NAME, {"email": MAIL}, password=TEMPORARY)

    asked = lee("signIn", password=TEMPORARY)
    weak = lee.refused("answerNewPassword", password="short")
    tokens = lee("answerNewPassword", password=FRESH, attributes={"name": "Lee"})

    assert asked == {"asks": "newPassword", "details": [{"email": MAIL}, []]}
    assert weak == ("InvalidPasswordException", "Password does not conform to policy: Password not long enough")
    assert claims(tokens["id"])["name"] == "Lee"


def test_authenticator_app_is_set_up_and_asked_for(signed_in: Steps, site: Site) -> None:
    """The app's clock stands still: the code of its next step is good already, and none has to be waited for."""
    site.services.pool_settings.set_mfa(site.pool.id, MfaChange(mode="OPTIONAL", software_token=True))
    lee = signed_in
    app = App(lee("associateApp"), MovableClock(time.time()))
    mismatch = lee.refused("verifyApp", code=app.wrong())
    verified = lee("verifyApp", code=app.code())
    lee("preferApp")

    asked = lee("signIn", password=PASSWORD, flow=PLAIN)
    wrong = lee.refused("sendCode", code=app.wrong())
    tokens = lee("sendCode", code=app.code(1))

    assert mismatch == ("EnableSoftwareTokenMFAException", "Code mismatch")
    assert verified["Status"] == "SUCCESS"
    assert (asked["asks"], asked["details"][0]) == ("totp", "SOFTWARE_TOKEN_MFA")
    assert wrong == ("CodeMismatchException", "Invalid code received for user")
    assert tokens["valid"]


def test_authenticator_app_is_set_up_at_the_sign_in_where_the_pool_demands_one(lee: Steps, site: Site) -> None:
    site.services.pool_settings.set_mfa(site.pool.id, MfaChange(mode="ON", software_token=True))
    site.services.users.create(site.pool.id, NAME, {"email": MAIL}, password=PASSWORD, permanent=True)

    asked = lee("signIn", password=PASSWORD)
    app = App(lee("associateApp"), MovableClock(time.time()))
    tokens = lee("verifyApp", code=app.code())
    again = lee("signIn", password=PASSWORD)

    assert asked["asks"] == "mfaSetup"
    assert tokens["valid"]
    assert again["asks"] == "totp"
    assert lee("sendCode", code=app.code(1))["valid"]


def test_session_is_refreshed_and_ends_with_the_sign_out(signed_in: Steps, endpoint: str) -> None:
    """Signing out revokes the token session, which the client does if the token names one (origin_jti)."""
    lee = signed_in
    first = lee("remembered")
    refreshed = lee("refresh", token=first["refresh"])
    remembered = lee("remembered")
    before = told_of(endpoint, first["access"])

    lee("signOut")

    assert claims(refreshed["access"])["origin_jti"] == claims(first["access"])["origin_jti"]
    assert refreshed["access"] != first["access"]
    assert remembered["access"] == refreshed["access"]
    assert (before, told_of(endpoint, first["access"])) == (NAME, REVOKED)


def test_global_sign_out_ends_every_session(signed_in: Steps, endpoint: str) -> None:
    lee = signed_in
    elsewhere = lee("remembered")
    lee("signIn", password=PASSWORD, flow=PLAIN)
    before = told_of(endpoint, elsewhere["access"])

    lee("globalSignOut")

    assert (before, told_of(endpoint, elsewhere["access"])) == (NAME, REVOKED)


def test_account_is_deleted_by_its_user(signed_in: Steps) -> None:
    lee = signed_in
    assert lee("deleteUser") == "SUCCESS"

    assert lee.refused("signIn", password=PASSWORD, flow=PLAIN) == WRONG
