"""What triggers decide, and that what they refuse leaves nothing behind."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.crypto import digests, jwts
from app_client_authz.domain.errors import (
    AliasExists,
    AuthzError,
    InvalidGrant,
    InvalidLambdaResponse,
    TriggerFailed,
    UserLambdaValidation,
    UsernameExists,
)
from app_client_authz.domain.message import MessageKind
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.domain.trigger import Caller, Event
from app_client_authz.domain.user import Group, UserStatus
from app_client_authz.storage.tables import metadata
from tests.services.test_delivery import Recorder
from tests.services.test_races import at_once
from tests.services.world import (
    BASE,
    CALLBACK,
    CHALLENGE,
    PASSWORD,
    VERIFIER,
    World,
    claims,
    rotation,
    services_over,
    world_over,
)
from tests.support.clock import MovableClock

MAIL = {"email": "lee@example.com"}
FRESH = "Fresh-passw0rd!"
FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
SENT = Caller("whoever", {"shop": "north"}, {"captcha": "7"})


class Witness:
    """A trigger that keeps every event, and answers as it is told to."""

    def __init__(self, **response: Any) -> None:
        self.events: list[Event] = []
        self._response = response

    def __call__(self, event: Event) -> Event:
        self.events.append({**event, "request": dict(event["request"])})
        event["response"].update(self._response)
        return event

    @property
    def sources(self) -> list[str]:
        return [event["triggerSource"] for event in self.events]


def refuse(event: Event) -> None:
    raise PermissionError("not today")


def register(world: World, name: str, handler: Callable[..., Any], **more: Any) -> None:
    world.services.triggers.own.register(name, handler, **more)


def witness(world: World, name: str, *, version: str | None = None, **response: Any) -> Witness:
    seen = Witness(**response)
    register(world, name, seen, version=version)
    return seen


def table_sizes(engine: sa.Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


@pytest.fixture
def sender() -> Recorder:
    return Recorder()


@pytest.fixture
def world(sqlite_engine: sa.Engine, clock: MovableClock, sender: Recorder) -> World:
    """A pool that verifies e-mail addresses, which are aliases."""
    services = services_over(sqlite_engine, clock, sender=sender)
    spec = PoolSpec(name="customers", auto_verified_attributes=("email",), alias_attributes=("email",))
    return World(services, clock, services.pools.create(spec))


@pytest.fixture
def client(world: World) -> Registration:
    return world.client(generate_secret=False, explicit_auth_flows=FLOWS)


def machine(world: World) -> Registration:
    """A client of its own, with one custom scope."""
    scopes = [ResourceServerScope("read", "Read")]
    world.services.resource_servers.create(
        ResourceServer.create(pool_id=world.pool.id, identifier="orders", name="Orders", scopes=scopes)
    )
    return world.client(
        allowed_oauth_flows=("client_credentials",), allowed_oauth_scopes=("orders/read",), callback_urls=None
    )


def status_of(world: World, name: str) -> UserStatus:
    return world.services.users.describe(world.pool.id, name).status


# --- PreSignUp ---------------------------------------------------------------------------------------------


def test_pre_sign_up_is_told_what_was_sent(world: World, client: Registration) -> None:
    seen = witness(world, "PreSignUp")
    world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL, SENT)

    (event,) = seen.events
    assert event["triggerSource"] == "PreSignUp_SignUp"
    assert (event["userPoolId"], event["userName"]) == (world.pool.id, "lee")
    assert event["callerContext"]["clientId"] == "whoever"
    assert event["request"] == {
        "userAttributes": {"email": "lee@example.com", "email_verified": "false"},
        "validationData": {"captcha": "7"},
        "clientMetadata": {"shop": "north"},
    }


def test_a_refused_sign_up_leaves_nothing(
    world: World, client: Registration, sqlite_engine: sa.Engine, sender: Recorder
) -> None:
    register(world, "PreSignUp", refuse)
    before = table_sizes(sqlite_engine)

    with pytest.raises(UserLambdaValidation, match=r"PreSignUp failed with error not today."):
        world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)

    assert table_sizes(sqlite_engine) == before
    assert sender.sent == []


def test_a_user_can_be_confirmed_at_once(world: World, client: Registration, sender: Recorder) -> None:
    witness(world, "PreSignUp", autoConfirmUser=True, autoVerifyEmail=True)
    told = witness(world, "PostConfirmation")
    done = world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL, SENT)

    assert (done.user.status, done.sent) == (UserStatus.CONFIRMED, None)
    assert sender.sent == []
    assert world.sign_in(client, "lee@example.com").attributes["email_verified"] == "true"
    (event,) = told.events
    assert event["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    assert event["request"]["clientMetadata"] == {"shop": "north"}
    assert event["request"]["userAttributes"] == {
        "sub": done.user.sub,
        "cognito:user_status": "CONFIRMED",
        "email": "lee@example.com",
        "email_verified": "true",
    }


def test_a_verified_user_who_is_not_confirmed_still_gets_a_code(
    world: World, client: Registration, sender: Recorder
) -> None:
    witness(world, "PreSignUp", autoVerifyEmail=True)
    done = world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)
    assert done.user.status == UserStatus.UNCONFIRMED

    world.services.sign_up.confirm(client, "lee", sender.sent[0].code)
    assert status_of(world, "lee") == UserStatus.CONFIRMED


@pytest.mark.attack("R16")
def test_a_verified_alias_of_somebody_else_is_not_moved_by_a_trigger(world: World, client: Registration) -> None:
    kim = world.user("kim", email_verified="true")
    witness(world, "PreSignUp", autoConfirmUser=True, autoVerifyEmail=True)

    with pytest.raises(AliasExists):
        world.services.sign_up.sign_up(client, "lee", PASSWORD, {"email": "kim@example.com"})

    assert world.sign_in(client, "kim@example.com").sub == kim.sub


def test_an_address_that_is_not_there_cannot_be_verified(
    world: World, client: Registration, sqlite_engine: sa.Engine
) -> None:
    witness(world, "PreSignUp", autoVerifyPhone=True)
    before = table_sizes(sqlite_engine)

    with pytest.raises(InvalidLambdaResponse):
        world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)

    assert table_sizes(sqlite_engine) == before


def test_nobody_is_asked_about_a_name_that_is_taken(world: World, client: Registration) -> None:
    world.user("kim")
    seen = witness(world, "PreSignUp")

    with pytest.raises(UsernameExists, match="User already exists"):
        world.services.sign_up.sign_up(client, "kim", PASSWORD, {})
    with pytest.raises(UsernameExists):
        world.services.invitations.create(world.pool.id, "kim", {})

    assert seen.events == []


def test_an_administrators_user_can_be_refused_but_not_confirmed(world: World, sqlite_engine: sa.Engine) -> None:
    seen = witness(world, "PreSignUp", autoConfirmUser=True, autoVerifyEmail=True)
    made = world.services.invitations.create(world.pool.id, "lee", MAIL, mediums=["EMAIL"])
    assert made.status == UserStatus.FORCE_CHANGE_PASSWORD
    assert made.attributes == MAIL
    assert seen.sources == ["PreSignUp_AdminCreateUser"]
    assert seen.events[0]["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"

    register(world, "PreSignUp", refuse)
    before = table_sizes(sqlite_engine)
    with pytest.raises(UserLambdaValidation):
        world.services.invitations.create(world.pool.id, "ada", MAIL)
    assert table_sizes(sqlite_engine) == before


def test_where_addresses_are_names_the_username_is_the_one_to_come(
    sqlite_engine: sa.Engine, clock: MovableClock
) -> None:
    world = world_over(sqlite_engine, clock, spec=PoolSpec(name="mail", username_attributes=("email",)))
    seen = witness(world, "PreSignUp", autoConfirmUser=True, autoVerifyEmail=True)
    client = world.client(generate_secret=False)
    done = world.services.sign_up.sign_up(client, "lee@example.com", PASSWORD, {})

    assert seen.events[0]["userName"] == done.user.sub
    assert seen.events[0]["request"]["userAttributes"]["email"] == "lee@example.com"
    with pytest.raises(UsernameExists, match=r"An account with the given email already exists."):
        world.services.sign_up.sign_up(client, "lee@example.com", PASSWORD, {})
    assert len(seen.events) == 1


# --- PostConfirmation ----------------------------------------------------------------------------------------


def test_post_confirmation_is_told_of_every_way_to_be_confirmed(
    world: World, client: Registration, sender: Recorder
) -> None:
    seen = witness(world, "PostConfirmation")
    for name in ("lee", "ada"):
        world.services.sign_up.sign_up(client, name, PASSWORD, {"email": f"{name}@example.com"})
    assert seen.events == []

    world.services.sign_up.confirm(client, "lee", sender.sent[0].code, SENT)
    world.services.users.confirm(world.pool.id, "ada", Caller(None, {"by": "admin"}))
    world.services.recovery.forgot(client, "lee")
    world.services.recovery.confirm(client, "lee", sender.sent[-1].code, FRESH, SENT)

    assert seen.sources == [
        "PostConfirmation_ConfirmSignUp",
        "PostConfirmation_ConfirmSignUp",
        "PostConfirmation_ConfirmForgotPassword",
    ]
    assert [event["userName"] for event in seen.events] == ["lee", "ada", "lee"]
    assert seen.events[0]["request"]["userAttributes"]["email_verified"] == "true"
    assert seen.events[1]["request"]["clientMetadata"] == {"by": "admin"}
    assert [event["request"]["userAttributes"]["cognito:user_status"] for event in seen.events] == ["CONFIRMED"] * 3


def test_what_post_confirmation_refuses_has_happened(world: World, client: Registration, sender: Recorder) -> None:
    register(world, "PostConfirmation", refuse)
    world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)

    with pytest.raises(UserLambdaValidation, match=r"PostConfirmation failed with error not today."):
        world.services.sign_up.confirm(client, "lee", sender.sent[0].code)

    assert status_of(world, "lee") == UserStatus.CONFIRMED


# --- CustomMessage ---------------------------------------------------------------------------------------------


def test_a_custom_message_replaces_words_and_keeps_the_code(
    world: World, client: Registration, sender: Recorder
) -> None:
    words = {"emailSubject": "Hello", "emailMessage": "<p>{####} it is, <b>{username}</b></p>"}
    seen = witness(world, "CustomMessage", **words)
    world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL, SENT)

    (message,) = sender.sent
    assert (message.kind, message.subject) == (MessageKind.CONFIRM_SIGN_UP, "Hello")
    assert message.body == f"{message.code} it is, lee"
    assert message.html == f"<p>{message.code} it is, <b>lee</b></p>"
    (event,) = seen.events
    assert message.code not in str(event)
    assert event["request"]["clientMetadata"] == {"shop": "north"}


def test_each_occasion_has_its_source(world: World, client: Registration, sender: Recorder) -> None:
    seen = witness(world, "CustomMessage")
    world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)
    world.services.sign_up.resend(client, "lee")
    world.services.sign_up.confirm(client, "lee", sender.sent[-1].code)
    world.services.recovery.forgot(client, "lee")
    world.services.recovery.require_reset(world.pool.id, "lee")
    world.services.recovery.confirm(client, "lee", sender.sent[-1].code, FRESH)
    user = world.sign_in(client, "lee", FRESH)
    token = world.services.tokens.sign_in(client, user, digests.random_uuid(), BASE).access_token
    world.services.own_attributes.update(token, BASE, {"email": "new@example.com"}, {"why": "moved"})
    world.services.own_attributes.send_code(token, BASE, "email", {"why": "again"})
    both = {"email": "ada@example.com", "phone_number": "+15550100"}
    world.services.invitations.create(world.pool.id, "ada", both, mediums=["EMAIL", "SMS"])

    assert seen.sources == [
        "CustomMessage_SignUp",
        "CustomMessage_ResendCode",
        "CustomMessage_ForgotPassword",
        "CustomMessage_ForgotPassword",
        "CustomMessage_UpdateUserAttribute",
        "CustomMessage_VerifyUserAttribute",
        "CustomMessage_AdminCreateUser",
    ]
    assert [event["request"].get("clientMetadata") for event in seen.events[4:6]] == [
        {"why": "moved"},
        {"why": "again"},
    ]
    assert seen.events[4]["callerContext"]["clientId"] == client.client.client_id
    assert len(sender.sent) == len(seen.events) + 1  # one template for both of an invitation


def test_who_gets_no_message_needs_no_words(world: World) -> None:
    seen = witness(world, "CustomMessage")
    world.services.invitations.create(world.pool.id, "ada", {}, mediums=None)

    assert seen.events == []


def test_a_message_without_the_code_is_not_sent_and_the_user_is_there(
    world: World, client: Registration, sender: Recorder
) -> None:
    witness(world, "CustomMessage", emailMessage="Hello!")
    with pytest.raises(InvalidLambdaResponse):
        world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)

    assert sender.sent == []
    assert status_of(world, "lee") == UserStatus.UNCONFIRMED


@pytest.mark.attack("R15")
def test_a_failing_message_does_not_tell_who_exists(world: World) -> None:
    hiding = world.client(generate_secret=False, prevent_user_existence_errors="ENABLED")
    world.user("kim", email_verified="true")
    register(world, "CustomMessage", refuse)

    assert world.services.recovery.forgot(hiding, "kim").destination == "k***@e***"
    assert world.services.recovery.forgot(hiding, "kim2@example.com").destination == "k***@e***"
    showing = world.client(generate_secret=False)
    with pytest.raises(UserLambdaValidation):
        world.services.recovery.forgot(showing, "kim")


# --- PreTokenGeneration ------------------------------------------------------------------------------------------


def claims_v2(**access: Any) -> dict[str, Any]:
    return {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": access}}


def test_each_source_of_tokens_asks(world: World) -> None:
    web = world.client(explicit_auth_flows=FLOWS, allowed_oauth_flows=("code", "implicit"))
    kim = world.user("kim")
    seen = witness(world, "PreTokenGeneration")
    tokens = world.tokens(web, kim)
    world.refresh(web, tokens)
    world.services.tokens.sign_in(web, kim, digests.random_uuid(), BASE)
    asked = {"client_id": web.client.client_id, "redirect_uri": CALLBACK, "response_type": "token"}
    request = world.services.authorization.judge({**asked, "scope": "openid email"})
    _, signed_in = world.services.sessions.begin(kim, replacing=None)
    world.services.authorization.complete(request, signed_in, BASE)

    assert seen.sources == [
        "TokenGeneration_HostedAuth",
        "TokenGeneration_RefreshTokens",
        "TokenGeneration_Authentication",
        "TokenGeneration_HostedAuth",
    ]
    assert {event["callerContext"]["clientId"] for event in seen.events} == {web.client.client_id}


def test_claims_and_scopes_are_the_triggers_and_the_session_keeps_its_own(world: World) -> None:
    web, kim = world.client(), world.user("kim")
    details = claims_v2(
        claimsToAddOrOverride={"tenant": {"name": "north"}, "sub": "somebody-else", "scope": "all"},
        scopesToAdd=["orders/write", "aws.cognito.signin.user.admin"],
        scopesToSuppress=["email"],
    )
    witness(world, "PreTokenGeneration", version="V2_0", **details)
    tokens = world.tokens(web, kim)

    said = claims(tokens.access_token)
    assert (said["sub"], said["scope"], said["tenant"]) == (kim.sub, "openid orders/write", {"name": "north"})
    assert tokens.scopes == ("openid", "orders/write")
    assert claims(tokens.id_token)["email"] == "kim@example.com"  # what the ID token shows goes by the grant

    world.services.triggers.own._registered.clear()
    assert world.refresh(web, tokens).scopes == ("openid", "email")


def test_the_hash_in_the_id_token_is_that_of_the_changed_access_token(world: World) -> None:
    web, kim = world.client(), world.user("kim")
    witness(world, "PreTokenGeneration", version="V2_0", **claims_v2(claimsToAddOrOverride={"tenant": "north"}))
    tokens = world.tokens(web, kim)

    assert claims(tokens.id_token)["at_hash"] == jwts.at_hash(tokens.access_token)


def test_userinfo_and_refresh_go_on_with_changed_tokens(world: World) -> None:
    web, kim = world.client(), world.user("kim")
    witness(world, "PreTokenGeneration", version="V2_0", **claims_v2(claimsToAddOrOverride={"plan": ["a", "b"]}))

    tokens = world.tokens(web, kim)
    assert world.userinfo(tokens)["sub"] == kim.sub
    assert world.userinfo(world.refresh(web, tokens))["sub"] == kim.sub


def test_the_pool_has_the_last_word_on_the_version(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:tokens"
    config = {"PreTokenGeneration": arn, "PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": arn}}
    world = world_over(sqlite_engine, clock, spec=PoolSpec(name="customers", lambda_config=config))
    seen = witness(world, "PreTokenGeneration", version="V1_0")
    world.tokens(world.client(), world.user("kim"))

    assert seen.events[0]["version"] == "2"
    assert seen.events[0]["request"]["scopes"] == ["openid", "email"]


@pytest.mark.attack("R6")
def test_a_refused_code_is_not_used_up(world: World, sqlite_engine: sa.Engine) -> None:
    web, kim = world.client(), world.user("kim")
    code = world.code(web, kim, code_challenge=CHALLENGE, code_challenge_method="S256")
    register(world, "PreTokenGeneration", refuse)
    before = table_sizes(sqlite_engine)

    with pytest.raises(UserLambdaValidation, match=r"PreTokenGeneration failed with error not today."):
        world.redeem(web, code, VERIFIER)
    assert table_sizes(sqlite_engine) == before

    world.services.triggers.own._registered.clear()
    assert world.redeem(web, code, VERIFIER).refresh_token is not None


def test_a_refused_refresh_rotates_nothing(world: World) -> None:
    web, kim = world.client(**rotation()), world.user("kim")
    tokens = world.tokens(web, kim)
    register(world, "PreTokenGeneration", refuse)
    with pytest.raises(UserLambdaValidation):
        world.refresh(web, tokens)

    world.services.triggers.own._registered.clear()
    assert world.refresh(web, tokens).refresh_token not in {None, tokens.refresh_token}


def test_a_refused_sign_in_opens_no_token_session(world: World, client: Registration, sqlite_engine: sa.Engine) -> None:
    kim = world.user("kim")
    register(world, "PreTokenGeneration", refuse)
    before = table_sizes(sqlite_engine)

    with pytest.raises(TriggerFailed):
        world.services.tokens.sign_in(client, kim, digests.random_uuid(), BASE)

    assert table_sizes(sqlite_engine) == before


def test_nobody_is_asked_about_tokens_that_nobody_gets(world: World) -> None:
    web, kim = world.client(**rotation()), world.user("kim")
    code = world.code(web, kim)
    tokens = world.redeem(web, code)
    world.refresh(web, tokens)
    seen = witness(world, "PreTokenGeneration")

    with pytest.raises(InvalidGrant):  # superseded
        world.refresh(web, tokens)
    with pytest.raises(InvalidGrant):  # replayed
        world.redeem(web, code)
    with pytest.raises(InvalidGrant):  # PKCE
        world.redeem(web, world.code(web, kim), VERIFIER)
    gone = world.tokens(web, kim)
    seen.events.clear()
    world.services.users.disable(world.pool.id, "kim")
    with pytest.raises(InvalidGrant):
        world.refresh(web, gone)

    assert seen.events == []


def test_a_machine_asks_version_3_and_gets_scopes_of_machines(world: World) -> None:
    registration = machine(world)
    details = claims_v2(claimsToAddOrOverride={"tenant": "north", "username": "kim"}, scopesToAdd=["openid", "x/y"])
    seen = witness(world, "PreTokenGeneration", version="V3_0", **details)
    tokens = world.services.machine_tokens.client_credentials(registration, None, BASE, {"env": "test"})

    (event,) = seen.events
    assert (event["userName"], event["version"]) == ("ClientCredentials", "3")
    assert event["request"]["clientMetadata"] == {"env": "test"}
    said = claims(tokens.access_token)
    assert said["tenant"] == "north"
    assert "username" not in said
    assert "openid" not in said["scope"].split()
    assert "x/y" in tokens.scopes


def test_users_tokens_of_a_version_1_trigger_leave_machines_alone(world: World) -> None:
    register(world, "PreTokenGeneration", refuse)

    assert world.services.machine_tokens.client_credentials(machine(world), None, BASE).access_token


# --- at the same moment --------------------------------------------------------------------------------------------


@pytest.mark.attack("R24")
def test_one_of_many_confirmed_at_once_has_the_name(engine: sa.Engine, clock: MovableClock) -> None:
    spec = PoolSpec(name="customers", alias_attributes=("email",))
    world = world_over(engine, clock, spec=spec)
    witness(world, "PreSignUp", autoConfirmUser=True, autoVerifyEmail=True)
    told = witness(world, "PostConfirmation")
    client = world.client(generate_secret=False)

    outcomes = at_once(
        [
            lambda name=name: world.services.sign_up.sign_up(client, name, PASSWORD, MAIL)  # type: ignore[misc]
            for name in ("lee", "lee", "ada", "bob")
        ]
    )

    winners = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    assert len(winners) == 1
    assert all(isinstance(outcome, AuthzError) for outcome in outcomes if outcome not in winners)
    assert [event["userName"] for event in told.events] == [winners[0].user.username]
    assert world.sign_in(client, "lee@example.com").sub == winners[0].user.sub


@pytest.mark.attack("R5")
def test_one_code_gives_tokens_once_however_many_triggers_agree(engine: sa.Engine, clock: MovableClock) -> None:
    world = world_over(engine, clock)
    witness(world, "PreTokenGeneration", version="V2_0", **claims_v2(claimsToAddOrOverride={"tenant": "north"}))
    web, kim = world.client(), world.user("kim")
    code = world.code(web, kim)

    outcomes = at_once([lambda: world.redeem(web, code) for _ in range(4)])

    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert all(isinstance(outcome, InvalidGrant) for outcome in outcomes if isinstance(outcome, Exception))


def test_a_user_disabled_while_the_trigger_thinks_gets_nothing(world: World) -> None:
    web, kim = world.client(), world.user("kim")

    def disable(event: Event) -> Event:
        world.services.users.disable(world.pool.id, "kim")
        return event

    register(world, "PreTokenGeneration", disable)
    with pytest.raises(InvalidGrant):
        world.tokens(web, kim)


def test_a_trigger_may_use_the_services(world: World, client: Registration) -> None:
    def create_another(event: Event) -> Event:
        world.services.groups.create(Group(world.pool.id, "fresh"))
        return event

    register(world, "PreSignUp", create_another)
    world.services.sign_up.sign_up(client, "lee", PASSWORD, MAIL)

    assert status_of(world, "lee") == UserStatus.UNCONFIRMED
