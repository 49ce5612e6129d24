"""The SRP arithmetic against a vector that was checked with pycognito's (api.md 4.6)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain import srp

GROUP, USER, PASSWORD = "AbCdEf123", "alice", "Passw0rd!"
SALT = int("9f3a5c77d1e2b4861122334455667788", 16)
A_SECRET, B_SECRET = int("11" * 32, 16), int("22" * 32, 16)
BLOCK, TIMESTAMP = b"secret-block-bytes", "Thu Sep 4 03:02:01 UTC 2026"
CLAIM = "eq/KSZ8c+yh3vPS0+uf/5xFP34fyO4attQKM60R4NYE="

VERIFIER = srp.verifier(GROUP, USER, PASSWORD, SALT)
A = pow(srp.G, A_SECRET, srp.N)


def sha(number: int) -> str:
    return hashlib.sha256(srp.pad(number)).hexdigest()


def proves(exchange: srp.Exchange, signature: str = CLAIM, user_id: str = USER) -> bool:
    return exchange.proves(signature, group=GROUP, user_id=user_id, secret_block=BLOCK, timestamp=TIMESTAMP)


@pytest.mark.compliance("RFC 5054", "appendix A", "the 3072-bit group")
def test_group_and_multiplier_are_the_recorded_ones() -> None:
    assert srp.N.bit_length() == 3072
    assert f"{srp.K:064x}" == "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6"


def test_vector_is_met() -> None:
    public = srp.public_b(VERIFIER, B_SECRET)
    exchange = srp.Exchange(A, B_SECRET, VERIFIER)

    assert sha(VERIFIER) == "36c796b1efdad76f9e42e6ea62bc8b497211c3d7f43c4269ce8ab5af8e8a4159"
    assert sha(A) == "fb177c2f8a148859028b890ea60616525a0b01fee86908d6b72f135787965310"
    assert sha(public) == "9fb93d3e3d394df8f8f07522856a25540e84fd233c83af36716e8c076c0fc381"
    key = exchange.key()
    assert key is not None
    assert key.hex() == "9fa70d8ec71c1687e9d45217b45c9e86"
    assert srp.claim(key, GROUP, USER, BLOCK, TIMESTAMP) == CLAIM
    assert proves(exchange)


@pytest.mark.parametrize("a", [0, srp.N, 2 * srp.N], ids=["0", "N", "2N"])
@pytest.mark.compliance("RFC 5054", "2.5.4", "A mod N is not 0")
def test_values_that_would_make_the_key_known_prove_nothing(a: int) -> None:
    exchange = srp.Exchange(a, B_SECRET, VERIFIER)
    forged = srp.claim(bytes(16), GROUP, USER, BLOCK, TIMESTAMP)

    assert exchange.key() is None
    assert not proves(exchange, forged)


@pytest.mark.parametrize(
    "exchange",
    [
        srp.Exchange(A, B_SECRET + 1, VERIFIER),
        srp.Exchange(A, B_SECRET, srp.verifier(GROUP, USER, "Passw0rd?", SALT)),
        srp.Exchange(A, B_SECRET, srp.verifier(GROUP, "bob", PASSWORD, SALT)),
        srp.Exchange(A * 2 % srp.N, B_SECRET, VERIFIER),
    ],
    ids=["other b", "other password", "other user", "other A"],
)
def test_any_other_value_does_not_fit_the_proof(exchange: srp.Exchange) -> None:
    assert not proves(exchange)


@pytest.mark.parametrize("text", ["", "xyz", "0x12", "-1", "１２", "f" * 771, "12 "])
def test_a_public_value_that_is_no_number_is_none(text: str) -> None:
    assert srp.parse_a(text) is None


@given(st.integers(min_value=0, max_value=2**600))
def test_pad_is_javas_shortest_two_s_complement(number: int) -> None:
    padded = srp.pad(number)

    assert int.from_bytes(padded, "big", signed=True) == number
    assert len(padded) == 1 or padded[0] or padded[1] >> 7


@given(st.binary(min_size=16, max_size=16))
def test_no_salt_begins_with_a_zero_digit(random: bytes) -> None:
    assert len(f"{srp.salt_from(random):x}") == 32


@given(st.integers(min_value=-62_135_596_800, max_value=253_402_300_799))
def test_timestamp_is_read_back(instant: int) -> None:
    assert srp.parse_timestamp(srp.timestamp(instant)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "Thu Sep 04 03:02:01 UTC 2026",
        "Fri Sep 3 03:02:01 UTC 2026",
        "Thu Feb 30 03:02:01 UTC 2026",
        "Thu Sep 3 24:02:01 UTC 2026",
        "Thu Sep 3 03:02:60 UTC 2026",
        "Thu Sep 3 3:02:01 UTC 2026",
        "Thu Sep 3 03:02:01 UTC 26",
        "Thu Sep 3 03:02:01 GMT 2026",
        "Thu Sep 3 03:02:01 UTC 2026\n",
        "Thu Sep  3 03:02:01 UTC 2026",
        "Thu Foo 3 03:02:01 UTC 2026",
        "Thu Sep 3 03:02:01 UTC 0000",
        "Thu Sep \u0663 03:02:01 UTC 2026",
        "",
    ],
)
def test_time_in_any_other_spelling_is_none(text: str) -> None:
    """A zero in front of the day is refused by Cognito too (api.md 4.6)."""
    assert srp.parse_timestamp("Thu Sep 3 03:02:01 UTC 2026") == 1788404521
    assert srp.parse_timestamp(text) is None
