"""Proof Key for Code Exchange (RFC 7636), S256 only."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest

from app_client_authz.domain.errors import InvalidAuthorizationRequest, InvalidGrant

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def check_challenge(challenge: str | None, method: str | None) -> None:
    """Accept no challenge at all, or an S256 challenge of 43 base64url characters (PKC-3, PKC-4).

    Raises:
        InvalidAuthorizationRequest: one without the other, another method, a malformed challenge.
    """
    if challenge is None and method is None:
        return
    if challenge is None or method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise InvalidAuthorizationRequest(detail="code_challenge must be S256, 43 base64url characters")


def verify(challenge: str | None, verifier: str | None) -> None:
    """Check the verifier of a code redemption against the challenge of its authorization request.

    A verifier for a code without challenge is refused as well: somebody took the challenge out on the way
    (RFC 9700 section 4.8.2, PKC-2), although Cognito ignores it.

    Raises:
        InvalidGrant: missing, wrong or unasked-for verifier.
    """
    if challenge is None and verifier is None:
        return
    if challenge is None:
        raise InvalidGrant(detail="code_verifier for a code without challenge")
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        raise InvalidGrant(detail="code_verifier missing or malformed")
    if not compare_digest(challenge_of(verifier).encode("ascii"), challenge.encode("ascii")):
        raise InvalidGrant(detail="code_verifier does not match")
