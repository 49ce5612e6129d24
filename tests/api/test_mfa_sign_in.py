"""Second factors at a sign-in, by boto3 (api.md 4.5, 4.7, 4.8, 4.23, 4.24)."""

import json
from typing import Any

import pytest

from app_client_authz.domain.pool import MfaChange
from app_client_authz.services.sign_in_codes import GUESSES_PER_HOUR, SENDS_PER_HOUR
from tests.api.test_sign_in import refused
from tests.support.clock import MovableClock
from tests.support.mfa import (
    FLOWS,
    NO_SESSION,
    PHONE,
    TOO_MANY,
    USED_SESSION,
    WRONG_CODE,
    App,
    codes,
    enrol,
    other,
    respond,
    sign_in,
    tokens_of,
    with_mfa,
    with_phone,
)
from tests.support.site import USERNAME, Registered, Site

USED_CODE = "Your software token has already been used once."
ENABLED, PREFERRED = {"Enabled": True}, {"Enabled": True, "PreferredMfa": True}


@pytest.fixture
def app_client(site: Site) -> Registered:
    """A public client of a pool where second factors are everybody's choice."""
    with_mfa(site, "OPTIONAL")
    return site.client(client_name="app", explicit_auth_flows=FLOWS)


@pytest.fixture
def token(cognito: Any, app_client: Registered) -> str:
    """An access token of kim's, who has no second factor yet."""
    return tokens_of(sign_in(cognito, app_client))


@pytest.fixture
def app(cognito: Any, token: str, clock: MovableClock) -> App:
    """kim's app, which is asked for from now on."""
    app = enrol(cognito, token, clock, FriendlyDeviceName="phone")
    cognito.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=PREFERRED)
    return app


def answer(cognito: Any, client: Registered, challenge: Any, **responses: str) -> tuple[str, str]:
    """How an answer is refused."""
    return refused(lambda: respond(cognito, client, challenge, **responses))


# --- an app ---------------------------------------------------------------------------------------


def test_app_is_asked_for_and_its_code_gives_tokens_once(
    cognito: Any, app_client: Registered, app: App, clock: MovableClock
) -> None:
    challenge = sign_in(cognito, app_client)

    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert challenge["ChallengeParameters"] == {"USER_ID_FOR_SRP": USERNAME, "FRIENDLY_DEVICE_NAME": "phone"}
    assert "AuthenticationResult" not in challenge
    wrong = answer(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.wrong())
    assert wrong == ("CodeMismatchException", "Invalid code received for user")
    code = app.code()
    done = respond(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=code)
    assert tokens_of(done)
    assert done["ChallengeParameters"] == {}
    assert answer(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code(1)) == USED_SESSION
    again = sign_in(cognito, app_client)
    replayed = answer(cognito, app_client, again, SOFTWARE_TOKEN_MFA_CODE=code)
    assert replayed == ("ExpiredCodeException", USED_CODE)
    clock.advance(30)
    assert tokens_of(respond(cognito, app_client, again, SOFTWARE_TOKEN_MFA_CODE=app.code()))


def test_admin_form_answers_the_same_session(cognito: Any, pool_id: str, app_client: Registered, app: App) -> None:
    challenge = cognito.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=app_client.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USERNAME, "PASSWORD": "Passw0rd!kim"},
    )

    assert tokens_of(respond(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code()))


def test_verified_app_is_not_asked_for_before_it_is_switched_on(
    cognito: Any, site: Site, app_client: Registered, token: str, clock: MovableClock
) -> None:
    enrol(cognito, token, clock)

    assert tokens_of(sign_in(cognito, app_client))
    assert "UserMFASettingList" not in cognito.get_user(AccessToken=token)
    cognito.admin_set_user_mfa_preference(UserPoolId=site.pool.id, Username=USERNAME, SoftwareTokenMfaSettings=ENABLED)
    assert sign_in(cognito, app_client)["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    site.services.pool_settings.set_mfa(site.pool.id, MfaChange(mode="OFF"))
    assert tokens_of(sign_in(cognito, app_client))


def test_new_secret_leaves_the_app_that_counts_until_it_is_verified(
    cognito: Any, app_client: Registered, token: str, app: App, clock: MovableClock
) -> None:
    fresh = App(cognito.associate_software_token(AccessToken=token)["SecretCode"], clock)
    challenge = sign_in(cognito, app_client)

    mismatch = answer(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=fresh.code())
    assert mismatch[0] == "CodeMismatchException"
    assert tokens_of(respond(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code()))
    cognito.verify_software_token(AccessToken=token, UserCode=fresh.code())
    clock.advance(30)
    challenge = sign_in(cognito, app_client)
    assert answer(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code())[0] == "CodeMismatchException"
    assert tokens_of(respond(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=fresh.code()))


def test_verification_says_no_in_its_own_words(
    cognito: Any, site: Site, app_client: Registered, token: str, clock: MovableClock
) -> None:
    def verify(code: str) -> tuple[str, str]:
        return refused(cognito.verify_software_token, AccessToken=token, UserCode=code)

    not_set_up = ("SoftwareTokenMFANotFoundException", "User has not set up software token mfa")
    assert verify("123456") == not_set_up
    app = App(cognito.associate_software_token(AccessToken=token)["SecretCode"], clock)
    assert len(cognito.associate_software_token(AccessToken=token)["SecretCode"]) == 52
    assert verify(app.code()) == ("EnableSoftwareTokenMFAException", "Code mismatch")
    app = App(cognito.associate_software_token(AccessToken=token)["SecretCode"], clock)
    cognito.verify_software_token(AccessToken=token, UserCode=app.code())
    assert verify(app.code()) == ("EnableSoftwareTokenMFAException", USED_CODE)
    both = refused(cognito.associate_software_token)
    assert both == ("InvalidParameterException", "Exactly one of AccessToken and Session must be provided.")
    site.services.pool_settings.set_mfa(site.pool.id, MfaChange(mode="OFF"))
    no_factor = ("SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool")
    assert refused(cognito.associate_software_token, AccessToken=token) == no_factor


@pytest.mark.attack("R14")
def test_guesses_at_an_app_lock_it_and_a_known_password_gives_none_back(
    cognito: Any, app_client: Registered, app: App, clock: MovableClock
) -> None:
    for _ in range(5):
        challenge = sign_in(cognito, app_client)
        assert answer(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.wrong())[0] == "CodeMismatchException"
    challenge = sign_in(cognito, app_client)

    assert answer(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code()) == TOO_MANY
    clock.advance(1)
    assert tokens_of(respond(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code()))


def test_administrator_deletes_a_lost_app(cognito: Any, site: Site, app_client: Registered, app: App) -> None:
    pending = sign_in(cognito, app_client)
    user = {"UserPoolId": site.pool.id, "Username": USERNAME}
    before = cognito.admin_get_user(**user)

    cognito.admin_delete_software_token(**user)

    assert (before["PreferredMfaSetting"], before["UserMFASettingList"]) == (
        "SOFTWARE_TOKEN_MFA",
        ["SOFTWARE_TOKEN_MFA"],
    )
    after = cognito.admin_get_user(**user)
    assert not {"PreferredMfaSetting", "UserMFASettingList", "MFAOptions"} & after.keys()
    assert answer(cognito, app_client, pending, SOFTWARE_TOKEN_MFA_CODE=app.code()) == NO_SESSION
    assert tokens_of(sign_in(cognito, app_client))


# --- codes in messages ----------------------------------------------------------------------------


def test_code_by_sms_is_sent_in_the_words_of_the_pool(
    cognito: Any, site: Site, app_client: Registered, token: str
) -> None:
    with_phone(site)
    cognito.set_user_settings(
        AccessToken=token, MFAOptions=[{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
    )
    user = cognito.get_user(AccessToken=token)

    challenge = sign_in(cognito, app_client)

    assert user["UserMFASettingList"] == ["SMS_MFA"]
    assert user["MFAOptions"] == [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
    assert challenge["ChallengeName"] == "SMS_MFA"
    assert challenge["ChallengeParameters"] == {
        "CODE_DELIVERY_DELIVERY_MEDIUM": "SMS",
        "CODE_DELIVERY_DESTINATION": "+*******9934",
        "USER_ID_FOR_SRP": USERNAME,
    }
    assert site.services.outbox is not None
    sent = site.services.outbox.of_user(site.pool.id, site.user.sub)[0]
    assert (sent.destination, sent.body) == (PHONE, f"Your authentication code is {sent.code}.")
    assert len(sent.code) == 6
    assert answer(cognito, app_client, challenge, SMS_MFA_CODE=other(sent.code)) == WRONG_CODE
    assert tokens_of(respond(cognito, app_client, challenge, SMS_MFA_CODE=sent.code))
    assert answer(cognito, app_client, challenge, SMS_MFA_CODE=sent.code) == USED_SESSION
    cognito.set_user_settings(AccessToken=token, MFAOptions=[])
    assert tokens_of(sign_in(cognito, app_client))


def test_code_by_email_is_a_second_factor(cognito: Any, site: Site, app_client: Registered, token: str) -> None:
    cognito.set_user_mfa_preference(AccessToken=token, EmailMfaSettings=ENABLED)

    challenge = sign_in(cognito, app_client)

    assert challenge["ChallengeName"] == "EMAIL_OTP"
    assert challenge["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "k***@e***"
    assert "AvailableChallenges" not in challenge
    (code,) = codes(site)
    assert len(code) == 6
    assert answer(cognito, app_client, challenge, EMAIL_OTP_CODE=other(code)) == WRONG_CODE
    assert tokens_of(respond(cognito, app_client, challenge, EMAIL_OTP_CODE=code))


@pytest.mark.attack("R14")
def test_codes_are_guessed_and_sent_only_so_often_an_hour(
    cognito: Any, site: Site, app_client: Registered, token: str, clock: MovableClock
) -> None:
    cognito.set_user_mfa_preference(AccessToken=token, EmailMfaSettings=ENABLED)
    challenge = sign_in(cognito, app_client)
    for _ in range(GUESSES_PER_HOUR):
        assert answer(cognito, app_client, challenge, EMAIL_OTP_CODE=other(codes(site)[0])) == WRONG_CODE

    challenge = sign_in(cognito, app_client)

    # A new code is no new count.
    assert answer(cognito, app_client, challenge, EMAIL_OTP_CODE=codes(site)[0]) == TOO_MANY
    for _ in range(SENDS_PER_HOUR - 2):
        sign_in(cognito, app_client)
    assert refused(lambda: sign_in(cognito, app_client)) == TOO_MANY


def test_code_of_an_address_that_changed_since_is_none(
    cognito: Any, site: Site, app_client: Registered, token: str
) -> None:
    cognito.set_user_mfa_preference(AccessToken=token, EmailMfaSettings=ENABLED)
    challenge = sign_in(cognito, app_client)
    code = codes(site)[0]
    site.services.users.update_attributes(site.pool.id, USERNAME, {"email": "new@example.com"})

    assert answer(cognito, app_client, challenge, EMAIL_OTP_CODE=code) == NO_SESSION


# --- choice ---------------------------------------------------------------------------------------


def test_user_with_several_factors_chooses_or_prefers_one(
    cognito: Any, site: Site, app_client: Registered, token: str, app: App
) -> None:
    with_phone(site)
    cognito.set_user_mfa_preference(AccessToken=token, SMSMfaSettings=ENABLED, SoftwareTokenMfaSettings=ENABLED)

    choice = sign_in(cognito, app_client)

    assert choice["ChallengeName"] == "SELECT_MFA_TYPE"
    assert choice["ChallengeParameters"] == {
        "MFAS_CAN_CHOOSE": '["SMS_MFA","SOFTWARE_TOKEN_MFA"]',
        "USER_ID_FOR_SRP": USERNAME,
    }
    assert answer(cognito, app_client, choice, ANSWER="EMAIL_OTP")[0] == "InvalidParameterException"
    by_sms = respond(cognito, app_client, choice, ANSWER="SMS_MFA")
    assert by_sms["ChallengeName"] == "SMS_MFA"
    assert by_sms["Session"] != choice["Session"]
    assert answer(cognito, app_client, choice, ANSWER="SOFTWARE_TOKEN_MFA") == USED_SESSION
    assert tokens_of(respond(cognito, app_client, by_sms, SMS_MFA_CODE=codes(site)[0]))
    cognito.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=PREFERRED)
    assert sign_in(cognito, app_client)["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    factors = cognito.get_user_auth_factors(AccessToken=token)
    factors.pop("ResponseMetadata")
    assert factors == {
        "Username": USERNAME,
        "PreferredMfaSetting": "SOFTWARE_TOKEN_MFA",
        "UserMFASettingList": ["SMS_MFA", "SOFTWARE_TOKEN_MFA"],
        "ConfiguredUserAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "SOFTWARE_TOKEN"],
    }
    by_admin = cognito.admin_get_user_auth_factors(UserPoolId=site.pool.id, Username=USERNAME)
    by_admin.pop("ResponseMetadata")
    assert by_admin == factors


def test_preferences_that_cannot_be_are_refused_and_change_nothing(cognito: Any, site: Site, token: str) -> None:
    user = {"UserPoolId": site.pool.id, "Username": USERNAME}

    def prefer(**settings: Any) -> tuple[str, str]:
        own = refused(cognito.set_user_mfa_preference, AccessToken=token, **settings)
        assert refused(cognito.admin_set_user_mfa_preference, **user, **settings) == own
        assert own[0] == "InvalidParameterException"
        return own

    assert prefer(SoftwareTokenMfaSettings=ENABLED)[1] == "User has not set up software token mfa"
    cognito.associate_software_token(AccessToken=token)
    assert prefer(SoftwareTokenMfaSettings=ENABLED)[1] == "User has not verified software token mfa"
    assert prefer(SMSMfaSettings=ENABLED)[1] == "User does not have delivery config set to turn on SMS_MFA"
    assert prefer(EmailMfaSettings=PREFERRED, SMSMfaSettings=PREFERRED)
    assert prefer(WebAuthnMfaSettings=ENABLED)
    by_email = {"MFAOptions": [{"DeliveryMedium": "EMAIL", "AttributeName": "email"}]}
    assert refused(cognito.admin_set_user_settings, **user, **by_email)[0] == "InvalidParameterException"
    assert "UserMFASettingList" not in cognito.get_user(AccessToken=token)


# --- a pool where everybody needs one -------------------------------------------------------------


@pytest.fixture
def strict(site: Site) -> Registered:
    """A client of a pool where everybody needs a second factor."""
    with_mfa(site, "ON")
    site.services.users.update_attributes(site.pool.id, USERNAME, {"email": ""})
    return site.client(client_name="strict", explicit_auth_flows=FLOWS)


def test_first_sign_in_sets_an_app_up_and_the_next_one_asks_for_it(
    cognito: Any, strict: Registered, clock: MovableClock
) -> None:
    setup = sign_in(cognito, strict)

    assert setup["ChallengeName"] == "MFA_SETUP"
    assert json.loads(setup["ChallengeParameters"]["MFAS_CAN_SETUP"]) == ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]
    not_yet = ("InvalidParameterException", "User has not verified software token mfa")
    assert answer(cognito, strict, setup) == not_yet
    made = cognito.associate_software_token(Session=setup["Session"])
    assert answer(cognito, strict, setup) == USED_SESSION
    app = App(made["SecretCode"], clock)
    mismatch = refused(cognito.verify_software_token, Session=made["Session"], UserCode=app.wrong())
    assert mismatch == ("EnableSoftwareTokenMFAException", "Code mismatch")
    verified = cognito.verify_software_token(Session=made["Session"], UserCode=app.code())
    assert verified["Status"] == "SUCCESS"
    done = respond(cognito, strict, setup | {"Session": verified["Session"]})
    assert done["ChallengeParameters"] == {}
    assert cognito.get_user(AccessToken=tokens_of(done))["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
    challenge = sign_in(cognito, strict)
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    clock.advance(30)
    token = tokens_of(respond(cognito, strict, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code()))
    last = refused(cognito.set_user_mfa_preference, AccessToken=token, SoftwareTokenMfaSettings={"Enabled": False})
    assert last[0] == "InvalidParameterException"


@pytest.mark.attack("R18")
def test_who_only_knows_the_password_adds_no_app_beside_one_that_is_there(
    cognito: Any, strict: Registered, clock: MovableClock
) -> None:
    waiting, armed = sign_in(cognito, strict), sign_in(cognito, strict)
    stolen = cognito.associate_software_token(Session=armed["Session"])
    own = cognito.associate_software_token(Session=sign_in(cognito, strict)["Session"])
    app = App(own["SecretCode"], clock)
    cognito.verify_software_token(Session=own["Session"], UserCode=app.code())

    assert refused(cognito.associate_software_token, Session=waiting["Session"]) == NO_SESSION
    code = App(stolen["SecretCode"], clock).code()
    assert refused(cognito.verify_software_token, Session=stolen["Session"], UserCode=code) == NO_SESSION
    assert answer(cognito, strict, waiting, EMAIL="thief@example.com") == NO_SESSION
    clock.advance(30)
    challenge = sign_in(cognito, strict)
    assert tokens_of(respond(cognito, strict, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code()))


def test_first_sign_in_sets_an_address_up(cognito: Any, site: Site, strict: Registered) -> None:
    setup = sign_in(cognito, strict)
    assert answer(cognito, strict, setup, EMAIL="no address")[0] == "InvalidParameterException"

    challenge = respond(cognito, strict, setup, EMAIL="kim@home.example")

    assert challenge["ChallengeName"] == "EMAIL_OTP"
    assert challenge["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "k***@h***"
    user = cognito.get_user(AccessToken=tokens_of(respond(cognito, strict, challenge, EMAIL_OTP_CODE=codes(site)[0])))
    attributes = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
    assert (attributes["email"], attributes["email_verified"]) == ("kim@home.example", "true")
    assert user["UserMFASettingList"] == ["EMAIL_OTP"]
    assert sign_in(cognito, strict)["ChallengeName"] == "EMAIL_OTP"


def test_new_password_is_followed_by_the_second_factor(cognito: Any, site: Site, strict: Registered) -> None:
    proven = {"phone_number": PHONE, "phone_number_verified": "true"}
    site.services.users.create(site.pool.id, "lee", proven, password="Temp0rary-pass!")
    first = sign_in(cognito, strict, "lee", "Temp0rary-pass!")

    challenge = respond(cognito, strict, first, "lee", NEW_PASSWORD="Fresh-passw0rd!")

    assert challenge["ChallengeName"] == "SMS_MFA"
    assert tokens_of(respond(cognito, strict, challenge, "lee", SMS_MFA_CODE=codes(site, "lee")[0]))
    assert sign_in(cognito, strict, "lee", "Fresh-passw0rd!")["ChallengeName"] == "SMS_MFA"


# --- sessions -------------------------------------------------------------------------------------


@pytest.mark.attack("R24")
def test_session_belongs_to_its_challenge_client_user_and_time(
    cognito: Any, site: Site, app_client: Registered, token: str, app: App, clock: MovableClock
) -> None:
    another = site.client(explicit_auth_flows=FLOWS)
    site.services.users.create(site.pool.id, "lee", {}, password="Passw0rd!lee", permanent=True)
    challenge, code = sign_in(cognito, app_client), {"SOFTWARE_TOKEN_MFA_CODE": app.code()}

    def swapped(to: str, **responses: str) -> tuple[str, str]:
        return refused(lambda: respond(cognito, app_client, challenge, to=to, **responses))

    assert refused(lambda: respond(cognito, another, challenge, **code)) == NO_SESSION
    assert refused(lambda: respond(cognito, app_client, challenge, "lee", **code)) == NO_SESSION
    for name, responses in {
        "NEW_PASSWORD_REQUIRED": {"NEW_PASSWORD": "Fresh-passw0rd!"},
        "SMS_MFA": {"SMS_MFA_CODE": "123456"},
        "EMAIL_OTP": {"EMAIL_OTP_CODE": "123456"},
        "SMS_OTP": {"SMS_OTP_CODE": "123456"},
        "MFA_SETUP": {},
        "SELECT_MFA_TYPE": {"ANSWER": "SOFTWARE_TOKEN_MFA"},
        "SELECT_CHALLENGE": {"ANSWER": "PASSWORD"},
        "PASSWORD": {"PASSWORD": "Passw0rd!kim"},
    }.items():
        assert swapped(name, **responses) == NO_SESSION, name
    assert refused(cognito.associate_software_token, Session=challenge["Session"]) == NO_SESSION
    missing = refused(lambda: respond(cognito, app_client, challenge))
    assert missing == ("InvalidParameterException", "Missing required parameter SOFTWARE_TOKEN_MFA_CODE")
    clock.advance(180)
    expired = ("NotAuthorizedException", "Invalid session for the user, session is expired.")
    assert refused(lambda: respond(cognito, app_client, challenge, **code)) == expired


def test_session_lasts_as_long_as_the_client_says_and_each_step_anew(
    cognito: Any, site: Site, app_client: Registered, token: str, app: App, clock: MovableClock
) -> None:
    with_phone(site)
    cognito.set_user_mfa_preference(AccessToken=token, SMSMfaSettings=ENABLED, SoftwareTokenMfaSettings=ENABLED)
    patient = site.client(explicit_auth_flows=FLOWS, auth_session_validity=4)
    choice = sign_in(cognito, patient)
    clock.advance(200)
    challenge = respond(cognito, patient, choice, ANSWER="SOFTWARE_TOKEN_MFA")
    clock.advance(90)

    assert tokens_of(respond(cognito, patient, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code()))


@pytest.mark.attack("R18")
@pytest.mark.parametrize("act", ["disable", "sign_out", "set_password"])
def test_administrator_ends_what_is_pending(
    cognito: Any, site: Site, app_client: Registered, app: App, act: str
) -> None:
    challenge = sign_in(cognito, app_client)
    more: dict[str, Any] = {"password": "Another-passw0rd!", "permanent": True} if act == "set_password" else {}
    getattr(site.services.users, act)(site.pool.id, USERNAME, **more)

    assert answer(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code()) == NO_SESSION
