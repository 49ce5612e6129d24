"""The record of what users did: AdminListUserAuthEvents, AdminUpdateAuthEventFeedback."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from app_client_authz.domain import totp
from app_client_authz.domain.secret_hash import secret_hash
from app_client_authz.services.auth_events import FAILURES_PER_HOUR
from tests.support.aws import ACCESS_KEY, SECRET_KEY, Wire, output, refusal
from tests.support.clock import MovableClock
from tests.support.cost import cost_on
from tests.support.site import CALLBACK, PASSWORD, PREFIX, USERNAME, Registered, Site, claims, make_site
from tests.support.srp import SrpClient

LOCAL = "127.0.0.1"
WRONG = "Wrong-passw0rd!"
NEW = "Another-passw0rd!"
HOUR = 3600
Body = dict[str, Any]


def keep(site: Site, mode: str = "AUDIT") -> None:
    body = {"UserPoolId": site.pool.id, "UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": mode}}
    output(Wire(site.app)("UpdateUserPool", {**body, "AutoVerifiedAttributes": ["email"]}))


@pytest.fixture
def kim(site: Site) -> dict[str, str]:
    return {"UserPoolId": site.pool.id, "Username": USERNAME}


@pytest.fixture
def kept(site: Site) -> Site:
    keep(site)
    return site


@pytest.fixture
def app(site: Site) -> Registered:
    return site.client(
        explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH")
    )


def sign_in(wire: Wire, app: Registered, password: str = PASSWORD, name: str = USERNAME, **more: Any) -> Any:
    asked = {"USERNAME": name, "PASSWORD": password}
    body = {"ClientId": app.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": asked, **more}
    return wire("InitiateAuth", body, signed=False)


def events(wire: Wire, site: Site, name: str = USERNAME, **more: Any) -> list[Body]:
    answer = output(wire("AdminListUserAuthEvents", {"UserPoolId": site.pool.id, "Username": name, **more}))
    return list(answer["AuthEvents"])


def told(wire: Wire, site: Site, name: str = USERNAME) -> list[tuple[str, str]]:
    """Type and response of each event, the oldest first."""
    return [(event["EventType"], event["EventResponse"]) for event in reversed(events(wire, site, name))]


def totp_code(secret: str, now: float) -> str:
    octets = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return totp.code_at(octets, int(now // totp.STEP_SECONDS))


def test_boto3_reads_the_record_and_gives_feedback(
    cognito: Any, wire: Wire, kept: Site, app: Registered, kim: dict[str, str], clock: MovableClock
) -> None:
    tokens = output(sign_in(wire, app))["AuthenticationResult"]
    clock.advance(1)
    refusal(sign_in(wire, app, WRONG))

    wrong, right = cognito.admin_list_user_auth_events(**kim)["AuthEvents"]

    assert right["EventId"] == claims(tokens["AccessToken"])["event_id"]
    assert {name: right[name] for name in right if name not in {"EventId", "CreationDate"}} == {
        "EventType": "SignIn",
        "EventResponse": "Pass",
        "EventRisk": {"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": False},
        "ChallengeResponses": [{"ChallengeName": "Password", "ChallengeResponse": "Success"}],
        "EventContextData": {"IpAddress": LOCAL},
    }
    assert (wrong["EventType"], wrong["EventResponse"]) == ("SignIn", "Fail")
    assert wrong["ChallengeResponses"] == [{"ChallengeName": "Password", "ChallengeResponse": "Failure"}]
    assert wrong["CreationDate"].timestamp() == pytest.approx(clock.now, abs=0.001)

    cognito.admin_update_auth_event_feedback(**kim, EventId=wrong["EventId"], FeedbackValue="Invalid")
    feedback = cognito.admin_list_user_auth_events(**kim)["AuthEvents"][0]["EventFeedback"]
    assert (feedback["FeedbackValue"], feedback["Provider"]) == ("Invalid", "Admin")
    assert feedback["FeedbackDate"].timestamp() == pytest.approx(clock.now, abs=0.001)
    for unknown in ("x", "0" * 8 + "-0000-0000-0000-" + "0" * 12):
        with pytest.raises(cognito.exceptions.ResourceNotFoundException):
            cognito.admin_update_auth_event_feedback(**kim, EventId=unknown, FeedbackValue="Valid")


def test_sign_up_and_recovery_go_on_record(wire: Wire, kept: Site, clock: MovableClock) -> None:
    client = {"ClientId": kept.spa.client_id}
    lee = {**client, "Username": "lee"}
    clock.advance(1)
    attributes = [{"Name": "email", "Value": "lee@example.com"}]
    output(wire("SignUp", {**lee, "Password": PASSWORD, "UserAttributes": attributes}, signed=False))

    def code() -> str:
        sub = kept.services.users.describe(kept.pool.id, "lee").sub
        assert kept.services.outbox is not None
        return str(kept.services.outbox.of_user(kept.pool.id, sub)[0].code)

    steps: list[tuple[str, Callable[[], Body]]] = [
        ("ConfirmSignUp", lambda: {"ConfirmationCode": "000000"}),
        ("ResendConfirmationCode", dict),
        ("ConfirmSignUp", lambda: {"ConfirmationCode": code()}),
        ("ForgotPassword", dict),
        ("ConfirmForgotPassword", lambda: {"ConfirmationCode": "000000", "Password": NEW}),
        ("ConfirmForgotPassword", lambda: {"ConfirmationCode": code(), "Password": NEW}),
    ]
    for operation, more in steps:
        clock.advance(1)
        wire(operation, lee | more(), signed=False)

    assert told(wire, kept, "lee") == [
        ("SignUp", "InProgress"),
        ("SignUp", "Fail"),
        ("ResendCode", "Pass"),
        ("SignUp", "Pass"),
        ("ForgotPassword", "InProgress"),
        ("ForgotPassword", "Fail"),
        ("ForgotPassword", "Pass"),
    ]


def test_changed_password_goes_on_record(wire: Wire, kept: Site, app: Registered, clock: MovableClock) -> None:
    token = output(sign_in(wire, app))["AuthenticationResult"]["AccessToken"]
    for previous in (WRONG, PASSWORD):
        clock.advance(1)
        body = {"AccessToken": token, "PreviousPassword": previous, "ProposedPassword": NEW}
        wire("ChangePassword", body, signed=False)

    assert told(wire, kept) == [("SignIn", "Pass"), ("PasswordChange", "Fail"), ("PasswordChange", "Pass")]


def test_sign_in_that_waits_for_a_new_password_is_in_progress(
    wire: Wire, kept: Site, app: Registered, kim: dict[str, str], clock: MovableClock
) -> None:
    output(wire("AdminSetUserPassword", {**kim, "Password": NEW, "Permanent": False}))
    challenge = output(sign_in(wire, app, NEW))
    clock.advance(1)
    answer = {"USERNAME": USERNAME, "NEW_PASSWORD": PASSWORD}
    body = {"ClientId": app.client_id, "ChallengeName": challenge["ChallengeName"], "ChallengeResponses": answer}
    output(wire("RespondToAuthChallenge", {**body, "Session": challenge["Session"]}, signed=False))

    assert told(wire, kept) == [("SignIn", "InProgress"), ("SignIn", "Pass")]


def test_second_factor_goes_on_record_right_and_wrong(
    wire: Wire, kept: Site, app: Registered, clock: MovableClock
) -> None:
    on = {"Enabled": True, "PreferredMfa": True}
    factors = {"SoftwareTokenMfaConfiguration": {"Enabled": True}, "MfaConfiguration": "OPTIONAL"}
    output(wire("SetUserPoolMfaConfig", {"UserPoolId": kept.pool.id, **factors}))
    token = {"AccessToken": output(sign_in(wire, app))["AuthenticationResult"]["AccessToken"]}
    secret = output(wire("AssociateSoftwareToken", token, signed=False))["SecretCode"]
    output(wire("VerifySoftwareToken", {**token, "UserCode": totp_code(secret, clock.now)}, signed=False))
    output(wire("SetUserMFAPreference", {**token, "SoftwareTokenMfaSettings": on}, signed=False))
    clock.advance(30)
    challenge = output(sign_in(wire, app))
    body = {"ClientId": app.client_id, "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": challenge["Session"]}
    right = totp_code(secret, clock.now)
    for code in ("000000" if right != "000000" else "000001", right):
        clock.advance(0.001)
        answer = {"USERNAME": USERNAME, "SOFTWARE_TOKEN_MFA_CODE": code}
        wire("RespondToAuthChallenge", {**body, "ChallengeResponses": answer}, signed=False)

    proved, failed, waits = events(wire, kept)[:3]
    assert [event["EventResponse"] for event in (proved, failed, waits)] == ["Pass", "Fail", "InProgress"]
    password = {"ChallengeName": "Password", "ChallengeResponse": "Success"}
    assert waits["ChallengeResponses"] == [password]
    assert failed["ChallengeResponses"] == [password, {"ChallengeName": "Mfa", "ChallengeResponse": "Failure"}]
    assert proved["ChallengeResponses"] == [password, {"ChallengeName": "Mfa", "ChallengeResponse": "Success"}]


@pytest.mark.parametrize("setting", ["LEGACY", "ENABLED"])
def test_who_may_not_sign_in_fails_on_record(
    wire: Wire, kept: Site, kim: dict[str, str], setting: str, clock: MovableClock
) -> None:
    app = kept.client(explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH",), prevent_user_existence_errors=setting)
    output(wire("AdminDisableUser", kim))
    refusal(sign_in(wire, app))

    (event,) = events(wire, kept)
    assert (event["EventType"], event["EventResponse"]) == ("SignIn", "Fail")
    # The status is looked at before the password where the client shows who exists.
    proved = [] if setting == "LEGACY" else [{"ChallengeName": "Password", "ChallengeResponse": "Success"}]
    assert event["ChallengeResponses"] == proved


def test_page_puts_its_sign_ins_on_record(kept: Site, wire: Wire, clock: MovableClock) -> None:
    browser = kept.app.test_client()
    url = kept.authorize_url(kept.web).replace("/oauth2/authorize?", "/login?")
    for password in (WRONG, PASSWORD):
        browser.get(url)
        token = browser.get_cookie("XSRF-TOKEN", path=PREFIX)
        assert token is not None
        form = {"username": USERNAME, "password": password, "_csrf": token.value}
        answer = browser.post(url, data=form, environ_base={"REMOTE_ADDR": "2001:DB8::1"})
        clock.advance(1)
    assert answer.headers["Location"].startswith(CALLBACK)

    assert told(wire, kept) == [("SignIn", "Fail"), ("SignIn", "Pass")]
    assert {event["EventContextData"]["IpAddress"] for event in events(wire, kept)} == {"2001:db8::1"}


def test_address_of_a_signed_call_is_the_one_it_says(wire: Wire, kept: Site, app: Registered) -> None:
    context = {"IpAddress": "203.0.113.9", "ServerName": "s", "ServerPath": "/", "HttpHeaders": []}
    asked = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    body = {"UserPoolId": kept.pool.id, "ClientId": app.client_id, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH"}
    output(wire("AdminInitiateAuth", {**body, "AuthParameters": asked, "ContextData": context}))

    assert events(wire, kept)[0]["EventContextData"] == {"IpAddress": "203.0.113.9"}


def test_address_that_an_application_claims_counts_for_clients_that_propagate_it(
    wire: Wire, kept: Site, app: Registered, clock: MovableClock
) -> None:
    """They have a secret, and set EnablePropagateAdditionalUserContextData."""
    output(sign_in(wire, app, UserContextData={"IpAddress": "203.0.113.9"}))
    assert events(wire, kept)[0]["EventContextData"] == {"IpAddress": LOCAL}

    server = kept.client(
        generate_secret=True,
        explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH",),
        enable_propagate_additional_user_context_data=True,
    )
    for claimed, expected in (("203.0.113.9", {"IpAddress": "203.0.113.9"}), ("<script>", {})):
        clock.advance(1)
        proof = secret_hash(str(server.secret), USERNAME, server.client_id)
        parameters = {"USERNAME": USERNAME, "PASSWORD": PASSWORD, "SECRET_HASH": proof}
        body = {"ClientId": server.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}
        output(wire("InitiateAuth", {**body, "UserContextData": {"IpAddress": claimed}}, signed=False))
        assert events(wire, kept)[0]["EventContextData"] == expected


def test_call_of_a_service_has_no_address_even_after_a_request(
    wire: Wire, kept: Site, app: Registered, clock: MovableClock
) -> None:
    output(sign_in(wire, app))
    clock.advance(1)
    user = kept.services.users.describe(kept.pool.id, USERNAME)
    kept.services.sessions.begin(user, replacing=None, registration=kept.services.app_clients.find(app.client_id))

    assert [event["EventContextData"] for event in events(wire, kept)] == [{}, {"IpAddress": LOCAL}]


def test_pages_go_back_in_time_and_hold_every_event_once(
    wire: Wire, kept: Site, app: Registered, kim: dict[str, str], clock: MovableClock
) -> None:
    for number in range(5):
        output(sign_in(wire, app))
        clock.advance(number % 2)  # some in the same instant

    whole = [event["EventId"] for event in events(wire, kept)]
    paged, token = [], {}
    while True:
        answer = output(wire("AdminListUserAuthEvents", {**kim, "MaxResults": 2, **token}))
        paged += [event["EventId"] for event in answer["AuthEvents"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}

    assert paged == whole
    assert len(set(whole)) == 5
    assert len(events(wire, kept, MaxResults=0)) == 5
    refused = wire("AdminListUserAuthEvents", {**kim, "NextToken": "made-up"})
    assert refusal(refused)[0] == "InvalidParameterException"


def test_pool_without_the_mode_keeps_and_shows_nothing(
    wire: Wire, site: Site, app: Registered, kim: dict[str, str]
) -> None:
    output(sign_in(wire, app))
    refusal(sign_in(wire, app, WRONG))
    feedback = {**kim, "EventId": "x", "FeedbackValue": "Valid"}

    for refused in (wire("AdminListUserAuthEvents", kim), wire("AdminUpdateAuthEventFeedback", feedback)):
        assert refusal(refused) == (
            "UserPoolAddOnNotEnabledException",
            "Threat protection is not enabled for the user pool.",
        )
    assert site.row_counts()["authz_auth_events"] == 0
    keep(site)
    assert events(wire, site) == []


def test_unknown_pools_and_users_are_refused(wire: Wire, kept: Site, kim: dict[str, str]) -> None:
    for change, code in (
        ({"UserPoolId": "us-east-1_000000000"}, "ResourceNotFoundException"),
        ({"Username": "nobody"}, "UserNotFoundException"),
    ):
        for operation, more in (
            ("AdminListUserAuthEvents", {}),
            ("AdminUpdateAuthEventFeedback", {"EventId": "x", "FeedbackValue": "Valid"}),
        ):
            assert refusal(wire(operation, kim | change | more))[0] == code


@pytest.mark.attack("LCK-6")
def test_failures_of_an_hour_do_not_fill_the_record(
    wire: Wire, kept: Site, app: Registered, kim: dict[str, str], clock: MovableClock
) -> None:
    output(wire("AdminDisableUser", kim))
    for _ in range(FAILURES_PER_HOUR + 5):
        sign_in(wire, app)
    assert kept.row_counts()["authz_auth_events"] == FAILURES_PER_HOUR

    clock.advance(HOUR)
    sign_in(wire, app)
    assert kept.row_counts()["authz_auth_events"] == FAILURES_PER_HOUR + 1


@pytest.mark.attack("ENU-7")
def test_names_that_nobody_has_leave_no_record(wire: Wire, kept: Site, app: Registered) -> None:
    sign_in(wire, app, name="nobody")

    assert kept.row_counts()["authz_auth_events"] == 0


def test_record_of_a_user_goes_with_the_user(wire: Wire, kept: Site, app: Registered, kim: dict[str, str]) -> None:
    output(sign_in(wire, app))
    output(wire("AdminDeleteUser", kim))

    assert kept.row_counts()["authz_auth_events"] == 0


def test_sign_in_costs_what_it_did_where_nothing_is_kept(wire: Wire, site: Site, app: Registered) -> None:
    output(sign_in(wire, app))
    costs = []
    for mode in ("OFF", "AUDIT"):
        keep(site, mode)
        with cost_on(site.services.engine) as cost:
            output(sign_in(wire, app))
        costs.append(cost)
    before, after = costs
    assert [more - less for more, less in zip(after.figures, before.figures, strict=True)] == [1, 1, 0]
    assert "authz_auth_events" not in str(before)


@pytest.mark.attack("R15")
@pytest.mark.parametrize("flow", ["USER_PASSWORD_AUTH", "USER_SRP_AUTH", "EMAIL_OTP", "ConfirmSignUp"])
def test_a_failure_costs_as_many_transactions_for_a_name_that_nobody_has(wire: Wire, kept: Site, flow: str) -> None:
    hiding = kept.client(
        explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH"),
        prevent_user_existence_errors="ENABLED",
    )
    if flow == "EMAIL_OTP":
        factors = ["PASSWORD", "EMAIL_OTP"]
        body = {"UserPoolId": kept.pool.id, "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": factors}}}
        add_ons = {"UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}
        output(wire("UpdateUserPool", {**body, **add_ons, "AutoVerifiedAttributes": ["email"]}))

    def fail(name: str) -> tuple[int, tuple[str, str]]:
        client: Body = {"ClientId": hiding.client_id}
        if flow == "ConfirmSignUp":
            operation, body = flow, {**client, "Username": name, "ConfirmationCode": "000000"}
        elif flow == "EMAIL_OTP":
            asked = {"USERNAME": name, "PREFERRED_CHALLENGE": flow}
            begun = output(
                wire("InitiateAuth", {**client, "AuthFlow": "USER_AUTH", "AuthParameters": asked}, signed=False)
            )
            answers = {"USERNAME": name, "EMAIL_OTP_CODE": "00000000"}
            session = {"ChallengeName": flow, "Session": begun["Session"]}
            operation, body = "RespondToAuthChallenge", {**client, **session, "ChallengeResponses": answers}
        elif flow == "USER_SRP_AUTH":
            srp = SrpClient(kept.pool.id, WRONG)
            asked = {"USERNAME": name, "SRP_A": srp.a}
            begun = output(wire("InitiateAuth", {**client, "AuthFlow": flow, "AuthParameters": asked}, signed=False))
            answers = srp.responses(begun["ChallengeParameters"])
            operation = "RespondToAuthChallenge"
            body = {**client, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": answers}
        else:
            operation, asked = "InitiateAuth", {"USERNAME": name, "PASSWORD": WRONG}
            body = {**client, "AuthFlow": flow, "AuthParameters": asked}
        with cost_on(kept.services.engine) as cost:
            refused = refusal(wire(operation, body, signed=False))
        return cost.commits, refused

    assert fail(USERNAME) == fail("nobody")


def test_prune_deletes_what_is_older_than_the_setting(sqlite_url_migrated: str, clock: MovableClock) -> None:
    keys = {ACCESS_KEY: SECRET_KEY}
    site = make_site(sqlite_url_migrated, clock, AUTHZ_AUTH_EVENT_DAYS=2, AUTHZ_ACCESS_KEYS=keys)
    wire = Wire(site.app)
    keep(site)
    app = site.client(explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH",))
    sign_in(wire, app)
    clock.advance(2 * 24 * HOUR - 1)
    sign_in(wire, app)
    site.services.upkeep.prune()
    assert site.row_counts()["authz_auth_events"] == 2

    clock.advance(1)
    assert site.services.upkeep.prune()["authz_auth_events"] == 1
    assert site.row_counts()["authz_auth_events"] == 1
