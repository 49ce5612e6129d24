"""Triggers as boto3 sees them, over a socket (api.md 4.13, 4.14, 4.17, 4.29)."""

from collections.abc import Callable
from typing import Any

import pytest

from app_client_authz import AppClientAuthz
from app_client_authz.api.local_client import LocalClient
from app_client_authz.domain.trigger import Event
from tests.api.test_self_service import change, pool_with
from tests.api.test_sign_in import FLOWS, FRESH, TEMPORARY, refused, sign_in
from tests.api.test_sign_up import LEE, MAIL, codes, confirm, resend, sign_up
from tests.support.site import PASSWORD, USERNAME, Registered, Site, claims

SENT = {"ClientMetadata": {"shop": "north"}}
UNRECOGNIZABLE = ("InvalidLambdaResponseException", "Unrecognizable lambda output")


@pytest.fixture
def app_client(site: Site) -> Registered:
    """A public client of a pool that verifies e-mail addresses by itself."""
    pool_with(site, auto_verified_attributes=("email",))
    return site.client(client_name="app", explicit_auth_flows=FLOWS)


@pytest.fixture
def seen(site: Site) -> list[Event]:
    """Every event of every trigger, in order: each is registered as a host does it."""
    events: list[Event] = []
    authz = AppClientAuthz()

    def keep(event: Event) -> Event:
        events.append({**event, "request": dict(event["request"])})
        return event

    for name in ("PreSignUp", "PostConfirmation", "CustomMessage", "PreTokenGeneration"):
        authz.trigger(name, app=site.app)(keep)
    return events


def trigger(site: Site, name: str, **more: Any) -> Callable[[Any], Any]:
    return AppClientAuthz().trigger(name, app=site.app, **more)


def told(events: list[Event]) -> list[tuple[str, Any]]:
    """Source and ClientMetadata of each event; the list is emptied."""
    found = [(event["triggerSource"], event["request"].get("clientMetadata")) for event in events]
    events.clear()
    return found


# --- what comes along -------------------------------------------------------------------------------------


def test_metadata_reaches_the_triggers_of_its_own_operation(
    cognito: Any, site: Site, app_client: Registered, seen: list[Event]
) -> None:
    north = {"shop": "north"}
    sign_up(cognito, app_client, MAIL, ValidationData=[{"Name": "captcha", "Value": "7"}], **SENT)
    assert seen[0]["request"]["validationData"] == {"captcha": "7"}
    assert {event["callerContext"]["clientId"] for event in seen} == {app_client.client_id}
    assert told(seen) == [("PreSignUp_SignUp", north), ("CustomMessage_SignUp", north)]

    cognito.resend_confirmation_code(ClientId=app_client.client_id, Username=LEE, **SENT)
    assert told(seen) == [("CustomMessage_ResendCode", north)]
    confirm(cognito, app_client, codes(site)[0], **SENT)
    assert told(seen) == [("PostConfirmation_ConfirmSignUp", north)]

    cognito.forgot_password(ClientId=app_client.client_id, Username=LEE, **SENT)
    assert told(seen) == [("CustomMessage_ForgotPassword", north)]
    cognito.confirm_forgot_password(
        ClientId=app_client.client_id, Username=LEE, ConfirmationCode=codes(site)[0], Password=FRESH, **SENT
    )
    assert told(seen) == [("PostConfirmation_ConfirmForgotPassword", north)]

    token = sign_in(cognito, app_client, LEE, FRESH)["AuthenticationResult"]["AccessToken"]
    told(seen)
    cognito.update_user_attributes(AccessToken=token, UserAttributes=change(("email", "new@example.com")), **SENT)
    assert told(seen) == [("CustomMessage_UpdateUserAttribute", north)]
    cognito.get_user_attribute_verification_code(AccessToken=token, AttributeName="email", **SENT)
    assert told(seen) == [("CustomMessage_VerifyUserAttribute", north)]


def test_metadata_of_an_administrator_reaches_them_too(
    cognito: Any, site: Site, app_client: Registered, seen: list[Event]
) -> None:
    north, pool = {"shop": "north"}, site.pool.id
    cognito.admin_create_user(
        UserPoolId=pool,
        Username="ada",
        UserAttributes=change(("email", "ada@example.com"), ("email_verified", "true")),
        ValidationData=[{"Name": "why", "Value": "hired"}],
        DesiredDeliveryMediums=["EMAIL"],
        **SENT,
    )
    assert seen[0]["request"]["validationData"] == {"why": "hired"}
    assert {event["callerContext"]["clientId"] for event in seen} == {"CLIENT_ID_NOT_APPLICABLE"}
    assert told(seen) == [("PreSignUp_AdminCreateUser", north), ("CustomMessage_AdminCreateUser", north)]
    cognito.admin_create_user(
        UserPoolId=pool, Username="ada", MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"], **SENT
    )
    assert told(seen) == [("CustomMessage_AdminCreateUser", north)]

    sign_up(cognito, app_client, MAIL)
    told(seen)
    cognito.admin_confirm_sign_up(UserPoolId=pool, Username=LEE, **SENT)
    assert told(seen) == [("PostConfirmation_ConfirmSignUp", north)]
    cognito.admin_update_user_attributes(
        UserPoolId=pool, Username=LEE, UserAttributes=change(("email_verified", "true"))
    )
    cognito.admin_reset_user_password(UserPoolId=pool, Username=LEE, **SENT)
    assert told(seen) == [("CustomMessage_ForgotPassword", north)]


def test_metadata_reaches_tokens_from_an_answer_and_from_a_refresh_but_not_from_the_start(
    cognito: Any, site: Site, app_client: Registered, seen: list[Event]
) -> None:
    north, client_id = {"shop": "north"}, app_client.client_id
    parameters = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    begun = cognito.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters, **SENT)
    refresh_token = begun["AuthenticationResult"]["RefreshToken"]
    assert told(seen) == [("TokenGeneration_Authentication", None)]

    cognito.initiate_auth(
        ClientId=client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": refresh_token}, **SENT
    )
    cognito.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=refresh_token, **SENT)
    assert told(seen) == [("TokenGeneration_RefreshTokens", None), ("TokenGeneration_RefreshTokens", north)]

    site.services.users.create(site.pool.id, "ada", {"email": "ada@example.com"}, password=TEMPORARY)
    told(seen)
    challenge = sign_in(cognito, app_client, "ada", TEMPORARY)
    cognito.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "ada", "NEW_PASSWORD": FRESH},
        **SENT,
    )
    assert told(seen) == [("TokenGeneration_NewPasswordChallenge", north)]


# --- what they decide ----------------------------------------------------------------------------------------


def test_a_sign_up_that_a_trigger_confirms_is_told_so(cognito: Any, site: Site, app_client: Registered) -> None:
    @trigger(site, "PreSignUp")
    def confirm_all(event: Event, context: object) -> Event:
        event["response"]["autoConfirmUser"] = True
        event["response"]["autoVerifyEmail"] = True
        return event

    answer = sign_up(cognito, app_client, MAIL)

    assert answer["UserConfirmed"] is True
    assert "CodeDeliveryDetails" not in answer
    assert sign_in(cognito, app_client, LEE)["AuthenticationResult"]
    assert refused(resend, cognito=cognito, client=app_client) == (
        "InvalidParameterException",
        "User is already confirmed.",
    )


def test_the_words_of_a_message_are_the_triggers(cognito: Any, site: Site, app_client: Registered) -> None:
    @trigger(site, "CustomMessage")
    def words(event: Event) -> Event:
        code = event["request"]["codeParameter"]
        event["response"] |= {"emailSubject": "Ahoy", "emailMessage": f"Code: {code}"}
        return event

    sign_up(cognito, app_client, MAIL)

    assert site.services.outbox is not None
    (kept,) = site.services.outbox.of_user(site.pool.id, site.services.users.describe(site.pool.id, LEE).sub)
    assert (kept.subject, kept.body) == ("Ahoy", f"Code: {kept.code}")


def test_api_tokens_get_custom_scopes_from_a_trigger(cognito: Any, site: Site, app_client: Registered) -> None:
    @trigger(site, "PreTokenGeneration", version="V2_0")
    def add(event: Event) -> Event:
        assert event["request"]["scopes"] == ["aws.cognito.signin.user.admin"]
        event["response"] = {
            "claimsAndScopeOverrideDetails": {
                "accessTokenGeneration": {"scopesToAdd": ["orders/read"], "claimsToAddOrOverride": {"tenant": 7}},
                "idTokenGeneration": {"claimsToSuppress": ["email"]},
            }
        }
        return event

    result = sign_in(cognito, app_client)["AuthenticationResult"]

    access, identity = claims(result["AccessToken"]), claims(result["IdToken"])
    assert access["scope"] == "aws.cognito.signin.user.admin orders/read"
    assert access["tenant"] == 7
    assert "email" not in identity
    assert cognito.get_user(AccessToken=result["AccessToken"])["Username"] == USERNAME


def test_without_the_admin_scope_a_token_opens_nothing_here(cognito: Any, site: Site, app_client: Registered) -> None:
    @trigger(site, "PreTokenGeneration", version="V2_0")
    def suppress(event: Event) -> Event:
        details = {"accessTokenGeneration": {"scopesToSuppress": ["aws.cognito.signin.user.admin"]}}
        event["response"]["claimsAndScopeOverrideDetails"] = details
        return event

    token = sign_in(cognito, app_client)["AuthenticationResult"]["AccessToken"]

    assert claims(token)["scope"] == ""
    assert refused(cognito.get_user, AccessToken=token) == (
        "NotAuthorizedException",
        "Access Token does not have required scopes",
    )


# --- failures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["PreSignUp", "CustomMessage"])
def test_what_a_trigger_raises_is_told_to_the_caller(
    cognito: Any, site: Site, app_client: Registered, name: str
) -> None:
    @trigger(site, name)
    def fail(event: Event) -> Event:
        raise LookupError("Not \N{SNOWMAN} now")

    code, message = refused(lambda: sign_up(cognito, app_client, MAIL))

    assert (code, message) == ("UserLambdaValidationException", f"{name} failed with error Not \N{SNOWMAN} now.")


@pytest.mark.parametrize(
    "answer", [None, "event", {}, {"response": {"autoConfirmUser": "yes"}}, {"response": {"autoVerifyPhone": True}}]
)
def test_what_is_no_answer_is_unrecognizable(cognito: Any, site: Site, app_client: Registered, answer: object) -> None:
    trigger(site, "PreSignUp")(lambda event: answer)

    assert refused(lambda: sign_up(cognito, app_client, MAIL)) == UNRECOGNIZABLE
    assert cognito.list_users(UserPoolId=site.pool.id, Filter=f'username = "{LEE}"')["Users"] == []


def test_tokens_fail_as_the_trigger_says_and_the_refresh_token_stays_good(
    cognito: Any, site: Site, app_client: Registered
) -> None:
    result = sign_in(cognito, app_client)["AuthenticationResult"]
    fails = [True]

    @trigger(site, "PreTokenGeneration")
    def sometimes(event: Event) -> Event:
        if fails:
            raise RuntimeError("later")
        return event

    expected = ("UserLambdaValidationException", "PreTokenGeneration failed with error later.")
    renew = {"ClientId": app_client.client_id, "RefreshToken": result["RefreshToken"]}
    assert refused(cognito.get_tokens_from_refresh_token, **renew) == expected
    assert refused(sign_in, cognito=cognito, client=app_client) == expected
    fails.clear()
    assert cognito.get_tokens_from_refresh_token(**renew)["AuthenticationResult"]["AccessToken"]


def test_in_the_same_process_it_is_the_same_exception(local: LocalClient, site: Site, app_client: Registered) -> None:
    @trigger(site, "PreSignUp", pool_id=site.pool.id)
    def fail(event: Event) -> Event:
        raise LookupError("no")

    with pytest.raises(local.exceptions.UserLambdaValidationException, match="PreSignUp failed with error no"):
        sign_up(local, app_client, MAIL)


def test_a_trigger_may_call_the_same_pool(local: LocalClient, site: Site, app_client: Registered) -> None:
    @trigger(site, "PreSignUp")
    def one_per_address(event: Event) -> Event:
        address = event["request"]["userAttributes"]["email"]
        if local.list_users(UserPoolId=event["userPoolId"], Filter=f'email = "{address}"')["Users"]:
            raise ValueError("this address is taken")
        return event

    sign_up(local, app_client, MAIL)

    code, message = refused(lambda: sign_up(local, app_client, MAIL, name="lee2"))
    assert (code, message) == (
        "UserLambdaValidationException",
        "PreSignUp failed with error this address is taken.",
    )
