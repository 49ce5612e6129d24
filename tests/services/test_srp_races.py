"""One SRP proof, many hands (API-3)."""

import uuid
from collections.abc import Callable

import pytest

from app_client_authz.domain.errors import NotAuthorized
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.sign_ins import Answer, Challenge, Request
from tests.services.test_races import at_once
from tests.services.world import BASE, PASSWORD, World
from tests.support.srp import SrpClient

THREADS, ROUNDS = 8, 3


@pytest.mark.attack("R24")
def test_one_of_eight_who_present_a_proof_at_once_signs_in(world: World) -> None:
    world.user("kim")
    registration = world.client(generate_secret=False, explicit_auth_flows=("ALLOW_USER_SRP_AUTH",))
    request, sign_ins = Request(registration, str(uuid.uuid4()), BASE), world.services.sign_ins
    for _ in range(ROUNDS):
        user = SrpClient(world.pool.id, PASSWORD)
        asked = {"USERNAME": "kim", "SRP_A": user.a}
        challenge = sign_ins.initiate(request, "USER_SRP_AUTH", asked, by_admin=False)
        assert isinstance(challenge, Challenge)
        responses = user.responses(challenge.parameters, now=world.clock())

        def present(responses: dict[str, str] = responses) -> Answer:
            return sign_ins.respond(request, "PASSWORD_VERIFIER", None, responses)

        hands: list[Callable[[], Answer]] = [present] * THREADS
        outcomes = at_once(hands)

        assert [type(each) for each in outcomes].count(TokenSet) == 1
        refused = [each for each in outcomes if not isinstance(each, TokenSet)]
        assert all(isinstance(each, NotAuthorized) for each in refused), refused
        world.clock.advance(3600)
