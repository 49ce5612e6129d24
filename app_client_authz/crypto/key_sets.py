"""Public keys of others: a JWKS document as Cognito publishes it (RFC 7517 section 5)."""

from collections.abc import Mapping
from typing import Final

from app_client_authz.crypto.jwts import VerificationKey, load_public_key
from app_client_authz.domain import strict_json
from app_client_authz.domain.errors import ConfigurationError

MAX_KEYS: Final = 32
# Of base64url: a modulus of 2048 bits, and one of 8192. With a larger key one signature would take milliseconds.
_MODULUS_AT_LEAST: Final = 342
_MAX_CHARACTERS: Final = 1366


class BadKeySet(ValueError):
    """The document holds no key that could verify a token; the text says why and quotes nothing."""


def read_key_set(document: bytes) -> dict[str, VerificationKey]:
    """The keys for RS256 signatures, by ``kid``; keys of other kinds are passed over.

    Raises:
        BadKeySet: no JWKS, more than 32 keys, or none of use.
    """
    try:
        parsed = strict_json.parse(document)
    except ValueError:
        raise BadKeySet("it is no JSON") from None
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise BadKeySet(f"it has no list of at most {MAX_KEYS} keys")
    keys = dict(filter(None, map(_key, entries)))
    if not keys:
        raise BadKeySet("none of its keys is an RSA key of at least 2048 bits for RS256 signatures")
    return keys


def _key(entry: object) -> tuple[str, VerificationKey] | None:
    if not isinstance(entry, Mapping):
        return None
    if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    members = {name: entry.get(name) for name in ("kid", "kty", "n", "e")}
    jwk = {name: text for name, text in members.items() if isinstance(text, str) and len(text) <= _MAX_CHARACTERS}
    if jwk.keys() != members.keys() or len(jwk["n"]) < _MODULUS_AT_LEAST:
        return None
    try:
        return jwk["kid"], load_public_key(jwk)
    except ConfigurationError:
        return None
