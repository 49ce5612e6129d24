"""``/signup``: who may register, what is asked, and where it leads."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app_client_authz.domain.errors import CodeDeliveryFailure, TooManyRequests, UserNotFound
from app_client_authz.domain.pool import PoolSpec, SchemaAttribute
from app_client_authz.domain.user import UserStatus
from app_client_authz.services.sign_up import SignedUp
from tests.hosted_ui.site import (
    CALLBACK,
    HOSTILE,
    MEMBERS,
    MEMBERS_POOL_ID,
    PASSWORD,
    STATE,
    Site,
    Visitor,
    alert,
    client_spec,
    links,
    location,
    notice,
    query,
    set_cookies,
    token,
    value_of,
)

PERSON = {
    "username": "lee",
    "userAttributes.given_name": "Lee",
    "userAttributes.email": "lee@example.org",
    "password": PASSWORD,
    "confirm_password": PASSWORD,
}


def sign_up(visitor: Visitor, client_id: str = MEMBERS, **changes: str | None) -> TestResponse:
    """Fills in the page as Lee does, with changes; None leaves a field out."""
    fields = {name: value for name, value in {**PERSON, **changes}.items() if value is not None}
    return visitor.submit(fields, "/signup", client_id=client_id)


# --- the way here ---------------------------------------------------------------------------------


def test_the_sign_in_page_leads_here_with_its_whole_query(visitor: Visitor) -> None:
    page = visitor.page(client_id=MEMBERS, nonce="n+ %/?#")

    assert links(page)["Need an account? Sign up"] == f"/auth/signup?{query(client_id=MEMBERS, nonce='n+ %/?#')}"
    there = visitor.http.get(links(page)["Need an account? Sign up"])
    assert there.status_code == 200
    assert (
        links(there)["Already have an account? Sign in"] == f"/auth/login?{query(client_id=MEMBERS, nonce='n+ %/?#')}"
    )


def test_where_administrators_create_users_nobody_is_led_here_and_nobody_gets_in(site: Site, visitor: Visitor) -> None:
    shown = visitor.page("/signup", client_id=MEMBERS)
    site.change_pool(admin_create_user_only=True)

    assert "Need an account? Sign up" not in links(visitor.page(client_id=MEMBERS))
    page = visitor.page("/signup", client_id=MEMBERS)
    answer = visitor.post(f"/signup?{query(client_id=MEMBERS)}", {**PERSON, "_csrf": token(shown)})

    for refused in (page, answer):
        assert refused.status_code == 403
        assert "Accounts are created by an administrator." in refused.text
        assert 'name="password"' not in refused.text
        assert links(refused)["Back to sign in"] == f"/auth/login?{query(client_id=MEMBERS)}"
    with pytest.raises(UserNotFound):
        site.member("lee")


def test_the_form_is_made_for_keyboards_screen_readers_and_password_managers(visitor: Visitor) -> None:
    page = visitor.page("/signup", client_id=MEMBERS).text

    for name, label, hint in (
        ("username", "Username", "username"),
        ("userAttributes.given_name", "Given name", "given-name"),
        ("userAttributes.email", "Email", "email"),
        ("password", "Password", "new-password"),
        ("confirm_password", "Password again", "new-password"),
    ):
        found = re.search(rf'<label for="{name}">{label}</label>\s*<input id="{name}" name="{name}"[^>]*>', page)
        assert found is not None, name
        assert f'autocomplete="{hint}"' in found[0]
        assert " required" in found[0]
    assert 'type="email"' in page
    assert page.count("autofocus") == 1
    assert "<script" not in page


# --- an account -----------------------------------------------------------------------------------


def test_who_signs_up_is_sent_a_code_and_led_to_the_page_for_it(site: Site, visitor: Visitor) -> None:
    answer = sign_up(visitor)

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/auth/confirm?{query(client_id=MEMBERS)}"
    assert site.member("lee").status == UserStatus.UNCONFIRMED
    assert site.member("lee").attributes == {
        "given_name": "Lee",
        "email": "lee@example.org",
        "email_verified": "false",
    }
    assert len(site.codes("lee")) == 1
    page = visitor.follow(answer)
    assert "We have sent a code by email to l***@e***. Enter it below to confirm your account." in page.text
    assert value_of(page, "username") == "lee"


def test_the_code_then_signs_in_and_leads_to_the_application(site: Site, visitor: Visitor) -> None:
    page = visitor.follow(sign_up(visitor))

    form = {"_csrf": token(page), "username": "lee", "code": site.codes("lee")[0]}
    target, parameters = location(visitor.post(f"/confirm?{query(client_id=MEMBERS)}", form))

    assert target == CALLBACK
    assert list(parameters) == ["code", "state"]
    assert parameters["state"] == STATE
    assert visitor.session_at(MEMBERS_POOL_ID) is not None
    assert visitor.cookie("authz-handover") is None
    assert site.member("lee").attributes["email_verified"] == "true"


@pytest.mark.attack("R12")
def test_the_cookie_between_the_pages_shows_nothing_and_no_script_reads_it(visitor: Visitor) -> None:
    cookie = set_cookies(sign_up(visitor))["authz-handover"]

    assert "lee" not in cookie
    for attribute in ("; HttpOnly", "; SameSite=Lax", "; Path=/auth", "; Max-Age=3600"):
        assert attribute in cookie
    assert "Domain=" not in cookie


def test_blanks_around_a_name_do_not_count(site: Site, visitor: Visitor) -> None:
    assert location(sign_up(visitor, username="  lee "))[0] == "/auth/confirm"
    assert site.member("lee").username == "lee"


def test_where_no_code_is_sent_an_administrator_has_to_confirm(site: Site, visitor: Visitor) -> None:
    site.change_pool(auto_verified_attributes=())

    answer = sign_up(visitor)

    assert location(answer)[0] == "/auth/login"
    page = visitor.follow(answer)
    assert notice(page) == "Your account was created. An administrator has to confirm it before you can sign in."
    assert alert(page) is None
    assert value_of(page, "username") == "lee"
    assert alert(visitor.follow(visitor.sign_in("lee", client_id=MEMBERS))) == "User is not confirmed."
    assert visitor.session_at(MEMBERS_POOL_ID) is None


def test_an_account_that_is_confirmed_at_once_is_signed_in_at_once(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = site.services.sign_up.sign_up

    def confirming(*arguments: Any) -> SignedUp:
        done = register(*arguments)
        site.services.users.confirm(MEMBERS_POOL_ID, done.user.username)
        return replace(done, user=site.member(done.user.username))

    monkeypatch.setattr(site.services.sign_up, "sign_up", confirming)

    assert location(sign_up(visitor))[0] == CALLBACK


def test_a_message_that_cannot_be_sent_leaves_the_account_to_be_confirmed_later(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise CodeDeliveryFailure("Unable to deliver code to user")

    with monkeypatch.context() as broken:
        broken.setattr(site.services.delivery, "send_code", fails)
        page = visitor.follow(sign_up(visitor))

    assert alert(page) == "The code could not be sent. Ask for another one in a moment."
    again = visitor.post(f"/resendcode?{query(client_id=MEMBERS)}", {"_csrf": token(page), "username": "lee"})
    assert notice(visitor.follow(again)) == "Another code was sent."
    assert len(site.codes("lee")) == 1


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"username": None}, "Enter your username."),
        ({"username": " "}, "Enter your username."),
        ({"username": "two words"}, "A name has at most 128 characters and no spaces."),
        ({"username": "x" * 129}, "A name has at most 128 characters and no spaces."),
        (
            {"username": "lee@example.org"},
            "Username cannot be of email format, since user pool is configured for email alias.",
        ),
        ({"userAttributes.given_name": None}, "Given name is missing."),
        ({"userAttributes.email": None}, "Email is missing."),
        ({"userAttributes.email": "nonsense"}, "Invalid email address format."),
        ({"password": None}, "Enter a new password."),
        ({"confirm_password": None}, "The two passwords are not the same."),
        (
            {"password": "Sh0rt!", "confirm_password": "Sh0rt!"},
            "Password did not conform with policy: Password not long enough",
        ),
        ({"username": "ann"}, "User already exists"),
        ({"username": "ANN"}, "User already exists"),
        ({"username": "una"}, "User already exists"),
    ],
)
def test_a_refused_form_keeps_what_was_typed_and_makes_nobody(
    site: Site, visitor: Visitor, changes: dict[str, str | None], message: str
) -> None:
    answer = sign_up(visitor, **changes)

    assert answer.status_code == 400
    assert alert(answer) == message
    assert "<title>Error: Sign up" in answer.text
    assert value_of(answer, "username") == ({**PERSON, **changes}["username"] or "")
    assert PASSWORD not in answer.text
    assert "Sh0rt!" not in answer.text
    assert 'aria-describedby="message policy"' in answer.text
    with pytest.raises(UserNotFound):
        site.member("lee")


@pytest.mark.attack("R15")
def test_an_address_that_is_somebodys_alias_is_not_told(site: Site, visitor: Visitor) -> None:
    taken = sign_up(visitor, **{"userAttributes.email": "ann@example.org"})

    assert location(taken)[0] == "/auth/confirm"
    assert "We have sent a code by email to a***@e***" in visitor.follow(taken).text


@pytest.mark.attack("R16")
@pytest.mark.parametrize("name", ["email_verified", "sub", "custom:admin", "family_name"])
def test_attributes_that_nobody_asked_for_are_not_written(site: Site, visitor: Visitor, name: str) -> None:
    assert location(sign_up(visitor, **{f"userAttributes.{name}": "true"}))[0] == "/auth/confirm"

    assert site.member("lee").attributes.get(name, "false") == "false"


@pytest.mark.attack("R12")
def test_what_was_typed_comes_back_escaped(visitor: Visitor) -> None:
    fields = {"username": HOSTILE, "userAttributes.given_name": HOSTILE, "userAttributes.email": HOSTILE}

    answer = sign_up(visitor, **fields, password="short", confirm_password="short")

    assert answer.status_code == 400
    assert "<script" not in answer.text
    assert answer.text.count("&lt;script&gt;") >= 2


def test_when_too_much_is_hashed_the_page_asks_to_wait(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise TooManyRequests("Rate exceeded", detail="slots")

    monkeypatch.setattr(site.services.sign_up, "sign_up", busy)
    answer = sign_up(visitor)

    assert answer.status_code == 429
    assert alert(answer) == "Rate exceeded. Try again in a moment."


@pytest.mark.attack("R11")
def test_the_password_is_nowhere_on_the_way(visitor: Visitor) -> None:
    answer = sign_up(visitor)
    page = visitor.follow(answer)

    assert PASSWORD not in str(answer.headers) + answer.text + str(page.headers) + page.text


# --- other pools ----------------------------------------------------------------------------------


@pytest.fixture
def open_pool(site: Site) -> Callable[..., str]:
    """``open_pool(…)``: a client of a new pool with these members."""

    def make(*, client: dict[str, Any] | None = None, **members: Any) -> str:
        pool = site.services.pools.create(PoolSpec(name="open", **members))
        return site.services.app_clients.create(pool.id, client_spec(**(client or {}))).client.client_id

    return make


def test_where_the_address_is_the_name_it_is_asked_once(
    site: Site, visitor: Visitor, open_pool: Callable[..., str]
) -> None:
    schema = (SchemaAttribute("email", required=True),)
    client_id = open_pool(username_attributes=("email",), auto_verified_attributes=("email",), schema=schema)

    page = visitor.page("/signup", client_id=client_id)
    fields = {"username": "kim@example.org", "password": PASSWORD, "confirm_password": PASSWORD}
    answer = visitor.submit(fields, "/signup", client_id=client_id)

    assert re.search(
        r'<label for="username">Email</label>\s*<input id="username" name="username" type="email"', page.text
    )
    assert "userAttributes" not in page.text
    assert "We have sent a code by email to k***@e***" in visitor.follow(answer).text
    again = visitor.submit(fields, "/signup", client_id=client_id)
    assert alert(again) == "An account with the given email already exists."
    no_email = visitor.submit({**fields, "username": "kim"}, "/signup", client_id=client_id)
    assert alert(no_email) == "Username should be an email."


def test_where_either_address_can_be_verified_one_is_enough_and_none_is_not(
    visitor: Visitor, open_pool: Callable[..., str]
) -> None:
    client_id = open_pool(
        auto_verified_attributes=("email", "phone_number"),
        sms_configuration={"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"},
    )
    person = {"username": "kim", "password": PASSWORD, "confirm_password": PASSWORD}

    page = visitor.page("/signup", client_id=client_id).text
    none = visitor.submit(person, "/signup", client_id=client_id)
    one = visitor.submit({**person, "userAttributes.phone_number": "+15550009934"}, "/signup", client_id=client_id)

    for name, label in (("phone_number", "Phone number"), ("email", "Email")):
        assert f'<label for="userAttributes.{name}">{label} (optional)</label>' in page
    assert 'aria-describedby="userAttributes.phone_number.hint"' in page
    assert alert(none) == "Enter an address that a code can be sent to."
    assert "We have sent a code by text message to +*******9934" in visitor.follow(one).text


def test_a_client_that_may_not_write_the_address_does_not_ask_for_it(
    visitor: Visitor, open_pool: Callable[..., str]
) -> None:
    client_id = open_pool(auto_verified_attributes=("email",), client={"write_attributes": ("given_name",)})
    person = {"username": "kim", "password": PASSWORD, "confirm_password": PASSWORD}

    assert "userAttributes" not in visitor.page("/signup", client_id=client_id).text
    assert location(visitor.submit(person, "/signup", client_id=client_id))[0] == "/auth/login"
