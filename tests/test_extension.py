"""The extension in a Flask app: what it makes, what it leaves alone, what it refuses."""

import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app_client_authz import AppClientAuthz, ConfigurationError, current_authz
from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.services.registry import Services
from app_client_authz.storage import migrate
from tests.services.world import World
from tests.support.clock import MovableClock

SECRET = "a secret key of the tests, of 32 characters and more"
OTHER = "another key of the tests, of 32 characters and more"
CHEAP = {"AUTHZ_PASSWORD_HASH_MEMORY_KIB": 8, "AUTHZ_PASSWORD_HASH_TIME_COST": 1}
IMPORT_CPU_SECONDS = 1.0


def flask_app(tmp_path: Path, **config: object) -> Flask:
    app = Flask("host", instance_path=str(tmp_path / "instance"))
    app.config.update({"SECRET_KEY": SECRET, "TESTING": True, **CHEAP, **config})
    return app


def get(app: Flask, path: str, **options: object) -> tuple[int, str]:
    answer = app.test_client().get(path, base_url="http://localhost", **options)  # type: ignore[arg-type]
    return answer.status_code, answer.get_data(as_text=True)


def jwks(services: Services) -> str:
    pool = services.pools.create(PoolSpec(name="customers"))
    return f"/{pool.id}/.well-known/jwks.json"


# --- starting -------------------------------------------------------------------------------------


def test_embedded_database_is_made_and_migrated_by_itself(tmp_path: Path) -> None:
    app = flask_app(tmp_path)
    AppClientAuthz(app)
    services = AppClientAuthz.services(app)

    assert (tmp_path / "instance" / "authz.db").is_file()
    assert migrate.is_current(services.engine)
    assert get(app, "/auth" + jwks(services))[0] == 200


def test_second_start_finds_what_the_first_one_left(tmp_path: Path) -> None:
    first, second = flask_app(tmp_path), flask_app(tmp_path)
    AppClientAuthz(first)
    pool = AppClientAuthz.services(first).pools.create(PoolSpec(name="customers"))
    AppClientAuthz(second)

    assert AppClientAuthz.services(second).pools.all() == [pool]


def test_database_in_memory_needs_no_migration(tmp_path: Path) -> None:
    app = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI="sqlite://")
    AppClientAuthz(app)

    assert get(app, "/auth" + jwks(AppClientAuthz.services(app)))[0] == 200
    assert not (tmp_path / "instance" / "authz.db").exists()


def test_init_app_takes_the_object_of_the_host_and_a_clock(tmp_path: Path, sqlite_url_migrated: str) -> None:
    app, db, clock = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI=sqlite_url_migrated), SQLAlchemy(), MovableClock()
    db.init_app(app)
    authz = AppClientAuthz(clock=clock)
    authz.init_app(app, db)
    services = authz.services(app)

    with app.app_context():
        assert services.engine is db.engine
        assert current_authz.engine is db.engine
    assert services.pools.create(PoolSpec(name="customers")).created_at == clock()


def test_proxy_without_the_extension_says_what_to_do(tmp_path: Path) -> None:
    with flask_app(tmp_path).app_context(), pytest.raises(RuntimeError, match="AppClientAuthz"):
        _ = current_authz.engine


def test_two_apps_in_one_process_share_nothing(tmp_path: Path) -> None:
    authz = AppClientAuthz()
    apps = [
        flask_app(tmp_path / "one", AUTHZ_PUBLIC_URL="https://one.example/auth"),
        flask_app(tmp_path / "two", AUTHZ_PUBLIC_URL="https://two.example/id", AUTHZ_URL_PREFIX="/id"),
    ]
    for app in apps:
        authz.init_app(app)
    paths = [jwks(authz.services(app)) for app in apps]
    answers = {
        (number, prefix + path): get(app, prefix + path)[0]
        for number, app in enumerate(apps)
        for prefix, path in zip(("/auth", "/id"), paths, strict=True)
    }

    assert list(answers.values()) == [200, 404, 404, 200]
    for app, path, url in zip(apps, paths, ("https://one.example/auth", "https://two.example/id"), strict=True):
        prefix = app.config.get("AUTHZ_URL_PREFIX", "/auth")
        status, text = get(app, prefix + path.replace("jwks.json", "openid-configuration"))
        assert status == 200
        assert f'"{url}/' in text.replace("\\/", "/")


def test_a_trigger_is_asked_in_every_app_of_its_object_or_in_one(tmp_path: Path) -> None:
    asked: list[str] = []
    authz, other = AppClientAuthz(), AppClientAuthz()

    @authz.trigger("PreSignUp")
    def in_all(event: dict[str, Any]) -> dict[str, Any]:
        asked.append("all")
        return event

    apps = {name: flask_app(tmp_path / name, SQLALCHEMY_DATABASE_URI="sqlite://") for name in ("one", "two", "three")}
    authz.init_app(apps["one"])
    authz.init_app(apps["two"])
    other.init_app(apps["three"])

    @authz.trigger("PreSignUp", app=apps["two"])
    def in_two(event: dict[str, Any], context: object) -> dict[str, Any]:
        asked.append("of two")
        return event

    for name, app in apps.items():
        asked.append(name)
        cognito = authz.client("cognito-idp", app=app)
        pool = cognito.create_user_pool(PoolName="shop")["UserPool"]["Id"]
        cognito.admin_create_user(UserPoolId=pool, Username="kim")

    assert asked == [*("one", "all"), *("two", "all", "of two"), "three"]
    assert in_two({}, None) == {}


def test_an_unknown_trigger_is_refused_when_it_is_registered() -> None:
    with pytest.raises(ConfigurationError, match="There is no trigger 'PreSignin'"):
        AppClientAuthz().trigger("PreSignin")(lambda event: event)


def test_a_trigger_of_an_app_without_the_extension_is_refused() -> None:
    with pytest.raises(RuntimeError, match="carries no AppClientAuthz"):
        AppClientAuthz().trigger("PreSignUp", app=Flask("bare"))


def test_scoped_session_of_the_host_is_neither_committed_nor_rolled_back(
    tmp_path: Path, sqlite_url_migrated: str
) -> None:
    host_url = f"sqlite:///{tmp_path / 'host.sqlite'}"
    binds = {"authz": sqlite_url_migrated}
    app = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI=host_url, SQLALCHEMY_BINDS=binds, AUTHZ_BIND_KEY="authz")
    db = SQLAlchemy(app)
    AppClientAuthz(app)
    with app.app_context():
        db.session.execute(sa.text("CREATE TABLE orders (id INTEGER)"))
        db.session.commit()
        db.session.execute(sa.text("INSERT INTO orders VALUES (1)"))
        current_authz.pools.create(PoolSpec(name="customers"))

        with db.engine.connect() as outside:
            assert outside.scalar(sa.text("SELECT count(*) FROM orders")) == 0
        assert db.session.scalar(sa.text("SELECT count(*) FROM orders")) == 1
        db.session.rollback()
        assert len(current_authz.pools.all()) == 1
        assert "authz_pools" not in sa.inspect(db.engine).get_table_names()


def test_bind_key_that_the_app_does_not_have_is_refused(tmp_path: Path) -> None:
    app = flask_app(tmp_path, AUTHZ_BIND_KEY="missing", SQLALCHEMY_DATABASE_URI="sqlite://")
    with pytest.raises(ConfigurationError, match="AUTHZ_BIND_KEY='missing'"):
        AppClientAuthz(app)


# --- a database that is not ready -----------------------------------------------------------------


def test_unmigrated_database_is_told_once_and_answers_503(
    tmp_path: Path, unmigrated_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI=unmigrated_url)
    with caplog.at_level(logging.ERROR):
        AppClientAuthz(app)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]

    assert len(told) == 1
    assert "flask authz upgrade" in told[0]
    assert sa.inspect(AppClientAuthz.services(app).engine).get_table_names() == []
    for path in ("/us-east-1_AbCdEf123/.well-known/jwks.json", "/oauth2/authorize?client_id=x&redirect_uri=y"):
        assert get(app, "/auth" + path)[0] == 503, path


def test_migrating_later_makes_a_running_app_answer(tmp_path: Path, unmigrated_url: str) -> None:
    app = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI=unmigrated_url)
    AppClientAuthz(app)
    services = AppClientAuthz.services(app)
    migrate.upgrade(services.engine)

    assert get(app, "/auth" + jwks(services))[0] == 200


def client_with_a_secret(services: Services, pool_id: str) -> str:
    spec = ClientSpec(client_name="web", generate_secret=True)
    return services.app_clients.create(pool_id, spec).client.client_id


@pytest.mark.attack("R11")
def test_process_that_began_before_the_database_with_another_key_never_seals_anything(
    tmp_path: Path, unmigrated_url: str
) -> None:
    """Two keys in one database: whoever lacks one of them cannot read what the other sealed."""
    wrong = flask_app(tmp_path, SECRET_KEY=OTHER, SQLALCHEMY_DATABASE_URI=unmigrated_url)
    right = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI=unmigrated_url)
    for app in (wrong, right):
        AppClientAuthz(app)
    refused, working = AppClientAuthz.services(wrong), AppClientAuthz.services(right)
    migrate.upgrade(refused.engine)
    pool = working.pools.create(PoolSpec(name="customers"))
    client_id = client_with_a_secret(working, pool.id)

    for _ in range(2):
        for work in (
            refused.pools.all,
            lambda: refused.pools.create(PoolSpec(name="another")),
            lambda: client_with_a_secret(refused, pool.id),
            lambda: refused.keys.rotate(pool.id, at_once=True),
            refused.upkeep.prune,
            refused.upkeep.reseal,
        ):
            with pytest.raises(ConfigurationError, match="do not open this database") as told:
                work()
            assert SECRET not in str(told.value)
            assert OTHER not in str(told.value)
    assert working.pools.all() == [pool]
    assert working.app_clients.describe(pool.id, client_id).secret
    assert get(right, f"/auth/{pool.id}/.well-known/jwks.json")[0] == 200


@pytest.mark.attack("R11")
def test_process_that_began_before_the_database_with_another_key_answers_503(
    tmp_path: Path, unmigrated_url: str
) -> None:
    wrong = flask_app(tmp_path, SECRET_KEY=OTHER, SQLALCHEMY_DATABASE_URI=unmigrated_url)
    AppClientAuthz(wrong)
    migrate.upgrade(AppClientAuthz.services(wrong).engine)
    right = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI=unmigrated_url)
    AppClientAuthz(right)
    services = AppClientAuthz.services(right)
    pool = services.pools.create(PoolSpec(name="customers"))
    client_id = client_with_a_secret(services, pool.id)
    credentials = {"client_id": client_id, "client_secret": "x"}
    asked = f"client_id={client_id}&response_type=code&redirect_uri=https%3A%2F%2Fapp.example"

    http = wrong.test_client()
    for answer in (
        http.get(f"/auth/{pool.id}/.well-known/jwks.json"),
        http.get(f"/auth/{pool.id}/.well-known/openid-configuration"),
        http.get(f"/auth/oauth2/authorize?{asked}"),
        http.post("/auth/oauth2/token", data={"grant_type": "client_credentials", **credentials}),
        http.post("/auth/oauth2/revoke", data={"token": "x", **credentials}),
        http.get(f"/auth/login?{asked}"),
    ):
        assert answer.status_code == 503, answer.text
        assert "Retry-After" in answer.headers
        for hidden in (SECRET, OTHER, "AUTHZ_SEALING_KEYS"):
            assert hidden not in answer.text
    assert get(right, f"/auth/{pool.id}/.well-known/openid-configuration")[0] == 200


@pytest.mark.parametrize("keys", [{}, {"SECRET_KEY": OTHER, "SECRET_KEY_FALLBACKS": [SECRET]}])
def test_process_that_began_before_the_database_with_its_key_goes_on_working(
    tmp_path: Path, unmigrated_url: str, keys: dict[str, object]
) -> None:
    early = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI=unmigrated_url, **keys)
    AppClientAuthz(early)
    assert get(early, "/auth/us-east-1_AbCdEf123/.well-known/jwks.json")[0] == 503
    migrate.upgrade(AppClientAuthz.services(early).engine)
    late = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI=unmigrated_url)
    AppClientAuthz(late)
    services = AppClientAuthz.services(late)
    pool = services.pools.create(PoolSpec(name="customers"))
    client_id = client_with_a_secret(services, pool.id)

    assert get(early, f"/auth/{pool.id}/.well-known/jwks.json")[0] == 200
    assert AppClientAuthz.services(early).app_clients.describe(pool.id, client_id).secret


def test_database_that_is_not_there_is_told_without_its_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = "postgresql+psycopg://user:hunter2@127.0.0.1:1/none"
    app = flask_app(tmp_path, SQLALCHEMY_DATABASE_URI=url)
    with caplog.at_level(logging.ERROR):
        AppClientAuthz(app)

    assert "does not answer" in caplog.text
    assert "hunter2" not in caplog.text
    assert get(app, "/auth/us-east-1_AbCdEf123/.well-known/jwks.json")[0] == 503


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config, message",
    [
        ({"AUTHZ_PUBLIC_ULR": "https://x.example"}, "AUTHZ_PUBLIC_ULR is no setting; the nearest is AUTHZ_PUBLIC_URL"),
        ({"AUTHZ_PUBLIC_URL": "http://x.example"}, "AUTHZ_PUBLIC_URL='http://x.example': accepted is"),
        ({"AUTHZ_DIALECT": "okta"}, "AUTHZ_DIALECT='okta': accepted is 'cognito' or 'oidc'"),
        ({"AUTHZ_CODE_LIFETIME_SECONDS": 301}, "AUTHZ_CODE_LIFETIME_SECONDS=301"),
        ({"SECRET_KEY": None}, "no key to seal with"),
    ],
)
def test_wrong_setting_stops_the_start_and_changes_nothing(
    tmp_path: Path, config: dict[str, object], message: str
) -> None:
    app = flask_app(tmp_path, **config)
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        AppClientAuthz(app)

    assert (app.extensions, app.blueprints) == ({}, {})
    assert not (tmp_path / "instance").exists()


def test_second_init_of_the_same_app_is_refused(tmp_path: Path) -> None:
    app = flask_app(tmp_path)
    authz = AppClientAuthz(app)

    with pytest.raises(ConfigurationError, match="already"):
        authz.init_app(app)


def test_wrong_sealing_key_stops_the_start_without_being_shown(tmp_path: Path) -> None:
    AppClientAuthz(flask_app(tmp_path))
    wrong = flask_app(tmp_path, SECRET_KEY=OTHER)

    with pytest.raises(ConfigurationError, match="do not open this database") as refused:
        AppClientAuthz(wrong)
    assert SECRET not in str(refused.value)
    assert OTHER not in str(refused.value)
    assert wrong.blueprints == {}


def test_rotated_secret_key_still_opens_with_its_fallback(tmp_path: Path) -> None:
    AppClientAuthz(flask_app(tmp_path))
    rotated = flask_app(tmp_path, SECRET_KEY=OTHER, SECRET_KEY_FALLBACKS=[SECRET])
    AppClientAuthz(rotated)

    assert AppClientAuthz.services(rotated).upkeep.reseal() == 0


# --- what is seen from outside --------------------------------------------------------------------


@pytest.mark.attack("R11")
def test_no_secret_in_the_representation_of_the_services(tmp_path: Path) -> None:
    app = flask_app(
        tmp_path,
        AUTHZ_SEALING_KEYS=[OTHER],
        AUTHZ_ACCESS_KEYS={"AKIDEXAMPLE": "the-secret-access-key"},
    )
    AppClientAuthz(app)
    services = AppClientAuthz.services(app)
    world = World(services, services.clock, services.pools.create(PoolSpec(name="customers")))
    client = world.client()
    secret = services.app_clients.describe(world.pool.id, client.client.client_id).secret
    shown = repr(services) + repr(services.settings) + repr(client) + "".join(map(repr, vars_of(services)))

    for hidden in (SECRET, OTHER, "the-secret-access-key", str(secret)):
        assert hidden not in shown


def vars_of(services: Services) -> list[object]:
    return [getattr(services, name) for name in services.__dataclass_fields__ if name != "csrf_keys"]


@pytest.mark.parametrize(
    "faces, blueprints", [(["oauth"], 1), (["hosted_ui"], 1), ([], 0), (["oauth", "hosted_ui"], 2)]
)
def test_only_the_faces_asked_for_are_mounted(tmp_path: Path, faces: list[str], blueprints: int) -> None:
    app = flask_app(tmp_path, AUTHZ_FACES=faces)
    AppClientAuthz(app)

    assert len(app.blueprints) == blueprints


@pytest.mark.parametrize("prefix", ["/auth", ""])
@pytest.mark.attack("R1")
def test_two_slashes_are_another_path_and_the_hosts_own_paths_stay_as_they_were(tmp_path: Path, prefix: str) -> None:
    app = flask_app(tmp_path, AUTHZ_PUBLIC_URL=f"https://login.example{prefix}", AUTHZ_URL_PREFIX=prefix)
    AppClientAuthz(app)
    app.add_url_rule("/shop/cart", "cart", lambda: "", methods=["POST"])
    ours = [str(rule) for rule in app.url_map.iter_rules() if rule.endpoint.startswith("authz_") and str(rule) != "/"]
    # Werkzeug takes any number of slashes at the beginning for one, without a redirect.
    doubled = [f"/{path[1:].replace('/', '//')}" for path in ours if "/" in path[1:]]

    def post(path: str) -> tuple[int, str | None]:
        # As behind a proxy that ends TLS: whatever is made of this request leads to http, and to where Host says.
        asked = {"PATH_INFO": path, "HTTP_HOST": "evil.example"}
        answer = app.test_client().post("/", environ_overrides=asked)
        return answer.status_code, answer.headers.get("Location")

    for path in doubled + [f"{path}//" for path in ours]:
        assert post(path) in {(404, None), (405, None)}, path
    assert post("/shop//cart") == (308, "http://evil.example/shop/cart")


def test_commands_are_there(tmp_path: Path) -> None:
    app = flask_app(tmp_path)
    AppClientAuthz(app)
    answer = app.test_cli_runner().invoke(args=["authz", "--help"])

    assert answer.exit_code == 0
    for command in ("upgrade", "pool", "client", "user", "keys", "prune", "check", "doctor"):
        assert re.search(rf"^  {command}\b", answer.output, re.MULTILINE), command


def test_import_costs_a_host_little() -> None:
    """CPU time beyond what Flask, SQLAlchemy and Authlib cost a host that has them anyway."""
    program = (
        "import resource, sys\n"
        "import flask, sqlalchemy, authlib.oauth2\n"
        "def cpu():\n"
        "    used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "    return used.ru_utime + used.ru_stime\n"
        "before = cpu()\n"
        "import app_client_authz\n"
        "lazy = {'argon2', 'alembic', 'psycopg', 'segno', 'sqlalchemy.dialects.postgresql'}\n"
        "print(cpu() - before, *sorted(lazy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    seconds, *eager = run.stdout.split()

    assert eager == []
    assert float(seconds) < IMPORT_CPU_SECONDS
    sys.stdout.write(f"import app_client_authz: {float(seconds):.2f} s of CPU\n")
