"""UUIDs as octets and as text."""

import uuid

import pytest

from app_client_authz.domain import uuids


def test_octets_and_text_lead_to_one_another() -> None:
    text = "b3c1f9d0-0a1b-4c2d-8e3f-000000000001"
    assert uuids.octets_of(text) == uuid.UUID(text).bytes
    assert uuids.text_of(uuids.octets_of(text)) == text


@pytest.mark.parametrize("random", [bytes(16), b"\xff" * 16, bytes(range(16))])
def test_a_random_uuid_is_the_one_of_the_standard_library(random: bytes) -> None:
    assert uuids.version_4_from(random) == str(uuid.UUID(bytes=random, version=4))


@pytest.mark.parametrize("text", ["zz", "a", "b3c1f9d0-0a1b-4c2d-8e3f-00000000000é", "\ud800"])
def test_what_is_not_hexadecimal_has_no_octets(text: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        uuids.octets_of(text)
