"""Scopes: what a request may have of what its client may have, and never more (SCP-1, SCP-2, R17)."""

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from app_client_authz.domain.errors import InvalidScope

if TYPE_CHECKING:
    from app_client_authz.domain.app_client import AppClient

ADMIN = "aws.cognito.signin.user.admin"
OPENID = "openid"
BUILT_IN = (ADMIN, "phone", OPENID, "profile", "email")
"""The scopes that exist without a resource server, in the order of Cognito's tokens."""

_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def parse(text: str) -> tuple[str, ...]:
    """The scopes of a ``scope`` parameter, each once, in the given order (RFC 6749 section 3.3).

    Raises:
        InvalidScope: the text is empty, or not tokens that single spaces divide.
    """
    tokens = text.split(" ")
    if not all(map(is_scope, tokens)):
        raise InvalidScope(detail="scope is malformed")
    return tuple(dict.fromkeys(tokens))


def is_scope(text: str) -> bool:
    """Whether the text is one scope (RFC 6749 section 3.3, scope-token)."""
    return _TOKEN.fullmatch(text) is not None


def canonical(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes in the order of Cognito's tokens: the built-in ones, then the custom ones as given; each once."""
    given = dict.fromkeys(scopes)
    return *(scope for scope in BUILT_IN if scope in given), *(scope for scope in given if scope not in BUILT_IN)


def resolve(
    requested: str | None, client: "AppClient", live_scopes: Collection[str], *, ignore: Collection[str] = ()
) -> tuple[str, ...]:
    """The scopes that an authorization request gets, in canonical order (endpoints.md 1.1).

    Absent (or empty, RFC 6749 section 3.1) means all scopes of the client. ``live_scopes`` are the custom
    scopes that exist in the pool now: one that the client has but that is gone is dropped without a word.
    Scopes in ``ignore`` count as not asked for.

    Raises:
        InvalidScope: malformed, or one of them is not the client's.
    """
    asked = _asked(requested, client.scopes, ignore)
    return canonical(scope for scope in asked if scope in BUILT_IN or scope in live_scopes)


def resolve_machine(requested: str | None, client: "AppClient", live_scopes: Collection[str]) -> tuple[str, ...]:
    """The scopes that a client gets for itself: custom ones only (client_credentials, SCP-2).

    Raises:
        InvalidScope: malformed, one of them is not a custom scope of the client, or none is left.
    """
    own = tuple(scope for scope in client.scopes if scope not in BUILT_IN)
    granted = tuple(scope for scope in _asked(requested, own) if scope in live_scopes)
    if not granted:
        raise InvalidScope(detail="no custom scope of this client exists")
    return granted


def still_allowed(granted: Iterable[str], client: "AppClient", live_scopes: Collection[str]) -> tuple[str, ...]:
    """What is left of scopes granted earlier: those that the client and the resource servers still have (R17)."""
    allowed = client.scopes
    return tuple(scope for scope in granted if scope in allowed and (scope in BUILT_IN or scope in live_scopes))


def _asked(requested: str | None, allowed: tuple[str, ...], ignore: Collection[str] = ()) -> tuple[str, ...]:
    if not requested:
        return allowed
    asked = tuple(scope for scope in parse(requested) if scope not in ignore)
    for scope in asked:
        if scope not in allowed:
            # What was asked for is input: it goes to the log, bounded, never into an answer.
            raise InvalidScope(detail=f"scope {scope[:256]!r} is not allowed for this client")
    return asked
