"""Devices that users sign in from: their keys, and what proves that one is there (api.md 3.8, 4.26)."""

import base64
import hashlib
import ipaddress
import re
from dataclasses import dataclass, field

from app_client_authz.domain import srp
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool import UserPool

MAX_SALT_BYTES = 64
MAX_IP_CHARACTERS = 45
UNKNOWN = "Device does not exist."
FORGOTTEN = ""
"""Stands in a token session in place of its device, once that was forgotten: no key fits it."""

_KEY = re.compile(r"(?P<region>[\w-]+)_(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class DeviceVerifier:
    """Salt and v = g^x mod N of a password that the device made up for itself.

    The salt stays the octets that came: what the device is shown at a sign-in is what it hashed.
    """

    salt: bytes = field(repr=False)
    value: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class Device:
    """A device that its user confirmed; instants are epoch seconds.

    ``id`` is the UUID in its key. A device that is not ``remembered`` is known, and stands in for nothing; nor does
    one that was confirmed without a verifier, and so has no password.
    """

    sub: str
    id: str
    remembered: bool
    created_at: float
    updated_at: float
    last_authenticated_at: float
    name: str | None = None
    last_ip: str | None = None
    has_password: bool = True

    @property
    def proves_itself(self) -> bool:
        """Whether a sign-in asks the device to prove that it is there."""
        return self.remembered and self.has_password


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What a sign-in from a device that nobody knows yet gives, to be confirmed with (``NewDeviceMetadata``)."""

    key: str
    group_key: str


def new(pool_id: str, sub: str, device_id: str) -> NewDevice:
    """What the user is told of a device that signs in for the first time."""
    return NewDevice(key_of(pool_id, device_id), group_key(pool_id, sub))


def key_of(pool_id: str, device_id: str) -> str:
    """The key of a device, such as ``us-east-1_0f6a7d2c-…``."""
    return f"{_region(pool_id)}_{device_id}"


def id_of(pool_id: str, key: str) -> str | None:
    """The UUID in the key of a device; None if no device of the pool can have that key."""
    found = _KEY.fullmatch(key)
    return found["id"] if found is not None and found["region"] == _region(pool_id) else None


def group_key(pool_id: str, sub: str) -> str:
    """What all devices of a user hash in place of a pool's name; no secret, and always the same."""
    return "-" + hashlib.sha256(f"device group {pool_id} {sub}".encode()).hexdigest()[:8]


def verifier_from(password_verifier: str, salt: str) -> DeviceVerifier:
    """``DeviceSecretVerifierConfig``, both in base64 of big-endian octets.

    Raises:
        InvalidParameter: no number of the group, or no salt of reasonable length.
    """
    octets, salt_octets = _from_base64(password_verifier), _from_base64(salt)
    value = int.from_bytes(octets, "big")
    # 0 and 1 would give a key that everybody can work out.
    if len(octets) > len(srp.pad(srp.N)) or not 1 < value < srp.N:
        raise InvalidParameter("Invalid device password verifier given.")
    if not 0 < len(salt_octets) <= MAX_SALT_BYTES:
        raise InvalidParameter("Invalid device salt given.")
    return DeviceVerifier(salt_octets, value)


def tied(pool: UserPool, sub: str, known: str | None, fresh: str) -> tuple[str | None, NewDevice | None]:
    """The device that a new session is tied to, and what its user is told of a new one.

    ``known`` is the device that the user named, ``fresh`` a UUID that nobody has.
    """
    if not pool.tracks_devices:
        return None, None
    return (known, None) if known is not None else (fresh, new(pool.id, sub, fresh))


def stands_in(pool: UserPool) -> bool:
    """Whether a remembered device is as good as a second factor (ChallengeRequiredOnNewDevice)."""
    return pool.spec.devices is not None and pool.spec.devices.challenge_required_on_new_device


def claimed_key(pool: UserPool, device_id: str | None) -> str | None:
    """``device_key`` in the access tokens of a session on that device; None without one, or where none is tracked."""
    return key_of(pool.id, device_id) if device_id and pool.tracks_devices else None


def may_refresh(pool: UserPool, device_id: str | None, key: str | None) -> bool:
    """Whether a refresh token of a session on that device is good in the hands of who shows ``key`` (api.md 4.11).

    Sessions without a device need none. Those of a forgotten one are over, whatever the pool tracks now.
    """
    if device_id is None:
        return True
    if device_id == FORGOTTEN:
        return False
    return key == claimed_key(pool, device_id) or not pool.tracks_devices


def ip_address(text: str | None) -> str | None:
    """An address as it is kept of a device; None for whatever is none, since proxies may say anything."""
    try:
        address = str(ipaddress.ip_address(text or ""))
    except ValueError:
        return None
    return address if len(address) <= MAX_IP_CHARACTERS else None


def _region(pool_id: str) -> str:
    return pool_id.rpartition("_")[0]


def _from_base64(text: str) -> bytes:
    """Nothing for a text that is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
