"""The shop before and after: its own tests pass with both, and an app of somebody else's signs its customers in."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from tests.samples.launching import SAMPLES, Sample, launched, module, modules_of
from tests.support.documents import run, run_block, taken

SAMPLE = SAMPLES / "existing_service"

pytestmark = [pytest.mark.xdist_group("existing_service"), pytest.mark.slow]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample in a folder that the tests of its owner share."""
    folder = tmp_path_factory.mktemp("owner") / "existing_service"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("instance", "__pycache__", ".pytest_cache"))
    return folder


# --- what the owner of the shop does --------------------------------------------------------------


def test_shops_own_tests_pass_before_and_after(copy: Path) -> None:
    told = run_block(copy, taken("docs/how-to/existing-service.md", "python -m pytest"))

    before, after = re.findall(r"(\d+) passed", told)
    assert before == after != "0"


def test_shops_own_tests_would_notice_a_broken_shop(copy: Path) -> None:
    (copy / "broken.py").write_text("import flask\ncreate_app = lambda **config: flask.Flask('broken')\n")

    with pytest.raises(AssertionError, match=r"failed|error"):
        run(copy, "python", "-m", "pytest", "-x", SHOP_FACTORY="broken:create_app")


def test_both_migrations_run_side_by_side_and_autogenerate_keeps_to_its_own(copy: Path) -> None:
    commands = taken("docs/how-to/existing-service.md", "export SHOP_SECRET_KEY")
    run_block(copy, f"{commands}\nflask --app shop_with_authz db check")

    tables = sa.inspect(sa.create_engine(f"sqlite:///{copy}/instance/shop.db")).get_table_names()
    assert {"customer", "order", "alembic_version", "authz_users", "authz_alembic_version"} <= set(tables)
    # The shop as it was would drop what it does not know.
    with pytest.raises(AssertionError, match="remove_table"):
        run(copy, "flask", "--app", "shop", "db", "check", SHOP_SECRET_KEY="s" * 40)


# --- what its customers see -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with launched(SAMPLE, servers=2, log=tmp_path_factory.mktemp("existing_service") / "log") as sample:
        yield sample


@pytest.fixture
def page(browser: BrowserContext) -> Page:
    return browser.new_page()


def sign_in(page: Page, label: str) -> None:
    page.get_by_label(label).fill("ann@example.com")
    page.get_by_label("Password", exact=True).fill("Lamp-and-chair-2")
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.browser
def test_customer_signs_in_at_the_courier_with_the_password_of_the_shop(running: Sample, page: Page) -> None:
    page.goto(running.url(1))
    page.get_by_role("link", name="Sign in at the shop").click()
    sign_in(page, "Email")

    expect(page.get_by_role("heading")).to_have_text("Deliveries for Ann")
    expect(page.get_by_role("listitem")).to_have_text("2 × Lamp")


@pytest.mark.browser
def test_customer_who_is_at_the_shop_is_not_asked_again_until_signing_out(running: Sample, page: Page) -> None:
    page.goto(running.url())
    sign_in(page, "E-mail")
    page.goto(running.url(1))
    page.get_by_role("link", name="Sign in at the shop").click()
    expect(page.get_by_role("heading")).to_have_text("Deliveries for Ann")

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading")).to_have_text("Courier")
    page.goto(running.url())
    expect(page.get_by_label("E-mail")).to_be_visible()


def test_start_says_where_to_look_and_nothing_went_wrong(running: Sample) -> None:
    assert [line.split()[0] for line in running.commands()] == [running.url(1), running.url()]
    assert "ERROR" not in running.output


# --- customers who go away ------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Flask, ModuleType, str]]:
    """The app, the module of its models, and the access token of a customer who signed in."""
    with modules_of("existing_service"):
        models, run_module = module("shop.models"), module("run")
        app = module("shop_with_authz").create_app(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI="sqlite://")
        with app.app_context():
            models.db.create_all()
        run_module.add_customer(app)
        made = run_module.registered(app, "http://localhost", "http://localhost:5001")
        yield app, models, token_of(app, made)


def token_of(app: Flask, made: object) -> str:
    browser = app.test_client()
    browser.post("/sign-in", data={"email": "ann@example.com", "password": "Lamp-and-chair-2"})
    asked = {
        "response_type": "code",
        "client_id": made.client_id,  # type: ignore[attr-defined]
        "redirect_uri": "http://localhost:5001/callback",
        "scope": "openid orders/read",
    }
    sent = browser.get("/auth/oauth2/authorize", query_string=asked)
    form = {
        "grant_type": "authorization_code",
        "code": re.search(r"code=([^&]+)", sent.location)[1],  # type: ignore[index]
        "redirect_uri": asked["redirect_uri"],
        "client_id": made.client_id,  # type: ignore[attr-defined]
        "client_secret": made.client_secret,  # type: ignore[attr-defined]
    }
    answer = app.test_client().post("/auth/oauth2/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json["access_token"])


def orders(app: Flask, token: str) -> tuple[int, object]:
    answer = app.test_client().get("/api/orders", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json


@pytest.mark.attack("R18")
def test_customer_who_is_shut_out_is_shut_out_of_the_api_at_once(shop: tuple[Flask, ModuleType, str]) -> None:
    app, models, token = shop
    assert orders(app, token) == (200, {"orders": [{"item": "Lamp", "quantity": 2}]})

    with app.app_context():
        models.db.session.execute(models.db.update(models.Customer).values(active=False))
        models.db.session.commit()

    assert orders(app, token)[0] == 401
