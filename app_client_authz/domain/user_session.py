"""A user's sessions as they are listed and ended one by one: token sessions and SSO sessions alike (api.md 4.22)."""

from dataclasses import dataclass
from enum import Enum

from app_client_authz.domain.uuids import octets_of, text_of

PAGE = 125
"""How many sessions a list has at most, and no caller asks for another number."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LENGTH = 25


class SessionKind(Enum):
    """What a session is; the value is how its public ID begins."""

    SSO = "sso"
    TOKEN = "tkn"


@dataclass(frozen=True, slots=True)
class UserSession:
    """One active session. ``key`` is a UUID: the ``origin_jti`` of a token session, a number of its own for an SSO one.

    Instants are epoch seconds. ``active_at`` is an instant at which the session was used; it may have been used
    later, by less than an hour where a token session is refreshed without rotation. ``client_id`` is None for SSO
    sessions, which belong to the browser; ``origin`` is the key of the SSO session that a token session came from.
    """

    kind: SessionKind
    key: str
    created_at: float
    active_at: float
    client_id: str | None = None
    origin: str | None = None

    @property
    def id(self) -> str:
        return public_id(self.kind, self.key)

    @property
    def origin_id(self) -> str | None:
        return None if self.origin is None else public_id(SessionKind.SSO, self.origin)


def public_id(kind: SessionKind, key: str) -> str:
    """The session's name for its user and for administrators; it opens nothing."""
    number, digits = int.from_bytes(octets_of(key)), ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return kind.value + digits.rjust(_LENGTH, "0")


def parsed(session_id: str) -> tuple[SessionKind, str] | None:
    """Kind and key of a public ID; None if no session can have it."""
    prefix, digits = session_id[:3], session_id[3:]
    if len(digits) != _LENGTH or any(digit not in _DIGITS for digit in digits):
        return None
    number = int(digits, len(_DIGITS))
    kind = next((kind for kind in SessionKind if kind.value == prefix), None)
    if kind is None or number >= 2**128:
        return None
    return kind, text_of(number.to_bytes(16))
