"""``/changePassword``: from a temporary password to one's own."""

import pytest
from werkzeug.test import TestResponse

from app_client_authz.domain.errors import TooManyRequests
from app_client_authz.domain.pool import MfaChange, PasswordPolicy, PoolSpec
from app_client_authz.domain.user import UserStatus
from tests.hosted_ui.site import (
    CALLBACK,
    CHOSEN,
    HOSTILE,
    LEGACY,
    PASSWORD,
    POOL_ID,
    STATE,
    TEMPORARY,
    Site,
    Visitor,
    alert,
    client_spec,
    location,
    query,
    set_cookies,
    token,
)
from tests.support.clock import MovableClock

OVER = "Your session has ended. Sign in again."


def choose(visitor: Visitor, password: str = CHOSEN, again: str | None = None, **fields: str) -> TestResponse:
    """Fills in the page for a new password, which has to be reachable."""
    form = {"password": password, "confirm_password": password if again is None else again, **fields}
    return visitor.submit({name: value for name, value in form.items() if value}, "/changePassword")


@pytest.fixture
def arrived(visitor: Visitor) -> Visitor:
    """A visitor, of whom a new password is asked."""
    visitor.sign_in("newcomer", TEMPORARY)
    return visitor


def test_a_temporary_password_opens_this_page_only(visitor: Visitor) -> None:
    answer = visitor.sign_in("newcomer", TEMPORARY)

    assert answer.headers["Location"] == f"/auth/changePassword?{query()}"
    assert visitor.session is None
    cookie = set_cookies(answer)["authz-challenge"]
    assert "; HttpOnly" in cookie
    assert "; Max-Age=300" in cookie
    page = visitor.follow(answer)
    assert page.text.count('autocomplete="new-password"') == 2
    assert 'aria-describedby="policy"' in page.text
    assert "Nora" not in page.text


def test_a_new_password_signs_in(site: Site, arrived: Visitor) -> None:
    answer = choose(arrived)

    target, parameters = location(answer)
    assert target == CALLBACK
    assert parameters["state"] == STATE
    assert "code" in parameters
    assert arrived.session is not None
    assert arrived.cookie("authz-challenge") is None
    assert site.services.users.describe(POOL_ID, "newcomer").status == UserStatus.CONFIRMED
    assert location(site.visitor().sign_in("newcomer", CHOSEN))[0] == CALLBACK
    assert location(site.visitor().sign_in("newcomer", TEMPORARY))[0] == "/auth/login"


@pytest.mark.parametrize(
    "password, again, message",
    [
        ("", "", "Enter a new password."),
        (CHOSEN, "", "The two passwords are not the same."),
        (CHOSEN, CHOSEN + "x", "The two passwords are not the same."),
        ("Sh0rt!", None, "Password does not conform to policy: Password not long enough"),
        ("lowercase-1", None, "Password does not conform to policy: Password must have uppercase characters"),
        ("With a blank-1", None, "A password has at most 256 characters and no spaces."),
        ("Aa1!" + "x" * 253, None, "A password has at most 256 characters and no spaces."),
    ],
)
def test_a_refused_password_leaves_the_step_open(
    arrived: Visitor, password: str, again: str | None, message: str
) -> None:
    answer = choose(arrived, password, again)

    assert answer.status_code == 400
    assert alert(answer) == message
    assert 'aria-describedby="message policy"' in answer.text
    if password:
        assert password not in answer.text
    assert arrived.session is None
    assert location(choose(arrived))[0] == CALLBACK


def test_the_page_says_what_the_pool_wants(site: Site) -> None:
    policy = PasswordPolicy(12, require_uppercase=False, require_symbols=False)
    pool = site.services.pools.create(PoolSpec(name="own rules", password_policy=policy))
    site.services.app_clients.create(pool.id, client_spec(), client_id="ownrules")
    site.services.users.create(pool.id, "bob", {}, password="temporary-12")
    visitor = site.visitor()

    page = visitor.follow(visitor.sign_in("bob", "temporary-12", client_id="ownrules")).text

    assert "at least 12 characters" in page
    assert "a lowercase letter" in page
    assert "a number" in page
    assert "uppercase" not in page
    assert "symbol" not in page


# --- attributes that are missing ------------------------------------------------------------------


@pytest.fixture
def nameless(site: Site, visitor: Visitor) -> Visitor:
    """A visitor who lacks the attribute that the pool requires."""
    with site.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE authz_users SET attributes = '{}' WHERE username = 'newcomer'")
    visitor.sign_in("newcomer", TEMPORARY)
    return visitor


def test_a_required_attribute_is_asked_for(site: Site, nameless: Visitor) -> None:
    page = nameless.page("/changePassword").text
    assert '<label for="userAttributes.given_name">Given name</label>' in page
    assert 'autocomplete="given-name"' in page

    assert location(choose(nameless, **{"userAttributes.given_name": "Zoë"}))[0] == CALLBACK

    assert site.services.users.describe(POOL_ID, "newcomer").attributes["given_name"] == "Zoë"


def test_without_the_required_attribute_nothing_is_set(site: Site, nameless: Visitor) -> None:
    answer = choose(nameless)

    assert answer.status_code == 400
    assert alert(answer) == "Given name is missing."
    assert site.services.users.describe(POOL_ID, "newcomer").status == UserStatus.FORCE_CHANGE_PASSWORD


@pytest.mark.attack("R12")
def test_what_was_typed_comes_back_escaped(nameless: Visitor) -> None:
    answer = choose(nameless, "short", **{"userAttributes.given_name": HOSTILE})

    assert answer.status_code == 400
    assert HOSTILE not in answer.text
    assert "&lt;script&gt;" in answer.text


@pytest.mark.attack("R16")
def test_attributes_that_nobody_asked_for_are_not_written(site: Site, arrived: Visitor) -> None:
    fields = {"userAttributes.email": "evil@example.org", "userAttributes.given_name": "Mallory"}

    assert location(choose(arrived, **fields))[0] == CALLBACK

    assert site.services.users.describe(POOL_ID, "newcomer").attributes == {"given_name": "Nora"}


def test_an_attribute_of_the_wrong_shape_is_refused(nameless: Visitor) -> None:
    answer = choose(nameless, **{"userAttributes.given_name": "x" * 2049})

    assert answer.status_code == 400
    assert "no longer than 2048 characters" in (alert(answer) or "")
    assert location(choose(nameless, **{"userAttributes.given_name": "Zoë"}))[0] == CALLBACK


# --- steps that are over --------------------------------------------------------------------------


def assert_starts_again(visitor: Visitor, answer: TestResponse) -> None:
    assert answer.headers["Location"] == f"/auth/login?{query()}"
    assert visitor.cookie("authz-challenge") is None
    assert alert(visitor.follow(answer)) == OVER
    assert visitor.session is None


@pytest.mark.attack("R13")
def test_without_a_step_there_is_no_page(visitor: Visitor) -> None:
    assert_starts_again(visitor, visitor.page("/changePassword"))


@pytest.mark.attack("R13")
def test_a_made_up_step_opens_nothing(site: Site, visitor: Visitor) -> None:
    form = {"_csrf": token(visitor.page()), "password": CHOSEN, "confirm_password": CHOSEN}
    visitor.http.set_cookie("authz-challenge", "made-up", path="/auth")

    assert_starts_again(visitor, visitor.post(f"/changePassword?{query()}", form))


def test_a_step_is_over_after_five_minutes(site: Site, arrived: Visitor, clock: MovableClock) -> None:
    clock.advance(299)
    shown = arrived.page("/changePassword")
    clock.advance(1)
    form = {"_csrf": token(shown), "password": CHOSEN, "confirm_password": CHOSEN}

    assert_starts_again(arrived, arrived.post(f"/changePassword?{query()}", form))


def test_a_step_is_done_once(site: Site, arrived: Visitor) -> None:
    step = arrived.cookie("authz-challenge")
    choose(arrived)
    thief = site.visitor()
    form = {"_csrf": token(thief.page()), "password": "Another-One-3", "confirm_password": "Another-One-3"}
    thief.http.set_cookie("authz-challenge", step or "", path="/auth")

    assert_starts_again(thief, thief.post(f"/changePassword?{query()}", form))


@pytest.mark.attack("R23")
def test_a_step_belongs_to_the_client_that_began_it(arrived: Visitor) -> None:
    assert location(arrived.page("/changePassword", client_id=LEGACY))[0] == "/auth/login"


@pytest.mark.attack("R18")
def test_a_user_disabled_meanwhile_gets_no_further(site: Site, arrived: Visitor) -> None:
    shown = arrived.page("/changePassword")
    site.services.users.disable(POOL_ID, "newcomer")
    form = {"_csrf": token(shown), "password": CHOSEN, "confirm_password": CHOSEN}

    assert_starts_again(arrived, arrived.post(f"/changePassword?{query()}", form))


def test_the_page_judges_its_query_at_every_step(arrived: Visitor) -> None:
    assert location(arrived.page("/changePassword", redirect_uri="https://evil.example/"))[0] == "/auth/error"
    form = {"_csrf": token(arrived.page()), "password": CHOSEN, "confirm_password": CHOSEN}

    answer = arrived.post(f"/changePassword?{query(redirect_uri='https://evil.example/')}", form)

    assert location(answer)[0] == "/auth/error"
    assert arrived.session is None


@pytest.mark.attack("R12")
def test_the_new_session_replaces_the_one_of_whoever_sat_here_before(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()
    before = visitor.session
    visitor.sign_in("newcomer", TEMPORARY)

    choose(visitor)

    assert site.services.sessions.find(site.pool, before) is None
    found = site.services.sessions.find(site.pool, visitor.session)
    assert found is not None
    assert found.user.username == "newcomer"


def test_when_too_much_is_hashed_the_page_asks_to_wait(
    site: Site, arrived: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise TooManyRequests("Rate exceeded", detail="slots")

    monkeypatch.setattr(site.services.authentication, "answer_new_password", busy)
    answer = choose(arrived)

    assert answer.status_code == 429
    assert alert(answer) == "Rate exceeded. Try again in a moment."


@pytest.mark.attack("R11")
def test_the_temporary_password_is_nowhere_on_the_way(visitor: Visitor) -> None:
    answer = visitor.sign_in("newcomer", TEMPORARY)
    page = visitor.follow(answer)

    assert TEMPORARY not in str(answer.headers) + answer.text + str(page.headers) + page.text
    assert PASSWORD not in page.text


@pytest.mark.attack("R18")
def test_a_new_password_alone_signs_nobody_in_where_a_second_factor_is_required(site: Site, arrived: Visitor) -> None:
    site.services.pool_settings.set_mfa(POOL_ID, MfaChange(mode="ON", software_token=True))

    answer = choose(arrived)

    assert location(answer)[0] == "/auth/mfaSetup"
    assert arrived.session is None
    assert site.services.users.describe(POOL_ID, "newcomer").status == UserStatus.CONFIRMED
