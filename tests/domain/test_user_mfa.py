"""What a user can switch on, and what that leaves (api.md 4.24)."""

from typing import Any

import pytest

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.user_mfa import EMAIL, FACTORS, NO_MFA, SMS, SOFTWARE_TOKEN, UserMfa, Wish, changed

ADDRESSES = {
    "email": "kim@example.com",
    "email_verified": "true",
    "phone_number": "+15550100",
    "phone_number_verified": "true",
}
APP = UserMfa(software_token=True)
ON, FIRST, OFF = Wish(enabled=True), Wish(enabled=True, preferred=True), Wish()


def after(mfa: UserMfa, wishes: dict[str, Wish], **circumstances: Any) -> UserMfa:
    usual: dict[str, Any] = {"offered": FACTORS, "required": False, "attributes": ADDRESSES, "associated": False}
    return changed(mfa, wishes, **(usual | circumstances))


def test_what_nobody_speaks_of_stays() -> None:
    before = UserMfa((SMS, SOFTWARE_TOKEN), SMS, software_token=True, friendly_name="phone")

    assert after(before, {}) == before
    assert after(before, {EMAIL: ON}) == UserMfa(FACTORS, SMS, software_token=True, friendly_name="phone")


def test_new_preference_takes_the_place_of_the_old_one() -> None:
    assert after(UserMfa((SMS,), SMS), {EMAIL: FIRST}) == UserMfa((SMS, EMAIL), EMAIL)


@pytest.mark.parametrize("wish", [OFF, ON])
def test_factor_that_is_preferred_no_more_is_no_preference(wish: Wish) -> None:
    assert after(UserMfa((SMS, EMAIL), SMS), {SMS: wish}).preferred is None


def test_deleted_app_takes_its_preference_along() -> None:
    both = UserMfa((SMS, SOFTWARE_TOKEN), SOFTWARE_TOKEN, software_token=True, friendly_name="phone")

    assert both.without_software_token() == UserMfa((SMS,))
    assert UserMfa((SMS, SOFTWARE_TOKEN), SMS, software_token=True).without_software_token() == UserMfa((SMS,), SMS)


@pytest.mark.parametrize(
    "wishes, circumstances, message",
    [
        ({SOFTWARE_TOKEN: ON}, {}, "User has not set up software token mfa"),
        ({SOFTWARE_TOKEN: ON}, {"associated": True}, "User has not verified software token mfa"),
        ({SMS: ON}, {"attributes": {}}, "User does not have delivery config set to turn on SMS_MFA"),
        (
            {EMAIL: ON},
            {"attributes": {"email": "kim@example.com", "email_verified": "false"}},
            "User does not have delivery config set to turn on EMAIL_OTP",
        ),
        ({EMAIL: ON}, {"offered": (SMS,)}, "User does not have delivery config set to turn on EMAIL_OTP"),
        ({SMS: FIRST, EMAIL: FIRST}, {}, "Only one factor can be set as the preferred MFA."),
        ({SMS: Wish(preferred=True)}, {}, "SMS_MFA has to be enabled to be the preferred MFA."),
    ],
)
def test_wish_that_cannot_be_is_refused(wishes: dict[str, Wish], circumstances: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        after(NO_MFA, wishes, **circumstances)

    assert refusal.value.message == message


def test_app_is_no_choice_where_the_pool_has_none() -> None:
    with pytest.raises(InvalidParameter, match="delivery config"):
        after(APP, {SOFTWARE_TOKEN: ON}, offered=(SMS,))


def test_last_factor_stays_where_one_is_required() -> None:
    with pytest.raises(InvalidParameter, match="the last factor cannot be disabled"):
        after(UserMfa((SMS,)), {SMS: OFF}, required=True)
    assert after(UserMfa((SMS, EMAIL)), {SMS: OFF}, required=True) == UserMfa((EMAIL,))
    assert after(UserMfa((SMS,)), {SMS: OFF, EMAIL: ON}, required=True) == UserMfa((EMAIL,))
    assert after(UserMfa((SMS,)), {SMS: OFF}) == NO_MFA


def test_name_of_an_app_has_an_end() -> None:
    assert NO_MFA.with_software_token("n" * 256, enable=False) == UserMfa(software_token=True, friendly_name="n" * 256)
    with pytest.raises(InvalidParameter, match="FriendlyDeviceName"):
        NO_MFA.with_software_token("n" * 257, enable=False)
