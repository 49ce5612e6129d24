"""X.509 certificates of signing keys, for partners that know keys in no other form."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app_client_authz.crypto.jwts import SigningKey

VALIDITY: Final = timedelta(days=3650)
"""Ten years, as Cognito's."""

_SERIAL_BYTES: Final = 19  # RFC 5280 section 4.1.2.2: 20 octets at most, and positive


def self_signed(key: SigningKey, *, name: str, since: float) -> bytes:
    """The certificate in DER: ``name`` is issuer and subject, ``since`` (epoch seconds) the begin of its validity.

    Nothing in it is random: the same arguments make the same bytes, so that no certificate has to be kept.

    Raises:
        TypeError: the key has no private part.
    """
    private = key.key.private_key
    if not isinstance(private, RSAPrivateKey):
        raise TypeError("a certificate is signed by an RSA private key")
    holder = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.fromtimestamp(int(since), UTC)
    serial = hashlib.sha256(f"{key.kid}/{name}".encode()).digest()[:_SERIAL_BYTES]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(holder)
        .issuer_name(holder)
        .public_key(private.public_key())
        .serial_number(int.from_bytes(serial) or 1)
        .not_valid_before(begin)
        .not_valid_after(begin + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.DER)
