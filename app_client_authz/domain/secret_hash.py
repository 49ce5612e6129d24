"""SECRET_HASH: how a confidential client proves its secret without sending it (api.md 4.3)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def secret_hash(secret: str, username: str, client_id: str) -> str:
    """``Base64(HMAC-SHA256(secret, username + client_id))``, 44 characters; the username as the call sends it."""
    mac = hmac.new(_octets(secret), _octets(username + client_id), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode("ascii")


def matches(presented: str, secrets: Iterable[str], username: str, client_id: str) -> bool:
    """True if ``presented`` was made with one of the secrets; compares with all, in constant time (CLI-10)."""
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(_octets(presented), _octets(secret_hash(secret, username, client_id)))
    return found


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
