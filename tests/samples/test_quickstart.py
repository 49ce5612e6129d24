"""The first thing that anybody runs: it starts, says what to click, and works."""

import html
import json
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.samples.running import SAMPLE, Quickstart, copy_of_sample, environment, flask_command, quickstart
from tests.support.documents import taken

pytestmark = pytest.mark.xdist_group("quickstart")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quickstart]:
    with quickstart(tmp_path_factory.mktemp("quickstart")) as served:
        yield served


@pytest.fixture
def visitor() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def form_of(page: requests.Response) -> tuple[str, str]:
    """Where a hosted page's form goes, and its token."""
    action, token = (
        re.search(pattern, page.text)
        for pattern in (r'<form method="post" action="([^"]+)"', r'name="_csrf" value="([^"]+)"')
    )
    assert action
    assert token, page.text
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}{html.unescape(action[1])}", token[1]


def submit(visitor: requests.Session, page: requests.Response, **fields: str) -> requests.Response:
    action, token = form_of(page)
    return visitor.post(action, data={"_csrf": token, **fields}, timeout=30)


def sign_in(
    visitor: requests.Session, url: str, name: str = "kim", password: str = "Quickstart-1"
) -> requests.Response:
    return submit(visitor, visitor.get(f"{url}/sign-in", timeout=30), username=name, password=password)


def claims_of(page: requests.Response) -> dict[str, str]:
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', page.text)
    return {name: html.unescape(value) for name, value in rows}


def test_start_says_once_what_to_click_and_who_to_be(running: Quickstart) -> None:
    assert running.output.count(f'Open {running.url} and click "Sign in".') == 1
    assert re.search(r"kim +Quickstart-1", running.output)
    assert re.search(r"noor +Temporary-1", running.output)


def test_page_shows_what_the_start_prints(running: Quickstart) -> None:
    told = taken("docs/how-to/quickstart.md", "  Open http").replace("http://localhost:5000", running.url)
    curl = taken("docs/how-to/quickstart.md", "curl -u CLIENT_ID:SECRET").replace("http://localhost:5000", running.url)
    client_id, secret = running.machine()

    assert told.strip() in running.output
    assert curl.replace("CLIENT_ID", client_id).replace("SECRET", secret).strip() in running.output


def test_reloader_says_it_once_too(tmp_path: Path) -> None:
    with quickstart(tmp_path, "--debug") as served:
        requests.get(served.url, timeout=30).raise_for_status()

        assert "Debugger PIN" in served.output or "Restarting with" in served.output
        assert served.output.count("Open http://localhost:") == 1


def test_other_commands_keep_their_output_for_themselves(tmp_path: Path) -> None:
    command = flask_command(copy_of_sample(tmp_path), "authz", "pool", "list", "--json")
    outcome = subprocess.run(command, env=environment(), cwd=tmp_path, capture_output=True, text=True, check=True)

    assert [pool["Name"] for pool in json.loads(outcome.stdout)] == ["Quickstart"]


def test_user_signs_in_and_sees_the_claims(running: Quickstart, visitor: requests.Session) -> None:
    page = sign_in(visitor, running.url)

    assert page.url == f"{running.url}/"
    assert "Hello Kim Sample" in page.text
    claims = claims_of(page)
    assert claims["cognito:username"] == "kim"
    assert claims["email"] == "kim@example.com"
    assert claims["iss"].startswith(f"{running.url}/auth/us-east-1_")


def test_refresh_gives_new_tokens_of_the_same_sign_in(running: Quickstart, visitor: requests.Session) -> None:
    before = claims_of(sign_in(visitor, running.url))

    page = visitor.post(f"{running.url}/refresh", timeout=30)

    after = claims_of(page)
    assert "The tokens are new" in page.text
    assert after["jti"] != before["jti"]
    assert after["origin_jti"] == before["origin_jti"]
    assert after["auth_time"] == before["auth_time"]


def test_sign_out_ends_both_sessions(running: Quickstart, visitor: requests.Session) -> None:
    sign_in(visitor, running.url)

    page = visitor.post(f"{running.url}/sign-out", timeout=30)

    assert page.url == f"{running.url}/"
    assert not claims_of(page)
    assert "/auth/login?" in visitor.get(f"{running.url}/sign-in", timeout=30).url


def test_refused_answer_is_explained_and_signs_nobody_in(running: Quickstart, visitor: requests.Session) -> None:
    page = visitor.get(f"{running.url}/callback?code=stolen&state=guessed", timeout=30)

    assert "The sign-in did not work" in page.text
    assert not claims_of(page)


def test_claims_are_not_kept_by_the_browser(running: Quickstart, visitor: requests.Session) -> None:
    assert sign_in(visitor, running.url).headers["Cache-Control"] == "no-store"


def test_address_leads_to_the_name_that_cookies_and_callback_urls_know(running: Quickstart) -> None:
    address = running.url.replace("localhost", "127.0.0.1")

    answer = requests.get(f"{address}/", allow_redirects=False, timeout=30)

    assert answer.headers["Location"] == running.url


def test_printed_curl_line_gets_a_token_for_the_machine(running: Quickstart) -> None:
    grant = {"grant_type": "client_credentials", "scope": "orders/read"}

    answer = requests.post(f"{running.url}/auth/oauth2/token", auth=running.machine(), data=grant, timeout=30)

    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "expires_in", "token_type"}


def test_page_shows_no_secret(running: Quickstart, visitor: requests.Session) -> None:
    client_id, secret = running.machine()
    page = sign_in(visitor, running.url)

    assert client_id in page.text
    assert secret not in page.text


def test_single_page_app_without_proof_key_is_refused(running: Quickstart, visitor: requests.Session) -> None:
    page = visitor.get(f"{running.url}/spa", timeout=30)
    client_id = re.search(r'data-client-id="([a-z0-9]+)"', page.text)
    assert client_id
    asked = {"client_id": client_id[1], "redirect_uri": f"{running.url}/spa", "response_type": "code"}

    answer = visitor.get(f"{running.url}/auth/oauth2/authorize", params=asked, allow_redirects=False, timeout=30)

    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"error": ["invalid_request"]}


def test_restart_keeps_everything_and_follows_to_another_port(tmp_path: Path) -> None:
    with quickstart(tmp_path) as first, requests.Session() as visitor:
        before, machine = claims_of(sign_in(visitor, first.url)), first.machine()

    with quickstart(tmp_path) as second, requests.Session() as visitor:
        after = claims_of(sign_in(visitor, second.url))

        assert second.url != first.url
        assert second.machine() == machine
        assert second.output.count(f"Open {second.url} ") == 1
    assert [after[name] for name in ("sub", "aud")] == [before[name] for name in ("sub", "aud")]


def test_secrets_of_the_demo_are_made_at_the_start_and_for_their_owner_only(tmp_path: Path) -> None:
    with quickstart(tmp_path):
        instance = tmp_path / "quickstart" / "instance"

        assert len((instance / "secret_key").read_text()) >= 43
        assert stat.S_IMODE((instance / "secret_key").stat().st_mode) == 0o600
    assert not {"secret_key", "authz.db"} & {path.name for path in SAMPLE.glob("*")}
