"""SSO sessions: a cookie that is worth exactly what its user and its pool are worth now."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import LoginRequired, NotAuthorized
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.sso import LIFETIME_SECONDS
from app_client_authz.domain.user import User
from app_client_authz.storage.sso_sessions import SignedIn
from tests.services.world import CALLBACK, World, rows, world_over
from tests.support.clock import MovableClock


def who(world: World, cookie: str | None) -> SignedIn | None:
    pool = world.services.pools.describe(world.pool.id)
    return world.services.sessions.find(pool, cookie)


def resume(world: World, client: Registration, cookie: str | None, **parameters: str) -> SignedIn | None:
    request = world.services.authorization.judge(
        {"client_id": client.client.client_id, "redirect_uri": CALLBACK, "response_type": "code", **parameters}
    )
    return world.services.authorization.resume(request, cookie)


@pytest.fixture
def cookie(world: World, kim: User) -> str:
    return world.services.sessions.begin(kim, replacing=None)[0]


def test_cookie_tells_who_signed_in_and_when(world: World, kim: User, cookie: str, clock: MovableClock) -> None:
    began = clock()
    clock.advance(100)
    found = who(world, cookie)

    assert found is not None
    assert found.user == kim
    assert (found.session.auth_time, found.session.expires_at) == (began, began + LIFETIME_SECONDS)


def disabled_and_enabled(world: World, name: str) -> None:
    world.services.users.disable(world.pool.id, name)
    world.services.users.enable(world.pool.id, name)


@pytest.mark.attack("R18")
@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda world, name: world.services.users.disable(world.pool.id, name),
        disabled_and_enabled,
        lambda world, name: world.services.users.sign_out(world.pool.id, name),
        lambda world, name: world.services.users.delete(world.pool.id, name),
        lambda world, name: world.services.users.set_password(world.pool.id, name, "An0ther!word", permanent=True),
    ],
    ids=["disabled", "disabled and enabled", "signed out", "deleted", "given another password"],
)
def test_a_proof_from_before_a_change_of_the_user_gives_no_session(
    world: World, kim: User, clock: MovableClock, meanwhile: Callable[[World, str], None]
) -> None:
    clock.advance(1)
    meanwhile(world, kim.username)

    with pytest.raises(NotAuthorized, match="Incorrect username or password"):
        world.services.sessions.begin(kim, replacing=None)

    assert rows(world.services.engine, "authz_sso_sessions") == 0


@pytest.mark.attack("R12")
def test_every_sign_in_gets_a_new_cookie_and_ends_the_one_before(world: World, kim: User, cookie: str) -> None:
    fresh, _ = world.services.sessions.begin(kim, replacing=cookie)

    assert fresh != cookie
    assert len(fresh) >= 22
    assert who(world, cookie) is None
    assert who(world, fresh)


@pytest.mark.attack("R12")
def test_cookie_from_before_the_sign_in_becomes_no_session(world: World, kim: User) -> None:
    """Session fixation: what the attacker put into the browser is worth nothing afterwards (UI-3)."""
    planted = "planted-by-somebody-else-0123456789abcdefghi"
    fresh, _ = world.services.sessions.begin(kim, replacing=planted)

    assert fresh != planted
    assert who(world, planted) is None


@pytest.mark.attack("R12")
@pytest.mark.parametrize("forged", [None, "", "made up", "x" * 5000, "\ud800", "\x00", "null"])
def test_forged_cookie_means_not_signed_in(world: World, cookie: str, forged: str | None) -> None:
    assert who(world, forged) is None


def test_cut_or_prolonged_cookie_means_not_signed_in(world: World, cookie: str) -> None:
    for changed in (cookie[:-1], cookie + "x", cookie.swapcase()):
        assert who(world, changed) is None


@pytest.mark.attack("R23")
def test_cookie_of_another_pool_means_not_signed_in(world: World, cookie: str) -> None:
    other = world.services.pools.create(PoolSpec(name="other"))

    assert world.services.sessions.find(other, cookie) is None
    assert who(world, cookie)


def test_session_ends_after_its_hour(world: World, cookie: str, clock: MovableClock) -> None:
    clock.advance(LIFETIME_SECONDS - 0.1)
    assert who(world, cookie)
    clock.advance(0.1)
    assert who(world, cookie) is None
    assert world.services.sessions.renew(cookie) is False


def test_going_on_as_the_same_user_renews_the_hour_but_not_the_sign_in(
    world: World, cookie: str, clock: MovableClock
) -> None:
    began = clock()
    clock.advance(3000)
    assert world.services.sessions.renew(cookie)
    clock.advance(3000)
    found = who(world, cookie)

    assert found is not None
    assert found.session.auth_time == began


def test_silent_reuse_does_not_renew(world: World, client: Registration, cookie: str, clock: MovableClock) -> None:
    clock.advance(3000)
    assert resume(world, client, cookie)
    clock.advance(600)

    assert resume(world, client, cookie) is None


def test_signing_out_makes_a_copied_cookie_worthless(world: World, cookie: str) -> None:
    world.services.sessions.end(world.pool, cookie)
    world.services.sessions.end(world.pool, cookie)
    world.services.sessions.end(world.pool, None)

    assert who(world, cookie) is None


@pytest.mark.attack("R18")
@pytest.mark.parametrize("end", ["disable", "delete"])
def test_disabled_or_deleted_user_is_not_signed_in(world: World, cookie: str, end: str) -> None:
    getattr(world.services.users, end)(world.pool.id, "kim")

    assert who(world, cookie) is None


@pytest.mark.parametrize("permanent", [True, False])
def test_changed_password_ends_the_session(world: World, cookie: str, permanent: bool) -> None:
    world.services.users.set_password(world.pool.id, "kim", "Another-h0rse-battery", permanent=permanent)

    assert who(world, cookie) is None


@pytest.mark.parametrize("dialect, survives", [("cognito", True), ("oidc", False)])
def test_global_sign_out_ends_it_where_the_dialect_says_so(
    engine: sa.Engine, clock: MovableClock, dialect: str, survives: bool
) -> None:
    world = world_over(engine, clock, spec=PoolSpec(name="pool", dialect=dialect))
    cookie, _ = world.services.sessions.begin(world.user(), replacing=None)
    clock.advance(1)
    world.services.users.sign_out(world.pool.id, "kim")

    assert (who(world, cookie) is not None) is survives


def test_one_sign_in_serves_all_clients_of_the_pool(world: World, kim: User, cookie: str) -> None:
    for client in (world.client(), world.client(generate_secret=False)):
        found = resume(world, client, cookie)
        assert found is not None
        assert found.user == kim


@pytest.mark.parametrize("minutes, age, silent", [(0, 0, False), (5, 299, True), (5, 300, False), (None, 3599, True)])
def test_client_bounds_how_old_a_sign_in_it_takes_over(
    world: World, cookie: str, clock: MovableClock, minutes: int | None, age: int, silent: bool
) -> None:
    client = world.client(sso_max_validity_minutes=minutes)
    clock.advance(age)

    assert (resume(world, client, cookie) is not None) is silent


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "max_age, prompt=login and prompt=none")
def test_request_bounds_how_old_a_sign_in_may_be(
    world: World, client: Registration, cookie: str, clock: MovableClock
) -> None:
    clock.advance(61)

    assert resume(world, client, cookie, max_age="61")
    assert resume(world, client, cookie, max_age="60") is None
    assert resume(world, client, cookie, prompt="login") is None
    assert resume(world, client, cookie, prompt="none")
    for parameters in ({"prompt": "none", "max_age": "60"}, {"prompt": "none", "identity_provider": "Google"}):
        with pytest.raises(LoginRequired) as refused:
            resume(world, client, cookie, **parameters)
        assert refused.value.target.redirect_uri == CALLBACK


def test_client_without_the_local_directory_takes_no_local_session(world: World, cookie: str) -> None:
    client = world.client(supported_identity_providers=None)

    assert client.client.identity_providers == () or resume(world, client, cookie)
    if not client.client.identity_providers:
        assert resume(world, client, cookie) is None


@pytest.mark.attack("R11")
def test_database_holds_only_the_digest(world: World, cookie: str, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        stored = repr(connection.execute(sa.text("SELECT * FROM authz_sso_sessions")).all())

    assert rows(engine, "authz_sso_sessions") == 1
    assert cookie not in stored
