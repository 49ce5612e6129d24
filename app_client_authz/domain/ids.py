"""Identifiers: their shapes in the API model, and how random numbers become new ones (api.md 2.1).

Chance comes in as an argument: the callers draw it from ``secrets``.
"""

import re
import uuid

from app_client_authz.domain import shapes
from app_client_authz.domain.shapes import Checker, Text

POOL_ID = shapes.regex(1, 55, r"[\w-]+_[0-9a-zA-Z]+")
CLIENT_ID = shapes.regex(1, 128, r"[\w+]+", sensitive=True)
CLIENT_NAME = shapes.regex(1, 128, r"[\w\s+=,.@-]+")
CLIENT_SECRET = shapes.regex(24, 64, r"[\w+]+", sensitive=True)
PROVIDER_NAME = shapes.regex(1, 32, r"[\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]+")
GROUP_NAME = shapes.regex(1, 128, r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+")
USERNAME = shapes.regex(1, 128, r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", sensitive=True)

ACCOUNT_ID = "000000000000"
"""Stands where AWS has the number of an account: ARNs need one, and there is none here."""

_BASE32 = "0123456789abcdefghijklmnopqrstuv"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_POOL_SUFFIX_LENGTH = 9
_ACCESS_KEY_ID = re.compile(r"AKIA[0-9A-V]{16}")
_POOL_ARN = re.compile(r"arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/([\w-]+_[0-9a-zA-Z]+)", re.ASCII)
_SUB = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def client_id_from(random128: int) -> str:
    """A client ID: up to 26 characters, usually 25 or 26.

    Raises:
        ValueError: the number does not have 128 bits.
    """
    return _base32(random128, bits=128)


def secret_from(random256: int) -> str:
    """A client secret: usually 51 or 52 characters.

    Raises:
        ValueError: the number does not have 256 bits.
    """
    return _base32(random256, bits=256)


def pool_id_from(region: str, random: int) -> str:
    """A pool ID, such as ``us-east-1_ECDRn9v1Q``; ``random`` should have 64 bits or more.

    Raises:
        InvalidParameter: the region does not make a pool ID.
        ValueError: the number is negative.
    """
    if random < 0:
        raise ValueError("a random number is not negative")
    digits = []
    for _ in range(_POOL_SUFFIX_LENGTH):
        random, digit = divmod(random, len(_BASE62))
        digits.append(_BASE62[digit])
    pool_id = f"{region}_{''.join(digits)}"
    check("userPoolId", pool_id, POOL_ID)
    return pool_id


def pool_arn(pool_id: str) -> str:
    """The ARN of a pool, such as ``arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_ECDRn9v1Q``."""
    return f"arn:aws:cognito-idp:{pool_id.rpartition('_')[0]}:{ACCOUNT_ID}:userpool/{pool_id}"


def owner_arn(pool_id: str, owner: str) -> str:
    """The ARN of whoever owns devices in a pool; ``owner`` is ``<username>.<pool ID>``."""
    return f"arn:aws:cognito-idp:{pool_id.rpartition('_')[0]}:{ACCOUNT_ID}:owner/{owner}"


def pool_id_of_arn(arn: str) -> str | None:
    """The pool that an ARN names, whatever account stands in it; None for the ARN of anything else."""
    found = _POOL_ARN.fullmatch(arn)
    return None if found is None else found[1]


def sub_from(random128: int) -> str:
    """A ``sub``: shaped as a UUID with version nibble 7, as in recent captures (api.md 3.8).

    Raises:
        ValueError: the number does not have 128 bits.
    """
    _in_range(random128, bits=128)
    version = 0xF << 76
    return str(uuid.UUID(int=random128 & ~version | 0x7 << 76))


def is_pool_id(value: object) -> bool:
    """True if ``value`` has the shape of a pool ID."""
    return not POOL_ID.phrases(value)


def pool_id_of(issuer: object, base: str) -> str | None:
    """The pool whose issuer this is, under the outside URL ``base``; None if it can be no pool's.

    For issuers that nobody has verified yet: what is returned is safe to ask a database for.
    """
    if not isinstance(issuer, str) or not issuer.startswith(f"{base}/"):
        return None
    pool_id = issuer[len(base) + 1 :]
    return pool_id if is_pool_id(pool_id) else None


def is_client_id(value: object) -> bool:
    """True if ``value`` has the shape of a client ID."""
    return not CLIENT_ID.phrases(value)


def access_key_id_from(random80: int) -> str:
    """An access key ID, such as ``AKIA0123456789ABCDEF``: 20 characters.

    Raises:
        ValueError: the number does not have 80 bits.
    """
    return "AKIA" + _base32(random80, bits=80).upper().rjust(16, "0")


def is_access_key_id(value: object) -> bool:
    """True if ``value`` has the shape of an access key ID of ours."""
    return isinstance(value, str) and _ACCESS_KEY_ID.fullmatch(value) is not None


def is_sub(value: object) -> bool:
    """True if ``value`` has the shape of a ``sub``."""
    return isinstance(value, str) and _SUB.fullmatch(value) is not None


def check(path: str, value: object, shape: Text) -> None:
    """Nothing, if ``value`` has that shape.

    Raises:
        InvalidParameter: it has not; a sensitive value is not shown.
    """
    checker = Checker()
    checker.text(path, value, shape, required=True)
    checker.done()


def _base32(number: int, *, bits: int) -> str:
    _in_range(number, bits=bits)
    digits = []
    while number:
        number, digit = divmod(number, 32)
        digits.append(_BASE32[digit])
    return "".join(reversed(digits)) or "0"


def _in_range(number: int, *, bits: int) -> None:
    if not 0 <= number < 1 << bits:
        raise ValueError(f"a number of {bits} bits is needed")
