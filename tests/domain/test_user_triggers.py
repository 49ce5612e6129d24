"""What triggers about users may decide, and answers that make no sense."""

from typing import Any

import pytest

from app_client_authz.domain import user_triggers
from app_client_authz.domain.errors import InvalidLambdaResponse
from app_client_authz.domain.message_templates import Template
from app_client_authz.domain.trigger import NOBODY, Caller
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.domain.user_triggers import Challenged, NextChallenge

POOL = "us-east-1_Ab3dEfGh1"
KIM = User(POOL, "a-sub", "kim", UserStatus.UNCONFIRMED, attributes={"email": "kim@example.com"})
TEMPLATE = Template("Subject", "Mail {####}", "SMS {####}")


def test_before_sign_up_there_is_no_sub() -> None:
    told = user_triggers.sign_up_event("PreSignUp_SignUp", KIM, Caller("c", {}, {"captcha": "7"}))

    assert told["request"] == {"userAttributes": {"email": "kim@example.com"}, "validationData": {"captcha": "7"}}
    assert told["response"] == {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False}


def test_a_user_is_confirmed_and_verified_as_the_trigger_says() -> None:
    wanted = user_triggers.signed_up({"autoConfirmUser": True, "autoVerifyEmail": True}, KIM)

    assert wanted.status == UserStatus.CONFIRMED
    assert wanted.attributes == {"email": "kim@example.com", "email_verified": "true"}
    assert user_triggers.signed_up({}, KIM) == KIM


@pytest.mark.parametrize("answer", [{"autoVerifyPhone": True}, {"autoConfirmUser": "true"}])
def test_what_cannot_be_verified_or_is_no_flag_is_refused(answer: dict[str, object]) -> None:
    with pytest.raises(InvalidLambdaResponse):
        user_triggers.signed_up(answer, KIM)


def test_a_message_event_holds_places_and_never_a_code() -> None:
    told = user_triggers.message_event("CustomMessage_SignUp", KIM, NOBODY, invites=False)
    assert (told["request"]["codeParameter"], told["request"]["usernameParameter"]) == ("{####}", None)
    assert told["request"]["userAttributes"]["sub"] == "a-sub"

    invites = user_triggers.message_event("CustomMessage_AdminCreateUser", KIM, NOBODY, invites=True)
    assert invites["request"]["usernameParameter"] == "{username}"


def test_words_that_are_given_replace_the_templates() -> None:
    said = {"emailSubject": "Welcome\nBcc: all@example.com", "emailMessage": "<b>{####}</b>", "smsMessage": None}
    worded = user_triggers.worded(said, TEMPLATE, invites=False)

    assert worded == Template("Welcome Bcc: all@example.com", "<b>{####}</b>", "SMS {####}")
    assert user_triggers.worded({}, TEMPLATE, invites=False) == TEMPLATE


@pytest.mark.parametrize(
    "answer, invites",
    [
        ({"emailMessage": "no place"}, False),
        ({"smsMessage": "no place"}, False),
        ({"emailMessage": "{####} without a name"}, True),
        ({"smsMessage": "{####}" + "x" * 140}, False),
        ({"emailMessage": "{####}" + "x" * 20_000}, False),
        ({"emailSubject": "x" * 141}, False),
        ({"emailSubject": 1}, False),
    ],
)
def test_a_message_that_cannot_tell_what_it_is_for_is_refused(answer: dict[str, object], invites: bool) -> None:
    with pytest.raises(InvalidLambdaResponse):
        user_triggers.worded(answer, TEMPLATE, invites=invites)


def test_before_a_sign_in_an_unknown_name_is_told_where_it_is_hidden() -> None:
    hidden = user_triggers.before_sign_in_event(POOL, "nobody", None, NOBODY, hides=True)
    assert hidden["request"] == {"userAttributes": {}, "validationData": None, "userNotFound": True}

    shown = user_triggers.before_sign_in_event(POOL, "kim", KIM, NOBODY, hides=False)
    assert "userNotFound" not in shown["request"]
    assert shown["request"]["userAttributes"]["sub"] == "a-sub"


def test_after_a_sign_in_the_device_is_told() -> None:
    told = user_triggers.after_sign_in_event(KIM, Caller("c", {"shop": "north"}), new_device=False)

    assert told["triggerSource"] == "PostAuthentication_Authentication"
    assert told["request"]["newDeviceUsed"] is False
    assert told["request"]["clientMetadata"] == {"shop": "north"}


def test_a_migration_event_holds_the_password_and_a_forgotten_one_does_not() -> None:
    told = user_triggers.migration_event("UserMigration_Authentication", POOL, "lee", "Secr3t!", NOBODY)
    assert (told["userName"], told["request"]["password"]) == ("lee", "Secr3t!")

    forgotten = user_triggers.migration_event("UserMigration_ForgotPassword", POOL, "lee", None, NOBODY)
    assert forgotten["request"]["password"] is None


def test_a_migrated_user_is_as_the_trigger_says() -> None:
    found = user_triggers.migrated(
        {
            "userAttributes": {"email": "lee@example.com", "email_verified": "true", "username": "lee", "sub": "mine"},
            "finalUserStatus": "CONFIRMED",
            "messageAction": "SUPPRESS",
            "desiredDeliveryMediums": ["EMAIL"],
            "forceAliasCreation": True,
        }
    )

    assert found is not None
    assert found.attributes == {"email": "lee@example.com", "email_verified": "true"}
    assert (found.status, found.takes_aliases, found.username) == (UserStatus.CONFIRMED, True, "lee")


@pytest.mark.parametrize("answer", [{}, {"userAttributes": None}])
def test_no_attributes_are_nobody(answer: dict[str, object]) -> None:
    assert user_triggers.migrated(answer) is None


@pytest.mark.parametrize(
    "members",
    [
        {"finalUserStatus": "UNCONFIRMED"},
        {"messageAction": "SING"},
        {"desiredDeliveryMediums": ["PIGEON"]},
        {"desiredDeliveryMediums": "EMAIL"},
        {"forceAliasCreation": "true"},
        {"userAttributes": {"email": None}},
    ],
)
def test_a_migration_answer_of_another_shape_is_refused(members: dict[str, object]) -> None:
    with pytest.raises(InvalidLambdaResponse):
        user_triggers.migrated({"userAttributes": {"email": "lee@example.com"}, **members})


def test_challenge_events_say_who_and_hide_it_where_asked() -> None:
    kim = Challenged(POOL, "kim", KIM, hides=False)
    told = kim.event("DefineAuthChallenge", NOBODY, {"session": []}, ("challengeName",))
    assert told["triggerSource"] == "DefineAuthChallenge_Authentication"
    assert told["request"]["session"] == []
    assert "userNotFound" not in told["request"]

    nobody = Challenged(POOL, "nobody", None, hides=True).event("CreateAuthChallenge", NOBODY, {}, ())
    assert nobody["request"] == {"userAttributes": {}, "userNotFound": True}


def test_a_next_challenge_is_a_name_tokens_or_the_end() -> None:
    assert user_triggers.next_challenge({"issueTokens": True}) == NextChallenge(None, True, False)
    assert user_triggers.next_challenge({"failAuthentication": True}) == NextChallenge(None, False, True)
    said = {"challengeName": "CUSTOM_CHALLENGE", "issueTokens": False, "failAuthentication": False}
    assert user_triggers.next_challenge(said) == NextChallenge("CUSTOM_CHALLENGE", False, False)


@pytest.mark.parametrize("answer", [{}, {"challengeName": "SMS_MFA"}, {"issueTokens": 1}, {"challengeName": 3}])
def test_a_decision_that_decides_nothing_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(InvalidLambdaResponse):
        user_triggers.next_challenge(answer)


def test_what_is_private_of_a_challenge_is_not_shown() -> None:
    made = user_triggers.custom_challenge(
        {"publicChallengeParameters": {"q": "1+1"}, "privateChallengeParameters": {"answer": "two"}}
    )

    assert made.public == {"q": "1+1"}
    assert made.private == {"answer": "two"}
    assert "two" not in repr(made)
