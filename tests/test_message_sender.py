"""Which sender an app gets: the host's own, or the one that the settings name."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.domain.message import Message
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.user import User
from app_client_authz.senders.smtp import SmtpSender

SMTP = {"AUTHZ_MESSAGE_SENDER": "smtp", "AUTHZ_SMTP_HOST": "localhost", "AUTHZ_SMTP_FROM": "login@example.com"}


class Recorder:
    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        self.sent.append(message)


@pytest.fixture
def app_with(sqlite_url_migrated: str) -> Callable[..., Flask]:
    def make(**config: Any) -> Flask:
        app = Flask(__name__)
        app.config.update(
            SECRET_KEY="s" * 40,
            SQLALCHEMY_DATABASE_URI=sqlite_url_migrated,
            AUTHZ_PASSWORD_HASH_MEMORY_KIB=8,
            AUTHZ_PASSWORD_HASH_TIME_COST=1,
            **config,
        )
        return app

    return make


def invite(app: Flask) -> User:
    services = AppClientAuthz.services(app)
    pool = services.pools.create(PoolSpec(name="demo"))
    user = services.users.create(pool.id, "kim", {"email": "kim@example.com"})
    services.delivery.invite(pool, user, "Temp-1", ["EMAIL"])
    return user


def test_without_a_word_messages_are_kept(app_with: Callable[..., Flask]) -> None:
    app = app_with()
    AppClientAuthz(app)
    user = invite(app)

    outbox = AppClientAuthz.services(app).outbox
    assert outbox is not None
    assert [each.code for each in outbox.of_user(user.pool_id, user.sub)] == ["Temp-1"]


@pytest.mark.parametrize("config", [{}, SMTP], ids=["development", "smtp"])
def test_a_sender_of_the_host_gets_all_messages(app_with: Callable[..., Flask], config: dict[str, str]) -> None:
    by_constructor, by_init_app, by_both = Recorder(), Recorder(), Recorder()
    apps = [app_with(**config) for _ in range(3)]
    AppClientAuthz(apps[0], sender=by_constructor)
    AppClientAuthz().init_app(apps[1], sender=by_init_app)
    AppClientAuthz(sender=by_constructor).init_app(apps[2], sender=by_both)

    for app in apps:
        invite(app)

    assert [len(each.sent) for each in (by_constructor, by_init_app, by_both)] == [1, 1, 1]
    assert [AppClientAuthz.services(app).outbox for app in apps] == [None, None, None]


def test_a_start_that_sends_no_mail_loads_nothing_for_it() -> None:
    program = (
        "import sys; from flask import Flask; from app_client_authz import AppClientAuthz\n"
        "app = Flask('x'); app.config.update(SECRET_KEY='s' * 40, SQLALCHEMY_DATABASE_URI='sqlite://')\n"
        "AppClientAuthz(app); print('smtplib' in sys.modules)"
    )

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "False"


def test_the_sender_that_the_settings_name_is_used(app_with: Callable[..., Flask]) -> None:
    app = app_with(**SMTP)
    AppClientAuthz(app)

    assert isinstance(AppClientAuthz.services(app).delivery._sender, SmtpSender)
