"""GetSigningCertificate by boto3: one certificate for one key, without a row of its own."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from tests.support.clock import MovableClock
from tests.support.site import PREFIX, Site


def certificate(cognito: Any, pool_id: str) -> str:
    return str(cognito.get_signing_certificate(UserPoolId=pool_id)["Certificate"])


def test_certificate_is_of_the_key_that_signs_id_tokens(cognito: Any, site: Site) -> None:
    parsed = x509.load_der_x509_certificate(base64.b64decode(certificate(cognito, site.pool.id), validate=True))

    key, published = parsed.public_key(), site.app.test_client().get(f"{PREFIX}/{site.pool.id}/.well-known/jwks.json")
    assert isinstance(key, RSAPublicKey)
    modulus = base64.urlsafe_b64decode(published.json["keys"][0]["n"] + "==")  # type: ignore[index]
    assert key.public_numbers().n == int.from_bytes(modulus)
    parsed.verify_directly_issued_by(parsed)
    assert [name.value for name in parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [site.pool.id]
    assert parsed.not_valid_before_utc == datetime.fromtimestamp(int(site.pool.created_at), UTC)
    assert (parsed.not_valid_after_utc - parsed.not_valid_before_utc).days == 3650


def test_certificate_is_the_same_at_every_call_until_the_key_rotates(
    cognito: Any, site: Site, clock: MovableClock
) -> None:
    first = certificate(cognito, site.pool.id)
    clock.advance(60)

    assert certificate(cognito, site.pool.id) == first
    site.services.keys.rotate(site.pool.id, at_once=True)
    assert certificate(cognito, site.pool.id) != first


@pytest.mark.attack("R10")
def test_certificate_holds_no_private_key(cognito: Any, pool_id: str) -> None:
    octets = base64.b64decode(certificate(cognito, pool_id))

    assert b"PRIVATE" not in octets
    assert len(octets) < 1024
