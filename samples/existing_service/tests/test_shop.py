"""What the shop promises to its customers.

``SHOP_FACTORY=module:function`` names the app to test; without it, it is the shop's own.
"""

import os
import shutil
from importlib import import_module
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from flask.testing import FlaskClient
from shop.models import Customer, db

PASSWORD = "a password of Ann's"


def create_app(database: Path) -> Flask:
    module, _, factory = os.environ.get("SHOP_FACTORY", "shop:create_app").partition(":")
    app: Flask = getattr(import_module(module), factory)(
        TESTING=True,
        SECRET_KEY="for tests only, and long enough",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{database}",
    )
    return app


@pytest.fixture(scope="session")
def opened_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a shop with two customers, for each test to copy."""
    database = tmp_path_factory.mktemp("opened") / "shop.db"
    app = create_app(database)
    with app.app_context():
        flask_migrate.upgrade()
        for email, name in (("ann@example.com", "Ann"), ("bob@example.com", "Bob")):
            customer = Customer(email=email, name=name)
            customer.set_password(PASSWORD)
            db.session.add(customer)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return database


@pytest.fixture
def app(tmp_path: Path, opened_shop: Path) -> Flask:
    return create_app(Path(shutil.copy(opened_shop, tmp_path)))


@pytest.fixture
def ann(app: Flask) -> FlaskClient:
    return signed_in(app, "ann@example.com")


def signed_in(app: Flask, email: str) -> FlaskClient:
    browser = app.test_client()
    assert browser.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 302
    return browser


def test_orders_are_for_customers(app: Flask) -> None:
    assert app.test_client().get("/").location.startswith("/sign-in")


def test_wrong_password_lets_nobody_in(app: Flask) -> None:
    browser = app.test_client()
    refused = browser.post("/sign-in", data={"email": "ann@example.com", "password": "wrong"})

    assert refused.status_code == 401
    assert "Wrong e-mail address or password." in refused.text
    assert browser.get("/").status_code == 302


def test_customer_who_was_shut_out_stays_out(app: Flask) -> None:
    with app.app_context():
        db.session.execute(db.update(Customer).values(active=False))
        db.session.commit()

    refused = app.test_client().post("/sign-in", data={"email": "ann@example.com", "password": PASSWORD})
    assert refused.status_code == 401


def test_customer_sees_what_was_ordered(ann: FlaskClient) -> None:
    ann.post("/orders", data={"item": "Lamp", "quantity": "2"})

    assert "2 × Lamp" in ann.get("/").text


def test_customers_see_their_own_orders_only(app: Flask, ann: FlaskClient) -> None:
    ann.post("/orders", data={"item": "Lamp", "quantity": "2"})

    assert "Lamp" not in signed_in(app, "bob@example.com").get("/").text


@pytest.mark.parametrize("form", [{"item": "Lamp"}, {"item": "", "quantity": "1"}, {"item": "Lamp", "quantity": "0"}])
def test_order_that_makes_no_sense_is_refused(ann: FlaskClient, form: dict[str, str]) -> None:
    assert ann.post("/orders", data=form).status_code == 400


def test_signing_out_ends_it(ann: FlaskClient) -> None:
    ann.post("/sign-out")

    assert ann.get("/").status_code == 302


def test_customers_are_added_by_command(app: Flask) -> None:
    added = app.test_cli_runner().invoke(args=["customer", "add", "Cy@example.com", "Cy", "--password", PASSWORD])

    assert added.exit_code == 0, added.output
    assert "Orders of Cy" in signed_in(app, "cy@example.com").get("/").text


def test_models_need_no_other_migration(app: Flask) -> None:
    with app.app_context():
        flask_migrate.check()
