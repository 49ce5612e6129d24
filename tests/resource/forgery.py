"""Tokens as an attacker makes them: any header over any claims, signed with any key."""

import base64
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def b64(value: bytes | object) -> str:
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def segment(text: str, index: int) -> dict[str, Any]:
    part = text.split(".")[index]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def rs256(header: object, claims: object, key: RSAPrivateKey) -> str:
    """A good signature: what is wrong is the rest."""
    text = f"{b64(header)}.{b64(claims)}"
    return f"{text}.{b64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def hs256(header: object, claims: object, secret: bytes) -> str:
    text = f"{b64(header)}.{b64(claims)}"
    return f"{text}.{b64(hmac.digest(secret, text.encode(), 'sha256'))}"


def public_pem(key: RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_members(key: RSAPrivateKey) -> dict[str, str]:
    """The public JWK, as an attacker puts it into a header."""
    numbers = key.public_key().public_numbers()
    octets = {name: value.to_bytes((value.bit_length() + 7) // 8, "big") for name, value in vars_of(numbers).items()}
    return {"kty": "RSA", **{name: b64(value) for name, value in octets.items()}}


def vars_of(numbers: Any) -> dict[str, int]:
    return {"n": numbers.n, "e": numbers.e}
