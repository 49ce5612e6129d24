"""Sign-in by choice, USER_AUTH, by boto3 (api.md 4.9, part 6)."""

from collections.abc import Callable
from typing import Any

import pytest

from app_client_authz.domain.user import UserStatus
from app_client_authz.services.sign_in_codes import GUESSES_PER_HOUR, SENDS_PER_HOUR
from tests.api.test_sign_in import refused
from tests.support.clock import MovableClock
from tests.support.mfa import (
    FLOWS,
    NO_SESSION,
    TOO_MANY,
    USED_SESSION,
    WRONG_CODE,
    choose,
    codes,
    enrol,
    other,
    respond,
    sign_in,
    tokens_of,
    with_mfa,
    with_phone,
)
from tests.support.site import PASSWORD, USERNAME, Registered, Site, claims
from tests.support.srp import SrpClient

ALL = ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP"]
PASSWORDS = ALL[:2]
INCORRECT = ("NotAuthorizedException", "Incorrect username or password.")
NOBODY = "nobody@example.com"


@pytest.fixture
def app_client(site: Site) -> Registered:
    """A public client of a pool with codes as first factors; it shows who exists."""
    with_mfa(site, "OPTIONAL", allowed_first_auth_factors=("PASSWORD", "EMAIL_OTP", "SMS_OTP"))
    return site.client(client_name="app", explicit_auth_flows=FLOWS)


@pytest.fixture
def hiding(site: Site, app_client: Registered) -> Registered:
    """A client of the same pool that hides who exists."""
    return site.client(explicit_auth_flows=FLOWS, prevent_user_existence_errors="ENABLED")


# --- the choice -----------------------------------------------------------------------------------


def test_user_is_shown_what_there_is_to_choose_from(cognito: Any, app_client: Registered, site: Site) -> None:
    choice = choose(cognito, app_client)

    assert choice["ChallengeName"] == "SELECT_CHALLENGE"
    assert choice["AvailableChallenges"] == [*PASSWORDS, "EMAIL_OTP"]
    assert choice["ChallengeParameters"] == {}
    assert refused(lambda: respond(cognito, app_client, choice, ANSWER="SMS_OTP"))[0] == "InvalidParameterException"
    assert refused(lambda: respond(cognito, app_client, choice)) == (
        "InvalidParameterException",
        "Missing required parameter ANSWER",
    )
    with_phone(site)
    assert choose(cognito, app_client, PREFERRED_CHALLENGE="WEB_AUTHN")["AvailableChallenges"] == ALL


def test_password_is_an_answer_at_once_or_a_step_later(cognito: Any, app_client: Registered) -> None:
    choice = choose(cognito, app_client)
    wrong = refused(lambda: respond(cognito, app_client, choice, ANSWER="PASSWORD", PASSWORD="Wrong-passw0rd!"))
    assert wrong == INCORRECT
    assert tokens_of(respond(cognito, app_client, choice, ANSWER="PASSWORD", PASSWORD=PASSWORD))
    assert refused(lambda: respond(cognito, app_client, choice, ANSWER="PASSWORD", PASSWORD=PASSWORD)) == USED_SESSION

    step = respond(cognito, app_client, choose(cognito, app_client), ANSWER="PASSWORD")

    assert (step["ChallengeName"], step["ChallengeParameters"]) == ("PASSWORD", {})
    assert refused(lambda: respond(cognito, app_client, step, PASSWORD="Wrong-passw0rd!")) == INCORRECT
    assert tokens_of(respond(cognito, app_client, step, PASSWORD=PASSWORD))
    assert refused(lambda: respond(cognito, app_client, step, PASSWORD=PASSWORD)) == USED_SESSION


def test_password_is_proved_by_srp_at_once_or_a_step_later(
    cognito: Any, site: Site, app_client: Registered, clock: MovableClock
) -> None:
    def prove(begin: Callable[[str], Any]) -> Any:
        user = SrpClient(site.pool.id, PASSWORD)
        challenge = begin(user.a)
        assert challenge["ChallengeName"] == "PASSWORD_VERIFIER"
        return cognito.respond_to_auth_challenge(
            ClientId=app_client.client_id,
            ChallengeName="PASSWORD_VERIFIER",
            ChallengeResponses=user.responses(challenge["ChallengeParameters"], now=clock()),
        )

    step = respond(cognito, app_client, choose(cognito, app_client), ANSWER="PASSWORD_SRP")

    assert step["ChallengeName"] == "PASSWORD_SRP"
    assert tokens_of(prove(lambda a: respond(cognito, app_client, step, SRP_A=a)))
    assert refused(lambda: respond(cognito, app_client, step, SRP_A="a")) == USED_SESSION
    choice = choose(cognito, app_client)
    assert tokens_of(prove(lambda a: respond(cognito, app_client, choice, ANSWER="PASSWORD_SRP", SRP_A=a)))
    assert tokens_of(prove(lambda a: choose(cognito, app_client, PREFERRED_CHALLENGE="PASSWORD_SRP", SRP_A=a)))


def test_preferred_challenge_comes_without_a_choice(cognito: Any, site: Site, app_client: Registered) -> None:
    assert tokens_of(choose(cognito, app_client, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD))
    wrong = refused(lambda: choose(cognito, app_client, PREFERRED_CHALLENGE="PASSWORD", PASSWORD="Wrong-1!"))
    assert wrong == INCORRECT
    missing = refused(lambda: choose(cognito, app_client, PREFERRED_CHALLENGE="PASSWORD"))
    assert missing == ("InvalidParameterException", "Missing required parameter PASSWORD")
    unknown = refused(lambda: choose(cognito, app_client, PREFERRED_CHALLENGE="FINGERPRINT"))
    assert unknown[0] == "InvalidParameterException"

    challenge = choose(cognito, app_client, PREFERRED_CHALLENGE="EMAIL_OTP")

    assert challenge["ChallengeName"] == "EMAIL_OTP"
    assert challenge["AvailableChallenges"] == [*PASSWORDS, "EMAIL_OTP"]
    assert challenge["ChallengeParameters"] == {
        "CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL",
        "CODE_DELIVERY_DESTINATION": "k***@e***",
        "USER_ID_FOR_SRP": USERNAME,
    }
    (code,) = codes(site)
    assert len(code) == 8
    # Recorded: six wrong codes do not end the session.
    for _ in range(6):
        assert refused(lambda: respond(cognito, app_client, challenge, EMAIL_OTP_CODE=other(code))) == WRONG_CODE
    answer = respond(cognito, app_client, challenge, EMAIL_OTP_CODE=code)
    assert claims(tokens_of(answer))["username"] == USERNAME
    assert refused(lambda: respond(cognito, app_client, challenge, EMAIL_OTP_CODE=code)) == USED_SESSION
    # Preferred, and not there.
    assert choose(cognito, app_client, PREFERRED_CHALLENGE="SMS_OTP")["ChallengeName"] == "SELECT_CHALLENGE"


def test_code_by_sms_is_a_first_factor(cognito: Any, site: Site, app_client: Registered) -> None:
    with_phone(site)

    challenge = respond(cognito, app_client, choose(cognito, app_client), ANSWER="SMS_OTP")

    assert challenge["ChallengeName"] == "SMS_OTP"
    (code,) = codes(site)
    assert len(code) == 6
    assert tokens_of(respond(cognito, app_client, challenge, SMS_OTP_CODE=code))


def test_user_without_a_password_has_no_challenge_for_one(cognito: Any, site: Site, app_client: Registered) -> None:
    site.services.users.create(
        site.pool.id, "ada", {"email": "ada@example.com", "email_verified": "true"}, permanent=True
    )

    choice = choose(cognito, app_client, "ada")

    assert choice["AvailableChallenges"] == ["EMAIL_OTP"]
    challenge = respond(cognito, app_client, choice, "ada", ANSWER="EMAIL_OTP")
    assert tokens_of(respond(cognito, app_client, challenge, "ada", EMAIL_OTP_CODE=codes(site, "ada")[0]))


def test_user_without_a_password_sets_a_first_one(cognito: Any, site: Site, app_client: Registered) -> None:
    site.services.users.create(
        site.pool.id, "ada", {"email": "ada@example.com", "email_verified": "true"}, permanent=True
    )
    challenge = respond(cognito, app_client, choose(cognito, app_client, "ada"), "ada", ANSWER="EMAIL_OTP")
    done = respond(cognito, app_client, challenge, "ada", EMAIL_OTP_CODE=codes(site, "ada")[0])
    change = {"AccessToken": done["AuthenticationResult"]["AccessToken"], "ProposedPassword": PASSWORD}

    assert refused(lambda: cognito.change_password(**change, PreviousPassword="guess")) == INCORRECT
    cognito.change_password(**change)

    assert tokens_of(sign_in(cognito, app_client, "ada"))
    assert refused(lambda: cognito.change_password(**change)) == INCORRECT


def test_temporary_password_is_the_only_choice(cognito: Any, site: Site, app_client: Registered) -> None:
    proven = {"email": "lee@example.com", "email_verified": "true"}
    site.services.users.create(site.pool.id, "lee", proven, password="Temp0rary-pass!")

    choice = choose(cognito, app_client, "lee")

    assert choice["AvailableChallenges"] == PASSWORDS
    step = respond(cognito, app_client, choice, "lee", ANSWER="PASSWORD", PASSWORD="Temp0rary-pass!")
    assert step["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert refused(lambda: respond(cognito, app_client, choice, "lee", ANSWER="PASSWORD")) == USED_SESSION


def test_second_factor_leaves_only_passwords_and_follows_them(
    cognito: Any, site: Site, app_client: Registered, hiding: Registered, clock: MovableClock
) -> None:
    token = tokens_of(sign_in(cognito, app_client))
    app = enrol(cognito, token, clock)
    cognito.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True})

    choice = choose(cognito, app_client)
    challenge = respond(cognito, app_client, choice, ANSWER="PASSWORD", PASSWORD=PASSWORD)

    assert choice["AvailableChallenges"] == PASSWORDS
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert tokens_of(respond(cognito, app_client, challenge, SOFTWARE_TOKEN_MFA_CODE=app.code()))
    # Where the list must not tell of anybody's factors, a code by e-mail is offered, and is no way around the app.
    by_mail = choose(cognito, hiding, PREFERRED_CHALLENGE="EMAIL_OTP")
    after = respond(cognito, hiding, by_mail, EMAIL_OTP_CODE=codes(site)[0])
    assert after["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    clock.advance(30)
    assert tokens_of(respond(cognito, hiding, after, SOFTWARE_TOKEN_MFA_CODE=app.code()))


def test_code_counts_no_more_once_its_address_is_a_second_factor(
    cognito: Any, site: Site, app_client: Registered
) -> None:
    token = tokens_of(sign_in(cognito, app_client))
    challenge = choose(cognito, app_client, PREFERRED_CHALLENGE="EMAIL_OTP")
    cognito.set_user_mfa_preference(AccessToken=token, EmailMfaSettings={"Enabled": True})

    assert refused(lambda: respond(cognito, app_client, challenge, EMAIL_OTP_CODE=codes(site)[0])) == NO_SESSION


@pytest.mark.parametrize("name", ["TARGET_ACR_VALUES", "MAX_AGE", "ACCESS_TOKEN"])
def test_step_up_is_refused_instead_of_passed_over(cognito: Any, app_client: Registered, name: str) -> None:
    answer = refused(lambda: choose(cognito, app_client, **{name: "1"}))

    assert answer == ("InvalidParameterException", f"{name} is not supported by this server.")


def test_flow_is_the_clients_to_have(cognito: Any, site: Site) -> None:
    client = site.client(explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH",))

    answer = refused(lambda: choose(cognito, client, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD))

    assert answer == ("InvalidParameterException", "USER_AUTH flow not enabled for this client")


# --- who exists -----------------------------------------------------------------------------------


def seen(answer: Any) -> dict[str, Any]:
    """What an answer tells, without what is random in all of them."""
    told = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    assert len(told.pop("Session")) == 43
    personal = {"USER_ID_FOR_SRP", "CODE_DELIVERY_DESTINATION"}
    shown = {name: value for name, value in told["ChallengeParameters"].items() if name not in personal}
    return told | {"ChallengeParameters": shown}


def users_of_every_kind(site: Site) -> list[str]:
    """kim, and users who cannot sign in or have nothing to sign in with but a password."""
    proven = {"email_verified": "true"}
    for name in ("disabled", "unconfirmed", "forgetful"):
        given = proven | {"email": f"{name}@example.com"}
        site.services.users.create(site.pool.id, name, given, password=PASSWORD, permanent=True)
    site.services.users.create(site.pool.id, "bare", {}, password=PASSWORD, permanent=True)
    site.services.users.disable(site.pool.id, "disabled")
    site.services.recovery.require_reset(site.pool.id, "forgetful")
    units = site.services.users._units

    def unconfirm(unit: Any) -> None:
        stored = unit.users.find_by_name(site.pool.id, "unconfirmed")
        unit.connection.exec_driver_sql(
            "UPDATE authz_users SET status = ? WHERE sub = ?", (UserStatus.UNCONFIRMED.value, stored.user.sub)
        )

    units.write(unconfirm)
    return [USERNAME, "disabled", "unconfirmed", "forgetful", "bare", "nobody"]


@pytest.mark.attack("R15")
def test_answers_do_not_tell_who_exists(cognito: Any, site: Site, hiding: Registered) -> None:
    names = users_of_every_kind(site)

    choices = {name: choose(cognito, hiding, name) for name in names}
    by_mail = {name: choose(cognito, hiding, name, PREFERRED_CHALLENGE="EMAIL_OTP") for name in names}
    chosen = {name: respond(cognito, hiding, choices[name], name, ANSWER="SMS_OTP") for name in names}

    for answers in (choices, by_mail, chosen):
        assert len({str(seen(answer)) for answer in answers.values()}) == 1
    assert choices["nobody"]["AvailableChallenges"] == ALL
    for name in names:
        wrong = refused(lambda name=name: respond(cognito, hiding, by_mail[name], name, EMAIL_OTP_CODE="00000000"))
        assert wrong == WRONG_CODE
        refusal = refused(
            lambda name=name: choose(cognito, hiding, name, PREFERRED_CHALLENGE="PASSWORD", PASSWORD="Wrong-1!")
        )
        assert refusal == INCORRECT
        stale = refused(lambda name=name: respond(cognito, hiding, choices[name], name, ANSWER="PASSWORD"))
        assert stale == USED_SESSION
    site.services.users.create(
        site.pool.id, "Lee", {"email": "lee@example.com", "email_verified": "true"}, password=PASSWORD, permanent=True
    )
    for name in ("lee", "gus"):  # a code is on its way to one of them
        chosen_by = choose(cognito, hiding, name.upper(), PREFERRED_CHALLENGE="EMAIL_OTP")
        assert chosen_by["ChallengeParameters"]["USER_ID_FOR_SRP"] == name
    stable = choose(cognito, hiding, "nobody", PREFERRED_CHALLENGE="EMAIL_OTP")
    destination = "CODE_DELIVERY_DESTINATION"
    assert stable["ChallengeParameters"][destination] == by_mail["nobody"]["ChallengeParameters"][destination]


@pytest.mark.attack("R15")
def test_session_of_nobody_leads_through_the_same_steps(cognito: Any, hiding: Registered) -> None:
    for name in ("nobody", NOBODY, "n" * 5000):
        step = respond(cognito, hiding, choose(cognito, hiding, name), name, ANSWER="PASSWORD")
        assert step["ChallengeName"] == "PASSWORD"
        assert refused(lambda: respond(cognito, hiding, step, name, PASSWORD=PASSWORD)) == INCORRECT  # noqa: B023
        assert refused(lambda: respond(cognito, hiding, step, "else", PASSWORD=PASSWORD)) == NO_SESSION  # noqa: B023


@pytest.mark.attack("R15")
@pytest.mark.parametrize("name", [USERNAME, "nobody"])
def test_limits_of_sending_and_guessing_are_the_same_for_nobody(cognito: Any, hiding: Registered, name: str) -> None:
    challenge = choose(cognito, hiding, name, PREFERRED_CHALLENGE="EMAIL_OTP")
    for _ in range(GUESSES_PER_HOUR):
        assert refused(lambda: respond(cognito, hiding, challenge, name, EMAIL_OTP_CODE="00000000")) == WRONG_CODE
    assert refused(lambda: respond(cognito, hiding, challenge, name, EMAIL_OTP_CODE="00000000")) == TOO_MANY

    for _ in range(SENDS_PER_HOUR - 1):
        choose(cognito, hiding, name, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert refused(lambda: choose(cognito, hiding, name, PREFERRED_CHALLENGE="EMAIL_OTP")) == TOO_MANY


@pytest.mark.attack("R15")
def test_failure_to_send_is_told_only_where_existence_is(
    cognito: Any, site: Site, app_client: Registered, hiding: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(type(site.services.outbox), "send", fail)

    assert choose(cognito, hiding, PREFERRED_CHALLENGE="EMAIL_OTP")["ChallengeName"] == "EMAIL_OTP"
    failed = refused(lambda: choose(cognito, app_client, PREFERRED_CHALLENGE="EMAIL_OTP"))
    assert failed == ("CodeDeliveryFailureException", "Unable to deliver code to user")


def test_client_that_shows_who_exists_says_what_is_wrong(cognito: Any, site: Site, app_client: Registered) -> None:
    users_of_every_kind(site)

    assert refused(lambda: choose(cognito, app_client, "nobody")) == ("UserNotFoundException", "User does not exist.")
    assert refused(lambda: choose(cognito, app_client, "disabled")) == ("NotAuthorizedException", "User is disabled.")
    unconfirmed = ("UserNotConfirmedException", "User is not confirmed.")
    assert refused(lambda: choose(cognito, app_client, "unconfirmed")) == unconfirmed
    assert refused(lambda: choose(cognito, app_client, "forgetful"))[0] == "PasswordResetRequiredException"
    assert choose(cognito, app_client, "bare")["AvailableChallenges"] == PASSWORDS


# --- after a registration -------------------------------------------------------------------------


@pytest.fixture
def registering(site: Site) -> Registered:
    with_mfa(
        site,
        "OPTIONAL",
        allowed_first_auth_factors=("PASSWORD", "EMAIL_OTP"),
        auto_verified_attributes=("email",),
    )
    return site.client(client_name="app", explicit_auth_flows=FLOWS)


def register(cognito: Any, client: Registered, **more: str) -> Any:
    attributes = [{"Name": "email", "Value": "mia@example.com"}]
    return cognito.sign_up(ClientId=client.client_id, Username="mia", UserAttributes=attributes, **more)


def test_confirmed_registration_signs_in_once(cognito: Any, site: Site, registering: Registered) -> None:
    client = {"ClientId": registering.client_id}
    registered = register(cognito, registering)
    early = {"AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "mia"}}
    assert refused(cognito.initiate_auth, **client, **early, Session=registered["Session"]) == NO_SESSION

    confirmed = cognito.confirm_sign_up(
        **client, Username="mia", ConfirmationCode=codes(site, "mia")[0], Session=registered["Session"]
    )

    assert confirmed["Session"] != registered["Session"]
    other_user = {"AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": USERNAME}}
    assert refused(cognito.initiate_auth, **client, **other_user, Session=confirmed["Session"]) == NO_SESSION
    signed_in = cognito.initiate_auth(**client, **early, Session=confirmed["Session"])
    assert claims(tokens_of(signed_in))["username"] == "mia"
    assert refused(cognito.initiate_auth, **client, **early, Session=confirmed["Session"]) == USED_SESSION


def test_code_alone_without_the_registrations_session_signs_nobody_in(
    cognito: Any, site: Site, registering: Registered, clock: MovableClock
) -> None:
    """Whoever reads the mail confirms the address, and does not come in as whoever registered it."""
    session = register(cognito, registering, Password=PASSWORD)["Session"]
    clock.advance(181)
    who = {"ClientId": registering.client_id, "Username": "mia"}

    confirmed = cognito.confirm_sign_up(**who, ConfirmationCode=codes(site, "mia")[0], Session=session)

    # The session is over; the confirmation counts all the same.
    assert "Session" not in confirmed
    assert tokens_of(sign_in(cognito, registering, "mia"))


def test_client_without_the_choice_gets_no_session(cognito: Any, site: Site, registering: Registered) -> None:
    plain = site.client(explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH",))

    assert "Session" not in register(cognito, plain, Password=PASSWORD)
