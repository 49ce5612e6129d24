"""CUSTOM_AUTH by boto3 over a socket: challenges of the host's own (api.md 4.4, 4.7, 4.10, part 6)."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz import AppClientAuthz
from app_client_authz.domain.trigger import Event
from tests.api.test_sign_in import TEMPORARY, refused
from tests.support.aws import Wire, refusal
from tests.support.clock import MovableClock
from tests.support.site import PASSWORD, USERNAME, Registered, Site, claims
from tests.support.srp import SrpClient

WRONG = ("NotAuthorizedException", "Incorrect username or password.")
EXPIRED = ("NotAuthorizedException", "Invalid session for the user, session is expired.")
USED = ("NotAuthorizedException", "Invalid session for the user, session can only be used once.")
TOO_MANY = ("LimitExceededException", "Attempt limit exceeded, please try after some time.")
RIGHT = "forty-two"


class Quiz:
    """Asks one question, up to three times; ``seen`` holds every event."""

    def __init__(self, site: Site, *, after_password: bool = False) -> None:
        self.seen: list[Event] = []
        self._after_password = after_password
        authz = AppClientAuthz()
        for name, handler in (
            ("DefineAuthChallenge", self.define),
            ("CreateAuthChallenge", self.create),
            ("VerifyAuthChallengeResponse", self.verify),
        ):
            authz.trigger(name, app=site.app)(handler)

    def define(self, event: Event) -> Event:
        self.seen.append({**event, "request": dict(event["request"])})
        session = event["request"]["session"]
        answers = [each for each in session if each["challengeName"] == "CUSTOM_CHALLENGE"]
        if self._after_password and session == [{"challengeName": "SRP_A", "challengeResult": True}]:
            event["response"]["challengeName"] = "PASSWORD_VERIFIER"
        elif answers and answers[-1]["challengeResult"]:
            event["response"]["issueTokens"] = True
        elif len(answers) >= 3:
            event["response"]["failAuthentication"] = True
        else:
            event["response"]["challengeName"] = "CUSTOM_CHALLENGE"
        return event

    def create(self, event: Event) -> Event:
        self.seen.append(event)
        event["response"]["publicChallengeParameters"] = {"question": "6 x 7"}
        event["response"]["privateChallengeParameters"] = {"answer": RIGHT}
        event["response"]["challengeMetadata"] = "SUM"
        return event

    def verify(self, event: Event) -> Event:
        self.seen.append(event)
        right = event["request"]["privateChallengeParameters"]["answer"]
        event["response"]["answerCorrect"] = event["request"]["challengeAnswer"] == right
        return event


@pytest.fixture
def app_client(site: Site) -> Registered:
    return site.client(client_name="custom", explicit_auth_flows=("ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"))


@pytest.fixture
def hiding(site: Site) -> Registered:
    flows = ("ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    return site.client(client_name="hiding", explicit_auth_flows=flows, prevent_user_existence_errors="ENABLED")


def begin(cognito: Any, client: Registered, name: str = USERNAME, **parameters: str) -> Any:
    return cognito.initiate_auth(
        ClientId=client.client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": name, **parameters}
    )


def answer(cognito: Any, client: Registered, challenge: Any, text: str = RIGHT, name: str | None = None) -> Any:
    responses = {"USERNAME": name or challenge["ChallengeParameters"]["USERNAME"], "ANSWER": text}
    return cognito.respond_to_auth_challenge(
        ClientId=client.client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses=responses,
    )


def results(events: Sequence[Event]) -> list[Any]:
    return [event["request"]["session"] for event in events if event["triggerSource"].startswith("Define")]


def test_a_right_answer_gives_tokens(cognito: Any, site: Site, app_client: Registered) -> None:
    quiz = Quiz(site)
    challenge = begin(cognito, app_client)
    assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert challenge["ChallengeParameters"] == {"question": "6 x 7", "USERNAME": USERNAME}
    result = answer(cognito, app_client, challenge)["AuthenticationResult"]

    assert claims(result["AccessToken"])["sub"] == site.user.sub
    assert cognito.get_user(AccessToken=result["AccessToken"])["Username"] == USERNAME
    right = {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": True, "challengeMetadata": "SUM"}
    assert results(quiz.seen) == [[], [right]]
    assert {event["callerContext"]["clientId"] for event in quiz.seen} == {app_client.client_id}


def test_a_wrong_answer_loops_until_the_triggers_end_it(cognito: Any, site: Site, app_client: Registered) -> None:
    quiz = Quiz(site)
    challenge = begin(cognito, app_client)
    for _ in range(2):
        challenge = answer(cognito, app_client, challenge, "no")
    assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert refused(answer, cognito=cognito, client=app_client, challenge=challenge, text="no") == WRONG

    assert [each["challengeResult"] for each in results(quiz.seen)[-1]] == [False] * 3


def test_the_right_answer_is_stored_sealed(cognito: Any, site: Site, app_client: Registered) -> None:
    Quiz(site)
    begin(cognito, app_client)

    with site.services.engine.connect() as connection:
        (state,) = connection.scalars(sa.text("SELECT state FROM authz_challenge_sessions"))
    assert RIGHT not in state
    assert "sealed" in state


@pytest.mark.attack("R24")
def test_a_session_takes_one_answer_right_or_wrong(cognito: Any, site: Site, app_client: Registered) -> None:
    Quiz(site)
    challenge = begin(cognito, app_client)
    answer(cognito, app_client, challenge, "no")

    assert refused(answer, cognito=cognito, client=app_client, challenge=challenge) == USED


def test_a_session_ends_with_its_time_and_belongs_to_its_user(
    cognito: Any, site: Site, app_client: Registered, clock: MovableClock
) -> None:
    Quiz(site)
    site.services.users.create(site.pool.id, "lee", {"email": "lee@example.com"}, password=PASSWORD, permanent=True)
    challenge = begin(cognito, app_client)
    other = refused(answer, cognito=cognito, client=app_client, challenge=challenge, name="lee")
    assert other == ("NotAuthorizedException", "Invalid session for the user.")
    clock.advance(181)
    assert refused(answer, cognito=cognito, client=app_client, challenge=challenge) == EXPIRED


@pytest.mark.attack("R14")
def test_wrong_answers_are_bounded_however_often_one_begins(cognito: Any, site: Site, app_client: Registered) -> None:
    Quiz(site)
    for _ in range(15):
        answer(cognito, app_client, begin(cognito, app_client), "no")
    challenge = begin(cognito, app_client)

    assert refused(answer, cognito=cognito, client=app_client, challenge=challenge) == TOO_MANY


@pytest.mark.attack("R14")
def test_a_right_answer_gives_no_guesses_back_at_the_challenge_behind_it(
    cognito: Any, site: Site, app_client: Registered
) -> None:
    Quiz(site)

    @AppClientAuthz().trigger("DefineAuthChallenge", app=site.app)
    def two_in_a_row(event: Event) -> Event:
        session = event["request"]["session"]
        right = all(each["challengeResult"] for each in session)
        done = {"issueTokens": True} if right and len(session) == 2 else {"challengeName": "CUSTOM_CHALLENGE"}
        return event | {"response": done if right else {"failAuthentication": True}}

    for _ in range(15):
        second = answer(cognito, app_client, begin(cognito, app_client))
        assert refused(answer, cognito=cognito, client=app_client, challenge=second, text="no") == WRONG
    challenge = begin(cognito, app_client)

    assert refused(answer, cognito=cognito, client=app_client, challenge=challenge) == TOO_MANY


@pytest.mark.attack("R14")
def test_right_answers_use_up_no_guesses(cognito: Any, site: Site, app_client: Registered) -> None:
    Quiz(site)
    for _ in range(16):
        assert answer(cognito, app_client, begin(cognito, app_client))["AuthenticationResult"]


def test_the_password_can_be_the_first_of_the_challenges(cognito: Any, site: Site, app_client: Registered) -> None:
    quiz = Quiz(site, after_password=True)
    srp = SrpClient(site.pool.id, PASSWORD)
    step = begin(cognito, app_client, CHALLENGE_NAME="SRP_A", SRP_A=srp.a)
    assert step["ChallengeName"] == "PASSWORD_VERIFIER"
    responses = srp.responses(step["ChallengeParameters"])
    challenge = cognito.respond_to_auth_challenge(
        ClientId=app_client.client_id,
        ChallengeName="PASSWORD_VERIFIER",
        Session=step["Session"],
        ChallengeResponses=responses,
    )
    assert answer(cognito, app_client, challenge)["AuthenticationResult"]
    assert [each["challengeName"] for each in results(quiz.seen)[-1]] == [
        "SRP_A",
        "PASSWORD_VERIFIER",
        "CUSTOM_CHALLENGE",
    ]


@pytest.mark.attack("R18")
def test_the_password_alone_does_not_leave_the_custom_flow(cognito: Any, site: Site, app_client: Registered) -> None:
    Quiz(site, after_password=True)
    srp = SrpClient(site.pool.id, PASSWORD)
    step = begin(cognito, app_client, CHALLENGE_NAME="SRP_A", SRP_A=srp.a)
    responses = srp.responses(step["ChallengeParameters"])

    without_session = {
        "ClientId": app_client.client_id,
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeResponses": responses,
    }
    assert refused(cognito.respond_to_auth_challenge, **without_session) == WRONG


# --- who does not get in ---------------------------------------------------------------------------------------


def test_without_triggers_it_says_so(cognito: Any, app_client: Registered) -> None:
    assert refused(begin, cognito=cognito, client=app_client) == (
        "InvalidParameterException",
        "Custom auth lambda trigger is not configured for the user pool.",
    )


def test_a_client_needs_the_flow(cognito: Any, site: Site) -> None:
    Quiz(site)
    other = site.client(client_name="other", explicit_auth_flows=("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"))

    assert refused(begin, cognito=cognito, client=other) == (
        "InvalidParameterException",
        "CUSTOM_AUTH is not enabled for the client.",
    )


def test_where_names_are_shown_an_unknown_one_is_refused_at_once(
    cognito: Any, site: Site, app_client: Registered
) -> None:
    quiz = Quiz(site)

    assert refused(lambda: begin(cognito, app_client, "nobody"))[0] == "UserNotFoundException"
    assert quiz.seen == []


@pytest.mark.attack("R15")
def test_where_names_are_hidden_nobody_plays_along_and_never_wins(cognito: Any, site: Site, hiding: Registered) -> None:
    quiz = Quiz(site)
    challenge = begin(cognito, hiding, "nobody")
    assert challenge["ChallengeParameters"] == {"question": "6 x 7", "USERNAME": "nobody"}
    assert {event["request"]["userNotFound"] for event in quiz.seen} == {True}

    assert refused(answer, cognito=cognito, client=hiding, challenge=challenge) == WRONG
    known = begin(cognito, hiding)
    assert quiz.seen[-1]["request"]["userNotFound"] is False
    assert answer(cognito, hiding, known)["AuthenticationResult"]


def test_who_has_a_temporary_password_gets_no_tokens(cognito: Any, site: Site, app_client: Registered) -> None:
    Quiz(site)
    site.services.users.create(site.pool.id, "ada", {"email": "ada@example.com"}, password=TEMPORARY)

    challenge = begin(cognito, app_client, "ada")
    assert refused(answer, cognito=cognito, client=app_client, challenge=challenge) == WRONG


def test_a_user_disabled_meanwhile_gets_nothing(cognito: Any, site: Site, app_client: Registered) -> None:
    Quiz(site)
    challenge = begin(cognito, app_client)
    site.services.users.disable(site.pool.id, USERNAME)

    code, message = refused(answer, cognito=cognito, client=app_client, challenge=challenge)
    assert code == "NotAuthorizedException"
    assert re.match("Invalid session", message)


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"challengeName": "SMS_MFA"},
        {"challengeName": "PASSWORD_VERIFIER"},
        {"issueTokens": "yes"},
        None,
    ],
)
def test_a_decision_that_makes_no_sense_is_unrecognizable(
    wire: Wire, site: Site, app_client: Registered, response: Any
) -> None:
    AppClientAuthz().trigger("DefineAuthChallenge", app=site.app)(lambda event: event | {"response": response})
    body = {"ClientId": app_client.client_id, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": USERNAME}}

    assert refusal(wire("InitiateAuth", body, signed=False)) == (
        "InvalidLambdaResponseException",
        "Unrecognizable lambda output",
    )


def test_an_answer_that_a_trigger_fails_at_is_told(cognito: Any, site: Site, app_client: Registered) -> None:
    Quiz(site)
    challenge = begin(cognito, app_client)

    @AppClientAuthz().trigger("VerifyAuthChallengeResponse", app=site.app)
    def fail(event: Event) -> Event:
        raise RuntimeError("out of order")

    assert refused(answer, cognito=cognito, client=app_client, challenge=challenge) == (
        "UserLambdaValidationException",
        "VerifyAuthChallengeResponse failed with error out of order.",
    )


def test_pre_authentication_is_asked_once(cognito: Any, site: Site, app_client: Registered) -> None:
    Quiz(site)
    asked: list[str] = []

    @AppClientAuthz().trigger("PreAuthentication", app=site.app)
    def ask(event: Event) -> Event:
        asked.append(event["userName"])
        return event

    answer(cognito, app_client, begin(cognito, app_client))
    assert asked == [USERNAME]
