"""People at the quickstart: what they see, what they press, and what the browser keeps of it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.samples.running import Quickstart, quickstart

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NARROW = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quickstart]:
    with quickstart(tmp_path_factory.mktemp("quickstart")) as running:
        yield running


@pytest.fixture
def page(browser: BrowserContext, served: Quickstart) -> Iterator[Page]:
    """A page on the quickstart that fails its test on any error the browser reports, a violated policy included."""
    opened = browser.new_page()
    troubles: list[str] = []

    def note(message: ConsoleMessage) -> None:
        url = str(message.location.get("url"))
        # A refused password is answered with 400, which Chromium reports like any other.
        meant = "status of 400" in message.text and "/auth/changePassword?" in url
        if message.type in {"error", "warning"} and not meant:
            troubles.append(f"{message.text} ({url})")

    def failed(request: Request) -> None:
        # A page that was left before its style sheet was there is no trouble.
        if request.failure != "net::ERR_ABORTED":
            troubles.append(f"{request.url} {request.failure}")

    opened.on("console", note)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("requestfailed", failed)
    opened.goto(served.url)
    yield opened
    assert troubles == []


def enter(page: Page, name: str, password: str) -> None:
    """Fills in the hosted sign-in page."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_in(page: Page, name: str = "kim", password: str = "Quickstart-1") -> None:
    page.get_by_role("link", name="Sign in").click()
    enter(page, name, password)


def is_signed_in_as(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello {name}")


def claim(page: Page, name: str) -> str:
    return (
        page.get_by_role("row")
        .filter(has=page.get_by_role("rowheader", name=name, exact=True))
        .locator("td")
        .inner_text()
    )


def scrolls_sideways(page: Page) -> bool:
    # A heading can be found before the style sheet is there, and then the page is as wide as without one.
    page.wait_for_load_state("load")
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def test_user_signs_in_and_sees_the_claims(page: Page, served: Quickstart) -> None:
    sign_in(page)

    is_signed_in_as(page, "Kim Sample")
    assert page.url == f"{served.url}/"
    assert claim(page, "email") == "kim@example.com"


def test_user_signs_in_with_the_email_address_too(page: Page) -> None:
    sign_in(page, "KIM@example.com")

    is_signed_in_as(page, "Kim Sample")


def test_refresh_shows_newer_tokens(page: Page) -> None:
    sign_in(page)
    before = claim(page, "jti")

    page.get_by_role("button", name="Refresh the tokens").click()

    expect(page.get_by_role("status")).to_contain_text("The tokens are new")
    assert claim(page, "jti") != before


def test_wrong_password_shows_the_form_again_with_the_reason(page: Page, served: Quickstart) -> None:
    sign_in(page, password="not it at all")

    expect(page.get_by_role("alert")).to_have_text("Incorrect username or password.")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    assert page.url.startswith(f"{served.url}/auth/login?")

    enter(page, "kim", "Quickstart-1")
    is_signed_in_as(page, "Kim Sample")


def test_unknown_user_reads_the_same_as_a_wrong_password(page: Page) -> None:
    sign_in(page, "nobody", "Quickstart-1")

    expect(page.get_by_role("alert")).to_have_text("Incorrect username or password.")


def test_temporary_password_has_to_be_replaced_once(
    chromium_browser: Browser, page: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with quickstart(tmp_path_factory.mktemp("fresh")) as fresh:  # the second user's password changes here for good
        page.goto(fresh.url)
        sign_in(page, "noor", "Temporary-1")

        expect(page.get_by_role("heading", level=1)).to_have_text("Choose a new password")
        choose(page, "short", "short")
        expect(page.get_by_role("alert")).to_contain_text("Password does not conform to policy")
        choose(page, "Chosen-by-noor-1", "Chosen-by-noor-2")
        expect(page.get_by_role("alert")).to_have_text("The two passwords are not the same.")
        choose(page, "Chosen-by-noor-1", "Chosen-by-noor-1")
        is_signed_in_as(page, "Noor Sample")

        another = chromium_browser.new_context()
        second = another.new_page()
        second.goto(fresh.url)
        sign_in(second, "noor", "Chosen-by-noor-1")
        is_signed_in_as(second, "Noor Sample")
        another.close()


def choose(page: Page, password: str, again: str) -> None:
    page.get_by_label("New password", exact=True).fill(password)
    page.get_by_label("New password again").fill(again)
    page.get_by_role("button", name="Save and sign in").click()


def test_second_app_signs_in_without_a_form(page: Page, served: Quickstart) -> None:
    sign_in(page)
    page.get_by_role("link", name="Open the second app").click()
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))

    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("status")).to_contain_text("Hello Kim Sample")
    assert claim(page, "username") == "kim"
    assert not [url for url in visited if "/login" in url]
    assert page.url == f"{served.url}/spa"


def test_second_app_signs_in_by_itself_too_and_the_first_takes_it_over(page: Page) -> None:
    page.get_by_role("link", name="Open the second app").click()
    page.get_by_role("button", name="Sign in").click()
    enter(page, "kim", "Quickstart-1")
    expect(page.get_by_role("status")).to_contain_text("Hello Kim Sample")

    page.get_by_role("link", name="Back to the first app").click()
    page.get_by_role("link", name="Sign in").click()

    is_signed_in_as(page, "Kim Sample")


def test_sign_out_asks_for_the_password_again(page: Page, served: Quickstart) -> None:
    sign_in(page)

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Quickstart")
    assert page.url == f"{served.url}/"
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_sign_out_at_the_second_app_ends_the_session_of_both(page: Page) -> None:
    sign_in(page)
    page.get_by_role("link", name="Open the second app").click()
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("button", name="Sign out everywhere").click()

    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_back_button_after_sign_out_shows_nothing_and_signs_nobody_in(page: Page) -> None:
    sign_in(page)
    is_signed_in_as(page, "Kim Sample")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()

    for heading in ("Quickstart", "Sign in", "Quickstart"):  # the claims, the sign-in page, where the visit began
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(page.get_by_text("kim@example.com")).to_have_count(0)

    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_keyboard_alone_is_enough_to_sign_in(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Sign in")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("kim")
    page.keyboard.press("Tab")
    page.keyboard.type("Quickstart-1")
    page.keyboard.press("Enter")

    is_signed_in_as(page, "Kim Sample")


def test_keyboard_shows_where_it_is(page: Page) -> None:
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_label("Username")).to_be_focused()
    for control in (page.get_by_label("Password", exact=True), page.get_by_role("button", name="Sign in")):
        page.keyboard.press("Tab")

        expect(control).to_be_focused()
        assert control.evaluate("control => getComputedStyle(control).outlineStyle") == "solid"


@pytest.mark.parametrize("scheme, is_dark", [("light", False), ("dark", True)])
def test_pages_follow_the_colour_scheme(
    chromium_browser: Browser, served: Quickstart, scheme: str, is_dark: bool
) -> None:
    context = chromium_browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for url in (f"{served.url}/", f"{served.url}/spa", f"{served.url}/sign-in"):
        page.goto(url)
        ground, text = (
            brightness(page.evaluate(f"getComputedStyle(document.body).{name}"))
            for name in ("backgroundColor", "color")
        )
        assert (ground < text) is is_dark
        assert abs(ground - text) > 150
    context.close()


def brightness(colour: str) -> float:
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_no_page_is_wider_than_a_small_phone(chromium_browser: Browser, served: Quickstart) -> None:
    context = chromium_browser.new_context(viewport=NARROW)
    page = context.new_page()
    page.goto(served.url)
    assert not scrolls_sideways(page)
    page.goto(f"{served.url}/sign-in")
    assert not scrolls_sideways(page)
    enter(page, "kim", "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    assert not scrolls_sideways(page)
    enter(page, "kim", "Quickstart-1")
    is_signed_in_as(page, "Kim Sample")
    assert not scrolls_sideways(page)
    page.goto(f"{served.url}/spa")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status")).to_contain_text("Hello Kim Sample")
    assert not scrolls_sideways(page)
    page.goto(f"{served.url}/auth/error?error=redirect_mismatch")
    assert not scrolls_sideways(page)
    context.close()


def test_pages_work_without_javascript(chromium_browser: Browser, served: Quickstart) -> None:
    context = chromium_browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.url)

    sign_in(page)

    is_signed_in_as(page, "Kim Sample")
    context.close()


def test_cookies_of_the_server_are_out_of_reach_of_scripts(
    browser: BrowserContext, page: Page, served: Quickstart
) -> None:
    sign_in(page)
    is_signed_in_as(page, "Kim Sample")

    cookies = {cookie["name"]: cookie for cookie in browser.cookies([served.url, f"{served.url}/auth/login"])}

    assert any(name.startswith("authz-session-us-east-1_") for name in cookies)
    assert all(cookie["httpOnly"] and cookie["sameSite"] == "Lax" for cookie in cookies.values())
    assert page.evaluate("document.cookie") == ""
