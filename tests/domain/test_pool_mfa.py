"""Second factors of a pool (api.md 3.7)."""

from dataclasses import replace

import pytest

from app_client_authz.domain.errors import FeatureUnavailableInTier, InvalidParameter
from app_client_authz.domain.pool import MfaChange, PoolSpec, UserPool
from app_client_authz.domain.pool_settings import (
    EmailConfiguration,
    EmailMfaConfiguration,
    MfaFactors,
    WebAuthnConfiguration,
)

PLAIN = PoolSpec(name="people")
SENDING = EmailConfiguration(email_sending_account="DEVELOPER")
SMS: dict[str, object] = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}
NO_FACTOR = "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration."
OFF_AND_FACTOR = "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."


def create(**changes: object) -> UserPool:
    return UserPool.create(replace(PLAIN, **changes), pool_id="us-east-1_abc", now=10.0)  # type: ignore[arg-type]


def test_new_pool_has_no_second_factor() -> None:
    assert (create().spec.mfa, create().spec.factors) == ("OFF", MfaFactors())


@pytest.mark.parametrize("mode", ["ON", "OPTIONAL"])
@pytest.mark.parametrize(
    "change",
    [
        MfaChange(sms=True, sms_configuration=SMS),
        MfaChange(software_token=True),
        MfaChange(email=EmailMfaConfiguration()),
    ],
)
def test_each_factor_is_enough_to_switch_mfa_on(mode: str, change: MfaChange) -> None:
    after = create(email=SENDING).set_mfa(replace(change, mode=mode), now=20.0)

    assert after.spec.mfa == mode
    assert after.spec.factors == MfaFactors(
        sms=change.sms, software_token=change.software_token, email=change.email, web_authn=None
    )
    assert (after.updated_at, after.version) == (20.0, 2)


@pytest.mark.parametrize("mode", ["ON", "OPTIONAL"])
@pytest.mark.parametrize("change", [MfaChange(), MfaChange(web_authn=WebAuthnConfiguration())])
def test_mfa_without_a_factor_is_refused(mode: str, change: MfaChange) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        create().set_mfa(replace(change, mode=mode), now=20.0)

    assert refusal.value.message == NO_FACTOR


def test_a_factor_counts_that_is_named_and_not_enabled() -> None:
    spec = create().set_mfa(MfaChange(mode="ON", software_token=False), now=20.0).spec

    assert (spec.mfa, spec.factors) == ("ON", MfaFactors(software_token=False))


@pytest.mark.parametrize("mode", ["OFF", None])
@pytest.mark.parametrize(
    "change",
    [
        MfaChange(sms=True, sms_configuration=SMS),
        MfaChange(software_token=False),
        MfaChange(email=EmailMfaConfiguration()),
    ],
)
def test_no_factor_goes_with_mfa_off(mode: str | None, change: MfaChange) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        create(email=SENDING).set_mfa(replace(change, mode=mode), now=20.0)

    assert refusal.value.message == OFF_AND_FACTOR


def test_change_without_a_mode_switches_mfa_off() -> None:
    pool = create().set_mfa(MfaChange(mode="ON", software_token=True), now=20.0)

    after = pool.set_mfa(MfaChange(web_authn=WebAuthnConfiguration(relying_party_id="a.example")), now=30.0)

    assert after.spec.mfa == "OFF"
    assert after.spec.factors == MfaFactors(web_authn=WebAuthnConfiguration(relying_party_id="a.example"))


def test_a_change_replaces_all_factors() -> None:
    pool = create(email=SENDING).set_mfa(MfaChange(mode="OPTIONAL", software_token=True), now=20.0)

    after = pool.set_mfa(MfaChange(mode="OPTIONAL", email=EmailMfaConfiguration(subject="Code")), now=30.0)

    assert after.spec.mfa == "OPTIONAL"
    assert after.spec.factors == MfaFactors(email=EmailMfaConfiguration(subject="Code"))


def test_sms_settings_are_those_of_the_pool() -> None:
    change = MfaChange(mode="OPTIONAL", sms=True, sms_configuration=SMS, sms_authentication_message="{####}!")
    set_up = create().set_mfa(change, now=20.0)
    after = set_up.set_mfa(MfaChange(mode="OPTIONAL", sms=True), now=30.0)

    for pool in (set_up, after):
        assert (pool.spec.sms_configuration, pool.spec.sms_authentication_message) == (SMS, "{####}!")
        assert pool.spec.factors.sms


def test_sms_needs_its_configuration() -> None:
    with pytest.raises(InvalidParameter, match=r"^SMS configuration is required when SMS MFA is configured$"):
        create().set_mfa(MfaChange(mode="OPTIONAL", sms=True), now=20.0)


def test_email_needs_a_sender_of_ones_own() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        create().set_mfa(MfaChange(mode="OPTIONAL", email=EmailMfaConfiguration()), now=20.0)

    assert refusal.value.message == (
        "Cannot set EmailMfaConfiguration when user pool EmailConfiguration contains an EmailSendingAccount of "
        "COGNITO_DEFAULT."
    )


@pytest.mark.parametrize(
    "change, feature",
    [
        (MfaChange(mode="OPTIONAL", email=EmailMfaConfiguration()), "Email MFA"),
        (MfaChange(web_authn=WebAuthnConfiguration()), "Passwordless Sign-In"),
    ],
)
def test_lite_pool_has_neither_email_nor_passkeys(change: MfaChange, feature: str) -> None:
    with pytest.raises(FeatureUnavailableInTier) as refusal:
        create(tier="LITE", email=SENDING).set_mfa(change, now=20.0)

    assert refusal.value.message == (
        f"The following features need to be disabled for the LITE pricing tier configured: {feature}"
    )


# --- updates of the pool --------------------------------------------------------------------------


def test_pool_created_with_mfa_has_sms_as_its_factor() -> None:
    pool = create(mfa="OPTIONAL", sms_configuration=SMS, auto_verified_attributes=("phone_number",))

    assert pool.spec.factors == MfaFactors(sms=True)


def test_update_keeps_mode_and_factors_that_are_on() -> None:
    pool = create().set_mfa(MfaChange(mode="OPTIONAL", software_token=True), now=20.0)

    after = pool.replace(replace(PLAIN, mfa="OPTIONAL"), now=30.0)

    assert (after.spec.mfa, after.spec.factors) == ("OPTIONAL", MfaFactors(software_token=True))


def test_update_without_a_mode_keeps_it() -> None:
    pool = create().set_mfa(MfaChange(mode="OPTIONAL", software_token=True), now=20.0)

    after = pool.replace(PLAIN, now=30.0)

    assert (after.spec.mfa, after.spec.factors) == ("OPTIONAL", MfaFactors(software_token=True))


def test_update_that_switches_mfa_off_keeps_the_factors() -> None:
    pool = create().set_mfa(MfaChange(mode="OPTIONAL", software_token=True), now=20.0)

    after = pool.replace(replace(PLAIN, mfa="OFF"), now=30.0)

    assert (after.spec.mfa, after.spec.factors) == ("OFF", MfaFactors(software_token=True))


def test_update_that_switches_mfa_on_needs_sms() -> None:
    pool = create().set_mfa(MfaChange(mode="OPTIONAL", software_token=True), now=20.0)
    pool = pool.replace(replace(PLAIN, mfa="OFF"), now=25.0)

    with pytest.raises(InvalidParameter) as refusal:
        pool.replace(replace(PLAIN, mfa="OPTIONAL"), now=30.0)

    assert refusal.value.message == (
        "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"
    )
    by_sms = replace(PLAIN, mfa="OPTIONAL", sms_configuration=SMS, auto_verified_attributes=("phone_number",))
    assert pool.replace(by_sms, now=30.0).spec.factors == MfaFactors(sms=True, software_token=True)


def test_update_that_drops_the_sms_that_mfa_needs_is_refused() -> None:
    pool = create().set_mfa(MfaChange(mode="OPTIONAL", sms=True, sms_configuration=SMS), now=20.0)

    with pytest.raises(InvalidParameter, match=r"^Can't turn off SMS_MFA"):
        pool.replace(replace(PLAIN, mfa="OPTIONAL"), now=30.0)

    assert not pool.replace(replace(PLAIN, mfa="OFF"), now=30.0).spec.factors.sms


def test_update_that_drops_the_sender_that_email_mfa_needs_is_refused() -> None:
    pool = create(email=SENDING).set_mfa(MfaChange(mode="OPTIONAL", email=EmailMfaConfiguration()), now=20.0)

    with pytest.raises(InvalidParameter, match=r"^Cannot set EmailMfaConfiguration when user pool"):
        pool.replace(replace(PLAIN, mfa="OPTIONAL"), now=30.0)
