"""The signature of AWS Signature Version 4, from a secret and a string to sign."""

import hashlib
import hmac

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"


def signature(secret: str, *, date: str, region: str, service: str, string_to_sign: str) -> str:
    """The signature in lower-case hex (64 characters); ``date`` is the scope's, ``YYYYMMDD``."""
    key = b"AWS4" + secret.encode("utf-8", "surrogatepass")
    for part in (date, region, service, TERMINATOR):
        key = _hmac(key, part)
    return _hmac(key, string_to_sign).hex()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
