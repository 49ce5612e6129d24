"""SECRET_HASH against the reference value of api.md 4.3."""

import pytest

from app_client_authz.domain.secret_hash import matches, secret_hash

REFERENCE = "qn5Qpr6ozpWEqVwDYg72efj3DO7Huy4pAFu5OqKaMBA="
ALICE = ("alice", "1example23456789")


def test_reference_value_is_met() -> None:
    assert secret_hash("1abcsecret", *ALICE) == REFERENCE


@pytest.mark.parametrize("secrets", [["1abcsecret"], ["other", "1abcsecret"], ["1abcsecret", "other"]])
def test_either_secret_is_accepted(secrets: list[str]) -> None:
    assert matches(REFERENCE, secrets, *ALICE)


@pytest.mark.parametrize("presented", ["", "qn5Q", REFERENCE[:-1], REFERENCE.lower(), "\ud800"])
def test_anything_else_is_refused(presented: str) -> None:
    assert not matches(presented, ["1abcsecret"], *ALICE)


def test_hash_of_another_name_or_client_is_refused() -> None:
    assert not matches(REFERENCE, ["1abcsecret"], "Alice", ALICE[1])
    assert not matches(REFERENCE, ["1abcsecret"], "alice", "1example2345678")
