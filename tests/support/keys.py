"""Signing keys that were made once in this process: making one takes longer than most tests."""

from app_client_authz.crypto import jwts

_make = jwts.generate_signing_key
_made: dict[int, jwts.GeneratedKey] = {}


def ready_made(number: int) -> jwts.GeneratedKey:
    """The key of that number: tests draw from 0 up, what is made once for several tests has negative ones."""
    if number not in _made:
        _made[number] = _make()
    return _made[number]
