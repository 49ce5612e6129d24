"""SECRET_BLOCK: what the server needs to know again at the second message of SRP, in the client's hands (api.md 4.6).

Sealed for one use at one client. Which proofs were used is not written there: whoever opens one has to know.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from app_client_authz.crypto.sealing import Sealer, SealError
from app_client_authz.domain.registration import Registration

BLOCK, SIGNATURE, TIMESTAMP = "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"
"""Responses to both kinds of it, a password's and a device's."""


class SecretBlocks:
    """Blocks of one ``use``; those of another do not open."""

    def __init__(self, sealer: Sealer, use: str) -> None:
        self._sealer = sealer
        self._use = use

    def make(self, registration: Registration, state: Mapping[str, str | int]) -> str:
        """The block that holds ``state``, in base64."""
        sealed = self._sealer.seal(json.dumps(state), row=self._row(registration))
        return base64.b64encode(sealed.encode("ascii")).decode("ascii")

    def open(self, registration: Registration, text: str) -> tuple[dict[str, Any], bytes] | None:
        """The state, and the octets that a proof is over; None for what is no such block of this client."""
        try:
            block = base64.b64decode(text, validate=True)
            state = json.loads(self._sealer.open(block.decode("ascii"), row=self._row(registration)))
        except (SealError, ValueError):
            return None
        return state, block

    def _row(self, registration: Registration) -> str:
        return f"{self._use}/{registration.pool.id}/{registration.client.client_id}"
