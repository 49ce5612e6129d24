"""Registration and calling: who is asked, in which order, and what becomes of what they raise."""

import logging
from typing import Any

import pytest

from app_client_authz.domain.errors import ConfigurationError, InvalidLambdaResponse, UserLambdaValidation
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.token_trigger import TokenSource
from app_client_authz.domain.trigger import NOBODY, Caller, Trigger
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.domain.user_triggers import SIGN_UP, Challenged, CustomChallenge
from app_client_authz.services.trigger_registry import TriggerRegistry
from app_client_authz.services.triggers import Triggers

POOL = "us-east-1_Ab3dEfGh1"
KIM = User(POOL, "a-sub", "kim", UserStatus.UNCONFIRMED, attributes={"email": "kim@example.com"})
SHOP = UserPool.create(PoolSpec(name="shop"), pool_id=POOL, now=0.0)


def confirm(event: dict[str, Any]) -> dict[str, Any]:
    event["response"]["autoConfirmUser"] = True
    return event


def with_triggers(**handlers: Any) -> Triggers:
    triggers = Triggers()
    for name, handler in handlers.items():
        triggers.own.register(name, handler)
    return triggers


def raising(error: Exception) -> Triggers:
    def handler(event: object) -> None:
        raise error

    return with_triggers(PreSignUp=handler)


def sign_up(triggers: Triggers) -> User:
    return triggers.pre_sign_up(SIGN_UP, KIM, NOBODY)


# --- registration ---------------------------------------------------------------------------------------


def test_an_unknown_name_is_refused_and_the_known_ones_are_told() -> None:
    with pytest.raises(ConfigurationError, match="There is no trigger 'PreSignup'; there are: PreSignUp, PostConf"):
        TriggerRegistry().register("PreSignup", confirm)


@pytest.mark.parametrize(
    "wrong",
    [
        {"pool_id": "everywhere"},
        {"version": "V2_0"},
        {"name": "PreTokenGeneration", "version": "V4_0"},
        {"handler": "confirm"},
        {"handler": None},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"name": "PreSignUp", "handler": confirm} | wrong
    with pytest.raises(ConfigurationError):
        TriggerRegistry().register(asked.pop("name"), asked.pop("handler"), **asked)


def test_a_coroutine_function_is_refused() -> None:
    async def later(event: object) -> object:
        return event

    with pytest.raises(ConfigurationError, match="no coroutine function"):
        TriggerRegistry().register("PreSignUp", later)


def test_a_trigger_of_one_pool_is_not_asked_for_another() -> None:
    triggers = Triggers()
    triggers.own.register("PreSignUp", confirm, pool_id="us-east-1_Other0000")

    assert sign_up(triggers) == KIM
    assert not triggers.are_there(Trigger.PRE_SIGN_UP, POOL)
    assert triggers.are_there(Trigger.PRE_SIGN_UP, "us-east-1_Other0000")


def test_two_apps_of_one_extension_share_what_was_registered_with_it_and_nothing_else() -> None:
    shared = TriggerRegistry()
    one, two = Triggers(shared), Triggers(shared)
    one.own.register("PreSignUp", confirm)
    assert (sign_up(one).status, sign_up(two).status) == (UserStatus.CONFIRMED, UserStatus.UNCONFIRMED)

    shared.register("PreSignUp", confirm)
    assert sign_up(two).status == UserStatus.CONFIRMED


# --- calling ---------------------------------------------------------------------------------------------


def test_without_a_trigger_nothing_changes() -> None:
    assert sign_up(Triggers()) is KIM
    assert Triggers().user_tokens(TokenSource.HOSTED, SHOP, KIM, (), NOBODY) == ()
    assert Triggers().migrate("UserMigration_Authentication", POOL, "lee", "x", NOBODY) is None


def test_each_gets_what_the_ones_before_answered_in_the_order_of_registration() -> None:
    seen = []

    def look(event: dict[str, Any]) -> dict[str, Any]:
        seen.append(dict(event["response"]))
        return event

    shared = TriggerRegistry()
    triggers = Triggers(shared)
    triggers.own.register("PreSignUp", look)
    shared.register("PreSignUp", look)
    shared.register("PreSignUp", confirm, pool_id=POOL)

    assert sign_up(triggers).status == UserStatus.CONFIRMED
    assert [each["autoConfirmUser"] for each in seen] == [False, True]


def test_the_first_refusal_ends_it() -> None:
    triggers = raising(ValueError("no"))
    triggers.own.register("PreSignUp", lambda event: pytest.fail("asked after a refusal"))

    with pytest.raises(UserLambdaValidation):
        sign_up(triggers)


def test_handlers_of_lambda_get_their_context() -> None:
    def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
        assert context is None
        return confirm(event)

    assert sign_up(with_triggers(PreSignUp=handler)).status == UserStatus.CONFIRMED


def test_a_default_of_a_second_parameter_stays() -> None:
    def handler(event: dict[str, Any], allowed: str = "kim@example.com", *rest: object) -> dict[str, Any]:
        assert event["request"]["userAttributes"]["email"] == allowed
        return event

    sign_up(with_triggers(PreSignUp=handler))


def test_objects_and_methods_can_be_registered() -> None:
    class Hooks:
        def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
            return confirm(event)

        def with_context(self, event: dict[str, Any], context: object) -> dict[str, Any]:
            return confirm(event)

    assert sign_up(with_triggers(PreSignUp=Hooks())).status == UserStatus.CONFIRMED
    assert sign_up(with_triggers(PreSignUp=Hooks().with_context)).status == UserStatus.CONFIRMED
    assert sign_up(with_triggers(PreSignUp=dict)) == KIM  # a callable that tells no signature of its own


def test_no_trigger_sees_the_event_of_another_request() -> None:
    events = []

    def keep(event: dict[str, Any]) -> dict[str, Any]:
        event["request"]["userAttributes"]["email"] = "changed@example.com"
        events.append(event)
        return event

    triggers = with_triggers(PreSignUp=keep)
    assert sign_up(triggers).attributes == {"email": "kim@example.com"}
    sign_up(triggers)

    assert events[0] is not events[1]
    assert KIM.attributes == {"email": "kim@example.com"}


# --- failures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error, message",
    [
        (ValueError("not one of us"), "PreSignUp failed with error not one of us."),
        (KeyError("email"), "PreSignUp failed with error 'email'."),
        (InvalidLambdaResponse("words"), "PreSignUp failed with error words."),
        (Exception(), "PreSignUp failed with error ."),
        (Exception("\ud800"), "PreSignUp failed with error ?."),
    ],
)
def test_what_is_raised_is_told_in_cognitos_words(error: Exception, message: str) -> None:
    with pytest.raises(UserLambdaValidation) as caught:
        sign_up(raising(error))

    assert caught.value.message == message
    assert caught.value.__cause__ is None


def test_a_long_text_is_cut() -> None:
    with pytest.raises(UserLambdaValidation) as caught:
        sign_up(raising(ValueError("x" * 10_000)))

    assert len(caught.value.message) < 1_100


def test_an_error_that_cannot_say_what_it_is_is_named() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    with pytest.raises(UserLambdaValidation, match="failed with error Mute"):
        sign_up(raising(Mute()))


def test_the_log_says_where_it_was_raised_and_nothing_of_the_event(caplog: pytest.LogCaptureFixture) -> None:
    def migrate(event: dict[str, Any]) -> None:
        raise ValueError(event["request"]["password"])

    with caplog.at_level(logging.DEBUG), pytest.raises(UserLambdaValidation):
        with_triggers(UserMigration=migrate).migrate("UserMigration_Authentication", POOL, "lee", "s3cret", NOBODY)

    assert "UserMigration raised ValueError at test_trigger_registry.py:" in caplog.text
    assert "s3cret" not in caplog.text


def test_what_is_not_ours_to_catch_passes() -> None:
    def stop(event: object) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        sign_up(with_triggers(PreSignUp=stop))


def test_a_returned_nothing_is_unrecognizable(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InvalidLambdaResponse, match="Unrecognizable lambda output"):
        sign_up(with_triggers(PreSignUp=lambda event: None))

    assert "PreSignUp: the callable returned no event" in caplog.text


def test_the_log_says_what_is_wrong_with_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InvalidLambdaResponse, match="Unrecognizable lambda output"):
        sign_up(with_triggers(PreSignUp=lambda event: {"response": {"autoConfirmUser": "yes"}}))

    assert "PreSignUp: autoConfirmUser is neither true nor false." in caplog.text


# --- tokens ------------------------------------------------------------------------------------------------


def adding(name: str) -> Any:
    def handler(event: dict[str, Any]) -> dict[str, Any]:
        if event["version"] == "1":
            event["response"]["claimsOverrideDetails"] = {"claimsToAddOrOverride": {name: event["version"]}}
        else:
            to_both = {"claimsToAddOrOverride": {name: event["version"]}}
            event["response"]["claimsAndScopeOverrideDetails"] = {
                "idTokenGeneration": to_both,
                "accessTokenGeneration": to_both,
            }
        return event

    return handler


def test_callables_of_different_versions_are_each_asked_in_their_own() -> None:
    triggers = Triggers()
    triggers.own.register("PreTokenGeneration", adding("first"))
    triggers.own.register("PreTokenGeneration", adding("second"), version="V2_0")
    claims: dict[str, object] = {}
    for change in triggers.user_tokens(TokenSource.AUTHENTICATION, SHOP, KIM, (), Caller("c")):
        claims = change.on_id_token(claims)

    assert claims == {"first": "1", "second": "2"}


def test_a_machines_token_is_asked_of_version_3_only() -> None:
    triggers = Triggers()
    triggers.own.register("PreTokenGeneration", lambda event: pytest.fail("asked"), version="V2_0")
    assert triggers.machine_token(SHOP, ("a/b",), Caller("c")) == ()

    triggers.own.register("PreTokenGeneration", adding("third"), version="V3_0")
    (change,) = triggers.machine_token(SHOP, ("a/b",), Caller("c"))
    assert change.on_access_token({"client_id": "c"}) == {"client_id": "c", "third": "3"}


# --- custom challenges ---------------------------------------------------------------------------------------


def test_a_custom_sign_in_by_its_three_triggers() -> None:
    def define(event: dict[str, Any]) -> dict[str, Any]:
        session = event["request"]["session"]
        done = bool(session) and session[-1]["challengeResult"]
        event["response"] = {"issueTokens": done, "challengeName": None if done else "CUSTOM_CHALLENGE"}
        return event

    def create(event: dict[str, Any]) -> dict[str, Any]:
        assert event["request"]["challengeName"] == "CUSTOM_CHALLENGE"
        event["response"]["publicChallengeParameters"] = {"question": "1+1"}
        event["response"]["privateChallengeParameters"] = {"answer": "2"}
        event["response"]["challengeMetadata"] = "SUM"
        return event

    def verify(event: dict[str, Any]) -> dict[str, Any]:
        expected = event["request"]["privateChallengeParameters"]["answer"]
        event["response"]["answerCorrect"] = event["request"]["challengeAnswer"] == expected
        return event

    triggers = with_triggers(DefineAuthChallenge=define, CreateAuthChallenge=create, VerifyAuthChallengeResponse=verify)
    kim, caller = Challenged(POOL, "kim", KIM, hides=False), Caller("c")
    first = triggers.define_challenge(kim, [], caller)
    assert first is not None
    assert first.name == "CUSTOM_CHALLENGE"
    made = triggers.create_challenge(kim, [], caller)
    assert made == CustomChallenge({"question": "1+1"}, {"answer": "2"}, "SUM")
    assert triggers.verify_challenge(kim, made, "3", caller) is False
    assert triggers.verify_challenge(kim, made, "2", caller) is True
    session = [{"challengeName": "CUSTOM_CHALLENGE", "challengeResult": True, "challengeMetadata": "SUM"}]
    last = triggers.define_challenge(kim, session, caller)
    assert last is not None
    assert last.issues_tokens


def test_without_their_triggers_there_are_no_custom_challenges() -> None:
    kim, triggers = Challenged(POOL, "kim", KIM, hides=False), Triggers()

    assert triggers.define_challenge(kim, [], NOBODY) is None
    assert triggers.create_challenge(kim, [], NOBODY) is None
    assert triggers.verify_challenge(kim, CustomChallenge({}, {}, None), "x", NOBODY) is None
