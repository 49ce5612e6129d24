"""Device keys, and the arithmetic of devices against a vector that pycognito's arithmetic gave (api.md 4.6, 4.26)."""

import base64
import hashlib
import re
from dataclasses import replace

import pytest

from app_client_authz.domain import device, srp
from app_client_authz.domain.device import FORGOTTEN
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.pool_settings import DeviceConfiguration

POOL_ID, ID, SUB = "us-east-1_AbCdEf123", "0f6a7d2c-1b3e-4c5d-8e9f-a0b1c2d3e4f5", "7408b408-8041-70ea-b550-3677bffc7910"
KEY, GROUP = f"us-east-1_{ID}", "-3f2a9c1d"
PASSWORD = base64.b64encode(bytes([0x33]) * 40).decode()
SALT = bytes.fromhex("009f3a5c77d1e2b4861122334455667788")
BLOCK, TIMESTAMP = b"secret-block-bytes", "Fri Sep 4 03:02:01 UTC 2026"
CLAIM = "T2D6oUybsa0FP0ips1rD5GUJiNYT9czAQx9Q94k9p8E="
POOL = UserPool.create(PoolSpec(name="demo", devices=DeviceConfiguration()), pool_id=POOL_ID, now=0.0)


def base64_of(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def test_vector_of_a_device_is_met() -> None:
    verifier = srp.verifier(GROUP, KEY, PASSWORD, int.from_bytes(SALT, "big"))
    read = device.verifier_from(base64_of(srp.pad(verifier)), base64_of(SALT))
    exchange = srp.Exchange(pow(srp.G, int("11" * 32, 16), srp.N), int("22" * 32, 16), read.value)

    assert hashlib.sha256(srp.pad(read.value)).hexdigest() == (
        "4c525f8ec177aa9664cb77ff410e69d6897fec78f73191379c90cea60feb0107"
    )
    assert exchange.proves(CLAIM, group=GROUP, user_id=KEY, secret_block=BLOCK, timestamp=TIMESTAMP)
    assert not exchange.proves(CLAIM, group=GROUP, user_id=KEY + "0", secret_block=BLOCK, timestamp=TIMESTAMP)


def test_salt_stays_what_the_device_hashed() -> None:
    for salt in (b"\x00", b"\x00\x00\x01", b"\xff" * 16, b"s" * device.MAX_SALT_BYTES):
        assert device.verifier_from(base64_of(b"\x02"), base64_of(salt)).salt == salt


@pytest.mark.parametrize(
    "verifier",
    [b"", b"\x00", b"\x01", srp.pad(srp.N), srp.pad(srp.N + 1), b"\x00" * 400 + b"\x05"],
    ids=["nothing", "0", "1", "N", "N + 1", "zeros in front"],
)
@pytest.mark.attack("R9")
def test_verifier_that_proves_nothing_is_refused(verifier: bytes) -> None:
    with pytest.raises(InvalidParameter, match=r"^Invalid device password verifier given\.$"):
        device.verifier_from(base64_of(verifier), base64_of(SALT))


@pytest.mark.parametrize("text", ["!", "é", "AAAA\n", "AAA", base64_of(b"s" * 65), ""])
def test_what_is_no_salt_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"^Invalid device salt given\.$"):
        device.verifier_from(base64_of(b"\x05"), text)
    with pytest.raises(InvalidParameter):
        device.verifier_from("!", base64_of(SALT))


def test_verifier_is_not_printed() -> None:
    read = device.verifier_from(base64_of(b"\x07" * 40), base64_of(SALT))

    assert repr(read) == "DeviceVerifier()"


def test_key_is_the_region_and_a_uuid() -> None:
    assert device.key_of(POOL_ID, ID) == KEY
    assert device.id_of(POOL_ID, KEY) == ID
    for strange in (ID, f"us-west-2_{ID}", f"us-east-1_{ID.upper()}", f"{KEY}0", f"x{KEY}", "us-east-1_-", f"{KEY}\n"):
        assert device.id_of(POOL_ID, strange) is None


def test_group_key_is_short_and_one_for_all_devices_of_a_user() -> None:
    assert re.fullmatch("-[0-9a-f]{8}", device.group_key(POOL_ID, SUB))
    assert device.new(POOL_ID, SUB, ID) == device.NewDevice(KEY, device.group_key(POOL_ID, SUB))
    assert device.group_key(POOL_ID, SUB) != device.group_key(POOL_ID, ID)


def test_refresh_token_of_a_device_needs_its_key() -> None:
    untracked = replace(POOL, spec=PoolSpec(name="demo"))

    assert device.may_refresh(POOL, ID, KEY)
    assert not device.may_refresh(POOL, ID, None)
    assert not device.may_refresh(POOL, ID, KEY.upper())
    assert device.may_refresh(POOL, None, None)
    assert device.may_refresh(POOL, None, KEY)
    assert device.may_refresh(untracked, ID, "unknown")
    for pool in (POOL, untracked):
        for key in (None, KEY, "us-east-1_", ""):
            assert not device.may_refresh(pool, FORGOTTEN, key)


def test_claim_is_there_for_tracked_devices_only() -> None:
    assert device.claimed_key(POOL, ID) == KEY
    assert device.claimed_key(POOL, None) is device.claimed_key(POOL, FORGOTTEN) is None
    assert device.claimed_key(replace(POOL, spec=PoolSpec(name="demo")), ID) is None


@pytest.mark.parametrize(
    "told, kept",
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("fe80::1%" + "x" * 60, None),
        ("unix:", None),
        ("192.0.2.1, 198.51.100.7", None),
        ("", None),
        (None, None),
    ],
)
def test_address_is_kept_if_it_is_one(told: str | None, kept: str | None) -> None:
    assert device.ip_address(told) == kept
