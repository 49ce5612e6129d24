"""Forms that are not ours, not this browser's, or too old (UI-2, R12)."""

import re

import pytest

from tests.hosted_ui.site import CALLBACK, CHOSEN, PASSWORD, TEMPORARY, Site, Visitor, location, query, token
from tests.support.clock import MovableClock

pytestmark = pytest.mark.attack("R12")

FORM = {"username": "alice", "password": PASSWORD}


def test_a_form_without_a_token_signs_nobody_in(visitor: Visitor) -> None:
    visitor.page()

    answer = visitor.post(f"/login?{query()}", FORM)

    assert answer.status_code == 403
    assert "Something went wrong" in answer.text
    assert visitor.session is None


@pytest.mark.parametrize("forged", ["x", "a.1.b", "..", "a.b.c", "\u00e9.1.\u00e9", "1" * 8000])
def test_a_made_up_token_signs_nobody_in(visitor: Visitor, forged: str) -> None:
    visitor.page()

    assert visitor.post(f"/login?{query()}", {**FORM, "_csrf": forged}).status_code == 403


def test_a_token_that_was_changed_is_refused(visitor: Visitor, clock: MovableClock) -> None:
    part, _, mac = token(visitor.page()).split(".")

    changed = f"{part}.{int(clock.now) + 1}.{mac}"

    assert visitor.post(f"/login?{query()}", {**FORM, "_csrf": changed}).status_code == 403


@pytest.mark.attack("R13")
def test_the_token_of_another_browser_is_refused(site: Site, visitor: Visitor) -> None:
    visitor.page()
    foreign = token(site.visitor().page())

    assert visitor.post(f"/login?{query()}", {**FORM, "_csrf": foreign}).status_code == 403


@pytest.mark.attack("R13")
def test_a_token_without_its_cookie_is_refused(site: Site, visitor: Visitor) -> None:
    shown = token(visitor.page())

    assert site.visitor().post(f"/login?{query()}", {**FORM, "_csrf": shown}).status_code == 403


def test_a_page_older_than_five_minutes_is_refused_and_offers_to_start_again(
    visitor: Visitor, clock: MovableClock
) -> None:
    fields = {**FORM, "_csrf": token(visitor.page())}
    clock.advance(300)
    assert location(visitor.post(f"/login?{query()}", fields))[0] == CALLBACK
    clock.advance(1)

    answer = visitor.post(f"/login?{query()}", fields)

    assert answer.status_code == 403
    link = re.search(r'<a [^>]*href="([^"]+)"', answer.text)
    assert link is not None
    assert link[1].replace("&amp;", "&") == f"/auth/login?{query()}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost:81"},
        {"Origin": "http://localhost.evil.example"},
    ],
)
def test_a_form_sent_from_another_site_is_refused(visitor: Visitor, headers: dict[str, str]) -> None:
    answer = visitor.submit(FORM, headers=headers)

    assert answer.status_code == 403
    assert visitor.session is None


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {}]
)
def test_our_own_form_is_accepted(visitor: Visitor, headers: dict[str, str]) -> None:
    assert location(visitor.submit(FORM, headers=headers))[0] == CALLBACK


def test_the_field_may_bear_the_name_of_managed_login(visitor: Visitor) -> None:
    fields = {**FORM, "csrf": token(visitor.page()), "cognitoAsfData": "e30=", "signInSubmitButton": "Sign in"}

    assert location(visitor.post(f"/login?{query()}", fields))[0] == CALLBACK


def test_form_and_cookie_carry_the_same_text(visitor: Visitor) -> None:
    assert token(visitor.page()) == visitor.cookie("XSRF-TOKEN")


def test_two_open_tabs_do_not_spoil_each_other(visitor: Visitor) -> None:
    first = token(visitor.page())
    visitor.page(state="another")

    assert location(visitor.post(f"/login?{query()}", {**FORM, "_csrf": first}))[0] == CALLBACK


def test_going_on_needs_the_token_too(visitor: Visitor) -> None:
    visitor.sign_in()

    assert visitor.post(f"/login?{query()}", {"continue": "1"}).status_code == 403


def test_choosing_a_password_needs_the_token_too(site: Site, visitor: Visitor) -> None:
    visitor.sign_in("newcomer", TEMPORARY)

    answer = visitor.post(f"/changePassword?{query()}", {"password": CHOSEN, "confirm_password": CHOSEN})

    assert answer.status_code == 403
    assert visitor.session is None
    assert f'href="/auth/login?{query()}"'.replace("&", "&amp;") in answer.text


@pytest.mark.attack("R13")
def test_a_password_is_chosen_only_in_the_browser_that_gave_the_temporary_one(site: Site, visitor: Visitor) -> None:
    visitor.sign_in("newcomer", TEMPORARY)
    other = site.visitor()
    fields = {"_csrf": token(other.page()), "password": CHOSEN, "confirm_password": CHOSEN}

    answer = other.post(f"/changePassword?{query()}", fields)

    assert location(answer)[0] == "/auth/login"
    assert other.session is None
    own = visitor.submit({"password": CHOSEN, "confirm_password": CHOSEN}, "/changePassword")
    assert location(own)[0] == CALLBACK


@pytest.mark.attack("R13")
def test_the_token_of_another_browser_chooses_no_password(site: Site, visitor: Visitor) -> None:
    visitor.sign_in("newcomer", TEMPORARY)
    fields = {"_csrf": token(site.visitor().page()), "password": CHOSEN, "confirm_password": CHOSEN}

    assert visitor.post(f"/changePassword?{query()}", fields).status_code == 403
    assert visitor.session is None


@pytest.mark.attack("R14")
def test_a_refused_form_counts_no_attempt(site: Site, visitor: Visitor) -> None:
    for _ in range(6):
        visitor.post(f"/login?{query()}", {"username": "alice", "password": "wrong", "_csrf": "x"})

    assert location(visitor.sign_in())[0] == CALLBACK
