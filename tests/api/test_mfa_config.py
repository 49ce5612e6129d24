"""Get and SetUserPoolMfaConfig, and the session configuration of a pool, by boto3 (api.md 3.7, 2.12)."""

from typing import Any

import pytest

from tests.api.test_pools import describe
from tests.support.refusals import refused, violation

OFF = {"MfaConfiguration": "OFF"}
SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "shop"}
SENDER = {"EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/a@shop.example"}
TOKEN = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
EVERYTHING: dict[str, Any] = {
    "MfaConfiguration": "OPTIONAL",
    "SmsMfaConfiguration": {"SmsAuthenticationMessage": "Sign in: {####}", "SmsConfiguration": SMS},
    **TOKEN,
    "EmailMfaConfiguration": {"Message": "Your code is {####}", "Subject": "Code"},
    "WebAuthnConfiguration": {
        "RelyingPartyId": "shop.example",
        "UserVerification": "required",
        "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
    },
}
NO_FACTOR = "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration."
OFF_AND_FACTOR = "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
DEFAULT_SENDER = (
    "Cannot set EmailMfaConfiguration when user pool EmailConfiguration contains an EmailSendingAccount of "
    "COGNITO_DEFAULT."
)
LITE = "The following features need to be disabled for the LITE pricing tier configured: "


def config(cognito: Any, pool_id: str) -> dict[str, Any]:
    return _members(cognito.get_user_pool_mfa_config(UserPoolId=pool_id))


def configure(cognito: Any, pool_id: str, **members: Any) -> dict[str, Any]:
    return _members(cognito.set_user_pool_mfa_config(UserPoolId=pool_id, **members))


def _members(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in answer.items() if name != "ResponseMetadata"}


def test_new_pool_has_mfa_off_and_nothing_else(cognito: Any, pool_id: str) -> None:
    assert config(cognito, pool_id) == OFF


def test_everything_that_is_set_is_answered_and_kept(cognito: Any, pool_id: str) -> None:
    cognito.update_user_pool(UserPoolId=pool_id, EmailConfiguration=SENDER)

    assert configure(cognito, pool_id, **EVERYTHING) == EVERYTHING
    assert config(cognito, pool_id) == EVERYTHING
    described = describe(cognito, pool_id)
    assert described["MfaConfiguration"] == "OPTIONAL"
    assert described["SmsConfiguration"] == SMS
    assert described["SmsAuthenticationMessage"] == "Sign in: {####}"


def test_empty_structures_come_back_as_such(cognito: Any, pool_id: str) -> None:
    cognito.update_user_pool(UserPoolId=pool_id, EmailConfiguration=SENDER)
    empty: dict[str, Any] = {"EmailMfaConfiguration": {}, "WebAuthnConfiguration": {}}

    answer = configure(cognito, pool_id, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={}, **empty)

    assert answer == {
        "MfaConfiguration": "OPTIONAL",
        "SoftwareTokenMfaConfiguration": {"Enabled": False},
        **empty,
    }


def test_factors_that_are_not_named_again_are_gone(cognito: Any, pool_id: str) -> None:
    configure(cognito, pool_id, MfaConfiguration="OPTIONAL", **TOKEN, WebAuthnConfiguration={"RelyingPartyId": "a.b"})

    assert configure(cognito, pool_id, MfaConfiguration="OPTIONAL", **TOKEN) == {
        "MfaConfiguration": "OPTIONAL",
        **TOKEN,
    }
    assert configure(cognito, pool_id, MfaConfiguration="OFF") == OFF


def test_mode_that_is_not_named_is_off(cognito: Any, pool_id: str) -> None:
    configure(cognito, pool_id, MfaConfiguration="OPTIONAL", **TOKEN)

    assert configure(cognito, pool_id) == OFF


def test_passkeys_can_be_set_up_while_mfa_is_off(cognito: Any, pool_id: str) -> None:
    passkeys = {"WebAuthnConfiguration": {"RelyingPartyId": "shop.example", "UserVerification": "preferred"}}

    assert configure(cognito, pool_id, MfaConfiguration="OFF", **passkeys) == OFF | passkeys


def test_update_of_the_pool_leaves_factors_alone(cognito: Any, pool_id: str) -> None:
    configure(cognito, pool_id, MfaConfiguration="OPTIONAL", **TOKEN)

    cognito.update_user_pool(UserPoolId=pool_id, PoolName="renamed")
    assert config(cognito, pool_id) == {"MfaConfiguration": "OPTIONAL", **TOKEN}

    cognito.update_user_pool(UserPoolId=pool_id, MfaConfiguration="OFF")
    assert config(cognito, pool_id) == OFF | TOKEN


@pytest.mark.parametrize(
    "members, message",
    [
        ({"MfaConfiguration": "ON"}, NO_FACTOR),
        ({"MfaConfiguration": "OPTIONAL"}, NO_FACTOR),
        (OFF | TOKEN, OFF_AND_FACTOR),
        (TOKEN, OFF_AND_FACTOR),
        (
            {"MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {}},
            DEFAULT_SENDER,
        ),
        (
            {"MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": {"SmsAuthenticationMessage": "Code {####}"}},
            "SMS configuration is required when SMS MFA is configured",
        ),
        (
            {"MfaConfiguration": "MAYBE"},
            violation("'MAYBE' at 'mfaConfiguration'", "Member must satisfy enum value set: [OFF, ON, OPTIONAL]"),
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_wrong_configuration_is_refused_and_changes_nothing(
    cognito: Any, pool_id: str, members: dict[str, Any], message: str
) -> None:
    before = describe(cognito, pool_id)

    with refused("InvalidParameter", message):
        configure(cognito, pool_id, **members)

    assert (config(cognito, pool_id), describe(cognito, pool_id)) == (OFF, before)


def test_second_factor_can_be_required_of_everybody(cognito: Any, pool_id: str) -> None:
    assert configure(cognito, pool_id, MfaConfiguration="ON", **TOKEN) == {"MfaConfiguration": "ON", **TOKEN}
    assert describe(cognito, pool_id)["MfaConfiguration"] == "ON"


def test_update_cannot_drop_the_sms_that_mfa_needs(cognito: Any, pool_id: str) -> None:
    configure(cognito, pool_id, MfaConfiguration="OPTIONAL", SmsMfaConfiguration={"SmsConfiguration": SMS})

    with refused("InvalidParameter", "Can't turn off SMS_MFA when SMS configuration is set for the user pool"):
        cognito.update_user_pool(UserPoolId=pool_id, MfaConfiguration="OPTIONAL")


def test_lite_pool_has_no_mfa_by_email(cognito: Any, pool_id: str) -> None:
    cognito.update_user_pool(UserPoolId=pool_id, UserPoolTier="LITE", EmailConfiguration=SENDER)

    with refused("FeatureUnavailableInTier", f"{LITE}Email MFA"):
        configure(cognito, pool_id, MfaConfiguration="OPTIONAL", EmailMfaConfiguration={})
    assert configure(cognito, pool_id, MfaConfiguration="OPTIONAL", **TOKEN)["MfaConfiguration"] == "OPTIONAL"


# --- sessions -------------------------------------------------------------------------------------


def test_sessions_are_not_tracked_until_that_is_set(cognito: Any, pool_id: str) -> None:
    answer = _members(cognito.get_user_pool_session_configuration(UserPoolId=pool_id))

    assert answer == {"UserPoolId": pool_id, "UserSessionTracking": "DISABLED", "TokenSession": {"MaxPerUser": 20}}


@pytest.mark.parametrize("tracking, limit", [("ENABLED", 1), ("DISABLED", 100)])
def test_session_configuration_is_answered_and_kept(cognito: Any, pool_id: str, tracking: str, limit: int) -> None:
    asked = {"UserPoolId": pool_id, "UserSessionTracking": tracking, "TokenSession": {"MaxPerUser": limit}}

    assert _members(cognito.set_user_pool_session_configuration(**asked)) == asked
    cognito.update_user_pool(UserPoolId=pool_id)
    assert _members(cognito.get_user_pool_session_configuration(UserPoolId=pool_id)) == asked


@pytest.mark.parametrize(
    "members, message",
    [
        ({"UserSessionTracking": "ENABLED"}, violation("null at 'tokenSession'", "Member must not be null")),
        ({"TokenSession": {"MaxPerUser": 1}}, violation("null at 'userSessionTracking'", "Member must not be null")),
        (
            {"UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 101}},
            violation("'101' at 'tokenSession.maxPerUser'", "Member must have value less than or equal to 100"),
        ),
        (
            {"UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 0}},
            violation("'0' at 'tokenSession.maxPerUser'", "Member must have value greater than or equal to 1"),
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_session_configuration_is_complete_and_in_range(
    cognito: Any, pool_id: str, members: dict[str, Any], message: str
) -> None:
    with refused("InvalidParameter", message):
        cognito.set_user_pool_session_configuration(UserPoolId=pool_id, **members)


def test_lite_pool_tracks_no_sessions(cognito: Any, pool_id: str) -> None:
    cognito.update_user_pool(UserPoolId=pool_id, UserPoolTier="LITE")

    with refused("FeatureUnavailableInTier", f"{LITE}User Session Tracking"):
        cognito.set_user_pool_session_configuration(
            UserPoolId=pool_id, UserSessionTracking="ENABLED", TokenSession={"MaxPerUser": 1}
        )
