"""Triggers of a sign-in by boto3: every flow asks once, and what comes along reaches them (api.md 4.29)."""

from typing import Any

import pytest

from app_client_authz import AppClientAuthz
from app_client_authz.domain.trigger import Event
from tests.api.test_device_sign_in import challenged, proof, prove, remember, track
from tests.api.test_self_service import pool_with
from tests.api.test_sign_in import refused, sign_in
from tests.support.clock import MovableClock
from tests.support.site import PASSWORD, USERNAME, Registered, Site
from tests.support.srp import SrpClient

FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
BEFORE, AFTER = "PreAuthentication_Authentication", "PostAuthentication_Authentication"
MESSAGE, TOKENS = "CustomMessage_Authentication", "TokenGeneration_Authentication"
SENT = {"ClientMetadata": {"shop": "north"}}


@pytest.fixture
def app_client(site: Site) -> Registered:
    """A client with every flow, in a pool where a code by e-mail can be the first factor."""
    pool_with(site, allowed_first_auth_factors=("PASSWORD", "EMAIL_OTP"))
    return site.client(client_name="app", explicit_auth_flows=FLOWS)


@pytest.fixture
def seen(site: Site) -> list[Event]:
    events: list[Event] = []

    def keep(event: Event) -> Event:
        events.append({**event, "request": dict(event["request"])})
        return event

    for name in ("PreAuthentication", "PostAuthentication", "CustomMessage", "PreTokenGeneration"):
        AppClientAuthz().trigger(name, app=site.app)(keep)
    return events


def told(events: list[Event]) -> list[tuple[str, Any, Any]]:
    """Source, ValidationData and ClientMetadata of each event."""
    return [
        (event["triggerSource"], event["request"].get("validationData"), event["request"].get("clientMetadata"))
        for event in events
    ]


def start(cognito: Any, client: Registered, flow: str, **parameters: str) -> Any:
    given = {"USERNAME": USERNAME, **parameters}
    return cognito.initiate_auth(ClientId=client.client_id, AuthFlow=flow, AuthParameters=given, **SENT)


def respond(cognito: Any, client: Registered, name: str, responses: dict[str, str], session: str | None = None) -> Any:
    more = {"Session": session} if session else {}
    return cognito.respond_to_auth_challenge(
        ClientId=client.client_id, ChallengeName=name, ChallengeResponses=responses, **more, **SENT
    )


def test_a_password_asks_before_and_after(cognito: Any, app_client: Registered, seen: list[Event]) -> None:
    start(cognito, app_client, "USER_PASSWORD_AUTH", PASSWORD=PASSWORD)

    north = {"shop": "north"}
    assert told(seen) == [(BEFORE, north, None), (AFTER, None, None), (TOKENS, None, None)]


def test_srp_asks_once_at_its_begin(cognito: Any, site: Site, app_client: Registered, seen: list[Event]) -> None:
    srp, north = SrpClient(site.pool.id, PASSWORD), {"shop": "north"}
    parameters = start(cognito, app_client, "USER_SRP_AUTH", SRP_A=srp.a)["ChallengeParameters"]
    assert told(seen) == [(BEFORE, north, None)]
    respond(cognito, app_client, "PASSWORD_VERIFIER", srp.responses(parameters))

    assert told(seen)[1:] == [(AFTER, None, north), (TOKENS, None, north)]


def test_a_code_as_the_first_factor_asks_before_it_is_sent(
    cognito: Any, site: Site, app_client: Registered, seen: list[Event]
) -> None:
    north = {"shop": "north"}
    step = start(cognito, app_client, "USER_AUTH", PREFERRED_CHALLENGE="EMAIL_OTP")
    assert told(seen) == [(BEFORE, north, None), (MESSAGE, None, None)]
    assert site.services.outbox is not None
    (message,) = site.services.outbox.of_user(site.pool.id, site.user.sub)
    answer = {"USERNAME": USERNAME, "EMAIL_OTP_CODE": message.code}
    respond(cognito, app_client, "EMAIL_OTP", answer, step["Session"])

    assert told(seen)[2:] == [(AFTER, None, north), (TOKENS, None, north)]


def test_a_choice_asks_once_the_factor_is_chosen(cognito: Any, app_client: Registered, seen: list[Event]) -> None:
    north = {"shop": "north"}
    step = start(cognito, app_client, "USER_AUTH")
    assert seen == []
    chosen = respond(
        cognito, app_client, "SELECT_CHALLENGE", {"USERNAME": USERNAME, "ANSWER": "EMAIL_OTP"}, step["Session"]
    )
    assert chosen["ChallengeName"] == "EMAIL_OTP"
    assert told(seen) == [(BEFORE, None, north), (MESSAGE, None, north)]
    seen.clear()
    step = start(cognito, app_client, "USER_AUTH")
    answer = {"USERNAME": USERNAME, "ANSWER": "PASSWORD", "PASSWORD": PASSWORD}
    respond(cognito, app_client, "SELECT_CHALLENGE", answer, step["Session"])
    assert [source for source, *_ in told(seen)] == [BEFORE, AFTER, TOKENS]


def test_a_refused_begin_sends_no_code_and_sets_no_challenge(cognito: Any, site: Site, app_client: Registered) -> None:
    @AppClientAuthz().trigger("PreAuthentication", app=site.app)
    def refuse(event: Event) -> Event:
        raise PermissionError("no")

    expected = ("UserLambdaValidationException", "PreAuthentication failed with error no.")
    before = site.row_counts()
    assert refused(lambda: start(cognito, app_client, "USER_AUTH", PREFERRED_CHALLENGE="EMAIL_OTP")) == expected
    srp = SrpClient(site.pool.id, PASSWORD)
    assert refused(lambda: start(cognito, app_client, "USER_SRP_AUTH", SRP_A=srp.a)) == expected
    assert site.row_counts() == before


def test_a_user_of_another_directory_signs_in_by_password(cognito: Any, site: Site, app_client: Registered) -> None:
    seen: list[Event] = []

    @AppClientAuthz().trigger("UserMigration", app=site.app)
    def migrate(event: Event) -> Event:
        seen.append(event)
        if event["request"]["password"] != "old":
            raise PermissionError("Bad password")
        event["response"]["userAttributes"] = {"email": "lee@example.com", "email_verified": "true"}
        event["response"]["messageAction"] = "SUPPRESS"
        return event

    assert refused(lambda: sign_in(cognito, app_client, "lee", "guess")) == (
        "UserLambdaValidationException",
        "UserMigration failed with error Bad password.",
    )
    assert sign_in(cognito, app_client, "lee", "old")["AuthenticationResult"]
    assert sign_in(cognito, app_client, "lee", "old")["AuthenticationResult"]
    assert len(seen) == 2
    user = cognito.admin_get_user(UserPoolId=site.pool.id, Username="lee")
    assert user["UserStatus"] == "CONFIRMED"


@pytest.mark.parametrize("existence", ["LEGACY", "ENABLED"])
def test_a_password_of_another_directory_is_a_choice_as_well(
    local: Any, site: Site, app_client: Registered, existence: str
) -> None:
    client = site.client(explicit_auth_flows=FLOWS, prevent_user_existence_errors=existence)

    @AppClientAuthz().trigger("UserMigration", app=site.app)
    def migrate(event: Event) -> Event:
        if event["userName"] == "lee" and event["request"]["password"] == "old":
            event["response"]["userAttributes"] = {"email": "lee@example.com", "email_verified": "true"}
        return event

    def choose(name: str, **more: str) -> Any:
        return start(local, client, "USER_AUTH", USERNAME=name, PREFERRED_CHALLENGE="PASSWORD", **more)

    nobody = refused(lambda: choose("ada", PASSWORD="old"))
    assert nobody[0] == ("UserNotFoundException" if existence == "LEGACY" else "NotAuthorizedException")
    assert choose("lee", PASSWORD="old")["AuthenticationResult"]


def test_triggers_are_told_of_a_new_device_and_of_one_that_proves_itself(
    local: Any, site: Site, app_client: Registered, seen: list[Event], clock: MovableClock
) -> None:
    track(local, site.pool.id)
    device = remember(local, app_client)
    user = device.srp()
    given = challenged(local, app_client, device, user)
    prove(local, app_client, proof(user, given, now=clock()), given["Session"])

    assert [each["request"]["newDeviceUsed"] for each in seen if each["triggerSource"] == AFTER] == [True, False]
    assert [each["triggerSource"] for each in seen if each["triggerSource"].startswith("TokenGeneration")] == [
        TOKENS,
        "TokenGeneration_AuthenticateDevice",
    ]
