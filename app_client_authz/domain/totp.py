"""Time-based one-time passwords: RFC 6238 with SHA-1, 30 seconds, six digits, as every authenticator app has it."""

import base64
import hashlib
import hmac
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 32
LABEL_CHARACTERS = 48
"""Of the issuer's and of the account's name; three names of it fit into a QR code, whatever script they are in."""

WINDOW = 1
"""Steps before and after the present one that are accepted: clocks of phones differ (RFC 6238 section 5.2)."""


def encode_secret(secret: bytes) -> str:
    """The secret as it is typed into an app: base 32 without padding (SecretCode)."""
    return base64.b32encode(secret).rstrip(b"=").decode("ascii")


def code_at(secret: bytes, step: int) -> str:
    """The code of one step (RFC 4226 section 5.3)."""
    mac = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(secret: bytes, code: str, now: float) -> int | None:
    """The step whose code this is, or None; every step of the window is compared, in constant time.

    The caller keeps the last step that was used and accepts later ones only: a code works once.
    """
    present = int(now // STEP_SECONDS)
    found = None
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(code.encode("utf-8", "surrogatepass"), code_at(secret, step).encode("ascii")):
            found = step
    return found


def otpauth_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What a QR code holds for authenticator apps; names that are too long for one end in "…"."""
    issuer, account = (quote(_shortened(name), safe="") for name in (issuer, account))
    return f"otpauth://totp/{issuer}:{account}?secret={encode_secret(secret)}&issuer={issuer}"


def _shortened(name: str) -> str:
    return name if len(name) <= LABEL_CHARACTERS else f"{name[: LABEL_CHARACTERS - 1]}…"
