"""``/mfaSetup``: an app or an address becomes the second factor that the pool requires."""

import re

import pytest
from werkzeug.test import TestResponse

from app_client_authz.domain.pool import MfaChange
from tests.hosted_ui.site import (
    CALLBACK,
    CHOSEN,
    HOSTILE,
    PASSWORD,
    POOL_ID,
    STATE,
    TEMPORARY,
    Site,
    Visitor,
    alert,
    links,
    location,
    query,
    set_cookies,
    token,
)
from tests.hosted_ui.test_new_password import choose
from tests.hosted_ui.test_second_factor import (
    CODE,
    SETUP,
    WRONG_CODE,
    app_on,
    assert_starts_again,
    enter,
    require,
    secret_on,
    wait,
)
from tests.support.clock import MovableClock
from tests.support.mfa import SMS as SMS_CONFIGURATION
from tests.support.mfa import other


def enter_address(visitor: Visitor, address: str) -> TestResponse:
    return visitor.submit({"factor": "EMAIL_OTP", "email": address}, SETUP)


# --- an app is set up -----------------------------------------------------------------------------


def test_the_right_password_leads_to_a_secret_for_an_app(site: Site, visitor: Visitor) -> None:
    require(site)

    answer = visitor.sign_in()

    assert answer.headers["Location"] == f"/auth{SETUP}?{query()}"
    assert visitor.session is None
    assert "; HttpOnly" in set_cookies(answer)["authz-challenge"]
    assert "; Max-Age=300" in set_cookies(answer)["authz-challenge"]
    page = visitor.follow(answer)
    secret = secret_on(page)
    assert len(secret) == 52
    uri = links(page)["Open an app on this device"]
    assert uri == f"otpauth://totp/people:alice?secret={secret}&issuer=people"
    assert "no-store" in page.headers["Cache-Control"]
    assert page.text.count("<form") == 1
    assert "autofocus" not in page.text
    assert re.search(r'<input id="code"[^>]* inputmode="numeric" autocomplete="one-time-code"', page.text)


@pytest.mark.attack("R12")
def test_the_picture_needs_nothing_that_the_policy_forbids(site: Site, visitor: Visitor) -> None:
    require(site)

    page = visitor.follow(visitor.sign_in())

    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    picture = page.text.partition('<div class="qr"')[2].partition("</div>")[0]
    assert 'role="img" aria-label="QR code for an authenticator app"' in picture
    assert "<svg viewBox=" in picture
    for forbidden in ("style", "<image", "href", "<script", secret_on(page)):
        assert forbidden not in picture


def test_the_code_of_the_app_signs_in_and_the_next_sign_in_asks_for_one(
    site: Site, visitor: Visitor, clock: MovableClock
) -> None:
    require(site)
    app = app_on(visitor.follow(visitor.sign_in()), clock)

    answer = enter(visitor, f" {app.code()[:3]} {app.code()[3:]}", SETUP)

    target, parameters = location(answer)
    assert target == CALLBACK
    assert parameters["state"] == STATE
    assert "code" in parameters
    assert visitor.session is not None
    assert visitor.cookie("authz-challenge") is None
    wait(clock)
    again = site.visitor()
    assert location(again.sign_in())[0] == f"/auth{CODE}"
    assert "Open your authenticator app" in again.page(CODE).text
    assert location(enter(again, app.code()))[0] == CALLBACK
    assert again.session is not None


def test_a_refused_code_leaves_secret_and_step_as_they_are(site: Site, visitor: Visitor, clock: MovableClock) -> None:
    require(site)
    page = visitor.follow(visitor.sign_in())
    app = app_on(page, clock)

    answer = enter(visitor, app.wrong(), SETUP)

    assert answer.status_code == 400
    assert alert(answer) == "Code mismatch"
    assert secret_on(answer) == secret_on(visitor.page(SETUP)) == secret_on(page)
    assert alert(enter(visitor, " ", SETUP)) == "Enter the code."
    assert visitor.session is None
    assert location(enter(visitor, app.code(), SETUP))[0] == CALLBACK


@pytest.mark.attack("R13")
def test_another_browser_with_the_same_password_is_not_shown_the_secret(
    site: Site, visitor: Visitor, clock: MovableClock
) -> None:
    require(site)
    first = visitor.follow(visitor.sign_in())
    elsewhere = site.visitor()
    second = elsewhere.follow(elsewhere.sign_in())
    form = {"_csrf": token(first), "code": app_on(first, clock).code()}

    assert secret_on(first) != secret_on(second)
    assert_starts_again(visitor, visitor.post(f"{SETUP}?{query()}", form))
    assert location(enter(elsewhere, app_on(second, clock).code(), SETUP))[0] == CALLBACK


@pytest.mark.attack("R13")
def test_a_page_whose_secret_was_replaced_shows_none(site: Site, visitor: Visitor) -> None:
    require(site)
    visitor.sign_in()
    site.visitor().sign_in()

    assert_starts_again(visitor, visitor.page(SETUP))


@pytest.mark.attack("R18")
def test_who_only_knows_the_password_adds_no_app_beside_one_that_was_set_up_meanwhile(
    site: Site, visitor: Visitor, clock: MovableClock
) -> None:
    require(site)
    thief = site.visitor()
    thief.sign_in()
    app = app_on(visitor.follow(visitor.sign_in()), clock)
    stale = {"_csrf": token(thief.page()), "code": app.wrong()}
    enter(visitor, app.code(), SETUP)

    assert_starts_again(thief, thief.post(f"{SETUP}?{query()}", stale))


def test_after_a_temporary_password_the_own_one_comes_first(site: Site, visitor: Visitor, clock: MovableClock) -> None:
    require(site)
    assert location(visitor.sign_in("newcomer", TEMPORARY))[0] == "/auth/changePassword"
    assert location(visitor.page(SETUP))[0] == "/auth/login"
    visitor.sign_in("newcomer", TEMPORARY)

    answer = choose(visitor)

    assert location(answer)[0] == f"/auth{SETUP}"
    assert visitor.session is None
    app = app_on(visitor.follow(answer), clock)
    assert location(enter(visitor, app.code(), SETUP))[0] == CALLBACK
    wait(clock)
    assert location(visitor.sign_in("newcomer", CHOSEN))[0] == f"/auth{CODE}"


def test_a_name_that_is_too_long_for_a_picture_is_shortened(site: Site, visitor: Visitor) -> None:
    name = "語" * 128
    site.services.users.create(POOL_ID, name, {"given_name": HOSTILE}, password=PASSWORD, permanent=True)
    require(site)

    page = visitor.follow(visitor.sign_in(name))

    assert page.status_code == 200
    assert links(page)["Open an app on this device"].count("%E8%AA%9E") == 47
    assert "<svg" in page.text


def test_where_only_an_administrator_can_help_the_page_says_so(site: Site, visitor: Visitor) -> None:
    change = MfaChange(mode="ON", sms=True, sms_configuration=SMS_CONFIGURATION)
    site.services.pool_settings.set_mfa(POOL_ID, change)

    page = visitor.follow(visitor.sign_in())

    assert "Please contact an administrator." in page.text
    assert "<form" not in page.text
    answer = visitor.post(f"{SETUP}?{query()}", {"_csrf": token(visitor.page()), "code": "123456"})
    assert alert(answer) == "Software Token MFA has not been enabled by the userPool"


# --- an address is set up -------------------------------------------------------------------------


def test_an_email_address_is_set_up_with_the_code_that_went_there(site: Site, visitor: Visitor) -> None:
    require(site, every=True)
    page = visitor.follow(visitor.sign_in())
    assert secret_on(page)
    assert "or use email" in page.text

    answer = enter_address(visitor, " alice@example.org ")

    assert location(answer)[0] == f"/auth{CODE}"
    shown = visitor.follow(answer).text
    assert "We have sent a code by email to a***@e***." in shown
    assert "alice@example.org" not in shown
    assert visitor.session is None
    code = sent_to(site, POOL_ID, "alice")[0]
    assert alert(enter(visitor, other(code))) == WRONG_CODE
    assert location(enter(visitor, code))[0] == CALLBACK
    attributes = site.services.users.describe(POOL_ID, "alice").attributes
    assert (attributes["email"], attributes["email_verified"]) == ("alice@example.org", "true")
    assert location(site.visitor().sign_in())[0] == f"/auth{CODE}"


@pytest.mark.parametrize(
    "address, message",
    [("", "Enter an email address."), (" ", "Enter an email address."), ("x", "Invalid email address format.")],
)
def test_what_is_no_address_is_refused(site: Site, visitor: Visitor, address: str, message: str) -> None:
    require(site, every=True)
    page = visitor.follow(visitor.sign_in())

    answer = enter_address(visitor, address)

    assert answer.status_code == 400
    assert alert(answer) == message
    assert secret_on(answer) == secret_on(page)


@pytest.mark.attack("R18")
def test_an_address_that_is_there_is_not_replaced_by_another(site: Site, visitor: Visitor) -> None:
    site.services.users.update_attributes(POOL_ID, "alice", {"email": "alice@example.org"})
    require(site, every=True)
    visitor.sign_in()

    answer = enter_address(visitor, "mallory@example.org")

    assert alert(answer) == "Cannot modify an already provided email"
    assert "alice@example.org" not in answer.text
    assert sent_to(site, POOL_ID, "alice") == []


@pytest.mark.attack("R16")
def test_a_pool_without_email_as_a_factor_takes_no_address(site: Site, visitor: Visitor) -> None:
    require(site)
    visitor.sign_in()

    answer = enter_address(visitor, "alice@example.org")

    assert answer.status_code == 400
    assert alert(answer) == "EMAIL_OTP cannot be set up."


def sent_to(site: Site, pool_id: str, name: str) -> list[str]:
    """The codes that the user was sent, the newest first."""
    assert site.services.outbox is not None
    sub = site.services.users.describe(pool_id, name).sub
    return [each.code for each in site.services.outbox.of_user(pool_id, sub)]
