"""From a description to its plan: every pool in the file, and what is in it, in the order of what needs what."""

from collections.abc import Iterable

from app_client_authz.domain.errors import ResourceNotFound
from app_client_authz.seeding import clients, parts, pools, users
from app_client_authz.seeding.documents import PoolDocument
from app_client_authz.seeding.plan import Plan
from app_client_authz.seeding.pools import PlannedPool
from app_client_authz.seeding.problems import Problems
from app_client_authz.services.registry import Services


def plan(services: Services, documents: Iterable[PoolDocument], problems: Problems) -> Plan:
    """What the documents come to here; nothing is written before ``Plan.apply``.

    Raises:
        Refused: something cannot be so; everything that is wrong is named.
    """
    made = Plan()
    for document in documents:
        _plan_pool(services, document, made, problems)
    problems.done()
    return made


def _plan_pool(services: Services, document: PoolDocument, plan: Plan, problems: Problems) -> None:
    pool = _pool(services, document, plan, problems)
    if pool is None:  # what is in it could be judged by nothing
        return
    scopes = parts.plan_resource_servers(services, pool, document.resource_servers, plan, problems)
    providers = parts.plan_identity_providers(services, pool, document.identity_providers, plan, problems)
    around = clients.Around(pool, scopes, providers)
    seen: dict[str, str] = {}
    for item in document.clients:
        client_id = str(item.members.get("ClientId"))
        if seen.setdefault(client_id, item.where) != item.where:
            problems.add(item.place("ClientId"), f"the client at {seen[client_id]} has it already")
            continue
        clients.plan(services, around, item, plan, problems)
    groups = parts.plan_groups(services, pool, document.groups, plan, problems)
    users.plan(services, pool, document.users, document.groups, groups, plan, problems)


def _pool(services: Services, document: PoolDocument, plan: Plan, problems: Problems) -> PlannedPool | None:
    if document.pool is not None:
        return pools.plan(services, document.pool_id, document.pool, plan, problems)
    try:
        return PlannedPool(services.pools.describe(document.pool_id), exists=True)
    except ResourceNotFound:
        problems.add(document.where, f"the pool {document.pool_id} does not exist, and no file describes it")
        return None
