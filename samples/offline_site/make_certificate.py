"""Makes a certificate for the site, signed by a certification authority of the site's own.

    python make_certificate.py login.example.com /etc/offline-site/tls

ca.crt is what browsers and apps have to trust, and is made once, with ca.key; site.crt and site.key are nginx's, and
are made anew each time: run it before site.crt ends, and reload nginx. The authority is good for that one name only,
so that whoever trusts it trusts it with nothing else. Keep ca.key on a medium of its own in between.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
SITE_DAYS = 397
SKEW = timedelta(hours=1)  # a clock that is a little behind takes the certificate at once


def make(name: str, folder: Path) -> None:
    """``ca.crt`` and ``ca.key`` unless they are there, and ``site.crt`` and ``site.key``.

    Raises:
        FileNotFoundError: the authority is there, and its key is not.
        ValueError: the authority is for another name.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / "ca.crt").exists():
        key = _new_key(folder / "ca.key")
        _write(folder / "ca.crt", _authority(name, key).public_bytes(Encoding.PEM), 0o644)
    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    allowed = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    if allowed != [x509.DNSName(name)]:
        raise ValueError(f"{folder / 'ca.crt'} is for another name than {name}")
    signing = load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    site = _site(name, _new_key(folder / "site.key"), authority, signing)
    _write(folder / "site.crt", site.public_bytes(Encoding.PEM), 0o644)


def _authority(name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = _named(f"Authority of {name}")
    only_this = x509.NameConstraints(permitted_subtrees=[x509.DNSName(name)], excluded_subtrees=None)
    return (
        _begun(subject, subject, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(only_this, critical=True)
        .sign(key, SHA256())
    )


def _site(
    name: str, key: ec.EllipticCurvePrivateKey, authority: x509.Certificate, signing: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    return (
        _begun(_named(name), authority.subject, key.public_key(), SITE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .sign(signing, SHA256())
    )


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _new_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    return key


def _write(path: Path, content: bytes, mode: int) -> None:
    """The whole file or none, and never open to others for a moment."""
    aside = path.with_name(f".{path.name}")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(content)
    aside.replace(path)


if __name__ == "__main__":
    try:
        make(sys.argv[1], Path(sys.argv[2]))
    except (OSError, IndexError, ValueError) as error:
        sys.exit(f"{error}\n{__doc__}")
    print(f"Made site.crt for {SITE_DAYS} days; apps and browsers trust {Path(sys.argv[2]) / 'ca.crt'}.")
