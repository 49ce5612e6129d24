"""Token validities and their units (api.md 2.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain import lifetimes
from app_client_authz.domain.client_spec import TokenValidityUnits
from app_client_authz.domain.errors import InvalidParameter
from tests.domain.app_clients import make

OUT_OF_RANGE = "Invalid range for token validity."
OUTLIVES = "Access and Id Token expiration times must be less than or equal to refresh token expiration times."
UNITS = st.sampled_from(["seconds", "minutes", "hours", "days", None])


def refusal(**members: object) -> str:
    with pytest.raises(InvalidParameter) as error:
        make(**members)
    return error.value.message


def test_unset_validities_are_an_hour_an_hour_and_thirty_days() -> None:
    client = make()
    assert client.access_token_seconds == 3_600
    assert client.id_token_seconds == 3_600
    assert client.refresh_token_seconds == 30 * 86_400


@pytest.mark.parametrize("number, unit, seconds", [(300, "seconds", 300), (5, "minutes", 300), (24, "hours", 86_400)])
def test_validities_count_in_their_units(number: int, unit: str, seconds: int) -> None:
    client = make(
        access_token_validity=number,
        id_token_validity=number,
        token_validity_units=TokenValidityUnits(access_token=unit, id_token=unit),
    )
    assert client.access_token_seconds == seconds
    assert client.id_token_seconds == seconds


@pytest.mark.parametrize(
    "number, unit", [(299, "seconds"), (4, "minutes"), (1_441, "minutes"), (25, "hours"), (2, "days")]
)
def test_access_and_id_tokens_live_five_minutes_to_a_day(number: int, unit: str) -> None:
    access, identity = TokenValidityUnits(access_token=unit), TokenValidityUnits(id_token=unit)
    assert refusal(access_token_validity=number, token_validity_units=access) == OUT_OF_RANGE
    assert refusal(id_token_validity=number, token_validity_units=identity) == OUT_OF_RANGE


@pytest.mark.parametrize("number, unit", [(59, "minutes"), (3_599, "seconds"), (3_651, "days"), (315_360_000, "days")])
def test_refresh_tokens_live_an_hour_to_ten_years(number: int, unit: str) -> None:
    units = TokenValidityUnits(refresh_token=unit)
    assert refusal(refresh_token_validity=number, token_validity_units=units) == OUT_OF_RANGE


@pytest.mark.parametrize("number, unit", [(60, "minutes"), (3_650, "days"), (315_360_000, "seconds")])
def test_the_bounds_of_refresh_tokens_are_allowed(number: int, unit: str) -> None:
    client = make(refresh_token_validity=number, token_validity_units=TokenValidityUnits(refresh_token=unit))
    assert client.refresh_token_seconds == number * lifetimes.SECONDS_PER_UNIT[unit]


def test_refresh_validity_zero_is_thirty_and_stored_so() -> None:
    client = make(refresh_token_validity=0)
    assert client.spec.refresh_token_validity == 30
    assert client.refresh_token_seconds == 30 * 86_400
    assert lifetimes.effective(None, None, 0, TokenValidityUnits()).refresh_token_seconds == 30 * 86_400


@pytest.mark.parametrize("kind", ["access_token_validity", "id_token_validity"])
def test_neither_access_nor_id_token_outlives_the_refresh_token(kind: str) -> None:
    units = TokenValidityUnits(refresh_token="hours")
    assert refusal(**{kind: 3}, refresh_token_validity=2, token_validity_units=units) == OUTLIVES
    assert make(**{kind: 2}, refresh_token_validity=2, token_validity_units=units)


def test_a_unit_without_its_number_applies_to_the_default_number() -> None:
    assert refusal(token_validity_units=TokenValidityUnits(refresh_token="seconds")) == OUT_OF_RANGE
    assert refusal(token_validity_units=TokenValidityUnits(access_token="minutes")) == OUT_OF_RANGE
    assert make(token_validity_units=TokenValidityUnits(access_token="days")).access_token_seconds == 86_400
    assert make(token_validity_units=TokenValidityUnits(refresh_token="hours")).refresh_token_seconds == 30 * 3_600


def test_numbers_and_units_are_kept_as_sent() -> None:
    units = TokenValidityUnits(access_token="minutes", given=True)
    spec = make(access_token_validity=60, token_validity_units=units).spec
    assert spec.access_token_validity == 60
    assert spec.token_validity_units == units
    assert spec.id_token_validity is None


@pytest.mark.parametrize(
    "member, path, value, phrase",
    [
        ("access_token_validity", "accessTokenValidity", 0, "Member must have value greater than or equal to 1"),
        ("access_token_validity", "accessTokenValidity", 86_401, "Member must have value less than or equal to 86400"),
        ("id_token_validity", "idTokenValidity", 0, "Member must have value greater than or equal to 1"),
        ("id_token_validity", "idTokenValidity", 86_401, "Member must have value less than or equal to 86400"),
        ("refresh_token_validity", "refreshTokenValidity", -1, "Member must have value greater than or equal to 0"),
        (
            "refresh_token_validity",
            "refreshTokenValidity",
            2**40,
            "Member must have value less than or equal to 315360000",
        ),
    ],
)
def test_the_models_bounds_are_checked_before_units(member: str, path: str, value: int, phrase: str) -> None:
    assert refusal(**{member: value}) == (
        f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {phrase}"
    )


@pytest.mark.parametrize("value", [True, 1.5, "60", [60]])
@pytest.mark.parametrize("member", ["access_token_validity", "id_token_validity", "refresh_token_validity"])
def test_a_validity_is_an_integer_and_a_boolean_is_none(member: str, value: object) -> None:
    assert refusal(**{member: value}).endswith("failed to satisfy constraint: Member must be an integer")


def test_an_unknown_unit_is_refused() -> None:
    assert refusal(token_validity_units=TokenValidityUnits(id_token="weeks")) == (
        "1 validation error detected: Value 'weeks' at 'tokenValidityUnits.idToken' failed to satisfy constraint: "
        "Member must satisfy enum value set: [seconds, minutes, hours, days]"
    )


@given(
    access=st.none() | st.integers(1, 86_400),
    identity=st.none() | st.integers(1, 86_400),
    refresh=st.none() | st.integers(0, 315_360_000),
    units=st.builds(TokenValidityUnits, access_token=UNITS, id_token=UNITS, refresh_token=UNITS),
)
def test_whatever_is_accepted_is_in_range(
    access: int | None, identity: int | None, refresh: int | None, units: TokenValidityUnits
) -> None:
    found = lifetimes.effective(access, identity, refresh, units)
    short = (found.access_token_seconds, found.id_token_seconds)
    allowed = (
        all(300 <= seconds <= 86_400 for seconds in short)
        and 3_600 <= found.refresh_token_seconds <= 315_360_000
        and max(short) <= found.refresh_token_seconds
    )
    if allowed:
        lifetimes.check(found)
    else:
        with pytest.raises(InvalidParameter):
            lifetimes.check(found)
