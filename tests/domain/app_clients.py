"""Pools and app clients for tests of the domain."""

from collections.abc import Collection

from app_client_authz.domain.app_client import AppClient, ClientSpec
from app_client_authz.domain.pool import PoolSpec, SchemaAttribute, UserPool

NOW = 1_790_257_840.684
POOL_ID = "us-east-1_Wp2dgnB2B"
CLIENT_ID = "7cauc5deq23ueku0n4tmqlgidr"
CALLBACK = "https://app.example/callback"
SECRET = "1" + "v" * 51
SCOPES = ("orders/read", "orders/write", "https://api.example/v1/read")

POOL_SCHEMA = (
    SchemaAttribute("email", required=True),
    SchemaAttribute("custom:team"),
    SchemaAttribute("employee", mutable=False),
    SchemaAttribute("level", developer_only=True),
)


def user_pool(tier: str = "ESSENTIALS", schema: tuple[SchemaAttribute, ...] = ()) -> UserPool:
    return UserPool.create(PoolSpec(name="customers", tier=tier, schema=schema), pool_id=POOL_ID, now=NOW)


def make(
    *,
    pool: UserPool | None = None,
    scopes_available: Collection[str] = SCOPES,
    providers: Collection[str] = ("Google",),
    **members: object,
) -> AppClient:
    """A client with these members of CreateUserPoolClient; whatever the types, as a face would hand them in."""
    spec = ClientSpec(**{"client_name": "web", **members})  # type: ignore[arg-type]
    return AppClient.create(
        spec,
        client_id=CLIENT_ID,
        pool=pool or user_pool(),
        scopes_available=scopes_available,
        providers=providers,
        now=NOW,
        generated_secret=SECRET,
    )


def update(client: AppClient, *, pool: UserPool | None = None, now: float = NOW + 60, **members: object) -> AppClient:
    """The client after an update with these members."""
    spec = ClientSpec(**{"client_name": client.name, **members})  # type: ignore[arg-type]
    return client.replace(spec, pool=pool or user_pool(), scopes_available=SCOPES, providers=("Google",), now=now)


def oauth_client(**members: object) -> AppClient:
    """A public client for the code flow with all built-in and two custom scopes."""
    defaults: dict[str, object] = {
        "allowed_oauth_flows_user_pool_client": True,
        "allowed_oauth_flows": ("code",),
        "allowed_oauth_scopes": (
            "openid",
            "orders/write",
            "email",
            "profile",
            "phone",
            "aws.cognito.signin.user.admin",
            "orders/read",
        ),
        "callback_urls": (CALLBACK,),
    }
    return make(**(defaults | members))


def machine_client(**members: object) -> AppClient:
    """A confidential client for client_credentials."""
    defaults: dict[str, object] = {
        "generate_secret": True,
        "allowed_oauth_flows_user_pool_client": True,
        "allowed_oauth_flows": ("client_credentials",),
        "allowed_oauth_scopes": ("orders/write", "orders/read"),
    }
    return make(**(defaults | members))
