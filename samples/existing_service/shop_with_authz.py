"""The shop with an authorization server inside: apps of others sign in its customers, and read their orders.

This module is all that came to it. The files of the shop are as they were.
"""

from flask import Blueprint, Flask
from flask_login import current_user, logout_user
from shop import MIGRATIONS
from shop import create_app as create_shop
from shop.models import Customer, db, migrate, orders_of

from app_client_authz import AppClientAuthz, current_token, include_name, require_scope
from app_client_authz.directories import ModelDirectory

authz = AppClientAuthz()

# The customers stay where they are. Tokens tell their number, which never changes; an e-mail address may.
authz.user_directory(
    ModelDirectory(
        db,
        Customer,
        names=["email"],
        password="password_hash",
        username=lambda customer: str(customer.id),
        active="active",
        attributes={"email": "email", "name": "name"},
    )
)


@authz.host_session(sign_out=logout_user)
def customer_at_the_shop() -> str | None:
    """Whoever is signed in at the shop's own pages is not asked again."""
    return current_user.get_id()


api = Blueprint("api", __name__, url_prefix="/api")


@api.get("/orders")
@require_scope("orders/read")
def list_orders() -> dict[str, object]:
    """The orders of the customer whose token it is."""
    placed = orders_of(int(current_token.username)) if current_token.username else []
    return {"orders": [{"item": order.item, "quantity": order.quantity} for order in placed]}


def create_app(**config: object) -> Flask:
    """As the shop's own factory."""
    app = create_shop(AUTHZ_FACES=("oauth", "hosted_ui"), **config)
    authz.init_app(app, db)
    app.register_blueprint(api)
    # So that "flask db migrate" does not propose to drop the tables that its models do not know.
    migrate.init_app(app, db, directory=str(MIGRATIONS), include_name=include_name)
    return app
