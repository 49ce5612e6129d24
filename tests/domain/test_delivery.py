"""Where messages go, and what answers show of it."""

from typing import Any

import pytest

from app_client_authz.domain import delivery
from app_client_authz.domain.delivery import (
    CodeDelivery,
    confirmation_channel,
    confirmation_media,
    reset_channel,
    reset_media,
    simulated,
)
from app_client_authz.domain.errors import InvalidParameter, NotAuthorized
from app_client_authz.domain.message import Medium
from app_client_authz.domain.pool import PoolSpec, RecoveryMechanism, SchemaAttribute, UserPool
from app_client_authz.domain.user import User, UserStatus

BOTH = {
    "email": "kim@example.com",
    "email_verified": "true",
    "phone_number": "+15550009934",
    "phone_number_verified": "true",
}
EMAIL, SMS = (Medium.EMAIL, "kim@example.com"), (Medium.SMS, "+15550009934")
BY_EMAIL, BY_PHONE = RecoveryMechanism("verified_email", 1), RecoveryMechanism("verified_phone_number", 1)
SECOND_BY_EMAIL, SECOND_BY_PHONE = RecoveryMechanism("verified_email", 2), RecoveryMechanism("verified_phone_number", 2)
SENDS_SMS = {"SnsCallerArn": "arn:aws:iam::1:r"}


def pool(*recovery: RecoveryMechanism, **members: object) -> UserPool:
    spec = PoolSpec(name="demo", account_recovery=recovery or None, **members)  # type: ignore[arg-type]
    return UserPool.create(spec, pool_id="us-east-1_Demo00001", now=0.0)


def user(status: UserStatus = UserStatus.CONFIRMED, *, enabled: bool = True, **attributes: str) -> User:
    return User("us-east-1_Demo00001", "sub", "kim", status, enabled, attributes or BOTH)


@pytest.mark.parametrize(
    "medium, address, shown",
    [
        (Medium.EMAIL, "test@test.com", "t***@t***"),
        (Medium.EMAIL, "k@example.com", "k***@e***"),
        (Medium.EMAIL, "ä@例え.jp", "ä***@例***"),
        (Medium.SMS, "+15550009934", "+*******9934"),
        (Medium.SMS, "+4312345", "+***2345"),
        (Medium.SMS, "+123", "+123"),
    ],
)
def test_addresses_are_masked_as_cognito_masks_them(medium: Medium, address: str, shown: str) -> None:
    assert delivery.masked(medium, address) == shown


@pytest.mark.parametrize(
    "recovery, attributes, channel",
    [
        ((), BOTH, EMAIL),
        ((), BOTH | {"email_verified": "false"}, SMS),
        ((BY_PHONE,), BOTH, SMS),
        ((RecoveryMechanism("verified_email", 2), BY_PHONE), BOTH, SMS),
        ((RecoveryMechanism("verified_email", 2), BY_PHONE), BOTH | {"phone_number_verified": "false"}, EMAIL),
        ((RecoveryMechanism("admin_only", 1),), BOTH, EMAIL),
    ],
)
def test_a_reset_goes_to_the_first_verified_address_in_the_order_of_the_pool(
    recovery: tuple[RecoveryMechanism, ...], attributes: dict[str, str], channel: tuple[Medium, str]
) -> None:
    assert reset_channel(pool(*recovery), user(**attributes)) == channel


@pytest.mark.parametrize(
    "recovery, attributes",
    [
        ((), {"name": "Kim"}),
        ((), {"email": "kim@example.com"}),
        ((), {"email": "kim@example.com", "email_verified": "false"}),
        ((BY_EMAIL,), {"phone_number": "+15550009934", "phone_number_verified": "true"}),
        ((), {"email_verified": "true"}),
    ],
)
def test_a_user_without_a_verified_address_cannot_be_reset(
    recovery: tuple[RecoveryMechanism, ...], attributes: dict[str, str]
) -> None:
    with pytest.raises(InvalidParameter) as refused:
        reset_channel(pool(*recovery), user(**attributes))

    assert refused.value.message == (
        "Cannot reset password for the user as there is no registered/verified email or phone_number"
    )


@pytest.mark.parametrize(
    "status", [status for status in UserStatus if status not in {UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED}]
)
def test_only_a_password_of_their_own_is_reset(status: UserStatus) -> None:
    with pytest.raises(NotAuthorized, match=r"^User password cannot be reset in the current state\.$"):
        reset_channel(pool(), user(status))


def test_a_disabled_user_is_not_reset() -> None:
    with pytest.raises(NotAuthorized, match=r"^User is disabled\.$"):
        reset_channel(pool(), user(enabled=False))


def test_users_are_called_by_the_address_that_they_sign_in_with() -> None:
    by_address = pool(username_attributes=("phone_number", "email"))

    assert delivery.known_as(pool(), user()) == "kim"
    assert delivery.known_as(by_address, user(email="kim@example.com")) == "kim@example.com"
    assert delivery.known_as(by_address, user()) == "+15550009934"


# --- users that do not exist (api.md 6.2) ---------------------------------------------------------

DIGEST = "3f" * 32


def test_a_name_in_the_form_of_an_address_seems_to_be_reached_there() -> None:
    mail, phone = (
        CodeDelivery("t***@t***", Medium.EMAIL, "email"),
        CodeDelivery("+*******9934", Medium.SMS, "phone_number"),
    )
    for media in ((Medium.EMAIL, Medium.SMS), (Medium.SMS, Medium.EMAIL)):
        assert simulated(pool(), "test@test.com", DIGEST, media) == mail
        assert simulated(pool(), "+15550009934", DIGEST, media) == phone
    # Nobody's code goes to an address that recovers nothing.
    assert simulated(pool(), "test@test.com", DIGEST, (Medium.SMS,)).medium is Medium.SMS


def test_any_other_name_seems_to_be_reached_by_what_the_pool_verifies() -> None:
    either = (Medium.EMAIL, Medium.SMS)
    by_phone = pool(auto_verified_attributes=("phone_number",), sms_configuration=SENDS_SMS)

    assert simulated(pool(), "kim", DIGEST, either).medium is Medium.EMAIL
    assert simulated(pool(auto_verified_attributes=("email",)), "kim", DIGEST, either).medium is Medium.EMAIL
    assert simulated(by_phone, "kim", DIGEST, either).medium is Medium.SMS


def test_where_the_pool_verifies_both_nobody_seems_to_be_reached_like_a_user_with_both() -> None:
    both: dict[str, Any] = {"auto_verified_attributes": ("email", "phone_number"), "sms_configuration": SENDS_SMS}
    for recovery in ((), (BY_EMAIL, SECOND_BY_PHONE), (SECOND_BY_EMAIL, BY_PHONE), (BY_PHONE,)):
        each = pool(*recovery, **both)
        assert simulated(each, "lee", DIGEST, reset_media(each)).medium is reset_channel(each, user())[0]
        confirmed = confirmation_channel(each, BOTH)
        assert confirmed is not None
        assert simulated(each, "lee", DIGEST, confirmation_media(each)).medium is confirmed[0]

    # Whoever has to have a phone number has one, whatever the name is.
    required = pool(BY_PHONE, SECOND_BY_EMAIL, **both, schema=(SchemaAttribute(name="phone_number", required=True),))
    assert simulated(required, "lee@example.com", DIGEST, reset_media(required)).medium is Medium.SMS


def test_simulated_masks_look_like_real_ones_and_differ_by_name() -> None:
    demo = pool()
    shown = {simulated(demo, "kim", f"{number:064x}", (Medium.EMAIL,)).destination for number in range(1000)}

    assert all(len(each) == len("k***@e***") and each[0].islower() and each[5].islower() for each in shown)
    assert len(shown) > 500
