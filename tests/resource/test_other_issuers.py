"""The same views, opened by tokens of a pool of Amazon Cognito or of another server: by configuration alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response

from app_client_authz import AppClientAuthz, ConfigurationError, TokenGuard
from tests.resource.cognito import CLIENT_ID, ISSUER, POOL_ID, SUB, Cognito
from tests.resource.host import NOT_VALID, Host, add_views
from tests.support.clock import START, MovableClock
from tests.support.live import LiveServer

Serve = Callable[..., LiveServer]


@pytest.fixture(scope="module")
def cognito() -> Cognito:
    return Cognito(now=START)


@pytest.fixture
def keys(cognito: Cognito, tmp_path: Path) -> Path:
    """Its keys in a file, for a service that has no way out."""
    path = tmp_path / "jwks.json"
    path.write_bytes(cognito.jwks)
    return path


def service(clock: MovableClock, **settings: Any) -> Flask:
    """A service without pools of its own."""
    app = Flask("service")
    app.testing = True
    app.config.update(settings)
    TokenGuard(app, clock=clock)
    add_views(app)
    return app


def get(app: Flask, path: str, text: str) -> tuple[int, str | None]:
    answer = app.test_client().get(path, headers={"Authorization": f"Bearer {text}"})
    return answer.status_code, answer.headers.get("WWW-Authenticate")


def status(app: Flask, path: str, text: str) -> int:
    return get(app, path, text)[0]


def test_tokens_of_a_cognito_pool_open_the_views_of_a_service(
    cognito: Cognito, keys: Path, clock: MovableClock
) -> None:
    app = service(clock, AUTHZ_GUARD_POOLS={ISSUER: {"client_ids": [CLIENT_ID], "jwks": keys}})
    answer = app.test_client().get("/read/7", headers={"Authorization": f"Bearer {cognito.access_token()}"})

    assert answer.json == {
        "sub": SUB,
        "username": "my-test-user",
        "client_id": CLIENT_ID,
        "pool_id": POOL_ID,
        "scopes": ["openid", "orders/read"],
        "groups": ["staff"],
        "use": "access",
        "machine": False,
        "jti": "aaaaaaaa-bbbb-cccc-dddd-example",
        "order": 7,
    }
    assert status(app, "/staff", cognito.access_token()) == 200
    assert status(app, "/both", cognito.access_token()) == 403
    assert status(app, "/id", cognito.id_token()) == 200
    assert status(app, "/staff-id", cognito.id_token()) == 200
    user = app.test_client().get("/user", headers={"Authorization": f"Bearer {cognito.access_token()}"})
    assert user.json == {"user": None}


@pytest.mark.attack("R9")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": ISSUER + "9"},
        {"iss": "https://mallory.example/" + POOL_ID},
        {"client_id": "2another"},
        {"client_id": None},
        {"token_use": "id"},
        {"exp": int(START)},
        {"iat": int(START) + 3600},
        {"sub": None},
        {"scope": ["orders/read"]},
    ],
    ids=str,
)
def test_token_that_is_not_quite_the_pools_opens_nothing(
    cognito: Cognito, keys: Path, clock: MovableClock, changes: dict[str, Any]
) -> None:
    app = service(clock, AUTHZ_GUARD_POOLS={ISSUER: {"client_ids": [CLIENT_ID], "jwks": keys}})

    assert status(app, "/read/7", cognito.access_token(**changes)) == 401


def test_id_token_of_another_client_opens_nothing(cognito: Cognito, keys: Path, clock: MovableClock) -> None:
    app = service(clock, AUTHZ_GUARD_POOLS={ISSUER: {"client_ids": [CLIENT_ID], "jwks": keys}})

    assert get(app, "/id", cognito.id_token(aud="2another")) == (401, NOT_VALID)
    assert get(app, "/token", cognito.id_token()) == (401, NOT_VALID)


@pytest.mark.attack("R23")
def test_two_issuers_do_not_vouch_for_each_other(cognito: Cognito, tmp_path: Path, clock: MovableClock) -> None:
    second = Cognito(issuer=ISSUER + "2", now=START)
    places = {}
    for each in (cognito, second):
        path = tmp_path / each.issuer.rpartition("_")[2]
        path.write_bytes(each.jwks)
        places[each.issuer] = {"client_ids": None, "jwks": path}
    app = service(clock, AUTHZ_GUARD_POOLS=places)

    assert [status(app, "/token", each.access_token()) for each in (cognito, second)] == [200, 200]
    assert status(app, "/token", second.access_token(iss=ISSUER)) == 401
    assert status(app, "/token", cognito.access_token(iss=second.issuer)) == 401


def test_service_moves_from_our_pool_to_cognito_without_touching_its_views(
    host: Host, cognito: Cognito, keys: Path
) -> None:
    site = host.site
    before = host.again(AUTHZ_GUARD_POOLS=[site.pool.id])
    meanwhile = host.again(AUTHZ_GUARD_POOLS={site.pool.id: {}, ISSUER: {"client_ids": [CLIENT_ID], "jwks": str(keys)}})
    after = host.again(AUTHZ_GUARD_POOLS={ISSUER: {"client_ids": [CLIENT_ID], "jwks": str(keys)}})
    ours, theirs = host.user_token("orders/read openid"), cognito.access_token()

    assert [status(each.app, "/read/7", ours) for each in (before, meanwhile, after)] == [200, 200, 401]
    assert [status(each.app, "/read/7", theirs) for each in (before, meanwhile, after)] == [401, 200, 200]


def test_another_service_takes_our_tokens_by_the_keys_that_we_publish(
    host: Host, clock: MovableClock, live_server: Serve
) -> None:
    server = live_server(host.app, host="localhost")
    issuer = f"{server.url}/auth/{host.site.pool.id}"
    app = service(clock, AUTHZ_GUARD_POOLS={issuer: {"client_ids": None}})
    machine = host.site.machine
    answer = host.app.test_client().post(
        "/auth/oauth2/token", base_url=server.url, data={"grant_type": "client_credentials", **machine.credentials}
    )

    assert status(app, "/read/7", answer.json["access_token"]) == 200
    assert status(app, "/read/7", host.machine_token()) == 401


def test_new_keys_of_the_issuer_are_found_when_a_token_names_them(
    clock: MovableClock, live_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app_client_authz.services.remote_keys.PAUSE_SECONDS", 0.0)
    publisher, asked = Flask("publisher"), []
    cognito = Cognito(now=START)

    @publisher.get("/jwks.json")
    def jwks() -> Response:
        asked.append(1)
        return Response(cognito.jwks, content_type="application/json")

    url = live_server(publisher).url + "/jwks.json"
    app = service(clock, AUTHZ_GUARD_POOLS={ISSUER: {"client_ids": None, "jwks": url}})
    first = cognito.access_token()
    assert [status(app, "/token", first) for _ in range(3)] == [200, 200, 200]
    assert len(asked) == 1
    cognito.rotate()

    assert status(app, "/token", cognito.access_token()) == 200
    assert len(asked) == 2
    assert status(app, "/token", first) == 401


def test_issuer_that_does_not_answer_is_a_503(clock: MovableClock, cognito: Cognito) -> None:
    dead = {"client_ids": None, "jwks": "http://127.0.0.1:9/jwks.json"}
    app = service(clock, AUTHZ_GUARD_POOLS={ISSUER: dead})
    answer = app.test_client().get("/token", headers={"Authorization": f"Bearer {cognito.access_token()}"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert get(app, "/token", "a.b.c") == (401, NOT_VALID)


def test_service_needs_no_secret_key_and_no_database(keys: Path, clock: MovableClock) -> None:
    app = service(clock, AUTHZ_GUARD_POOLS={ISSUER: {"client_ids": None, "jwks": keys}})

    assert "SECRET_KEY" not in app.config or app.config["SECRET_KEY"] is None
    assert "sqlalchemy" not in app.extensions
    assert not app.cli.commands


@pytest.mark.parametrize(
    "settings, message",
    [
        ({}, "accepted are issuers"),
        ({"AUTHZ_GUARD_POOLS": [POOL_ID]}, "accepted are issuers"),
        ({"AUTHZ_GUARD_POOLS": {ISSUER: {"client_ids": None, "jwks": "missing.json"}}}, "no keys in 'missing.json'"),
        ({"AUTHZ_GUARD_POOLS": {ISSUER: {"client_ids": None, "jwks": __file__}}}, "it is no JSON"),
        ({"AUTHZ_GUARD_POOL": {}}, "the nearest is AUTHZ_GUARD_POOLS"),
    ],
)
def test_service_whose_guard_could_let_in_nobody_does_not_start(settings: dict[str, Any], message: str) -> None:
    app = Flask("service")
    app.config.update(settings)
    with pytest.raises(ConfigurationError, match=message):
        TokenGuard(app)
    assert app.extensions == {}


def test_app_has_one_guard(keys: Path, clock: MovableClock) -> None:
    app = service(clock, AUTHZ_GUARD_POOLS={ISSUER: {"client_ids": None, "jwks": keys}})
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI="sqlite://")

    with pytest.raises(ConfigurationError, match="guarded already"):
        TokenGuard(app)
    with pytest.raises(ConfigurationError, match="guarded already"):
        AppClientAuthz(app)
