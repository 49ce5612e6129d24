"""Which passwords a pool takes (api.md 3.4). Making one takes chance, and so is not done here."""

import string

from app_client_authz.domain import shapes
from app_client_authz.domain.errors import InvalidPassword
from app_client_authz.domain.pool import PasswordPolicy

CHOSEN = "Password did not conform with policy: "
"""How a refusal begins where a user chooses freely: SignUp, ConfirmForgotPassword, ChangePassword."""
ASSIGNED = "Password does not conform to policy: "
"""How it begins at NEW_PASSWORD_REQUIRED, AdminSetUserPassword and AdminCreateUser."""

MAX_LENGTH = 256
SYMBOLS = frozenset("^$*.[]{}()?\"!@#%&/\\,><':;|_~`+=-")
# What Java's \s stands for.
_BLANKS = frozenset(" \t\n\x0b\f\r")
_UPPERCASE = frozenset(string.ascii_uppercase)
_LOWERCASE = frozenset(string.ascii_lowercase)
_DIGITS = frozenset(string.digits)


def _is_hashable_word(password: str) -> bool:
    # A lone surrogate is no character: it has no bytes to hash.
    return _BLANKS.isdisjoint(password) and not any("\ud800" <= character <= "\udfff" for character in password)


_PASSWORD = shapes.Text(0, MAX_LENGTH, r"[\S]+", _is_hashable_word, sensitive=True)


def check(policy: PasswordPolicy, password: str, *, prefix: str, path: str = "password") -> None:
    """Ends the setting of a password that the pool does not take; the first failure is the one named.

    Nothing is trimmed, folded or cut: the password counts as it was sent. ``prefix`` is ``CHOSEN`` or
    ``ASSIGNED``; ``path`` is the request's member that holds the password.

    Raises:
        InvalidParameter: longer than 256 characters, or with a blank: no policy allows it (INP-9).
        InvalidPassword: against the pool's policy.
    """
    check_shape(password, path=path)
    if len(password) < policy.minimum_length:
        raise InvalidPassword(f"{prefix}Password not long enough")
    for required, characters, kind in (
        (policy.require_uppercase, _UPPERCASE, "uppercase"),
        (policy.require_lowercase, _LOWERCASE, "lowercase"),
        (policy.require_numbers, _DIGITS, "numeric"),
        (policy.require_symbols, SYMBOLS, "symbol"),
    ):
        if required and characters.isdisjoint(password):
            raise InvalidPassword(f"{prefix}Password must have {kind} characters")


def check_shape(password: str | None, *, path: str = "password") -> None:
    r"""Ends a request with what no pool's password can be; its value is never shown.

    Raises:
        InvalidParameter: missing, longer than 256 characters, or against ``[\S]+``.
    """
    checker = shapes.Checker()
    checker.text(path, password, _PASSWORD, required=True)
    checker.done()
