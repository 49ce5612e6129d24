"""``/mfa`` and ``/mfaOption``: from the right password to the code of a second factor."""

import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from app_client_authz import AppClientAuthz
from app_client_authz.domain.errors import ChallengeExpired, CodeDeliveryFailure
from app_client_authz.domain.pool import MfaChange
from app_client_authz.domain.pool_settings import EmailConfiguration, EmailMfaConfiguration
from app_client_authz.domain.trigger import Event
from app_client_authz.domain.user_mfa import EMAIL, SMS, Wish
from app_client_authz.services.next_steps import ChallengeRequired
from app_client_authz.services.sign_in_codes import GUESSES_PER_HOUR
from tests.hosted_ui.site import (
    CALLBACK,
    CHOSEN,
    CLUB,
    HOSTILE,
    LEGACY,
    MEMBERS,
    MEMBERS_POOL_ID,
    PASSWORD,
    POOL_ID,
    TEMPORARY,
    Site,
    Visitor,
    alert,
    links,
    location,
    query,
    registration,
    token,
)
from tests.hosted_ui.test_new_password import choose
from tests.support.clock import MovableClock
from tests.support.mfa import PHONE, App, other
from tests.support.mfa import SMS as SMS_CONFIGURATION

OVER = "Your session has ended. Sign in again."
MISMATCH, USED = "Invalid code received for user", "Your software token has already been used once."
WRONG_CODE = "Invalid code or auth state for the user."
TOO_MANY = "Attempt limit exceeded, please try after some time."
CODE, OPTION, SETUP = "/mfa", "/mfaOption", "/mfaSetup"


def require(site: Site, pool_id: str = POOL_ID, mode: str = "ON", *, every: bool = False) -> None:
    """Makes a pool ask for second factors: by app, or by every way there is."""
    change = MfaChange(mode=mode, software_token=True)
    if every:
        site.change_pool(pool_id, email=EmailConfiguration(email_sending_account="DEVELOPER"))
        change = MfaChange(
            mode=mode, software_token=True, sms=True, sms_configuration=SMS_CONFIGURATION, email=EmailMfaConfiguration()
        )
    site.services.pool_settings.set_mfa(pool_id, change)


def secret_on(page: TestResponse) -> str:
    """The key as a person types it."""
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
    assert found is not None, page.text
    return found[1].replace(" ", "")


def app_on(page: TestResponse, clock: MovableClock) -> App:
    return App(secret_on(page), clock)


def enter(visitor: Visitor, code: str, page: str = CODE, **changes: str | None) -> TestResponse:
    return visitor.submit({"code": code}, page, **changes)


def wait(clock: MovableClock) -> None:
    """Until apps show another code."""
    clock.advance(30)


@pytest.fixture
def app(site: Site, clock: MovableClock) -> App:
    """alice's app, set up at the pages; it shows another code by now."""
    require(site)
    visitor = site.visitor()
    app = app_on(visitor.follow(visitor.sign_in()), clock)
    assert location(enter(visitor, app.code(), SETUP))[0] == CALLBACK
    wait(clock)
    return app


@pytest.fixture
def by_email(site: Site, visitor: Visitor) -> Visitor:
    """A visitor who gave ann's password, and to whom a code was sent."""
    require(site, MEMBERS_POOL_ID, every=True)
    assert location(visitor.sign_in("ann", client_id=MEMBERS))[0] == f"/auth{CODE}"
    return visitor


@pytest.fixture
def choosing(site: Site, visitor: Visitor) -> Visitor:
    """The same where ann has a phone, too, and prefers neither."""
    require(site, MEMBERS_POOL_ID, every=True)
    phone = {"phone_number": PHONE, "phone_number_verified": "true"}
    site.services.users.update_attributes(MEMBERS_POOL_ID, "ann", phone)
    wishes = {SMS: Wish(enabled=True), EMAIL: Wish(enabled=True)}
    site.services.mfa_settings.prefer_for(MEMBERS_POOL_ID, "ann", wishes)
    assert location(visitor.sign_in("ann", client_id=MEMBERS))[0] == f"/auth{OPTION}"
    return visitor


def assert_starts_again(visitor: Visitor, answer: TestResponse, message: str = OVER, **changes: str | None) -> None:
    assert answer.headers["Location"] == f"/auth/login?{query(**changes)}"
    assert visitor.cookie("authz-challenge") is None
    assert alert(visitor.follow(answer)) == message
    assert visitor.session is None
    assert visitor.session_at(MEMBERS_POOL_ID) is None


# --- the code of an app ---------------------------------------------------------------------------


def test_a_code_of_the_app_works_once(site: Site, visitor: Visitor, app: App, clock: MovableClock) -> None:
    visitor.sign_in()
    wrong = enter(visitor, app.wrong())
    assert (wrong.status_code, alert(wrong)) == (400, MISMATCH)
    assert "<title>Error: " in wrong.text
    assert visitor.session is None
    code = app.code()
    assert location(enter(visitor, code))[0] == CALLBACK

    again = site.visitor()
    again.sign_in()

    assert alert(enter(again, code)) == USED
    assert again.session is None
    wait(clock)
    assert location(enter(again, app.code()))[0] == CALLBACK


@pytest.mark.attack("R12")
def test_the_name_of_the_app_is_shown_as_text(site: Site, visitor: Visitor, clock: MovableClock) -> None:
    require(site)
    app = app_on(visitor.follow(visitor.sign_in()), clock)
    session = visitor.cookie("authz-challenge") or ""
    site.services.software_tokens.verify_in_sign_in(session, app.code(), HOSTILE, door="pages")

    page = visitor.follow(visitor.sign_in())

    assert f"Open your authenticator app “{HOSTILE}”" in unescape(page.text)
    assert HOSTILE not in page.text


@pytest.mark.attack("R14")
def test_wrong_codes_lock_and_a_known_password_gives_no_guess_back(site: Site, visitor: Visitor, app: App) -> None:
    visitor.sign_in()
    for _ in range(5):
        assert alert(enter(visitor, app.wrong())) == MISMATCH

    again = site.visitor()
    again.sign_in()
    answer = enter(again, app.code())

    assert (answer.status_code, alert(answer)) == (429, TOO_MANY)
    assert again.session is None


def test_who_needs_no_second_factor_is_not_asked_for_one(site: Site, visitor: Visitor, app: App) -> None:
    require(site, mode="OPTIONAL")
    assert location(visitor.sign_in("newcomer", TEMPORARY))[0] == "/auth/changePassword"
    assert location(choose(visitor))[0] == CALLBACK

    assert location(site.visitor().sign_in("alice"))[0] == f"/auth{CODE}"
    site.services.pool_settings.set_mfa(POOL_ID, MfaChange(mode="OFF"))
    assert location(site.visitor().sign_in("alice"))[0] == CALLBACK


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "prompt=login asks for the password again")
def test_a_fresh_sign_in_that_the_application_wants_asks_for_the_code_too(
    visitor: Visitor, app: App, clock: MovableClock
) -> None:
    visitor.sign_in()
    enter(visitor, app.code())
    before = visitor.session
    wait(clock)

    for asked in ({"prompt": "login"}, {"max_age": "0"}):
        assert location(visitor.sign_in(**asked))[0] == f"/auth{CODE}"
        assert visitor.session == before
        assert location(enter(visitor, app.code(), **asked))[0] == CALLBACK
        assert visitor.session != before
        before = visitor.session
        wait(clock)


# --- codes in messages, and the choice ------------------------------------------------------------


def test_a_code_by_email_signs_in_once(site: Site, by_email: Visitor) -> None:
    page = by_email.page(CODE, client_id=MEMBERS).text
    assert "We have sent a code by email to a***@e***." in page
    assert "ann@example.org" not in page
    code = site.codes("ann")[0]
    step = by_email.cookie("authz-challenge") or ""
    assert alert(enter(by_email, other(code), client_id=MEMBERS)) == WRONG_CODE
    assert len(site.codes("ann")) == 1

    assert location(enter(by_email, code, client_id=MEMBERS))[0] == CALLBACK

    thief = site.visitor()
    form = {"_csrf": token(thief.page()), "code": code}
    thief.http.set_cookie("authz-challenge", step, path="/auth")
    assert_starts_again(thief, thief.post(f"{CODE}?{query(client_id=MEMBERS)}", form), client_id=MEMBERS)


@pytest.mark.attack("R14")
def test_guesses_at_codes_in_messages_are_counted_whatever_code_was_sent(site: Site, by_email: Visitor) -> None:
    for _ in range(GUESSES_PER_HOUR):
        assert alert(enter(by_email, other(site.codes("ann")[0]), client_id=MEMBERS)) == WRONG_CODE

    by_email.sign_in("ann", client_id=MEMBERS)
    answer = enter(by_email, site.codes("ann")[0], client_id=MEMBERS)

    assert (answer.status_code, alert(answer)) == (429, TOO_MANY)
    assert by_email.session_at(MEMBERS_POOL_ID) is None


@pytest.mark.parametrize(
    "factor, label, told",
    [
        ("SMS_MFA", "Text message to your phone", "by text message to +*******9934."),
        ("EMAIL_OTP", "Email", "by email to a***@e***."),
    ],
)
def test_of_several_factors_one_is_chosen(site: Site, choosing: Visitor, factor: str, label: str, told: str) -> None:
    page = choosing.page(OPTION, client_id=MEMBERS).text
    assert f'name="factor" value="{factor}">{label}</button>' in page
    assert "SOFTWARE_TOKEN_MFA" not in page
    assert site.codes("ann") == []

    answer = choosing.submit({"factor": factor}, OPTION, client_id=MEMBERS)

    assert location(answer)[0] == f"/auth{CODE}"
    assert f"We have sent a code {told}" in unescape(choosing.follow(answer).text)
    assert choosing.session_at(MEMBERS_POOL_ID) is None
    assert location(enter(choosing, site.codes("ann")[0], client_id=MEMBERS))[0] == CALLBACK


@pytest.mark.parametrize("factor", ["", "SOFTWARE_TOKEN_MFA", "PASSWORD", HOSTILE])
def test_what_was_not_offered_cannot_be_chosen(site: Site, choosing: Visitor, factor: str) -> None:
    answer = choosing.submit({"factor": factor}, OPTION, client_id=MEMBERS)

    assert answer.status_code == 400
    assert alert(answer) == "Invalid answer: choose one of MFAS_CAN_CHOOSE."
    assert site.codes("ann") == []


def unreachable(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise CodeDeliveryFailure("Unable to deliver code to user")

    monkeypatch.setattr(site.services.delivery, "send_code", fails)


def test_a_code_that_cannot_be_sent_is_told_as_such(
    site: Site, by_email: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable(site, monkeypatch)
    unsent = "The code could not be sent. Sign in again in a moment."

    answer = site.visitor().sign_in("ann", client_id=MEMBERS)

    assert location(answer)[0] == "/auth/login"
    assert alert(by_email.follow(by_email.sign_in("ann", client_id=MEMBERS))) == unsent
    assert alert(by_email.follow(by_email.sign_in("ann", "wrong", client_id=MEMBERS))) == (
        "Incorrect username or password."
    )


def test_a_choice_whose_code_cannot_be_sent_begins_anew(
    site: Site, choosing: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable(site, monkeypatch)

    answer = choosing.submit({"factor": "EMAIL_OTP"}, OPTION, client_id=MEMBERS)

    assert_starts_again(choosing, answer, "The code could not be sent. Sign in again in a moment.", client_id=MEMBERS)


def test_a_new_password_counts_though_no_code_could_be_sent(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(site, every=True)
    address = {"email": "nora@example.org", "email_verified": "true"}
    site.services.users.update_attributes(POOL_ID, "newcomer", address)
    visitor.sign_in("newcomer", TEMPORARY)
    with monkeypatch.context() as broken:
        unreachable(site, broken)
        answer = choose(visitor)

    assert_starts_again(visitor, answer, "The code could not be sent. Sign in again in a moment.")
    assert location(visitor.sign_in("newcomer", CHOSEN))[0] == f"/auth{CODE}"


def test_too_many_codes_are_told_as_such_after_the_right_password_only(site: Site, by_email: Visitor) -> None:
    while location(answer := by_email.sign_in("ann", client_id=MEMBERS))[0] == f"/auth{CODE}":
        assert len(site.codes("ann")) <= 20

    assert alert(by_email.follow(answer)) == TOO_MANY
    assert alert(by_email.follow(by_email.sign_in("ann", "wrong", client_id=MEMBERS))) == (
        "Incorrect username or password."
    )


# --- steps that are over, or another's ------------------------------------------------------------


@pytest.mark.attack("R13")
@pytest.mark.parametrize("page", [CODE, OPTION, SETUP])
def test_without_a_step_there_is_no_page(site: Site, visitor: Visitor, page: str) -> None:
    assert_starts_again(visitor, visitor.page(page))
    form = {"_csrf": token(visitor.page()), "code": "123456"}
    visitor.http.set_cookie("authz-challenge", "made-up", path="/auth")

    assert_starts_again(visitor, visitor.post(f"{page}?{query()}", form))


@pytest.mark.attack("R13")
@pytest.mark.parametrize("page", [CODE, OPTION, SETUP])
def test_a_form_without_its_token_is_refused(visitor: Visitor, app: App, page: str) -> None:
    visitor.sign_in()

    assert visitor.post(f"{page}?{query()}", {"code": app.code()}).status_code == 403
    assert visitor.session is None


def test_a_page_that_was_open_too_long_begins_the_sign_in_anew(visitor: Visitor, app: App, clock: MovableClock) -> None:
    shown = visitor.follow(visitor.sign_in())
    clock.advance(300)
    form = {"_csrf": token(shown), "code": app.code()}
    assert_starts_again(visitor, visitor.post(f"{CODE}?{query()}", form))
    clock.advance(1)

    late = visitor.post(f"{CODE}?{query()}", form)

    assert late.status_code == 403
    assert f"/auth/login?{query()}" in links(late).values()


def test_another_page_than_that_of_the_step_leads_back_to_it(
    site: Site, choosing: Visitor, clock: MovableClock
) -> None:
    for page in (CODE, SETUP):
        assert location(choosing.page(page, client_id=MEMBERS))[0] == f"/auth{OPTION}"
        form = {"_csrf": token(choosing.page(OPTION, client_id=MEMBERS)), "code": "123456"}
        assert location(choosing.post(f"{page}?{query(client_id=MEMBERS)}", form))[0] == f"/auth{OPTION}"
    choosing.submit({"factor": "SMS_MFA"}, OPTION, client_id=MEMBERS)

    back = choosing.page(OPTION, client_id=MEMBERS)

    assert location(back)[0] == f"/auth{CODE}"
    assert len(site.codes("ann")) == 1
    assert location(enter(choosing, site.codes("ann")[0], client_id=MEMBERS))[0] == CALLBACK


def test_back_after_the_end_does_no_harm(visitor: Visitor, app: App) -> None:
    shown = visitor.follow(visitor.sign_in())
    enter(visitor, app.code())
    session = visitor.session

    again = visitor.post(f"{CODE}?{query()}", {"_csrf": token(shown), "code": app.code()})

    assert location(again)[0] == "/auth/login"
    assert "Sign in as alice" in visitor.follow(again).text
    assert visitor.session == session


@pytest.mark.attack("R18")
def test_no_page_skips_the_code(visitor: Visitor, app: App) -> None:
    visitor.sign_in()

    assert location(visitor.page("/changePassword"))[0] == "/auth/login"
    assert location(visitor.get(f"/oauth2/authorize?{query()}"))[0] == "/auth/login"
    assert location(visitor.get(f"/oauth2/authorize?{query(prompt='none')}"))[1]["error"] == "login_required"
    assert "Sign in as" not in visitor.page().text


@pytest.mark.attack("R23")
def test_a_step_belongs_to_the_client_that_began_it(visitor: Visitor, by_email: Visitor, app: App) -> None:
    assert location(by_email.page(CODE, client_id=CLUB))[0] == "/auth/login"
    visitor.sign_in()

    assert location(enter_at(visitor, app.code(), LEGACY))[0] == "/auth/login"
    assert visitor.session is None


def enter_at(visitor: Visitor, code: str, client_id: str) -> TestResponse:
    return visitor.post(f"{CODE}?{query(client_id=client_id)}", {"_csrf": token(visitor.page()), "code": code})


def test_the_page_judges_its_query_at_every_step(visitor: Visitor, app: App) -> None:
    visitor.sign_in()
    evil = query(redirect_uri="https://evil.example/")

    answer = visitor.post(f"{CODE}?{evil}", {"_csrf": token(visitor.page()), "code": app.code()})

    assert location(answer)[0] == "/auth/error"
    assert visitor.session is None


@pytest.mark.attack("R18")
def test_a_user_disabled_meanwhile_gets_no_further(site: Site, visitor: Visitor, app: App) -> None:
    shown = visitor.follow(visitor.sign_in())
    site.services.users.disable(POOL_ID, "alice")

    answer = visitor.post(f"{CODE}?{query()}", {"_csrf": token(shown), "code": app.code()})

    assert_starts_again(visitor, answer)


@pytest.mark.attack("R23")
def test_a_step_of_the_pages_is_none_of_the_api_and_the_other_way_round(
    site: Site, visitor: Visitor, clock: MovableClock
) -> None:
    require(site)
    page = visitor.follow(visitor.sign_in())
    session = visitor.cookie("authz-challenge") or ""

    with pytest.raises(ChallengeExpired):
        site.services.software_tokens.verify_in_sign_in(session, app_on(page, clock).code(), None)
    with pytest.raises(ChallengeExpired):
        site.services.software_tokens.associate_in_sign_in(session)
    begun = site.services.authentication.sign_in(
        registration(site.services, LEGACY), "alice", PASSWORD, session_seconds=180, door="api"
    )
    assert isinstance(begun, ChallengeRequired)
    other_visitor = site.visitor()
    other_visitor.page()
    other_visitor.http.set_cookie("authz-challenge", begun.session, path="/auth")
    assert location(other_visitor.page(SETUP, client_id=LEGACY))[0] == "/auth/login"


@pytest.mark.attack("R12")
def test_the_new_session_replaces_the_one_of_whoever_sat_here_before(
    site: Site, visitor: Visitor, app: App, clock: MovableClock
) -> None:
    visitor.sign_in()
    enter(visitor, app.code())
    before = visitor.session
    wait(clock)
    visitor.sign_in()
    enter(visitor, app.code())

    assert site.services.sessions.find(site.pool, before) is None
    assert site.services.sessions.find(site.pool, visitor.session) is not None


def test_who_is_refused_after_the_code_is_not_signed_in(site: Site, visitor: Visitor, app: App) -> None:
    @AppClientAuthz().trigger("PostAuthentication", app=site.app)
    def refuse(event: Event) -> Event:
        raise PermissionError("Closed for the night")

    visitor.sign_in()
    answer = enter(visitor, app.code())

    assert answer.status_code == 400
    assert "PostAuthentication failed with error Closed for the night." in answer.text
    assert "/auth/login?" in answer.text
    assert visitor.session is None
