"""The orders service. Of the authorization server it knows one thing, the issuer: keys come from its JWKS URL."""

from flask import Flask

from app_client_authz import TokenGuard, require_scope

ORDERS = [
    {"id": 1, "customer": "Kim", "cents": 1250},
    {"id": 2, "customer": "Noor", "cents": 400},
    {"id": 3, "customer": "Kim", "cents": 3075},
]


def create_app(issuer: str) -> Flask:
    app = Flask("orders")
    app.config["AUTHZ_GUARD_POOLS"] = {issuer: {"client_ids": None}}  # any client of the pool: scopes decide
    TokenGuard(app)

    @app.get("/orders")
    @require_scope("orders/read")
    def orders() -> list[dict[str, object]]:
        return ORDERS

    return app
