"""Every setting of the extension, read once from the host's Flask config.

An unknown ``AUTHZ_`` key and a wrong value stop the start (OPS-4); a value that is allowed but weaker
than it should be has a posture code, which ``flask authz check`` lists.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from app_client_authz.config import guarding, smtp
from app_client_authz.config.guarding import GuardedPool
from app_client_authz.config.reading import integer, is_host, is_loopback, wrong
from app_client_authz.domain.dialect import COGNITO, DIALECTS, Dialect
from app_client_authz.domain.errors import ConfigurationError
from app_client_authz.domain.issuers import Issuers

__all__ = ["FACES", "STRONG_SECRET_CHARACTERS", "Posture", "Settings", "is_loopback"]

FACES: Final = ("oauth", "hosted_ui", "api")
STRONG_SECRET_CHARACTERS: Final = 32
_PATH: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*", re.ASCII)
_REGION: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_ACCESS_KEY_ID: Final = re.compile(r"\w{1,128}", re.ASCII)
_ISSUER_END: Final = "/{pool_id}"
_MAKE_ONE: Final = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'


@dataclass(frozen=True, slots=True)
class Posture:
    """One choice that is weaker than it should be; ``code`` is stable across releases."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a site decided. ``url_prefix`` is read from ``AUTHZ_URL_PREFIX``, and so on."""

    url_prefix: str = "/auth"
    """Where the blueprints are mounted: ``""`` or a path like ``/auth``, without a slash at its end."""
    public_url: str | None = None
    """The outside URL of the prefix, without a slash at its end. None: only loopback hosts are served."""
    issuer: str | None = None
    """The issuer of every pool, ``{pool_id}`` at its end; for development. None: the outside URL and the pool's ID."""
    region: str = "us-east-1"
    """First half of pool IDs, and the region of signed API operations."""
    access_keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False, hash=False)
    """Access key ID to secret access key, for signed API operations."""
    sealing_keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys that seal secrets at rest, each of 32 characters or more: the first seals, all open.
    Empty: derived from ``secret_keys``."""
    secret_keys: tuple[str | bytes, ...] = field(default=(), repr=False)
    """Flask's own ``SECRET_KEY`` and then ``SECRET_KEY_FALLBACKS``."""
    bind_key: str | None = None
    """The Flask-SQLAlchemy bind whose engine is used. None: the default engine."""
    dialect: Dialect = COGNITO
    """``cognito`` or ``oidc``; a pool can override it."""
    code_lifetime_seconds: int = 300
    auth_event_days: int = 90
    """How long an authorization code can be redeemed, in seconds: 60 to 300."""
    password_hash_memory_kib: int = 19456
    """Memory of one Argon2id hash, in KiB: 8 for each lane to 1048576."""
    password_hash_time_cost: int = 2
    """Passes of one Argon2id hash over its memory: 1 to 16."""
    password_hash_parallelism: int = 1
    """Lanes of one Argon2id hash: 1 to 16."""
    password_hash_slots: int | None = None
    """Hashes at a time in one process: 1 to 256. None: one per core."""
    password_blocklist: frozenset[str] = field(default=frozenset(), repr=False)
    """Passwords that nobody may set, case-folded: the lines of the UTF-8 file that is named."""
    faces: tuple[str, ...] = FACES
    """The faces that are mounted: any of ``oauth``, ``hosted_ui`` and ``api``."""
    message_sender: str = "development"
    """What sends messages unless the host supplies a sender: ``development`` (keeps them) or ``smtp``."""
    smtp_host: str | None = None
    """The mail server, a host name or an IP address."""
    smtp_port: int | None = None
    """None: 465 with ``implicit`` TLS, else 587."""
    smtp_tls: str = "starttls"
    """``starttls``, ``implicit``, or ``none`` for a server on this machine."""
    smtp_username: str | None = None
    """Who signs in to the mail server; None: nobody does."""
    smtp_password: str | None = field(default=None, repr=False)
    smtp_from: tuple[str, str] | None = None
    """Display name and address that mail comes from."""
    smtp_ca_file: str | None = None
    """Certificates in PEM that prove the mail server, instead of those of the system."""
    smtp_timeout_seconds: int = 10
    """How long the mail server may keep a request waiting at each step, in seconds: 1 to 60."""

    guard_pools: tuple[GuardedPool, ...] | None = None
    """Pools whose tokens open the host's guarded views. None: the only pool of the site."""
    guard_checks_revocation: bool = True
    """Whether guarded views look at the present state of token session, user and client."""
    guard_errors: str = "json"
    """How guarded views word a refusal: ``json`` or ``text``."""

    @classmethod
    def from_mapping(cls, app_config: Mapping[str, object], *, seals: bool = True) -> "Settings":
        """The settings in a Flask config; keys that are not set keep their default.

        ``seals``: the app keeps secrets, and so needs a key.

        Raises:
            ConfigurationError: an ``AUTHZ_`` key is unknown, a value is wrong, or there is no key to
                seal with. The message never holds a secret.
        """
        for key in app_config:
            if key.startswith("AUTHZ_") and key not in _READERS:
                nearest = difflib.get_close_matches(key, _READERS, n=1, cutoff=0)[0]
                raise ConfigurationError(f"{key} is no setting; the nearest is {nearest}")
        values: dict[str, Any] = {
            key.removeprefix("AUTHZ_").lower(): read(key, app_config[key])
            for key, read in _READERS.items()
            if key in app_config
        }
        settings = cls(**values, secret_keys=_secret_keys(app_config))
        if seals and not settings.sealing_keys and not settings.secret_keys:
            raise ConfigurationError(
                f"no key to seal with: set SECRET_KEY (or the list AUTHZ_SEALING_KEYS) to what {_MAKE_ONE} prints"
            )
        if settings.issuer is not None and not settings.is_of_this_machine:
            raise ConfigurationError(
                f"AUTHZ_ISSUER is for development, and AUTHZ_PUBLIC_URL={settings.public_url!r} serves other machines:"
                " accepted is an AUTHZ_PUBLIC_URL of localhost, 127.0.0.1 or [::1], or none"
            )
        smtp.check(settings)
        guarding.check(settings)
        if settings.password_hash_memory_kib < 8 * settings.password_hash_parallelism:
            wrong(
                "AUTHZ_PASSWORD_HASH_MEMORY_KIB",
                settings.password_hash_memory_kib,
                "at least 8 for each of AUTHZ_PASSWORD_HASH_PARALLELISM",
            )
        return settings

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us by https only."""
        return self.public_url is not None and self.public_url.startswith("https:")

    @property
    def is_of_this_machine(self) -> bool:
        """Whether it is only reached from the machine that it runs on."""
        return self.public_url is None or is_loopback(_host_and_port(urlsplit(self.public_url).netloc)[0])

    @property
    def issuers(self) -> Issuers:
        """How the pools' issuers are made."""
        return Issuers(None if self.issuer is None else self.issuer.removesuffix(_ISSUER_END))

    @property
    def public_origin(self) -> str | None:
        """Scheme, host and port of ``public_url`` as browsers write an Origin (RFC 6454 section 6.1)."""
        if self.public_url is None:
            return None
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    def posture(self) -> tuple[Posture, ...]:
        """The weak choices among these settings, in the order of their codes; none is the aim."""
        return tuple(Posture(code, text) for code, (weak, text) in _POSTURE.items() if weak(self))


def _url_prefix(key: str, value: object) -> str:
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        wrong(key, value, "'' or a path like '/auth', without a slash at its end")
    return value


def _public_url(key: str, value: object) -> str | None:
    accepted = (
        "None or a URL like 'https://login.example.com/auth': https (http for localhost, 127.0.0.1 and [::1]),"
        " without user, query and fragment"
    )
    if value is None:
        return None
    if not isinstance(value, str):
        wrong(key, value, accepted)
    if "@" in value:
        # What stands before the @ may be a password.
        raise ConfigurationError(f"{key} holds a user or a password: accepted is {accepted}")
    scheme, separator, rest = value.rstrip("/").partition("://")
    authority, slash, path = rest.partition("/")
    host, port = _host_and_port(authority.lower())
    scheme = scheme.lower()
    well_formed = separator and host and _PATH.fullmatch(slash + path)
    if not well_formed or scheme not in ("https", "http") or (scheme == "http" and not is_loopback(host)):
        wrong(key, value, accepted)
    if port == {"https": 443, "http": 80}[scheme]:
        wrong(key, value, "a URL without the port that its scheme has anyway: browsers leave it out")
    return f"{scheme}://{authority.lower()}{slash}{path}"


def _issuer(key: str, value: object) -> str | None:
    accepted = (
        f"None or a URL like 'https://cognito-idp.us-east-1.amazonaws.com{_ISSUER_END}': that very end, https (http for"
        " localhost, 127.0.0.1 and [::1]), host in lower case, without user, query and fragment"
    )
    if value is None:
        return None
    if isinstance(value, str) and "@" in value:
        # What stands before the @ may be a password.
        raise ConfigurationError(f"{key} holds a user or a password: accepted is {accepted}")
    if not isinstance(value, str) or not value.endswith(_ISSUER_END):
        wrong(key, value, accepted)
    start = value.removesuffix(_ISSUER_END)
    try:
        written_as_it_is = _public_url(key, start) == start  # tokens and clients compare it character by character
    except ConfigurationError:
        written_as_it_is = False
    if not written_as_it_is:
        wrong(key, value, accepted)
    return value


def _host_and_port(authority: str) -> tuple[str, int | None]:
    """Both halves; the host is empty when anything is wrong."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([1-9][0-9]{0,4}))?", authority, re.ASCII)
    if found is None or not is_host(found[1]) or int(found[2] or 0) > 65535:
        return "", None
    return found[1], int(found[2]) if found[2] else None


def _region(key: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > 32 or not _REGION.fullmatch(value):
        wrong(key, value, "a region name like 'us-east-1', at most 32 characters")
    return value


def _access_keys(key: str, value: object) -> Mapping[str, str]:
    sound = isinstance(value, Mapping) and all(
        isinstance(key_id, str) and _ACCESS_KEY_ID.fullmatch(key_id) and isinstance(secret, str) and secret
        for key_id, secret in value.items()
    )
    if not isinstance(value, Mapping) or not sound:
        raise ConfigurationError(
            f"{key}: accepted is a mapping of access key ID (letters, digits, _) to secret access key, both texts"
        )
    return MappingProxyType(dict(value))


def _sealing_keys(key: str, value: object) -> tuple[str, ...]:
    accepted = f"a list of texts of {STRONG_SECRET_CHARACTERS} characters or more, the first seals, all open"
    if not isinstance(value, list | tuple):
        raise ConfigurationError(f"{key}: accepted is {accepted}")
    for position, secret in enumerate(value):
        if not isinstance(secret, str) or len(secret) < STRONG_SECRET_CHARACTERS:
            raise ConfigurationError(f"{key}[{position}]: accepted is {accepted}")
    if not value:
        raise ConfigurationError(f"{key} is empty: leave it out to derive the key from SECRET_KEY; else {accepted}")
    return tuple(value)


def _bind_key(key: str, value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not value):
        wrong(key, value, "None or one of the keys of SQLALCHEMY_BINDS")
    return value


def _dialect(key: str, value: object) -> Dialect:
    if not isinstance(value, str) or value not in DIALECTS:
        wrong(key, value, " or ".join(repr(name) for name in DIALECTS))
    return DIALECTS[value]


def _slots(key: str, value: object) -> int | None:
    if value is not None and (type(value) is not int or not 1 <= value <= 256):
        wrong(key, value, "None (one for each core) or a whole number from 1 to 256")
    return value


def _blocklist(key: str, value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, str | PathLike):
        wrong(key, value, "None or the path of a UTF-8 text file with one password a line")
    try:
        lines = Path(value).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{key}={str(value)!r} cannot be read as UTF-8 text: {error}") from None
    return frozenset(line.casefold() for line in lines if line)


def _faces(key: str, value: object) -> tuple[str, ...]:
    sound = isinstance(value, list | tuple) and all(face in FACES for face in value) and len(set(value)) == len(value)
    if not isinstance(value, list | tuple) or not sound:
        wrong(key, value, f"a list of any of {', '.join(repr(face) for face in FACES)}, each once")
    return tuple(value)


def _secret_keys(app_config: Mapping[str, object]) -> tuple[str | bytes, ...]:
    """Flask's ``SECRET_KEY`` first, then its fallbacks; empty ones count as not set."""
    first, fallbacks = app_config.get("SECRET_KEY"), app_config.get("SECRET_KEY_FALLBACKS") or ()
    if not isinstance(fallbacks, list | tuple):
        raise ConfigurationError("SECRET_KEY_FALLBACKS: accepted is a list of texts")
    found = []
    for secret in (first, *fallbacks) if first else ():
        if not isinstance(secret, str | bytes) or not secret:
            raise ConfigurationError("SECRET_KEY and SECRET_KEY_FALLBACKS: accepted are texts that are not empty")
        found.append(secret)
    return tuple(found)


_READERS: Final[Mapping[str, Callable[[str, object], object]]] = {
    "AUTHZ_URL_PREFIX": _url_prefix,
    "AUTHZ_PUBLIC_URL": _public_url,
    "AUTHZ_ISSUER": _issuer,
    "AUTHZ_REGION": _region,
    "AUTHZ_ACCESS_KEYS": _access_keys,
    "AUTHZ_SEALING_KEYS": _sealing_keys,
    "AUTHZ_BIND_KEY": _bind_key,
    "AUTHZ_DIALECT": _dialect,
    "AUTHZ_CODE_LIFETIME_SECONDS": integer(60, 300),
    "AUTHZ_AUTH_EVENT_DAYS": integer(1, 3650),
    "AUTHZ_PASSWORD_HASH_MEMORY_KIB": integer(8, 1024 * 1024),
    "AUTHZ_PASSWORD_HASH_TIME_COST": integer(1, 16),
    "AUTHZ_PASSWORD_HASH_PARALLELISM": integer(1, 16),
    "AUTHZ_PASSWORD_HASH_SLOTS": _slots,
    "AUTHZ_PASSWORD_BLOCKLIST": _blocklist,
    "AUTHZ_FACES": _faces,
    **smtp.READERS,
    **guarding.READERS,
}


def _hashes_cheaply(settings: Settings) -> bool:
    # The two floors of the OWASP password storage cheat sheet for Argon2id.
    memory_kib, time_cost = settings.password_hash_memory_kib, settings.password_hash_time_cost
    return not ((memory_kib >= 19456 and time_cost >= 2) or memory_kib >= 47104)


def _seals_weakly(settings: Settings) -> bool:
    return not settings.sealing_keys and any(len(key) < STRONG_SECRET_CHARACTERS for key in settings.secret_keys)


def _has_weak_access_key(settings: Settings) -> bool:
    return any(
        # Secrets in AWS's documents say so within; what repeats a few characters was typed, not drawn.
        len(secret) < STRONG_SECRET_CHARACTERS or "EXAMPLE" in secret or len(set(secret)) < 8
        for secret in settings.access_keys.values()
    )


_POSTURE: Final[Mapping[str, tuple[Callable[[Settings], bool], str]]] = {
    "AUTHZ-W001": (
        _hashes_cheaply,
        (
            "password hashes are cheap to guess, which is for test suites:"
            " AUTHZ_PASSWORD_HASH_MEMORY_KIB is below 19456 or AUTHZ_PASSWORD_HASH_TIME_COST below 2"
        ),
    ),
    "AUTHZ-W002": (
        _seals_weakly,
        (
            f"secrets are sealed under a SECRET_KEY or fallback of fewer than {STRONG_SECRET_CHARACTERS} characters:"
            f" set it to what {_MAKE_ONE} prints; the old one stays in SECRET_KEY_FALLBACKS until all is resealed"
        ),
    ),
    "AUTHZ-W003": (
        lambda settings: settings.public_url is None,
        "AUTHZ_PUBLIC_URL is not set: only requests to localhost, 127.0.0.1 and [::1] are served",
    ),
    "AUTHZ-W004": (
        lambda settings: settings.public_url is not None and not settings.is_https,
        "AUTHZ_PUBLIC_URL is http on this machine, which is for development: cookies are not marked Secure",
    ),
    "AUTHZ-W005": (
        _has_weak_access_key,
        (
            f"a secret access key in AUTHZ_ACCESS_KEYS has fewer than {STRONG_SECRET_CHARACTERS} characters, is a"
            " published example, or repeats a few characters: who guesses it administers every user pool"
        ),
    ),
    "AUTHZ-W038": (
        lambda settings: settings.issuer is not None,
        (
            "AUTHZ_ISSUER is set, which is for development: tokens are issued in the name of another server, and no"
            " client finds their keys by discovery"
        ),
    ),
    "AUTHZ-W040": (
        lambda settings: not settings.guard_checks_revocation,
        (
            "guarded views only verify signatures: a revoked token, and that of a deleted client or a disabled user,"
            " opens them until it expires. Set AUTHZ_GUARD_CHECKS_REVOCATION to True"
        ),
    ),
}
