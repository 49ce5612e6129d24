"""JWKS documents of others: which keys are taken, and what is no key set."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from app_client_authz.crypto import jwts
from app_client_authz.crypto.key_sets import MAX_KEYS, BadKeySet, read_key_set

GENERATED = jwts.generate_signing_key()
KEY: dict[str, Any] = dict(GENERATED.public_jwk)


def document(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


def numbered(number: int) -> dict[str, Any]:
    return KEY | {"kid": str(number)}


def test_published_keys_verify_what_was_signed() -> None:
    signing = jwts.load_signing_key(GENERATED.kid, GENERATED.private_pem, purpose="access")
    claims = {"iss": "x", "token_use": "access", "client_id": "c", "iat": 0, "exp": 10}
    proven = jwts.verify(
        jwts.read(jwts.sign(claims, signing)), read_key_set(document(KEY)), issuer="x", token_use="access", now=1
    )

    assert proven == claims


def test_members_that_are_optional_may_be_missing() -> None:
    assert set(read_key_set(document({name: KEY[name] for name in ("kty", "kid", "n", "e")}))) == {GENERATED.kid}


def _of(bits: int) -> dict[str, Any]:
    modulus = (1 << (bits - 1)) | 1
    octets = modulus.to_bytes((bits + 7) // 8, "big")
    return KEY | {"kid": f"{bits} bits", "n": base64.urlsafe_b64encode(octets).rstrip(b"=").decode()}


@pytest.mark.attack("R9")
@pytest.mark.parametrize(
    "passed_over",
    [
        {"kty": "oct", "kid": "o", "k": "c2VjcmV0"},
        {"kty": "EC", "kid": "e", "crv": "P-256", "x": "AA", "y": "AA"},
        KEY | {"kid": "encryption", "use": "enc"},
        KEY | {"kid": "other", "alg": "RS512"},
        KEY | {"kid": "none", "alg": "none"},
        KEY | {"kid": ["x"]},
        KEY | {"kid": 1},
        {name: KEY[name] for name in ("kty", "n", "e")},
        KEY | {"kid": "n", "n": 5},
        KEY | {"kid": "n", "n": "!"},
        KEY | {"kid": "e", "e": ""},
        KEY | {"kid": "large", "n": "A" * 100_000},
        _of(16_384),
        "x",
        None,
        [],
    ],
)
def test_key_that_could_not_verify_our_tokens_is_passed_over(passed_over: object) -> None:
    assert set(read_key_set(document(passed_over, KEY))) == {GENERATED.kid}


def test_small_key_is_passed_over() -> None:
    numbers = generate_private_key(65537, 1024).public_key().public_numbers()
    small = base64.urlsafe_b64encode(numbers.n.to_bytes(128, "big")).rstrip(b"=").decode()

    with pytest.raises(BadKeySet):
        read_key_set(document(KEY | {"n": small}))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[]}',
        pytest.param(b'{"keys":' + b"[" * 1000 + b"]" * 1000 + b"}", id="deep"),
        b"\xff",
        pytest.param(document(*map(numbered, range(MAX_KEYS + 1))), id="one key too many"),
    ],
)
def test_what_is_no_key_set_is_refused_without_quoting_it(text: bytes) -> None:
    with pytest.raises(BadKeySet) as refused:
        read_key_set(text)
    assert len(str(refused.value)) < 100


@pytest.mark.attack("R10")
def test_private_members_of_a_careless_publisher_are_not_kept() -> None:
    [key] = read_key_set(document(KEY | {"d": "AQAB", "p": "AQAB"})).values()

    assert not key.is_private
