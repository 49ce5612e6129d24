"""Settings: read once, strictly, and with an answer that says what to write instead."""

import dataclasses
import re
from pathlib import Path

import pytest
from flask import Flask

from app_client_authz import config
from app_client_authz.config import Settings
from app_client_authz.config.guarding import GuardedPool
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.crypto.sealing import Sealer, keys_from
from app_client_authz.domain.dialect import COGNITO, OIDC
from app_client_authz.domain.errors import ConfigurationError
from tests.support.smtp import certificate

STRONG = "0123456789abcdefghijklmnopqrstuvwxyz"
PREFIX = "AUTHZ_"


def settings(**keys: object) -> Settings:
    return Settings.from_mapping({"SECRET_KEY": STRONG, **keys})


def refusal(**keys: object) -> str:
    with pytest.raises(ConfigurationError) as refused:
        settings(**keys)
    message = str(refused.value)
    assert "\n" not in message
    return message


def codes(found: Settings) -> list[str]:
    return [posture.code for posture in found.posture()]


def test_a_flask_app_with_nothing_but_a_secret_key_has_the_documented_defaults() -> None:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = STRONG
    found = Settings.from_mapping(app.config)
    assert found == Settings(secret_keys=(STRONG,))
    assert (found.url_prefix, found.public_url, found.region, found.bind_key) == ("/auth", None, "us-east-1", None)
    assert (found.dialect, found.faces, found.code_lifetime_seconds) == (COGNITO, ("oauth", "hosted_ui", "api"), 300)
    assert dict(found.access_keys) == {}
    assert (found.password_hash_memory_kib, found.password_hash_time_cost) == (19456, 2)
    assert (found.password_hash_parallelism, found.password_hash_slots) == (1, None)


def test_every_field_but_flasks_own_keys_can_be_set_under_its_name(tmp_path: Path) -> None:
    listed = tmp_path / "common.txt"
    listed.write_text("hunter2", encoding="utf-8")
    given: dict[str, object] = {
        "AUTHZ_URL_PREFIX": "/id/v1",
        "AUTHZ_PUBLIC_URL": "https://localhost:8443/id",
        "AUTHZ_ISSUER": "https://cognito-idp.eu-central-1.amazonaws.com/{pool_id}",
        "AUTHZ_REGION": "eu-central-1",
        "AUTHZ_ACCESS_KEYS": {"AKIAEXAMPLE": STRONG},
        "AUTHZ_SEALING_KEYS": [STRONG, STRONG[::-1]],
        "AUTHZ_BIND_KEY": "auth",
        "AUTHZ_DIALECT": "oidc",
        "AUTHZ_CODE_LIFETIME_SECONDS": 60,
        "AUTHZ_AUTH_EVENT_DAYS": 1,
        "AUTHZ_PASSWORD_HASH_MEMORY_KIB": 65536,
        "AUTHZ_PASSWORD_HASH_TIME_COST": 3,
        "AUTHZ_PASSWORD_HASH_PARALLELISM": 4,
        "AUTHZ_PASSWORD_HASH_SLOTS": 1,
        "AUTHZ_PASSWORD_BLOCKLIST": listed,
        "AUTHZ_FACES": ["oauth"],
        "AUTHZ_MESSAGE_SENDER": "smtp",
        "AUTHZ_SMTP_HOST": "mail.example.com",
        "AUTHZ_SMTP_PORT": 2525,
        "AUTHZ_SMTP_TLS": "implicit",
        "AUTHZ_SMTP_USERNAME": "mailer",
        "AUTHZ_SMTP_PASSWORD": "hunter2",
        "AUTHZ_SMTP_FROM": "Example <login@example.com>",
        "AUTHZ_SMTP_CA_FILE": certificate(tmp_path / "ca.pem").path,
        "AUTHZ_SMTP_TIMEOUT_SECONDS": 60,
        "AUTHZ_GUARD_POOLS": ["us-east-1_AbC123xyz"],
        "AUTHZ_GUARD_CHECKS_REVOCATION": False,
        "AUTHZ_GUARD_ERRORS": "text",
    }
    found = settings(**given)
    assert {PREFIX + field.name.upper() for field in dataclasses.fields(Settings)} == {*given, "AUTHZ_SECRET_KEYS"}
    assert found == Settings(
        password_blocklist=frozenset({"hunter2"}),
        url_prefix="/id/v1",
        public_url="https://localhost:8443/id",
        issuer="https://cognito-idp.eu-central-1.amazonaws.com/{pool_id}",
        region="eu-central-1",
        access_keys={"AKIAEXAMPLE": STRONG},
        sealing_keys=(STRONG, STRONG[::-1]),
        secret_keys=(STRONG,),
        bind_key="auth",
        dialect=OIDC,
        code_lifetime_seconds=60,
        auth_event_days=1,
        password_hash_memory_kib=65536,
        password_hash_time_cost=3,
        password_hash_parallelism=4,
        password_hash_slots=1,
        faces=("oauth",),
        message_sender="smtp",
        smtp_host="mail.example.com",
        smtp_port=2525,
        smtp_tls="implicit",
        smtp_username="mailer",
        smtp_password="hunter2",
        smtp_from=("Example", "login@example.com"),
        smtp_ca_file=str(tmp_path / "ca.pem"),
        smtp_timeout_seconds=60,
        guard_pools=(GuardedPool("us-east-1_AbC123xyz"),),
        guard_checks_revocation=False,
        guard_errors="text",
    )


def test_settings_do_not_change_after_the_start() -> None:
    keys = {"AKIAEXAMPLE": STRONG}
    found = settings(AUTHZ_ACCESS_KEYS=keys)
    keys["AKIAINTRUDER"] = STRONG
    assert dict(found.access_keys) == {"AKIAEXAMPLE": STRONG}
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.region = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.access_keys["x"] = "y"  # type: ignore[index]


# --- unknown keys and wrong values ------------------------------------------------------------


@pytest.mark.parametrize(
    "unknown, nearest",
    [
        ("AUTHZ_URLPREFIX", "AUTHZ_URL_PREFIX"),
        ("AUTHZ_PUBLIC_URI", "AUTHZ_PUBLIC_URL"),
        ("AUTHZ_SEALING_KEY", "AUTHZ_SEALING_KEYS"),
        ("AUTHZ_DIALEKT", "AUTHZ_DIALECT"),
        ("AUTHZ_PASSWORD_HASH_SLOT", "AUTHZ_PASSWORD_HASH_SLOTS"),
        ("AUTHZ_", "AUTHZ_"),
        ("AUTHZ_SECRET_KEYS", "AUTHZ_"),
    ],
)
def test_an_unknown_key_stops_the_start_and_names_the_nearest(unknown: str, nearest: str) -> None:
    message = refusal(**{unknown: "hunter2"})
    assert message.startswith(f"{unknown} is no setting; the nearest is {nearest}")
    assert "hunter2" not in message


def test_keys_of_other_extensions_are_none_of_our_business() -> None:
    assert settings(AUTH_URL="x", AUTHZIO="x", SQLALCHEMY_DATABASE_URI="sqlite://") == settings()


WRONG: dict[str, tuple[object, ...]] = {
    "AUTHZ_URL_PREFIX": (
        *("/", "auth", "/auth/", "/a//b", "/a/../b", "/..", "/.", "/a b", "/ä", "/a?b", "/a#b", "/a%2f", "/<id>"),
        *("/a\n", None, 1, b"/auth"),
    ),
    "AUTHZ_ISSUER": (
        *(
            "",
            "{pool_id}",
            "/{pool_id}",
            "https://issuer.example.com",
            "https://issuer.example.com/us-east-1_AbC123xyz",
        ),
        *("https://issuer.example.com/{pool_id}/", "https://issuer.example.com//{pool_id}", 1, b"https://a/{pool_id}"),
        *("https://Issuer.example.com/{pool_id}", "https://issuer.example.com:443/{pool_id}"),
        *("http://issuer.example.com/{pool_id}", "https://issuer.example.com/?{pool_id}", "https:///{pool_id}"),
    ),
    "AUTHZ_REGION": (None, "", "US-EAST-1", "us_east_1", "-us", "us-", "x" * 33, 1, "a\n"),
    "AUTHZ_BIND_KEY": ("", 1, b"x", []),
    "AUTHZ_DIALECT": (None, "", "Cognito", "oauth", 1, []),
    "AUTHZ_CODE_LIFETIME_SECONDS": (59, 301, 0, -1, "300", 300.0, True, None),
    "AUTHZ_AUTH_EVENT_DAYS": (0, 3651, -1, "90", 90.0, True, None),
    "AUTHZ_PASSWORD_HASH_MEMORY_KIB": (7, 1024 * 1024 + 1, "19456", 19456.0, True, None),
    "AUTHZ_PASSWORD_HASH_TIME_COST": (0, 17, "2", True, None),
    "AUTHZ_PASSWORD_HASH_PARALLELISM": (0, 17, "1", True, None),
    "AUTHZ_PASSWORD_HASH_SLOTS": (0, 257, "1", True, 1.0),
    "AUTHZ_FACES": ("oauth", ["console"], ["oauth", "oauth"], None, {"oauth"}, [1], [["x"]]),
    "AUTHZ_MESSAGE_SENDER": (None, "", "SMTP", "ses", 1, []),
    "AUTHZ_SMTP_HOST": ("", "mail.example.com:587", "smtp://mail.example.com", "mail example", "[zz]", "a\n", 1),
    "AUTHZ_SMTP_PORT": (0, 65536, "587", True, 587.0),
    "AUTHZ_SMTP_TLS": (None, "", "ssl", True, "STARTTLS"),
    "AUTHZ_SMTP_FROM": (
        "",
        "login",
        "login@localhost",
        "a@example.com, b@example.com",
        "a@example.com\nX: y",
        "ü@a.de",
        1,
    ),
    "AUTHZ_SMTP_CA_FILE": (1, b"ca.pem"),
    "AUTHZ_SMTP_TIMEOUT_SECONDS": (0, 61, "10", True, None),
    "AUTHZ_GUARD_POOLS": ([], {}, "us-east-1_AbC123xyz", 1, {"us-east-1_AbC123xyz"}),
    "AUTHZ_GUARD_CHECKS_REVOCATION": (None, 1, "True", "false"),
    "AUTHZ_GUARD_ERRORS": (None, "", "JSON", "html", True, ["json"]),
}


@pytest.mark.parametrize("key, value", [(key, value) for key, values in WRONG.items() for value in values])
def test_a_wrong_value_stops_the_start_with_key_value_and_what_is_accepted(key: str, value: object) -> None:
    message = refusal(**{key: value})
    assert message.startswith(f"{key}={value!r}: accepted is ")


def test_memory_must_suffice_for_the_lanes() -> None:
    message = refusal(AUTHZ_PASSWORD_HASH_MEMORY_KIB=31, AUTHZ_PASSWORD_HASH_PARALLELISM=4)
    assert message.startswith("AUTHZ_PASSWORD_HASH_MEMORY_KIB=31")
    enough = settings(AUTHZ_PASSWORD_HASH_MEMORY_KIB=32, AUTHZ_PASSWORD_HASH_PARALLELISM=4)
    assert enough.password_hash_memory_kib == 32


@pytest.mark.parametrize("lanes, memory_kib, time_cost", [(1, 8, 1), (16, 128, 16), (1, 1024 * 1024, 16)])
def test_whatever_is_accepted_for_password_hashes_the_hasher_accepts_too(
    lanes: int, memory_kib: int, time_cost: int
) -> None:
    found = settings(
        AUTHZ_PASSWORD_HASH_MEMORY_KIB=memory_kib,
        AUTHZ_PASSWORD_HASH_TIME_COST=time_cost,
        AUTHZ_PASSWORD_HASH_PARALLELISM=lanes,
    )
    hasher = PasswordHasher(
        memory_kib=found.password_hash_memory_kib,
        time_cost=found.password_hash_time_cost,
        parallelism=found.password_hash_parallelism,
        slots=found.password_hash_slots,
    )
    assert hasher.needs_rehash("")


def test_a_long_wrong_value_is_shown_in_part() -> None:
    assert len(refusal(AUTHZ_DIALECT="x" * 100_000)) < 300


@pytest.mark.parametrize("prefix", ["", "/auth", "/a/b", "/a.b~c-d_e", "/..a"])
def test_prefixes_that_are_accepted(prefix: str) -> None:
    assert settings(AUTHZ_URL_PREFIX=prefix).url_prefix == prefix


@pytest.mark.parametrize(
    "url", [None, "http://localhost:5000/auth", "https://127.0.0.1:8443", "https://[::1]:8443/auth"]
)
def test_another_issuer_is_for_a_server_of_this_machine(url: str | None) -> None:
    issuer = "https://cognito-idp.us-east-1.amazonaws.com/{pool_id}"
    found = settings(AUTHZ_ISSUER=issuer, AUTHZ_PUBLIC_URL=url)
    assert found.issuers.of("http://localhost/auth", "us-east-1_AbC123xyz") == (
        "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbC123xyz"
    )
    assert "AUTHZ-W038" in codes(found)
    message = refusal(AUTHZ_ISSUER=issuer, AUTHZ_PUBLIC_URL="https://login.example.com/auth")
    assert message.startswith("AUTHZ_ISSUER is for development")
    assert "https://login.example.com/auth" in message


def test_a_pool_of_this_site_is_not_guarded_as_another_servers() -> None:
    guarded = {"https://issuer.example/us-east-1_AbC123xyz": {"client_ids": None}}
    settings(AUTHZ_GUARD_POOLS=guarded)
    message = refusal(AUTHZ_GUARD_POOLS=guarded, AUTHZ_ISSUER="https://issuer.example/{pool_id}")
    assert message.endswith("is a pool of this site: name it by its ID alone")


def test_a_password_in_the_issuer_is_not_shown() -> None:
    assert "hunter2" not in refusal(AUTHZ_ISSUER="https://me:hunter2@issuer.example.com/{pool_id}")


@pytest.mark.parametrize("faces", [[], ("oauth",), ["hosted_ui"], ["hosted_ui", "oauth"]])
def test_each_face_can_be_left_out(faces: list[str]) -> None:
    assert settings(AUTHZ_FACES=faces).faces == tuple(faces)


# --- the mail server --------------------------------------------------------------------------

MAIL: dict[str, object] = {
    "AUTHZ_MESSAGE_SENDER": "smtp",
    "AUTHZ_SMTP_HOST": "mail.example.com",
    "AUTHZ_SMTP_FROM": "login@example.com",
}


@pytest.mark.parametrize("host", ["mail.example.com", "Mail.Example.COM", "127.0.0.1", "::1", "[2001:db8::1]"])
def test_mail_servers_that_are_accepted(host: str) -> None:
    assert settings(**MAIL | {"AUTHZ_SMTP_HOST": host}).smtp_host == host.lower().strip("[]")


@pytest.mark.parametrize("key", ["AUTHZ_SMTP_HOST", "AUTHZ_SMTP_FROM"])
def test_mail_needs_a_server_and_a_sender_address(key: str) -> None:
    assert refusal(**MAIL | {key: None}) == f"{key} is not set: AUTHZ_MESSAGE_SENDER='smtp' needs it"
    assert settings(AUTHZ_MESSAGE_SENDER="development").smtp_host is None


@pytest.mark.attack("R11")
@pytest.mark.parametrize(
    "keys",
    [
        {"AUTHZ_SMTP_USERNAME": "hunter2"},
        {"AUTHZ_SMTP_PASSWORD": "hunter2"},
        {"AUTHZ_SMTP_USERNAME": "mailer", "AUTHZ_SMTP_PASSWORD": "hunter2\r\n"},
        {"AUTHZ_SMTP_USERNAME": "", "AUTHZ_SMTP_PASSWORD": "hunter2"},
        {"AUTHZ_SMTP_USERNAME": "mailer", "AUTHZ_SMTP_PASSWORD": b"hunter2"},
        {"AUTHZ_SMTP_HOST": "smtp://mailer:hunter2@mail.example.com"},
    ],
)
def test_credentials_come_in_pairs_and_are_never_shown(keys: dict[str, object]) -> None:
    message = refusal(**MAIL | keys)
    assert message.startswith("AUTHZ_SMTP_")
    assert "accepted is" in message
    assert "hunter2" not in message


def test_mail_leaves_this_machine_by_tls_only() -> None:
    assert refusal(**MAIL, AUTHZ_SMTP_TLS="none").startswith("AUTHZ_SMTP_TLS='none': accepted is ")
    for host in ("localhost", "127.0.0.1", "::1"):
        assert settings(**MAIL | {"AUTHZ_SMTP_HOST": host}, AUTHZ_SMTP_TLS="none").smtp_tls == "none"


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_without_certificates_stops_the_start(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    message = refusal(**MAIL, AUTHZ_SMTP_CA_FILE=str(path))

    assert message.startswith(f"AUTHZ_SMTP_CA_FILE={str(path)!r} cannot be read as certificates in PEM: ")


# --- the public URL ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, kept",
    [
        ("https://login.example.com", "https://login.example.com"),
        ("https://login.example.com/", "https://login.example.com"),
        ("https://login.example.com/auth/", "https://login.example.com/auth"),
        ("https://login.example.com:8443/other/path", "https://login.example.com:8443/other/path"),
        ("HTTPS://Login.Example.COM/Auth", "https://login.example.com/Auth"),
        ("https://[2001:db8::1]:8443/auth", "https://[2001:db8::1]:8443/auth"),
        ("http://localhost:5000/auth", "http://localhost:5000/auth"),
        ("http://127.0.0.1/auth", "http://127.0.0.1/auth"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("https://localhost", "https://localhost"),
        (None, None),
    ],
)
def test_public_urls_that_are_accepted(given: str | None, kept: str | None) -> None:
    assert settings(AUTHZ_PUBLIC_URL=given).public_url == kept


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "login.example.com",
        "//login.example.com",
        "https:login.example.com",
        "https://",
        "https:///auth",
        "http://login.example.com/auth",
        "http://localhost.example.com",
        "http://127.0.0.2",
        "http://10.0.0.1/auth",
        "http://[::2]",
        "http://[localhost]",
        "http://[127.0.0.1]",
        "ftp://localhost",
        "javascript://localhost/%0aalert(1)",
        "https://login.example.com/auth?x=1",
        "https://login.example.com/auth?",
        "https://login.example.com/auth#x",
        "https://login.example.com/auth#",
        "https://login.example.com/../auth",
        "https://login.example.com/a//b",
        "https://login.example.com/a%2fb",
        "https://login.example.com\\evil",
        "https://login.example.com:",
        "https://login.example.com:0",
        "https://login.example.com:65536",
        "https://login.example.com:8a",
        "https://login.example.com:443",
        "http://localhost:80/auth",
        "https://login..example.com",
        "https://.example.com",
        "https://login.example.com.",
        "https://-x",
        "https://lögin.example.com",
        "https://[zz]",
        "https://[::1",
        "https://login example.com",
        " https://login.example.com",
        "https://login.example.com\n",
        "https://login.example.com/a\x00",
        5000,
        b"https://login.example.com",
    ],
)
def test_public_urls_that_stop_the_start(url: object) -> None:
    assert refusal(AUTHZ_PUBLIC_URL=url).startswith(f"AUTHZ_PUBLIC_URL={url!r}: accepted is ")


@pytest.mark.attack("R11")
@pytest.mark.parametrize("url", ["https://admin:hunter2@login.example.com", "https://hunter2@x/auth", "hunter2@"])
def test_a_password_in_the_public_url_is_refused_and_not_shown(url: str) -> None:
    message = refusal(AUTHZ_PUBLIC_URL=url)
    assert message.startswith("AUTHZ_PUBLIC_URL ")
    assert "hunter2" not in message


def test_what_browsers_see_follows_from_the_public_url() -> None:
    outside, local, unset = (
        settings(AUTHZ_PUBLIC_URL=url) for url in ("https://login.example.com:8443/a", "http://[::1]:5000/a", None)
    )
    assert (outside.is_https, outside.public_origin) == (True, "https://login.example.com:8443")
    assert (local.is_https, local.public_origin) == (False, "http://[::1]:5000")
    assert (unset.is_https, unset.public_origin) == (False, None)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "::1", "[::1]"])
def test_loopback_hosts(host: str) -> None:
    assert config.is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost.", "localhost.evil.example", "127.0.0.2", "0.0.0.0", "[localhost]"])
def test_hosts_that_are_not_loopback(host: str) -> None:
    assert not config.is_loopback(host)


# --- secrets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [{}, {"SECRET_KEY": None}, {"SECRET_KEY": ""}, {"SECRET_KEY_FALLBACKS": [STRONG]}])
def test_without_any_key_the_start_is_refused_with_one_line_that_helps(keys: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Settings.from_mapping(keys)
    message = str(refused.value)
    assert "\n" not in message
    assert re.search(r"set SECRET_KEY .*AUTHZ_SEALING_KEYS.* print\(secrets\.token_urlsafe\(48\)\)", message)


def test_sealing_keys_alone_are_enough() -> None:
    found = Settings.from_mapping({"AUTHZ_SEALING_KEYS": [STRONG]})
    assert found.sealing_keys == (STRONG,)
    assert found.secret_keys == ()


def test_flasks_fallbacks_follow_its_secret_key() -> None:
    found = settings(SECRET_KEY_FALLBACKS=["older", b"oldest"])
    assert found.secret_keys == (STRONG, "older", b"oldest")
    assert settings(SECRET_KEY_FALLBACKS=None).secret_keys == (STRONG,)


def test_settings_make_a_sealer_that_survives_a_rotation_of_the_secret_key() -> None:
    before, after = settings(), settings(SECRET_KEY=STRONG[::-1], SECRET_KEY_FALLBACKS=[STRONG])
    sealed = Sealer(keys_from(before.sealing_keys, before.secret_keys)).seal("s", row="r")
    assert Sealer(keys_from(after.sealing_keys, after.secret_keys)).open(sealed, row="r") == b"s"


@pytest.mark.attack("R11")
@pytest.mark.parametrize(
    "keys",
    [
        {"AUTHZ_SEALING_KEYS": "hunter2" * 10},
        {"AUTHZ_SEALING_KEYS": ["hunter2"]},
        {"AUTHZ_SEALING_KEYS": [STRONG, "hunter2" * 4]},
        {"AUTHZ_SEALING_KEYS": [b"hunter2" * 10]},
        {"AUTHZ_SEALING_KEYS": {"hunter2" * 10}},
        {"AUTHZ_SEALING_KEYS": []},
        {"AUTHZ_SEALING_KEYS": None},
        {"AUTHZ_ACCESS_KEYS": "AKIA:hunter2"},
        {"AUTHZ_ACCESS_KEYS": None},
        {"AUTHZ_ACCESS_KEYS": [("AKIA", "hunter2")]},
        {"AUTHZ_ACCESS_KEYS": {"AKIA": ""}},
        {"AUTHZ_ACCESS_KEYS": {"AKIA": b"hunter2"}},
        {"AUTHZ_ACCESS_KEYS": {"AKIA": 1}},
        {"AUTHZ_ACCESS_KEYS": {"": "hunter2"}},
        {"AUTHZ_ACCESS_KEYS": {"AK IA": "hunter2"}},
        {"AUTHZ_ACCESS_KEYS": {"A" * 129: "hunter2"}},
        {"AUTHZ_ACCESS_KEYS": {1: "hunter2"}},
        {"SECRET_KEY": 12345},
        {"SECRET_KEY": ["hunter2"]},
        {"SECRET_KEY_FALLBACKS": "hunter2"},
        {"SECRET_KEY_FALLBACKS": [""]},
        {"SECRET_KEY_FALLBACKS": [None]},
    ],
)
def test_a_wrong_secret_stops_the_start_and_is_not_shown(keys: dict[str, object]) -> None:
    message = refusal(**keys)
    assert next(iter(keys)) in message
    assert "accepted" in message or "leave it out" in message
    assert "hunter2" not in message
    assert STRONG not in message


@pytest.mark.attack("R11")
def test_settings_print_no_secret() -> None:
    found = settings(
        AUTHZ_ACCESS_KEYS={"AKIAEXAMPLE": "hunter2" * 5},
        AUTHZ_SEALING_KEYS=["hunter2" * 6],
        SECRET_KEY_FALLBACKS=["hunter2"],
    )
    for shown in (repr(found), str(found), f"{[found]}"):
        assert "hunter2" not in shown
        assert STRONG not in shown
        assert "us-east-1" in shown


# --- pools of guarded views -------------------------------------------------------------------

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC123xyz"


def test_own_pools_are_named_by_their_ids_and_others_by_their_issuer(tmp_path: Path) -> None:
    found = settings(
        AUTHZ_GUARD_POOLS={
            "us-east-1_AbC123xyz": {"client_ids": ["1example"]},
            ISSUER: {"client_ids": None},
            "http://localhost:5000/auth/us-east-1_AbC123xyz": {
                "client_ids": ("a", "b"),
                "jwks": tmp_path / "keys.json",
            },
        }
    )
    assert found.guard_pools == (
        GuardedPool("us-east-1_AbC123xyz", frozenset({"1example"})),
        GuardedPool("eu-central-1_AbC123xyz", None, ISSUER, f"{ISSUER}/.well-known/jwks.json"),
        GuardedPool(
            "us-east-1_AbC123xyz",
            frozenset({"a", "b"}),
            "http://localhost:5000/auth/us-east-1_AbC123xyz",
            str(tmp_path / "keys.json"),
        ),
    )


@pytest.mark.parametrize(
    "pools, accepted",
    [
        ({"us-east-1_AbC123xyz": {"jwks": "x"}}, "'jwks' is for issuers"),
        ({"us-east-1_AbC123xyz": {"client_id": "x"}}, "a mapping with 'client_ids'"),
        ({"us-east-1_AbC123xyz": None}, "a mapping with 'client_ids'"),
        ({"us-east-1_AbC123xyz": {"client_ids": []}}, "a list of client IDs"),
        ({"us-east-1_AbC123xyz": {"client_ids": "abc"}}, "a list of client IDs"),
        ({"us-east-1_AbC123xyz": {"client_ids": ["a b"]}}, "a list of client IDs"),
        ({"us-east-1_AbC123xyz": {"client_ids": [["a"]]}}, "a list of client IDs"),
        (["customers"], "accepted is a pool ID, or an issuer"),
        ([["us-east-1_AbC123xyz"]], "accepted is a pool ID, or an issuer"),
        ([ISSUER], "'client_ids' is needed"),
        ({ISSUER: {}}, "'client_ids' is needed"),
        ({ISSUER.replace("https", "http"): {"client_ids": None}}, "an issuer like"),
        ({"https://login.example": {"client_ids": None}}, "an issuer like"),
        ({ISSUER + "/": {"client_ids": None}}, "an issuer like"),
        ({ISSUER + "?x=us-east-1_AbC123xyz": {"client_ids": None}}, "an issuer like"),
        ({ISSUER + "#x_y": {"client_ids": None}}, "an issuer like"),
        ({"https://me@login.example/us-east-1_AbC123xyz": {"client_ids": None}}, "an issuer like"),
        ({"https://[::1/us-east-1_AbC123xyz": {"client_ids": None}}, "an issuer like"),
        ({ISSUER: {"client_ids": None, "jwks": "http://keys.example/jwks.json"}}, "'jwks' is an https URL"),
        ({ISSUER: {"client_ids": None, "jwks": "file:///etc/passwd"}}, "'jwks' is an https URL"),
        ({ISSUER: {"client_ids": None, "jwks": ""}}, "'jwks' is an https URL"),
        ({ISSUER: {"client_ids": None, "jwks": b"keys.json"}}, "'jwks' is an https URL"),
        ({ISSUER: {"client_ids": None, "jwks": {"keys": []}}}, "'jwks' is an https URL"),
    ],
)
def test_a_guarded_pool_that_could_let_in_anybody_stops_the_start(pools: object, accepted: str) -> None:
    message = refusal(AUTHZ_GUARD_POOLS=pools)
    assert message.startswith("AUTHZ_GUARD_POOLS[")
    assert accepted in message


def test_an_own_pool_is_not_named_as_if_its_revocations_were_out_of_sight() -> None:
    public, pool = "https://login.example.com/auth", "us-east-1_AbC123xyz"
    message = refusal(AUTHZ_PUBLIC_URL=public, AUTHZ_GUARD_POOLS={f"{public}/{pool}": {"client_ids": None}})
    assert "is a pool of this site" in message


# --- posture ----------------------------------------------------------------------------------

SOUND: dict[str, object] = {"AUTHZ_PUBLIC_URL": "https://login.example.com/auth"}


def test_a_sound_site_has_no_posture_findings() -> None:
    assert codes(settings(**SOUND)) == []


@pytest.mark.parametrize(
    "keys, code",
    [
        ({"AUTHZ_PASSWORD_HASH_MEMORY_KIB": 19455}, "AUTHZ-W001"),
        ({"AUTHZ_PASSWORD_HASH_TIME_COST": 1}, "AUTHZ-W001"),
        ({"AUTHZ_PASSWORD_HASH_MEMORY_KIB": 47103, "AUTHZ_PASSWORD_HASH_TIME_COST": 1}, "AUTHZ-W001"),
        ({"SECRET_KEY": "dev"}, "AUTHZ-W002"),
        ({"SECRET_KEY": b"x" * 31}, "AUTHZ-W002"),
        ({"SECRET_KEY_FALLBACKS": ["dev"]}, "AUTHZ-W002"),
        ({"AUTHZ_PUBLIC_URL": None}, "AUTHZ-W003"),
        ({"AUTHZ_PUBLIC_URL": "http://localhost:5000/auth"}, "AUTHZ-W004"),
        ({"AUTHZ_ACCESS_KEYS": {"good": STRONG, "test": "test"}}, "AUTHZ-W005"),
        ({"AUTHZ_ACCESS_KEYS": {"AKIAIOSFODNN7EXAMPLE": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}, "AUTHZ-W005"),
        ({"AUTHZ_ACCESS_KEYS": {"test": "test" * 10}}, "AUTHZ-W005"),
        ({"AUTHZ_GUARD_CHECKS_REVOCATION": False}, "AUTHZ-W040"),
    ],
)
def test_each_weak_choice_has_its_code(keys: dict[str, object], code: str) -> None:
    assert codes(settings(**SOUND | keys)) == [code]


@pytest.mark.parametrize(
    "keys",
    [
        {"AUTHZ_PASSWORD_HASH_MEMORY_KIB": 47104, "AUTHZ_PASSWORD_HASH_TIME_COST": 1},
        {"SECRET_KEY": "dev", "AUTHZ_SEALING_KEYS": [STRONG]},
        {"AUTHZ_ACCESS_KEYS": {"good": STRONG}},
    ],
)
def test_choices_that_only_look_weak_are_not_reported(keys: dict[str, object]) -> None:
    assert codes(settings(**SOUND | keys)) == []


@pytest.mark.attack("R11")
def test_findings_come_in_the_order_of_their_codes_and_show_no_secret() -> None:
    found = settings(
        SECRET_KEY="hunter2",
        AUTHZ_ACCESS_KEYS={"test": "hunter2"},
        AUTHZ_PASSWORD_HASH_MEMORY_KIB=64,
        AUTHZ_PUBLIC_URL="http://localhost:5000",
    )
    assert codes(found) == ["AUTHZ-W001", "AUTHZ-W002", "AUTHZ-W004", "AUTHZ-W005"]
    assert not any("hunter2" in posture.text for posture in found.posture())


def test_blocklist_is_the_lines_of_a_file_whatever_their_case(tmp_path: Path) -> None:
    listed = tmp_path / "common.txt"
    listed.write_text("Password1!\n\nletmein\n", encoding="utf-8")
    settings = Settings.from_mapping({"SECRET_KEY": "k" * 40, "AUTHZ_PASSWORD_BLOCKLIST": str(listed)})
    assert settings.password_blocklist == {"password1!", "letmein"}
    assert "letmein" not in repr(settings)


def test_blocklist_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    missing = tmp_path / "missing.txt"
    with pytest.raises(ConfigurationError, match=r"AUTHZ_PASSWORD_BLOCKLIST.*missing\.txt"):
        Settings.from_mapping({"SECRET_KEY": "k" * 40, "AUTHZ_PASSWORD_BLOCKLIST": str(missing)})
