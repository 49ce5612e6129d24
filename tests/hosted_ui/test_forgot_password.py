"""``/forgotPassword`` and ``/confirmForgotPassword``: another password by a code."""

import re

import pytest
from werkzeug.test import TestResponse

from app_client_authz.domain.errors import CodeDeliveryFailure
from app_client_authz.domain.pool_spec import RecoveryMechanism
from app_client_authz.domain.user import UserStatus
from tests.hosted_ui.site import (
    CALLBACK,
    CHOSEN,
    CLUB,
    HOSTILE,
    MEMBERS,
    MEMBERS_POOL_ID,
    PASSWORD,
    Site,
    Visitor,
    alert,
    given,
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
NO_CHANNEL = "Cannot reset password for the user as there is no registered/verified email or phone_number"
ADMINISTRATORS = (RecoveryMechanism("admin_only", 1),)
RESET = "/confirmForgotPassword"


def forgot(visitor: Visitor, name: str = "ann", client_id: str = MEMBERS) -> TestResponse:
    return visitor.submit({"username": name}, "/forgotPassword", client_id=client_id)


def reset(
    visitor: Visitor,
    code: str,
    name: str = "ann",
    password: str = CHOSEN,
    again: str | None = None,
    client_id: str = MEMBERS,
) -> TestResponse:
    fields = {"username": name, "code": code, "password": password, "confirm_password": again or password}
    return visitor.submit(fields, RESET, client_id=client_id)


def wrong(site: Site) -> str:
    return next(code for code in ("000000", "000001", "000002") if code not in site.codes("ann"))


# --- the way back in ------------------------------------------------------------------------------


def test_a_forgotten_password_is_replaced_and_the_new_one_leads_to_the_application(
    site: Site, visitor: Visitor
) -> None:
    start = links(visitor.page(client_id=MEMBERS))["Forgot your password?"]
    assert start == f"/auth/forgotPassword?{query(client_id=MEMBERS)}"

    asked = forgot(visitor)
    assert asked.headers["Location"] == f"/auth/confirmForgotPassword?{query(client_id=MEMBERS)}"
    page = visitor.follow(asked)
    assert "We have sent a password reset code by email to a***@e***. Enter it below" in page.text
    assert value_of(page, "username") == "ann"

    done = reset(visitor, site.codes("ann")[0])
    assert done.headers["Location"] == f"/auth/login?{query(client_id=MEMBERS)}"
    assert visitor.session_at(MEMBERS_POOL_ID) is None
    back = visitor.follow(done)
    assert notice(back) == "Your password was changed. Sign in with it to go on."
    assert value_of(back, "username") == "ann"

    assert location(visitor.sign_in("ann", client_id=MEMBERS))[0] == "/auth/login"
    assert location(visitor.sign_in("ann", CHOSEN, client_id=MEMBERS))[0] == CALLBACK


def test_asking_for_a_code_changes_nothing(site: Site, visitor: Visitor) -> None:
    forgot(visitor)

    assert location(visitor.sign_in("ann", client_id=MEMBERS))[0] == CALLBACK


def test_an_alias_names_the_user_too(site: Site, visitor: Visitor) -> None:
    forgot(visitor, "Ann@Example.org")

    assert location(reset(visitor, site.codes("ann")[0], "ann@example.org"))[0] == "/auth/login"
    assert location(visitor.sign_in("ann", CHOSEN, client_id=MEMBERS))[0] == CALLBACK


def test_a_reset_ends_what_other_browsers_held(site: Site, visitor: Visitor) -> None:
    other = site.visitor()
    other.sign_in("ann", client_id=MEMBERS)
    forgot(visitor)
    reset(visitor, site.codes("ann")[0])

    assert "Sign in as" not in other.page(client_id=MEMBERS).text


def test_a_user_who_has_to_reset_the_password_is_led_to_the_page_for_the_code(site: Site, visitor: Visitor) -> None:
    site.services.recovery.require_reset(MEMBERS_POOL_ID, "ann")

    answer = visitor.sign_in("ann", client_id=MEMBERS)

    assert answer.headers["Location"] == f"/auth/confirmForgotPassword?{query(client_id=MEMBERS)}"
    assert visitor.session_at(MEMBERS_POOL_ID) is None
    page = visitor.follow(answer)
    assert alert(page) == "Password reset required for the user"
    assert value_of(page, "username") == "ann"
    assert links(page)["Send another code"] == f"/auth/forgotPassword?{query(client_id=MEMBERS)}"
    assert value_of(visitor.http.get(links(page)["Send another code"]), "username") == "ann"
    reset(visitor, site.codes("ann")[0])
    assert location(visitor.sign_in("ann", CHOSEN, client_id=MEMBERS))[0] == CALLBACK


@pytest.mark.attack("R15")
def test_the_wrong_password_of_such_a_user_leads_nowhere_else_than_any_other(site: Site, visitor: Visitor) -> None:
    site.services.recovery.require_reset(MEMBERS_POOL_ID, "ann")

    answer = visitor.sign_in("ann", "wrong", client_id=MEMBERS)
    of_nobody = visitor.sign_in("nobody", "wrong", client_id=MEMBERS)

    assert location(answer) == location(of_nobody)
    assert location(answer)[0] == "/auth/login"
    assert set_cookies(answer).keys() == set_cookies(of_nobody).keys()
    assert set_cookies(answer)["authz-flash"] == set_cookies(of_nobody)["authz-flash"]


def test_who_mistyped_the_password_finds_the_name_filled_in(visitor: Visitor) -> None:
    visitor.sign_in("ann", "wrong", client_id=MEMBERS)

    assert value_of(visitor.page("/forgotPassword", client_id=MEMBERS), "username") == "ann"


def test_who_has_a_code_already_types_the_name_as_well(site: Site, visitor: Visitor) -> None:
    forgot(site.visitor())
    page = visitor.page("/forgotPassword", client_id=MEMBERS)

    there = visitor.http.get(links(page)["I have a code already"])

    assert value_of(there, "username") == ""
    assert "Enter the code that was sent to you, and choose a new password." in there.text
    assert location(reset(visitor, site.codes("ann")[0]))[0] == "/auth/login"


def test_the_spelling_of_cognitos_guide_is_served_too(site: Site, visitor: Visitor) -> None:
    forgot(visitor)

    page = visitor.page("/confirmforgotPassword", client_id=MEMBERS)

    assert value_of(page, "username") == "ann"
    assert f'action="/auth{RESET}?' in page.text


# --- the forms ------------------------------------------------------------------------------------


def test_the_forms_are_made_for_keyboards_screen_readers_and_password_managers(visitor: Visitor) -> None:
    first = visitor.page("/forgotPassword", client_id=MEMBERS, login_hint="ann").text
    forgot(visitor)
    second = visitor.page(RESET, client_id=MEMBERS).text

    assert re.search(r'<label for="username">Username or email</label>\s*<input id="username"[^>]* value="ann"', first)
    assert 'autocomplete="username"' in first
    assert re.search(r'<input id="code"[^>]* inputmode="numeric" autocomplete="one-time-code" autofocus', second)
    assert 'autocomplete="username"' in second
    assert second.count('autocomplete="new-password"') == 2
    assert 'aria-describedby="policy"' in second
    assert first.count("autofocus") == second.count("autofocus") == 1
    assert "<script" not in first + second


# --- who may --------------------------------------------------------------------------------------


def test_where_only_administrators_recover_nobody_is_led_here_and_no_code_is_sent(site: Site, visitor: Visitor) -> None:
    shown = visitor.page("/forgotPassword", client_id=MEMBERS)
    site.change_pool(account_recovery=ADMINISTRATORS)

    assert "Forgot your password?" not in links(visitor.page(client_id=MEMBERS))
    page = visitor.page("/forgotPassword", client_id=MEMBERS)
    answer = visitor.post(f"/forgotPassword?{query(client_id=MEMBERS)}", {"_csrf": token(shown), "username": "ann"})

    for refused in (page, answer):
        assert refused.status_code == 403
        assert "Contact administrator to reset password." in refused.text
    assert site.codes("ann") == []


def test_a_code_of_an_administrator_is_redeemed_there_all_the_same(site: Site, visitor: Visitor) -> None:
    site.change_pool(account_recovery=ADMINISTRATORS)
    site.services.recovery.require_reset(MEMBERS_POOL_ID, "ann")

    page = visitor.follow(visitor.sign_in("ann", client_id=MEMBERS))

    assert "Send another code" not in links(page)
    assert location(reset(visitor, site.codes("ann")[0]))[0] == "/auth/login"
    assert location(visitor.sign_in("ann", CHOSEN, client_id=MEMBERS))[0] == CALLBACK


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, message",
    [
        ("", "Enter your username or email."),
        ("two words", "A name has at most 128 characters and no spaces."),
        ("x" * 129, "A name has at most 128 characters and no spaces."),
        (HOSTILE * 20, "A name has at most 128 characters and no spaces."),
    ],
)
def test_a_name_that_nobody_has_is_refused_at_once(visitor: Visitor, name: str, message: str) -> None:
    answer = forgot(visitor, name)

    assert answer.status_code == 400
    assert alert(answer) == message
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    "name, message",
    [
        ("nobody", "Username/client id combination not found."),
        ("una", NO_CHANNEL),
        ("off", "User is disabled."),
        ("tmp", "User password cannot be reset in the current state."),
    ],
)
def test_a_client_that_shows_who_exists_says_why(site: Site, visitor: Visitor, name: str, message: str) -> None:
    furnish_members(site)

    answer = forgot(visitor, name, client_id=CLUB)

    assert answer.status_code == 400
    assert alert(answer) == message
    assert value_of(answer, "username") == name


def test_a_message_that_cannot_be_sent_is_told_where_who_exists_is_shown(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise CodeDeliveryFailure("Unable to deliver code to user")

    monkeypatch.setattr(site.services.delivery, "send_code", fails)

    assert alert(forgot(visitor, client_id=CLUB)) == "Unable to deliver code to user"
    assert location(forgot(visitor))[0] == "/auth/confirmForgotPassword"


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"username": ""}, "Enter your username or email."),
        ({"code": ""}, "Enter the code."),
        ({"password": ""}, "Enter a new password."),
        ({"confirm_password": "other"}, "The two passwords are not the same."),
        (
            {"password": "Sh0rt!", "confirm_password": "Sh0rt!"},
            "Password did not conform with policy: Password not long enough",
        ),
        ({"code": "no code"}, MISMATCH),
    ],
)
def test_a_refused_answer_leaves_the_code_good(
    site: Site, visitor: Visitor, fields: dict[str, str], message: str
) -> None:
    forgot(visitor)
    (code,) = site.codes("ann")
    right = {"username": "ann", "code": code, "password": CHOSEN, "confirm_password": CHOSEN}

    answer = visitor.submit(
        {name: value for name, value in {**right, **fields}.items() if value}, RESET, client_id=MEMBERS
    )

    assert answer.status_code == 400
    assert alert(answer) == message
    assert "<title>Error: Reset your password" in answer.text
    for secret in (code, CHOSEN, "Sh0rt!"):
        assert secret not in answer.text
    assert location(reset(visitor, code))[0] == "/auth/login"


def test_a_code_lasts_an_hour_and_is_used_once(site: Site, visitor: Visitor, clock: MovableClock) -> None:
    forgot(visitor)
    clock.advance(3600)
    assert alert(reset(visitor, site.codes("ann")[0])) == EXPIRED
    forgot(visitor)
    code = site.codes("ann")[0]
    assert location(reset(visitor, code))[0] == "/auth/login"

    assert alert(reset(visitor, code, password="Another-One-3")) == MISMATCH
    assert location(visitor.sign_in("ann", CHOSEN, client_id=MEMBERS))[0] == CALLBACK


@pytest.mark.attack("R14")
@pytest.mark.parametrize("name", ["ann", "nobody", "una"])
def test_guesses_are_counted_whoever_is_named(site: Site, visitor: Visitor, name: str) -> None:
    forgot(visitor, name)
    code = wrong(site)
    answers = [reset(visitor, code, name) for _ in range(11)]

    assert [alert(answer) for answer in answers] == [MISMATCH] * 10 + [TOO_MANY]
    assert answers[-1].status_code == 429


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_so_many_codes_an_hour_whoever_is_named(visitor: Visitor, name: str) -> None:
    answers = [forgot(visitor, name) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [302] * 20 + [429]
    assert alert(answers[-1]) == TOO_MANY


# --- who learns that somebody exists --------------------------------------------------------------


def furnish_members(site: Site) -> None:
    create, at = site.services.users.create, MEMBERS_POOL_ID
    verified = {"email_verified": "true"}
    create(at, "off", {**given("off"), **verified}, password=PASSWORD, permanent=True)
    site.services.users.disable(at, "off")
    create(at, "tmp", {**given("tmp"), **verified}, password=PASSWORD)
    create(at, "bar", {"given_name": "B"}, password=PASSWORD, permanent=True)


@pytest.mark.attack("R15")
def test_with_prevention_on_nothing_tells_who_exists(site: Site) -> None:
    furnish_members(site)
    answers = []
    for name in ("nob", "ann", "una", "off", "tmp", "bar"):  # of one length: cookies and pages hold the name
        visitor = site.visitor()
        asked = forgot(visitor, name)
        shown = visitor.follow(asked)
        length = len(visitor.cookie("authz-handover") or "")
        refused = reset(visitor, wrong(site), name)
        text = re.sub(r'(name="_csrf" value|name="username" type="text" value)="[^"]*"', "", shown.text + refused.text)
        text = re.sub(r"[a-z]\*\*\*@[a-z]\*\*\*", "", text)
        headers = [sorted(key for key, _ in each.headers) for each in (asked, shown, refused)]
        answers.append((asked.status_code, asked.headers["Location"], refused.status_code, headers, text, length))

    assert all(answer == answers[0] for answer in answers)


@pytest.mark.attack("R15")
def test_the_simulated_address_is_the_same_each_time(site: Site) -> None:
    def address() -> str:
        visitor = site.visitor()
        found = re.search(r"[a-z]\*\*\*@[a-z]\*\*\*", visitor.follow(forgot(visitor, "nobody")).text)
        assert found is not None
        return found[0]

    assert address() == address()


def test_the_status_of_who_resets_is_confirmed(site: Site, visitor: Visitor) -> None:
    site.services.recovery.require_reset(MEMBERS_POOL_ID, "ann")
    assert site.member("ann").status == UserStatus.RESET_REQUIRED

    reset(visitor, site.codes("ann")[0])

    assert site.member("ann").status == UserStatus.CONFIRMED


def test_a_page_that_was_open_for_too_long_starts_again_where_it_was(
    site: Site, visitor: Visitor, clock: MovableClock
) -> None:
    page = visitor.follow(forgot(visitor))
    clock.advance(301)

    answer = visitor.post(f"{RESET}?{query(client_id=MEMBERS)}", {"_csrf": token(page), "username": "ann"})

    assert links(answer)["Start again"] == f"/auth{RESET}?{query(client_id=MEMBERS)}"
    assert "a***@e***" in visitor.http.get(links(answer)["Start again"]).text
