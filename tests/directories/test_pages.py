"""The pages of a pool whose directory also creates users and sets passwords."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask

from app_client_authz.directories import WritableModelDirectory
from tests.directories.conftest import Host, Visit, cheap, small_hashes, web_client
from tests.support.live import LiveServer
from tests.support.members import PASSWORD
from tests.support.site import claims

NEW_PASSWORD = "Another-h0rse-battery"


@pytest.fixture
def kim(host: Host) -> Host:
    """A host with kim, whose table the pool also writes to."""
    host.add(username="kim", email="kim@example.com", password_hash=cheap(), email_checked=True)
    host.serve(
        WritableModelDirectory(
            host.db,
            host.member,
            names=["username", "email"],
            password="password_hash",
            attributes={"email": "email", "email_verified": "email_checked"},
            active="is_active",
            hashes=small_hashes(),
        )
    )
    host.client = web_client(host.cognito, host.pool)
    return host


@pytest.fixture
def visit(kim: Host, live_server: Callable[[Flask], LiveServer], visits: Callable[[str, str], Visit]) -> Visit:
    return visits(live_server(kim.app).url, kim.client)


def asked(visit: Visit) -> str:
    return urlsplit(visit.authorize().headers["Location"]).query


def test_who_registers_is_a_row_of_the_host_and_signed_in(visit: Visit, kim: Host) -> None:
    confirmed: list[str] = []

    @kim.authz.trigger("PostConfirmation")
    def note(event: dict[str, object]) -> dict[str, object]:
        confirmed.append(str(event["userName"]))
        return event

    page = visit.get(f"/auth/signup?{asked(visit)}")
    answer = visit.submit(page, username="ada", password=PASSWORD, confirm_password=PASSWORD)

    assert claims(visit.redeem(visit.code_of(answer))["id_token"])["cognito:username"] == "ada"
    assert kim.stored("ada") is not None
    assert confirmed == ["ada"]


def test_a_forgotten_password_is_replaced_in_the_row_of_the_host(visit: Visit, kim: Host) -> None:
    sent = visit.submit(visit.get(f"/auth/forgotPassword?{asked(visit)}"), username="kim@example.com")
    outbox = kim.authz.services(kim.app).outbox
    assert outbox is not None
    (user,) = kim.cognito.list_users(UserPoolId=kim.pool)["Users"]
    sub = next(each["Value"] for each in user["Attributes"] if each["Name"] == "sub")
    code = outbox.of_user(kim.pool, sub)[0].code

    reset = visit.get(sent.headers["Location"])
    done = visit.submit(reset, username="kim", code=code, password=NEW_PASSWORD, confirm_password=NEW_PASSWORD)

    assert done.headers["Location"].startswith("/auth/login")
    assert check_password(kim, NEW_PASSWORD)
    assert visit.code_of(visit.submit(visit.page(), username="kim", password=NEW_PASSWORD))


def check_password(host: Host, password: str) -> bool:
    return small_hashes().verify(host.stored().password_hash, password)
