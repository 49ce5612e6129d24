"""What stands in a pool beside clients and users: resource servers, identity providers, groups."""

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from app_client_authz.api import group_wire, identity_provider_ops, resource_server_ops, shapes
from app_client_authz.api.wire import Json
from app_client_authz.domain.errors import InvalidParameter, ResourceNotFound
from app_client_authz.domain.identity_provider import IdentityProvider
from app_client_authz.domain.user import Group, GroupChanges
from app_client_authz.seeding.documents import Item, text
from app_client_authz.seeding.members import DATES, accepted, undated
from app_client_authz.seeding.plan import Plan
from app_client_authz.seeding.pools import PlannedPool
from app_client_authz.seeding.problems import Problems
from app_client_authz.services.registry import Services

T = TypeVar("T")

PAGE = 60
_OF_POOL = frozenset({"UserPoolId"})


def plan_resource_servers(
    services: Services, pool: PlannedPool, items: Sequence[Item], plan: Plan, problems: Problems
) -> frozenset[str]:
    """The custom scopes that the pool is going to have, and those of what was wrong: no client is to blame for it."""
    pool_id = pool.pool.id
    standing = {each.identifier: each for each in services.resource_servers.of_pool(pool_id)} if pool.exists else {}
    after = dict(standing)
    unproven: set[str] = set()
    for item in items:
        noted = problems.count
        identifier = text(item, "Identifier", problems)
        given = accepted(item, "CreateResourceServer", problems, besides=_OF_POOL | {"ManagedBy"})
        if identifier is not None:
            unproven |= _scopes_named(identifier, given)
        if identifier is None or problems.count > noted:
            continue
        before = standing.get(identifier)
        with problems.at(item.where):
            described = {} if before is None else resource_server_ops.shown(before)
            members = shapes.validated("CreateResourceServer", described | given | {"UserPoolId": pool_id})
            server = resource_server_ops.to_server(members)
            after[identifier] = server
            work = services.resource_servers.create if before is None else services.resource_servers.replace
            plan.expect(
                "resource server",
                pool_id,
                identifier,
                exists=before is not None,
                changes=server != before,
                work=lambda work=work, server=server: work(server),  # type: ignore[misc]
            )
    return frozenset(scope for server in after.values() for scope in server.scope_strings) | unproven


def plan_identity_providers(
    services: Services, pool: PlannedPool, items: Sequence[Item], plan: Plan, problems: Problems
) -> frozenset[str]:
    """The names of the providers that the pool is going to have."""
    names = provider_names(services, pool.pool.id)
    for item in items:
        noted = problems.count
        name = text(item, "ProviderName", problems)
        given = accepted(item, "CreateIdentityProvider", problems, besides=_OF_POOL | DATES)
        if name is not None:
            names.add(name)  # whatever is wrong with it: clients that name it are not to blame
            if problems.count == noted:
                with problems.at(item.where):
                    _plan_provider(services, pool, name, given, plan)
    return frozenset(names)


def provider_names(services: Services, pool_id: str) -> set[str]:
    """The names of the identity providers that a pool has now; none if there is no such pool."""
    found: set[str] = set()
    after = ""
    try:
        while more := services.identity_providers.page(pool_id, after=after, limit=PAGE):
            found |= {each.name for each in more}
            after = more[-1].name
    except ResourceNotFound:
        return set()
    return found


def plan_groups(
    services: Services, pool: PlannedPool, items: Sequence[Item], plan: Plan, problems: Problems
) -> frozenset[str]:
    """The names of the groups that the file brings in."""
    names = set()
    for item in items:
        noted = problems.count
        name = text(item, "GroupName", problems)
        given = accepted(item, "CreateGroup", problems, besides=_OF_POOL | DATES | {"Users"})
        if name is not None:
            names.add(name)
            if problems.count == noted:
                with problems.at(item.where):
                    members = shapes.validated("CreateGroup", given | {"UserPoolId": pool.pool.id})
                    _plan_group(services, pool, group_wire.to_group(members), group_wire.to_changes(members), plan)
    return frozenset(names)


def _scopes_named(identifier: str, given: Json) -> set[str]:
    scopes = given.get("Scopes")
    listed = scopes if isinstance(scopes, list) else []
    return {f"{identifier}/{each.get('ScopeName')}" for each in listed if isinstance(each, dict)}


def _plan_provider(services: Services, pool: PlannedPool, name: str, given: Json, plan: Plan) -> None:
    pool_id, providers = pool.pool.id, services.identity_providers
    before = _unless_unknown(lambda: providers.describe(pool_id, name)) if pool.exists else None
    described = {} if before is None else identity_provider_ops.shown(before)
    wanted = undated(described) | given | {"UserPoolId": pool_id, "ProviderName": name}
    members = shapes.validated("CreateIdentityProvider", wanted)
    change, provider_type = identity_provider_ops.to_change(members), members["ProviderType"]
    after = IdentityProvider.create(
        pool_id=pool_id,
        name=name,
        provider_type=provider_type,
        details=change.details or {},
        attribute_mapping=change.attribute_mapping,
        identifiers=change.identifiers,
        acr_mapping=change.acr_mapping,
        now=services.clock(),
    )
    if before is not None and before.type != provider_type:
        raise InvalidParameter(f"ProviderType: the provider is of type {before.type}, for good.")
    plan.expect(
        "identity provider",
        pool_id,
        name,
        exists=before is not None,
        changes=undated(identity_provider_ops.shown(after)) != undated(described),
        work=lambda: (
            providers.create(pool_id, name, provider_type, change)
            if before is None
            else providers.update(pool_id, name, change)
        ),
    )


def _plan_group(services: Services, pool: PlannedPool, group: Group, changes: GroupChanges, plan: Plan) -> None:
    before = _unless_unknown(lambda: services.groups.describe(pool.pool.id, group.name)) if pool.exists else None
    if before is None:
        plan.expect(
            "group", group.pool_id, group.name, exists=False, changes=True, work=lambda: services.groups.create(group)
        )
        return
    differing = {name: value for name, value in changes.items() if value != getattr(before, name)}
    plan.expect(
        "group",
        group.pool_id,
        group.name,
        exists=True,
        changes=bool(differing),
        work=lambda: services.groups.update(group.pool_id, group.name, cast(GroupChanges, differing)),
    )


def _unless_unknown(describe: Callable[[], T]) -> T | None:
    try:
        return describe()
    except ResourceNotFound:
        return None
