"""Rotation: each refresh token once, its direct predecessor a moment longer (endpoints.md 3.4; R6, R24, REF-3 to 7)."""

import threading
from typing import Any

import pytest
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.domain import token_session
from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.domain.token_session import Verdict
from app_client_authz.services import tokens as tokens_service
from app_client_authz.services.audit import security_event
from tests.support.back_channel import GIVE_UP, change, refresh, revoke, userinfo
from tests.support.clock import MovableClock
from tests.support.site import Registered, Site, claims, make_site

pytestmark = pytest.mark.attack("R6")

GRACE = 30


def rotating(site: Site, grace: int = 0, **spec: Any) -> Registered:
    return site.client(refresh_token_rotation=RefreshTokenRotation("ENABLED", grace), **spec)


def successor(site: Site, client: Registered, refresh_token: str) -> str:
    """The refresh token that follows."""
    answer = refresh(site, client, refresh_token)
    assert answer.status_code == 200, answer.text
    return str(answer.json["refresh_token"])


def is_refused(site: Site, client: Registered, refresh_token: str) -> bool:
    answer = refresh(site, client, refresh_token)
    if answer.status_code == 200:
        return False
    assert (answer.status_code, answer.data) == (400, b'{"error":"invalid_grant"}')
    return True


# --- without grace ------------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 9700", "4.14.2", "refresh token rotation")
@pytest.mark.parametrize("secret", [True, False], ids=["confidential", "public"])
def test_every_refresh_gives_a_new_refresh_token_of_the_same_session(
    site: Site, clock: MovableClock, secret: bool
) -> None:
    client = rotating(site, generate_secret=secret)
    tokens = site.tokens(client)
    seen = [tokens["refresh_token"]]
    for _ in range(3):
        clock.advance(1)
        answer = refresh(site, client, seen[-1]).json
        assert list(answer) == ["id_token", "access_token", "refresh_token", "expires_in", "token_type"]
        before, after = claims(tokens["access_token"]), claims(answer["access_token"])
        assert {name for name in before if before[name] != after[name]} == {"iat", "exp", "jti"}
        seen.append(answer["refresh_token"])
    assert len(set(seen)) == 4
    assert site.row_counts()["authz_token_sessions"] == 1


@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
def test_a_second_use_is_refused_and_ends_the_session(
    request: pytest.FixtureRequest, clock: MovableClock, dialect: str
) -> None:
    site: Site = request.getfixturevalue(dialect)
    client = rotating(site)
    other_session = site.tokens(client)
    tokens = site.tokens(client)
    clock.advance(1)
    newer = refresh(site, client, tokens["refresh_token"]).json
    clock.advance(1)
    assert is_refused(site, client, tokens["refresh_token"])
    assert is_refused(site, client, newer["refresh_token"])
    for dead in (tokens, newer):
        assert userinfo(site, dead["access_token"]).status_code == 401
    assert refresh(site, client, other_session["refresh_token"]).status_code == 200


def test_the_revocation_by_reuse_is_committed_although_the_request_fails(site: Site, clock: MovableClock) -> None:
    client = rotating(site)
    first = site.tokens(client)["refresh_token"]
    second = successor(site, client, first)
    clock.advance(1)
    assert is_refused(site, client, first)
    # Another process, which knows nothing but the database.
    site.services.engine.dispose()
    again = another_worker(site, clock)
    assert (
        again.test_client()
        .post(
            "/auth/oauth2/token",
            data={"grant_type": "refresh_token", "refresh_token": second} | client.credentials,
        )
        .json
        == GIVE_UP
    )


def another_worker(site: Site, clock: MovableClock) -> Flask:
    """One more worker on the same database."""
    app = Flask("worker")
    app.testing = True
    app.config.update(
        {key: value for key, value in site.app.config.items() if key.startswith(("AUTHZ_", "SECRET_KEY"))}
    )
    app.config["SQLALCHEMY_DATABASE_URI"] = str(site.services.engine.url)
    AppClientAuthz(app, clock=clock)
    return app


def test_reuse_is_told_as_a_security_event(site: Site, clock: MovableClock) -> None:
    client = rotating(site)
    first = site.tokens(client)["refresh_token"]
    successor(site, client, first)
    clock.advance(1)
    told: list[dict[str, Any]] = []

    def listen(_sender: object, **event: Any) -> None:
        told.append(event)

    with security_event.connected_to(listen):
        assert is_refused(site, client, first)
    assert told == [
        {
            "event": "refresh_token_reused",
            "pool_id": site.pool.id,
            "client_id": client.client_id,
            "sub": site.user.sub,
            "source": "127.0.0.1",
        }
    ]


def test_reuse_of_any_older_generation_ends_the_session(site: Site, clock: MovableClock) -> None:
    client = rotating(site, GRACE)
    generations = [site.tokens(client)["refresh_token"]]
    for _ in range(4):
        clock.advance(1)
        generations.append(successor(site, client, generations[-1]))
    assert is_refused(site, client, generations[1])
    assert is_refused(site, client, generations[-1])


def test_reuse_by_another_client_or_without_the_secret_ends_nothing(site: Site, clock: MovableClock) -> None:
    client = rotating(site, generate_secret=True)
    first = site.tokens(client)["refresh_token"]
    second = successor(site, client, first)
    clock.advance(1)
    assert is_refused(site, rotating(site, generate_secret=True), first)
    unproven = Registered(client.client, "x" * 40)
    assert refresh(site, unproven, first).json == {"error": "invalid_client"}
    assert refresh(site, client, second).status_code == 200


def test_an_answer_that_was_lost_after_the_commit_ends_the_session_but_never_forks_it(
    site: Site, clock: MovableClock
) -> None:
    client = rotating(site)
    first = site.tokens(client)["refresh_token"]
    refresh(site, client, first)  # the answer never arrives
    clock.advance(1)
    assert is_refused(site, client, first)
    assert site.row_counts()["authz_refresh_tokens"] == 2


# --- the grace period ---------------------------------------------------------------------------------


@pytest.mark.parametrize("age, works", [(0, True), (GRACE - 0.001, True), (GRACE, False), (GRACE + 1, False)])
def test_the_direct_predecessor_works_for_the_grace_period(
    site: Site, clock: MovableClock, age: float, works: bool
) -> None:
    client = rotating(site, GRACE)
    first = site.tokens(client)["refresh_token"]
    second = successor(site, client, first)
    clock.advance(age)
    answer = refresh(site, client, first)
    assert (answer.status_code == 200) == works
    if works:
        retried = answer.json["refresh_token"]
        assert retried not in {first, second}
        clock.advance(1)
        assert refresh(site, client, retried).status_code == 200
    else:
        assert is_refused(site, client, second)


def test_use_within_the_grace_period_does_not_prolong_it(site: Site, clock: MovableClock) -> None:
    client = rotating(site, GRACE)
    first = site.tokens(client)["refresh_token"]
    successor(site, client, first)
    for _ in range(2):
        clock.advance(GRACE / 2 - 1)
        assert refresh(site, client, first).status_code == 200
    clock.advance(2)
    assert is_refused(site, client, first)


def test_once_the_successor_was_used_its_predecessor_has_no_grace(site: Site, clock: MovableClock) -> None:
    client = rotating(site, GRACE)
    first = site.tokens(client)["refresh_token"]
    clock.advance(1)
    second = successor(site, client, first)
    clock.advance(1)
    third = successor(site, client, second)
    clock.advance(1)
    assert is_refused(site, client, first)
    assert is_refused(site, client, third)


def test_retries_within_the_grace_period_stay_in_one_session_that_ends_as_one(site: Site, clock: MovableClock) -> None:
    client = rotating(site, GRACE)
    tokens = site.tokens(client)
    first = tokens["refresh_token"]
    family = [refresh(site, client, first).json for _ in range(3)]
    assert {claims(each["access_token"])["origin_jti"] for each in family} == {
        claims(tokens["access_token"])["origin_jti"]
    }
    clock.advance(1)
    assert revoke(site, client, family[1]["refresh_token"]).status_code == 200
    for member in (*family, tokens):
        assert is_refused(site, client, member["refresh_token"])
        assert userinfo(site, member["access_token"]).status_code == 401


def test_there_is_no_grace_after_a_revocation(site: Site, clock: MovableClock) -> None:
    client = rotating(site, GRACE)
    first = site.tokens(client)["refresh_token"]
    second = successor(site, client, first)
    assert revoke(site, client, second).status_code == 200
    assert is_refused(site, client, first)


@pytest.mark.parametrize("end", ["disable", "sign_out", "delete"])
def test_there_is_no_grace_for_a_user_who_is_gone(site: Site, clock: MovableClock, end: str) -> None:
    client = rotating(site, GRACE)
    first = site.tokens(client)["refresh_token"]
    second = successor(site, client, first)
    clock.advance(1)
    getattr(site.services.users, end)(site.pool.id, "kim")
    assert is_refused(site, client, first)
    assert is_refused(site, client, second)


def test_there_is_no_grace_beyond_the_end_of_the_session(site: Site, clock: MovableClock) -> None:
    client = rotating(site, GRACE, refresh_token_validity=1)
    first = site.tokens(client)["refresh_token"]
    clock.advance(86400 - 1)
    successor(site, client, first)
    clock.advance(1)
    assert is_refused(site, client, first)


@pytest.mark.parametrize("grace", [None, 0])
def test_without_a_grace_period_a_retry_in_the_same_instant_is_a_reuse(site: Site, grace: int | None) -> None:
    client = site.client(refresh_token_rotation=RefreshTokenRotation("ENABLED", grace))
    first = site.tokens(client)["refresh_token"]
    second = successor(site, client, first)
    assert is_refused(site, client, first)
    assert is_refused(site, client, second)


# --- the end of a session -----------------------------------------------------------------------------


@pytest.mark.compliance("Cognito guide", "refresh token rotation", "the remaining life of the original")
def test_rotation_never_prolongs_a_session(site: Site, clock: MovableClock) -> None:
    client = rotating(site, refresh_token_validity=2)
    begun = clock()
    refresh_token = site.tokens(client)["refresh_token"]
    for _ in range(4):
        clock.advance(43199)
        refresh_token = successor(site, client, refresh_token)
    clock.now = begun + 2 * 86400 - 1
    refresh_token = successor(site, client, refresh_token)
    clock.advance(1)
    assert is_refused(site, client, refresh_token)


def test_switched_on_later_rotation_takes_over_what_was_issued_before(site: Site, clock: MovableClock) -> None:
    tokens = site.tokens(site.web)
    change(site, site.web, refresh_token_rotation=RefreshTokenRotation("ENABLED", 0), explicit_auth_flows=None)
    second = successor(site, site.web, tokens["refresh_token"])
    clock.advance(1)
    assert is_refused(site, site.web, tokens["refresh_token"])
    assert is_refused(site, site.web, second)


def test_switched_off_later_the_newest_goes_on_and_the_superseded_stay_dead(site: Site, clock: MovableClock) -> None:
    client = rotating(site, GRACE)
    first = site.tokens(client)["refresh_token"]
    second = successor(site, client, first)
    clock.advance(1)
    change(site, client, refresh_token_rotation=RefreshTokenRotation("DISABLED"))
    for _ in range(2):
        answer = refresh(site, client, second)
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json
    # Refused, and no proof of theft: the newest goes on (api.md 4.12).
    assert is_refused(site, client, first)
    assert refresh(site, client, second).status_code == 200


def test_a_revoked_session_stays_revoked_when_the_clock_steps_back(site: Site, clock: MovableClock) -> None:
    client = rotating(site, GRACE)
    first = site.tokens(client)["refresh_token"]
    clock.advance(10)
    second = successor(site, client, first)
    revoke(site, client, second)
    clock.advance(-10)
    assert is_refused(site, client, second)
    assert is_refused(site, client, first)


# --- at the same time ---------------------------------------------------------------------------------


def refresh_together(
    site: Site, client: Registered, refresh_token: str, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[int, Any]]:
    """The answers of two threads, both of which found the token fresh before either wrote."""
    both_judged = threading.Barrier(2, timeout=20)
    judged = threading.local()
    decide = token_session.decide

    def together(*given: Any, **more: Any) -> Verdict:
        verdict = decide(*given, **more)
        if not hasattr(judged, "once"):
            judged.once = True
            assert verdict is Verdict.FRESH
            both_judged.wait()
        return verdict

    answers: list[tuple[int, Any]] = []

    def ask() -> None:
        answer = refresh(site, client, refresh_token)
        answers.append((answer.status_code, answer.json))

    with monkeypatch.context() as patch:
        patch.setattr(tokens_service, "decide", together)
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 2
    return sorted(answers, key=lambda answer: answer[0])


@pytest.mark.attack("R24")
def test_of_two_threads_without_grace_one_wins_and_the_other_ends_the_session(
    database_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(database_url, clock)
    client = rotating(site)
    tokens = site.tokens(client)
    (won, winner), (lost, loser) = refresh_together(site, client, tokens["refresh_token"], monkeypatch)
    assert (won, lost, loser) == (200, 400, GIVE_UP)
    # One successor and no fork; which of the two is the thief nobody can tell, so both are out.
    assert site.row_counts()["authz_refresh_tokens"] == 2
    assert is_refused(site, client, winner["refresh_token"])
    assert userinfo(site, winner["access_token"]).status_code == 401


@pytest.mark.attack("R24")
def test_of_two_threads_within_the_grace_period_both_win_in_one_session(
    database_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(database_url, clock)
    client = rotating(site, GRACE)
    tokens = site.tokens(client)
    answers = refresh_together(site, client, tokens["refresh_token"], monkeypatch)
    assert [status for status, _ in answers] == [200, 200]
    one, other = (body for _, body in answers)
    assert one["refresh_token"] != other["refresh_token"]
    assert claims(one["access_token"])["origin_jti"] == claims(other["access_token"])["origin_jti"]
    clock.advance(1)
    assert revoke(site, client, one["refresh_token"]).status_code == 200
    assert is_refused(site, client, other["refresh_token"])


@pytest.mark.attack("R24")
@pytest.mark.parametrize("grace", [0, GRACE])
@pytest.mark.parametrize("end", ["revoke", "sign_out", "disable", "delete"])
def test_a_revocation_that_comes_between_judging_and_rotating_wins(
    database_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, end: str, grace: int
) -> None:
    site = make_site(database_url, clock)
    client = rotating(site, grace)
    tokens = site.tokens(client)
    clock.advance(1)
    decide = token_session.decide
    ended = []

    def late(*given: Any, **more: Any) -> Verdict:
        verdict = decide(*given, **more)
        if not ended:
            ended.append(end)
            if end == "revoke":
                assert revoke(site, client, tokens["refresh_token"]).status_code == 200
            else:
                getattr(site.services.users, end)(site.pool.id, "kim")
        return verdict

    with monkeypatch.context() as patch:
        patch.setattr(tokens_service, "decide", late)
        assert is_refused(site, client, tokens["refresh_token"])
    assert ended
    assert site.row_counts()["authz_refresh_tokens"] == 1
    assert is_refused(site, client, tokens["refresh_token"])
