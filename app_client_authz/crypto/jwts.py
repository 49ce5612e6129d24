"""ID and access tokens: RS256 under our own keys and nothing else (JWT-1 to JWT-8, R9).

The form is Cognito's (endpoints.md 5.1): header ``{"kid", "alg"}`` without ``typ``, compact JSON in
which ``/`` is written ``\\/``. Key objects are kept by the caller: importing one costs more than signing.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64decode

from app_client_authz.domain import strict_json
from app_client_authz.domain.errors import ConfigurationError, InvalidToken

Purpose = Literal["id", "access"]
VerificationKey = RSAKey
"""The public half of a signing key."""

MAX_TOKEN_CHARACTERS: Final = 16 * 1024
MAX_LEEWAY_SECONDS: Final = 60
"""JWT-11: how far the clocks of two hosts may be apart."""

_KEY_BITS: Final = 2048
_ALGORITHM: Final = "RS256"
_REGISTRY: Final = jws.JWSRegistry(algorithms=[_ALGORITHM])
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_KID: Final = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)
_encode: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key ready to sign; made once and kept."""

    kid: str
    purpose: Purpose
    key: RSAKey = field(repr=False, compare=False)

    @property
    def public(self) -> VerificationKey:
        """Its public half, ready to verify."""
        return _rsa_key(self.kid, self.key.public_key)


@dataclass(frozen=True, slots=True)
class Presented:
    """A token taken apart, not judged: ``unproven`` is good for choosing who judges it, for nothing else."""

    unproven: dict[str, object] = field(repr=False)
    signed: jws.CompactSignature = field(repr=False)

    @property
    def kid(self) -> str | None:
        """Which key it says that it was signed with; None if that can be no key's name."""
        kid = self.signed.protected.get("kid")
        return kid if isinstance(kid, str) and _KID.fullmatch(kid) else None


class GeneratedKey(NamedTuple):
    """A new key: its name, the private part to be sealed at once, the public part to be published."""

    kid: str
    private_pem: bytes
    public_jwk: dict[str, str]

    def __repr__(self) -> str:
        return f"GeneratedKey(kid={self.kid!r}, private_pem=***)"


def generate_signing_key() -> GeneratedKey:
    """A new RSA-2048 key. Takes some 50 ms of CPU; never inside a transaction."""
    key = RSAKey.generate_key(_KEY_BITS)
    kid = base64.b64encode(hashlib.sha256(key.thumbprint().encode("ascii")).digest()).decode("ascii")
    return GeneratedKey(kid, key.as_pem(private=True), public_jwk(kid, key))


def load_signing_key(kid: str, pem: bytes, *, purpose: Purpose) -> SigningKey:
    """The signing key in a PEM that we made and sealed ourselves.

    Raises:
        ConfigurationError: it is no RSA private key of at least 2048 bits.
    """
    try:
        # 44 ms of primality tests a key are for keys of others; the seal vouches for ours.
        native = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError):
        raise ConfigurationError(f"signing key {kid}: not a private key in PEM form") from None
    if not isinstance(native, RSAPrivateKey) or native.key_size < _KEY_BITS:
        raise ConfigurationError(f"signing key {kid}: not an RSA key of at least {_KEY_BITS} bits")
    return SigningKey(kid, purpose, _rsa_key(kid, native))


def load_public_key(jwk: Mapping[str, str]) -> VerificationKey:
    """The key in a public JWK of our own key store, ready to verify.

    Raises:
        ConfigurationError: it is no RSA key of at least 2048 bits.
    """
    try:
        kid, native = jwk["kid"], RSAKey.import_key({"kty": jwk["kty"], "n": jwk["n"], "e": jwk["e"]}).public_key
    except (JoseError, ValueError, TypeError, KeyError):
        raise ConfigurationError(f"signing key {jwk.get('kid')}: not a public RSA key") from None
    if native.key_size < _KEY_BITS:
        raise ConfigurationError(f"signing key {kid}: not an RSA key of at least {_KEY_BITS} bits")
    return _rsa_key(kid, native)


def public_jwk(kid: str, key: VerificationKey) -> dict[str, str]:
    """The entry of a JWKS document (endpoints.md 9.2): these six members in this order, never a private one."""
    members = key.as_dict(private=False)
    return {
        "alg": _ALGORITHM,
        "e": str(members["e"]),
        "kid": kid,
        "kty": "RSA",
        "n": str(members["n"]),
        "use": "sig",
    }


def sign(payload: Mapping[str, object], key: SigningKey) -> str:
    """The signed token with these claims in this order."""
    text = _encode(dict(payload)).replace("/", "\\/")
    return jws.serialize_compact({"kid": key.kid, "alg": _ALGORITHM}, text, key.key, registry=_REGISTRY)


def at_hash(access_token: str) -> str:
    """The left half of the token's SHA-256 in base64url (OIDC Core section 3.1.3.6)."""
    half = hashlib.sha256(access_token.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode("ascii")


def peek(token: str) -> Mapping[str, object]:
    """What the token *says*, nothing for what is no token: good for choosing who judges it, for nothing else."""
    try:
        return _claims(urlsafe_b64decode(_segments(token)[1]))
    except (InvalidToken, ValueError):
        return {}


def read(token: str) -> Presented:
    """The token taken apart, once for asking who judges it and for judging it.

    Raises:
        InvalidToken: it has not the form of our tokens; ``detail`` says what, without quoting the token.
    """
    _segments(token)
    try:
        signed = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
    except (JoseError, ValueError, TypeError, RecursionError):
        # joserfc's own message may quote header values: it stays out of our error (R11).
        raise _refused("form") from None
    header: object = signed.protected
    if not isinstance(header, dict) or header.keys() - _HEADER or header.get("alg") != _ALGORITHM:
        raise _refused("header")
    return Presented(_claims(signed.payload), signed)


def verify(
    token: Presented,
    public_keys: Mapping[str, VerificationKey],
    *,
    issuer: str,
    token_use: Purpose,
    now: float,
    leeway_seconds: int = 0,
    may_be_expired: bool = False,
) -> dict[str, object]:
    """The claims of a token that one of ``public_keys`` (by ``kid``) signed for that issuer and use.

    Says nothing about server state: token session, user and client are the caller's to check (JWT-5).
    The leeway, at most 60 s, moves ``exp`` only. ``may_be_expired`` is for hints, which open nothing.

    Raises:
        InvalidToken: anything is wrong; ``detail`` says what, without quoting the token.
    """
    kid = token.kid
    if kid is None or kid not in public_keys:
        raise _refused("kid")
    try:
        proven = jws.validate_compact(token.signed, public_keys[kid], registry=_REGISTRY)
    except (JoseError, ValueError, TypeError):
        raise _refused("form") from None
    if not proven:
        raise _refused("signature")
    leeway = float("inf") if may_be_expired else min(leeway_seconds, MAX_LEEWAY_SECONDS)
    _check(token.unproven, issuer, token_use, now, leeway)
    return token.unproven


def _check(claims: dict[str, object], issuer: str, token_use: Purpose, now: float, leeway_seconds: float) -> None:
    if claims.get("iss") != issuer:
        raise _refused("iss")
    if claims.get("token_use") != token_use:
        raise _refused("token_use")
    for_client = claims.get("client_id" if token_use == "access" else "aud")
    if not isinstance(for_client, str) or not for_client:
        raise _refused("client")
    issued, expires = claims.get("iat"), claims.get("exp")
    # type() because a bool is an int to isinstance, and no date (INP-6).
    if type(issued) is not int or type(expires) is not int:
        raise _refused("dates")
    if expires + leeway_seconds <= now:
        raise _refused("exp")
    if issued > now + MAX_LEEWAY_SECONDS:
        raise _refused("iat")


def _segments(token: str) -> list[bytes]:
    """The three segments, before anything is decoded."""
    if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        raise _refused("size")
    segments = token.encode("ascii").split(b".")
    if len(segments) != 3 or not all(segments):
        raise _refused("segments")
    return segments


def _claims(payload: bytes) -> dict[str, object]:
    if strict_json.too_deep(payload):
        raise _refused("depth")
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        raise _refused("json") from None
    if not isinstance(claims, dict):
        raise _refused("json")
    return claims


def _refused(what: str) -> InvalidToken:
    return InvalidToken(detail=what)


def _rsa_key(kid: str, native: RSAPrivateKey | RSAPublicKey) -> RSAKey:
    key = RSAKey.import_key(native, {"kid": kid, "alg": _ALGORITHM, "use": "sig"})
    # joserfc works out a key's members at the first question; asked here, threads never race for it.
    key.check_alg(_ALGORITHM)
    return key
