"""Settings of a user pool that have operations of their own: second factors, session tracking, tags."""

from collections.abc import Callable, Iterable, Mapping

from app_client_authz.domain import ids
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import InvalidParameter, ResourceNotFound
from app_client_authz.domain.pool import MfaChange, UserPool
from app_client_authz.services import audit
from app_client_authz.services.pools import existing_pool, refuse_unenforced, store
from app_client_authz.storage.unit import Unit, Units


class PoolSettings:
    """Each changes its own setting in the pool as it is then: two changes at once both count."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def set_mfa(self, pool_id: str, change: MfaChange) -> UserPool:
        """The pool with these second factors (SetUserPoolMfaConfig).

        Raises:
            ResourceNotFound, and whatever ``UserPool.set_mfa`` raises.
            InvalidParameter: MFA is to be required of everybody.
        """

        def changed(pool: UserPool) -> UserPool:
            after = pool.set_mfa(change, now=self._clock())
            refuse_unenforced(after.spec)
            return after

        return self._change(pool_id, changed)

    def set_sessions(self, pool_id: str, *, tracking: str, per_user: int) -> UserPool:
        """The pool with this session tracking (SetUserPoolSessionConfiguration).

        Raises:
            ResourceNotFound, and whatever ``UserPool.set_sessions`` raises.
        """
        return self._change(
            pool_id, lambda pool: pool.set_sessions(tracking=tracking, per_user=per_user, now=self._clock())
        )

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of the pool with that ARN (ListTagsForResource).

        Raises:
            ResourceNotFound: no such pool here.
            InvalidParameter: the ARN of something else.
        """
        pool_id = _pool_id_of(arn)
        return self._units.read(lambda unit: existing_pool(unit, pool_id)).tags

    def tag(self, arn: str, additions: Mapping[str, str]) -> UserPool:
        """The pool with these tags as well (TagResource).

        Raises:
            ResourceNotFound, InvalidParameter: as ``tags``, and whatever ``UserPool.tag`` raises.
        """
        return self._change(_pool_id_of(arn), lambda pool: pool.tag(additions, now=self._clock()))

    def untag(self, arn: str, names: Iterable[str]) -> UserPool:
        """The pool without these tags (UntagResource).

        Raises:
            ResourceNotFound, InvalidParameter: as ``tags``.
        """
        unwanted = tuple(names)
        return self._change(_pool_id_of(arn), lambda pool: pool.untag(unwanted, now=self._clock()))

    def _change(self, pool_id: str, changed: Callable[[UserPool], UserPool]) -> UserPool:
        def work(unit: Unit) -> UserPool:
            pool = existing_pool(unit, pool_id, hold=True)
            return store(unit, pool, changed(pool))

        after = self._units.write(work)
        audit.record("pool_changed", pool_id=pool_id)
        return after


def _pool_id_of(arn: str) -> str:
    pool_id = ids.pool_id_of_arn(arn)
    if pool_id is None:
        raise InvalidParameter(f"{arn} is not the ARN of a user pool.")
    if arn != ids.pool_arn(pool_id):
        raise ResourceNotFound(f"User pool {pool_id} does not exist.")
    return pool_id
