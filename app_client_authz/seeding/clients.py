"""App clients of a file: made under their own ID and with their own secret, or changed in what it says of them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from app_client_authz.api import client_wire, shapes
from app_client_authz.api.pool_wire import thawed
from app_client_authz.api.wire import Json
from app_client_authz.crypto import digests
from app_client_authz.domain import ids, redirects
from app_client_authz.domain.app_client import AppClient, ClientSpec
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.registration import Registration
from app_client_authz.seeding.documents import Item, text
from app_client_authz.seeding.members import DATES, accepted, flag, request_members, undated
from app_client_authz.seeding.plan import Plan
from app_client_authz.seeding.pools import PlannedPool
from app_client_authz.seeding.problems import Problems
from app_client_authz.services.app_clients import Described
from app_client_authz.services.registry import Services

_OURS = frozenset({"Confidential", "RequirePkce", "SSOSession"})
_ASIDE = frozenset({"ClientId", "ClientType", "UserPoolId"}) | _OURS | DATES
KNOWN = frozenset(request_members("CreateUserPoolClient")) | _ASIDE
_URLS = ("CallbackURLs", "LogoutURLs")


@dataclass(frozen=True, slots=True)
class Around:
    """What of a pool its clients are judged by, as it is going to be."""

    pool: PlannedPool
    scopes: Collection[str]
    providers: Collection[str]


def plan(services: Services, around: Around, item: Item, plan: Plan, problems: Problems) -> None:
    """Plan one client."""
    client_id, noted = text(item, "ClientId", problems), problems.count
    given = accepted(item, "CreateUserPoolClient", problems, besides=_ASIDE)
    ours = {name: flag(item, name, problems) for name in ("Confidential", "RequirePkce")}
    _check_urls(item, given, problems)
    if client_id is None or problems.count > noted:
        return
    with problems.at(item.where):
        ids.check("clientId", client_id, ids.CLIENT_ID)
        if item.members.get("UserPoolId") not in (None, around.pool.pool.id):
            raise InvalidParameter("UserPoolId: it is another pool's than the one that it stands in.")
        found = services.app_clients.find(client_id)
        if found is not None and found.pool.id != around.pool.pool.id:
            raise InvalidParameter(f"ClientId: the pool {found.pool.id} has a client of that ID.")
        wants_secret = ours["Confidential"] is True or given.get("GenerateSecret") is True
        case = _Case(services, around, client_id, given, _sso(item), ours["RequirePkce"], wants_secret)
        name, changes, work = case.created() if found is None else case.changed(found)
        plan.expect("client", around.pool.pool.id, name, exists=found is not None, changes=changes, work=work)


@dataclass(frozen=True, slots=True)
class _Case:
    """One client, and what is said of it."""

    services: Services
    around: Around
    client_id: str
    given: Json
    sso_minutes: int | None
    require_pkce: bool | None
    wants_secret: bool

    def created(self) -> tuple[str, bool, Callable[[], object]]:
        pool = self.around.pool.pool
        generate = self.wants_secret and "ClientSecret" not in self.given
        members = {**self.given, "UserPoolId": pool.id, "GenerateSecret": generate}
        spec = self._ours(client_wire.to_spec(shapes.validated("CreateUserPoolClient", members)))
        made = AppClient.create(
            spec,
            client_id=self.client_id,
            pool=pool,
            scopes_available=self.around.scopes,
            providers=self.around.providers,
            now=self.services.clock(),
            # Stands for the one that is made when the client is.
            generated_secret=ids.secret_from(digests.random_int(256)) if generate else None,
        )
        create = self.services.app_clients.create
        return f"{self.client_id} ({made.name})", True, lambda: create(pool.id, spec, client_id=self.client_id)

    def changed(self, found: Registration) -> tuple[str, bool, Callable[[], object]]:
        pool, before = self.around.pool.pool, found.client
        secret = self.given.pop("ClientSecret", None)
        self.given.pop("GenerateSecret", None)
        if (secret is not None or self.wants_secret) and not before.confidential:
            raise InvalidParameter("ClientSecret: the client is public, and becomes confidential only anew: delete it.")
        members = {**thawed(client_wire.from_client(Described(before))), **self.given}
        spec = self._ours(client_wire.to_spec(shapes.validated("UpdateUserPoolClient", members)))
        after = before.replace(
            spec,
            pool=pool,
            scopes_available=self.around.scopes,
            providers=self.around.providers,
            now=self.services.clock(),
        )
        works: list[Callable[[], object]] = []
        if _shown(after) != _shown(before):
            works.append(lambda: self.services.app_clients.replace(pool.id, self.client_id, spec))
        if secret is not None and not before.secret_matches(secret):
            ids.check("clientSecret", secret, ids.CLIENT_SECRET)
            works.append(lambda: self._replace_secret(before, secret))

        def work() -> None:
            for each in works:
                each()

        return f"{self.client_id} ({after.name})", bool(works), work

    def _ours(self, spec: ClientSpec) -> ClientSpec:
        return replace(spec, require_pkce=self.require_pkce, sso_max_validity_minutes=self.sso_minutes)

    def _replace_secret(self, client: AppClient, secret: str) -> None:
        """The secret of the file is the client's only one from now on."""
        clients, pool_id = self.services.app_clients, client.pool_id
        old = [each.secret_id for each in client.secrets]
        for secret_id in old[1:]:
            clients.delete_secret(pool_id, client.client_id, secret_id)
        clients.add_secret(pool_id, client.client_id, secret)
        clients.delete_secret(pool_id, client.client_id, old[0])


def _check_urls(item: Item, given: Json, problems: Problems) -> None:
    """The rule that the client is judged by, asked of each URL so that the place of a wrong one is known."""
    for name in _URLS:
        urls = given.get(name)
        for position, url in enumerate(urls if isinstance(urls, list) else ()):
            if isinstance(url, str):
                with problems.at(f"{item.place(name)}[{position}]"):
                    redirects.check(url)


def _sso(item: Item) -> int | None:
    configuration = item.members.get("SSOSession")
    if configuration is None:
        return None
    accepted = shapes.member("SetUserPoolClientSessionConfiguration", "SSOSession", configuration)
    minutes: int = accepted["MaxValidityMinutes"] if isinstance(accepted, dict) else 0
    return minutes


def _shown(client: AppClient) -> Json:
    ours = {"RequirePkce": client.requires_pkce, "SSOSession": client.sso_max_minutes}
    return undated(client_wire.from_client(Described(client))) | ours
