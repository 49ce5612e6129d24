"""The offline site, started by its one command: who gets in, what its operator does, what comes back by a restore."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import requests
from playwright.sync_api import Browser

from tests.samples.offline import POOL, SAMPLE, OfflineSite, offline_site, wait_until
from tests.samples.test_offline_site_files import section
from tests.support.nginx import binary

pytestmark = [pytest.mark.xdist_group("offline_site"), pytest.mark.slow]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfflineSite]:
    binary()
    with offline_site(tmp_path_factory.mktemp("offline")) as running:
        yield running
    assert not running.folder.exists()
    assert "The site is gone." in running.log.read_text()


@pytest.fixture(scope="module")
def tokens(site: OfflineSite) -> dict[str, str]:
    """Those of ann, who signed in once."""
    return site.sign_in("ann", site.password)


# --- who signs in -------------------------------------------------------------------------------


def test_user_signs_in_over_https_and_the_tokens_verify(site: OfflineSite, tokens: dict[str, str]) -> None:
    identity = site.claims(tokens["id_token"])

    assert identity["cognito:username"] == "ann"
    assert identity["email"] == "ann@example.com"
    assert site.claims(tokens["access_token"])["scope"] == "openid email"
    assert site.user_info(tokens["access_token"]).json()["email_verified"] == "true"


def test_browser_is_led_from_the_printed_url_to_the_app(site: OfflineSite, chromium_browser: Browser) -> None:
    # Chromium has no option for an authority of one's own; that it is right is for the other tests.
    context = chromium_browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(10_000)
    try:
        page = context.new_page()
        page.goto(site.sign_in_url)
        page.get_by_label("Username").fill("ann")
        page.get_by_label("Password").fill(site.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{site.url}/?*")
        assert "This is a sign-in server." in page.content()
        assert {(each["name"].partition("-authz")[0], each["secure"]) for each in context.cookies()} <= {
            ("__Host", True),
            ("__Host-XSRF-TOKEN", True),
        }
    finally:
        context.close()


def test_pages_come_with_their_headers_once_and_cookies_for_this_host_only(site: OfflineSite) -> None:
    with site.visitor() as visitor:
        page = visitor.get(site.sign_in_url)
        names = [name for name, _ in page.raw.headers.items()]

    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "no-store" in page.headers["Cache-Control"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Server"] == "nginx"
    assert [names.count(name) for name in ("Strict-Transport-Security", "Cache-Control", "X-Frame-Options")] == [1] * 3
    cookies = page.raw.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert re.match(r"__Host-\S+=\S+; Secure; HttpOnly; Path=/; SameSite=Lax", cookie), cookie


def test_nobody_is_trusted_but_the_authority_of_the_site(site: OfflineSite) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(site.url, timeout=10)


# --- what strangers send ------------------------------------------------------------------------


Answer = tuple[int, http.client.HTTPMessage, str]


def https(site: OfflineSite, path: str, headers: Mapping[str, str], **options: Any) -> Answer:
    """Status, headers and text, with a Host header of the caller's own if that is among ``headers``."""
    context = ssl.create_default_context(cafile=site.authority)
    connection = http.client.HTTPSConnection(
        "localhost", urlsplit(site.url).port, context=context, timeout=30, source_address=options.pop("source", None)
    )
    with closing(connection):
        connection.request(options.pop("method", "GET"), path, headers=headers)  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


def test_plain_http_leads_to_the_name_of_the_site_and_no_other(site: OfflineSite) -> None:
    answer = requests.get(f"{site.plain_url}/auth/login?a=b", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{site.url}/auth/login?a=b")

    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(site.plain_url, headers={"Host": "mallory.example"}, allow_redirects=False, timeout=10)


def test_another_host_name_gets_no_answer(site: OfflineSite) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        https(site, "/", {"Host": "mallory.example"})


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Forwarded-Host": "mallory.example"},
        {"X-Forwarded-Proto": "http"},
        {"X-Forwarded-Prefix": "/mallory"},
        {"Forwarded": "host=mallory.example;proto=http"},
        {"X-Forwarded-For": "mallory.example"},
    ],
    ids=lambda forged: next(iter(forged)),
)
def test_forged_header_shapes_neither_issuer_nor_redirects(site: OfflineSite, forged: dict[str, str]) -> None:
    _, _, document = https(site, f"/auth/{POOL}/.well-known/openid-configuration", forged)
    assert json.loads(document)["issuer"] == site.issuer
    assert "mallory" not in document

    parts = urlsplit(site.sign_in_url)
    status, headers, _ = https(site, f"{parts.path}?{parts.query}", forged)
    assert (status, urlsplit(headers["Location"]).path) == (302, "/auth/login")
    assert urlsplit(headers["Location"]).netloc in {"", urlsplit(site.url).netloc}
    _, headers, page = https(site, headers["Location"].removeprefix(site.url), forged)
    assert "mallory" not in page
    assert headers["Set-Cookie"].startswith("__Host-")


def test_forged_host_shapes_nothing_behind_the_proxy_either(site: OfflineSite) -> None:
    with socket.socket(socket.AF_UNIX) as behind:
        behind.connect(str(site.folder / "run" / "gunicorn.sock"))
        path = f"/auth/{POOL}/.well-known/openid-configuration"
        behind.sendall(f"GET {path} HTTP/1.1\r\nHost: mallory.example\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: behind.recv(65536), b"")).decode()

    assert answer.startswith("HTTP/1.1 200")
    assert f'"issuer":"{site.issuer}"' in answer.replace(": ", ":")
    assert "mallory" not in answer


def test_body_beyond_a_mebibyte_is_refused_by_nginx(site: OfflineSite) -> None:
    with site.visitor() as visitor:
        answer = visitor.post(f"{site.url}/auth/oauth2/token", data=b"x" * (1024 * 1024 + 1))

    assert answer.status_code == 413


def test_attempts_are_limited_by_address_and_pages_that_are_looked_at_are_not(site: OfflineSite) -> None:
    def statuses(method: str, source: str, count: int) -> list[int]:
        posted = {"Content-Length": "0"}
        return [https(site, "/auth/login", posted, method=method, source=(source, 0))[0] for _ in range(count)]

    assert 429 not in statuses("GET", "127.0.0.7", 40)
    tried = statuses("POST", "127.0.0.7", 40)
    assert tried.index(429) > 20
    assert 429 not in statuses("POST", "127.0.0.8", 10)


def test_record_of_sign_ins_has_the_address_of_the_connection_and_boto3_reads_it(site: OfflineSite) -> None:
    key = site.flask("authz", "access-key", "create", "--pool", POOL).split()
    password = site.new_user("dora")
    cognito = boto3.client(
        "cognito-idp",
        endpoint_url=f"{site.url}/auth/",
        region_name="us-east-1",
        aws_access_key_id=key[key.index("key") + 1],
        aws_secret_access_key=key[key.index("Secret") + 1],
        verify=str(site.authority),
    )
    with closing(cognito):
        audit = {"AdvancedSecurityMode": "AUDIT"}
        # What a call does not name goes back to its default, as in Cognito.
        kept = {"DeletionProtection": "ACTIVE", "UserPoolTier": "PLUS"}
        cognito.update_user_pool(UserPoolId=POOL, UserPoolAddOns=audit, **kept)
        with site.visitor() as visitor:
            visitor.headers["X-Forwarded-For"] = "192.0.2.66"
            site.sign_in("dora", password, visitor)
        found = cognito.admin_list_user_auth_events(UserPoolId=POOL, Username="dora")["AuthEvents"]

    assert [(event["EventType"], event["EventResponse"]) for event in found] == [("SignIn", "Pass")]
    assert found[0]["EventContextData"]["IpAddress"] == "127.0.0.1"


def test_logs_hold_events_and_neither_codes_nor_passwords(site: OfflineSite, tokens: dict[str, str]) -> None:
    logs = {path.name: path.read_text() for path in (site.folder / "log").iterdir()}
    sub = site.claims(tokens["id_token"])["sub"]

    assert re.search(rf"app_client_authz\.security \w+ .*sub={sub}", logs["server.log"])
    assert re.search(r"^127\.0\.0\.1 \S+ POST /auth/login 302 ", logs["offline-site.log"], re.MULTILINE)
    together = "".join(logs.values())
    for secret in ("?", "code=", "state=", site.password, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in together


# --- what the operator does ---------------------------------------------------------------------


def test_check_finds_nothing_to_complain_about(site: OfflineSite) -> None:
    assert site.flask("authz", "check", "--strict") == "No findings.\n"


def test_commands_of_the_page_make_a_pool_an_app_and_a_user(site: OfflineSite) -> None:
    (block,) = section("The first user pool")

    done = subprocess.run(
        ["sh", "-euc", block.replace("/opt/offline-site", f"{site.folder}/app")],
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert re.search(r"^Client secret +\w+$", done.stdout, re.MULTILINE)
    assert re.search(r"^Password +\S+$", done.stdout, re.MULTILINE)
    assert done.stdout.endswith("No findings.\n")
    with site.visitor() as visitor:
        assert visitor.get(f"{site.url}/auth/us-east-1_House0001/.well-known/jwks.json").status_code == 200


def test_reload_replaces_the_workers_and_fails_no_request(site: OfflineSite, tokens: dict[str, str]) -> None:
    booted = site.server_log.count("Booting worker")
    pids = set(re.findall(r"Booting worker with pid: (\d+)", site.server_log))
    statuses: list[int] = []
    over = threading.Event()

    def use() -> None:
        while not over.is_set():
            statuses.append(site.user_info(tokens["access_token"]).status_code)
            statuses.append(site.refreshed("unknown").status_code)

    users = [threading.Thread(target=use) for _ in range(3)]
    for user in users:
        user.start()
    try:
        assert site.say("reload") == "reload: done"
        wait_until(lambda: all(f"Worker exiting (pid: {pid})" in site.server_log for pid in pids), site.log)
    finally:
        over.set()
        for user in users:
            user.join()

    assert site.server_log.count("Booting worker") == booted + len(pids)
    assert set(statuses) == {200, 400}
    assert len(statuses) > 20


@pytest.mark.parametrize("wrong", ["AUTHZ_CODE_LIFETIME_SECONDS = 1", "AUTHZ_UNKNOWN = 1", "no TOML"])
def test_reload_with_a_wrong_setting_is_refused_and_the_site_goes_on(site: OfflineSite, wrong: str) -> None:
    settings = site.etc / "settings.toml"
    right = settings.read_text()
    try:
        settings.write_text(f"{right}\n{wrong}\n")
        assert "refused" in site.say("reload")
    finally:
        settings.write_text(right)

    with site.visitor() as visitor:
        assert visitor.get(f"{site.issuer}/.well-known/jwks.json").status_code == 200


def test_secrets_that_others_can_read_are_refused_and_not_shown(site: OfflineSite) -> None:
    secrets = site.etc / "secrets.toml"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    try:
        secrets.chmod(0o640)
        done = site.run("flask.sh", "authz", "upgrade", "--check")
    finally:
        secrets.chmod(0o600)

    assert done.returncode != 0
    assert f"chmod 600 {secrets}" in done.stderr
    assert not [key for key in re.findall(r'"([^"]{32,})"', secrets.read_text()) if key in done.stdout + done.stderr]


def test_request_waits_while_the_server_is_restarted(site: OfflineSite, tokens: dict[str, str]) -> None:
    assert site.say("stop") == "stop: done"
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(site.user_info(tokens["access_token"]).status_code))
    waiting.start()
    try:
        assert not answers
    finally:
        assert site.say("start") == "start: done"
        waiting.join()

    assert answers == [200]


# --- backup and restore -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backup(site: OfflineSite) -> Path:
    done = site.run("backup.sh")
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def changed_etc(site: OfflineSite, folder: Path, **settings: str) -> Path:
    """Another folder of configuration: that of the site, except for settings of site.env."""
    etc = Path(shutil.copytree(site.etc, folder / "etc"))
    text = (etc / "site.env").read_text()
    for name, value in settings.items():
        text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
    (etc / "site.env").write_text(text)
    return etc


def test_backup_is_private_and_holds_no_key_to_itself(site: OfflineSite, backup: Path) -> None:
    (copy,) = Path(site.folder / "keys").glob("secrets-*.toml")
    keys = re.findall(r'"([^"]{32,})"', copy.read_text())
    shown = subprocess.run(
        ["pg_restore", "--file=-", str(backup)], env=site.environment, capture_output=True, text=True, check=True
    ).stdout

    assert [stat.S_IMODE(path.stat().st_mode) for path in (backup, copy)] == [0o600, 0o600]
    assert copy.read_bytes() == (site.etc / "secrets.toml").read_bytes()
    assert backup.stem.rpartition("-")[2] == copy.stem.rpartition("-")[2]
    assert "authz_users" in shown
    assert len(keys) == 2
    assert not [key for key in keys if key in shown]


def test_restore_brings_the_user_back_and_no_token_from_before(site: OfflineSite) -> None:
    passwords = {name: site.new_user(name) for name in ("bob", "cleo")}
    bob, ann = site.sign_in("bob", passwords["bob"]), site.sign_in("ann", site.password)
    backup = site.run("backup.sh").stdout.strip()
    # What happens until the accident: a revocation, a deletion, a sign-in.
    with site.app() as app:
        assert app.revoke_token(f"{site.url}/auth/oauth2/revoke", token=ann["refresh_token"]).status_code == 200
    site.flask("authz", "user", "delete", POOL, "bob")
    later = site.sign_in("cleo", passwords["cleo"])
    assert site.user_info(bob["access_token"]).status_code == 401

    busy = site.run("restore.sh", backup)
    assert (busy.returncode, busy.stderr) == (1, "The database is in use: stop the site first.\n")
    site.say("stop")
    done = site.run("restore.sh", backup)
    assert done.returncode == 0, done.stderr
    assert site.say("start") == "start: done"

    assert f"Everybody in the user pool {POOL} has to sign in again." in done.stdout
    for token in (bob, ann, later):
        assert site.refreshed(token["refresh_token"]).json()["error"] == "invalid_grant"
        assert site.user_info(token["access_token"]).status_code == 401
    again = site.sign_in("bob", passwords["bob"])
    assert site.user_info(again["access_token"]).json()["username"] == "bob"
    assert site.refreshed(again["refresh_token"]).status_code == 200
    # What the site had is there to be looked at, under the name that was printed.
    (kept,) = re.findall(r"in the database (\S+) until", done.stdout)
    assert kept in site.databases()
    looked = site.run("flask.sh", "authz", "user", "list", POOL, OFFLINE_SITE_DATABASE=kept)
    assert "cleo" in looked.stdout
    assert "bob" not in looked.stdout


def test_restore_can_be_tried_while_the_site_runs_and_leaves_nothing(site: OfflineSite, backup: Path) -> None:
    before = site.databases()

    done = site.run("restore.sh", "--check", str(backup))

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{backup} can be restored.\n")
    assert site.databases() == before


def test_restore_with_other_sealing_keys_changes_nothing(site: OfflineSite, backup: Path, tmp_path: Path) -> None:
    etc, before = changed_etc(site, tmp_path), site.databases()
    (etc / "secrets.toml").unlink()
    subprocess.run(["python", str(SAMPLE / "make_secrets.py"), str(etc)], env=site.environment, check=True)

    done = site.run("restore.sh", "--check", str(backup), OFFLINE_SITE=str(etc))

    assert done.returncode != 0
    assert "can be restored" not in done.stdout
    assert "sealing keys" in done.stderr
    assert site.databases() == before


def test_restore_of_half_a_file_changes_nothing(site: OfflineSite, backup: Path, tmp_path: Path) -> None:
    half, before = tmp_path / "half.dump", site.databases()
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])

    done = site.run("restore.sh", "--check", str(half))

    assert done.returncode != 0
    assert site.databases() == before


def test_backups_beyond_those_to_keep_go_once_the_new_one_is_written(site: OfflineSite, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    names = [f"authz-2020010{day}T020000Z-0123456789ab.dump" for day in (1, 2, 3)]
    for name in (*names, "not-a-backup.dump"):
        (backups / name).touch()
    etc = changed_etc(site, tmp_path, BACKUPS=str(backups), KEEP="2")

    done = site.run("backup.sh", OFFLINE_SITE=str(etc))

    assert done.returncode == 0, done.stderr
    kept = sorted(path.name for path in backups.iterdir() if not path.name.startswith("."))
    assert kept == [names[2], Path(done.stdout.strip()).name, "not-a-backup.dump"]


def test_backup_that_fails_leaves_the_older_ones_and_no_half(site: OfflineSite, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    old = backups / "authz-20200101T020000Z-0123456789ab.dump"
    old.touch()
    etc = changed_etc(site, tmp_path, BACKUPS=str(backups), KEEP="1", PGDATABASE="nowhere")

    done = site.run("backup.sh", OFFLINE_SITE=str(etc))

    assert done.returncode != 0
    assert [path for path in backups.iterdir() if path.name != ".lock"] == [old]


def test_scripts_of_root_run_as_the_account_of_the_secrets(site: OfflineSite, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    seen = tmp_path / "runuser"
    seen.write_text('#!/bin/sh\necho "became $2: $4 $5"\n')
    seen.chmod(0o755)
    etc = changed_etc(site, tmp_path)
    shutil.chown(etc / "secrets.toml", "nobody")

    path = f"{tmp_path}{os.pathsep}{site.environment['PATH']}"
    done = site.run("flask.sh", "authz", OFFLINE_SITE=str(etc), PATH=path)

    assert done.stdout == f"became nobody: {site.folder}/app/flask.sh authz\n"
