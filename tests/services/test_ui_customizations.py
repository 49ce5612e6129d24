"""Classic branding in the database: one row for a pool and one for each client."""

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import AuthzError, ResourceNotFound
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.ui_customization import ALL, UiCustomization
from tests.services.test_races import ROUNDS, at_once
from tests.services.world import World, rows
from tests.support.clock import MovableClock

CSS = ".logo-customizable{width:%d%%}"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def test_customization_comes_back_as_it_was_set(world: World, client: Registration, clock: MovableClock) -> None:
    service, client_id = world.services.ui_customizations, client.client.client_id
    of_pool = service.set(world.pool.id, css=CSS % 1, image=PNG)
    clock.advance(1)
    own = service.set(world.pool.id, client_id, css=CSS % 2)

    assert of_pool == UiCustomization(world.pool.id, ALL, CSS % 1, PNG, clock() - 1, clock() - 1)
    assert own == UiCustomization(world.pool.id, client_id, CSS % 2, None, clock(), clock())
    assert service.get(world.pool.id) == of_pool
    assert service.get(world.pool.id, client_id) == own


def test_client_takes_its_own_along_and_leaves_the_pools(world: World, client: Registration, engine: sa.Engine) -> None:
    service, client_id = world.services.ui_customizations, client.client.client_id
    service.set(world.pool.id, css=CSS % 1)
    service.set(world.pool.id, client_id, css=CSS % 2)

    world.services.app_clients.delete(world.pool.id, client_id)

    assert rows(engine, "authz_ui_customizations") == 1
    with pytest.raises(ResourceNotFound):
        service.get(world.pool.id, client_id)


def test_pool_takes_all_of_them_along(world: World, client: Registration, engine: sa.Engine) -> None:
    world.services.ui_customizations.set(world.pool.id, css=CSS % 1)
    world.services.ui_customizations.set(world.pool.id, client.client.client_id, css=CSS % 2)

    world.services.pools.delete(world.pool.id)

    assert rows(engine, "authz_ui_customizations") == 0


def test_many_may_set_at_once(world: World, engine: sa.Engine) -> None:
    for _ in range(ROUNDS):
        outcomes = at_once(
            [
                lambda width=width: world.services.ui_customizations.set(world.pool.id, css=CSS % width)
                for width in range(4)
            ]
        )

        assert not [each for each in outcomes if isinstance(each, AuthzError)]
        assert rows(engine, "authz_ui_customizations") == 1
        world.services.ui_customizations.set(world.pool.id)
