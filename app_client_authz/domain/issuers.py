"""What tokens call the pool that they come from."""

from dataclasses import dataclass

from app_client_authz.domain import ids


@dataclass(frozen=True, slots=True)
class Issuers:
    """How the issuers of a site are made: its outside URL, or ``prefix`` in its place, then the pool's ID."""

    prefix: str | None = None

    def of(self, base: str, pool_id: str) -> str:
        """The issuer of a pool of the server whose outside URL is ``base``."""
        return f"{self.prefix or base}/{pool_id}"

    def pool_id_in(self, issuer: object, base: str) -> str | None:
        """The pool whose issuer this is; None if it can be no pool's of that server.

        For issuers that nobody has verified yet: what is returned is safe to ask a database for.
        """
        return ids.pool_id_of(issuer, self.prefix or base)


WHERE_THEY_ARE_SERVED = Issuers()
