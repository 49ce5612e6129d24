"""A client secret as it is remembered: by its digest (api.md 2.11)."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """One active secret of a client. ``digest`` is the SHA-256 in hex; the secret itself is sealed elsewhere.

    A plain digest is enough: a generated secret has 256 bits. ``newest`` is the second in the newest ID that the
    client ever had, also of a secret that is deleted since: an ID names one secret for good.
    """

    secret_id: str
    digest: str = field(repr=False)
    created_at: float
    newest: int

    @classmethod
    def of(cls, client_id: str, secret: str, now: float, *, beside: Sequence["ClientSecret"] = ()) -> "ClientSecret":
        """What to remember of ``secret``, which is checked already, ``beside`` the client's other ones."""
        second = max([int(now), *(other.newest + 1 for other in beside)])
        return cls(f"{client_id}--{second}", _digest(secret), now, second)

    def matches(self, presented: str) -> bool:
        """True if this is the secret; takes the same time whatever is presented."""
        return hmac.compare_digest(self.digest, _digest(presented))


def _digest(secret: str) -> str:
    # Input may hold lone surrogates; a secret never does, so how they are written does not matter.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
