"""Lists of a pool's users (ListUsers)."""

from collections.abc import Iterable

from app_client_authz.domain import attributes, user_filter
from app_client_authz.domain.user import User
from app_client_authz.services.pools import existing_pool
from app_client_authz.storage.unit import Unit, Units


class UserLists:
    """Page by page, in the order of the usernames; what a page costs is told in ``storage.user_search``."""

    def __init__(self, units: Units) -> None:
        self._units = units

    def page(
        self,
        pool_id: str,
        filter_text: str = "",
        *,
        attribute_names: Iterable[str] = (),
        after: str = "",
        limit: int = 60,
    ) -> list[tuple[str, User]]:
        """At most ``limit`` users without their groups, each with the key to go on after it.

        ``filter_text`` is ListUsers' ``Filter``, empty for all users; ``attribute_names`` are those that the caller
        is going to look at.

        Raises:
            ResourceNotFound: no such pool.
            InvalidParameter: the filter is none, or the pool has no such attribute.
        """

        def look(unit: Unit) -> list[tuple[str, User]]:
            pool = existing_pool(unit, pool_id)
            attributes.check_known(pool, attribute_names)
            criterion = user_filter.parse(pool, filter_text)
            return unit.user_search.page(pool_id, criterion, after=after, limit=limit)

        return self._units.read(look)
