"""What scripts of other origins may call, with every status; and what they may not (endpoints.md 0.6, UIF-5)."""

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from tests.support.site import PREFIX, Site

ORIGIN = {"Origin": "https://spa.example"}
USUAL = "authorization, content-type, cache-control, x-amz-target, x-amz-user-agent"
OPEN = (
    "/oauth2/token",
    "/oauth2/revoke",
    "/oauth2/userInfo",
    "/{pool}/.well-known/openid-configuration",
    "/{pool}/.well-known/jwks.json",
)
NAVIGATED = ("/oauth2/authorize", "/authorize", "/login", "/logout", "/error", "/changePassword")


def path(site: Site, endpoint: str) -> str:
    return PREFIX + endpoint.replace("{pool}", site.pool.id)


def is_open(answer: TestResponse) -> bool:
    """Any origin may read it, and none with the browser's credentials."""
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    return answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]


def preflight(site: Site, endpoint: str, asked: str | None) -> TestResponse:
    headers = ORIGIN | {"Access-Control-Request-Method": "POST"}
    if asked is not None:
        headers["Access-Control-Request-Headers"] = asked
    return site.browse().options(path(site, endpoint), headers=headers)


@pytest.mark.parametrize("endpoint", OPEN)
def test_a_preflight_allows_what_the_client_means_to_send(standing: Site, endpoint: str) -> None:
    answer = preflight(standing, endpoint, "authorization,content-type,x-of-my-own")
    assert (answer.status_code, answer.data) == (200, b"")
    assert is_open(answer)
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,content-type,x-of-my-own"
    assert answer.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize("asked", ["authorization", "Authorization, DPoP", "x-a,x-b, x-c", "x" * 64])
def test_a_list_of_header_names_is_echoed_as_it_was_asked(standing: Site, asked: str) -> None:
    assert preflight(standing, "/oauth2/token", asked).headers["Access-Control-Allow-Headers"] == asked


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "asked",
    [
        None,
        "",
        " ",
        ",",
        "authorization,",
        ",authorization",
        "authorization,,content-type",
        "authorization content-type",
        "authorization;content-type",
        "authorization: Bearer x",
        "<script>",
        '"quoted"',
        "x\ty",
        "x\x00y",
        "x\x7fy",
        "größe",
        "*",
        "x" * 10_000,
        ",".join(["x"] * 5_000),
    ],
    ids=lambda asked: ascii(asked)[:30],
)
def test_anything_else_is_answered_with_the_usual_list(standing: Site, asked: str | None) -> None:
    answer = preflight(standing, "/oauth2/token", asked)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Headers"]) == (200, USUAL)
    assert is_open(answer)


@pytest.mark.attack("R2")
@pytest.mark.attack("R19")
@pytest.mark.parametrize("gap", ["\r\n", "\n", "\r", "\r\n "], ids=ascii)
@pytest.mark.parametrize("after", ["Set-Cookie: x=y", ""])
def test_line_ends_in_the_asked_header_names_add_no_header(standing: Site, gap: str, after: str) -> None:
    def allowed(asked: str) -> str:
        # No HTTP server hands line ends on, and test clients refuse to send them: they enter below both.
        environ = {"HTTP_ACCESS_CONTROL_REQUEST_HEADERS": asked}
        answer = standing.browse().options(path(standing, "/oauth2/token"), environ_overrides=environ)
        assert is_open(answer)
        return answer.headers["Access-Control-Allow-Headers"]

    assert allowed("authorization") == "authorization"
    assert allowed(f"authorization{gap}{after}") == USUAL


def test_a_preflight_asks_no_database(standing: Site) -> None:
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    sa.event.listen(standing.services.engine, "before_cursor_execute", note)
    for endpoint in OPEN:
        standing.browse().options(path(standing, endpoint).replace(standing.pool.id, "no-such-pool"))
    sa.event.remove(standing.services.engine, "before_cursor_execute", note)
    assert statements == []


def test_successes_are_open(site: Site) -> None:
    browser = site.browse()
    tokens = browser.post(
        f"{PREFIX}/oauth2/token", data={"grant_type": "client_credentials"}, auth=site.machine.auth, headers=ORIGIN
    )
    user_tokens = site.tokens(site.spa)
    bearer = ORIGIN | {"Authorization": f"Bearer {user_tokens['access_token']}"}
    userinfo = browser.get(f"{PREFIX}/oauth2/userInfo", headers=bearer)
    revocation = site.spa.credentials | {"token": user_tokens["refresh_token"]}
    revoked = browser.post(f"{PREFIX}/oauth2/revoke", data=revocation, headers=ORIGIN)
    jwks = browser.get(path(site, "/{pool}/.well-known/jwks.json"), headers=ORIGIN)
    for answer in (tokens, userinfo, revoked, jwks):
        assert answer.status_code == 200
        assert is_open(answer)
        assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "method, endpoint, request_, status",
    [
        ("POST", "/oauth2/token", {}, 400),
        ("POST", "/oauth2/token", {"json": {}}, 400),
        ("POST", "/oauth2/token", {"data": {"grant_type": "authorization_code", "client_id": "nobody"}}, 400),
        ("POST", "/oauth2/token", {"data": {"a": "x" * 2_000_000}}, 413),
        ("GET", "/oauth2/token", {}, 405),
        ("POST", "/oauth2/revoke", {"data": {"client_id": "nobody", "token": "x"}}, 401),
        ("GET", "/oauth2/revoke", {}, 405),
        ("GET", "/oauth2/userInfo", {}, 400),
        ("GET", "/oauth2/userInfo", {"headers": {"Authorization": "Bearer x"}}, 401),
        ("PUT", "/oauth2/userInfo", {}, 405),
        ("GET", "/no-such-pool/.well-known/jwks.json", {}, 404),
        ("GET", "/no-such-pool/.well-known/openid-configuration", {}, 404),
        ("POST", "/{pool}/.well-known/jwks.json", {}, 405),
        ("GET", "/{pool}/.well-known/openid-configuration", {"headers": {"Host": "evil.example"}}, 400),
    ],
)
def test_refusals_are_open(
    standing: Site, method: str, endpoint: str, request_: dict[str, object], status: int
) -> None:
    answer = standing.browse().open(path(standing, endpoint), method=method, **request_)
    assert answer.status_code == status
    assert is_open(answer)


def test_the_oidc_dialects_401_is_open(standing_oidc: Site) -> None:
    body = {"grant_type": "client_credentials"}
    answer = standing_oidc.browse().post(f"{PREFIX}/oauth2/token", data=body, auth=("nobody", "wrong"))
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="oauth2"')
    assert is_open(answer)
    answer = standing_oidc.browse().get(f"{PREFIX}/oauth2/userInfo")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert is_open(answer)


def test_a_failure_of_the_database_is_open(site: Site) -> None:
    with site.services.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE authz_app_clients RENAME TO gone"))
    answer = site.browse().post(
        f"{PREFIX}/oauth2/token", data={"grant_type": "client_credentials"}, auth=site.machine.auth
    )
    assert (answer.status_code, answer.json) == (503, {"error": "temporarily_unavailable"})
    assert answer.headers["Retry-After"] == "5"
    assert is_open(answer)


def test_a_failure_of_ours_is_open_and_tells_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(site.services.app_clients), "authenticate", fail)
    site.app.testing = False
    answer = site.browse().post(
        f"{PREFIX}/oauth2/token", data={"grant_type": "client_credentials"}, auth=site.machine.auth
    )
    assert (answer.status_code, answer.json) == (500, {"error": "server_error"})
    assert is_open(answer)


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT"])
@pytest.mark.parametrize("endpoint", NAVIGATED)
def test_pages_are_not_open_to_scripts(standing: Site, endpoint: str, method: str) -> None:
    answer = standing.browse().open(path(standing, endpoint), method=method, headers=ORIGIN)
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("endpoint", NAVIGATED)
def test_pages_of_a_foreign_host_are_not_open_either(standing: Site, endpoint: str) -> None:
    answer = standing.browse().get(path(standing, endpoint), headers=ORIGIN | {"Host": "evil.example"})
    assert answer.status_code == 400
    assert "Access-Control-Allow-Origin" not in answer.headers
