"""User pools of a file: made under their own ID, or changed in what the file says of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from app_client_authz.api import mfa_ops, pool_wire, schema_wire, shapes
from app_client_authz.api.wire import Json
from app_client_authz.domain import ids, schema
from app_client_authz.domain.errors import InvalidParameter, ResourceNotFound
from app_client_authz.domain.pool import STANDARD_ATTRIBUTES, SchemaAttribute, UserPool
from app_client_authz.domain.pool_domain import PoolDomain
from app_client_authz.domain.pool_tags import DIALECT, REQUIRE_PKCE
from app_client_authz.seeding.documents import Item
from app_client_authz.seeding.members import accepted, flag, request_members, undated
from app_client_authz.seeding.plan import Plan
from app_client_authz.seeding.problems import Problems
from app_client_authz.services.pools import DescribedPool, refuse_unenforced
from app_client_authz.services.registry import Services

_STANDARD = {attribute.name: attribute for attribute in STANDARD_ATTRIBUTES}
_MFA = frozenset(request_members("SetUserPoolMfaConfig")) - {"UserPoolId", "MfaConfiguration"}
_SESSIONS = frozenset({"UserSessionTracking", "TokenSession"})
_OURS = frozenset({"Dialect", "RequirePkce"})
# What DescribeUserPool shows and nobody sets: facts of the place that the pool is described in.
FACTS = frozenset({"Arn", "CreationDate", "EstimatedNumberOfUsers", "LastModifiedDate", "Status"})
_ASIDE = frozenset({"Id", "Name", "SchemaAttributes", "Domain"}) | _MFA | _SESSIONS | _OURS | FACTS
_FIXED = ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration")
KNOWN = frozenset(request_members("CreateUserPool")) | _ASIDE


@dataclass(frozen=True, slots=True)
class PlannedPool:
    """The pool as it is going to be, which is what everything in it is judged by."""

    pool: UserPool
    exists: bool


def plan(services: Services, pool_id: str, item: Item, plan: Plan, problems: Problems) -> PlannedPool | None:
    """The pool that the item describes; None if it cannot be so, which is noted."""
    with problems.at(item.place("Id")):
        ids.check("userPoolId", pool_id, ids.POOL_ID)
        return _Case(services, pool_id, item, problems).planned(plan)
    return None


class _Case:
    """One pool, looked at once."""

    def __init__(self, services: Services, pool_id: str, item: Item, problems: Problems) -> None:
        self._services = services
        self._pool_id = pool_id
        self._item = item
        self._problems = problems
        self._before = _existing(services, pool_id)

    def planned(self, plan: Plan) -> PlannedPool | None:
        noted = self._problems.count
        given = self._given()
        if self._problems.count > noted:
            return None
        with self._problems.at(self._item.where):
            if self._before is None:
                after, works = self._created(given)
            else:
                after, works = self._changed(self._before.pool, given)
            after = self._with_settings(after, works)
            self._plan_domain(after, works)
            changes = bool(works) if self._before is not None else True

            def work() -> None:
                for each in works:
                    each()

            plan.expect("pool", self._pool_id, after.name, exists=self._before is not None, changes=changes, work=work)
            return PlannedPool(after, self._before is not None)
        return None

    def _given(self) -> Json:
        """What the item says, in the members of CreateUserPool."""
        item, problems = self._item, self._problems
        given = accepted(item, "CreateUserPool", problems, besides=_ASIDE)
        for name, told in (("PoolName", "Name"), ("Schema", "SchemaAttributes")):
            value = item.members.get(told)
            if name not in given and value is not None:
                given[name] = value
                shown = _own(value) if name == "Schema" else value
                with problems.at(item.place(told)):
                    if shown != []:  # of a pool whose attributes are those of every pool
                        shapes.member("CreateUserPool", name, shown)
        named = given.get("UserPoolTags")
        tags = dict(named) if isinstance(named, dict) else {}
        dialect, require_pkce = item.members.get("Dialect"), flag(item, "RequirePkce", problems)
        if dialect is not None:
            tags[DIALECT] = str(dialect)
        if require_pkce is not None:
            tags[REQUIRE_PKCE] = "true" if require_pkce else "false"
        return given | ({"UserPoolTags": tags} if tags else {})

    def _created(self, given: Json) -> tuple[UserPool, list[Callable[[], object]]]:
        mode = given.get("MfaConfiguration", "OFF")
        # Factors have an operation of their own, which a pool has to be there for.
        later = bool(_MFA & self._item.members.keys())
        attributes = schema_wire.to_attributes(given.pop("Schema", None))
        members = shapes.validated("CreateUserPool", given | ({"MfaConfiguration": "OFF"} if later else {}))
        spec = replace(pool_wire.to_spec(members), schema=_schema(attributes))
        refuse_unenforced(spec)
        after = UserPool.create(spec, pool_id=self._pool_id, now=self._services.clock())
        works: list[Callable[[], object]] = [lambda: self._services.pools.create(spec, pool_id=self._pool_id)]
        return after if not later else self._with_factors(after, mode, works), works

    def _changed(self, before: UserPool, given: Json) -> tuple[UserPool, list[Callable[[], object]]]:
        pools, works = self._services.pools, list[Callable[[], object]]()
        additions = self._additions(before, given)
        after = before
        if additions:
            after = before.add_custom_attributes(additions, now=self._services.clock())
            works.append(lambda: pools.add_custom_attributes(self._pool_id, additions))
        described = pool_wire.from_pool(DescribedPool(before))
        self._refuse_fixed(described, given)
        mode = given.pop("MfaConfiguration", before.spec.mfa)
        later = bool(_MFA & self._item.members.keys())
        merged = _overlaid(described, given) | {"MfaConfiguration": before.spec.mfa if later else mode}
        spec = pool_wire.to_spec(shapes.validated("UpdateUserPool", merged | {"UserPoolId": self._pool_id}))
        refuse_unenforced(spec)
        replaced = after.replace(spec, now=self._services.clock())
        if _shown(replaced) != _shown(after):
            works.append(lambda: pools.replace(self._pool_id, spec))
            after = replaced
        return self._with_factors(after, mode, works) if later else after, works

    def _with_factors(self, pool: UserPool, mode: str, works: list[Callable[[], object]]) -> UserPool:
        """The pool with the second factors of the item, beside those that it has.

        An item that says that MFA is off may show factors as well, as a pool does that UpdateUserPool switched off:
        they are of no use, and left out.
        """
        standing, told = (
            {name: members[name] for name in _MFA & members.keys()}
            for members in (mfa_ops.factors(pool), self._item.members)
        )
        if mode == "OFF":
            standing = _passkeys(standing)
        if self._item.members.get("MfaConfiguration") == "OFF":
            told = _passkeys(told)
        members = standing | told | {"MfaConfiguration": mode, "UserPoolId": self._pool_id}
        change = mfa_ops.to_change(shapes.validated("SetUserPoolMfaConfig", members))
        after = pool.set_mfa(change, now=self._services.clock())
        refuse_unenforced(after.spec)
        if mfa_ops.factors(after) != mfa_ops.factors(pool):
            works.append(lambda: self._services.pool_settings.set_mfa(self._pool_id, change))
        return after

    def _with_settings(self, pool: UserPool, works: list[Callable[[], object]]) -> UserPool:
        """The pool with the session tracking of the item."""
        wanted = {name: self._item.members[name] for name in sorted(_SESSIONS & self._item.members.keys())}
        if not wanted:
            return pool
        standing = {
            "UserPoolId": self._pool_id,
            "UserSessionTracking": pool.spec.user_session_tracking,
            "TokenSession": {"MaxPerUser": pool.spec.token_sessions_per_user},
        }
        members = shapes.validated("SetUserPoolSessionConfiguration", standing | wanted)
        if members == standing:
            return pool
        tracking, per_user = members["UserSessionTracking"], members["TokenSession"]["MaxPerUser"]
        settings = self._services.pool_settings
        works.append(lambda: settings.set_sessions(self._pool_id, tracking=tracking, per_user=per_user))
        return pool.set_sessions(tracking=tracking, per_user=per_user, now=self._services.clock())

    def _plan_domain(self, pool: UserPool, works: list[Callable[[], object]]) -> None:
        domain = self._item.members.get("Domain")
        if domain is None:
            return
        shapes.member("CreateUserPoolDomain", "Domain", domain)
        own = [each.domain for each in (self._before.domains if self._before else ()) if not each.custom]
        if domain in own:
            return
        if own:
            raise InvalidParameter(f"Domain: the pool has the domain {own[0]}: delete it first.")
        PoolDomain.create(pool=pool, domain=domain, now=self._services.clock())
        if self._services.domains.find(domain) is not None:
            raise InvalidParameter(f"Domain: another pool has the domain {domain}.")
        works.append(lambda: self._services.domains.create(self._pool_id, domain))

    def _additions(self, before: UserPool, given: Json) -> tuple[SchemaAttribute, ...]:
        """Custom attributes that the pool does not have yet. Those that it has never change."""
        wanted = schema.at_creation(_named(schema_wire.to_attributes(given.pop("Schema", None))))
        for each in wanted:
            if each.name in before.schema and each != before.schema[each.name]:
                raise InvalidParameter(f"Schema: the attribute {each.name} is another one in the pool, for good.")
        return tuple(each for each in wanted if each.name not in before.schema)

    def _refuse_fixed(self, described: Json, given: Json) -> None:
        for name in _FIXED:
            if name in given and _unset(given.pop(name)) != _unset(described.get(name)):
                raise InvalidParameter(f"{name} is decided when a pool is created: it cannot become another.")


def _existing(services: Services, pool_id: str) -> DescribedPool | None:
    try:
        return services.pools.described(pool_id)
    except ResourceNotFound:
        return None


def _passkeys(factors: Json) -> Json:
    """What goes with MFA that is off."""
    return {name: value for name, value in factors.items() if name == "WebAuthnConfiguration"}


def _unset(value: object) -> object:
    """The value of what is decided at creation; what says the default says nothing."""
    return None if value in ([], {"CaseSensitive": False}) else value


def _own(described: object) -> object:
    """What DescribeUserPool shows of a schema, as CreateUserPool takes it: without the attributes of every pool, and
    with names that have no prefix."""
    if not isinstance(described, list):
        return described
    shown = [schema_wire.from_attribute(each) for each in (*STANDARD_ATTRIBUTES, schema_wire.IDENTITIES)]
    return [_unprefixed(each) for each in described if each not in shown]


def _unprefixed(member: object) -> object:
    name = member.get("Name") if isinstance(member, dict) else None
    return {**member, "Name": schema.bare_name(name)} if isinstance(member, dict) and isinstance(name, str) else member


def _named(attributes: Iterable[SchemaAttribute]) -> list[SchemaAttribute]:
    """The attributes without the one that DescribeUserPool shows beside a pool's schema."""
    return [each for each in attributes if each.name != schema_wire.IDENTITIES.name]


def _schema(attributes: Iterable[SchemaAttribute]) -> tuple[SchemaAttribute, ...]:
    """What differs from the schema that every pool has: descriptions of a pool list all of it."""
    return tuple(each for each in schema.at_creation(_named(attributes)) if _STANDARD.get(each.name) != each)


def _overlaid(described: Json, given: Json) -> Json:
    """What the pool is, with what the file says of it; tags of either count."""
    standing = {name: value for name, value in described.items() if name in request_members("UpdateUserPool")}
    standing["PoolName"] = described["Name"]
    for alias, name in pool_wire.VERIFICATION_ALIASES.items():
        standing.pop(alias, None)
        if alias in given and "VerificationMessageTemplate" not in given:
            standing["VerificationMessageTemplate"] = {**standing["VerificationMessageTemplate"], name: given[alias]}
    # The old name of a number in the password policy: two names must not say two things.
    administration = dict(standing.get("AdminCreateUserConfig", {}))
    administration.pop("UnusedAccountValidityDays", None)
    standing["AdminCreateUserConfig"] = administration
    tags = {**(described.get("UserPoolTags") or {}), **(given.get("UserPoolTags") or {})}
    return {**standing, **given, "UserPoolTags": tags}


def _shown(pool: UserPool) -> Json:
    return undated(pool_wire.from_pool(DescribedPool(pool)))
