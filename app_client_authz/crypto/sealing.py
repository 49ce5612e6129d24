"""Secrets that must come back are sealed: JWE ``dir`` with ``A256GCM`` (RFC 7516).

The protected header names the sealing key (``kid``) and the row that the value belongs to (``row``).
GCM authenticates that header, so a sealed value that was copied to another row does not open there.
The first key seals, all keys open.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey
from joserfc.registry import HeaderParameter
from joserfc.util import urlsafe_b64decode

from app_client_authz.domain.errors import AuthzError, ConfigurationError

MAX_CLEAR_BYTES: Final = 48 * 1024
MAX_ROW_CHARACTERS: Final = 600
"""Both stay below what joserfc opens: 64 KiB of ciphertext and 1 KiB of header, in base64url."""

_HEADER: Final = frozenset({"alg", "enc", "kid", "row"})
_REGISTRY: Final = jwe.JWERegistry(
    header_registry={"row": HeaderParameter("Identity of the row", "str", True)},
    algorithms=["dir", "A256GCM"],
)
_UNREADABLE: Final = (JoseError, ValueError, TypeError, RecursionError)
"""What joserfc and ``json`` raise on text that is no JWE of ours."""


class SealError(AuthzError):
    """A sealed value does not open: unknown key, other row, or changed text. Never holds the value."""

    code = "sealed"


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One sealing key with everything derived from it; ``kid`` is public and tells nothing of the key."""

    kid: str
    cipher: OctKey = field(repr=False, compare=False)
    root: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: str | bytes) -> "SealingKey":
        """The key that belongs to a secret text; the same text always gives the same key."""
        root = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
        kid = _derive(root, b"kid", 8).hex()
        # Sealing and everything else work under different keys, so no use can weaken another.
        return cls(kid, OctKey.import_key(_derive(root, b"seal", 32)), _derive(root, b"root", 32))

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for that purpose."""
        return _derive(self.root, b"purpose:" + purpose.encode(), 32)


class Sealer:
    """Seals and opens under the sealing keys of a site."""

    __slots__ = ("_by_kid", "_first")

    def __init__(self, keys: Sequence[SealingKey]) -> None:
        """
        Raises:
            ConfigurationError: there is no key.
        """
        if not keys:
            raise ConfigurationError("no sealing key: set AUTHZ_SEALING_KEYS or SECRET_KEY")
        self._first = keys[0]
        self._by_kid = {key.kid: key for key in keys}

    def __repr__(self) -> str:
        return f"<Sealer {' '.join(self._by_kid)}>"

    def seal(self, clear: bytes | str, *, row: str) -> str:
        """The sealed form of ``clear`` (at most 48 KiB), to be kept in ``row`` and nowhere else.

        ``row`` is the row's identity (at most 600 characters, ASCII), for example
        ``authz_app_clients/secrets/<client_id>/<secret_id>``.

        Raises:
            SealError: the value or the row's identity is too long to open again.
        """
        octets = clear.encode("utf-8", "surrogatepass") if isinstance(clear, str) else clear
        if len(octets) > MAX_CLEAR_BYTES or not 0 < len(json.dumps(row)) - 2 <= MAX_ROW_CHARACTERS:
            raise SealError("a value or the identity of its row is too long to be sealed", detail=f"row {row[:100]}")
        header = {"alg": "dir", "enc": "A256GCM", "kid": self._first.kid, "row": row}
        return jwe.encrypt_compact(header, octets, self._first.cipher, registry=_REGISTRY)

    def open(self, sealed: str, *, row: str) -> bytes:
        """The clear value.

        Raises:
            SealError: sealed under a key that we do not have, for another row, or changed since.
        """

        def key_for(sealed_value: GuestProtocol) -> OctKey:
            header = sealed_value.headers()
            if header.keys() != _HEADER or header["row"] != row:
                raise SealError("a sealed value belongs to another row", detail=f"row {row}")
            return self._key(header["kid"], row).cipher

        try:
            opened = jwe.decrypt_compact(sealed, key_for, registry=_REGISTRY)
        except _UNREADABLE:
            # The cause is cut off: libraries have put the text they worked on into their messages.
            raise SealError("a sealed value does not open", detail=f"row {row}") from None
        if opened.plaintext is None:
            raise SealError("a sealed value does not open", detail=f"row {row}")
        return opened.plaintext

    def needs_reseal(self, sealed: str) -> bool:
        """Whether the value is sealed under another key than the first.

        Raises:
            SealError: this is no sealed value.
        """
        try:
            header = json.loads(urlsafe_b64decode(sealed.partition(".")[0].encode("ascii")))
            return bool(header["kid"] != self._first.kid)
        except (*_UNREADABLE, KeyError):
            raise SealError("this is no sealed value") from None

    def derived_key(self, purpose: str) -> bytes:
        """The key of 32 bytes that makes new codes, tokens or attempt keys of that purpose."""
        return self._first.derived(purpose)

    def derived_keys(self, purpose: str) -> tuple[bytes, ...]:
        """All keys that may have made something of that purpose; the first is ``derived_key(purpose)``.

        Deriving costs some 10 µs a key: keep them where a request needs them.
        """
        return tuple(key.derived(purpose) for key in self._by_kid.values())

    def _key(self, kid: object, row: str) -> SealingKey:
        key = self._by_kid.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise SealError(
                "a value is sealed under a key that is not among the sealing keys",
                detail=f"row {row}, key {str(kid)[:16]!r}, known {' '.join(self._by_kid)}",
            )
        return key


def keys_from(sealing_keys: Sequence[str], secret_keys: Sequence[str | bytes]) -> tuple[SealingKey, ...]:
    """The sealing keys of a site: ``AUTHZ_SEALING_KEYS``, or else ``SECRET_KEY`` and its fallbacks.

    A text gives the same key in both settings: a site that moves from ``SECRET_KEY`` to keys of their
    own lists its present ``SECRET_KEY`` last, and everything sealed so far still opens.
    """
    return tuple(SealingKey.of(secret) for secret in (sealing_keys or secret_keys))


def _derive(secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(SHA256(), length=length, salt=b"app_client_authz sealing", info=info).derive(secret)
