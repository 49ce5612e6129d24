"""The object graph: one ``Services`` per app."""

import time
from dataclasses import dataclass

from app_client_authz.config import Settings
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.crypto.sealing import Sealer, keys_from
from app_client_authz.domain.clock import Clock
from app_client_authz.services.access_keys import AccessKeys
from app_client_authz.services.app_clients import AppClients
from app_client_authz.services.authentication import Authentication
from app_client_authz.services.authorization import Authorization
from app_client_authz.services.hints import Hints
from app_client_authz.services.keys import Keys
from app_client_authz.services.page_tokens import PageTokens
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.services.pools import Dialects, LiveScopes, Pools
from app_client_authz.services.profile import Profile
from app_client_authz.services.resource_servers import ResourceServers
from app_client_authz.services.sessions import Sessions
from app_client_authz.services.tokens import Tokens
from app_client_authz.services.upkeep import Upkeep
from app_client_authz.services.users import Users
from app_client_authz.storage.engine import Engine
from app_client_authz.storage.unit import Units


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the faces and the command line can ask for."""

    settings: Settings
    clock: Clock
    engine: Engine
    csrf_keys: tuple[bytes, ...]
    dialects: Dialects
    pools: Pools
    app_clients: AppClients
    resource_servers: ResourceServers
    users: Users
    keys: Keys
    access_keys: AccessKeys
    page_tokens: PageTokens
    authentication: Authentication
    sessions: Sessions
    authorization: Authorization
    tokens: Tokens
    profile: Profile
    hints: Hints
    upkeep: Upkeep

    def __repr__(self) -> str:
        return f"Services({self.engine.url!r})"


def build(settings: Settings, engine: Engine, clock: Clock = time.time) -> Services:
    """The services of one app over one database."""
    sealer = Sealer(keys_from(settings.sealing_keys, settings.secret_keys))
    hasher = PasswordHasher(
        memory_kib=settings.password_hash_memory_kib,
        time_cost=settings.password_hash_time_cost,
        parallelism=settings.password_hash_parallelism,
        slots=settings.password_hash_slots,
    )
    new_passwords = NewPasswords(hasher, settings.password_blocklist)
    units = Units(engine, sealer)
    keys = Keys(units, clock)
    dialects = Dialects(settings.dialect)
    live_scopes = LiveScopes(units)
    app_clients = AppClients(units, clock)
    sessions = Sessions(units, dialects, clock)
    tokens = Tokens(units, keys, dialects, live_scopes, clock)
    upkeep = Upkeep(units, clock)
    units.look_first(upkeep.check_sealing_keys)
    return Services(
        settings=settings,
        clock=clock,
        engine=engine,
        csrf_keys=sealer.derived_keys("csrf"),
        dialects=dialects,
        pools=Pools(units, keys, settings.region, clock),
        app_clients=app_clients,
        resource_servers=ResourceServers(units),
        users=Users(units, new_passwords, clock),
        keys=keys,
        access_keys=AccessKeys(units, settings, clock),
        page_tokens=PageTokens(sealer),
        authentication=Authentication(units, hasher, new_passwords, sealer.derived_key("attempts"), clock),
        sessions=sessions,
        authorization=Authorization(
            units, app_clients, dialects, live_scopes, sessions, tokens, clock, settings.code_lifetime_seconds
        ),
        tokens=tokens,
        profile=Profile(units, keys, dialects, clock),
        hints=Hints(app_clients, keys, clock),
        upkeep=upkeep,
    )
