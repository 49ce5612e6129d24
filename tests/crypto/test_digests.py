"""Chance and digests."""

import hashlib
import hmac
import re
import uuid

import pytest

from app_client_authz.crypto.digests import (
    digest,
    keyed_digest,
    random_digits,
    random_int,
    random_token,
    random_uuid,
)

KEY = b"k" * 32


@pytest.mark.attack("R10")
def test_a_random_token_is_url_safe_and_has_256_bits() -> None:
    tokens = {random_token() for _ in range(500)}
    assert len(tokens) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


@pytest.mark.attack("R10")
def test_a_random_uuid_tells_neither_time_nor_machine() -> None:
    made = {random_uuid() for _ in range(500)}
    assert len(made) == 500
    assert {(uuid.UUID(each).version, uuid.UUID(each).variant) for each in made} == {(4, uuid.RFC_4122)}
    assert all(str(uuid.UUID(each)) == each for each in made)


def test_a_random_integer_uses_all_its_bits_and_no_more() -> None:
    made = [random_int(8) for _ in range(4000)]
    assert min(made) >= 0
    assert max(made) <= 255
    assert len(set(made)) > 200


def test_random_digits_keep_their_leading_zeros() -> None:
    drawn = [random_digits(6) for _ in range(300)]

    assert all(re.fullmatch(r"[0-9]{6}", each) for each in drawn)
    assert len(set(drawn)) > 280
    assert {each[0] for each in drawn} == set("0123456789")


def test_a_digest_is_the_hex_sha256_of_the_text() -> None:
    assert digest("abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.attack("R19")
@pytest.mark.parametrize("strange", ["", "\ud800", "\x00", "ü" * 100_000])
def test_strange_text_has_a_digest(strange: str) -> None:
    assert len(digest(strange)) == 64


def test_a_keyed_digest_is_an_hmac_over_length_prefixed_parts() -> None:
    octets = b"".join(len(part).to_bytes(8, "big") + part for part in (b"code", b"a", b"bc"))
    assert keyed_digest(KEY, "code", "a", "bc") == hmac.new(KEY, octets, "sha256").hexdigest()


def test_a_keyed_digest_differs_with_key_purpose_and_every_cut_of_the_parts() -> None:
    variants = [
        keyed_digest(KEY, "code", "ab", "c"),
        keyed_digest(KEY, "code", "a", "bc"),
        keyed_digest(KEY, "code", "abc"),
        keyed_digest(KEY, "code", "abc", ""),
        keyed_digest(KEY, "codeabc"),
        keyed_digest(KEY, "csrf", "ab", "c"),
        keyed_digest(b"l" * 32, "code", "ab", "c"),
    ]
    assert len(set(variants)) == len(variants)
