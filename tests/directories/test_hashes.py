"""Hashes of other programs' making, made by those very programs."""

import base64
import hashlib
import hmac
import sys
from typing import Any

import argon2
import bcrypt
import pytest
from passlib.hash import pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512
from werkzeug.security import generate_password_hash

from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.directories import PasswordHashes
from app_client_authz.domain.errors import ConfigurationError, InvalidPassword, Unavailable

PASSWORD = "Grüße-aus-K0ln"
LONG = "a long passphrase of more than seventy-two octets, as older bcrypt took them, cut off"


def by_bcrypt(prefix: bytes, password: str = PASSWORD) -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4, prefix)).decode()


HASHES = {
    "argon2id": argon2.PasswordHasher(1, 8, 1).hash(PASSWORD),
    "argon2i": argon2.PasswordHasher(1, 8, 1, type=argon2.Type.I).hash(PASSWORD),
    "argon2d": argon2.PasswordHasher(1, 8, 1, type=argon2.Type.D).hash(PASSWORD),
    "bcrypt 2a": by_bcrypt(b"2a"),
    "bcrypt 2b": by_bcrypt(b"2b"),
    "bcrypt 2y": by_bcrypt(b"2b").replace("$2b$", "$2y$"),
    "werkzeug pbkdf2": generate_password_hash(PASSWORD, "pbkdf2:sha256:1000"),
    "werkzeug scrypt": generate_password_hash(PASSWORD, "scrypt"),
    "passlib sha1": pbkdf2_sha1.using(rounds=10).hash(PASSWORD),
    "passlib sha256": pbkdf2_sha256.using(rounds=10).hash(PASSWORD),
    "passlib sha512": pbkdf2_sha512.using(rounds=10).hash(PASSWORD),
}


@pytest.fixture
def hashes() -> PasswordHashes:
    return PasswordHashes(hasher=PasswordHasher(memory_kib=8, time_cost=1))


@pytest.mark.parametrize("kind", HASHES)
def test_the_right_password_fits_and_no_other(hashes: PasswordHashes, kind: str) -> None:
    assert hashes.verify(HASHES[kind], PASSWORD)
    for wrong in (PASSWORD + " ", PASSWORD.lower(), "", "x" * 257):
        assert not hashes.verify(HASHES[kind], wrong)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        PASSWORD,
        "!",
        "$argon2id$v=19$m=8,t=1,p=1$",
        "$2b$04$short",
        "pbkdf2:sha256:1000",
        "pbkdf2:nothing:1000$salt$00",
        "scrypt:3:8:1$salt$00",
        "$pbkdf2-sha256$10$*$*",
        "$pbkdf2-sha256$0$c2FsdA$c2FsdA",
        "$pbkdf2-sha256$10$a$a",
        "$5$rounds=1000$salt$hash",
        "$argon2id$ü",
        "scrypt:99999999999999999999:8:1$salt$00",
        "pbkdf2:sha256:99999999999999999999$salt$00",
    ],
)
def test_what_is_no_hash_fits_no_password(hashes: PasswordHashes, stored: str | None) -> None:
    assert not hashes.verify(stored, PASSWORD)


def test_bcrypt_still_takes_who_chose_more_than_it_looks_at(hashes: PasswordHashes) -> None:
    assert hashes.verify(by_bcrypt(b"2b", LONG), LONG)


def test_a_double_hash_is_checked_after_the_hosts_preparation() -> None:
    def prepared(password: str) -> bytes:
        return base64.b64encode(hmac.new(b"salt", password.encode(), hashlib.sha512).digest())

    hashes = PasswordHashes(prepare=prepared, hasher=PasswordHasher(memory_kib=8, time_cost=1))

    for stored in (
        argon2.PasswordHasher(1, 8, 1).hash(prepared(PASSWORD)),
        bcrypt.hashpw(prepared(PASSWORD)[:72], bcrypt.gensalt(4)).decode(),
        hashes.hash(PASSWORD),
    ):
        assert hashes.verify(stored, PASSWORD)
        assert not hashes.verify(stored, "another")


def test_a_preparation_may_end_in_octets_that_are_no_text() -> None:
    hashes = PasswordHashes(
        prepare=lambda password: hashlib.sha512(password.encode()).digest(),
        hasher=PasswordHasher(memory_kib=8, time_cost=1),
    )

    assert hashes.verify(hashes.hash(PASSWORD), PASSWORD)
    assert not hashes.verify(hashes.hash(PASSWORD), "another")


@pytest.mark.parametrize(
    "given",
    [
        {"make": lambda password: "pbkdf2_sha256$1000$salt$hash"},
        # Whoever makes a hash prepares the password too.
        {"make": lambda password: by_bcrypt(b"2b", password), "prepare": lambda password: password + "pepper"},
    ],
)
def test_a_new_hash_that_would_shut_its_user_out_is_not_made(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        PasswordHashes(hasher=PasswordHasher(memory_kib=8, time_cost=1), **given).hash(PASSWORD)


def test_a_password_that_the_host_does_not_hash_is_an_unacceptable_one() -> None:
    hashes = PasswordHashes(make=lambda password: bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode())

    with pytest.raises(InvalidPassword):
        hashes.hash(LONG)


def test_without_the_package_bcrypt_says_what_to_install(
    hashes: PasswordHashes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "bcrypt", None)

    with pytest.raises(Unavailable):
        hashes.verify(HASHES["bcrypt 2b"], PASSWORD)
    assert "pip install" in caplog.text


def test_new_hashes_are_argon2id_or_what_the_host_makes(hashes: PasswordHashes) -> None:
    assert hashes.hash(PASSWORD).startswith("$argon2id$")
    assert not hashes.needs_rehash(hashes.hash(PASSWORD))
    assert hashes.needs_rehash(HASHES["bcrypt 2b"])
    own = PasswordHashes(make=lambda password: by_bcrypt(b"2b", password))
    assert own.hash(PASSWORD).startswith("$2b$")
    assert not own.needs_rehash(HASHES["bcrypt 2a"])
    assert own.needs_rehash(HASHES["werkzeug scrypt"])
