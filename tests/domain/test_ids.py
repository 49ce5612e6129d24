"""Identifiers (api.md 2.1)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain import ids
from app_client_authz.domain.errors import InvalidParameter

BITS128 = st.integers(0, 2**128 - 1)
BITS256 = st.integers(0, 2**256 - 1)


def test_the_largest_client_id_has_26_characters_and_starts_with_7() -> None:
    assert ids.client_id_from(2**128 - 1) == "7" + "v" * 25


def test_the_largest_secret_has_52_characters_and_starts_with_1() -> None:
    assert ids.secret_from(2**256 - 1) == "1" + "v" * 51


def test_leading_zeros_of_a_client_id_are_suppressed() -> None:
    assert ids.client_id_from(2**125 - 1) == "v" * 25
    assert ids.client_id_from(33) == "11"
    assert ids.client_id_from(0) == "0"


def test_a_captured_client_id_is_the_writing_of_a_128_bit_number() -> None:
    number = int("7cauc5deq23ueku0n4tmqlgidr", 32)
    assert ids.client_id_from(number) == "7cauc5deq23ueku0n4tmqlgidr"


@given(BITS128)
def test_a_client_id_is_its_number_in_base_32(number: int) -> None:
    client_id = ids.client_id_from(number)
    assert int(client_id, 32) == number
    assert ids.is_client_id(client_id)


@given(BITS256)
def test_a_secret_is_its_number_in_base_32(number: int) -> None:
    secret = ids.secret_from(number)
    assert int(secret, 32) == number
    assert re.fullmatch("[0-9a-v]{1,52}", secret)


@pytest.mark.parametrize("number", [-1, 2**128])
def test_a_client_id_takes_128_bits_only(number: int) -> None:
    with pytest.raises(ValueError):
        ids.client_id_from(number)
    with pytest.raises(ValueError):
        ids.sub_from(number)


@pytest.mark.parametrize("number", [-1, 2**256])
def test_a_secret_takes_256_bits_only(number: int) -> None:
    with pytest.raises(ValueError):
        ids.secret_from(number)


@given(st.integers(0, 2**80))
def test_a_pool_id_is_the_region_and_nine_alphanumerics(number: int) -> None:
    pool_id = ids.pool_id_from("us-east-1", number)
    assert re.fullmatch("us-east-1_[0-9A-Za-z]{9}", pool_id)
    assert ids.is_pool_id(pool_id)


def test_pool_ids_of_neighbouring_numbers_differ() -> None:
    assert len({ids.pool_id_from("eu-west-1", number) for number in range(62 * 62)}) == 62 * 62


def test_a_region_that_makes_no_pool_id_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=r"Member must satisfy regular expression pattern: \[\\w-\]\+_"):
        ids.pool_id_from("us east", 1)
    with pytest.raises(ValueError):
        ids.pool_id_from("us-east-1", -1)


@given(BITS128)
def test_a_sub_is_shaped_as_a_uuid_with_version_nibble_7(number: int) -> None:
    sub = ids.sub_from(number)
    assert ids.is_sub(sub)
    assert sub[14] == "7"


@pytest.mark.parametrize(
    "value",
    ["", "34c84488e0e170aed2ee991ad1a898c8", "34C84488-E0E1-70AE-D2EE-991AD1A898C8", "x" * 36, None, 7],
)
def test_what_is_not_shaped_as_a_sub_is_none(value: object) -> None:
    assert not ids.is_sub(value)


@pytest.mark.parametrize(
    "value", ["us-east-1", "_x", "us-east-1_", "us-east-1_a-b", "us_1_ä", "a" * 50 + "_" + "b" * 5]
)
def test_what_is_not_shaped_as_a_pool_id_is_none(value: str) -> None:
    assert not ids.is_pool_id(value)


def test_any_id_of_the_models_pattern_is_a_client_id() -> None:
    assert ids.is_client_id("my+client_1")
    assert ids.is_client_id("a" * 128)
    assert not ids.is_client_id("a" * 129)
    assert not ids.is_client_id("clïent")
    assert not ids.is_client_id("client\n")


@pytest.mark.parametrize("name", ["a", "Ärzte", "管理者", "a-b_c.d!", "€"])
def test_a_group_name_may_hold_letters_marks_symbols_numbers_and_punctuation(name: str) -> None:
    ids.check("groupName", name, ids.GROUP_NAME)


@pytest.mark.parametrize("name", ["two words", "line\nbreak", "\u200bzero", "\ud800"])
def test_a_group_name_holds_neither_blanks_nor_controls(name: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        ids.check("groupName", name, ids.GROUP_NAME)
    assert refusal.value.message.startswith("1 validation error detected: Value '")
    assert refusal.value.message.endswith(
        r"at 'groupName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"
    )
    assert refusal.value.message.isprintable()


def test_a_malformed_secret_is_refused_without_being_shown() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        ids.check("clientSecret", "short-secret", ids.CLIENT_SECRET)
    assert refusal.value.message == (
        "2 validation errors detected: "
        "Value at 'clientSecret' failed to satisfy constraint: Member must have length greater than or equal to 24; "
        r"Value at 'clientSecret' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+]+"
    )


def test_a_missing_value_is_null_even_where_values_are_hidden() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        ids.check("clientId", None, ids.CLIENT_ID)
    assert refusal.value.message == (
        "1 validation error detected: Value null at 'clientId' failed to satisfy constraint: Member must not be null"
    )
