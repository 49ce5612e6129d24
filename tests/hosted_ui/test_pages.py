"""What holds for every page: headers, methods, input, hosts, templates."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import TemplateNotFound
from werkzeug.test import TestResponse

from app_client_authz.domain.errors import Unavailable
from app_client_authz.domain.pool import MfaChange
from app_client_authz.domain.registration import Registration
from app_client_authz.web.authorization import MISSING, NOT_ENABLED
from tests.hosted_ui.conftest import MakeSite
from tests.hosted_ui.site import (
    BARE,
    CALLBACK,
    ENABLED,
    FOREIGN,
    HOSTILE,
    LOGOUT,
    MEMBERS,
    OTHER_POOL_ID,
    PASSWORD,
    POOL_ID,
    TEMPORARY,
    Site,
    Visitor,
    alert,
    location,
    query,
    set_cookies,
    token,
)

FORMS = (
    "/login",
    "/changePassword",
    "/signup",
    "/confirm",
    "/confirmUser",
    "/forgotPassword",
    "/confirmForgotPassword",
    "/mfa",
    "/mfaOption",
    "/mfaSetup",
)
PATHS = (*FORMS, "/logout", "/error")


def every_page(site: Site) -> dict[str, TestResponse]:
    """One page of each kind."""
    new, signed_in, other = site.visitor(), site.visitor(), site.visitor()
    signed_in.sign_in()
    new.sign_in("newcomer", TEMPORARY)
    wrong = other.sign_in(password="wrong")
    linked = f"/confirmUser?client_id={MEMBERS}&user_name=una&confirmation_code=000000"
    forgetful, bad_code = site.visitor(), {"username": "ann", "code": "no code"}
    site.services.pool_settings.set_mfa(OTHER_POOL_ID, MfaChange(mode="ON", software_token=True))
    careful = site.visitor()
    careful.sign_in(client_id=FOREIGN)
    return {
        "sign in": site.visitor().page(),
        "wrong password": other.follow(wrong),
        "go on": signed_in.page(),
        "new password": new.page("/changePassword"),
        "refused password": new.submit({"password": "x", "confirm_password": "x"}, "/changePassword"),
        "sign up": site.visitor().page("/signup", client_id=MEMBERS),
        "refused sign-up": site.visitor().submit({"username": "ann"}, "/signup", client_id=MEMBERS),
        "unconfirmed": forgetful.follow(forgetful.sign_in("una", client_id=MEMBERS)),
        "wrong code": site.visitor().submit(bad_code, "/confirm", client_id=MEMBERS),
        "confirm by link": site.visitor().get(linked),
        "forgotten": site.visitor().page("/forgotPassword", client_id=MEMBERS),
        "reset": forgetful.follow(forgetful.submit({"username": "ann"}, "/forgotPassword", client_id=MEMBERS)),
        "refused reset": site.visitor().submit(bad_code, "/confirmForgotPassword", client_id=MEMBERS),
        "set up": careful.page("/mfaSetup", client_id=FOREIGN),
        "refused set-up": careful.submit(bad_code, "/mfaSetup", client_id=FOREIGN),
        "not here": site.visitor().page(client_id=BARE),
        "error": site.visitor().get("/error?error=redirect_mismatch"),
        "unreadable": site.visitor().get("/login?a=1&a=2"),
        "not ours": site.visitor().post(f"/login?{query()}", {"username": "a"}),
        "method": site.visitor().http.put("/auth/login"),
    }


# --- headers --------------------------------------------------------------------------------------


def test_every_page_carries_the_headers_of_a_page(site: Site) -> None:
    for name, page in every_page(site).items():
        headers = page.headers
        assert headers["Content-Type"] == "text/html;charset=UTF-8", name
        assert headers["Content-Language"] == "en", name
        assert "no-store" in headers["Cache-Control"], name
        assert headers["Pragma"] == "no-cache", name
        assert "Cookie" in headers["Vary"], name
        assert headers["X-Frame-Options"] == "DENY", name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["Referrer-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert headers["x-amz-cognito-request-id"], name
        assert "Access-Control-Allow-Origin" not in headers, name


@pytest.mark.attack("R12")
def test_every_page_forbids_scripts_frames_and_everything_foreign(site: Site) -> None:
    for name, page in every_page(site).items():
        policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'", name
        assert policy["object-src"] == "'none'", name
        assert policy["form-action"].split()[0] == "'self'", name
        assert "unsafe" not in page.headers["Content-Security-Policy"], name
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|https?://", page.text.replace("action=", "")), name
        assert page.text.count("<main") == page.text.count("<h1>") == 1, name
        assert '<html lang="en">' in page.text, name


def test_pages_behind_https_ask_for_https_only(make_site: MakeSite) -> None:
    site = make_site(AUTHZ_PUBLIC_URL="https://login.example/auth")

    assert site.visitor().page().headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_redirects_are_not_kept_either(visitor: Visitor) -> None:
    for answer in (visitor.sign_in(), visitor.sign_in(password="wrong"), visitor.get("/logout")):
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.data == b""


def test_the_style_sheet_is_ours_and_asks_nobody(visitor: Visitor) -> None:
    link = re.search(r'rel="stylesheet" href="([^"]+)"', visitor.page().text)
    assert link is not None

    with visitor.http.get(link[1]) as sheet:
        assert sheet.status_code == 200
        assert sheet.content_type.startswith("text/css")
        assert "url(" not in sheet.text
        assert "@import" not in sheet.text
        assert "prefers-color-scheme: dark" in sheet.text
        assert sheet.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/authz-static/nothing.css", "/authz-static/../blueprint.py", "/authz-static/%2e%2e/login.py"]
)
def test_nothing_else_is_served_from_there(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status_code == 404


# --- methods --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused_in_a_plain_page(passer_by: Visitor, path: str, method: str) -> None:
    answer = passer_by.http.open(f"/auth{path}?{query()}", method=method)

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.content_type == "text/html;charset=UTF-8"


@pytest.mark.parametrize("path", ["/logout", "/error"])
def test_pages_without_a_form_take_no_post(visitor: Visitor, path: str) -> None:
    answer = visitor.post(path, {})

    assert answer.status_code == 405
    assert "POST" not in answer.headers["Allow"]


@pytest.mark.parametrize("path", [*FORMS, "/error"])
def test_head_is_get_without_a_body(passer_by: Visitor, path: str) -> None:
    got, head = passer_by.page(path), passer_by.http.head(f"/auth{path}?{query()}")

    assert head.status_code == got.status_code
    assert head.data == b""


# --- input ----------------------------------------------------------------------------------------

BAD_QUERIES = {
    "a repeated parameter": "client_id=a&client_id=b",
    "a repeated redirect_uri": f"{query()}&redirect_uri=https%3A%2F%2Fevil.example",
    "NUL": "client_id=%00",
    "invalid UTF-8": "client_id=%ff%fe",
    "half a character": "client_id=%e2%82",
    "a surrogate": "client_id=%ed%a0%80",
    "many parameters": "&".join(f"p{n}=1" for n in range(201)),
    "a long value": "state=" + "x" * 9000,
}
BODIES: dict[str, dict[str, Any]] = {
    "no body": {},
    "JSON": {"json": {"username": ["a"]}},
    "multipart": {"data": {"username": "a"}, "content_type": "multipart/form-data"},
    "broken multipart": {"data": b"x", "content_type": "multipart/form-data; boundary=b"},
    "no type": {"data": b"username=a", "content_type": ""},
    "compressed": {"data": {"username": "a"}, "headers": {"Content-Encoding": "gzip"}},
    "a repeated field": {"data": {"username": ["a", "b"]}},
    "an array": {"data": {"username[]": "a", "password[x]": "b"}},
    "NUL": {"data": {"username": "a\x00"}},
    "invalid UTF-8": {"data": b"username=%ff", "content_type": "application/x-www-form-urlencoded"},
    "raw bytes": {"data": b"\xff\xfe\x00=\xff", "content_type": "application/x-www-form-urlencoded"},
    "many fields": {"data": {f"f{n}": "1" for n in range(201)}},
    "a long value": {"data": {"username": "x" * 9000}},
    "no form token": {"data": {"username": "alice", "password": PASSWORD}},
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", list(BAD_QUERIES))
@pytest.mark.attack("R19")
def test_a_query_that_cannot_be_read_is_a_400(passer_by: Visitor, path: str, name: str) -> None:
    answer = passer_by.get(f"{path}?{BAD_QUERIES[name]}")

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("name", list(BAD_QUERIES))
@pytest.mark.attack("R19")
def test_a_form_under_such_a_query_is_refused(passer_by: Visitor, path: str, name: str) -> None:
    form = {"_csrf": token(passer_by.page()), "username": "alice", "password": PASSWORD}

    assert passer_by.post(f"{path}?{BAD_QUERIES[name]}", form).status_code == 400
    assert passer_by.session is None


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("name", list(BODIES))
@pytest.mark.attack("R19")
def test_a_body_that_is_no_form_of_ours_is_a_4xx(passer_by: Visitor, path: str, name: str) -> None:
    answer = passer_by.http.post(f"/auth{path}?{query()}", **BODIES[name])

    assert 400 <= answer.status_code < 500
    assert "Something went wrong" in answer.text


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.attack("R22")
def test_a_body_of_more_than_a_mebibyte_is_refused_unread(passer_by: Visitor, path: str) -> None:
    fields = {"username": "x" * 1024 * 1024}

    assert passer_by.post(f"{path}?{query()}", fields).status_code == 413


@pytest.mark.parametrize(
    "name", ["x" * 8000, "\u0130" * 2000, "a\ud7ff\uffff", "' OR 1=1 --", "\u202eevil", "🐙" * 500]
)
@pytest.mark.attack("R19")
def test_odd_names_and_passwords_are_wrong_ones(visitor: Visitor, name: str) -> None:
    assert alert(visitor.follow(visitor.sign_in(name, name))) == "Incorrect username or password."


@pytest.mark.attack("R10")
@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/auth/login",
        "/auth//evil.example",
        "/auth/\\evil.example",
        "/auth/%2fevil.example",
        "/auth/%5cevil.example",
        "/%2f%2fevil.example/auth/login",
        "/auth/login//evil.example",
        "/auth/login/",
        "/auth//login",
        "/auth//authz-static/authz.css",
    ],
)
def test_odd_paths_lead_nowhere_else(passer_by: Visitor, path: str) -> None:
    answer = passer_by.http.get(path, query_string=query())

    assert answer.status_code in {400, 404}
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "tail",
    [
        "&next=https%3A%2F%2Fevil.example",
        "&state2=%0d%0aSet-Cookie:%20a=b",
        "&x=\\\\evil&y=//evil.example",
        "&x=\x7f\xe9",
    ],
)
@pytest.mark.attack("R3")
def test_whatever_the_query_holds_a_refusal_leads_to_our_own_page(visitor: Visitor, tail: str) -> None:
    form = {"_csrf": token(visitor.page()), "username": "alice", "password": "wrong"}

    answer = visitor.post(f"/login?{query()}{tail}", form)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"/auth/login?client_id={ENABLED}&")
    assert answer.headers["Location"].isascii()
    assert not set(answer.headers["Location"]) & set(' \\"<>\r\n\x7f')
    assert set_cookies(answer).keys() == {"authz-flash", "authz-handover"}
    assert visitor.follow(answer).status_code == 200


@pytest.mark.parametrize("value", ["\xff\xfe", "x" * 4000, '"a b"', "é", "..", "%00", '"\\000"'])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.attack("R19")
def test_cookies_that_are_not_ours_mean_not_signed_in(standing_site: Site, path: str, value: str) -> None:
    names = (f"authz-session-{POOL_ID}", "XSRF-TOKEN", "authz-flash", "authz-challenge", "authz-handover")
    header = "; ".join(f"{name}={value}" for name in names)

    answer = standing_site.app.test_client(use_cookies=False).get(f"/auth{path}?{query()}", headers={"Cookie": header})

    assert answer.status_code < 500
    assert "Sign in as" not in answer.text


@pytest.mark.parametrize("raw", ["x\r\nSet-Cookie: a=b", 'x"><', "x\\", "\xe9", "x#fragment", "x y"])
@pytest.mark.attack("R12")
def test_a_raw_query_breaks_no_header(visitor: Visitor, raw: str) -> None:
    # Servers differ in what they let through in a query, so nothing is left to them.
    form = {"_csrf": token(visitor.page()), "username": "alice", "password": "wrong"}

    answer = visitor.post("/login", form, environ_overrides={"QUERY_STRING": f"{query()}&x={raw}"})

    assert answer.status_code in {302, 400}
    assert not set(answer.headers.get("Location", "")) & set(' "<>\\#\r\n\xe9')
    assert "a=b" not in "".join(answer.headers.getlist("Set-Cookie"))


# --- escaping -------------------------------------------------------------------------------------


def assert_harmless(page: TestResponse) -> None:
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.attack("R12")
def test_a_hostile_login_hint_is_text(visitor: Visitor) -> None:
    assert_harmless(visitor.page(login_hint=HOSTILE))


@pytest.mark.attack("R12")
def test_a_hostile_username_is_text(site: Site, visitor: Visitor) -> None:
    site.services.users.create(POOL_ID, HOSTILE, {"given_name": "H"}, password=PASSWORD, permanent=True)
    visitor.sign_in(HOSTILE)

    assert_harmless(visitor.page())


@pytest.mark.attack("R12")
def test_a_hostile_client_name_is_text(site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    # The rules of app clients refuse such a name; the page does not count on them.
    found = site.services.app_clients.find(ENABLED)
    assert found is not None
    client = replace(found.client, spec=replace(found.client.spec, client_name=HOSTILE))
    monkeypatch.setattr(site.services.app_clients, "find", lambda _: Registration(client, found.pool))

    assert_harmless(visitor.page())


@pytest.mark.parametrize("parameter", ["state", "nonce", "x"])
@pytest.mark.attack("R12")
def test_a_hostile_query_stays_inside_the_action(visitor: Visitor, parameter: str) -> None:
    page = visitor.get(f'/login?{query(**{parameter: None})}&{parameter}="><script>alert(1)</script>')

    assert page.status_code == 200
    assert "<script" not in page.text


# --- the error page -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code, text",
    [
        (MISSING, "Required parameters missing"),
        (NOT_ENABLED, "Client is not enabled for OAuth2.0 flows."),
        ("invalid_request", "not valid"),
        ("redirect_mismatch", "not registered"),
        ("Invalid state", "start again"),
    ],
)
def test_known_errors_are_explained(visitor: Visitor, code: str, text: str) -> None:
    page = visitor.get("/error", query_string={"error": code, "client_id": ENABLED})

    assert page.status_code == 400
    assert "An error was encountered with the requested page." in page.text
    assert text in page.text
    assert f"<code>{code}</code>" in page.text


@pytest.mark.parametrize("code", ["", "call 0800 evil", HOSTILE, "x" * 8000])
@pytest.mark.attack("R12")
def test_unknown_errors_are_not_repeated(visitor: Visitor, code: str) -> None:
    page = visitor.get("/error", query_string={"error": code, "error_description": HOSTILE, "client_id": HOSTILE})

    assert page.status_code == 400
    assert "An error was encountered with the requested page." in page.text
    assert "evil" not in page.text
    assert "alert(1)" not in page.text
    assert "<code>" not in page.text


def test_the_error_page_gives_no_cookie(visitor: Visitor) -> None:
    assert "Set-Cookie" not in visitor.get("/error?error=redirect_mismatch").headers


# --- hosts and mounting ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.attack("R23")
def test_an_unknown_host_is_told_what_to_set(passer_by: Visitor, path: str) -> None:
    answer = passer_by.get(f"{path}?{query()}", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "AUTHZ_PUBLIC_URL" in answer.text
    assert "evil.example" not in answer.text


@pytest.mark.attack("R23")
def test_a_forged_host_shapes_nothing(make_site: MakeSite) -> None:
    visitor = make_site(AUTHZ_PUBLIC_URL="https://login.example/outside").visitor()

    page = visitor.get(f"/login?{query()}", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    refused = visitor.get("/login", headers={"Host": "evil.example"})

    assert "evil" not in page.text + str(page.headers) + str(refused.headers)
    assert 'action="/outside/login?' in page.text
    assert 'href="/outside/authz-static/authz.css"' in page.text
    assert refused.headers["Location"].startswith("/outside/error?")


@pytest.mark.parametrize("prefix", ["", "/auth", "/deep/er"])
def test_the_pages_work_under_any_prefix(make_site: MakeSite, prefix: str) -> None:
    visitor = Visitor(make_site(AUTHZ_URL_PREFIX=prefix).app.test_client(), prefix)

    answer = visitor.sign_in(password="wrong")

    assert answer.headers["Location"] == f"{prefix}/login?{query()}"
    assert f'href="{prefix}/authz-static/authz.css"' in visitor.follow(answer).text
    with visitor.get("/authz-static/authz.css") as sheet:
        assert sheet.status_code == 200


def test_two_apps_in_one_process_keep_to_themselves(make_site: MakeSite) -> None:
    one, two = make_site(), make_site(AUTHZ_URL_PREFIX="/two")
    two.services.users.delete(POOL_ID, "alice")

    assert location(one.visitor().sign_in())[0] == CALLBACK
    assert location(Visitor(two.app.test_client(), "/two").sign_in())[0] == "/two/login"


def test_a_database_that_does_not_answer_is_a_503_on_every_page(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable(detail="database: OperationalError")

    monkeypatch.setattr(site.services.app_clients, "find", away)
    for path in (*FORMS, "/logout"):
        answer = visitor.get(f"{path}?{query(confirmation_code='1', user_name='una')}")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"


@pytest.mark.attack("R7")
def test_a_sign_out_that_was_not_stored_is_no_success(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.sign_in()

    def away(*_: object) -> None:
        raise Unavailable(detail="database: OperationalError")

    monkeypatch.setattr(site.services.sessions, "end", away)

    assert visitor.get(f"/logout?client_id={ENABLED}&logout_uri={LOGOUT}").status_code == 503


def test_what_nobody_foresaw_is_a_plain_500(site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("secret detail")

    site.app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    monkeypatch.setattr(site.services.app_clients, "find", broken)

    answer = visitor.page()

    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "secret detail" not in answer.text


def test_the_pages_of_the_host_keep_their_own_errors(site: Site) -> None:
    answer = site.app.test_client().get("/nowhere")

    assert answer.status_code == 404
    assert "authz" not in answer.text
    assert "X-Frame-Options" not in answer.headers


# --- templates of the host ------------------------------------------------------------------------


@pytest.fixture
def host_templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates" / "authz"
    folder.mkdir(parents=True)
    return folder


def test_a_template_of_the_host_with_the_same_path_wins(make_site: MakeSite, host_templates: Path) -> None:
    (host_templates / "login.html").write_text("<p>Ours: {{ client_name }} {{ form_token|length > 0 }}</p>")
    site = make_site({"template_folder": str(host_templates.parent)})

    assert site.visitor().page().text == "<p>Ours: Storefront True</p>"


def test_a_host_can_change_the_frame_alone(make_site: MakeSite, host_templates: Path) -> None:
    (host_templates / "base.html").write_text("<b>Acme</b>{% block body %}{% endblock %}")
    site = make_site({"template_folder": str(host_templates.parent)})

    assert site.visitor().page().text.startswith("<b>Acme</b>\n<h1>Sign in</h1>")
    assert site.visitor().get("/error").text.startswith("<b>Acme</b>\n<h1>An error")


@pytest.mark.attack("R12")
def test_a_host_template_is_escaped_and_under_the_same_policy(make_site: MakeSite, host_templates: Path) -> None:
    (host_templates / "login.html").write_text("<i>{{ username }}</i>")
    page = make_site({"template_folder": str(host_templates.parent)}).visitor().page(login_hint=HOSTILE)

    assert_harmless(page)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_templates_are_named_under_authz_only(site: Site) -> None:
    app: Flask = site.app

    assert sorted(name for name in app.jinja_env.list_templates()) == [
        f"authz/{name}.html"
        for name in (
            *("base", "change_password", "confirm", "confirm_link", "confirmed", "error", "fields"),
            *("forgot_password", "login", "mfa", "mfa_option", "mfa_setup", "reset_password", "signed_out", "signup"),
        )
    ]
    with pytest.raises(TemplateNotFound):
        app.jinja_env.get_template("login.html")
