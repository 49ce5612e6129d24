"""Pages in hosts whose Jinja is set otherwise: what guards a page is no choice of the host."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache, ChainableUndefined, StrictUndefined, Undefined
from jinja2.bccache import Bucket
from werkzeug.test import TestResponse

from app_client_authz.domain.pool import MfaChange
from app_client_authz.domain.registration import Registration
from tests.hosted_ui.conftest import MakeSite
from tests.hosted_ui.site import (
    FOREIGN,
    HOSTILE,
    OIDC,
    OTHER_POOL_ID,
    PASSWORD,
    POOL_ID,
    TEMPORARY,
    Site,
    Visitor,
    query,
)
from tests.hosted_ui.test_pages import every_page

UNESCAPED: dict[str, Any] = {
    "for all templates": False,
    "for each template": lambda _name: False,
    "for all but text": lambda name: name is not None and not name.endswith(".html"),
}


@pytest.fixture(params=list(UNESCAPED))
def unescaped(make_site: MakeSite, request: pytest.FixtureRequest) -> Site:
    site = make_site()
    site.app.jinja_env.autoescape = UNESCAPED[request.param]
    return site


def harmless(page: TestResponse, *, shown: bool = True) -> bool:
    return "<script" not in page.text and ("&lt;script&gt;" in page.text or not shown)


# --- escaping -------------------------------------------------------------------------------------


@pytest.mark.attack("R12")
def test_login_hint_is_text_where_the_host_escapes_nothing(unescaped: Site) -> None:
    assert harmless(unescaped.visitor().page(login_hint=HOSTILE))


@pytest.mark.attack("R12")
def test_every_page_shows_hostile_names_as_text_where_the_host_escapes_nothing(
    unescaped: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = unescaped
    site.services.users.create(POOL_ID, HOSTILE, {"given_name": "H"}, password=PASSWORD, permanent=True)
    site.services.users.create(POOL_ID, "second", {"given_name": HOSTILE}, password=TEMPORARY)
    _name_clients(site, monkeypatch, HOSTILE)
    named, new, other = site.visitor(), site.visitor(), site.visitor()
    named.sign_in(HOSTILE)
    new.sign_in("second", TEMPORARY)
    refused = other.sign_in(HOSTILE, "wrong")
    weak = {"password": HOSTILE[:5], "confirm_password": HOSTILE[:5]}
    site.services.users.create(OTHER_POOL_ID, HOSTILE, {}, password=PASSWORD, permanent=True)
    site.services.pool_settings.set_mfa(OTHER_POOL_ID, MfaChange(mode="ON", software_token=True))
    careful = site.visitor()
    careful.sign_in(HOSTILE, client_id=FOREIGN)

    for name, page in {
        "go on": named.page(),
        "wrong password": other.follow(refused),
        "new password": new.page("/changePassword"),
        "refused password": new.submit(weak, "/changePassword"),
        "attributes": new.submit({**weak, "given_name": HOSTILE, HOSTILE: HOSTILE}, "/changePassword"),
        "sign up": site.visitor().submit({"username": HOSTILE}, "/signup"),
        "wrong code": site.visitor().submit({"username": HOSTILE}, "/confirm"),
        "forgotten": site.visitor().page("/forgotPassword", login_hint=HOSTILE),
        "refused reset": site.visitor().submit({"username": HOSTILE}, "/confirmForgotPassword"),
        "set up": careful.page("/mfaSetup", client_id=FOREIGN),
        "not here": site.visitor().page(identity_provider=HOSTILE),
        "signed out": site.visitor().get("/logout", query_string={"client_id": OIDC}),
    }.items():
        assert harmless(page), name


@pytest.mark.attack("R12")
def test_hostile_query_stays_inside_the_action_where_the_host_escapes_nothing(unescaped: Site) -> None:
    page = unescaped.visitor().get(f'/login?{query()}&x="><script>alert(1)</script>')

    assert page.status_code == 200
    assert harmless(page, shown=False)


@pytest.mark.attack("R12")
@pytest.mark.parametrize("error", [HOSTILE, "redirect_mismatch"])
def test_error_page_repeats_nothing_where_the_host_escapes_nothing(unescaped: Site, error: str) -> None:
    page = unescaped.visitor().get("/error", query_string={"error": error, "error_description": HOSTILE})

    assert page.status_code == 400
    assert harmless(page, shown=False)


@pytest.mark.attack("R12")
def test_template_of_the_host_is_escaped_where_the_host_escapes_nothing(make_site: MakeSite, tmp_path: Path) -> None:
    """Whoever overrides one of our pages meets the same values in it."""
    folder = tmp_path / "templates" / "authz"
    folder.mkdir(parents=True)
    (folder / "login.html").write_text("mine: {{ username }} {{ form_token }}")
    site = make_site({"template_folder": str(tmp_path / "templates")})
    site.app.jinja_env.autoescape = False

    page = site.visitor().page(login_hint=HOSTILE)
    assert page.text.startswith("mine: ")
    assert harmless(page)


def test_templates_of_the_host_itself_keep_its_own_settings(make_site: MakeSite, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "own.html").write_text("<p>{{ text }}</p>")
    site = make_site({"template_folder": str(folder)})
    site.app.jinja_env.autoescape = False
    site.app.jinja_env.undefined = StrictUndefined
    site.visitor().page()

    assert site.app.jinja_env.get_template("own.html").render(text="<b>") == "<p><b></p>"
    assert site.app.jinja_env.undefined is StrictUndefined


class Shelf(BytecodeCache):
    """What Jinja compiled, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


@pytest.mark.attack("R12")
def test_what_the_host_compiled_without_escaping_is_not_what_we_show(make_site: MakeSite) -> None:
    site = make_site()
    site.app.jinja_env.autoescape = False
    site.app.jinja_env.bytecode_cache = Shelf()
    for name in ("authz/base.html", "authz/login.html"):
        site.app.jinja_env.get_template(name)

    assert harmless(site.visitor().page(login_hint=HOSTILE))


# --- undefined values -----------------------------------------------------------------------------


def plain(page: TestResponse) -> tuple[int, str]:
    """Status and text, without what differs from page to page."""
    return page.status_code, re.sub(r'name="_csrf" value="[^"]+"|secret=\w+|<code>[^<]+|<svg.*?</svg>', "", page.text)


@pytest.mark.parametrize("undefined", [StrictUndefined, ChainableUndefined, Undefined])
def test_every_page_is_the_same_whatever_the_host_thinks_of_undefined_values(
    make_site: MakeSite, undefined: type[Undefined]
) -> None:
    usual, site = make_site(), make_site()
    site.app.jinja_env.undefined = undefined

    assert {name: plain(page) for name, page in every_page(site).items()} == {
        name: plain(page) for name, page in every_page(usual).items()
    }


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "ask, status",
    [
        (lambda visitor: visitor.get("/error?error=redirect_mismatch"), 400),
        (lambda visitor: visitor.get("/error"), 400),
        (lambda visitor: visitor.get("/login?client_id=%00"), 400),
        (lambda visitor: visitor.post("/login", {"username": "a"}), 403),
        (lambda visitor: visitor.get("/login", headers={"Host": "evil.example"}), 400),
        (lambda visitor: visitor.http.delete("/auth/logout"), 405),
    ],
)
def test_refusals_are_4xx_pages_where_undefined_values_are_errors(
    make_site: MakeSite, ask: Callable[[Visitor], TestResponse], status: int
) -> None:
    site = make_site()
    site.app.jinja_env.undefined = StrictUndefined
    answer = ask(site.visitor())

    assert answer.status_code == status
    assert answer.text.count("<h1>") == 1
    assert harmless(answer, shown=False)


# --- both, and what else a host may set -----------------------------------------------------------


class Peculiar(Flask):
    """A host that has its own ideas of templates from the start."""

    jinja_options: dict[str, Any] = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}  # noqa: RUF012

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        return False


@pytest.mark.attack("R12")
def test_peculiar_host_gets_working_pages(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.hosted_ui.conftest.Flask", Peculiar)
    site = make_site()
    assert isinstance(site.app, Peculiar)
    pages = every_page(site)

    assert {name: page.status_code for name, page in pages.items()} == {
        name: page.status_code for name, page in every_page(make_site()).items()
    }
    assert harmless(site.visitor().page(login_hint=HOSTILE))
    assert "Sign in" in pages["sign in"].text


def test_context_processor_of_the_host_cannot_change_what_a_page_is_made_of(make_site: MakeSite) -> None:
    site = make_site()
    site.app.context_processor(lambda: {"form_token": "theirs", "action": "https://evil.example/", "greeting": "hi"})
    page = site.visitor().page()

    assert "theirs" not in page.text
    assert "evil.example" not in page.text


def _name_clients(site: Site, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The rules of app clients refuse such a name; the pages do not count on them."""
    find = site.services.app_clients.find

    def named(client_id: str) -> Registration | None:
        found = find(client_id)
        if found is None:
            return None
        return Registration(replace(found.client, spec=replace(found.client.spec, client_name=name)), found.pool)

    monkeypatch.setattr(site.services.app_clients, "find", named)
