"""A host with Flask-Login: its users sign in at the pool's pages, and who is signed in at the host needs not to."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import flask_login
import pytest
from flask import Flask, request, session

from app_client_authz import ConfigurationError, HostSession, current_token, require_token
from app_client_authz.directories import ModelDirectory, WritableModelDirectory
from tests.directories.conftest import SIGNED_OUT, Host, Visit, cheap, small_hashes, web_client
from tests.support.live import LiveServer
from tests.support.members import PASSWORD
from tests.support.site import claims

Visits = Callable[[str, str], Visit]


def with_flask_login(host: Host) -> None:
    """Pages of the host's own: /signin?id=…, /signout, and the callable that tells who is signed in."""
    manager = flask_login.LoginManager(host.app)
    member = host.member

    class Signed(flask_login.UserMixin):  # type: ignore[misc]
        def __init__(self, row: Any) -> None:
            self.id = row.id

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(key: str) -> Signed | None:
        row = host.db.session.get(member, int(key))
        return None if row is None else Signed(row)

    @host.app.get("/signin")
    def signin() -> str:
        flask_login.login_user(Signed(host.db.session.get(member, int(request.args["id"]))))
        session["at"] = float(request.args.get("at", 0))
        return "in"

    @host.app.get("/signout")
    def signout() -> str:
        flask_login.logout_user()
        return "out"

    @host.authz.host_session(sign_out=flask_login.logout_user)
    def signed_in() -> HostSession | None:
        key = flask_login.current_user.get_id()
        return None if key is None else HostSession(key, auth_time=session["at"])


def change(host: Host, **values: object) -> None:
    """What the host's own code does to kim."""
    with host.app.app_context():
        row = host.db.session.get(host.member, 1)
        for name, value in values.items():
            setattr(row, name, value)
        host.db.session.commit()


@pytest.fixture
def kim(host: Host) -> Host:
    """A host with kim and ada, a pool over its table, and Flask-Login."""
    for name in ("kim", "ada"):
        host.add(username=name, email=f"{name}@example.com", password_hash=cheap(), email_checked=True)
    attributes = {"email": "email", "email_verified": "email_checked"}
    host.serve(
        ModelDirectory(
            host.db,
            host.member,
            names=["username", "email"],
            password="password_hash",
            attributes=attributes,
            active="is_active",
            hashes=small_hashes(),
        )
    )
    host.client = web_client(host.cognito, host.pool)
    with_flask_login(host)
    return host


@pytest.fixture
def visit(kim: Host, live_server: Callable[[Flask], LiveServer], visits: Visits) -> Visit:
    return visits(live_server(kim.app).url, kim.client)


def test_a_member_signs_in_at_the_pages_by_code_and_pkce(visit: Visit, kim: Host) -> None:
    page = visit.page()
    assert "/auth/signup" not in page.text
    assert "/auth/forgotPassword" not in page.text
    wrong = visit.submit(page, username="kim@example.com", password="wrong")
    assert wrong.headers["Location"].startswith("/auth/login")

    tokens = visit.redeem(visit.code_of(visit.submit(page, username="kim@example.com", password=PASSWORD)))

    known = visit.userinfo(tokens).json()
    assert (known["username"], known["email"], known["email_verified"]) == ("kim", "kim@example.com", "true")
    # And the sign-in is an SSO session as any other.
    assert visit.code_of(visit.authorize())
    change(kim, is_active=False)
    assert visit.userinfo(tokens).status_code == 401
    assert "/auth/login" in visit.authorize().headers["Location"]


@pytest.mark.attack("R18")
def test_guarded_views_see_users_of_the_host_as_they_are(
    kim: Host, live_server: Callable[[Flask], LiveServer], visits: Visits
) -> None:
    @kim.app.get("/me")
    @require_token()
    def me() -> dict[str, str]:
        assert current_token.user is not None
        return dict(current_token.user.attributes)

    visit = visits(live_server(kim.app).url, kim.client)
    tokens = visit.redeem(visit.code_of(visit.submit(visit.page(), username="kim", password=PASSWORD)))
    visit.browser.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    assert visit.get("/me").json()["email"] == "kim@example.com"

    change(kim, email="new@example.com")
    assert visit.get("/me").json()["email"] == "new@example.com"
    change(kim, is_active=False)
    assert visit.get("/me").status_code == 401


@pytest.mark.parametrize("path", ["/auth/signup", "/auth/forgotPassword"])
def test_pages_for_what_the_host_does_itself_are_closed(visit: Visit, path: str) -> None:
    asked = urlsplit(visit.authorize().headers["Location"]).query

    page = visit.get(f"{path}?{asked}")

    assert "is not possible here" in page.text
    assert "<form" not in page.text


def test_who_is_signed_in_at_the_host_gets_a_code_at_once(visit: Visit) -> None:
    visit.get("/signin", id="1", at="1789999000")

    answer = visit.authorize(prompt="none")

    tokens = visit.redeem(visit.code_of(answer))
    assert claims(tokens["id_token"])["cognito:username"] == "kim"
    assert claims(tokens["id_token"])["auth_time"] == 1789999000
    # Nobody else's, whatever stands between.
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Cookie" in answer.headers["Vary"]


def test_the_session_of_the_host_ends_here_as_soon_as_there(visit: Visit) -> None:
    visit.get("/signin", id="1")
    assert visit.code_of(visit.authorize())

    visit.get("/signout")

    assert "/auth/login" in visit.authorize().headers["Location"]
    assert "error=login_required" in visit.authorize(prompt="none").headers["Location"]


def test_a_member_who_was_disabled_is_not_signed_in_whatever_the_session_says(visit: Visit, kim: Host) -> None:
    visit.get("/signin", id="1")
    change(kim, is_active=False)

    assert "/auth/login" in visit.authorize().headers["Location"]


def test_prompt_login_and_a_max_age_ask_for_a_sign_in_all_the_same(visit: Visit) -> None:
    visit.get("/signin", id="1", at="1789999000")  # a thousand seconds ago

    for more in ({"prompt": "login"}, {"max_age": "999"}):
        assert "/auth/login" in visit.authorize(**more).headers["Location"]
    assert visit.code_of(visit.authorize(max_age="1001"))


def test_a_sign_in_of_unknown_age_is_too_old_for_every_max_age(visit: Visit) -> None:
    visit.get("/signin", id="1")

    assert "/auth/login" in visit.authorize(max_age="999999999").headers["Location"]
    assert visit.code_of(visit.authorize())


def test_the_session_of_the_host_counts_before_a_sign_in_at_the_pages(visit: Visit) -> None:
    visit.code_of(visit.submit(visit.page(), username="kim", password=PASSWORD))
    visit.get("/signin", id="2")
    assert claims(visit.redeem(visit.code_of(visit.authorize()))["id_token"])["cognito:username"] == "ada"

    visit.get("/signout")

    assert claims(visit.redeem(visit.code_of(visit.authorize()))["id_token"])["cognito:username"] == "kim"


def test_the_sign_in_page_offers_to_go_on_as_who_is_signed_in_at_the_host(visit: Visit) -> None:
    asked = urlsplit(visit.authorize().headers["Location"]).query
    visit.get("/signin", id="1")
    page = visit.get(f"/auth/login?{asked}")
    assert "kim" in page.text

    answer = visit.submit(page, **{"continue": "1"})

    assert claims(visit.redeem(visit.code_of(answer))["id_token"])["cognito:username"] == "kim"


def test_logout_signs_out_of_the_host(visit: Visit) -> None:
    visit.get("/signin", id="1")

    answer = visit.get("/auth/logout", client_id=visit.client_id, logout_uri=SIGNED_OUT)

    assert answer.headers["Location"] == SIGNED_OUT
    assert "/auth/login" in visit.authorize().headers["Location"]


def test_a_stranger_to_the_pool_cannot_sign_anybody_out(visit: Visit) -> None:
    visit.get("/signin", id="1")

    visit.get("/auth/logout", client_id="nobodys", logout_uri=SIGNED_OUT)

    assert visit.code_of(visit.authorize())


@pytest.mark.attack("R21")
@pytest.mark.parametrize(
    "target", [{}, {"logout_uri": "https://evil.example/"}, {"redirect_uri": "https://evil.example/"}]
)
def test_a_refused_target_signs_nobody_out_of_the_host(visit: Visit, target: dict[str, str]) -> None:
    visit.get("/signin", id="1")

    refused = visit.get("/auth/logout", client_id=visit.client_id, **target)

    assert urlsplit(refused.headers["Location"]).path == "/auth/error"
    assert visit.code_of(visit.authorize())


def test_a_sign_out_that_fails_at_the_host_is_no_sign_out(
    host: Host, live_server: Callable[[Flask], LiveServer], visits: Visits
) -> None:
    pool = host.cognito.create_user_pool(PoolName="own")["UserPool"]["Id"]
    host.authz.host_session(sign_out=lambda: 1 / 0)(lambda: None)
    visit = visits(live_server(host.app).url, web_client(host.cognito, pool))

    answer = visit.get("/auth/logout", client_id=visit.client_id, logout_uri=SIGNED_OUT)

    assert answer.status_code == 503
    assert "Location" not in answer.headers


def test_a_pool_that_counts_sessions_gives_codes_to_who_is_signed_in_at_the_host(visit: Visit, kim: Host) -> None:
    services = kim.authz.services(kim.app)
    spec = services.pools.describe(kim.pool).spec
    services.pools.replace(kim.pool, replace(spec, user_session_tracking="ENABLED"))
    visit.get("/signin", id="1")

    assert visit.redeem(visit.code_of(visit.authorize()))["refresh_token"]


@pytest.mark.parametrize(
    "kind, page", [(ModelDirectory, "/auth/login"), (WritableModelDirectory, "/auth/forgotPassword")]
)
def test_whom_the_host_wants_to_reset_the_password_is_led_to_where_that_is_possible(
    host: Host, live_server: Callable[[Flask], LiveServer], visits: Visits, kind: type[ModelDirectory], page: str
) -> None:
    host.add(username="kim", email="kim@example.com", password_hash=cheap(), email_checked=True)
    described: dict[str, Any] = {
        "names": ["username"],
        "password": "password_hash",
        "attributes": {"email": "email", "email_verified": "email_checked"},
        "hashes": small_hashes(),
    }
    host.serve(kind(host.db, host.member, status=lambda _row: "RESET_REQUIRED", **described))
    visit = visits(live_server(host.app).url, web_client(host.cognito, host.pool))

    answer = visit.submit(visit.page(), username="kim", password=PASSWORD)

    assert urlsplit(answer.headers["Location"]).path == page
    shown = visit.get(answer.headers["Location"])
    assert "Password reset required" in shown.text
    if page == "/auth/forgotPassword":
        sent = visit.submit(shown, username="kim")
        assert urlsplit(sent.headers["Location"]).path == "/auth/confirmForgotPassword"


# --- registration ---------------------------------------------------------------------------------


def test_a_username_is_enough_where_users_are_the_pools_own(
    host: Host, live_server: Callable[[Flask], LiveServer], visits: Visits
) -> None:
    pool = host.cognito.create_user_pool(PoolName="own")["UserPool"]["Id"]
    host.cognito.admin_create_user(UserPoolId=pool, Username="ida", MessageAction="SUPPRESS")
    said: list[object] = ["ida"]
    host.authz.host_session(pool_id=pool)(lambda: said[0])
    visit = visits(live_server(host.app).url, web_client(host.cognito, pool))
    # A user who has to choose a password first is not signed in.
    assert "/auth/login" in visit.authorize().headers["Location"]

    host.cognito.admin_set_user_password(UserPoolId=pool, Username="ida", Password=PASSWORD, Permanent=True)
    assert visit.code_of(visit.authorize())
    for nobody in (None, "nobody", HostSession("")):
        said[0] = nobody
        assert "/auth/login" in visit.authorize().headers["Location"]


@pytest.mark.parametrize("broken", [lambda: 1 / 0, object, lambda: True])
def test_a_host_that_cannot_tell_makes_it_unavailable(
    host: Host,
    live_server: Callable[[Flask], LiveServer],
    visits: Visits,
    broken: Callable[[], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    pool = host.cognito.create_user_pool(PoolName="own")["UserPool"]["Id"]
    host.authz.host_session(app=host.app)(broken)
    visit = visits(live_server(host.app).url, web_client(host.cognito, pool))

    assert visit.authorize().status_code == 503
    assert "the host session" in caplog.text


def test_one_host_session_for_the_same_pools(host: Host) -> None:
    host.authz.host_session()(lambda: None)
    host.authz.host_session(pool_id="us-east-1_Abc123xyz")(lambda: None)

    for again in ({}, {"pool_id": "us-east-1_Abc123xyz"}, {"pool_id": "no pool"}):
        with pytest.raises(ConfigurationError):
            host.authz.host_session(**again)(lambda: None)


def test_a_coroutine_function_cannot_say_who_is_signed_in(host: Host) -> None:
    async def signed_in() -> None: ...

    with pytest.raises(ConfigurationError):
        host.authz.host_session()(signed_in)
    with pytest.raises(ConfigurationError):
        host.authz.host_session(sign_out=signed_in)(lambda: None)
