"""A client secret as it is remembered: by its digest (api.md 2.11)."""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """One active secret of a client. ``digest`` is the SHA-256 in hex; the secret itself is sealed elsewhere.

    A plain digest is enough: a generated secret has 256 bits.
    """

    secret_id: str
    digest: str = field(repr=False)
    created_at: float

    @classmethod
    def of(cls, client_id: str, secret: str, now: float, *, taken: Collection[str] = ()) -> "ClientSecret":
        """What to remember of ``secret``, which is checked already. IDs in ``taken`` are not used again."""
        epoch = int(now)
        while (secret_id := f"{client_id}--{epoch}") in taken:
            epoch += 1
        return cls(secret_id, _digest(secret), now)

    def matches(self, presented: str) -> bool:
        """True if this is the secret; takes the same time whatever is presented."""
        return hmac.compare_digest(self.digest, _digest(presented))


def _digest(secret: str) -> str:
    # Input may hold lone surrogates; a secret never does, so how they are written does not matter.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
