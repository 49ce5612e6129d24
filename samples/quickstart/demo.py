"""The demo site: made at the first start, found again at every other. ``flask authz`` makes the same by hand."""

from dataclasses import dataclass, field, replace

from app_client_authz.domain.app_client import AppClient, ClientSpec
from app_client_authz.domain.errors import ResourceNotFound, UserNotFound
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.services.app_clients import Described
from app_client_authz.services.registry import Services

POOL = "Quickstart"
USERS = {"kim": ("Kim Sample", "Quickstart-1", True), "noor": ("Noor Sample", "Temporary-1", False)}
"""Username → name, password, and whether the password is for good."""


@dataclass(frozen=True)
class Demo:
    """What the app has to know of it."""

    pool_id: str
    web: AppClient
    web_secret: str = field(repr=False)
    spa: AppClient
    machine: AppClient
    machine_secret: str = field(repr=False)


def prepare(authz: Services, site: str) -> Demo:
    """The demo site, made as far as it is not there yet."""
    pool = next((pool for pool in authz.pools.all() if pool.name == POOL), None)
    pool_id = (pool or authz.pools.create(PoolSpec(name=POOL, alias_attributes=("email",)))).id
    try:
        authz.resource_servers.describe(pool_id, "orders")
    except ResourceNotFound:
        scopes = (ResourceServerScope("read", "Read orders"), ResourceServerScope("write", "Change orders"))
        authz.resource_servers.create(
            ResourceServer.create(pool_id=pool_id, identifier="orders", name="Orders API", scopes=scopes)
        )
    for username, (name, password, permanent) in USERS.items():
        try:
            authz.users.describe(pool_id, username)
        except UserNotFound:
            given = {"name": name, "email": f"{username}@example.com", "email_verified": "true"}
            authz.users.create(pool_id, username, given, password=password, permanent=permanent)

    signs_people_in = ClientSpec(
        client_name="Quickstart web app",
        allowed_oauth_flows_user_pool_client=True,
        allowed_oauth_flows=("code",),
        allowed_oauth_scopes=("openid", "email", "profile"),
        supported_identity_providers=("COGNITO",),
        prevent_user_existence_errors="ENABLED",
        callback_urls=(f"{site}/callback",),
        logout_urls=(f"{site}/",),
    )
    web = _client(authz, pool_id, replace(signs_people_in, generate_secret=True))
    spa = _client(
        authz,
        pool_id,
        replace(
            signs_people_in,
            client_name="Quickstart single-page app",
            require_pkce=True,  # it has no secret
            callback_urls=(f"{site}/spa",),
            logout_urls=(f"{site}/spa",),
        ),
    )
    machine = _client(
        authz,
        pool_id,
        ClientSpec(
            client_name="Quickstart machine",
            generate_secret=True,
            allowed_oauth_flows_user_pool_client=True,
            allowed_oauth_flows=("client_credentials",),
            allowed_oauth_scopes=("orders/read", "orders/write"),
        ),
    )
    return Demo(pool_id, web.client, web.secret or "", spa.client, machine.client, machine.secret or "")


def _client(authz: Services, pool_id: str, spec: ClientSpec) -> Described:
    """The client of that name, whose URLs follow the site to another port."""
    found = next((c for c in authz.app_clients.all(pool_id) if c.name == spec.client_name), None)
    if found is None:
        return authz.app_clients.create(pool_id, spec)
    if not set(spec.callback_urls or ()) <= set(found.callback_urls):
        moved = replace(
            found.spec,
            callback_urls=(*found.callback_urls, *spec.callback_urls),
            logout_urls=(*found.logout_urls, *spec.logout_urls),
        )
        return authz.app_clients.replace(pool_id, found.client_id, moved)
    return authz.app_clients.describe(pool_id, found.client_id)


def announcement(made: Demo, site: str) -> str:
    """What to click, and who to be."""
    users = "\n".join(
        f"    {username:<6}{password:<14}{'signs in' if permanent else 'is asked for a new password, once'}"
        for username, (_, password, permanent) in USERS.items()
    )
    return f"""
  Open {site} and click "Sign in". Username and password:

{users}

  Then sign in to the second app, {site}/spa: no password, that is single sign-on.

  A machine gets a token for the orders API with

    {curl(made, site, secret=made.machine_secret)}

  Everything is kept in samples/quickstart/instance: delete that folder to start anew.
"""


def curl(made: Demo, site: str, *, secret: str) -> str:
    credentials = f"{made.machine.client_id}:{secret}"
    return f"curl -u {credentials} -d grant_type=client_credentials -d scope=orders/read {site}/auth/oauth2/token"
