"""App clients: registration, authentication, secrets."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TypedDict

from app_client_authz.crypto import digests
from app_client_authz.domain import auth_flows, ids
from app_client_authz.domain.app_client import MAX_PER_POOL, AppClient, ClientSecret, ClientSpec
from app_client_authz.domain.client_entry import ClientEntry
from app_client_authz.domain.client_rules import LOCAL_PROVIDER
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import (
    ConcurrentModification,
    InvalidClient,
    LimitExceeded,
    ResourceNotFound,
)
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.scopes import BUILT_IN
from app_client_authz.services import audit
from app_client_authz.services.pools import existing_pool
from app_client_authz.storage.unit import Unit, Units

_CHANGED = "The user pool client was changed by another request."
_NOBODY = AppClient(
    client_id="nobody",
    pool_id="nowhere_0",
    spec=ClientSpec(client_name="nobody"),
    confidential=True,
    secrets=(ClientSecret.of("nobody", digests.random_token(), 0.0),),
    created_at=0.0,
    updated_at=0.0,
)
"""Stands in for an unknown client, so that it costs the same comparison."""


@dataclass(frozen=True, slots=True)
class Described:
    """A client as DescribeUserPoolClient shows it: with its oldest secret, if it has one (api.md 2.11)."""

    client: AppClient
    secret: str | None = field(default=None, repr=False)


class AppClients:
    """One method per operation of api.md part 2."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    # --- for the faces that clients speak to ------------------------------------------------------

    def find(self, client_id: str) -> Registration | None:
        """The client with its pool; None for anything that is no known client ID."""
        if not ids.is_client_id(client_id):
            return None
        return self._units.read(lambda unit: unit.app_clients.find(client_id))

    def authenticate(self, client_id: str, secret: str | None) -> Registration:
        """The client that proves to be ``client_id``: by either of its secrets, or by having none.

        Unknown client and wrong secret cost and answer the same (R8, CLI-1).

        Raises:
            InvalidClient: unknown, wrong or missing secret, or a secret from a client that has none.
        """
        found = self.find(client_id)
        known = _NOBODY if found is None else found.client
        matches = known.secret_matches(secret or "")
        if found is None:
            raise InvalidClient(detail="unknown client")
        if found.client.confidential != bool(secret) or (secret and not matches):
            audit.record("client_refused", pool_id=found.pool.id, client_id=client_id)
            raise InvalidClient(detail="wrong, missing or unexpected secret")
        return found

    # --- for whoever registers them -----------------------------------------------------------------

    def create(self, pool_id: str, spec: ClientSpec, *, client_id: str | None = None) -> Described:
        """A new client (CreateUserPoolClient); ``client_id`` reproduces a known one.

        Raises:
            ResourceNotFound: no such pool.
            LimitExceeded: the pool has 1000 clients.
            InvalidParameter, InvalidOAuthFlow, ScopeDoesNotExist, FeatureUnavailableInTier: as ``AppClient.create``.
        """
        new_id = client_id or ids.client_id_from(digests.random_int(128))
        generated = ids.secret_from(digests.random_int(256)) if spec.generate_secret else None
        secret = generated or spec.client_secret
        now = self._clock()

        def add(unit: Unit) -> AppClient:
            pool = existing_pool(unit, pool_id, hold=True)
            client = AppClient.create(
                spec, client_id=new_id, pool=pool, now=now, generated_secret=generated, **_around(unit, pool, spec)
            )
            clear = {kept.secret_id: secret for kept in client.secrets if secret}
            if not unit.app_clients.add(client, clear, at_most=MAX_PER_POOL):
                raise LimitExceeded(f"A user pool has at most {MAX_PER_POOL} app clients.")
            _mind_verifiers(unit, pool, client)
            return client

        client = self._units.write(add)
        audit.record("client_created", pool_id=pool_id, client_id=new_id)
        return Described(client, secret)

    def describe(self, pool_id: str, client_id: str) -> Described:
        """Raises:
        ResourceNotFound: no such pool, or no such client in it.
        """
        return self._units.read(lambda unit: _described(unit, pool_id, client_id))

    def look_up(self, pool_id: str, client_id: str) -> AppClient:
        """The client without a secret in clear: what is known of its secrets, and its sessions' bound.

        Raises:
            ResourceNotFound: no such pool, or no such client in it.
        """
        return self._units.read(lambda unit: _existing(unit, pool_id, client_id))

    def entries(self, pool_id: str, *, after: int = 0, limit: int = 60, kind: str | None = None) -> list[ClientEntry]:
        """At most ``limit`` clients of the pool behind the one with number ``after`` (ListUserPoolClients).

        ``kind`` is ``REGULAR`` or ``DCR``; None means both.

        Raises:
            ResourceNotFound: no such pool.
        """

        def look(unit: Unit) -> list[ClientEntry]:
            # Nobody registers clients but administrators: there are no others to look for.
            wanted = kind in {None, "REGULAR"} and ids.is_pool_id(pool_id)
            found = unit.app_clients.entries(pool_id, after=after, limit=limit) if wanted else []
            if not found:
                existing_pool(unit, pool_id)
            return found

        return self._units.read(look)

    def all(self, pool_id: str) -> list[AppClient]:
        """Every client of the pool as they were made, in full.

        Raises:
            ResourceNotFound: no such pool.
        """

        def look(unit: Unit) -> list[AppClient]:
            existing_pool(unit, pool_id)
            return unit.app_clients.all(pool_id)

        return self._units.read(look)

    def replace(
        self, pool_id: str, client_id: str, spec: ClientSpec, *, expected_version: int | None = None
    ) -> Described:
        """The client after UpdateUserPoolClient: what is not in ``spec`` goes back to its default.

        With ``expected_version``, only if nobody changed the client since it was described.

        Raises:
            ResourceNotFound, ConcurrentModification, and whatever ``AppClient.replace`` raises.
        """

        def change(unit: Unit) -> Described:
            pool = existing_pool(unit, pool_id, hold=True)
            found = _described(unit, pool_id, client_id)
            before = found.client
            if expected_version not in {None, before.version}:
                raise ConcurrentModification(_CHANGED)
            after = before.replace(spec, pool=pool, now=self._clock(), **_around(unit, pool, spec))
            _expect(unit.app_clients.replace(after, before.version))
            _mind_verifiers(unit, pool, after)
            return Described(after, found.secret)

        described = self._units.write(change)
        audit.record("client_changed", pool_id=pool_id, client_id=client_id)
        return described

    def bound_sso(self, pool_id: str, client_id: str, minutes: int) -> AppClient:
        """The client that takes over sign-ins of at most that age (SetUserPoolClientSessionConfiguration).

        Raises:
            ResourceNotFound, ConcurrentModification, and whatever ``AppClient.with_sso_bound`` raises.
        """

        def change(unit: Unit) -> AppClient:
            pool = existing_pool(unit, pool_id, hold=True)
            before = _existing(unit, pool_id, client_id)
            after = before.with_sso_bound(minutes, pool=pool, now=self._clock())
            _expect(unit.app_clients.replace(after, before.version))
            return after

        after = self._units.write(change)
        audit.record("client_changed", pool_id=pool_id, client_id=client_id)
        return after

    def delete(self, pool_id: str, client_id: str) -> None:
        """Delete the client: its codes, token sessions and tokens are dead at once (DeleteUserPoolClient).

        Raises:
            ResourceNotFound: no such pool, or no such client in it.
        """

        def change(unit: Unit) -> None:
            pool = existing_pool(unit, pool_id, hold=True)
            if not ids.is_client_id(client_id) or not unit.app_clients.delete(pool_id, client_id):
                raise _no_such_client(unit, pool_id)
            _mind_verifiers(unit, pool)

        self._units.write(change)
        audit.record("client_deleted", pool_id=pool_id, client_id=client_id)

    # --- secrets --------------------------------------------------------------------------------------

    def add_secret(self, pool_id: str, client_id: str, secret: str | None = None) -> tuple[ClientSecret, str]:
        """A second secret beside the first, and the secret itself (AddUserPoolClientSecret).

        Raises:
            LimitExceeded: there are two already.
            InvalidParameter: a public client, or a malformed secret.
            ResourceNotFound: no such pool, or no such client in it.
        """
        value = secret or ids.secret_from(digests.random_int(256))

        def change(unit: Unit) -> ClientSecret:
            existing_pool(unit, pool_id, hold=True)
            before = _existing(unit, pool_id, client_id)
            after = before.with_secret(value, now=self._clock())
            kept = after.secrets[-1]
            _expect(unit.app_clients.replace_secrets(after, before.version, {kept.secret_id: value}))
            return kept

        kept = self._units.write(change)
        audit.record("client_secret_added", pool_id=pool_id, client_id=client_id, secret_id=kept.secret_id)
        return kept, value

    def delete_secret(self, pool_id: str, client_id: str, secret_id: str) -> None:
        """Delete one of two secrets; it stops at once (DeleteUserPoolClientSecret).

        Raises:
            InvalidParameter: it is the last one.
            ResourceNotFound: no such pool, client or secret.
        """

        def change(unit: Unit) -> None:
            existing_pool(unit, pool_id, hold=True)
            before = _existing(unit, pool_id, client_id)
            after = before.without_secret(secret_id, now=self._clock())
            _expect(unit.app_clients.replace_secrets(after, before.version))

        self._units.write(change)
        audit.record("client_secret_deleted", pool_id=pool_id, client_id=client_id, secret_id=secret_id)


class _Around(TypedDict):
    scopes_available: Collection[str]
    providers: Collection[str]


def _around(unit: Unit, pool: UserPool, spec: ClientSpec) -> _Around:
    """What of the pool the spec is judged by; looked up as far as the spec refers to it."""
    custom = any(scope not in BUILT_IN for scope in spec.allowed_oauth_scopes or ())
    external = any(name != LOCAL_PROVIDER for name in spec.supported_identity_providers or ())
    return {
        "scopes_available": unit.resource_servers.scope_strings(pool.id) if custom else (),
        "providers": unit.identity_providers.names(pool.id) if external else (),
    }


def _mind_verifiers(unit: Unit, pool: UserPool, changed: AppClient | None = None) -> None:
    """Tell the pool, which is held, whether a client allows SRP; the last one takes the verifiers along (SEC-6).

    ``changed`` is the client as it is now, None for one that is gone.
    """
    allows = changed is not None and auth_flows.leads_to_srp(changed)
    needed = allows or (pool.keeps_verifiers and unit.app_clients.any_allows_srp(pool.id))
    if needed == pool.keeps_verifiers:
        return
    unit.pools.keep_verifiers(pool.id, needed)
    if not needed:
        unit.srp_verifiers.drop_of_pool(pool.id)


def _described(unit: Unit, pool_id: str, client_id: str) -> Described:
    found = unit.app_clients.describe(client_id) if ids.is_client_id(client_id) else None
    if found is None or found[0].pool.id != pool_id:
        raise _no_such_client(unit, pool_id)
    return Described(found[0].client, found[1])


def _existing(unit: Unit, pool_id: str, client_id: str) -> AppClient:
    found = unit.app_clients.find(client_id) if ids.is_client_id(client_id) else None
    if found is None or found.pool.id != pool_id:
        raise _no_such_client(unit, pool_id)
    return found.client


def _no_such_client(unit: Unit, pool_id: str) -> ResourceNotFound:
    existing_pool(unit, pool_id)
    return ResourceNotFound("User pool client does not exist.")


def _expect(hit: bool) -> None:
    if not hit:
        raise ConcurrentModification(_CHANGED)
