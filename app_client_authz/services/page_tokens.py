"""Pagination tokens: opaque, sealed, good for one list of one pool only (api.md 1.7)."""

import hashlib
import json

from app_client_authz.crypto.sealing import Sealer, SealError
from app_client_authz.domain.errors import InvalidParameter

INVALID = "Provided pagination token is invalid. Check the token and try your request again."


class PageTokens:
    """Where a list goes on, in the hands of the caller."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def make(self, after: str, *binding: str) -> str:
        """A token that says "go on behind ``after``"; ``binding`` is the list: operation, pool, filter."""
        return self._sealer.seal(after, row=_row(binding))

    def read(self, token: str | None, *binding: str, refusal: str = INVALID) -> str:
        """Behind what to go on; the empty text without a token. ``refusal`` is the message of the list.

        Raises:
            InvalidParameter: no token of ours, or of another list.
        """
        if token is None:
            return ""
        try:
            return self._sealer.open(token, row=_row(binding)).decode()
        except (SealError, UnicodeError):
            raise InvalidParameter(refusal) from None


def _row(binding: tuple[str, ...]) -> str:
    return f"page/{hashlib.sha256(json.dumps(binding).encode()).hexdigest()}"
