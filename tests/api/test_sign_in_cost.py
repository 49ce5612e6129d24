"""What sign-ins cost the database: second factors cost those nothing who have none.

The figures stand in docs/explanation/performance.md.
"""

from typing import Any

import pytest

from tests.support.aws import ACCESS_KEY, SECRET_KEY, Wire, output
from tests.support.clock import MovableClock
from tests.support.cost import cost_on, sqlite_plan
from tests.support.mfa import FLOWS, with_mfa
from tests.support.site import PASSWORD, USERNAME, Site, make_site

# Client; user, another user's hash; attempt reserved (two), settled; user held, token session, refresh token.
BY_PASSWORD = (9, 5, 3)


@pytest.fixture
def either_site(database_url: str, clock: MovableClock) -> Site:
    return make_site(database_url, clock, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY})


def by_password(client_id: str) -> dict[str, Any]:
    return {
        "ClientId": client_id,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": USERNAME, "PASSWORD": PASSWORD},
    }


@pytest.mark.parametrize("mode", ["OFF", "OPTIONAL"])
def test_password_sign_in_costs_the_same_with_and_without_factors_in_the_pool(either_site: Site, mode: str) -> None:
    with_mfa(either_site, mode)
    client = either_site.client(explicit_auth_flows=FLOWS)
    wire = Wire(either_site.app)
    request = by_password(client.client_id)
    output(wire("InitiateAuth", request, signed=False))

    with cost_on(either_site.services.engine) as cost:
        answer = output(wire("InitiateAuth", request, signed=False))

    assert answer["AuthenticationResult"]
    assert cost.figures == BY_PASSWORD, str(cost)


def test_every_statement_of_a_second_factor_finds_its_rows_by_an_index(site: Site, wire: Wire) -> None:
    with_mfa(site, "ON")
    client = site.client(explicit_auth_flows=FLOWS)
    with cost_on(site.services.engine) as cost:
        challenge = output(wire("InitiateAuth", by_password(client.client_id), signed=False))
        assert challenge["ChallengeName"] == "EMAIL_OTP"
        assert site.services.outbox is not None
        code = site.services.outbox.of_user(site.pool.id, site.user.sub)[0].code
        answer = {
            "ClientId": client.client_id,
            "ChallengeName": "EMAIL_OTP",
            "Session": challenge["Session"],
            "ChallengeResponses": {"USERNAME": USERNAME, "EMAIL_OTP_CODE": code},
        }
        assert output(wire("RespondToAuthChallenge", answer, signed=False))["AuthenticationResult"]

    assert not [detail for detail in sqlite_plan(site.services.engine, cost) if detail.startswith("SCAN")]
