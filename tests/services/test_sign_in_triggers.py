"""Triggers at sign-in: PreAuthentication, PostAuthentication, UserMigration (api.md 4.2, part 6)."""

from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import (
    InvalidLambdaResponse,
    InvalidParameter,
    NotAuthorized,
    PasswordAttemptsExceeded,
    PasswordResetRequired,
    UserDisabled,
    UserLambdaValidation,
    UserNotFound,
)
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller, Event
from app_client_authz.domain.user import User, UserStatus
from tests.services.test_delivery import Recorder
from tests.services.test_races import at_once
from tests.services.test_triggers import Witness, refuse, register, status_of, table_sizes, witness
from tests.services.world import BASE, PASSWORD, WRONG_PASSWORD, World, services_over, world_over
from tests.support.clock import MovableClock

EVENT = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
OLD_PASSWORD = "old"
"""Right in the other directory; no policy here would take it."""


@pytest.fixture
def sender() -> Recorder:
    return Recorder()


@pytest.fixture
def world(sqlite_engine: sa.Engine, clock: MovableClock, sender: Recorder) -> World:
    services = services_over(sqlite_engine, clock, sender=sender)
    return World(services, clock, services.pools.create(PoolSpec(name="customers", alias_attributes=("email",))))


@pytest.fixture
def client(world: World) -> Registration:
    """It shows who exists."""
    return world.client(generate_secret=False)


@pytest.fixture
def hiding(world: World) -> Registration:
    return world.client(generate_secret=False, prevent_user_existence_errors="ENABLED")


def try_in(world: World, client: Registration, name: str, password: str, caller: Caller | None = None) -> Any:
    return world.services.authentication.sign_in(client, name, password, session_seconds=180, caller=caller)


class OtherDirectory(Witness):
    """Knows Lee, and what Lee's password is there."""

    def __call__(self, event: Event) -> Event:
        super().__call__(event)
        knows = event["userName"] in {"lee", "lee@example.com"}
        signs_in = event["triggerSource"] == "UserMigration_Authentication"
        if signs_in and knows and event["request"]["password"] != OLD_PASSWORD:
            raise PermissionError("Bad password")
        if not knows:
            event["response"]["userAttributes"] = None
        return event


def other_directory(world: World, **response: Any) -> OtherDirectory:
    attributes = {"email": "lee@example.com", "email_verified": "true", "username": "lee"}
    directory = OtherDirectory(userAttributes=attributes, **response)
    register(world, "UserMigration", directory)
    return directory


# --- PreAuthentication ----------------------------------------------------------------------------------------


def test_pre_authentication_is_asked_before_the_password_is_looked_at(world: World, client: Registration) -> None:
    kim = world.user("kim")
    seen = witness(world, "PreAuthentication")
    with pytest.raises(NotAuthorized):
        try_in(world, client, "kim", WRONG_PASSWORD, Caller("c", {}, {"ip": "::1"}))

    (event,) = seen.events
    assert event["triggerSource"] == "PreAuthentication_Authentication"
    assert event["userName"] == "kim"
    assert event["request"]["userAttributes"]["sub"] == kim.sub
    assert event["request"]["validationData"] == {"ip": "::1"}
    assert "userNotFound" not in event["request"]


def test_who_is_refused_there_has_tried_no_password(world: World, client: Registration) -> None:
    world.user("kim")
    register(world, "PreAuthentication", refuse)
    for _ in range(8):
        with pytest.raises(UserLambdaValidation, match="PreAuthentication failed with error not today"):
            try_in(world, client, "kim", WRONG_PASSWORD)

    world.services.triggers.own._registered.clear()
    assert world.sign_in(client, "kim").username == "kim"


def test_the_status_comes_first_where_it_is_shown(world: World, client: Registration) -> None:
    world.user("kim")
    seen = witness(world, "PreAuthentication")
    world.services.users.disable(world.pool.id, "kim")

    with pytest.raises(UserDisabled):
        try_in(world, client, "kim", PASSWORD)
    with pytest.raises(UserNotFound):
        try_in(world, client, "nobody", PASSWORD)
    assert seen.events == []


def test_an_unknown_name_is_asked_about_where_it_is_hidden(world: World, hiding: Registration) -> None:
    seen = witness(world, "PreAuthentication")
    with pytest.raises(NotAuthorized):
        try_in(world, hiding, "nobody", PASSWORD)

    (event,) = seen.events
    assert event["userName"] == "nobody"
    assert event["request"]["userNotFound"] is True
    assert event["request"]["userAttributes"] == {}


# --- PostAuthentication ---------------------------------------------------------------------------------------


def test_post_authentication_refuses_tokens_and_browser_sessions(
    world: World, client: Registration, sqlite_engine: sa.Engine
) -> None:
    kim = world.user("kim")
    register(world, "PostAuthentication", refuse)
    before = table_sizes(sqlite_engine)

    with pytest.raises(UserLambdaValidation, match="PostAuthentication failed with error not today"):
        world.services.tokens.sign_in(client, kim, EVENT, BASE)
    with pytest.raises(UserLambdaValidation):
        world.services.sessions.begin(kim, replacing=None)

    assert table_sizes(sqlite_engine) == before


def test_post_authentication_comes_before_the_tokens_are_made(world: World, client: Registration) -> None:
    kim = world.user("kim")
    seen = Witness()
    register(world, "PreTokenGeneration", seen)
    register(world, "PostAuthentication", seen)
    world.services.tokens.sign_in(client, kim, EVENT, BASE, metadata={"shop": "north"})

    assert seen.sources == ["PostAuthentication_Authentication", "TokenGeneration_Authentication"]
    assert seen.events[0]["request"] == {
        "userAttributes": {"sub": kim.sub, "cognito:user_status": "CONFIRMED", **kim.attributes},
        "newDeviceUsed": False,
        "clientMetadata": {"shop": "north"},
    }


# --- UserMigration at sign-in ------------------------------------------------------------------------------------


def test_a_user_of_another_directory_signs_in_and_is_there_from_then_on(
    world: World, client: Registration, sender: Recorder
) -> None:
    directory = other_directory(world)
    lee = try_in(world, client, "lee", OLD_PASSWORD, Caller("c", {}, {"ip": "::1"}))
    assert isinstance(lee, User)
    assert (lee.status, lee.attributes["email"]) == (UserStatus.CONFIRMED, "lee@example.com")
    assert "username" not in lee.attributes

    assert world.sign_in(client, "lee", OLD_PASSWORD).sub == lee.sub
    assert world.sign_in(client, "lee@example.com", OLD_PASSWORD).sub == lee.sub
    (event,) = directory.events
    assert event["triggerSource"] == "UserMigration_Authentication"
    assert event["request"] == {"password": OLD_PASSWORD, "validationData": {"ip": "::1"}}
    assert sender.sent == []


def test_the_name_of_the_user_is_the_triggers_where_an_alias_was_sent(world: World, client: Registration) -> None:
    other_directory(world)

    assert try_in(world, client, "lee@example.com", OLD_PASSWORD).username == "lee"


def test_where_names_are_shown_the_trigger_says_what_is_wrong(world: World, client: Registration) -> None:
    other_directory(world)
    with pytest.raises(UserLambdaValidation, match="UserMigration failed with error Bad password"):
        try_in(world, client, "lee", "wrong")
    with pytest.raises(UserNotFound):
        try_in(world, client, "nobody", "x")


@pytest.mark.attack("R15")
def test_where_names_are_hidden_everything_is_a_wrong_password(world: World, hiding: Registration) -> None:
    other_directory(world)
    world.user("kim")
    for name in ("lee", "nobody", "kim"):
        with pytest.raises(NotAuthorized, match=r"^Incorrect username or password\.$"):
            try_in(world, hiding, name, "wrong")

    assert try_in(world, hiding, "lee", OLD_PASSWORD).username == "lee"


@pytest.mark.attack("R14")
@pytest.mark.parametrize("hides", [True, False])
def test_guesses_at_the_other_directory_are_counted(
    world: World, client: Registration, hiding: Registration, hides: bool
) -> None:
    directory = other_directory(world)
    registration = hiding if hides else client
    for _ in range(5):
        with pytest.raises((NotAuthorized, UserLambdaValidation)):
            try_in(world, registration, "lee", "wrong")
    with pytest.raises(PasswordAttemptsExceeded):
        try_in(world, registration, "lee", OLD_PASSWORD)

    assert len(directory.events) == 5


def known_by_any_tag(world: World, passwords: set[str]) -> None:
    """Another directory that takes each of ``passwords`` for Kim's, and knows Kim by every address with a tag."""

    def directory(event: Event) -> Event:
        if event["request"]["password"] not in passwords:
            raise PermissionError("Bad password")
        event["response"]["userAttributes"] = {"username": event["userName"].partition("+")[0]}
        return event

    register(world, "UserMigration", directory)


@pytest.mark.attack("LCK-2")
def test_guesses_by_every_spelling_that_leads_to_a_user_lock_that_user(world: World, hiding: Registration) -> None:
    kim = world.user("kim")
    known_by_any_tag(world, {PASSWORD, WRONG_PASSWORD})
    assert try_in(world, hiding, "kim+0@example.com", PASSWORD) == kim
    for number in range(5):
        with pytest.raises(NotAuthorized, match="Incorrect"):
            try_in(world, hiding, f"kim+{number}@example.com", WRONG_PASSWORD)

    with pytest.raises(PasswordAttemptsExceeded):
        try_in(world, hiding, "kim", PASSWORD)


@pytest.mark.attack("LCK-1")
def test_while_a_user_is_locked_no_spelling_tells_the_right_password(
    world: World, client: Registration, hiding: Registration
) -> None:
    world.user("kim")
    known_by_any_tag(world, {PASSWORD})
    for _ in range(5):
        with pytest.raises(NotAuthorized):
            try_in(world, hiding, "kim", WRONG_PASSWORD)

    for guess in (WRONG_PASSWORD, PASSWORD):
        with pytest.raises(NotAuthorized, match=r"^Incorrect username or password\.$"):
            try_in(world, hiding, "kim+1@example.com", guess)
    with pytest.raises(PasswordAttemptsExceeded):
        try_in(world, client, "kim+1@example.com", PASSWORD)


def test_a_user_who_has_to_reset_the_password_is_created_and_told_so(
    world: World, client: Registration, hiding: Registration
) -> None:
    other_directory(world, finalUserStatus="RESET_REQUIRED")
    with pytest.raises(PasswordResetRequired):
        try_in(world, client, "lee", OLD_PASSWORD)
    assert status_of(world, "lee") == UserStatus.RESET_REQUIRED
    with pytest.raises(PasswordResetRequired):
        try_in(world, hiding, "lee", OLD_PASSWORD)


@pytest.mark.parametrize(
    "response, refusal",
    [
        ({"finalUserStatus": "ARCHIVED"}, InvalidLambdaResponse),
        ({"userAttributes": {"custom:unheard": "x"}}, InvalidParameter),
    ],
)
def test_a_user_who_cannot_be_created_is_not(
    world: World, client: Registration, sqlite_engine: sa.Engine, response: dict[str, Any], refusal: type[Exception]
) -> None:
    register(world, "UserMigration", Witness(**({"userAttributes": {}} | response)))
    before = table_sizes(sqlite_engine)["authz_users"]
    with pytest.raises(refusal):
        try_in(world, client, "lee", OLD_PASSWORD)

    assert table_sizes(sqlite_engine)["authz_users"] == before


def test_pre_sign_up_may_refuse_a_migration(world: World, client: Registration) -> None:
    other_directory(world)
    seen = witness(world, "PreSignUp")
    register(world, "PreSignUp", refuse)
    with pytest.raises(UserLambdaValidation, match="PreSignUp failed"):
        try_in(world, client, "lee", OLD_PASSWORD)

    assert seen.sources == ["PreSignUp_AdminCreateUser"]
    with pytest.raises(UserNotFound):
        world.services.users.describe(world.pool.id, "lee")


def test_pre_authentication_may_refuse_who_was_taken_over(world: World, client: Registration) -> None:
    other_directory(world)
    register(world, "PreAuthentication", refuse)
    with pytest.raises(UserLambdaValidation, match="PreAuthentication failed"):
        try_in(world, client, "lee", OLD_PASSWORD)

    assert status_of(world, "lee") == UserStatus.CONFIRMED


def test_a_user_who_is_here_is_never_asked_for_there(world: World, client: Registration) -> None:
    directory = other_directory(world)
    world.user("lee")
    with pytest.raises(NotAuthorized):
        try_in(world, client, "lee", OLD_PASSWORD)

    assert directory.events == []


@pytest.mark.attack("R24")
def test_one_user_comes_of_many_first_sign_ins(engine: sa.Engine, clock: MovableClock) -> None:
    world = world_over(engine, clock, spec=PoolSpec(name="customers", alias_attributes=("email",)))
    other_directory(world)
    client = world.client(generate_secret=False)

    outcomes = at_once([lambda: try_in(world, client, "lee", OLD_PASSWORD) for _ in range(4)])

    assert {outcome.sub for outcome in outcomes if isinstance(outcome, User)} == {
        world.services.users.describe(world.pool.id, "lee").sub
    }
    assert all(isinstance(outcome, User) for outcome in outcomes)


# --- UserMigration at recovery ---------------------------------------------------------------------------------------


def test_a_forgotten_password_takes_a_user_over_without_one(
    world: World, client: Registration, sender: Recorder
) -> None:
    directory = other_directory(world)
    sent = world.services.recovery.forgot(client, "lee", Caller("c", {"why": "forgot"}))
    assert sent.destination == "l***@e***"
    assert status_of(world, "lee") == UserStatus.RESET_REQUIRED
    (event,) = directory.events
    assert event["triggerSource"] == "UserMigration_ForgotPassword"
    assert event["request"] == {"password": None, "validationData": None, "clientMetadata": {"why": "forgot"}}
    with pytest.raises(PasswordResetRequired):
        try_in(world, client, "lee", OLD_PASSWORD)

    world.services.recovery.confirm(client, "lee", sender.sent[0].code, PASSWORD)
    assert world.sign_in(client, "lee").username == "lee"
    world.services.recovery.forgot(client, "lee")
    assert len(directory.events) == 1


@pytest.mark.attack("R15")
def test_a_failing_recovery_does_not_tell_who_is_known_elsewhere(
    world: World, client: Registration, hiding: Registration
) -> None:
    register(world, "UserMigration", refuse)
    assert world.services.recovery.forgot(hiding, "lee").destination
    with pytest.raises(UserLambdaValidation):
        world.services.recovery.forgot(client, "lee")
