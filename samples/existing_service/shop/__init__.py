"""An order service with customers, pages and a database of its own."""

from pathlib import Path

from flask import Flask

from shop.customers import customers
from shop.models import db, migrate
from shop.pages import login_manager, pages

MIGRATIONS = Path(__file__).with_name("migrations")


def create_app(**config: object) -> Flask:
    """The service; settings come from ``SHOP_...`` of the environment, or from the caller."""
    app = Flask(__name__)
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite:///shop.db", SESSION_COOKIE_SAMESITE="Lax")
    app.config.from_prefixed_env("SHOP")
    app.config.update(config)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS))
    login_manager.init_app(app)
    app.register_blueprint(pages)
    app.cli.add_command(customers)
    return app
