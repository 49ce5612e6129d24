"""Machines whose tokens open ``orders/read``, in pools that are made for them."""

from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope


def orders_pool(app: Flask, name: str) -> UserPool:
    """A new pool with the scope ``orders/read``."""
    services = AppClientAuthz.services(app)
    pool = services.pools.create(PoolSpec(name=name))
    scopes = [ResourceServerScope("read", "Read")]
    services.resource_servers.create(
        ResourceServer.create(pool_id=pool.id, identifier="orders", name="Orders", scopes=scopes)
    )
    return pool


def machine_token(app: Flask, pool: UserPool, base_url: str = "http://localhost", prefix: str = "/auth") -> str:
    """A token of a new machine of the pool."""
    spec = ClientSpec(
        client_name="machine",
        generate_secret=True,
        allowed_oauth_flows=("client_credentials",),
        allowed_oauth_scopes=("orders/read",),
        allowed_oauth_flows_user_pool_client=True,
    )
    made = AppClientAuthz.services(app).app_clients.create(pool.id, spec)
    body = {"client_id": made.client.client_id, "client_secret": made.secret, "grant_type": "client_credentials"}
    answer = app.test_client().post(f"{prefix}/oauth2/token", data=body, base_url=base_url)
    assert answer.status_code == 200, answer.text
    return str(answer.json["access_token"])
