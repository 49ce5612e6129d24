"""``/login``: the form, what it answers, and whom it signs in."""

import re
from uuid import UUID

import pytest
from markupsafe import escape

from app_client_authz.domain.errors import TooManyRequests, Unavailable
from app_client_authz.domain.pool import MfaChange, PoolSpec
from tests.hosted_ui.conftest import MakeSite
from tests.hosted_ui.site import (
    BARE,
    CALLBACK,
    ENABLED,
    FOREIGN,
    HOSTILE,
    LEGACY,
    LOGOUT,
    NO_OAUTH,
    OTHER,
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

WRONG = "Incorrect username or password."


# --- the page -------------------------------------------------------------------------------------


def test_the_form_has_the_inputs_that_scripts_for_cognito_fill_in(visitor: Visitor) -> None:
    page = visitor.page()

    assert page.status_code == 200
    assert page.content_type == "text/html;charset=UTF-8"
    for name in ("username", "password", "_csrf", "signInSubmitButton"):
        assert f'name="{name}"' in page.text
    assert "Storefront" in page.text


def test_the_form_is_made_for_keyboards_screen_readers_and_password_managers(visitor: Visitor) -> None:
    page = visitor.page().text

    assert '<html lang="en">' in page
    assert page.count("<main") == page.count("<h1>") == 1
    assert re.search(r'<label for="username">Username</label>\s*<input id="username"', page)
    assert re.search(r'<label for="password">Password</label>\s*<input id="password"', page)
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert re.search(r'id="username"[^>]* autofocus', page)
    assert "<script" not in page


def test_login_hint_fills_in_the_name_and_the_password_comes_next(visitor: Visitor) -> None:
    page = visitor.page(login_hint="alice@example.org").text

    assert 'value="alice@example.org"' in page
    assert re.search(r'id="password"[^>]* autofocus', page)
    assert page.count("autofocus") == 1


@pytest.mark.parametrize(
    "members, label",
    [
        ({}, "Username"),
        ({"username_attributes": ("email",)}, "Email"),
        ({"username_attributes": ("phone_number", "email")}, "Email or phone number"),
        ({"alias_attributes": ("email", "preferred_username")}, "Username or email"),
    ],
)
def test_the_first_label_says_what_signs_in_at_this_pool(site: Site, members: dict[str, object], label: str) -> None:
    pool = site.services.pools.create(PoolSpec(name="labels", **members))  # type: ignore[arg-type]
    site.services.app_clients.create(pool.id, client_spec(), client_id="labels")

    assert f'<label for="username">{label}</label>' in site.visitor().page(client_id="labels").text


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"client_id": None}, {"error": "Required parameters missing"}),
        ({"redirect_uri": None}, {"error": "Required parameters missing"}),
        ({"client_id": "nobody"}, {"error": "invalid_request", "client_id": "nobody"}),
        ({"redirect_uri": f"{CALLBACK}/"}, {"error": "redirect_mismatch", "client_id": ENABLED}),
        ({"client_id": NO_OAUTH}, {"error": "Client is not enabled for OAuth2.0 flows.", "client_id": NO_OAUTH}),
    ],
)
@pytest.mark.attack("R1")
def test_an_unproven_request_ends_on_our_own_page(
    visitor: Visitor, changes: dict[str, str | None], error: dict[str, str]
) -> None:
    assert location(visitor.page(**changes)) == ("/auth/error", error)


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"response_type": None}, {"state": STATE, "error": "invalid_request"}),
        ({"response_type": "id_token"}, {"state": STATE, "error": "invalid_request"}),
        ({"scope": "phone"}, {"error_description": "invalid_scope", "state": STATE, "error": "invalid_request"}),
        ({"code_challenge": "x"}, {"state": STATE, "error": "invalid_request"}),
    ],
)
def test_the_page_judges_its_query_as_the_authorization_endpoint_does(
    visitor: Visitor, changes: dict[str, str | None], error: dict[str, str]
) -> None:
    assert location(visitor.page(**changes)) == (CALLBACK, error)


def test_a_client_without_local_users_has_no_page(visitor: Visitor) -> None:
    page = visitor.page(client_id=BARE)

    assert page.status_code == 403
    assert "Login pages unavailable. Please contact an administrator." in page.text
    assert "password" not in page.text


@pytest.mark.parametrize("client_id", [ENABLED, BARE])
@pytest.mark.parametrize("asked", [{"identity_provider": "Google"}, {"idp_identifier": "acme.example"}])
def test_a_provider_that_is_not_there_is_named_unavailable(
    visitor: Visitor, client_id: str, asked: dict[str, str]
) -> None:
    page = visitor.page(client_id=client_id, **asked)

    assert page.status_code == 401
    assert "Login option is not available. Please try another one" in page.text
    assert 'name="password"' not in page.text


@pytest.mark.parametrize("asked", [{"identity_provider": "Google"}, {"idp_identifier": "acme.example"}])
def test_no_form_gets_around_a_provider_that_is_not_there(visitor: Visitor, asked: dict[str, str]) -> None:
    form = {"_csrf": token(visitor.page()), "username": "alice", "password": PASSWORD}

    assert visitor.post(f"/login?{query(**asked)}", form).status_code == 401
    assert visitor.session is None


@pytest.mark.parametrize("asked", [{"identity_provider": "Google"}, {"idp_identifier": "acme.example"}])
def test_nobody_goes_on_as_a_local_user_where_another_provider_was_asked_for(
    visitor: Visitor, asked: dict[str, str]
) -> None:
    visitor.sign_in()
    form = {"_csrf": token(visitor.page()), "continue": "1"}

    assert visitor.post(f"/login?{query(**asked)}", form).status_code == 401
    assert location(visitor.page(prompt="none", **asked)) == (CALLBACK, {"error": "login_required", "state": STATE})


def test_the_local_directory_can_be_asked_for_by_name(visitor: Visitor) -> None:
    assert 'name="password"' in visitor.page(identity_provider="COGNITO").text


def test_no_form_gets_around_a_client_without_local_users(site: Site, visitor: Visitor) -> None:
    form = {"_csrf": token(visitor.page()), "username": "alice", "password": PASSWORD}

    answer = visitor.post(f"/login?{query(client_id=BARE)}", form)

    assert answer.status_code == 403
    assert visitor.session is None


# --- a good sign-in -------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 6749", "4.1.2", "the code and the state travel in the query of the callback URL")
def test_the_right_password_leads_straight_to_the_callback(site: Site, visitor: Visitor) -> None:
    answer = visitor.sign_in()

    target, parameters = location(answer)
    assert target == CALLBACK
    assert list(parameters) == ["code", "state"]
    assert parameters["state"] == STATE
    assert UUID(parameters["code"]).version == 4
    assert answer.headers["Content-Length"] == "0"
    registration = site.services.app_clients.find(ENABLED)
    assert registration is not None
    redeemable = site.services.tokens.find_code(registration, parameters["code"], CALLBACK)
    assert redeemable.code.auth_time == site.clock.now


def test_the_implicit_flow_answers_in_the_fragment(visitor: Visitor) -> None:
    answer = visitor.sign_in(response_type="token")

    url, _, fragment = answer.headers["Location"].partition("#")
    assert url == CALLBACK
    assert [pair.partition("=")[0] for pair in fragment.split("&")] == [
        "id_token",
        "access_token",
        "expires_in",
        "token_type",
        "state",
    ]


def test_a_name_in_other_case_and_with_blanks_around_is_the_same_name(visitor: Visitor) -> None:
    assert location(visitor.sign_in("  Alice "))[0] == CALLBACK


@pytest.mark.parametrize("password", [PASSWORD.lower(), f" {PASSWORD}", f"{PASSWORD} ", PASSWORD[:-1], PASSWORD + "x"])
def test_a_password_counts_exactly_as_it_was_sent(visitor: Visitor, password: str) -> None:
    assert location(visitor.sign_in(password=password))[0] == "/auth/login"
    assert visitor.session is None


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Visitor) -> None:
    cookie = set_cookies(visitor.sign_in())[f"authz-session-{POOL_ID}"]

    assert "; HttpOnly" in cookie
    assert "; SameSite=Lax" in cookie
    assert "; Path=/auth" in cookie
    assert "; Max-Age=3600" in cookie
    assert "Domain=" not in cookie
    assert "alice" not in cookie


def test_behind_https_every_cookie_is_bound_to_the_host(make_site: MakeSite) -> None:
    visitor, outside = make_site(AUTHZ_PUBLIC_URL="https://login.example/auth").visitor(), "https://login.example"
    page = visitor.get(f"/login?{query()}", base_url=outside)

    form = {"_csrf": token(page), "username": "alice", "password": PASSWORD}
    answer = visitor.post(f"/login?{query()}", form, base_url=outside)

    assert location(answer)[0] == CALLBACK
    cookies = set_cookies(page) | set_cookies(answer)
    assert len(cookies) == 2
    for name, cookie in cookies.items():
        assert name.startswith("__Host-")
        assert "; Secure" in cookie
        assert cookie.endswith("; Path=/; SameSite=Lax")
        assert "Domain=" not in cookie


@pytest.mark.attack("R12")
def test_a_sign_in_makes_a_new_session_and_ends_the_one_before(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()
    before = visitor.session

    visitor.sign_in()

    assert visitor.session != before
    assert site.services.sessions.find(site.pool, before) is None
    assert site.services.sessions.find(site.pool, visitor.session) is not None


@pytest.mark.attack("R12")
def test_a_planted_cookie_never_becomes_a_session(site: Site, visitor: Visitor) -> None:
    visitor.http.set_cookie(f"authz-session-{POOL_ID}", "planted", path="/auth")

    visitor.sign_in()

    assert visitor.session != "planted"
    assert site.services.sessions.find(site.pool, "planted") is None


# --- a bad one ------------------------------------------------------------------------------------


def test_a_wrong_password_leads_back_to_the_same_page_with_a_message(visitor: Visitor) -> None:
    answer = visitor.sign_in(password="wrong", login_hint="alice", nonce="n+ %/?#")

    assert answer.headers["Location"] == f"/auth/login?{query(login_hint='alice', nonce='n+ %/?#')}"
    page = visitor.follow(answer)
    assert page.status_code == 200
    assert alert(page) == WRONG
    assert 'aria-describedby="message"' in page.text
    assert "<title>Error: Sign in" in page.text


def test_the_message_is_shown_once(visitor: Visitor) -> None:
    answer = visitor.sign_in(password="wrong")

    assert alert(visitor.follow(answer)) == WRONG
    assert alert(visitor.follow(answer)) is None


def test_whoever_mistyped_the_password_need_not_type_the_name_again(visitor: Visitor) -> None:
    page = visitor.follow(visitor.sign_in(password="wrong"))

    (name,) = re.findall(r'<input id="username".*?>', page.text, re.DOTALL)
    (password,) = re.findall(r'<input id="password".*?>', page.text, re.DOTALL)
    assert 'value="alice"' in name
    assert "autofocus" not in name
    assert "autofocus" in password
    assert "value" not in password


@pytest.mark.parametrize("name", ["nobody", HOSTILE])
def test_a_name_is_kept_whether_somebody_has_it_or_not(visitor: Visitor, name: str) -> None:
    page = visitor.follow(visitor.sign_in(name, "wrong"))

    assert f'value="{escape(name)}"' in page.text
    assert name not in (visitor.cookie("authz-handover") or "")


def test_a_name_that_is_longer_than_any_is_not_kept(visitor: Visitor) -> None:
    page = visitor.follow(visitor.sign_in("ä" * 2048, "wrong"))

    assert page.status_code == 200
    assert "ää" not in page.text


def test_the_name_that_was_typed_is_forgotten_once_somebody_signed_in(visitor: Visitor) -> None:
    visitor.sign_in("bob", "wrong")
    assert location(visitor.sign_in())[0] == CALLBACK

    assert 'value="bob"' not in visitor.page(prompt="login").text


@pytest.mark.attack("R12")
def test_the_message_cookie_carries_a_code_and_never_text(visitor: Visitor) -> None:
    assert "authz-flash=incorrect;" in set_cookies(visitor.sign_in(password="wrong"))["authz-flash"]
    visitor.http.set_cookie("authz-flash", "Call+0800+EVIL", path="/auth")

    page = visitor.page()

    assert alert(page) is None
    assert "EVIL" not in page.text


@pytest.mark.parametrize(
    "fields", [{}, {"username": "alice"}, {"password": PASSWORD}, {"username": " ", "password": "x"}]
)
def test_a_form_that_is_not_filled_in_is_a_wrong_one(visitor: Visitor, fields: dict[str, str]) -> None:
    assert alert(visitor.follow(visitor.submit(fields))) == WRONG


def test_a_form_that_is_not_filled_in_counts_no_attempt(visitor: Visitor) -> None:
    for _ in range(6):
        visitor.submit({"username": "alice"})

    assert location(visitor.sign_in())[0] == CALLBACK


@pytest.mark.parametrize(
    "client_id, name, password, message",
    [
        (LEGACY, "nobody", PASSWORD, "User does not exist."),
        (LEGACY, "alice", "wrong", WRONG),
        (LEGACY, "disabled", "wrong", "User is disabled."),
        (LEGACY, "unconfirmed", "wrong", "User is not confirmed."),
        (LEGACY, "forgetful", "wrong", "Password reset required for the user"),
        (LEGACY, "newcomer", "wrong", WRONG),
        (ENABLED, "disabled", PASSWORD, "User is disabled."),
        (ENABLED, "unconfirmed", PASSWORD, "User is not confirmed."),
        (ENABLED, "forgetful", PASSWORD, "Password reset required for the user"),
    ],
)
def test_each_refusal_has_its_message(visitor: Visitor, client_id: str, name: str, password: str, message: str) -> None:
    answer = visitor.sign_in(name, password, client_id=client_id)

    assert alert(visitor.follow(answer)) == message
    assert visitor.session is None


@pytest.mark.attack("R15")
def test_with_prevention_on_nothing_tells_who_exists(site: Site) -> None:
    answers = []
    for name in ("nobody", "alice", "disabled", "unconfirmed", "forgetful", "newcomer"):
        answer = site.visitor().sign_in(name, "wrong")
        headers = {key: value for key, value in answer.headers.items() if key != "x-amz-cognito-request-id"}
        headers["Set-Cookie"] = headers["Set-Cookie"].partition("Expires")[0]
        answers.append((answer.status_code, headers, answer.data))

    assert all(answer == answers[0] for answer in answers)


def test_an_expired_temporary_password_says_who_can_help(visitor: Visitor, clock: MovableClock) -> None:
    clock.advance(7 * 86_400)

    answer = visitor.sign_in("newcomer", TEMPORARY)

    assert alert(visitor.follow(answer)) == ("Temporary password has expired and must be reset by an administrator.")


@pytest.mark.parametrize("name", ["alice", "nobody"])
@pytest.mark.attack("R14")
def test_five_failures_lock_the_account_for_a_time_that_doubles(
    visitor: Visitor, clock: MovableClock, name: str
) -> None:
    def message(password: str) -> str | None:
        return alert(visitor.follow(visitor.sign_in(name, password)))

    locked = "Password attempts exceeded"
    assert [message("wrong") for _ in range(5)] == [WRONG] * 5
    assert message(PASSWORD) == locked, "the password is not looked at while the account is locked"
    for seconds in (1, 2, 4):
        clock.advance(seconds - 0.5)
        assert message("wrong") == locked
        clock.advance(0.5)
        assert message("wrong") == WRONG


def test_a_success_after_the_lock_forgets_the_failures(visitor: Visitor, clock: MovableClock) -> None:
    for _ in range(5):
        visitor.sign_in(password="wrong")
    clock.advance(1)

    assert location(visitor.sign_in())[0] == CALLBACK
    assert alert(visitor.follow(visitor.sign_in(password="wrong"))) == WRONG
    assert location(visitor.sign_in())[0] == CALLBACK


def test_a_lock_leaves_existing_sessions_alone(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()
    for _ in range(6):
        site.visitor().sign_in(password="wrong")

    assert "Sign in as alice" in visitor.page().text


def test_too_many_sign_ins_at_once_are_asked_to_wait(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise TooManyRequests("Rate exceeded", detail="slots")

    monkeypatch.setattr(site.services.authentication, "sign_in", busy)

    assert alert(visitor.follow(visitor.sign_in())) == "Rate exceeded. Try again in a moment."


def test_a_database_that_does_not_answer_is_nobodys_wrong_password(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise Unavailable(detail="secret host name")

    monkeypatch.setattr(site.services.authentication, "sign_in", away)
    answer = visitor.sign_in()

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "try again" in answer.text
    assert "secret host name" not in answer.text


@pytest.mark.attack("R11")
def test_nothing_secret_comes_back(visitor: Visitor) -> None:
    answer = visitor.sign_in(password="Never-Show-This-1")
    page = visitor.follow(answer)

    for response in (answer, page):
        assert "Never-Show-This-1" not in str(response.headers) + response.text
    assert 'type="password" required' in page.text
    assert not re.search(r'name="password"[^>]* value=', page.text)


# --- single sign-on -------------------------------------------------------------------------------


def test_who_is_signed_in_may_go_on_or_be_somebody_else(visitor: Visitor) -> None:
    visitor.sign_in()

    page = visitor.page()

    assert "Sign in as alice" in page.text
    assert 'name="password"' in page.text
    assert "autofocus" not in page.text


def test_going_on_gives_a_code_of_the_first_sign_in_and_a_new_hour(
    site: Site, visitor: Visitor, clock: MovableClock
) -> None:
    visitor.sign_in()
    begun, session = clock.now, visitor.session
    clock.advance(50 * 60)

    target, parameters = location(
        visitor.submit({"continue": "1"}, client_id=OTHER, redirect_uri="https://help.example/cb")
    )

    assert target == "https://help.example/cb"
    registration = site.services.app_clients.find(OTHER)
    assert registration is not None
    redeemable = site.services.tokens.find_code(registration, parameters["code"], target)
    assert redeemable.code.auth_time == begun
    assert visitor.session == session
    clock.advance(50 * 60)
    assert "Sign in as alice" in visitor.page().text


def test_going_on_after_the_session_ended_asks_for_the_password(visitor: Visitor, clock: MovableClock) -> None:
    visitor.sign_in()
    shown = visitor.page()
    clock.advance(200)
    visitor.get(f"/logout?client_id={ENABLED}&logout_uri={LOGOUT}")

    answer = visitor.post(f"/login?{query()}", {"_csrf": token(shown), "continue": "1"})

    assert alert(visitor.follow(answer)) == "Your session has ended. Sign in again."


def test_after_an_hour_nobody_is_offered(visitor: Visitor, clock: MovableClock) -> None:
    visitor.sign_in()
    clock.advance(3600)

    assert "Sign in as" not in visitor.page().text


def test_a_client_that_takes_over_no_session_offers_none(site: Site, visitor: Visitor) -> None:
    site.replace(ENABLED, sso_max_validity_minutes=0)
    visitor.sign_in()

    assert "Sign in as" not in visitor.page().text
    assert location(visitor.submit({"continue": "1"}))[0] == "/auth/login"


def test_a_disabled_user_is_not_offered(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()
    site.services.users.disable(POOL_ID, "alice")

    assert "Sign in as" not in visitor.page().text
    assert location(visitor.submit({"continue": "1"}))[0] == "/auth/login"


@pytest.mark.attack("R23")
def test_a_session_is_worth_nothing_at_another_pool(visitor: Visitor) -> None:
    visitor.sign_in()

    assert "Sign in as" not in visitor.page(client_id=FOREIGN).text


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "prompt=login asks for the password again")
def test_prompt_login_offers_no_shortcut(visitor: Visitor) -> None:
    visitor.sign_in()

    assert "Sign in as" not in visitor.page(prompt="login").text
    assert location(visitor.submit({"continue": "1"}, prompt="login"))[0] == "/auth/login"
    assert location(visitor.sign_in(prompt="login"))[0] == CALLBACK


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "a sign-in older than max_age is not taken over")
def test_max_age_offers_recent_sign_ins_only(visitor: Visitor, clock: MovableClock) -> None:
    visitor.sign_in()
    clock.advance(60)

    assert "Sign in as alice" in visitor.page(max_age="60").text
    clock.advance(1)
    assert "Sign in as" not in visitor.page(max_age="60").text
    assert location(visitor.submit({"continue": "1"}, max_age="60"))[0] == "/auth/login"
    assert location(visitor.sign_in(max_age="60"))[0] == CALLBACK


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "prompt=none shows no page")
def test_prompt_none_shows_no_page_here_either(visitor: Visitor) -> None:
    assert location(visitor.page(prompt="none")) == (CALLBACK, {"error": "login_required", "state": STATE})

    visitor.sign_in()

    assert location(visitor.page(prompt="none"))[0] == CALLBACK
    assert "code" in location(visitor.page(prompt="none"))[1]


def test_where_the_name_is_an_attribute_the_attribute_is_shown(site: Site) -> None:
    pool = site.services.pools.create(PoolSpec(name="by mail", username_attributes=("email",)))
    site.services.app_clients.create(pool.id, client_spec(), client_id="bymail")
    user = site.services.users.create(pool.id, "ann@example.org", {}, password=PASSWORD, permanent=True)
    visitor = site.visitor()

    visitor.sign_in("Ann@Example.org", client_id="bymail")

    page = visitor.page(client_id="bymail").text
    assert "Sign in as ann@example.org" in page
    assert user.username not in page


def test_a_refusal_at_the_very_end_travels_to_the_callback(site: Site, visitor: Visitor) -> None:
    site.replace(ENABLED, read_attributes=("given_name",))

    answer = visitor.sign_in(response_type="token", scope="openid email")

    assert answer.headers["Location"].partition("#")[0] == CALLBACK
    assert "error=invalid_request" in answer.headers["Location"].partition("#")[2]
    assert visitor.session is not None


def test_a_user_who_signs_in_elsewhere_keeps_this_session(site: Site, visitor: Visitor) -> None:
    visitor.sign_in()
    site.visitor().sign_in()

    assert "Sign in as alice" in visitor.page().text


def test_a_page_names_the_callback_hosts_of_its_client_as_form_targets(site: Site, visitor: Visitor) -> None:
    policy = visitor.page().headers["Content-Security-Policy"]

    assert policy.endswith("form-action 'self' https://app.example http://localhost:3000 com.example.app:")
    site.replace(ENABLED, callback_urls=tuple(f"https://{'h' * 60}{n}.example/cb" for n in range(100)))
    wide = visitor.page(redirect_uri=f"https://{'h' * 60}77.example/cb").headers["Content-Security-Policy"]
    assert f"https://{'h' * 60}77.example" in wide
    assert len(wide) < 4000
    assert "99.example" not in wide


# --- second factors -------------------------------------------------------------------------------


@pytest.mark.attack("R18")
def test_nobody_comes_in_by_a_password_alone_where_a_second_factor_is_required(site: Site, visitor: Visitor) -> None:
    site.services.pool_settings.set_mfa(POOL_ID, MfaChange(mode="ON", software_token=True))

    answer = visitor.sign_in("alice", PASSWORD)

    assert location(answer)[0] == "/auth/mfaSetup"
    assert visitor.session is None
