"""Fixtures for the tests of services: each on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.services.registry import Services
from tests.services.processes import Processes, started
from tests.services.world import World, world_over
from tests.support.clock import MovableClock


@pytest.fixture(autouse=True)
def _ready_made_keys(ready_made_keys: None) -> None:
    """Each test here has a database of its own."""


@pytest.fixture
def world(engine: sa.Engine, clock: MovableClock) -> World:
    return world_over(engine, clock)


@pytest.fixture
def sqlite_world(sqlite_engine: sa.Engine, clock: MovableClock) -> World:
    """For tests whose subject is not the database."""
    return world_over(sqlite_engine, clock)


@pytest.fixture
def services(world: World) -> Services:
    return world.services


@pytest.fixture
def client(world: World) -> Registration:
    """A confidential web client."""
    return world.client()


@pytest.fixture
def kim(world: World) -> User:
    """A confirmed user."""
    return world.user("kim")


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    """Tests that use it belong to the group "processes", so that one worker of xdist starts them."""
    with started() as running:
        yield running
