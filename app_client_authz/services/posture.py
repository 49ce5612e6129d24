"""Choices that are weaker than they should be, each with a stable code (docs/reference/posture-codes.md).

A code with W is a warning: it may be meant. A code with E is an error: the site does not work, or does
not protect, as it stands. Codes are never used again for something else.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass

from app_client_authz.domain.errors import ConfigurationError
from app_client_authz.domain.registration import Registration
from app_client_authz.services import posture_rules
from app_client_authz.services.registry import Services
from app_client_authz.storage import migrate
from app_client_authz.storage.inspection import sqlite_state

SITE_CODES = {
    "AUTHZ-E006": "the database is not migrated, and no request is answered: run 'flask authz upgrade'",
    "AUTHZ-E007": "the sealing keys do not open this database",
    "AUTHZ-W008": (
        "secrets are sealed under a key derived from SECRET_KEY, which signs the host's cookies too and is changed"
        " for their sake: set AUTHZ_SEALING_KEYS to a new key and, until 'flask authz keys reseal' has run, SECRET_KEY"
        " behind it"
    ),
    "AUTHZ-W009": (
        "SQLite runs with synchronous below FULL: a revocation that was answered can be undone by a power failure"
    ),
    "AUTHZ-W010": "SQLite is not in WAL mode: every write keeps all readers waiting",
    "AUTHZ-W012": "other accounts of this machine can read the SQLite file: chmod 600, and 700 for its directory",
    "AUTHZ-E013": "other accounts of this machine can write to the SQLite file: chmod 600, and 700 for its directory",
    "AUTHZ-W028": (
        "messages to users are not sent, but kept with their codes and temporary passwords, which is for development:"
        " set AUTHZ_MESSAGE_SENDER to 'smtp', or supply a sender"
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One weak choice: of the site, of a pool (``pool_id``) or of an app client (both IDs)."""

    code: str
    text: str
    pool_id: str | None = None
    client_id: str | None = None
    name: str | None = None
    """What the pool or the client is called."""

    @property
    def is_error(self) -> bool:
        return "-E" in self.code


def findings(services: Services) -> list[Finding]:
    """Everything that is weak: first of the site, then of each pool and its clients.

    Raises:
        Unavailable: the database does not answer.
    """
    migrated = migrate.is_current(services.engine)
    found = [Finding(each.code, each.text) for each in services.settings.posture()]
    found += [Finding(code, text) for code, text in _of_site(services, migrated)]
    if migrated and all(finding.code != "AUTHZ-E007" for finding in found):
        found += _of_pools(services)
    return found


def _of_site(services: Services, migrated: bool) -> Iterator[tuple[str, str]]:
    def known(code: str, more: str = "") -> tuple[str, str]:
        return code, SITE_CODES[code] + more

    if not migrated:
        yield known("AUTHZ-E006")
    else:
        try:
            services.upkeep.check_sealing_keys()
        except ConfigurationError as error:
            yield known("AUTHZ-E007", f": {error.message}")
    if not services.settings.sealing_keys:
        yield known("AUTHZ-W008")
    if services.outbox is not None and not services.settings.is_of_this_machine:
        yield known("AUTHZ-W028")
    state = sqlite_state(services.engine)
    if state is None:
        return
    if not state.durable:
        yield known("AUTHZ-W009")
    if not state.write_ahead:
        yield known("AUTHZ-W010")
    if state.mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield known("AUTHZ-E013", f" ({state.path})")
    elif state.mode:
        yield known("AUTHZ-W012", f" ({state.path})")


def _of_pools(services: Services) -> Iterator[Finding]:
    now = services.clock()
    for pool in services.pools.all():
        case = posture_rules.PoolCase(pool, services.keys.of_pool(pool.id), now)
        for code, pool_rule in posture_rules.POOL_RULES.items():
            if text := pool_rule(case):
                yield Finding(code, text, pool.id, name=pool.name)
        for client in services.app_clients.all(pool.id):
            registration = Registration(client, pool)
            for code, client_rule in posture_rules.CLIENT_RULES.items():
                if text := client_rule(registration, now):
                    yield Finding(code, text, pool.id, client.client_id, client.name)
