"""Chance, and digests of what only has to be recognised (SEC-4, SEC-8, SEC-9).

Everything random comes from ``secrets``. Text that arrives from outside may hold lone surrogates;
it is digested as it stands instead of failing, so that a strange token is an unknown token.
"""

import hashlib
import hmac
import secrets

from app_client_authz.domain import uuids

TOKEN_BYTES = 32
"""256 bits: out of reach of guessing, so a plain SHA-256 is enough to keep a token by."""


def random_token() -> str:
    """A URL-safe random text of 256 bits (43 characters)."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def random_uuid() -> str:
    """A random UUID (RFC 9562 section 5.4, version 4; 122 random bits) in its usual spelling."""
    return uuids.version_4_from(secrets.token_bytes(16))


def random_int(bits: int) -> int:
    """A random integer of at most ``bits`` bits: ``0 <= n < 2**bits``."""
    return secrets.randbits(bits)


def random_octets(count: int) -> bytes:
    """So many random octets."""
    return secrets.token_bytes(count)


def random_digits(count: int) -> str:
    """So many decimal digits, each as likely as the others."""
    return f"{secrets.randbelow(10**count):0{count}}"


def digest(value: str) -> str:
    """The SHA-256 of a long random value, in hex (64 characters). Never for passwords or short codes."""
    return hashlib.sha256(_octets(value)).hexdigest()


def keyed_digest(key: bytes, purpose: str, *parts: str) -> str:
    """The HMAC-SHA256 of ``parts`` for one purpose, in hex: for short codes, attempt keys and CSRF tokens.

    Each part goes in behind its length, so ``("ab", "c")`` and ``("a", "bc")`` differ.
    """
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in (purpose, *parts):
        octets = _octets(part)
        mac.update(len(octets).to_bytes(8, "big"))
        mac.update(octets)
    return mac.hexdigest()


def _octets(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")
