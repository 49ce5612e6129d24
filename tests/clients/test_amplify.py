"""AWS Amplify (version 6) against a live server, as its users configure it, with an endpoint of their own."""

import time
from collections.abc import Callable, Iterator

import pytest

from app_client_authz.domain.client_spec import RefreshTokenRotation
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
DONE = {"isSignedIn": True, "nextStep": {"signInStep": "DONE"}}
PLAIN = "USER_PASSWORD_AUTH"
SENT = {"destination": "l***@e***", "deliveryMedium": "EMAIL", "attributeName": "email"}

skip_without_node()


@pytest.fixture
def site(sqlite_url_migrated: str) -> Site:
    """Its pool proves e-mail addresses by a code."""
    site = make_site(sqlite_url_migrated, time.time)
    site.services.pools.replace(site.pool.id, PoolSpec(name="demo", auto_verified_attributes=("email",)))
    return site


@pytest.fixture
def rotation() -> RefreshTokenRotation | None:
    """That of the client; none, unless a test says so."""
    return None


@pytest.fixture
def app_client(site: Site, rotation: RefreshTokenRotation | None) -> Registered:
    """A public client."""
    flows = ("ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH")
    return site.client(
        explicit_auth_flows=flows if rotation else (*flows, "ALLOW_REFRESH_TOKEN_AUTH"),
        refresh_token_rotation=rotation,
        prevent_user_existence_errors="ENABLED",
    )


@pytest.fixture
def endpoint(site: Site, live_server: Callable[..., LiveServer]) -> str:
    return live_server(site.app).url + PREFIX + "/"


@pytest.fixture
def app(site: Site, app_client: Registered, endpoint: str) -> Iterator[Steps]:
    """An app of which nobody is a user yet."""
    with running("amplify.mjs") as steps:
        steps("configure", poolId=site.pool.id, clientId=app_client.client_id, endpoint=endpoint)
        yield steps


@pytest.fixture
def signed_in(app: Steps, site: Site) -> Steps:
    """The app with ``lee`` signed in to it."""
    site.services.users.create(site.pool.id, NAME, {"email": MAIL}, password=PASSWORD, permanent=True)
    assert app("signIn", username=NAME, password=PASSWORD, flow=PLAIN) == DONE
    return app


def test_user_signs_up_confirms_and_is_signed_in_by_srp(app: Steps, site: Site) -> None:
    made = app("signUp", username=NAME, password=PASSWORD, attributes={"email": MAIL, "name": "Lee"}, autoSignIn=True)
    resent = app("resendCode", username=NAME)
    wrong = app.refused("confirmSignUp", username=NAME, code="nonsense")
    confirmed = app("confirmSignUp", username=NAME, code=newest_code(site, NAME))
    signed_in = app("autoSignIn")

    assert made["nextStep"] == {"signUpStep": "CONFIRM_SIGN_UP", "codeDeliveryDetails": SENT}
    assert resent == SENT
    assert wrong == ("CodeMismatchException", "Invalid verification code provided, please try again.")
    assert confirmed["nextStep"] == {"signUpStep": "COMPLETE_AUTO_SIGN_IN"}
    assert signed_in == DONE
    assert app("currentUser")["userId"] == made["userId"]
    tokens = app("tokens")
    assert (claims(tokens["id"])["sub"], claims(tokens["id"])["email_verified"]) == (made["userId"], True)


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", PLAIN])
def test_wrong_password_and_unknown_user_are_told_alike(app: Steps, site: Site, flow: str) -> None:
    unknown = app.refused("signIn", username=NAME, password=PASSWORD, flow=flow)
    site.services.users.create(site.pool.id, NAME, {}, password=PASSWORD, permanent=True)

    assert app.refused("signIn", username=NAME, password="Wrong-passw0rd!", flow=flow) == unknown == WRONG
    assert app("signIn", username=NAME, password=PASSWORD, flow=flow) == DONE


def test_attributes_are_read_written_and_proved(signed_in: Steps, site: Site) -> None:
    app = signed_in
    updated = app("updateAttributes", attributes={"email": OTHER_MAIL, "nickname": "L", "locale": "de"})
    app("deleteAttributes", names=["locale"])
    changed = app("attributes")
    sent = app("sendAttributeCode", name="email")
    app("verifyAttribute", name="email", code=newest_code(site, NAME))

    confirm = {
        "updateAttributeStep": "CONFIRM_ATTRIBUTE_WITH_CODE",
        "codeDeliveryDetails": SENT | {"destination": "o***@e***"},
    }
    assert updated["email"] == {"isUpdated": False, "nextStep": confirm}
    assert updated["nickname"] == {"isUpdated": True, "nextStep": {"updateAttributeStep": "DONE"}}
    assert {name: changed[name] for name in changed if name != "sub"} == {
        "email": OTHER_MAIL,
        "email_verified": "false",
        "nickname": "L",
    }
    assert sent == SENT | {"destination": "o***@e***"}
    assert app("attributes") == changed | {"email_verified": "true"}


def test_password_is_changed_by_who_knows_the_old_one(signed_in: Steps) -> None:
    app = signed_in
    refused = app.refused("changePassword", old="Wrong-passw0rd!", password=FRESH)
    app("changePassword", old=PASSWORD, password=FRESH)
    app("signOut")

    assert refused == WRONG
    assert app.refused("signIn", username=NAME, password=PASSWORD, flow=PLAIN) == WRONG
    assert app("signIn", username=NAME, password=FRESH, flow=PLAIN) == DONE


def test_forgotten_password_is_reset_by_a_code(app: Steps, site: Site) -> None:
    verified = {"email": MAIL, "email_verified": "true"}
    site.services.users.create(site.pool.id, NAME, verified, password=PASSWORD, permanent=True)

    asked = app("forgotPassword", username=NAME)
    weak = app.refused("confirmPassword", username=NAME, code=newest_code(site, NAME), password="short")
    app("confirmPassword", username=NAME, code=newest_code(site, NAME), password=FRESH)

    assert asked["nextStep"] == {"resetPasswordStep": "CONFIRM_RESET_PASSWORD_WITH_CODE", "codeDeliveryDetails": SENT}
    assert weak == ("InvalidPasswordException", "Password did not conform with policy: Password not long enough")
    assert app("signIn", username=NAME, password=FRESH, flow=PLAIN) == DONE


def test_steps_that_a_sign_in_waits_for_are_named(app: Steps, site: Site) -> None:
    """A temporary password, an unconfirmed user, a reset that an administrator asked for."""
    site.services.users.create(site.pool.id, NAME, {"email": MAIL}, password=TEMPORARY)
    temporary = app("signIn", username=NAME, password=TEMPORARY)
    weak = app.refused("confirmSignIn", response="short")
    assert app("confirmSignIn", response=FRESH) == DONE
    app("signOut")
    app("signUp", username="new", password=PASSWORD, attributes={"email": MAIL})
    unconfirmed = app("signIn", username="new", password=PASSWORD, flow=PLAIN)
    site.services.users.update_attributes(site.pool.id, NAME, {"email_verified": "true"})
    site.services.recovery.require_reset(site.pool.id, NAME)
    reset = app("signIn", username=NAME, password=FRESH, flow=PLAIN)

    assert temporary["nextStep"]["signInStep"] == "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED"
    assert weak == ("InvalidPasswordException", "Password does not conform to policy: Password not long enough")
    assert unconfirmed["nextStep"] == {"signInStep": "CONFIRM_SIGN_UP"}
    assert reset["nextStep"] == {"signInStep": "RESET_PASSWORD"}


def test_authenticator_app_is_set_up_and_asked_for(signed_in: Steps, site: Site) -> None:
    """The app's clock stands still: the code of its next step is good already, and none has to be waited for."""
    site.services.pool_settings.set_mfa(site.pool.id, MfaChange(mode="OPTIONAL", software_token=True))
    app = signed_in
    phone = App(app("setUpApp"), MovableClock(time.time()))
    app("verifyApp", code=phone.code())
    app("preferApp")
    preferences = app("preferences")
    app("signOut")

    asked = app("signIn", username=NAME, password=PASSWORD, flow=PLAIN)
    wrong = app.refused("confirmSignIn", response=phone.wrong())
    done = app("confirmSignIn", response=phone.code(1))

    assert preferences == {"enabled": ["TOTP"], "preferred": "TOTP"}
    assert asked["nextStep"] == {"signInStep": "CONFIRM_SIGN_IN_WITH_TOTP_CODE"}
    assert wrong == ("CodeMismatchException", "Invalid code received for user")
    assert done == DONE


def test_authenticator_app_is_set_up_at_the_sign_in_where_the_pool_demands_one(app: Steps, site: Site) -> None:
    site.services.pool_settings.set_mfa(site.pool.id, MfaChange(mode="ON", software_token=True))
    site.services.users.create(site.pool.id, NAME, {"email": MAIL}, password=PASSWORD, permanent=True)

    asked = app("signIn", username=NAME, password=PASSWORD)
    phone = App(asked["nextStep"]["totpSetupDetails"]["sharedSecret"], MovableClock(time.time()))
    done = app("confirmSignIn", response=phone.code())

    assert asked["nextStep"]["signInStep"] == "CONTINUE_SIGN_IN_WITH_TOTP_SETUP"
    assert done == DONE


def test_first_factor_is_chosen_and_a_code_by_mail_is_one(app: Steps, site: Site) -> None:
    spec = PoolSpec(name="demo", allowed_first_auth_factors=("PASSWORD", "EMAIL_OTP"))
    site.services.pools.replace(site.pool.id, spec)
    verified = {"email": MAIL, "email_verified": "true"}
    site.services.users.create(site.pool.id, NAME, verified, password=PASSWORD, permanent=True)

    choice = app("signIn", username=NAME, flow="USER_AUTH")
    mailed = app("confirmSignIn", response="EMAIL_OTP")
    wrong = app.refused("confirmSignIn", response="00000000")
    done = app("confirmSignIn", response=newest_code(site, NAME))
    app("signOut")
    preferred = app("signIn", username=NAME, password=PASSWORD, flow="USER_AUTH", preferred="PASSWORD_SRP")

    assert choice["nextStep"]["signInStep"] == "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION"
    assert set(choice["nextStep"]["availableChallenges"]) == {"PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"}
    assert mailed["nextStep"]["signInStep"] == "CONFIRM_SIGN_IN_WITH_EMAIL_CODE"
    assert wrong[0] == "CodeMismatchException"
    assert done == preferred == DONE


@pytest.mark.parametrize("rotation", [None, RefreshTokenRotation("ENABLED", 0)], ids=["kept", "rotated"])
def test_session_is_refreshed_and_revoked_at_sign_out(signed_in: Steps, endpoint: str) -> None:
    """Twice: under rotation, the second refresh needs what the first one gave."""
    app = signed_in
    all_tokens = [app("tokens"), app("refresh"), app("refresh")]
    before = {told_of(endpoint, tokens["access"]) for tokens in all_tokens}

    app("signOut")

    assert len({tokens["access"] for tokens in all_tokens}) == 3
    assert len({claims(tokens["access"])["origin_jti"] for tokens in all_tokens}) == 1
    assert before == {NAME}
    assert {told_of(endpoint, tokens["access"]) for tokens in all_tokens} == {REVOKED}
    assert app("tokens") is None


def test_global_sign_out_ends_every_session(signed_in: Steps, endpoint: str) -> None:
    app = signed_in
    elsewhere = app("tokens")
    app.refused("signIn", username=NAME, password=PASSWORD, flow=PLAIN)  # somebody is signed in already
    app("forget")
    app("signIn", username=NAME, password=PASSWORD, flow=PLAIN)
    before = told_of(endpoint, elsewhere["access"])

    app("signOut", everywhere=True)

    assert (before, told_of(endpoint, elsewhere["access"])) == (NAME, REVOKED)
    assert app("signIn", username=NAME, password=PASSWORD, flow=PLAIN) == DONE


def test_account_is_deleted_by_its_user(signed_in: Steps) -> None:
    app = signed_in
    app("deleteUser")

    assert app("tokens") is None
    assert app.refused("signIn", username=NAME, password=PASSWORD, flow=PLAIN) == WRONG
