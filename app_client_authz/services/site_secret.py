"""A secret of the database's own: what is told of names that nobody has is derived from it."""

from app_client_authz.crypto import digests
from app_client_authz.domain.errors import Unavailable


class SiteSecret:
    """Made once, and the same in every process and under every sealing key.

    Were it derived from a sealing key, a rotation would change what is told of nobody, and nothing of what is told of
    users (ENU-2, ENU-3); and processes before and after it would count attempts apart (ENU-7).
    ``Upkeep.check_sealing_keys`` learns it, which is before anything else reads the database.
    """

    def __init__(self) -> None:
        self._octets: bytes | None = None

    def learn(self, octets: bytes) -> None:
        self._octets = octets

    def digest(self, purpose: str, *parts: str) -> str:
        """``digests.keyed_digest`` under this secret.

        Raises:
            Unavailable: the database was not looked at yet.
        """
        if self._octets is None:
            raise Unavailable(detail="the database was not looked at yet")
        return digests.keyed_digest(self._octets, purpose, *parts)
