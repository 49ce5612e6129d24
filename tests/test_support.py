"""The tests' own tools hold what the tests rely on."""

import socket
from collections.abc import Callable

import pytest
import requests
import sqlalchemy as sa
from flask import Flask, request
from playwright.sync_api import BrowserContext

from tests.support.clock import MovableClock
from tests.support.live import LiveServer


@pytest.fixture
def greeting() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: f"<h1>Hello {request.args.get('name', 'world')}</h1>")
    return app


def test_clock_moves_only_on_demand(clock: MovableClock) -> None:
    before = clock()

    assert clock() == before
    assert clock.advance(60) == clock() == before + 60


def test_each_test_gets_an_empty_migrated_database(engine: sa.Engine, database: str) -> None:
    assert engine.dialect.name == database
    with engine.begin() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM authz_pools")) == 0
        connection.execute(sa.text("INSERT INTO authz_canary (id, sealed) VALUES (1, '')"))


def test_other_machines_are_out_of_reach() -> None:
    with socket.socket() as outside, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        outside.connect(("192.0.2.1", 443))


def test_live_server_answers_over_http(greeting: Flask, live_server: Callable[..., LiveServer]) -> None:
    answer = requests.get(live_server(greeting).url, params={"name": "you"}, timeout=5)

    assert answer.text == "<h1>Hello you</h1>"


@pytest.mark.browser
def test_browser_sees_a_live_server(
    greeting: Flask, live_server: Callable[..., LiveServer], browser: BrowserContext
) -> None:
    page = browser.new_page()

    page.goto(live_server(greeting, host="localhost").url)

    assert page.inner_text("h1") == "Hello world"
