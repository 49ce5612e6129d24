"""Secure Remote Password as Cognito's SDKs speak it: RFC 5054's 3072-bit group, SHA-256 (api.md 4.6).

``pad`` is Java's ``BigInteger.toByteArray``, not RFC 5054's padding to the length of N: the SDKs hash that. Device
sign-in is the same with the device group key for the pool's name and the device key for the user.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2
SALT_BYTES = 16
SECRET_BITS = 256
"""Of the server's ephemeral secret b (API-2): the group gives no more strength than half of that."""
MAX_A_DIGITS = 770
"""768 hexadecimal digits are the whole group; the rest is padding."""

TIMESTAMP_SECONDS = 600
"""How far the caller's clock may be from ours (API-3)."""
NO_NUMBER = "SRP_A must be a hexadecimal number of the group's length."

_INFO = b"Caldera Derived Key\x01"
_HEX = frozenset("0123456789abcdefABCDEF")


_TIMESTAMP = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (\d\d):(\d\d):(\d\d) UTC (\d{4})", re.ASCII)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def timestamp(instant: float) -> str:
    """TIMESTAMP of an instant (epoch seconds), whatever the locale; the day of the month without a zero."""
    at = datetime.fromtimestamp(instant, UTC)
    return f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at.day} {at:%H:%M:%S} UTC {at.year:04}"


def parse_timestamp(text: str) -> float | None:
    """The instant (epoch seconds); None for anything but what ``timestamp`` writes."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None or found[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(number) for number in found.groups()[1:])
    try:
        instant = datetime(year, _MONTHS.index(found[1]) + 1, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return instant if timestamp(instant) == text else None


def is_timely(text: str, now: float) -> bool:
    """Whether TIMESTAMP is one, and not too far from ``now`` (epoch seconds)."""
    at = parse_timestamp(text)
    return at is not None and abs(now - at) <= TIMESTAMP_SECONDS


def pad(number: int) -> bytes:
    """The shortest big-endian two's complement of a number that is not negative."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


K = int.from_bytes(hashlib.sha256(pad(N) + pad(G)).digest(), "big")


def pool_name(pool_id: str) -> str:
    """The part of a pool's ID that goes into the hashes."""
    return pool_id.partition("_")[2]


def verifier(group: str, user_id: str, password: str, salt: int) -> int:
    """v = g^x mod N, which is kept sealed beside the salt; takes some 5 ms."""
    return pow(G, _x(group, user_id, password, salt), N)


def _x(group: str, user_id: str, password: str, salt: int) -> int:
    inner = hashlib.sha256(_octets(f"{group}{user_id}:{password}")).digest()
    return int.from_bytes(hashlib.sha256(pad(salt) + inner).digest(), "big")


def salt_from(random: bytes) -> int:
    """A salt of 16 random bytes whose first hexadecimal digit is not 0: SDKs disagree on leading zeros."""
    if len(random) != SALT_BYTES:
        raise ValueError("a salt has 16 bytes")
    return int.from_bytes(random, "big") | (0 if random[0] >> 4 else 1 << 127)


def parse_a(text: str) -> int | None:
    """The client's public value; None if it is no hexadecimal number of the group's length (API-2)."""
    if not 0 < len(text) <= MAX_A_DIGITS or not _HEX.issuperset(text):
        return None
    return int(text, 16)


def public_b(verifier: int, secret_b: int) -> int:
    """B = k·v + g^b mod N."""
    return (K * verifier + pow(G, secret_b, N)) % N


@dataclass(frozen=True, slots=True)
class Exchange:
    """One sign-in as the server knows it: the client's A, its own b, and the verifier."""

    a: int
    secret_b: int = field(repr=False)
    verifier: int = field(repr=False)

    def key(self) -> bytes | None:
        """The 16 bytes that both sides derive; None where the values give no proof (RFC 5054 section 2.5.4)."""
        public = public_b(self.verifier, self.secret_b)
        u = int.from_bytes(hashlib.sha256(pad(self.a) + pad(public)).digest(), "big")
        if self.a % N == 0 or public == 0 or u == 0:
            return None
        shared = pow(self.a * pow(self.verifier, u, N) % N, self.secret_b, N)
        extracted = hmac.new(pad(u), pad(shared), hashlib.sha256).digest()
        return hmac.new(extracted, _INFO, hashlib.sha256).digest()[:16]

    def proves(self, signature: str, *, group: str, user_id: str, secret_block: bytes, timestamp: str) -> bool:
        """Whether ``signature`` (base64) could be made by nobody but who knows the password."""
        key = self.key()
        expected = claim(key or bytes(16), group, user_id, secret_block, timestamp)
        return hmac.compare_digest(_octets(signature), _octets(expected)) and key is not None


def claim(key: bytes, group: str, user_id: str, secret_block: bytes, timestamp: str) -> str:
    """PASSWORD_CLAIM_SIGNATURE for these values, in base64."""
    message = _octets(group) + _octets(user_id) + secret_block + _octets(timestamp)
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode("ascii")


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
