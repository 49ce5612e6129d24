"""Which tokens open the views of a host: those of its own pools, of somebody else's, or of both."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from app_client_authz.config.guarding import GuardedPool
from app_client_authz.crypto import jwts
from app_client_authz.crypto.jwts import Presented, Purpose
from app_client_authz.domain.accepted_token import AcceptedToken
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidToken
from app_client_authz.domain.user import User
from app_client_authz.services.own_tokens import OwnTokens
from app_client_authz.services.remote_keys import Fetch, RemoteKeys

log = logging.getLogger("app_client_authz.guard")

KNOWN_TOKENS: Final = 1024
"""So many verified tokens a process keeps, about 3 MB: verifying one is most of what a guard costs."""


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
            pool.issuer: _OtherIssuer(pool.issuer, pool.client_ids, RemoteKeys(pool.jwks or "", fetch), clock)
            for pool in listed
            if pool.issuer is not None
        }
        # By use, base and digest. A signature that was good stays so; whatever else can change is asked each time.
        self._known: dict[tuple[Purpose, str | None, bytes], _Verified] = {}
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
        key = use, base, hashlib.sha256(text.encode("ascii", "replace")).digest()
        known = self._known.get(key)
        if known is None or known.issuer.stamp(known.kid) != known.stamp:
            known = self._judged(text, use, base)
            self._remember(key, known)
        elif known.expires_at <= self._clock():
            raise InvalidToken(detail="exp")
        known.issuer.check_now(known.token)
        return known.token

    def user(self, token: AcceptedToken) -> User | None:
        """Whom an accepted token speaks for, as they are now; None for machines, and for another issuer's users.

        Raises:
            Unavailable: the database does not answer.
        """
        return None if self._own is None or token.issuer in self._others else self._own.user(token)

    def _judged(self, text: str, use: Purpose, base: str | None) -> "_Verified":
        presented = jwts.read(text)
        issuer = self._issuer(presented.unproven.get("iss"), base)
        kid = presented.kid
        if issuer is None or kid is None:
            raise InvalidToken(detail="issuer or kid")
        # Asked before: keys that change meanwhile make the next request verify anew.
        stamp = issuer.stamp(kid)
        if stamp is None:
            raise InvalidToken(detail="kid")
        token = AcceptedToken.of(issuer.proven(presented, kid, use), use=use)
        if issuer.client_ids is not None and token.client_id not in issuer.client_ids:
            raise InvalidToken(detail="client")
        return _Verified(token, issuer, kid, stamp, int(str(token.claims["exp"])))

    def _issuer(self, said: object, base: str | None) -> "_Issuer | None":
        pool_id = None if base is None or self._own is None else self._own.pool_id_in(said, base)
        if self._own is None or base is None or pool_id is None:
            return self._others.get(said) if isinstance(said, str) else None
        # Before keys are looked up: pools that are made up cost no query, and tokens of one pool mean nothing at
        # the views of another (JWT-4, R23).
        listed = self._own_pools.get(pool_id)
        if listed is None and not self._takes_the_only_pool:
            return None
        client_ids = None if listed is None else listed.client_ids
        issuer = _OwnPool(pool_id, client_ids, self._own, base, listed is None, self._checks_revocation)
        return issuer if issuer.counts() else None

    def _remember(self, key: tuple[Purpose, str | None, bytes], verified: "_Verified") -> None:
        if len(self._known) >= KNOWN_TOKENS:
            # Another thread may be at it too, and then there is room.
            with suppress(KeyError, StopIteration, RuntimeError):
                del self._known[next(iter(self._known))]
        self._known[key] = verified


class _Issuer(Protocol):
    """Who vouches for a token."""

    @property
    def client_ids(self) -> frozenset[str] | None: ...

    def stamp(self, kid: str) -> int | None:
        """Changes when the keys do, and is None without that key: what was verified has to be verified anew."""

    def proven(self, token: Presented, kid: str, use: Purpose) -> Mapping[str, object]:
        """The claims of a token that is signed by one of the keys, for that use, and has not expired.

        Raises:
            InvalidToken: it is not.
        """

    def check_now(self, token: AcceptedToken) -> None:
        """Raises:
        InvalidToken: the token is verified, and does not count any more.
        """


@dataclass(frozen=True, slots=True)
class _OwnPool:
    pool_id: str
    client_ids: frozenset[str] | None
    own: OwnTokens
    base: str
    as_the_only_pool: bool
    checks_revocation: bool

    def counts(self) -> bool:
        """Whether the pool is still the one whose tokens are taken."""
        if not self.as_the_only_pool:
            return True
        only = self.own.only_pool()
        if only is None:
            log.error("Guarded views accept no token, as this site has not one user pool: set AUTHZ_GUARD_POOLS.")
        return only == self.pool_id

    def stamp(self, kid: str) -> int | None:
        return self.own.stamp(self.pool_id, kid) if self.counts() else None

    def proven(self, token: Presented, kid: str, use: Purpose) -> Mapping[str, object]:
        return self.own.proven(token, self.base, use)

    def check_now(self, token: AcceptedToken) -> None:
        if self.checks_revocation:
            self.own.check_standing(token)


@dataclass(frozen=True, slots=True)
class _OtherIssuer:
    """Whoever it is, they know alone what became of a token."""

    issuer: str
    client_ids: frozenset[str] | None
    keys: RemoteKeys
    clock: Clock

    def stamp(self, kid: str) -> int | None:
        return self.keys.version if kid in self.keys.for_kid(kid) else None

    def proven(self, token: Presented, kid: str, use: Purpose) -> Mapping[str, object]:
        return jwts.verify(token, self.keys.for_kid(kid), issuer=self.issuer, token_use=use, now=self.clock())

    def check_now(self, token: AcceptedToken) -> None:
        """Nothing is known here of sessions, users and clients elsewhere."""


class _Verified(NamedTuple):
    """A token that was verified with the keys of that stamp."""

    token: AcceptedToken
    issuer: _Issuer
    kid: str
    stamp: int
    expires_at: int
