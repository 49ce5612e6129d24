"""What a presented refresh token gives: the one judgement."""

import dataclasses

import pytest

from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.domain.token_session import PresentedToken, TokenSession, Verdict, decide, is_signed_in
from app_client_authz.domain.user import User, UserStatus
from tests.domain.app_clients import CLIENT_ID, NOW, POOL_ID, oauth_client

SESSION = TokenSession("origin", CLIENT_ID, "sub", ("openid",), NOW, "event", NOW, NOW + 1000)
KIM = User(POOL_ID, "sub", "kim", UserStatus.CONFIRMED)
PLAIN = oauth_client()


def rotating(grace: int) -> AppClient:
    return oauth_client(refresh_token_rotation=RefreshTokenRotation("ENABLED", grace))


def verdict(
    superseded_at: float | None = None,
    *,
    client: AppClient = PLAIN,
    user: User | None = KIM,
    at: float = 1.0,
    valid_from: float = 0.0,
    **changes: float | None,
) -> Verdict:
    """The verdict ``at`` seconds after the session was opened; other instants count from there too."""
    instants = {name: None if value is None else NOW + value for name, value in changes.items()}
    session = dataclasses.replace(SESSION, **instants)
    presented = PresentedToken(session, None if superseded_at is None else NOW + superseded_at)
    return decide(presented, client, user, NOW + at, valid_from=valid_from)


@pytest.mark.parametrize("client", [PLAIN, rotating(0), rotating(10)])
def test_newest_token_is_fresh_until_the_absolute_end(client: AppClient) -> None:
    assert verdict(client=client, at=999.9) is Verdict.FRESH
    assert verdict(client=client, at=1000) is Verdict.EXPIRED


@pytest.mark.attack("R6")
@pytest.mark.parametrize(
    "grace, at, expected",
    [(10, 5.0, Verdict.GRACE), (10, 14.9, Verdict.GRACE), (10, 15.0, Verdict.REUSED), (0, 5.0, Verdict.REUSED)],
)
def test_direct_predecessor_has_its_grace_from_its_first_use(grace: int, at: float, expected: Verdict) -> None:
    assert verdict(5.0, client=rotating(grace), rotated_at=5.0, at=at) is expected


@pytest.mark.attack("R6")
def test_older_generation_has_no_grace() -> None:
    assert verdict(5.0, client=rotating(60), rotated_at=6.0, at=7) is Verdict.REUSED


@pytest.mark.attack("R6")
def test_no_grace_where_rotation_was_switched_off() -> None:
    off = oauth_client(refresh_token_rotation=RefreshTokenRotation("DISABLED"))
    assert verdict(5.0, client=off, rotated_at=5.0, at=5) is Verdict.REVOKED


@pytest.mark.attack("R6")
@pytest.mark.parametrize("superseded_at", [None, 0.5])
def test_revocation_comes_before_everything_else(superseded_at: float | None) -> None:
    for at in (1, 5000):
        found = verdict(superseded_at, client=rotating(60), rotated_at=0.5, revoked_at=0.9, at=at)
        assert found is Verdict.REVOKED


@pytest.mark.attack("R18")
@pytest.mark.parametrize(
    "user",
    [
        None,
        dataclasses.replace(KIM, enabled=False),
        dataclasses.replace(KIM, signed_out_at=NOW),
        dataclasses.replace(KIM, signed_out_at=NOW + 0.5),
    ],
)
def test_user_who_is_gone_disabled_or_signed_out_ends_the_session(user: User | None) -> None:
    assert verdict(user=user) is Verdict.REVOKED


def test_session_from_after_the_sign_out_lives() -> None:
    assert verdict(user=dataclasses.replace(KIM, signed_out_at=NOW - 0.1)) is Verdict.FRESH


def test_session_from_before_a_restore_is_dead() -> None:
    assert verdict(valid_from=NOW + 0.1) is Verdict.REVOKED
    assert verdict(valid_from=NOW) is Verdict.FRESH


def test_sign_out_counts_for_what_began_in_the_same_instant() -> None:
    assert not is_signed_in(dataclasses.replace(KIM, signed_out_at=NOW), NOW)
    assert is_signed_in(dataclasses.replace(KIM, signed_out_at=NOW), NOW + 0.001)
