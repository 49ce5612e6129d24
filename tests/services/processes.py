"""Other processes over a test's database, which do the same at the same moment."""

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.pool import Pool
from typing import TypeVar

import sqlalchemy as sa

from app_client_authz.domain.errors import AuthzError
from app_client_authz.domain.registration import Registration
from app_client_authz.services.registry import Services
from app_client_authz.storage.engine import tune_sqlite
from tests.services.world import services_over
from tests.support.clock import START, MovableClock

COUNT = 4
T = TypeVar("T")
Task = tuple[str, str, list[str]]
"""The database's URL, an app client's ID, and what there is to do."""


class Processes:
    """Four workers, started once for all tests that ask for them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __call__(self, work: Callable[[Task], list[T]], url: str, client_id: str, values: list[str]) -> list[list[T]]:
        """What each worker made of each value; ``work`` is a function of a module and calls ``each_value``."""
        return self._pool.map(work, [(url, client_id, values)] * COUNT, chunksize=1)


@contextmanager
def started() -> Iterator[Processes]:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(COUNT)
    with context.Pool(COUNT, initializer=_remember, initargs=(barrier,)) as pool:
        yield Processes(pool)


def each_value(task: Task, attempt: Callable[[Services, Registration, str], T]) -> list[T]:
    """What ``attempt`` made of each value; the workers wait for each other at every one."""
    url, client_id, values = task
    engine = sa.create_engine(url)
    tune_sqlite(engine)
    services = services_over(engine, MovableClock(START))
    registration = services.app_clients.find(client_id)
    assert registration is not None
    services.keys.ring(registration.pool.id)
    made = []
    for value in values:
        _barrier.wait(60)
        made.append(attempt(services, registration, value))
    engine.dispose()
    return made


def succeeds(work: Callable[..., object], *arguments: object) -> bool:
    """False, if it is refused."""
    try:
        work(*arguments)
    except AuthzError:
        return False
    return True


_barrier: threading.Barrier


def _remember(barrier: threading.Barrier) -> None:
    global _barrier
    _barrier = barrier
