"""Password hashes that other programs made: recognised by how they begin, checked, and made anew if that is wanted."""

import base64
import binascii
import hashlib
import hmac
import logging
import re
from collections.abc import Callable
from typing import Final

from app_client_authz.crypto.hashing import MAX_PASSWORD_CHARACTERS, PasswordHasher
from app_client_authz.domain.errors import ConfigurationError, InvalidPassword, Unavailable

log = logging.getLogger("app_client_authz.directories")

BCRYPT_OCTETS: Final = 72
_PBKDF2 = re.compile(r"\$pbkdf2(?:-(sha256|sha512))?\$([1-9]\d{0,8})\$([A-Za-z0-9./]*)\$([A-Za-z0-9./]+)", re.ASCII)
_NO_BCRYPT = "A user's password is hashed with bcrypt: pip install 'app-client-authz[bcrypt]'."

Prepare = Callable[[str], str | bytes]


class PasswordHashes:
    """Checks Argon2, bcrypt, PBKDF2 and scrypt as argon2-cffi, bcrypt, Werkzeug and passlib write them.

    As many at a time as the machine has cores: who finds none free waits two seconds, and is then told to come back.
    """

    def __init__(
        self,
        *,
        prepare: Prepare | None = None,
        make: Callable[[str], str] | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        """``prepare`` is what the host does to a password before it hashes it, if it does (a "double hash").

        ``make`` makes a new hash of a password as it was typed, the preparation included; by default it is Argon2id
        with the parameters of ``hasher``. It raises ValueError for a password that it does not take.
        """
        self._prepare = prepare
        self._make = make
        self._hasher = hasher or PasswordHasher()
        self._kind_made: str | None = None

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password behind ``stored``; None, what is no hash and what is too long is no password.

        Raises:
            TooManyRequests: no slot became free in time; nothing was checked.
            Unavailable: bcrypt is needed, and not installed; nothing was checked.
        """
        if stored is None or len(password) > MAX_PASSWORD_CHARACTERS:
            return False
        check = _CHECKS.get(kind_of(stored))
        if check is None:
            log.warning("A password hash of an unknown format cannot be checked.")
            return False
        octets = self._octets(password)
        return self._hasher.in_slot(lambda: check(stored, octets))

    def verify_nobody(self, password: str) -> None:
        """Take as long as a hash of our own does.

        Raises:
            TooManyRequests, Unavailable: as ``verify``.
        """
        self._hasher.verify(None, password)

    def knows(self, stored: str) -> bool:
        """Whether ``stored`` looks like a hash that can be checked: one that was made unusable does not."""
        return kind_of(stored) in _CHECKS

    def hash(self, password: str) -> str:
        """A new hash.

        Raises:
            InvalidPassword: more than 256 characters, or ``make`` does not take it.
            TooManyRequests: no slot became free in time.
            ConfigurationError: what ``make`` makes cannot be checked here.
        """
        if self._make is None:
            return self._hasher.hash(self._octets(password) if self._prepare else password)
        try:
            made = self._make(password)
        except ValueError:
            raise InvalidPassword(
                "Password cannot be taken: it is too long, or has characters that it must not"
            ) from None
        # Stored, it would shut the user out.
        if not self.verify(made, password):
            raise ConfigurationError("PasswordHashes: a hash that ``make`` makes does not fit its password.")
        return made

    def needs_rehash(self, stored: str) -> bool:
        """Whether a new hash would be of another kind, or of other parameters where it is ours."""
        if self._make is None:
            return self._hasher.needs_rehash(stored)
        if self._kind_made is None:
            self._kind_made = kind_of(self._make("what kind it makes"))
        return kind_of(stored) != self._kind_made

    def _octets(self, password: str) -> bytes:
        prepared = password if self._prepare is None else self._prepare(password)
        return prepared.encode("utf-8", "surrogatepass") if isinstance(prepared, str) else prepared


def kind_of(stored: str) -> str:
    """The format of a hash, such as ``argon2``; empty for none that is known."""
    return next((kind for beginning, kind in _KINDS.items() if stored.startswith(beginning)), "")


def _argon2(stored: str, password: bytes) -> bool:
    from argon2 import PasswordHasher as Engine
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return Engine().verify(stored, password)
    except (VerificationError, InvalidHashError, ValueError):
        return False


def _bcrypt(stored: str, password: bytes) -> bool:
    try:
        import bcrypt
    except ImportError:
        log.error(_NO_BCRYPT)
        raise Unavailable("Passwords cannot be checked now", detail=_NO_BCRYPT) from None
    try:
        # Older releases of bcrypt cut off what is longer, when they made the hash; newer ones refuse it.
        return bcrypt.checkpw(password[:BCRYPT_OCTETS], stored.encode())
    except ValueError:
        return False


def _werkzeug(stored: str, password: bytes) -> bool:
    from werkzeug.security import check_password_hash

    try:
        return check_password_hash(stored, password.decode("utf-8", "surrogatepass"))
    except (ValueError, OverflowError):
        return False


def _pbkdf2(stored: str, password: bytes) -> bool:
    found = _PBKDF2.fullmatch(stored)
    if found is None:
        return False
    digest, rounds, salt, expected = found.groups()
    try:
        known = _plain(expected)
        made = hashlib.pbkdf2_hmac(digest or "sha1", password, _plain(salt), int(rounds), len(known))
    except (ValueError, binascii.Error, OverflowError):
        return False
    return hmac.compare_digest(made, known)


def _plain(text: str) -> bytes:
    """passlib's base64: without padding, a full stop in place of the plus sign."""
    return base64.b64decode(text.replace(".", "+") + "=" * (-len(text) % 4), validate=True)


_KINDS = {
    "$argon2": "argon2",
    "$2a$": "bcrypt",
    "$2b$": "bcrypt",
    "$2y$": "bcrypt",
    "$pbkdf2": "pbkdf2",
    "pbkdf2:": "werkzeug",
    "scrypt:": "werkzeug",
}
_CHECKS: dict[str, Callable[[str, bytes], bool]] = {
    "argon2": _argon2,
    "bcrypt": _bcrypt,
    "pbkdf2": _pbkdf2,
    "werkzeug": _werkzeug,
}
