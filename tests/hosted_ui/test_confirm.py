"""``/confirm``, ``/resendcode`` and the link to ``/confirmUser``: how a new account is confirmed."""

import re
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from app_client_authz.domain.pool import MfaChange
from app_client_authz.domain.user import UserStatus
from tests.hosted_ui.site import (
    CALLBACK,
    CLUB,
    HOSTILE,
    MEMBERS,
    MEMBERS_POOL_ID,
    PASSWORD,
    Site,
    Visitor,
    alert,
    links,
    location,
    notice,
    query,
    set_cookies,
    token,
    value_of,
)
from tests.support.clock import MovableClock

MISMATCH = "Invalid verification code provided, please try again."
EXPIRED = "Invalid code provided, please request a code again."
TOO_MANY = "Attempt limit exceeded, please try after some time."


def confirm(visitor: Visitor, code: str, name: str = "una", client_id: str = MEMBERS) -> TestResponse:
    return visitor.submit({"username": name, "code": code}, "/confirm", client_id=client_id)


def resend(visitor: Visitor, name: str = "una", client_id: str = MEMBERS) -> TestResponse:
    form = {"_csrf": token(visitor.page("/confirm", client_id=client_id)), "username": name}
    return visitor.post(f"/resendcode?{query(client_id=client_id)}", form)


def wrong(site: Site, name: str = "una") -> str:
    return next(code for code in ("000000", "000001", "000002") if code not in site.codes(name))


# --- the way here ---------------------------------------------------------------------------------


def test_the_right_password_of_an_unconfirmed_user_leads_here_and_the_code_signs_in(
    site: Site, visitor: Visitor
) -> None:
    answer = visitor.sign_in("una", client_id=MEMBERS)

    assert answer.headers["Location"] == f"/auth/confirm?{query(client_id=MEMBERS)}"
    assert visitor.session_at(MEMBERS_POOL_ID) is None
    page = visitor.follow(answer)
    assert alert(page) == "User is not confirmed."
    assert "Enter the code that was sent to you." in page.text
    assert value_of(page, "username") == "una"
    assert location(confirm(visitor, site.codes("una")[0]))[0] == CALLBACK
    assert visitor.session_at(MEMBERS_POOL_ID) is not None


@pytest.mark.attack("R15")
def test_a_wrong_password_of_an_unconfirmed_user_leads_nowhere_else_than_any_other(visitor: Visitor) -> None:
    answer = visitor.sign_in("una", "wrong", client_id=MEMBERS)
    of_nobody = visitor.sign_in("nobody", "wrong", client_id=MEMBERS)

    assert location(answer) == location(of_nobody)
    assert location(answer)[0] == "/auth/login"
    assert set_cookies(answer).keys() == set_cookies(of_nobody).keys()
    assert set_cookies(answer)["authz-flash"] == set_cookies(of_nobody)["authz-flash"]


def test_a_client_that_shows_who_exists_leads_here_whatever_the_password(site: Site, visitor: Visitor) -> None:
    answer = visitor.sign_in("una", "wrong", client_id=CLUB)

    assert location(answer)[0] == "/auth/confirm"
    assert location(confirm(visitor, site.codes("una")[0], client_id=CLUB))[0] == "/auth/login"
    assert visitor.session_at(MEMBERS_POOL_ID) is None


def test_the_form_is_made_for_keyboards_screen_readers_and_phones(visitor: Visitor) -> None:
    page = visitor.follow(visitor.sign_in("una", client_id=MEMBERS)).text

    code = re.search(r'<label for="code">Code</label>\s*<input id="code"[^>]*>', page)
    assert code is not None
    assert 'inputmode="numeric" autocomplete="one-time-code"' in code[0]
    assert " autofocus" in code[0]
    assert page.count("autofocus") == 1
    assert re.search(r'<label for="username">Username or email</label>\s*<input id="username"', page)


# --- what the code gives --------------------------------------------------------------------------


@pytest.mark.attack("R13")
def test_a_code_without_the_password_confirms_but_signs_nobody_in(site: Site, visitor: Visitor) -> None:
    answer = confirm(visitor, site.codes("una")[0])

    assert answer.headers["Location"] == f"/auth/login?{query(client_id=MEMBERS)}"
    assert visitor.session_at(MEMBERS_POOL_ID) is None
    page = visitor.follow(answer)
    assert notice(page) == "Your account is confirmed. Sign in to go on."
    assert value_of(page, "username") == "una"
    assert re.search(r'id="password"[^>]* autofocus', page.text)
    assert location(visitor.sign_in("una", client_id=MEMBERS))[0] == CALLBACK


@pytest.mark.attack("R13")
def test_a_password_that_was_proved_for_one_user_signs_in_no_other(site: Site, visitor: Visitor) -> None:
    other = site.visitor()
    form = {"username": "eve", "userAttributes.given_name": "E", "userAttributes.email": "eve@example.org"}
    other.submit({**form, "password": PASSWORD, "confirm_password": PASSWORD}, "/signup", client_id=MEMBERS)

    assert location(confirm(other, site.codes("una")[0]))[0] == "/auth/login"
    assert other.session_at(MEMBERS_POOL_ID) is None


@pytest.mark.attack("R13")
def test_a_password_that_was_proved_at_one_client_counts_at_no_other(site: Site, visitor: Visitor) -> None:
    visitor.sign_in("una", client_id=MEMBERS)

    assert location(confirm(visitor, site.codes("una")[0], client_id=CLUB))[0] == "/auth/login"


def test_a_password_that_was_proved_counts_for_a_quarter_of_an_hour(
    site: Site, visitor: Visitor, clock: MovableClock
) -> None:
    late = site.visitor()
    late.sign_in("una", client_id=MEMBERS)
    clock.advance(15 * 60)

    assert value_of(late.page("/confirm", client_id=MEMBERS), "username") == ""
    assert location(confirm(late, site.codes("una")[0]))[0] == "/auth/login"


@pytest.mark.attack("R13")
@pytest.mark.parametrize("planted", ["x", "a.b.c.d.e", "..", "é", "e" * 3000])
def test_a_made_up_step_proves_nothing(site: Site, visitor: Visitor, planted: str) -> None:
    visitor.http.set_cookie("authz-handover", planted, path="/auth")

    assert location(confirm(visitor, site.codes("una")[0]))[0] == "/auth/login"
    assert visitor.session_at(MEMBERS_POOL_ID) is None


def test_another_code_gives_a_proved_password_no_more_time(site: Site, visitor: Visitor, clock: MovableClock) -> None:
    visitor.sign_in("una", client_id=MEMBERS)
    clock.advance(10 * 60)
    resend(visitor)
    clock.advance(5 * 60)

    assert location(confirm(visitor, site.codes("una")[0]))[0] == "/auth/login"


@pytest.mark.attack("R14")
def test_a_confirmation_gets_nobody_past_a_second_factor(site: Site, visitor: Visitor) -> None:
    site.services.pool_settings.set_mfa(MEMBERS_POOL_ID, MfaChange(mode="ON", software_token=True))
    visitor.sign_in("una", client_id=MEMBERS)

    answer = confirm(visitor, site.codes("una")[0])

    assert location(answer)[0] == "/auth/mfaSetup"
    assert visitor.session_at(MEMBERS_POOL_ID) is None
    assert site.member("una").status == UserStatus.CONFIRMED


@pytest.mark.attack("R18")
def test_a_user_disabled_meanwhile_gets_no_further(site: Site, visitor: Visitor) -> None:
    visitor.sign_in("una", client_id=MEMBERS)
    site.services.users.disable(MEMBERS_POOL_ID, "una")

    answer = confirm(visitor, site.codes("una")[0])

    assert alert(answer) == MISMATCH
    assert visitor.session_at(MEMBERS_POOL_ID) is None


@pytest.mark.attack("R5")
def test_a_code_is_used_once(site: Site, visitor: Visitor) -> None:
    code = site.codes("una")[0]
    confirm(visitor, code)

    again = confirm(visitor, code)

    assert again.status_code == 400
    assert alert(again) == MISMATCH


def test_digits_may_be_grouped(site: Site, visitor: Visitor) -> None:
    code = site.codes("una")[0]

    assert location(confirm(visitor, f" {code[:3]} {code[3:]} "))[0] == "/auth/login"


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields, message",
    [
        ({}, "Enter your username or email."),
        ({"username": "una"}, "Enter the code."),
        ({"username": "two words", "code": "123456"}, "A name has at most 128 characters and no spaces."),
        ({"username": "una", "code": "not a code"}, MISMATCH),
        ({"username": "una", "code": "x" * 8000}, MISMATCH),
        ({"username": "una", "code": HOSTILE}, MISMATCH),
    ],
)
def test_a_refused_answer_says_why(visitor: Visitor, fields: dict[str, str], message: str) -> None:
    answer = visitor.submit(fields, "/confirm", client_id=MEMBERS)

    assert answer.status_code == 400
    assert alert(answer) == message
    assert "<title>Error: Confirm your account" in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    "name, message",
    [
        ("nobody", "Username/client id combination not found."),
        ("ann", "User cannot be confirmed. Current status is CONFIRMED"),
        ("una", MISMATCH),
    ],
)
def test_a_client_that_shows_who_exists_says_why(site: Site, visitor: Visitor, name: str, message: str) -> None:
    assert alert(confirm(visitor, wrong(site), name, client_id=CLUB)) == message


def test_an_old_code_says_that_it_is_old(site: Site, visitor: Visitor, clock: MovableClock) -> None:
    (code,) = site.codes("una")
    clock.advance(86_400)

    assert alert(confirm(visitor, code)) == EXPIRED


@pytest.mark.attack("R14")
@pytest.mark.parametrize("name", ["una", "nobody", "ann"])
def test_guesses_are_counted_whoever_is_named(site: Site, visitor: Visitor, name: str) -> None:
    code = wrong(site)
    answers = [confirm(visitor, code, name) for _ in range(16)]

    assert [alert(answer) for answer in answers] == [MISMATCH] * 15 + [TOO_MANY]
    assert answers[-1].status_code == 429


@pytest.mark.attack("R15")
@pytest.mark.parametrize("page", ["/confirm", "/resendcode"])
def test_with_prevention_on_nothing_tells_who_exists(site: Site, page: str) -> None:
    answers = []
    for name in ("una", "nob", "ann"):
        visitor, code = site.visitor(), wrong(site)
        answer = confirm(visitor, code, name) if page == "/confirm" else resend(visitor, name)
        shown = answer if page == "/confirm" else visitor.follow(answer)
        text = re.sub(r'(name="_csrf" value|name="username" type="text" value)="[^"]*"', "", shown.text)
        text = re.sub(r"[a-z]\*\*\*@[a-z]\*\*\*", "", text)
        headers = {key for key, _ in answer.headers}
        cookie = len(visitor.cookie("authz-handover") or "")
        answers.append((answer.status_code, answer.headers.get("Location"), headers, text, cookie))

    assert all(answer == answers[0] for answer in answers)


# --- another code ---------------------------------------------------------------------------------


def test_another_code_replaces_the_one_before_and_what_was_proved_stays(site: Site, visitor: Visitor) -> None:
    visitor.sign_in("una", client_id=MEMBERS)

    answer = resend(visitor)

    assert answer.headers["Location"] == f"/auth/confirm?{query(client_id=MEMBERS)}"
    page = visitor.follow(answer)
    assert notice(page) == "Another code was sent."
    assert "We have sent a code by email to u***@e***." in page.text
    new, old = site.codes("una")
    if new != old:
        assert alert(confirm(visitor, old)) == EXPIRED
    assert location(confirm(visitor, new))[0] == CALLBACK


def test_the_button_for_another_code_needs_no_code(visitor: Visitor) -> None:
    page = visitor.page("/confirm", client_id=MEMBERS).text

    action = query(client_id=MEMBERS).replace("&", "&amp;")
    assert f'formaction="/auth/resendcode?{action}" formnovalidate' in page


def test_so_many_codes_an_hour(visitor: Visitor) -> None:
    answers = [resend(visitor) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert alert(answers[-1]) == TOO_MANY


def test_without_a_name_no_code_is_sent(visitor: Visitor) -> None:
    answer = resend(visitor, " ")

    assert answer.status_code == 400
    assert alert(answer) == "Enter your username or email."


def test_a_link_does_not_send_codes(site: Site, visitor: Visitor) -> None:
    assert visitor.page("/resendcode", client_id=MEMBERS).status_code == 405
    assert len(site.codes("una")) == 1


def test_a_page_that_was_open_for_too_long_starts_again_where_it_was(
    site: Site, visitor: Visitor, clock: MovableClock
) -> None:
    page = visitor.follow(visitor.sign_in("una", client_id=MEMBERS))
    fields = {"_csrf": token(page), "username": "una", "code": site.codes("una")[0]}
    clock.advance(301)

    for path in ("/confirm", "/resendcode"):
        answer = visitor.post(f"{path}?{query(client_id=MEMBERS)}", fields)

        assert answer.status_code == 403
        assert links(answer)["Start again"] == f"/auth/confirm?{query(client_id=MEMBERS)}"
    assert location(confirm(visitor, site.codes("una")[0]))[0] == CALLBACK


# --- the link in an e-mail ------------------------------------------------------------------------


def link(site: Site, **changes: str | None) -> str:
    given = {"client_id": MEMBERS, "user_name": "una", "confirmation_code": site.codes("una")[0], **changes}
    return f"/confirmUser?{urlencode({name: value for name, value in given.items() if value is not None})}"


@pytest.mark.attack("R21")
def test_following_the_link_confirms_nobody(site: Site, visitor: Visitor) -> None:
    for method in ("GET", "HEAD"):
        assert visitor.http.open(f"/auth{link(site)}", method=method).status_code == 200

    assert site.member("una").status == UserStatus.UNCONFIRMED
    assert location(confirm(visitor, site.codes("una")[0]))[0] == "/auth/login"


def test_the_button_behind_the_link_confirms_and_signs_nobody_in(site: Site, visitor: Visitor) -> None:
    path = link(site)
    page = visitor.get(path)
    assert "una" in page.text
    assert page.headers["Content-Security-Policy"].endswith("form-action 'self'")

    answer = visitor.post(path, {"_csrf": token(page)})

    assert answer.headers["Location"] == f"/auth/confirmUser?client_id={MEMBERS}"
    done = visitor.follow(answer)
    assert done.status_code == 200
    assert "Your account is confirmed" in done.text
    assert "Members" in done.text
    assert site.member("una").status == UserStatus.CONFIRMED
    assert visitor.session_at(MEMBERS_POOL_ID) is None


@pytest.mark.attack("R12")
def test_the_button_of_another_site_confirms_nobody(site: Site, visitor: Visitor) -> None:
    path = link(site)
    page = visitor.get(path)

    assert visitor.post(path, {"_csrf": "x"}).status_code == 403
    assert visitor.post(path, {"_csrf": token(page)}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert site.member("una").status == UserStatus.UNCONFIRMED


@pytest.mark.parametrize(
    "changes, target",
    [
        ({"client_id": None}, ("/auth/error", {"error": "Required parameters missing"})),
        ({"user_name": None}, ("/auth/error", {"error": "Required parameters missing"})),
        ({"client_id": "nobody"}, ("/auth/error", {"error": "invalid_request", "client_id": "nobody"})),
    ],
)
def test_a_link_that_is_not_complete_ends_on_our_own_page(
    site: Site, visitor: Visitor, changes: dict[str, str | None], target: tuple[str, dict[str, str]]
) -> None:
    form = {"_csrf": token(visitor.page())}

    assert location(visitor.get(link(site, **changes))) == target
    assert location(visitor.post(link(site, **changes), form)) == target


def test_a_wrong_link_says_so(site: Site, visitor: Visitor) -> None:
    path = link(site, confirmation_code=wrong(site))

    answer = visitor.post(path, {"_csrf": token(visitor.get(path))})

    assert answer.status_code == 400
    assert alert(answer) == MISMATCH
    assert site.member("una").status == UserStatus.UNCONFIRMED


@pytest.mark.attack("R12")
def test_a_hostile_link_is_text(site: Site, visitor: Visitor) -> None:
    page = visitor.get(link(site, user_name=HOSTILE, confirmation_code=HOSTILE))

    assert page.status_code == 200
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


def test_without_a_link_the_page_for_the_code_is_meant(visitor: Visitor) -> None:
    assert visitor.page("/confirmUser").headers["Location"] == f"/auth/confirm?{query()}"
