"""Lifetimes and units of each client, in ``expires_in`` and ``exp`` (endpoints.md 0.7 and 5.2; api.md 2.3)."""

from typing import Any

import pytest

from app_client_authz.domain.client_spec import TokenValidityUnits
from tests.support.back_channel import GIVE_UP, change, refresh, token, userinfo
from tests.support.clock import MovableClock
from tests.support.site import Site, claims

HOUR, DAY = 3600, 86400


def units(access: str | None = None, identity: str | None = None, refreshing: str | None = None) -> TokenValidityUnits:
    return TokenValidityUnits(access_token=access, id_token=identity, refresh_token=refreshing, given=True)


@pytest.mark.parametrize(
    "spec, access_seconds, id_seconds",
    [
        pytest.param({}, HOUR, HOUR, id="defaults"),
        pytest.param({"access_token_validity": 2, "id_token_validity": 3}, 2 * HOUR, 3 * HOUR, id="hours by default"),
        pytest.param(
            {"access_token_validity": 5, "id_token_validity": 600, "token_validity_units": units("minutes", "seconds")},
            300,
            600,
            id="minutes and seconds",
        ),
        pytest.param(
            {"access_token_validity": 1, "id_token_validity": 24, "token_validity_units": units("days", "hours")},
            DAY,
            DAY,
            id="the longest",
        ),
        pytest.param(
            {"access_token_validity": 300, "id_token_validity": 5, "token_validity_units": units("seconds", "minutes")},
            300,
            300,
            id="the shortest",
        ),
    ],
)
def test_the_clients_lifetimes_stand_in_expires_in_and_exp(
    site: Site, clock: MovableClock, spec: dict[str, Any], access_seconds: int, id_seconds: int
) -> None:
    client = site.client(**spec)
    first = site.tokens(client)
    issued_at = int(clock())
    clock.advance(100)
    second = refresh(site, client, first["refresh_token"]).json
    for body, now in ((first, issued_at), (second, issued_at + 100)):
        access, identity = claims(body["access_token"]), claims(body["id_token"])
        assert body["expires_in"] == access["exp"] - access["iat"] == access_seconds
        assert identity["exp"] - identity["iat"] == id_seconds
        assert access["iat"] == identity["iat"] == now


def test_machines_have_lifetimes_too(site: Site) -> None:
    change(site, site.machine, access_token_validity=10, token_validity_units=units("minutes"))
    body = token(site, site.machine, grant_type="client_credentials").json
    said = claims(body["access_token"])
    assert body["expires_in"] == said["exp"] - said["iat"] == 600


def test_two_clients_of_a_pool_differ(site: Site) -> None:
    short = site.client(access_token_validity=5, token_validity_units=units("minutes"))
    assert (site.tokens(short)["expires_in"], site.tokens(site.web)["expires_in"]) == (300, HOUR)


def test_a_changed_lifetime_counts_for_what_is_issued_from_then_on(site: Site, clock: MovableClock) -> None:
    before = site.tokens(site.web)
    change(site, site.web, access_token_validity=5, token_validity_units=units("minutes"))
    after = refresh(site, site.web, before["refresh_token"]).json
    assert after["expires_in"] == 300
    clock.advance(301)
    assert userinfo(site, before["access_token"]).status_code == 200
    assert userinfo(site, after["access_token"]).status_code == 401


@pytest.mark.parametrize(
    "validity, unit, seconds",
    [
        pytest.param(None, None, 30 * DAY, id="thirty days by default"),
        pytest.param(0, None, 30 * DAY, id="zero means the default"),
        pytest.param(2, None, 2 * DAY, id="days by default"),
        pytest.param(61, "minutes", 61 * 60, id="minutes"),
        pytest.param(3650, "days", 3650 * DAY, id="the longest"),
    ],
)
def test_a_refresh_token_dies_when_its_client_says(
    site: Site, clock: MovableClock, validity: int | None, unit: str | None, seconds: int
) -> None:
    client = site.client(refresh_token_validity=validity, token_validity_units=units(refreshing=unit))
    refresh_token = site.tokens(client)["refresh_token"]
    clock.advance(seconds - 1)
    assert refresh(site, client, refresh_token).status_code == 200
    clock.advance(1)
    answer = refresh(site, client, refresh_token)
    assert (answer.status_code, answer.json) == (400, GIVE_UP)
