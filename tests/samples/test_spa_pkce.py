"""A page of static files and the server that it signs in at: what a browser shows, and what the server lets it do."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.samples.launching import SAMPLES, Sample, launched
from tests.samples.running import environment
from tests.support.node import REQUIRED

FOLDER = SAMPLES / "spa_pkce"
LIBRARY = Path("node_modules", "oidc-client-ts", "dist", "browser", "oidc-client-ts.min.js")
MISSING = "npm install --no-package-lock --prefix samples/spa_pkce"
NARROW = {"width": 320, "height": 640}

if not (FOLDER / LIBRARY).exists() and os.environ.get(REQUIRED) != "1":
    pytest.skip(MISSING, allow_module_level=True)

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    assert (FOLDER / LIBRARY).exists(), MISSING
    with launched(FOLDER, servers=2, log=tmp_path_factory.mktemp("spa_pkce") / "log") as sample:
        yield sample


class Visit:
    """A page in the sample, and what the browser reported of it."""

    def __init__(self, page: Page, sample: Sample) -> None:
        self.page = page
        self.sample = sample
        self.troubles: list[str] = []
        self.requests: list[Request] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", self._sent)
        page.goto(sample.url())

    def _note(self, message: ConsoleMessage) -> None:
        # Chromium asks every host for a favicon; the sign-in pages have none.
        if message.type in {"error", "warning"} and not str(message.location.get("url")).endswith("/favicon.ico"):
            self.troubles.append(message.text)

    def _sent(self, request: Request) -> None:
        self.requests.append(request)

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def sign_in(self, name: str = "kim", password: str = "Sample-1") -> None:
        self.click("Sign in")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.click("Sign in")

    def says(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("status")).to_have_text(text)

    def claim(self, name: str) -> str:
        header = self.page.get_by_role("rowheader", name=name, exact=True)
        return self.page.get_by_role("row").filter(has=header).locator("td").inner_text()

    def stored(self) -> str:
        """Everything that scripts of the page have kept."""
        return str(self.page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"))


@pytest.fixture
def visit(browser: BrowserContext, running: Sample) -> Visit:
    return Visit(browser.new_page(), running)


@pytest.mark.browser
def test_user_signs_in_reads_orders_renews_and_signs_out(visit: Visit) -> None:
    page = visit.page
    visit.sign_in()

    visit.says("Hello Kim Sample.")
    assert page.url == f"{visit.sample.url()}/"
    assert visit.claim("email") == "kim@example.com"
    assert visit.claim("iss").startswith(f"{visit.sample.url(1)}/auth/")

    visit.click("Read my orders")
    visit.says("The API knows the user by the access token.")
    expect(page.locator("#answer")).to_contain_text('"item": "Honey"')
    expect(page.locator("#answer")).not_to_contain_text("Bread")

    before = visit.claim("jti")
    visit.click("Renew the tokens")
    visit.says(re.compile("^The tokens are new"))
    assert visit.claim("jti") != before
    visit.click("Read my orders")
    visit.says("The API knows the user by the access token.")

    visit.click("Sign out")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.url == f"{visit.sample.url()}/"
    assert "token" not in visit.stored()
    visit.click("Sign in")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()  # no single sign-on is left
    assert visit.troubles == []


@pytest.mark.browser
def test_code_goes_with_a_proof_key_and_the_sign_out_with_cognitos_parameters_alone(visit: Visit) -> None:
    visit.sign_in()
    visit.says("Hello Kim Sample.")
    visit.click("Sign out")
    expect(visit.page.get_by_role("button", name="Sign in")).to_be_visible()

    def query(path: str) -> dict[str, list[str]]:
        (found,) = {each.url for each in visit.requests if urlsplit(each.url).path == f"/auth/{path}"}
        return parse_qs(urlsplit(found).query)

    assert query("oauth2/authorize")["code_challenge_method"] == ["S256"]
    assert query("logout").keys() == {"client_id", "logout_uri"}
    (redeemed,) = [each.post_data or "" for each in visit.requests if "grant_type=auth" in (each.post_data or "")]
    assert "code_verifier=" in redeemed
    assert "client_secret" not in redeemed


@pytest.mark.browser
def test_sign_out_ends_the_tokens_too(visit: Visit) -> None:
    visit.sign_in()
    visit.says("Hello Kim Sample.")
    refresh, access = (
        re.search(rf'"{name}\\":\\"([^"\\]+)', visit.stored()) for name in ("refresh_token", "access_token")
    )
    assert refresh
    assert access

    visit.click("Sign out")
    expect(visit.page.get_by_role("button", name="Sign in")).to_be_visible()

    config = requests.get(f"{visit.sample.url()}/config.json", timeout=30).json()
    grant = {"grant_type": "refresh_token", "client_id": config["clientId"], "refresh_token": refresh[1]}
    again = requests.post(f"{visit.sample.url(1)}/auth/oauth2/token", grant, timeout=30)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    headers = {"Authorization": f"Bearer {access[1]}"}
    assert requests.get(f"{visit.sample.url(1)}/orders", headers=headers, timeout=30).status_code == 401


@pytest.mark.browser
def test_ended_sign_in_is_told_and_forgotten(visit: Visit) -> None:
    visit.sign_in()
    visit.says("Hello Kim Sample.")
    key, value = visit.page.evaluate("Object.entries(sessionStorage)[0]")
    spoilt = re.sub(r'"refresh_token":"[^"]+"', '"refresh_token":"spoilt"', value)
    visit.page.evaluate("([key, value]) => sessionStorage.setItem(key, value)", [key, spoilt])

    visit.click("Renew the tokens")

    visit.says("The sign-in is over. Please sign in again.")
    expect(visit.page.get_by_role("button", name="Sign in")).to_be_visible()
    assert "token" not in visit.stored()


@pytest.mark.browser
def test_reload_keeps_the_sign_in_and_another_tab_has_none(visit: Visit, browser: BrowserContext) -> None:
    visit.sign_in()
    visit.says("Hello Kim Sample.")

    visit.page.reload()
    assert visit.claim("email") == "kim@example.com"

    other = Visit(browser.new_page(), visit.sample)
    expect(other.page.get_by_role("button", name="Sign in")).to_be_visible()
    other.click("Sign in")
    other.says("Hello Kim Sample.")  # by single sign-on, without a form


@pytest.mark.browser
@pytest.mark.parametrize("answer", ["code=stolen&state=guessed", "error=access_denied&state=guessed"])
def test_answer_to_no_sign_in_of_this_browser_is_refused(visit: Visit, answer: str) -> None:
    visit.page.goto(f"{visit.sample.url()}/?{answer}")

    visit.says(re.compile("^The sign-in did not work: "))
    assert visit.page.url == f"{visit.sample.url()}/"
    expect(visit.page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.browser
def test_script_of_another_origin_and_inline_ones_do_not_run(visit: Visit) -> None:
    visit.page.evaluate(
        """() => {
            const inline = document.body.appendChild(document.createElement("script"));
            inline.textContent = "document.title = 'inline'";
        }"""
    )
    connected = visit.page.evaluate("fetch('http://127.0.0.1:9/').catch(error => 'refused')")

    expect(visit.page).to_have_title("Single-page app")
    assert connected == "refused"
    assert len([trouble for trouble in visit.troubles if "Content Security Policy" in trouble]) >= 2


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_a_small_phone_in_either_colour_scheme(
    chromium_browser: Browser, running: Sample, scheme: str
) -> None:
    context = chromium_browser.new_context(viewport=NARROW, color_scheme=scheme)
    visit = Visit(context.new_page(), running)
    visit.sign_in("noor", "Sample-2")
    visit.says("Hello Noor Sample.")
    visit.click("Read my orders")
    expect(visit.page.locator("#answer")).to_contain_text("Bread")

    wide, there = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= there
    ground, text = (
        sum(int(part) for part in re.findall(r"\d+", visit.page.evaluate(f"getComputedStyle(document.body).{name}")))
        for name in ("backgroundColor", "color")
    )
    assert (ground < text) is (scheme == "dark")
    context.close()


def test_page_may_ask_the_api_and_no_other_origin_may_read_it(running: Sample) -> None:
    orders = f"{running.url(1)}/orders"
    asked = {"Origin": running.url(), "Access-Control-Request-Method": "GET"}

    preflight = requests.options(
        orders, headers={**asked, "Access-Control-Request-Headers": "authorization"}, timeout=30
    )
    refusal = requests.get(orders, headers={"Origin": running.url()}, timeout=30)

    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Headers"] == "Authorization"
    assert refusal.status_code == 401
    assert refusal.headers["Access-Control-Expose-Headers"] == "WWW-Authenticate"
    for answer in (preflight, refusal):
        assert answer.headers["Access-Control-Allow-Origin"] == running.url()
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_everything_of_the_page_has_the_policy(running: Sample) -> None:
    for path in ("", "app.js", "oidc-client-ts.min.js", "config.json", "nothing"):
        headers = requests.get(f"{running.url()}/{path}", timeout=30).headers

        assert headers["Content-Security-Policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' "
            f"{running.url(1)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_server_wants_a_proof_key_from_the_page(running: Sample) -> None:
    client_id = requests.get(f"{running.url()}/config.json", timeout=30).json()["clientId"]
    asked = {"client_id": client_id, "redirect_uri": f"{running.url()}/", "response_type": "code"}

    answer = requests.get(f"{running.url(1)}/auth/oauth2/authorize", asked, allow_redirects=False, timeout=30)

    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"error": ["invalid_request"]}


def test_nobody_signs_up_at_the_sample(running: Sample) -> None:
    client_id = requests.get(f"{running.url()}/config.json", timeout=30).json()["clientId"]
    asked = {"client_id": client_id, "redirect_uri": f"{running.url()}/", "response_type": "code"}

    assert "signup" not in requests.get(f"{running.url(1)}/auth/login", asked, timeout=30).text.lower()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The sample as a checkout has it, without what npm installs."""
    copy = tmp_path / "spa_pkce"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    return copy


def test_start_installs_the_library_once(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    npm = tmp_path / "bin" / "npm"
    npm.write_text(f'#!/bin/sh\necho "npm $*"\nmkdir -p {LIBRARY.parent} && echo "// here" > {LIBRARY}\n')
    npm.chmod(0o755)
    path = f"{npm.parent}:{os.environ['PATH']}"

    with launched(bare, servers=2, log=tmp_path / "first", environ={"PATH": path}) as sample:
        assert "npm install --no-package-lock --no-audit --no-fund\n" in sample.output
        assert requests.get(f"{sample.url()}/oidc-client-ts.min.js", timeout=30).text == "// here\n"
    with launched(bare, servers=2, log=tmp_path / "second", environ={"PATH": path}) as sample:
        assert "npm" not in sample.output


@pytest.mark.parametrize(
    "npm, told", [(None, "there is no npm to install it"), ("#!/bin/sh\nexit 1\n", "npm could not install")]
)
def test_start_without_the_library_says_what_is_missing(bare: Path, tmp_path: Path, npm: str | None, told: str) -> None:
    (tmp_path / "bin").mkdir()
    if npm is not None:
        (tmp_path / "bin" / "npm").write_text(npm)
        (tmp_path / "bin" / "npm").chmod(0o755)

    outcome = subprocess.run(
        [sys.executable, str(bare / "run.py"), "--port", "1"],
        env={**environment(), "PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 1
    assert told in outcome.stderr
    assert "Traceback" not in outcome.stderr
