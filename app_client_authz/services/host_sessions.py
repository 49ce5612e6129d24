"""The host's own sign-in as SSO session: asked for at each request, and so over as soon as it is over there."""

import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app_client_authz.domain import ids
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ConfigurationError, UserNotFound
from app_client_authz.domain.host_session import HostSession
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.sso import LIFETIME_SECONDS, SsoSession
from app_client_authz.domain.user import SIGNED_IN
from app_client_authz.services import audit, host_code
from app_client_authz.services.directories import Directories
from app_client_authz.services.stored_users import existing_user
from app_client_authz.storage.sso_sessions import SignedIn
from app_client_authz.storage.unit import Units
from app_client_authz.storage.users import StoredUser

log = logging.getLogger("app_client_authz.host_sessions")

LEEWAY_SECONDS = 60.0
UNAVAILABLE = "Who is signed in cannot be told now."


@dataclass(frozen=True, slots=True)
class HostSignIn:
    """``signed_in`` says who is signed in; ``sign_out``, if there is one, ends it."""

    signed_in: Callable[[], object]
    sign_out: Callable[[], object] | None = None


class HostSessionRegistry:
    """One for each pool; what is read is never changed: threads need no lock."""

    def __init__(self) -> None:
        self._by_pool: Mapping[str | None, HostSignIn] = {}

    def register(
        self, signed_in: object, *, sign_out: Callable[[], object] | None = None, pool_id: str | None = None
    ) -> None:
        """Ask ``signed_in`` for one pool, or for all that have none of their own.

        Raises:
            ConfigurationError: no such pool ID, one is registered for it, or nothing that can be called here.
        """
        if pool_id is not None and not ids.is_pool_id(pool_id):
            raise ConfigurationError(f"pool_id={pool_id!r} is not the ID of a user pool.")
        if pool_id in self._by_pool:
            whose = "all pools" if pool_id is None else f"the pool {pool_id}"
            raise ConfigurationError(f"There is a host session for {whose} already.")
        for each in (signed_in, sign_out):
            if each is not None and (not callable(each) or inspect.iscoroutinefunction(each)):
                raise ConfigurationError("A host session needs callables that are no coroutine functions.")
        if not callable(signed_in):
            raise ConfigurationError("A host session needs a callable that says who is signed in.")
        self._by_pool = {**self._by_pool, pool_id: HostSignIn(signed_in, sign_out)}

    def of(self, pool_id: str) -> HostSignIn | None:
        """The pool's own, or else that of all pools."""
        found = self._by_pool.get(pool_id)
        return self._by_pool.get(None) if found is None else found


class HostSessions:
    """The host sessions of one app: its own first, then those of its extension object."""

    def __init__(
        self, units: Units, directories: Directories, shared: HostSessionRegistry | None, clock: Clock
    ) -> None:
        self.own = HostSessionRegistry()
        self._shared = shared or HostSessionRegistry()
        self._units = units
        self._directories = directories
        self._clock = clock

    def find(self, pool: UserPool) -> SignedIn | None:
        """Who is signed in at the host, as an SSO session without an ID; None if nobody is who may come in.

        Raises:
            Unavailable: the host cannot tell.
        """
        host = self._of(pool.id)
        if host is None:
            return None
        said = _session(host_code.ask(log, "the host session", host.signed_in, UNAVAILABLE))
        stored = None if said is None or not said.user else self._user(pool, said.user)
        if said is None or stored is None or not stored.user.enabled or stored.user.status not in SIGNED_IN:
            return None
        user, now = stored.user, self._clock()
        # For this request alone: the next one asks again.
        auth_time = _known(said.auth_time, now)
        session = SsoSession(None, pool.id, user.sub, user.username, auth_time, now, now + LIFETIME_SECONDS)
        return SignedIn(session, user)

    def end(self, pool: UserPool) -> None:
        """Sign the user out at the host, if it says how.

        Raises:
            Unavailable: it could not: the user may still be signed in.
        """
        host = self._of(pool.id)
        if host is not None and host.sign_out is not None:
            host_code.ask(log, "the sign-out of the host session", host.sign_out, UNAVAILABLE)
            audit.record("host_signed_out", pool_id=pool.id)

    def _user(self, pool: UserPool, name: str) -> StoredUser | None:
        if self._directories.has(pool.id):
            return self._directories.user_of(pool, name)
        try:
            return self._units.read(lambda unit: existing_user(unit, pool, name))
        except UserNotFound:
            return None

    def _of(self, pool_id: str) -> HostSignIn | None:
        return self.own.of(pool_id) or self._shared.of(pool_id)


def _known(auth_time: float, now: float) -> float:
    """``auth_time``, but for one that is yet to come, such as milliseconds: it would satisfy every ``max_age``."""
    if auth_time > now + LEEWAY_SECONDS:
        log.warning("The auth_time of the host session is in the future, and counts as not known.")
        return 0.0
    return min(auth_time, now)


def _session(said: object) -> HostSession | None:
    if said is None or isinstance(said, HostSession):
        return said
    if isinstance(said, bool) or not isinstance(said, str | int):
        host_code.refuse(log, "the host session", f"{type(said).__name__} in place of a user", UNAVAILABLE)
    return HostSession(str(said))
