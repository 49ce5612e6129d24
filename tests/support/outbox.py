"""What the development sender kept, as ``flask authz messages`` shows it."""

from tests.support.site import Site


def newest_code(site: Site, name: str) -> str:
    """The code in the last message to a user of ``site.pool``."""
    assert site.services.outbox is not None
    sub = site.services.users.describe(site.pool.id, name).sub
    return site.services.outbox.of_user(site.pool.id, sub)[0].code
