"""Sessions that end while others begin: whatever comes first, the end is the end."""

from collections.abc import Callable

import pytest

from app_client_authz.domain.errors import AuthzError, LoginRequired, ResourceNotFound
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.domain.user_session import SessionKind, UserSession
from app_client_authz.services.issuer import TokenSet
from tests.services.test_races import ROUNDS, at_once
from tests.services.world import BASE, CALLBACK, World, rotation


@pytest.fixture(autouse=True)
def _tracked(world: World) -> None:
    track(world, 20)


def track(world: World, per_user: int) -> None:
    world.services.pool_settings.set_sessions(world.pool.id, tracking="ENABLED", per_user=per_user)


def sessions(world: World, kind: SessionKind) -> list[UserSession]:
    found = world.services.user_sessions.page(world.pool.id, "kim", after="", limit=100)
    return [each for each in found if each.kind is kind]


@pytest.mark.attack("R18")
def test_redemption_at_the_linked_end_of_its_sso_session_leaves_no_living_token(world: World, kim: User) -> None:
    client = world.client()
    for _ in range(ROUNDS):
        code = world.code(client, kim)
        (session,) = sessions(world, SessionKind.SSO)
        tasks: list[Callable[[], object]] = [
            lambda code=code: world.redeem(client, code),  # type: ignore[misc]
            lambda session=session: world.services.user_sessions.revoke(  # type: ignore[misc]
                world.pool.id, "kim", session.id, linked=True
            ),
        ]
        redeemed, ended = at_once(tasks)

        assert ended is None
        assert isinstance(redeemed, (TokenSet, AuthzError))
        assert sessions(world, SessionKind.TOKEN) == []


def test_authorization_after_the_linked_end_of_its_sso_session_gives_no_code(world: World, kim: User) -> None:
    """The cookie was looked at just before."""
    client = world.client()
    asked = {
        "client_id": client.client.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
    }
    request = world.services.authorization.judge(asked)
    _, signed_in = world.services.sessions.begin(kim, replacing=None)
    (session,) = sessions(world, SessionKind.SSO)

    world.services.user_sessions.revoke(world.pool.id, "kim", session.id, linked=True)

    with pytest.raises(LoginRequired) as refused:
        world.services.authorization.complete(request, signed_in, BASE)
    assert refused.value.target is not None
    assert refused.value.target.redirect_uri == CALLBACK


def test_sign_ins_at_once_do_not_exceed_the_limit(world: World, kim: User) -> None:
    track(world, 2)
    client = world.client(explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH",))
    for _ in range(ROUNDS):
        outcomes = at_once([lambda: world.services.tokens.sign_in(client, kim, kim.sub, BASE)] * 5)

        assert all(isinstance(outcome, TokenSet) for outcome in outcomes)
        assert len(sessions(world, SessionKind.TOKEN)) == 2


def test_session_is_ended_once(world: World, kim: User) -> None:
    client = world.client()
    for _ in range(ROUNDS):
        world.tokens(client, kim)
        session = sessions(world, SessionKind.TOKEN)[0]
        outcomes = at_once(
            [
                lambda session=session: world.services.user_sessions.revoke(  # type: ignore[misc]
                    world.pool.id, "kim", session.id, linked=False
                )
            ]
            * 4
        )

        assert sum(outcome is None for outcome in outcomes) == 1
        assert sum(isinstance(outcome, ResourceNotFound) for outcome in outcomes) == 3


def test_rotation_at_the_end_of_its_session_leaves_no_living_token(world: World, kim: User) -> None:
    client: Registration = world.client(**rotation())
    for _ in range(ROUNDS):
        tokens = world.tokens(client, kim)
        (session,) = sessions(world, SessionKind.TOKEN)
        tasks: list[Callable[[], object]] = [
            lambda tokens=tokens: world.refresh(client, tokens),  # type: ignore[misc]
            lambda session=session: world.services.user_sessions.revoke(  # type: ignore[misc]
                world.pool.id, "kim", session.id, linked=False
            ),
        ]
        outcomes = at_once(tasks)

        assert outcomes[1] is None
        for held in (tokens, outcomes[0]):
            if isinstance(held, TokenSet):
                with pytest.raises(AuthzError):
                    world.refresh(client, held)
