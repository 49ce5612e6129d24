"""Certificates of signing keys."""

import pytest
from cryptography import x509

from app_client_authz.crypto import jwts
from app_client_authz.crypto.certificates import self_signed


@pytest.fixture(scope="module")
def key() -> jwts.SigningKey:
    made = jwts.generate_signing_key()
    return jwts.load_signing_key(made.kid, made.private_pem, purpose="id")


def test_same_arguments_make_the_same_certificate(key: jwts.SigningKey) -> None:
    again = jwts.load_signing_key(key.kid, key.key.as_pem(private=True), purpose="id")

    assert self_signed(key, name="us-east-1_abc", since=1_000.9) == self_signed(
        again, name="us-east-1_abc", since=1_000
    )


def test_name_and_begin_tell_certificates_of_one_key_apart(key: jwts.SigningKey) -> None:
    first = x509.load_der_x509_certificate(self_signed(key, name="us-east-1_abc", since=1_000))
    other = x509.load_der_x509_certificate(self_signed(key, name="us-east-1_xyz", since=2_000))

    assert first.serial_number != other.serial_number
    assert first.not_valid_before_utc < other.not_valid_before_utc
    assert 0 < first.serial_number < 1 << 159


def test_certificate_is_verified_by_its_own_key_and_makes_no_authority(key: jwts.SigningKey) -> None:
    certificate = x509.load_der_x509_certificate(self_signed(key, name="us-east-1_abc", since=1_000))

    certificate.verify_directly_issued_by(certificate)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_public_key_alone_signs_no_certificate(key: jwts.SigningKey) -> None:
    public = jwts.SigningKey(key.kid, "id", key.public)

    with pytest.raises(TypeError):
        self_signed(public, name="us-east-1_abc", since=1_000)
