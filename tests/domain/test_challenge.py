"""Which step of a sign-in follows (api.md 4.8, 4.9): the table, and what holds for every pool and user."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain import user_mfa
from app_client_authz.domain.challenge import (
    MFA_SETUP,
    SELECT_MFA_TYPE,
    NextStep,
    active_factors,
    first_factors,
    offered_to_all,
    second_factor,
    takes_code,
)
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.pool_settings import EmailMfaConfiguration, MfaFactors
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.domain.user_mfa import EMAIL, FACTORS, SMS, SOFTWARE_TOKEN, UserMfa

PASSWORDS = ("PASSWORD_SRP", "PASSWORD")
EMAIL_ADDRESS = {"email": "kim@example.com", "email_verified": "true"}
PHONE = {"phone_number": "+15550100", "phone_number_verified": "true"}
EVERYTHING = ("PASSWORD", "EMAIL_OTP", "SMS_OTP")


def pool_of(mode: str, factors: tuple[str, ...] = FACTORS, first: tuple[str, ...] = EVERYTHING) -> UserPool:
    # Made from its parts: which of them go together is another module's matter.
    spec = PoolSpec(
        name="people",
        mfa=mode,
        allowed_first_auth_factors=first,
        factors=MfaFactors(
            sms=SMS in factors,
            software_token=SOFTWARE_TOKEN in factors,
            email=EmailMfaConfiguration() if EMAIL in factors else None,
        ),
    )
    return UserPool("us-east-1_abc", spec, created_at=1.0, updated_at=1.0)


def user_with(*enabled: str, preferred: str | None = None, app: bool = False, **attributes: str) -> User:
    mfa = UserMfa(tuple(each for each in FACTORS if each in enabled), preferred, software_token=app)
    return User("us-east-1_abc", "sub", "kim", UserStatus.CONFIRMED, attributes=attributes, mfa=mfa)


@pytest.mark.parametrize(
    "mode, user, step",
    [
        ("OFF", user_with(SOFTWARE_TOKEN, app=True), None),
        ("OPTIONAL", user_with(app=True, **PHONE), None),
        ("OPTIONAL", user_with(SOFTWARE_TOKEN, app=True), NextStep(SOFTWARE_TOKEN)),
        ("OPTIONAL", user_with(SMS, EMAIL, preferred=EMAIL, **PHONE, **EMAIL_ADDRESS), NextStep(EMAIL)),
        ("ON", user_with(SMS, EMAIL, **PHONE, **EMAIL_ADDRESS), NextStep(SELECT_MFA_TYPE, (SMS, EMAIL))),
        ("ON", user_with(**PHONE), NextStep(SMS)),
        ("ON", user_with(), NextStep(MFA_SETUP, FACTORS)),
        ("ON", user_with(phone_number="+15550100"), NextStep(MFA_SETUP, FACTORS)),
        # What cannot be answered does not count.
        ("OPTIONAL", user_with(SMS), None),
        ("ON", user_with(SMS, SOFTWARE_TOKEN, app=True), NextStep(SOFTWARE_TOKEN)),
        # An app that was verified before MFA was switched on asks for itself: a password alone adds no other one.
        ("ON", user_with(app=True, **PHONE), NextStep(SOFTWARE_TOKEN)),
        ("ON", user_with(**EMAIL_ADDRESS), NextStep(EMAIL)),
    ],
)
def test_second_factor_is_that_of_the_table(mode: str, user: User, step: NextStep | None) -> None:
    assert second_factor(pool_of(mode), user) == step


def test_factor_that_the_pool_gave_up_counts_no_more() -> None:
    user = user_with(SMS, SOFTWARE_TOKEN, preferred=SMS, app=True, **PHONE)

    assert second_factor(pool_of("ON", (SOFTWARE_TOKEN,)), user) == NextStep(SOFTWARE_TOKEN)
    assert second_factor(pool_of("ON", (EMAIL,)), user) == NextStep(MFA_SETUP, (EMAIL,))
    assert second_factor(pool_of("OPTIONAL", (EMAIL,)), user) is None


# --- first factors --------------------------------------------------------------------------------


def test_first_factors_are_what_pool_and_user_have_in_common() -> None:
    pool = pool_of("OPTIONAL")
    unproven = user_with(email="kim@example.com", email_verified="false")

    assert first_factors(pool, user_with(**EMAIL_ADDRESS), has_password=True) == (*PASSWORDS, "EMAIL_OTP")
    assert first_factors(pool, user_with(**PHONE), has_password=False) == ("SMS_OTP",)
    assert first_factors(pool, unproven, has_password=True) == PASSWORDS
    only = pool_of("OFF", first=("PASSWORD",))
    assert first_factors(only, user_with(**EMAIL_ADDRESS), has_password=True) == PASSWORDS


def test_temporary_password_is_the_only_way_in() -> None:
    invited = replace(user_with(**EMAIL_ADDRESS), status=UserStatus.FORCE_CHANGE_PASSWORD)

    assert first_factors(pool_of("OFF"), invited, has_password=True) == PASSWORDS


def test_second_factor_leaves_the_password_only() -> None:
    pool, user = pool_of("OPTIONAL"), user_with(SOFTWARE_TOKEN, app=True, **EMAIL_ADDRESS)

    assert first_factors(pool, user, has_password=True) == PASSWORDS
    assert takes_code(pool, user, "EMAIL_OTP")
    assert not takes_code(pool, user_with(EMAIL, **EMAIL_ADDRESS), "EMAIL_OTP")
    assert not takes_code(pool_of("ON"), user, "EMAIL_OTP")


# --- what holds for all ---------------------------------------------------------------------------

factors = st.lists(st.sampled_from(FACTORS), unique=True).map(tuple)
pools = st.builds(pool_of, st.sampled_from(["OFF", "OPTIONAL", "ON"]), factors)
flag = st.sampled_from(["true", "false"])
addresses = st.fixed_dictionaries(
    {},
    optional={
        "email": st.just("kim@example.com"),
        "email_verified": flag,
        "phone_number": st.just("+15550100"),
        "phone_number_verified": flag,
    },
)


@st.composite
def users(draw: st.DrawFn) -> User:
    enabled = draw(factors)
    preferred = draw(st.sampled_from([None, *enabled]))
    return user_with(*enabled, preferred=preferred, app=draw(st.booleans()), **draw(addresses))


@given(pools, users())
def test_nobody_comes_in_without_a_factor_where_one_is_required(pool: UserPool, user: User) -> None:
    step = second_factor(pool, user)

    assert (step is not None) == (pool.spec.mfa == "ON" or bool(active_factors(pool, user)))


@given(pools, users())
def test_what_is_asked_for_can_be_answered(pool: UserPool, user: User) -> None:
    step = second_factor(pool, user)

    if step is None or step.challenge == MFA_SETUP:
        return
    asked = step.offered if step.challenge == SELECT_MFA_TYPE else (step.challenge,)
    assert set(asked) <= set(user_mfa.of_pool(pool.spec.factors))
    assert all(user_mfa.works(factor, user.mfa, user.attributes) for factor in asked)
    assert step.challenge != SELECT_MFA_TYPE or len(asked) > 1


@given(pools, users())
def test_nothing_is_set_up_beside_what_the_user_could_answer(pool: UserPool, user: User) -> None:
    step = second_factor(pool, user)

    if step is not None and step.challenge == MFA_SETUP:
        offered = user_mfa.of_pool(pool.spec.factors)
        assert not (SOFTWARE_TOKEN in offered and user.mfa.software_token)
        assert not any(user_mfa.is_proven(factor, user.attributes) for factor in offered)


@given(pools, users(), st.booleans())
def test_everybody_is_offered_at_least_what_a_user_is(pool: UserPool, user: User, has_password: bool) -> None:
    assert set(first_factors(pool, user, has_password=has_password)) <= set(offered_to_all(pool))


@given(pools, users(), st.sampled_from(["EMAIL_OTP", "SMS_OTP"]))
def test_one_mailbox_is_never_both_factors(pool: UserPool, user: User, factor: str) -> None:
    if takes_code(pool, user, factor):
        step = second_factor(pool, user)
        same = {"EMAIL_OTP": EMAIL, "SMS_OTP": SMS}[factor]
        assert step is None or (step.challenge != same and same not in step.offered)
