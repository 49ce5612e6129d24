"""The pages as Chromium shows them: policy, keyboard, narrow windows, contrast, dark mode."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from flask import Flask, redirect
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.wrappers import Response

from app_client_authz.domain.pool import MfaChange
from app_client_authz.domain.pool_settings import EmailConfiguration, EmailMfaConfiguration
from app_client_authz.domain.user_mfa import EMAIL, SMS, Wish
from tests.hosted_ui.site import (
    CHOSEN,
    ENABLED,
    MEMBERS,
    MEMBERS_POOL_ID,
    PASSWORD,
    POOL_ID,
    TEMPORARY,
    Site,
    client_spec,
    query,
)
from tests.support.live import LiveServer
from tests.support.mfa import PHONE, App
from tests.support.mfa import SMS as SMS_CONFIGURATION

pytestmark = pytest.mark.browser

# WCAG 2.2, "relative luminance" and "contrast ratio", for every text on the page and every edge of an input.
CONTRASTS = """() => {
  const parse = color => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05) };
  const ground = node => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const node of document.querySelectorAll("main *")) {
    const style = getComputedStyle(node), box = node.getBoundingClientRect();
    if (!box.width) continue;
    if ([...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim()))
      found.push([node.tagName, ratio(parse(style.color), ground(node)) / 4.5]);
    if (node.tagName === "INPUT")
      found.push(["edge", ratio(parse(style.borderTopColor), ground(node.parentElement)) / 3]);
  }
  return found;
}"""


@dataclass
class Live:
    """A furnished server with an application beside it, on real sockets."""

    site: Site
    url: str

    @property
    def callback(self) -> str:
        return f"{self.url}/app/callback"

    def page(self, path: str = "/login", **changes: str | None) -> str:
        return f"{self.url}/auth{path}?{query(**{'redirect_uri': self.callback, **changes})}"


@pytest.fixture
def live(site: Site, live_server: Callable[..., LiveServer]) -> Live:
    app: Flask = site.app
    app.add_url_rule("/app/callback", view_func=lambda: redirect("/app/home"), endpoint="callback")
    app.add_url_rule("/app/home", view_func=lambda: Response("home", content_type="text/plain"), endpoint="home")
    app.add_url_rule("/favicon.ico", view_func=lambda: Response(status=204), endpoint="icon")
    server = live_server(app, host="localhost")
    for client_id in (ENABLED, MEMBERS):
        site.replace(client_id, callback_urls=(f"{server.url}/app/callback",))
    return Live(site, server.url)


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """A tab in which a breach of the page's own policy fails the test."""
    tab = browser.new_page()
    breaches: list[str] = []
    tab.on("console", lambda message: breaches.append(message.text) if "Content Security" in message.text else None)
    yield tab
    assert not breaches


def test_a_person_signs_in_by_keyboard_alone(live: Live, page: Page) -> None:
    page.goto(live.page())
    page.wait_for_selector("#username:focus")
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type("not this")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert page.inner_text("[role=alert]") == "Incorrect username or password."
    assert page.title().startswith("Error: ")
    page.wait_for_selector("#password:focus")
    assert page.input_value("#username") == "alice"

    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_url("**/app/home")


def test_a_person_chooses_a_password_and_is_offered_to_go_on(live: Live, page: Page) -> None:
    page.goto(live.page())
    page.fill("[name=username]", "newcomer")
    page.fill("[name=password]", TEMPORARY)
    page.click("[name=signInSubmitButton]")
    page.wait_for_selector("#password[autocomplete=new-password]:focus")
    page.keyboard.type(CHOSEN)
    page.keyboard.press("Tab")
    page.keyboard.type(CHOSEN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/home")

    page.goto(live.page())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Sign in as newcomer"
    page.keyboard.press("Enter")

    page.wait_for_url("**/app/home")


def test_a_person_signs_up_and_is_signed_in_by_the_code(live: Live, page: Page) -> None:
    page.goto(live.page(client_id=MEMBERS))
    page.get_by_role("link", name="Sign up").click()
    page.wait_for_selector("#username:focus")
    for typed in ("lee", "Lee", "lee@example.org", PASSWORD, PASSWORD):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_selector("#code:focus")
    page.get_by_role("button", name="Send another code").click()
    page.wait_for_selector("text=Another code was sent.")
    page.wait_for_selector("#code:focus")
    page.keyboard.type(live.site.codes("lee")[0])
    page.keyboard.press("Enter")

    page.wait_for_url("**/app/home")
    page.goto(live.page(client_id=MEMBERS))
    assert page.is_visible("text=Sign in as lee")


def test_a_person_who_forgot_the_password_signs_in_with_another(live: Live, page: Page) -> None:
    page.goto(live.page(client_id=MEMBERS))
    page.get_by_role("link", name="Forgot your password?").click()
    page.wait_for_selector("#username:focus")
    page.keyboard.type("ann")
    page.keyboard.press("Enter")

    page.wait_for_selector("#code:focus")
    for typed in (live.site.codes("ann")[0], CHOSEN, CHOSEN):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_selector("[autocomplete=current-password]:focus")
    assert page.inner_text("[role=status]") == "Your password was changed. Sign in with it to go on."
    page.keyboard.type(CHOSEN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/home")


def test_a_person_scans_a_code_and_signs_in_with_the_app(live: Live, page: Page) -> None:
    live.site.services.pool_settings.set_mfa(POOL_ID, MfaChange(mode="ON", software_token=True))
    page.goto(live.page())
    give_password(page, "alice")
    page.wait_for_url("**/mfaSetup?*")
    app = App(parse_qs(urlsplit(scanned(page)).query)["secret"][0], live.site.clock)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(app.wrong())
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    page.wait_for_selector("#code:focus")
    page.keyboard.type(app.code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/home")

    live.site.clock.advance(30)
    page.goto(live.page(prompt="login"))
    give_password(page, "alice")
    page.wait_for_selector("text=Enter your code")
    page.wait_for_selector("#code:focus")
    page.keyboard.type(app.code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/home")


def give_password(page: Page, name: str, password: str = PASSWORD) -> None:
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")


def scanned(page: Page) -> str:
    """What a camera before the screen reads."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot(full_page=True))))
    assert [each.format for each in found] == [zxingcpp.BarcodeFormat.QRCode]
    text: str = found[0].text
    return text


def test_back_after_a_sign_out_shows_nobody(live: Live, page: Page) -> None:
    page.goto(live.page())
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/home")
    page.goto(live.page())
    assert page.is_visible("text=Sign in as alice")
    page.goto(live.page("/logout"))
    page.wait_for_url("**/auth/login?*")

    page.go_back()
    page.wait_for_load_state()

    assert not page.is_visible("text=Sign in as alice")


def test_an_application_may_go_on_to_another_of_its_registered_hosts(live: Live, page: Page) -> None:
    # Chromium holds form-action against every redirect that follows a form.
    elsewhere = live.url.replace("localhost", "127.0.0.1")
    live.site.app.add_url_rule("/app/far", view_func=lambda: redirect(f"{elsewhere}/app/home"), endpoint="far")
    start = f"{live.url}/app/far"
    live.site.services.app_clients.replace(
        POOL_ID, ENABLED, client_spec(callback_urls=(start,), logout_urls=(f"{elsewhere}/app/home",))
    )
    page.goto(live.page(redirect_uri=start))
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")

    page.wait_for_url(f"{elsewhere}/app/home")


@pytest.mark.parametrize("scheme, width", [("light", 320), ("dark", 1000)])
def test_every_page_is_readable(live: Live, chromium_browser: Browser, scheme: str, width: int) -> None:
    context = chromium_browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 640}
    )
    try:
        page = context.new_page()
        page.goto(live.page(login_hint="a" * 100))
        assert_readable(page)
        page.fill("[name=username]", "nobody")
        page.fill("[name=password]", "wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=alert]")
        assert_readable(page)
        page.fill("[name=username]", "newcomer")
        page.fill("[name=password]", TEMPORARY)
        page.keyboard.press("Enter")
        page.wait_for_url("**/changePassword?*")
        assert_readable(page)
        page.goto(f"{live.url}/auth/error?error=redirect_mismatch")
        assert_readable(page)
        page.goto(live.page("/signup", client_id=MEMBERS))
        assert_readable(page)
        page.eval_on_selector("form", "form => { form.noValidate = true }")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=alert]")
        assert_readable(page)
        page.goto(live.page("/forgotPassword", client_id=MEMBERS))
        assert_readable(page)
        page.fill("[name=username]", "una")
        page.keyboard.press("Enter")
        page.wait_for_url("**/confirmForgotPassword?*")
        assert_readable(page)
        page.goto(live.page("/confirm", client_id=MEMBERS))
        page.fill("[name=username]", "una")
        page.get_by_role("button", name="Send another code").click()
        page.wait_for_selector("[role=status]")
        assert_readable(page)
        link = f"client_id={MEMBERS}&user_name=una&confirmation_code={live.site.codes('una')[0]}"
        page.goto(f"{live.url}/auth/confirmUser?{link}")
        assert_readable(page)
        page.get_by_role("button", name="Confirm account").click()
        page.wait_for_selector("text=You can close this page")
        assert_readable(page)
        live.site.change_pool(MEMBERS_POOL_ID, admin_create_user_only=True)
        page.goto(live.page("/signup", client_id=MEMBERS))
        assert_readable(page)
        red = page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0])")
        assert (red < 128) is (scheme == "dark")
    finally:
        context.close()


@pytest.mark.parametrize("scheme, width", [("light", 320), ("dark", 1000)])
def test_every_page_of_a_second_factor_is_readable(
    live: Live, chromium_browser: Browser, scheme: str, width: int
) -> None:
    services = live.site.services
    live.site.change_pool(MEMBERS_POOL_ID, email=EmailConfiguration(email_sending_account="DEVELOPER"))
    every = MfaChange(
        mode="ON", software_token=True, sms=True, sms_configuration=SMS_CONFIGURATION, email=EmailMfaConfiguration()
    )
    services.pool_settings.set_mfa(MEMBERS_POOL_ID, every)
    long_name = "n" * 128
    services.users.create(MEMBERS_POOL_ID, long_name, {"given_name": "N"}, password=PASSWORD, permanent=True)
    services.users.update_attributes(MEMBERS_POOL_ID, "ann", {"phone_number": PHONE, "phone_number_verified": "true"})
    wishes = {SMS: Wish(enabled=True), EMAIL: Wish(enabled=True)}
    services.mfa_settings.prefer_for(MEMBERS_POOL_ID, "ann", wishes)
    context = chromium_browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 640}
    )
    try:
        page = context.new_page()
        page.goto(live.page(client_id=MEMBERS))
        give_password(page, long_name)
        page.wait_for_url("**/mfaSetup?*")
        assert_readable(page)
        assert scanned(page).startswith("otpauth://totp/members:nnn")
        page.fill("#code", "x")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=alert]")
        assert_readable(page)
        page.get_by_role("link", name="Back to sign in").click()
        give_password(page, "ann")
        page.wait_for_url("**/mfaOption?*")
        assert_readable(page)
        page.get_by_role("button", name="Email").click()
        page.wait_for_url("**/mfa?*")
        assert_readable(page)
        page.fill("#code", "x")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=alert]")
        assert_readable(page)
    finally:
        context.close()


def assert_readable(page: Page) -> None:
    # An element can be found before the style sheet is there: nothing is painted yet, and no colour is the page's.
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling sideways"
    too_faint = [found for found in page.evaluate(CONTRASTS) if found[1] < 1]
    assert not too_faint
    targets = page.locator("button:visible, input:visible, a:visible")
    assert all((box := targets.nth(at).bounding_box()) and box["height"] >= 44 for at in range(targets.count()))
