"""The signature of AWS Signature Version 4, from a secret and strings to sign."""

import hashlib
import hmac
from collections.abc import Iterable

_TERMINATOR = "aws4_request"


def signs_one_of(strings: Iterable[str], signature: str, *, secret: str, date: str, region: str, service: str) -> bool:
    """Whether ``signature`` (lower-case hex) is that of one of the strings; ``date`` is the scope's, ``YYYYMMDD``.

    All are compared, each in constant time.
    """
    key = b"AWS4" + secret.encode("utf-8", "surrogatepass")
    for part in (date, region, service, _TERMINATOR):
        key = _hmac(key, part)
    return sum(hmac.compare_digest(_hmac(key, text).hex(), signature) for text in strings) > 0


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
