"""The published keys of somebody else's pool, kept in the process."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from app_client_authz.crypto.jwts import VerificationKey
from app_client_authz.crypto.key_sets import BadKeySet, read_key_set
from app_client_authz.domain.errors import Unavailable

log = logging.getLogger("app_client_authz.guard")

Fetch = Callable[[str], bytes]
"""Reads what is at a URL or path; raises ``Unavailable`` if it cannot."""

FRESH_SECONDS: Final = 3600.0
"""A key that was withdrawn verifies for an hour at most, as long as the document can be read."""
STALE_SECONDS: Final = 24 * 3600.0
"""For so long the last keys go on if it cannot: no token of Cognito's lives longer than a day."""
PAUSE_SECONDS: Final = 10.0
"""Between two looks, whatever the tokens say: a made-up ``kid`` costs the other side one request at most."""
WAIT_SECONDS: Final = 10.0
"""How long a request waits for another's first look, which is bounded itself."""

_NEVER: Final = float("-inf")


class RemoteKeys:
    """Keys by ``kid``. One thread looks at a time; while keys are known, the others go on with them."""

    def __init__(self, location: str, fetch: Fetch, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._location = location
        self._fetch = fetch
        self._monotonic = monotonic
        self.version = 0
        """Another one after each look that gave keys."""
        self._kept: Mapping[str, VerificationKey] = {}
        self._fetched_at = _NEVER
        self._tried_at = _NEVER
        self._looking = threading.Lock()

    def for_kid(self, kid: str) -> Mapping[str, VerificationKey]:
        """The keys, looked up anew if they are an hour old or ``kid`` is not among them.

        Raises:
            Unavailable: there are none that are less than a day old.
        """
        if self._wants_a_look(kid) and self._looking.acquire(timeout=0 if self._usable() else WAIT_SECONDS):
            try:
                if self._wants_a_look(kid):
                    self._look()
            finally:
                self._looking.release()
        if not self._usable():
            raise Unavailable(detail=f"no keys of {self._location}")
        return self._kept

    def _wants_a_look(self, kid: str) -> bool:
        now = self._monotonic()
        due = kid not in self._kept or now - self._fetched_at >= FRESH_SECONDS
        return due and now - self._tried_at >= PAUSE_SECONDS

    def _usable(self) -> bool:
        return self._monotonic() - self._fetched_at < STALE_SECONDS

    def _look(self) -> None:
        try:
            self._kept = read_key_set(self._fetch(self._location))
            self.version += 1
            self._fetched_at = self._monotonic()
        except (Unavailable, BadKeySet) as error:
            reason = error.detail if isinstance(error, Unavailable) else str(error)
            log.error("%s gives no keys to verify tokens with: %s", self._location, reason)
        finally:
            # After the look, which may have taken its time: whoever waited for it does not begin another.
            self._tried_at = self._monotonic()
