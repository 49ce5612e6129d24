"""One-time passwords against the vectors of the RFC."""

import pytest

from app_client_authz.domain import totp

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    "now, code",
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
@pytest.mark.compliance("RFC 6238", "appendix B", "test values for SHA-1, their last six digits")
def test_codes_are_those_of_the_rfc(now: int, code: str) -> None:
    assert totp.code_at(SECRET, now // 30) == code
    assert totp.matching_step(SECRET, code, now) == now // 30


def test_neighbouring_steps_are_accepted_and_no_others() -> None:
    step = 1_000_000
    code, present = totp.code_at(SECRET, step), step * 30.0

    assert [totp.matching_step(SECRET, code, present + 30 * away) for away in (-2, -1, 0, 1, 2)] == [
        None,
        step,
        step,
        step,
        None,
    ]


@pytest.mark.parametrize("code", ["", "28708", "2870820", "２８７０８２", "\ud800"])
def test_what_is_no_code_fits_no_step(code: str) -> None:
    assert totp.matching_step(SECRET, code, 59) is None


def test_uri_names_issuer_and_account() -> None:
    uri = totp.otpauth_uri(SECRET, issuer="My shop", account="kim@example.com")

    assert uri == (
        "otpauth://totp/My%20shop:kim%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=My%20shop"
    )


def test_uri_of_long_names_fits_into_a_picture() -> None:
    uri = totp.otpauth_uri(b"x" * totp.SECRET_BYTES, issuer="\U00020000" * 128, account="a" * 49)

    assert f":{'a' * 47}%E2%80%A6?" in uri
    assert totp.otpauth_uri(SECRET, issuer="", account="a" * 48).count("a" * 48) == 1
    assert len(uri) < 2331, "what a QR code of medium redundancy holds (ISO/IEC 18004)"
