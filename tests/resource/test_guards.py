"""Guarded views: whom they let in, what they know of the token, how they say no (RFC 6750)."""

import asyncio
import inspect
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView
from werkzeug.exceptions import HTTPException

from app_client_authz import AppClientAuthz, current_token, require_group, require_scope, require_token
from tests.resource.host import EXPIRED, MISSING, NOT_SUFFICIENT, NOT_VALID, Host, make_host
from tests.support.clock import MovableClock
from tests.support.site import SMALL_HASHES

GUARDED = ("/token", "/id", "/read/7", "/either", "/both", "/stacked", "/staff", "/listed", "/marked", "/outer/")


# --- let in -------------------------------------------------------------------------------------


def test_view_knows_user_client_pool_and_scopes_of_the_token(standing_host: Host) -> None:
    site = standing_host.site
    answer = standing_host.get("/read/7", standing_host.user_token("openid orders/read"))

    assert answer.status_code == 200
    assert answer.json.pop("jti")
    assert {name: value for name, value in answer.json.items() if name != "jti"} == {
        "sub": site.user.sub,
        "username": "kim",
        "client_id": site.web.client_id,
        "pool_id": site.pool.id,
        "scopes": ["openid", "orders/read"],
        "groups": [],
        "use": "access",
        "machine": False,
        "order": 7,
    }


def test_machine_has_no_username_and_no_user(standing_host: Host) -> None:
    text = standing_host.machine_token()
    told = standing_host.get("/read/7", text).json

    assert (told["sub"], told["username"], told["machine"]) == (standing_host.site.machine.client_id, None, True)
    assert standing_host.get("/user", text).json == {"user": None}


def test_id_token_opens_what_asks_for_one(standing_host: Host) -> None:
    told = standing_host.get("/id", standing_host.user_token(kind="id")).json

    assert (told["use"], told["username"], told["client_id"]) == ("id", "kim", standing_host.site.web.client_id)
    assert told["scopes"] == []


def test_token_of_the_implicit_flow_counts(standing_host: Host) -> None:
    assert standing_host.get("/token", standing_host.implicit_token()).status_code == 200


def test_user_is_read_as_they_are_now(host: Host) -> None:
    text = host.user_token()
    host.site.services.users.update_attributes(host.site.pool.id, "kim", {"email": "new@example.com"})

    assert host.get("/user", text).json == {"user": "new@example.com"}


@pytest.mark.parametrize(
    "scope, opens",
    [
        ("orders/read", {"/either", "/read/7", "/listed", "/marked", "/outer/", "/outer/inner/"}),
        ("orders/write", {"/either"}),
        ("orders/read orders/write", {*GUARDED, "/outer/inner/"} - {"/staff", "/id"}),
    ],
)
def test_scopes_open_what_asks_for_them(standing_host: Host, scope: str, opens: set[str]) -> None:
    text = standing_host.machine_token(scope)
    open_paths = {path for path in (*GUARDED, "/outer/inner/") if standing_host.get(path, text).status_code == 200}

    assert open_paths == opens | {"/token"}


def test_scheme_is_written_in_any_case(standing_host: Host) -> None:
    sent = {"Authorization": f"bEARER {standing_host.machine_token()}"}

    assert standing_host.app.test_client().get("/token", headers=sent).status_code == 200


def test_groups_of_the_token_are_roles(host: Host) -> None:
    before = host.user_token(), host.user_token(kind="id")
    host.join("staff")
    after = host.user_token(), host.user_token(kind="id")

    assert [host.get("/staff", before[0]).status_code, host.get("/staff", after[0]).status_code] == [403, 200]
    assert [host.get("/staff-id", before[1]).status_code, host.get("/staff-id", after[1]).status_code] == [403, 200]
    assert host.get("/staff", after[0]).json["groups"] == ["staff"]


def test_methods_of_a_class_have_guards_of_their_own(standing_host: Host) -> None:
    reader, writer = standing_host.machine_token("orders/read"), standing_host.machine_token("orders/read orders/write")

    assert standing_host.get("/marked", reader, method="POST").status_code == 403
    assert standing_host.get("/marked", writer, method="POST").status_code == 200
    assert standing_host.get("/marked", method="POST").status_code == 401


def test_head_and_post_are_guarded_as_get_is(standing_host: Host) -> None:
    for method in ("GET", "HEAD", "POST"):
        assert standing_host.get("/read/7", method=method).status_code == 401, method
        assert standing_host.get("/outer/", method=method).status_code == 401, method


def test_question_of_a_browser_before_it_sends_the_token_is_answered(standing_host: Host) -> None:
    for path in ("/read/7", "/outer/", "/outer/inner/", "/listed"):
        assert standing_host.get(path, method="OPTIONS").status_code == 200, path


def test_async_view_is_guarded_and_run_as_the_app_runs_it(standing_host: Host) -> None:
    class Awaiting(Flask):
        def ensure_sync(self, view: Callable[..., object]) -> Callable[..., object]:
            if not inspect.iscoroutinefunction(view):
                return view

            def awaited(*args: object, **kwargs: object) -> object:
                # In a thread of its own: a browser's event loop may run in this one.
                with ThreadPoolExecutor(1) as threads:
                    return threads.submit(copy_context().run, asyncio.run, view(*args, **kwargs)).result()

            return awaited

    app = Awaiting("awaiting")
    app.config.update(
        SECRET_KEY="s" * 40,
        SQLALCHEMY_DATABASE_URI=str(standing_host.app.config["SQLALCHEMY_DATABASE_URI"]),
        **SMALL_HASHES,
    )
    AppClientAuthz(app, clock=standing_host.site.clock)

    @app.get("/")
    @require_token()
    async def view() -> str:
        return current_token.sub

    text = standing_host.machine_token()

    assert app.test_client().get("/").status_code == 401
    assert app.test_client().get("/", headers={"Authorization": f"Bearer {text}"}).status_code == 200


# --- refused ------------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 6750", "3.1", "no credentials, no error code in the challenge")
@pytest.mark.parametrize("path", GUARDED)
def test_request_without_a_token_is_asked_for_one(standing_host: Host, path: str) -> None:
    answer = standing_host.get(path)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, MISSING)
    assert answer.json == {"error": "unauthorized", "error_description": "A bearer token is needed."}


@pytest.mark.compliance("RFC 6750", "2", "a token comes in one way, which is the header")
def test_token_anywhere_but_in_one_header_is_none(standing_host: Host) -> None:
    text = standing_host.machine_token()
    http = standing_host.app.test_client()
    http.set_cookie("access_token", text)
    answers = [
        http.get(f"/token?access_token={text}"),
        http.post("/read/7", data={"access_token": text}),
        http.get("/token", headers={"Authorization": text}),
        http.get("/token", headers={"Authorization": f"Basic {text}"}),
        http.get("/token", headers={"Authorization": f"Bearer {text}, Bearer {text}"}),
        http.get("/token", headers={"Authorization": f"Bearer {text} {text}"}),
        http.get("/token", headers={"Authorization": "Bearer"}),
        http.get("/token", headers={"Authorization": "Bearer "}),
        http.get("/token", headers={"Authorization": "Bearer tökén"}),
    ]

    assert [(each.status_code, each.headers["WWW-Authenticate"]) for each in answers] == [(401, MISSING)] * 9


@pytest.mark.compliance("RFC 6750", "3.1", "invalid_token is a 401")
@pytest.mark.parametrize(
    "text", ["x", "a.b.c", "..", "e30.e30.e30", "a" * 20_000, 'x"y', "%00", "eyJhbGciOiJub25lIn0.e30."]
)
def test_what_is_no_token_is_an_invalid_one(standing_host: Host, text: str) -> None:
    answer = standing_host.get("/token", text)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, NOT_VALID)
    assert answer.json["error"] == "invalid_token"
    assert text not in answer.text or len(text) == 1


def test_expired_token_is_told_so(host: Host, clock: MovableClock) -> None:
    text = host.user_token()
    clock.advance(3600)
    answer = host.get("/token", text)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, EXPIRED)


@pytest.mark.compliance("RFC 6750", "3.1", "insufficient_scope is a 403 that may name the scope")
@pytest.mark.parametrize(
    "path, scope",
    [
        ("/read/7", "orders/read"),
        ("/either", "orders/read orders/write"),
        ("/both", "orders/read orders/write"),
        ("/stacked", "orders/read"),
        ("/outer/inner/", "orders/read"),
    ],
)
def test_token_without_the_scope_is_told_which(standing_host: Host, path: str, scope: str) -> None:
    answer = standing_host.get(path, standing_host.user_token("openid"))

    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == f'{NOT_SUFFICIENT}, scope="{scope}"'
    assert answer.json == {"error": "insufficient_scope", "error_description": "The token does not open this."}


def test_token_of_no_member_is_a_403_without_a_scope(standing_host: Host) -> None:
    answer = standing_host.get("/staff", standing_host.user_token())

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (403, NOT_SUFFICIENT)


def test_database_that_does_not_answer_is_a_503_and_no_refusal(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    text = host.machine_token()
    host.site.services.engine.dispose()
    monkeypatch.setattr(host.site.services.engine.pool, "connect", _no_connection)
    answer = host.get("/token", text)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json["error"] == "temporarily_unavailable"
    assert "WWW-Authenticate" not in answer.headers


def _no_connection() -> None:
    from sqlalchemy.exc import OperationalError

    raise OperationalError("SELECT", {}, Exception("gone"))


# --- the host's own words -----------------------------------------------------------------------


def test_refusals_are_texts_where_the_host_wants_them(sqlite_url_migrated: str, clock: MovableClock) -> None:
    host = make_host(sqlite_url_migrated, clock, AUTHZ_GUARD_ERRORS="text")
    answer = host.get("/token")

    assert (answer.status_code, answer.mimetype, answer.text) == (401, "text/plain", "A bearer token is needed.\n")
    assert answer.headers["WWW-Authenticate"] == MISSING


def test_refusal_ends_its_line_so_that_a_terminal_shows_the_next_prompt_below(host: Host) -> None:
    assert host.get("/token").text.endswith("}\n")


def test_error_handlers_of_the_host_word_refusals_and_the_challenge_stays(host: Host) -> None:
    @host.app.errorhandler(401)
    def who_are_you(error: HTTPException) -> tuple[str, int]:
        return f"<h1>{error.description}</h1>", 401

    @host.app.errorhandler(HTTPException)
    def any_other(error: HTTPException) -> tuple[dict[str, object], int]:
        return {"problem": getattr(error, "error", None)}, error.code or 500

    missing, poor = host.get("/token"), host.get("/read/7", host.user_token())

    assert (missing.text, missing.headers["WWW-Authenticate"]) == ("<h1>A bearer token is needed.</h1>", MISSING)
    assert (poor.status_code, poor.json) == (403, {"problem": "insufficient_scope"})
    assert "insufficient_scope" in poor.headers["WWW-Authenticate"]


def test_challenge_of_the_host_is_left_alone(host: Host) -> None:
    @host.app.errorhandler(401)
    def with_its_own(error: HTTPException) -> tuple[str, int, dict[str, str]]:
        return "", 401, {"WWW-Authenticate": 'Bearer realm="orders"'}

    assert host.get("/token").headers.getlist("WWW-Authenticate") == ['Bearer realm="orders"']


def test_host_that_redirects_instead_sends_no_challenge(host: Host) -> None:
    @host.app.errorhandler(401)
    def to_the_login(error: HTTPException) -> tuple[str, int, dict[str, str]]:
        return "", 302, {"Location": "/open"}

    assert "WWW-Authenticate" not in host.get("/token").headers


# --- misuse -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "misuse, error, message",
    [
        (require_scope, ValueError, "at least one scope"),
        (require_group, ValueError, "at least one group"),
        (lambda: require_scope(lambda: ""), TypeError, "is no scope"),  # type: ignore[arg-type]
        (lambda: require_scope("orders/read orders/write"), TypeError, "is no scope"),
        (lambda: require_scope('a"b'), TypeError, "is no scope"),
        (lambda: require_scope(all_of="orders/read"), TypeError, "a list of scopes"),  # type: ignore[arg-type]
        (lambda: require_scope(all_of=["ab c"]), TypeError, "is no scope"),
        (lambda: require_group(""), TypeError, "is no group"),
        (lambda: require_token(use="refresh"), ValueError, "'access' or 'id'"),  # type: ignore[arg-type]
        (lambda: require_token(lambda: ""), TypeError, "positional"),  # type: ignore[call-arg]
        (lambda: require_token()(int), TypeError, "no class-based view"),
        (lambda: require_token().protect(Flask("x")), TypeError, "takes a Blueprint"),  # type: ignore[arg-type]
    ],
)
def test_guard_that_would_not_guard_is_refused_when_it_is_made(
    misuse: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        misuse()


def test_current_token_without_a_guard_says_what_to_do(standing_host: Host) -> None:
    with standing_host.app.test_request_context("/open"), pytest.raises(RuntimeError, match="require_token"):
        _ = current_token.sub


def test_token_of_one_request_is_not_that_of_the_next_in_the_same_context(standing_host: Host) -> None:
    """A test of the host may hold an app context open around several requests, and with it ``g``."""
    text = standing_host.machine_token()
    with standing_host.app.app_context():
        assert standing_host.get("/token", text).status_code == 200
        assert standing_host.get("/token").status_code == 401


def test_guard_in_an_app_without_the_extension_says_what_to_do() -> None:
    app = Flask("bare")
    app.testing = True
    app.add_url_rule("/", view_func=require_token()(lambda: ""))

    with pytest.raises(RuntimeError, match="no guard"):
        app.test_client().get("/", headers={"Authorization": "Bearer x"})


def test_guards_pass_down_to_subclasses(standing_host: Host) -> None:
    @require_scope("orders/read")
    class Base(MethodView):
        def get(self) -> str:
            return ""

    class Derived(Base):
        pass

    assert Derived.decorators == Base.decorators
    assert MethodView.decorators == []


def test_blueprint_that_is_mounted_already_cannot_be_guarded_too_late(standing_host: Host) -> None:
    late = Blueprint("late", __name__)
    Flask("x").register_blueprint(late)

    with pytest.raises(AssertionError):
        require_token().protect(late)
