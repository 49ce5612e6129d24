"""What is stored of a password: every way to check it, made at one event (api.md 4.6)."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SrpVerifier:
    """A salt and v = g^x mod N: as good as the password to whoever has the time to guess."""

    salt: int = field(repr=False)
    value: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The hash for those who send the password, and the verifier for those who prove it."""

    password_hash: str = field(repr=False)
    srp: SrpVerifier | None = field(default=None, repr=False)
