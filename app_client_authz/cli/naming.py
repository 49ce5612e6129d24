"""How commands name things: first the pool, then what is in it.

An app client needs no pool, since its ID is unique; a pool before it is checked and otherwise unused.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from app_client_authz.domain.errors import ResourceNotFound
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.shapes import plain
from app_client_authz.proxies import current_authz

F = TypeVar("F", bound=Callable[..., Any])

client_argument = click.argument("names", nargs=-1, required=True, metavar="[POOL] CLIENT_ID")


def in_pool(*arguments: str) -> Callable[[F], F]:
    """A command's arguments: ``POOL``, and what is named in it."""

    def decorate(command: F) -> F:
        for argument in reversed(arguments):
            command = click.argument(argument)(command)
        return click.argument("pool_id", metavar="POOL")(command)

    return decorate


def named_client(names: tuple[str, ...]) -> Registration:
    """The client that ``[POOL] CLIENT_ID`` names.

    Raises:
        ResourceNotFound: there is none, or it is another pool's.
    """
    if len(names) > 2:
        raise click.UsageError(f"Got unexpected extra arguments: {' '.join(map(plain, names[2:]))}")
    *pools, client_id = names
    found = current_authz.app_clients.find(client_id)
    if found is None or any(pool_id != found.pool.id for pool_id in pools):
        place = f" in user pool {plain(pools[0])}" if pools else ""
        raise ResourceNotFound(f"App client {plain(client_id)} does not exist{place}.")
    return found
