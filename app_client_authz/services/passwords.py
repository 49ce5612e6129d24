"""New passwords: held against the pool's policy and the site's blocklist, then hashed."""

from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.domain import passwords
from app_client_authz.domain.errors import InvalidPassword
from app_client_authz.domain.pool import UserPool


class NewPasswords:
    """The one door for every password that is set, by whomever (API-5)."""

    def __init__(self, hasher: PasswordHasher, blocklist: frozenset[str]) -> None:
        self._hasher = hasher
        self._blocklist = blocklist

    def hash(self, pool: UserPool, password: str, *, prefix: str = passwords.ASSIGNED) -> str:
        """The hash to store. Takes some 30 ms of CPU: outside a transaction.

        Raises:
            InvalidPassword: against the policy, or on the blocklist; the message begins with ``prefix``.
            InvalidParameter: no pool takes such a password.
            TooManyRequests: no slot to hash became free.
        """
        passwords.check(pool.password_policy, password, prefix=prefix)
        if password.casefold() in self._blocklist:
            raise InvalidPassword(f"{prefix}Password is too common")
        return self._hasher.hash(password)
