"""New passwords: held against the pool's policy and the site's blocklist, then hashed."""

import secrets
import string

from app_client_authz.crypto import digests
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.domain import passwords, srp
from app_client_authz.domain.credentials import Credentials, SrpVerifier
from app_client_authz.domain.errors import InvalidPassword
from app_client_authz.domain.pool import PasswordPolicy, UserPool
from app_client_authz.domain.user import id_for_srp

GENERATED_LENGTH = 20
# No letters that are read as others, and no symbols that a shell or a double click stumbles over.
_KINDS = (
    "".join(letter for letter in string.ascii_lowercase if letter not in "lo"),
    "".join(letter for letter in string.ascii_uppercase if letter not in "IO"),
    "".join(digit for digit in string.digits if digit not in "01"),
    "-_.+=@%",
)


def generated(policy: PasswordPolicy) -> str:
    """A random password that every policy of this length takes: it has characters of each kind."""
    length = max(GENERATED_LENGTH, policy.minimum_length)
    characters = [secrets.choice(kind) for kind in _KINDS]
    characters += [secrets.choice("".join(_KINDS)) for _ in range(length - len(_KINDS))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def verifier(pool: UserPool, password: str, *, username: str) -> SrpVerifier | None:
    """What a proof by SRP is held against; None where no app client of the pool allows SRP (SEC-6)."""
    if not pool.keeps_verifiers:
        return None
    salt = srp.salt_from(digests.random_octets(srp.SALT_BYTES))
    user_id = id_for_srp(pool, username)
    return SrpVerifier(salt, srp.verifier(srp.pool_name(pool.id), user_id, password, salt))


class NewPasswords:
    """The one door for every password that is set, by whomever (API-5)."""

    def __init__(self, hasher: PasswordHasher, blocklist: frozenset[str]) -> None:
        self._hasher = hasher
        self._blocklist = blocklist

    def check(self, pool: UserPool, password: str, *, prefix: str = passwords.ASSIGNED) -> None:
        """Ends the setting of a password that nobody may have here.

        Raises:
            InvalidPassword: against the policy, or on the blocklist; the message begins with ``prefix``.
            InvalidParameter: no pool takes such a password.
        """
        passwords.check(pool.password_policy, password, prefix=prefix)
        if password.casefold() in self._blocklist:
            raise InvalidPassword(f"{prefix}Password is too common")

    def is_of(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password that is stored: for an administrator who sets it, and not for a sign-in.

        Raises:
            TooManyRequests: no slot to hash became free.
        """
        return password_hash is not None and self._hasher.verify(password_hash, password)

    def hash(self, pool: UserPool, password: str, *, username: str, prefix: str = passwords.ASSIGNED) -> Credentials:
        """What to store; ``username`` is the one that never changes. Takes some 40 ms of CPU: outside a transaction.

        Raises:
            InvalidPassword: against the policy, or on the blocklist; the message begins with ``prefix``.
            InvalidParameter: no pool takes such a password.
            TooManyRequests: no slot to hash became free.
        """
        self.check(pool, password, prefix=prefix)
        return self.hash_known(pool, password, username=username)

    def hash_known(self, pool: UserPool, password: str, *, username: str) -> Credentials:
        """What to store of a password that was the user's elsewhere: neither policy nor blocklist is asked.

        Raises:
            InvalidParameter: no pool takes such a password.
            TooManyRequests: no slot to hash became free.
        """
        passwords.check_shape(password)
        return Credentials(self._hasher.hash(password), verifier(pool, password, username=username))
