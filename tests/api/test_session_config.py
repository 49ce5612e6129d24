"""How long a client takes over sign-ins silently (api.md 2.12)."""

from typing import Any

import pytest

from tests.support.aws import Wire, output, refusal
from tests.support.clock import MovableClock
from tests.support.site import Registered, Site

MINUTE = 60


@pytest.fixture
def web(site: Site) -> dict[str, str]:
    return {"UserPoolId": site.pool.id, "ClientId": site.web.client_id}


def track(site: Site, tracking: str) -> None:
    """Switch session tracking of the pool."""
    asked = {"UserPoolId": site.pool.id, "UserSessionTracking": tracking, "TokenSession": {"MaxPerUser": 20}}
    output(Wire(site.app)("SetUserPoolSessionConfiguration", asked))


@pytest.fixture
def tracked(site: Site) -> Site:
    """The site, its pool tracking sessions."""
    track(site, "ENABLED")
    return site


def bound(minutes: int) -> dict[str, dict[str, int]]:
    return {"SSOSession": {"MaxValidityMinutes": minutes}}


def signs_in_silently(site: Site, client: Registered, cookie: str) -> bool:
    """Whether the browser is sent back to the application without a page."""
    answer = site.browse(cookie=cookie).get(site.authorize_url(client, prompt="none"))
    return "code=" in answer.headers["Location"]


def test_an_hour_unless_set(cognito: Any, web: dict[str, str]) -> None:
    answer = cognito.get_user_pool_client_session_configuration(**web)

    assert {name: answer[name] for name in (*web, "SSOSession")} == {**web, **bound(60)}


@pytest.mark.parametrize("minutes", [0, 1, 129_600])
def test_what_is_set_is_what_is_read(tracked: Site, cognito: Any, web: dict[str, str], minutes: int) -> None:
    answer = cognito.set_user_pool_client_session_configuration(**web, **bound(minutes))
    found = cognito.get_user_pool_client_session_configuration(**web)

    for each in (answer, found):
        assert {name: each[name] for name in (*web, "SSOSession")} == {**web, **bound(minutes)}


def test_bound_counts_for_its_client_at_once(
    tracked: Site, wire: Wire, web: dict[str, str], clock: MovableClock
) -> None:
    cookie = tracked.cookie()
    assert signs_in_silently(tracked, tracked.web, cookie)

    output(wire("SetUserPoolClientSessionConfiguration", {**web, **bound(2)}))
    clock.advance(2 * MINUTE - 1)
    assert signs_in_silently(tracked, tracked.web, cookie)
    clock.advance(1)

    assert not signs_in_silently(tracked, tracked.web, cookie)
    assert signs_in_silently(tracked, tracked.spa, cookie)


def test_zero_never_takes_over(tracked: Site, wire: Wire, web: dict[str, str]) -> None:
    cookie = tracked.cookie()
    output(wire("SetUserPoolClientSessionConfiguration", {**web, **bound(0)}))

    assert not signs_in_silently(tracked, tracked.web, cookie)


def test_update_of_the_client_keeps_it_and_the_rest_of_the_client_stays(
    tracked: Site, wire: Wire, web: dict[str, str], clock: MovableClock
) -> None:
    before = output(wire("DescribeUserPoolClient", web))["UserPoolClient"]
    clock.advance(1)
    output(wire("SetUserPoolClientSessionConfiguration", {**web, **bound(7)}))
    after = output(wire("DescribeUserPoolClient", web))["UserPoolClient"]
    output(wire("UpdateUserPoolClient", web))

    assert after.pop("LastModifiedDate") > before.pop("LastModifiedDate")
    assert after == before
    assert output(wire("GetUserPoolClientSessionConfiguration", web)) == {**web, **bound(7)}


def test_pool_that_tracks_no_sessions_has_no_bounds_to_set(wire: Wire, web: dict[str, str]) -> None:
    refused = wire("SetUserPoolClientSessionConfiguration", {**web, **bound(7)})

    assert refusal(refused) == (
        "InvalidParameterException",
        f"User session tracking is not enabled for user pool {web['UserPoolId']}.",
    )
    assert output(wire("GetUserPoolClientSessionConfiguration", web)) == {**web, **bound(60)}


def test_lite_pool_has_no_bounds_to_set(site: Site, wire: Wire, web: dict[str, str]) -> None:
    output(wire("UpdateUserPool", {"UserPoolId": site.pool.id, "UserPoolTier": "LITE"}))

    assert refusal(wire("SetUserPoolClientSessionConfiguration", {**web, **bound(7)})) == (
        "FeatureUnavailableInTierException",
        "The following features need to be disabled for the LITE pricing tier configured: User Session Tracking",
    )


def test_bound_survives_a_pause_of_tracking(tracked: Site, wire: Wire, web: dict[str, str]) -> None:
    output(wire("SetUserPoolClientSessionConfiguration", {**web, **bound(7)}))

    track(tracked, "DISABLED")

    assert output(wire("GetUserPoolClientSessionConfiguration", web)) == {**web, **bound(7)}


@pytest.mark.parametrize(
    "sent, value, path, phrase",
    [
        (bound(-1), "'-1'", ".maxValidityMinutes", "Member must have value greater than or equal to 0"),
        (bound(129_601), "'129601'", ".maxValidityMinutes", "Member must have value less than or equal to 129600"),
        ({"SSOSession": {}}, "null", ".maxValidityMinutes", "Member must not be null"),
        ({}, "null", "", "Member must not be null"),
    ],
)
def test_bound_is_a_number_of_minutes_up_to_ninety_days(
    tracked: Site, wire: Wire, web: dict[str, str], sent: dict[str, Any], value: str, path: str, phrase: str
) -> None:
    constraint = f"Value {value} at 'sSOSession{path}' failed to satisfy constraint: {phrase}"

    assert refusal(wire("SetUserPoolClientSessionConfiguration", {**web, **sent})) == (
        "InvalidParameterException",
        f"1 validation error detected: {constraint}",
    )


def test_the_command_line_shows_the_bound(tracked: Site, wire: Wire, web: dict[str, str]) -> None:
    output(wire("SetUserPoolClientSessionConfiguration", {**web, **bound(7)}))

    result = tracked.app.test_cli_runner().invoke(args=["authz", "client", "describe", web["ClientId"], "--json"])

    assert '"MaxValidityMinutes": 7' in result.stdout
