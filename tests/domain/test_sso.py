"""When an SSO session answers without a page."""

import dataclasses

import pytest

from app_client_authz.domain.sso import LIFETIME_SECONDS, SsoSession, recent_enough, usable
from tests.domain.app_clients import NOW, POOL_ID, oauth_client

SESSION = SsoSession("id", POOL_ID, "sub", "kim", NOW, NOW, NOW + LIFETIME_SECONDS)


@pytest.mark.parametrize(
    "minutes, age, silent",
    [
        (None, 0, True),
        (None, 3599.9, True),
        (None, 3600, False),
        (0, 0, False),
        (10, 599.9, True),
        (10, 600, False),
        (129_600, 3600, False),
    ],
)
def test_client_takes_a_session_over_within_its_hour_and_its_own_bound(
    minutes: int | None, age: float, silent: bool
) -> None:
    assert usable(SESSION, oauth_client(sso_max_validity_minutes=minutes), NOW + age) is silent


@pytest.mark.attack("R23")
def test_no_session_and_one_of_another_pool_are_not_usable() -> None:
    assert usable(None, oauth_client(), NOW) is False
    assert usable(dataclasses.replace(SESSION, pool_id="us-east-1_Other"), oauth_client(), NOW) is False


def test_bound_counts_from_the_last_consent_and_max_age_from_the_sign_in() -> None:
    renewed = dataclasses.replace(SESSION, renewed_at=NOW + 3000, expires_at=NOW + 3000 + LIFETIME_SECONDS)

    assert usable(renewed, oauth_client(sso_max_validity_minutes=10), NOW + 3599)
    assert not recent_enough(renewed, 3000, NOW + 3599)


@pytest.mark.compliance("OIDC Core", "3.1.2.1", "max_age")
@pytest.mark.parametrize(
    "max_age, age, enough", [(None, 10**6, True), (0, 0, True), (0, 0.1, False), (60, 60, True), (60, 60.1, False)]
)
def test_max_age_bounds_the_age_of_the_sign_in(max_age: int | None, age: float, enough: bool) -> None:
    assert recent_enough(SESSION, max_age, NOW + age) is enough
