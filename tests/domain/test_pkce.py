"""Proof Key for Code Exchange, S256 only."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain.errors import InvalidAuthorizationRequest, InvalidGrant
from app_client_authz.domain.pkce import check_challenge, verify

# RFC 7636 appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


@pytest.mark.compliance("RFC 7636", "B", "the example of the RFC")
def test_example_of_the_rfc_is_accepted() -> None:
    check_challenge(CHALLENGE, "S256")
    verify(CHALLENGE, VERIFIER)


def test_request_without_pkce_stays_without() -> None:
    check_challenge(None, None)
    verify(None, None)


@pytest.mark.attack("R4")
@pytest.mark.parametrize(
    "challenge, method",
    [
        (CHALLENGE, None),
        (CHALLENGE, "plain"),
        (CHALLENGE, "s256"),
        (None, "S256"),
        ("", "S256"),
        (CHALLENGE[:-1], "S256"),
        (CHALLENGE + "A", "S256"),
        (CHALLENGE[:-1] + "=", "S256"),
        (CHALLENGE[:-1] + "+", "S256"),
        (CHALLENGE + "\n", "S256"),
        ("ä" * 43, "S256"),
    ],
)
def test_anything_but_an_s256_challenge_is_refused(challenge: str | None, method: str | None) -> None:
    with pytest.raises(InvalidAuthorizationRequest):
        check_challenge(challenge, method)


@pytest.mark.attack("R4")
@pytest.mark.parametrize(
    "verifier", [None, "", VERIFIER[:-1], VERIFIER + "A", VERIFIER.swapcase(), CHALLENGE, VERIFIER + "\n", "ä" * 43]
)
def test_wrong_verifier_is_refused(verifier: str | None) -> None:
    with pytest.raises(InvalidGrant):
        verify(CHALLENGE, verifier)


@pytest.mark.attack("R4")
def test_verifier_without_challenge_is_refused() -> None:
    """Somebody took the challenge out of the request on its way (RFC 9700 section 4.8.2)."""
    with pytest.raises(InvalidGrant):
        verify(None, VERIFIER)


@pytest.mark.compliance("RFC 7636", "4.1", "43 to 128 unreserved characters")
@given(st.text(UNRESERVED, min_size=43, max_size=128))
def test_every_well_formed_verifier_matches_its_own_challenge_only(verifier: str) -> None:
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    check_challenge(challenge, "S256")
    verify(challenge, verifier)

    with pytest.raises(InvalidGrant):
        verify(CHALLENGE, verifier)


@given(st.text(UNRESERVED, max_size=42) | st.text(UNRESERVED, min_size=129, max_size=140))
def test_verifier_that_is_too_short_or_too_long_is_refused_even_if_it_matches(verifier: str) -> None:
    digest = hashlib.sha256(verifier.encode()).digest()
    with pytest.raises(InvalidGrant):
        verify(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), verifier)
