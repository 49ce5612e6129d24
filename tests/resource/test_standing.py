"""What a token stands on is looked at with every request, on either database, unless that is switched off (R18)."""

from collections.abc import Callable

import pytest

from app_client_authz.domain.pool import PoolSpec
from app_client_authz.resource.current import GUARD
from tests.resource.forgery import b64, segment
from tests.resource.host import EXPIRED, NOT_VALID, Host, make_host
from tests.support.back_channel import refresh, revoke
from tests.support.clock import MovableClock
from tests.support.cost import cost_on, sqlite_plan

pytestmark = pytest.mark.attack("R18")


@pytest.fixture
def host(database_url: str, clock: MovableClock) -> Host:
    return make_host(database_url, clock)


def in_another_process(host: Host) -> Host:
    """Caches of this process must not be what makes a change count."""
    return host.again()


def revoked(host: Host, tokens: dict[str, str]) -> None:
    assert revoke(host.site, host.site.web, tokens["refresh_token"]).status_code == 200


def signed_out(host: Host, _: dict[str, str]) -> None:
    host.site.services.users.sign_out(host.site.pool.id, "kim")


def disabled(host: Host, _: dict[str, str]) -> None:
    host.site.services.users.disable(host.site.pool.id, "kim")


def deleted(host: Host, _: dict[str, str]) -> None:
    host.site.services.users.disable(host.site.pool.id, "kim")
    host.site.services.users.delete(host.site.pool.id, "kim")


def client_deleted(host: Host, _: dict[str, str]) -> None:
    host.site.services.app_clients.delete(host.site.pool.id, host.site.web.client_id)


def restored(host: Host, _: dict[str, str]) -> None:
    host.site.services.pools.forget_sessions(host.site.pool.id)


ENDS = [revoked, signed_out, disabled, deleted, client_deleted, restored]


@pytest.mark.parametrize("end", ENDS)
def test_token_dies_at_once_on_every_process(
    host: Host, clock: MovableClock, end: Callable[[Host, dict[str, str]], None]
) -> None:
    tokens = host.site.tokens(host.site.web)
    other, unchecked = in_another_process(host), host.again(AUTHZ_GUARD_CHECKS_REVOCATION=False)
    for each in (host, other, unchecked):
        assert each.get("/token", tokens["access_token"]).status_code == 200
        assert each.get("/id", tokens["id_token"]).status_code == 200
    clock.advance(1)

    end(host, tokens)

    for each in (host, other):
        for path, kind in (("/token", "access_token"), ("/id", "id_token")):
            answer = each.get(path, tokens[kind])
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, NOT_VALID), path
    assert unchecked.get("/token", tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("end", [signed_out, disabled, restored])
def test_token_without_a_session_dies_with_what_it_stands_on(
    host: Host, clock: MovableClock, end: Callable[[Host, dict[str, str]], None]
) -> None:
    text = host.implicit_token()
    clock.advance(1)
    end(host, {})

    assert host.get("/token", text).status_code == 401


def test_refreshed_token_dies_with_the_session(host: Host) -> None:
    tokens = host.site.tokens(host.site.web)
    newer = refresh(host.site, host.site.web, tokens["refresh_token"]).json["access_token"]
    assert host.get("/token", newer).status_code == 200

    revoked(host, tokens)

    assert host.get("/token", newer).status_code == 401


def test_token_of_a_machine_dies_with_its_client_and_with_a_restore(host: Host, clock: MovableClock) -> None:
    text = host.machine_token()
    clock.advance(1)
    host.site.services.pools.forget_sessions(host.site.pool.id)
    assert host.get("/token", text).status_code == 401

    text = host.machine_token()
    assert host.get("/token", text).status_code == 200
    host.site.services.app_clients.delete(host.site.pool.id, host.site.machine.client_id)
    assert host.get("/token", text).status_code == 401


def test_other_users_and_sessions_are_left_alone(host: Host, clock: MovableClock) -> None:
    first, second = host.site.tokens(host.site.web), host.site.tokens(host.site.web)
    clock.advance(1)
    revoked(host, first)

    assert host.get("/token", second["access_token"]).status_code == 200
    assert host.get("/token", host.machine_token()).status_code == 200


def test_disabled_user_who_is_enabled_again_signs_in_anew(host: Host, clock: MovableClock) -> None:
    tokens = host.site.tokens(host.site.web)
    disabled(host, tokens)
    host.site.services.users.enable(host.site.pool.id, "kim")
    clock.advance(1)

    assert host.get("/token", host.user_token()).status_code == 200


def test_check_costs_one_statement_and_none_when_it_is_switched_off(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("keys", "own_tokens"):
        # What is looked up every two seconds is no part of it, however slow the machine.
        monkeypatch.setattr(f"app_client_authz.services.{module}.RING_SECONDS", 3600.0)
    text = host.user_token()
    pinned, unchecked = (
        host.again(AUTHZ_GUARD_POOLS=[host.site.pool.id], AUTHZ_GUARD_CHECKS_REVOCATION=checks)
        for checks in (True, False)
    )
    for each, statements in ((host, 1), (pinned, 1), (unchecked, 0)):
        each.get("/token", text)
        with cost_on(each.site.services.engine) as cost:
            assert each.get("/token", text).status_code == 200
        assert cost.figures == (statements, 0, 0), str(cost)


def test_pool_that_is_made_up_costs_no_statement(host: Host) -> None:
    text = host.user_token()
    pinned = host.again(AUTHZ_GUARD_POOLS=[host.site.pool.id])
    pinned.get("/token", text)
    with cost_on(pinned.site.services.engine) as cost:
        for number in range(5):
            claims = segment(text, 1) | {"iss": host.site.issuer[:-1] + str(number)}
            forged = f"{text.split('.')[0]}.{b64(claims)}.{text.split('.')[2]}"
            assert pinned.get("/token", forged).status_code == 401
    assert cost.statements == []


def test_token_that_was_let_in_before_still_expires(host: Host, clock: MovableClock) -> None:
    text = host.user_token()
    assert [host.get("/token", text).status_code for _ in range(2)] == [200, 200]
    clock.advance(3599)
    assert host.get("/token", text).status_code == 200
    clock.advance(1)

    assert host.get("/token", text).headers["WWW-Authenticate"] == EXPIRED


@pytest.mark.attack("R18")
def test_token_that_was_let_in_before_dies_with_its_key(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app_client_authz.services.keys.RING_SECONDS", 0.0)
    keys, pool_id, text = host.site.services.keys, host.site.pool.id, host.user_token()
    unchecked = host.again(AUTHZ_GUARD_CHECKS_REVOCATION=False)
    old = [key.kid for key in keys.of_pool(pool_id)]
    keys.rotate(pool_id, at_once=True)
    assert [each.get("/token", text).status_code for each in (host, unchecked)] == [200, 200]
    for kid in old:
        keys.withdraw(pool_id, kid)

    assert [each.get("/token", text).status_code for each in (host, unchecked)] == [401, 401]
    assert host.get("/token", host.user_token()).status_code == 200


@pytest.mark.attack("R23")
def test_token_that_was_let_in_before_is_refused_once_a_second_pool_is_there(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app_client_authz.services.own_tokens.RING_SECONDS", 0.0)
    text = host.user_token()
    assert host.get("/token", text).status_code == 200
    host.site.services.pools.create(PoolSpec(name="second"))

    assert host.get("/token", text).status_code == 401


def test_access_token_that_was_let_in_before_is_no_id_token_either(host: Host) -> None:
    text = host.user_token()
    assert [host.get(path, text).status_code for path in ("/token", "/id", "/token", "/id")] == [200, 401, 200, 401]


def test_process_keeps_a_bounded_number_of_tokens(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app_client_authz.services.guard.KNOWN_TOKENS", 2)
    texts = [host.machine_token() for _ in range(4)]
    for _ in range(2):
        assert [host.get("/token", text).status_code for text in texts] == [200] * 4

    assert len(host.app.extensions[GUARD].guard._known) == 2
    assert not any(text in repr(host.app.extensions[GUARD].guard._known) for text in texts)


def test_check_is_made_by_keys_alone(sqlite_url_migrated: str, clock: MovableClock) -> None:
    host = make_host(sqlite_url_migrated, clock)
    text = host.user_token()
    host.get("/token", text)
    with cost_on(host.site.services.engine) as cost:
        host.get("/token", text)

    plan = sqlite_plan(host.site.services.engine, cost)
    assert plan
    assert not [step for step in plan if step.startswith("SCAN")]
