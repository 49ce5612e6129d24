"""Which tokens open the views of a host: those of its own pools, of somebody else's, or of both."""

import logging
from collections.abc import Iterable, Mapping

from app_client_authz.config.guarding import GuardedPool
from app_client_authz.crypto import jwts
from app_client_authz.crypto.jwts import Presented, Purpose
from app_client_authz.domain import ids
from app_client_authz.domain.accepted_token import AcceptedToken
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidToken
from app_client_authz.domain.user import User
from app_client_authz.services.own_tokens import OwnTokens
from app_client_authz.services.remote_keys import Fetch, RemoteKeys

log = logging.getLogger("app_client_authz.guard")


class Guard:
    """Judges the tokens that are presented to one app's views.

    Who judges is chosen by the issuer that the token names, who must be one that the configuration names; where
    keys are read, and how a token has to look, is never the token's to say (R9, R20, ALBeast).
    """

    def __init__(
        self,
        pools: Iterable[GuardedPool] | None,
        own: OwnTokens | None,
        clock: Clock,
        fetch: Fetch,
        *,
        checks_revocation: bool = True,
    ) -> None:
        """``pools`` None: the only one of the site. ``own`` None: the app has no pools of its own."""
        listed = tuple(pools or ())
        self._takes_the_only_pool = pools is None
        self._own_pools = {pool.pool_id: pool for pool in listed if pool.issuer is None}
        self._others = {
            pool.issuer: (pool, RemoteKeys(pool.jwks or "", fetch)) for pool in listed if pool.issuer is not None
        }
        self._own = own
        self._clock = clock
        self._checks_revocation = checks_revocation

    def accept(self, text: str, use: Purpose, base: str | None) -> AcceptedToken:
        """The token, if it opens views that want one for that use.

        ``base`` is the outside URL of the mounted prefix, None if it is not known: then no own token is.

        Raises:
            InvalidToken: it does not; ``detail`` says why.
            Unavailable: the database, or whoever publishes the keys, does not answer.
        """
        presented = jwts.read(text)
        issuer = presented.unproven.get("iss")
        pool_id = None if base is None else ids.pool_id_of(issuer, base)
        if self._own is not None and base is not None and pool_id is not None:
            return self._accept_own(self._own, presented, pool_id, use, base)
        if isinstance(issuer, str) and issuer in self._others:
            pool, keys = self._others[issuer]
            return self._accept_other(presented, pool, keys, issuer, use)
        raise InvalidToken(detail="issuer")

    def user(self, token: AcceptedToken) -> User | None:
        """Whom an accepted token speaks for, as they are now; None for machines, and for another issuer's users.

        Raises:
            Unavailable: the database does not answer.
        """
        return None if self._own is None or token.issuer in self._others else self._own.user(token)

    def _accept_own(self, own: OwnTokens, presented: Presented, pool_id: str, use: Purpose, base: str) -> AcceptedToken:
        # Before keys are looked up: pools that are made up cost no query, and tokens of one pool mean nothing at
        # the views of another (JWT-4, R23).
        client_ids = self._own_pools[pool_id].client_ids if pool_id in self._own_pools else None
        if pool_id not in self._own_pools and not (self._takes_the_only_pool and self._is_only(own, pool_id)):
            raise InvalidToken(detail="pool")
        token = _accepted(own.proven(presented, base, use), use, client_ids)
        if self._checks_revocation:
            own.check_standing(token)
        return token

    def _accept_other(
        self, presented: Presented, pool: GuardedPool, keys: RemoteKeys, issuer: str, use: Purpose
    ) -> AcceptedToken:
        if presented.kid is None:
            raise InvalidToken(detail="kid")
        claims = jwts.verify(presented, keys.for_kid(presented.kid), issuer=issuer, token_use=use, now=self._clock())
        return _accepted(claims, use, pool.client_ids)

    @staticmethod
    def _is_only(own: OwnTokens, pool_id: str) -> bool:
        only = own.only_pool()
        if only is None:
            log.error("Guarded views accept no token, as this site has not one user pool: set AUTHZ_GUARD_POOLS.")
        return pool_id == only


def _accepted(claims: Mapping[str, object], use: Purpose, client_ids: frozenset[str] | None) -> AcceptedToken:
    token = AcceptedToken.of(claims, use=use)
    if client_ids is not None and token.client_id not in client_ids:
        raise InvalidToken(detail="client")
    return token
