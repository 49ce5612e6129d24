"""Codes, refresh tokens, machine tokens, revocation."""

import dataclasses

import pytest
import sqlalchemy as sa

from app_client_authz.crypto import jwts
from app_client_authz.domain.errors import (
    CallbackMismatch,
    GrantNotAllowed,
    InvalidGrant,
    InvalidScope,
    InvalidToken,
    InvalidTokenRequest,
    OAuthDisabled,
    OpenIdScopeMissing,
    RefreshTokenExpired,
    RefreshTokenReused,
    RefreshTokenRevoked,
    UnsupportedTokenType,
)
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.services.registry import Services
from tests.services.world import (
    BASE,
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    World,
    claims,
    header,
    rotation,
    rows,
    web_spec,
    world_over,
)
from tests.support.clock import MovableClock

MONTH = 30 * 86_400


# --- codes ----------------------------------------------------------------------------------------


@pytest.mark.compliance("OIDC Core", "3.1.3.3", "a successful token response")
def test_code_gives_signed_tokens_with_the_claims_of_its_request(
    world: World, client: Registration, kim: User, clock: MovableClock
) -> None:
    code = world.code(client, kim, nonce="n-0S6_WzA2Mj")
    signed_in_at = clock()
    clock.advance(30.5)
    tokens = world.redeem(client, code)
    access, identity = claims(tokens.access_token), claims(tokens.id_token)

    assert list(access) == [
        *("sub", "iss", "version", "client_id", "origin_jti", "event_id", "token_use", "scope", "auth_time"),
        *("exp", "iat", "jti", "username"),
    ]
    assert (access["iss"], access["scope"], access["username"]) == (f"{BASE}/{world.pool.id}", "openid email", "kim")
    assert access["exp"] - access["iat"] == tokens.expires_in == 3600
    assert access["auth_time"] == identity["auth_time"] == int(signed_in_at)
    assert (identity["nonce"], identity["aud"], identity["email"]) == (
        "n-0S6_WzA2Mj",
        client.client.client_id,
        "kim@example.com",
    )
    assert identity["at_hash"] == jwts.at_hash(tokens.access_token)
    assert identity["origin_jti"] == access["origin_jti"]
    assert header(tokens.id_token)["kid"] != header(tokens.access_token)["kid"]


@pytest.mark.attack("R5")
@pytest.mark.compliance("RFC 6749", "4.1.2", "a code used twice revokes the tokens it gave")
def test_second_use_of_a_code_revokes_what_the_first_gave_and_nothing_else(
    world: World, client: Registration, kim: User
) -> None:
    other = world.tokens(client, kim)
    code = world.code(client, kim)
    tokens = world.redeem(client, code)
    with pytest.raises(InvalidGrant):
        world.redeem(client, code)

    with pytest.raises(RefreshTokenRevoked):
        world.refresh(client, tokens)
    with pytest.raises(InvalidToken):
        world.userinfo(tokens)
    assert world.refresh(client, other).access_token


@pytest.mark.attack("R5")
def test_replay_by_another_client_revokes_nothing(world: World, client: Registration, kim: User) -> None:
    thief = world.client()
    code = world.code(client, kim)
    with pytest.raises(InvalidGrant):
        world.redeem(thief, code)
    tokens = world.redeem(client, code)
    with pytest.raises(InvalidGrant):
        world.redeem(thief, code)

    assert world.userinfo(tokens)["username"] == "kim"


@pytest.mark.attack("R4")
@pytest.mark.compliance("RFC 7636", "4.6", "the server verifies code_verifier")
@pytest.mark.parametrize("verifier", [None, "", VERIFIER[:-1], VERIFIER + "x", CHALLENGE, "a" * 43, "ä" * 43])
def test_wrong_verifier_is_refused_and_burns_no_code(
    world: World, client: Registration, kim: User, verifier: str | None
) -> None:
    code = world.code(client, kim, code_challenge=CHALLENGE, code_challenge_method="S256")
    with pytest.raises(InvalidGrant):
        world.redeem(client, code, verifier)

    assert world.redeem(client, code, VERIFIER).access_token


@pytest.mark.attack("R4")
def test_verifier_without_challenge_is_refused_and_burns_no_code(world: World, client: Registration, kim: User) -> None:
    code = world.code(client, kim)
    with pytest.raises(InvalidGrant):
        world.redeem(client, code, VERIFIER)

    assert world.redeem(client, code).access_token


@pytest.mark.attack("R2")
@pytest.mark.parametrize("uri", ["", CALLBACK + "/", CALLBACK.upper(), "https://app.example/other"])
def test_another_callback_url_is_refused_and_burns_no_code(
    world: World, client: Registration, kim: User, uri: str
) -> None:
    code = world.code(client, kim)
    with pytest.raises(CallbackMismatch):
        world.services.tokens.find_code(client, code, uri)

    assert world.redeem(client, code).access_token


def test_code_dies_after_five_minutes(world: World, client: Registration, kim: User, clock: MovableClock) -> None:
    early, late = world.code(client, kim), world.code(client, kim)
    clock.advance(299.9)
    assert world.redeem(client, early)
    clock.advance(0.1)

    with pytest.raises(InvalidGrant):
        world.redeem(client, late)


@pytest.mark.parametrize("code", ["", "made up", "\ud800", "x" * 10_000])
def test_made_up_code_gives_nothing(world: World, client: Registration, code: str) -> None:
    with pytest.raises(InvalidGrant):
        world.redeem(client, code)


def test_code_gives_nothing_once_the_client_may_not_read_its_scope(
    world: World, client: Registration, kim: User
) -> None:
    code = world.code(client, kim)
    spec = web_spec(read_attributes=("name",))
    world.services.app_clients.replace(world.pool.id, client.client.client_id, spec)

    with pytest.raises(InvalidGrant):
        world.redeem(world.registration(client.client.client_id), code)


@pytest.mark.attack("R11")
def test_neither_code_nor_refresh_token_is_stored(
    world: World, client: Registration, kim: User, engine: sa.Engine
) -> None:
    code = world.code(client, kim)
    tokens = world.redeem(client, code)
    with engine.connect() as connection:
        stored = "".join(
            repr(connection.execute(sa.text(f"SELECT * FROM {table}")).all())
            for table in ("authz_codes", "authz_token_sessions", "authz_refresh_tokens")
        )

    assert code not in stored
    assert str(tokens.refresh_token) not in stored
    assert str(tokens.refresh_token) not in repr(tokens)
    assert tokens.access_token not in repr(tokens)


# --- refresh --------------------------------------------------------------------------------------


@pytest.mark.compliance("OIDC Core", "12.2", "iss, sub, aud and auth_time of a refreshed ID token stay")
def test_refresh_keeps_what_the_sign_in_decided(
    world: World, client: Registration, kim: User, clock: MovableClock
) -> None:
    tokens = world.tokens(client, kim, nonce="once")
    clock.advance(1000)
    again = world.refresh(client, tokens)
    before, after = claims(tokens.access_token), claims(again.access_token)

    for name in ("sub", "client_id", "origin_jti", "event_id", "auth_time", "scope", "iss"):
        assert before[name] == after[name], name
    assert before["jti"] != after["jti"]
    assert after["iat"] == before["iat"] + 1000
    identity = claims(again.id_token)
    assert "at_hash" not in identity
    assert "nonce" not in identity
    assert identity["auth_time"] == before["auth_time"]
    assert again.refresh_token is None


def test_refresh_without_rotation_writes_nothing(
    world: World, client: Registration, kim: User, engine: sa.Engine
) -> None:
    tokens = world.tokens(client, kim)
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2].split()[0]))
    world.refresh(client, tokens)

    assert statements == ["SELECT"]


def test_refresh_token_dies_when_the_session_is_over(
    world: World, client: Registration, kim: User, clock: MovableClock
) -> None:
    tokens = world.tokens(client, kim)
    clock.advance(MONTH - 0.1)
    assert world.refresh(client, tokens)
    clock.advance(0.1)

    with pytest.raises(RefreshTokenExpired):
        world.refresh(client, tokens)


@pytest.mark.attack("R6")
def test_rotation_gives_a_new_token_and_never_prolongs_the_session(
    world: World, kim: User, clock: MovableClock
) -> None:
    client = world.client(**rotation())
    tokens = world.tokens(client, kim)
    for _ in range(3):
        clock.advance(MONTH / 4)
        refreshed = world.refresh(client, tokens)
        assert refreshed.refresh_token not in {None, tokens.refresh_token}
        tokens = refreshed
    clock.advance(MONTH / 4)

    with pytest.raises(RefreshTokenExpired):
        world.refresh(client, tokens)


@pytest.mark.attack("R6")
@pytest.mark.parametrize("generations", [1, 2, 3])
def test_reuse_of_any_older_token_ends_the_whole_session_for_good(
    world: World, kim: User, clock: MovableClock, generations: int
) -> None:
    client = world.client(**rotation())
    other = world.tokens(client, kim)
    line = [world.tokens(client, kim)]
    for _ in range(generations):
        clock.advance(1)
        line.append(world.refresh(client, line[-1]))
    with pytest.raises(RefreshTokenReused):
        world.refresh(client, line[0])

    for tokens in line:
        with pytest.raises(RefreshTokenRevoked):
            world.refresh(client, tokens)
        with pytest.raises(InvalidToken):
            world.userinfo(tokens)
    assert world.refresh(client, other)


@pytest.mark.attack("R6")
def test_reuse_by_another_client_changes_nothing(world: World, kim: User, clock: MovableClock) -> None:
    client, thief = world.client(**rotation()), world.client(**rotation())
    first = world.tokens(client, kim)
    second = world.refresh(client, first)
    for tokens in (first, second):
        with pytest.raises(InvalidGrant, match="invalid_grant"):
            world.refresh(thief, tokens)

    assert world.refresh(client, second)


@pytest.mark.attack("R6")
def test_grace_lets_the_direct_predecessor_come_back_and_is_not_prolonged(
    world: World, kim: User, clock: MovableClock
) -> None:
    client = world.client(**rotation(10))
    first = world.tokens(client, kim)
    clock.advance(1)
    world.refresh(client, first)
    clock.advance(9.9)
    retried = world.refresh(client, first)
    assert claims(retried.access_token)["origin_jti"] == claims(first.access_token)["origin_jti"]
    clock.advance(0.1)

    with pytest.raises(RefreshTokenReused):
        world.refresh(client, first)
    with pytest.raises(RefreshTokenRevoked):
        world.refresh(client, retried)


@pytest.mark.attack("R6")
def test_grace_ends_once_the_successor_was_used(world: World, kim: User, clock: MovableClock) -> None:
    client = world.client(**rotation(60))
    first = world.tokens(client, kim)
    second = world.refresh(client, first)
    clock.advance(1)
    world.refresh(client, second)

    with pytest.raises(RefreshTokenReused):
        world.refresh(client, first)


@pytest.mark.attack("R6")
def test_no_grace_after_a_revocation(world: World, kim: User, clock: MovableClock) -> None:
    client = world.client(**rotation(60))
    first = world.tokens(client, kim)
    second = world.refresh(client, first)
    world.services.revocation.revoke(client, str(first.refresh_token), BASE)

    for tokens in (first, second):
        with pytest.raises(RefreshTokenRevoked):
            world.refresh(client, tokens)


def test_rotation_switched_off_later_keeps_old_tokens_dead(world: World, kim: User, clock: MovableClock) -> None:
    client = world.client(**rotation(60))
    first = world.tokens(client, kim)
    newest = world.refresh(client, first)
    spec = dataclasses.replace(
        web_spec(),
        refresh_token_rotation=dataclasses.replace(
            rotation()["refresh_token_rotation"], feature="DISABLED", retry_grace_period_seconds=None
        ),
    )
    world.services.app_clients.replace(world.pool.id, client.client.client_id, spec)

    with pytest.raises(RefreshTokenRevoked):
        world.refresh(world.registration(client.client.client_id), first)
    # Whoever has the newest one goes on: with rotation off, an older one is no proof of theft (api.md 4.12).
    assert world.refresh(world.registration(client.client.client_id), newest).refresh_token is None


@pytest.mark.attack("R17")
def test_scopes_only_ever_narrow(world: World, client: Registration, kim: User) -> None:
    tokens = world.tokens(client, kim, scope="openid email")
    for allowed, expected in ((("openid",), "openid"), (("openid", "email", "profile"), "openid email")):
        spec = web_spec(allowed_oauth_scopes=allowed)
        world.services.app_clients.replace(world.pool.id, client.client.client_id, spec)
        again = world.refresh(world.registration(client.client.client_id), tokens)
        assert claims(again.access_token)["scope"] == expected


def test_refresh_sees_attributes_as_they_are_now(world: World, client: Registration, kim: User) -> None:
    tokens = world.tokens(client, kim)
    world.services.users.update_attributes(world.pool.id, "kim", {"email": "new@example.com"})

    assert claims(world.refresh(client, tokens).id_token)["email"] == "new@example.com"


@pytest.mark.parametrize("kind", ["access_token", "id_token", "garbage"])
def test_only_a_refresh_token_refreshes(world: World, client: Registration, kim: User, kind: str) -> None:
    tokens = world.tokens(client, kim)

    with pytest.raises(InvalidGrant):
        world.refresh(client, getattr(tokens, kind, "\ud800 garbage"))


@pytest.mark.attack("R18")
def test_deleted_client_stops_everything(world: World, client: Registration, kim: User) -> None:
    tokens = world.tokens(client, kim)
    world.services.app_clients.delete(world.pool.id, client.client.client_id)

    with pytest.raises(InvalidToken):
        world.userinfo(tokens)
    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)


# --- revocation -----------------------------------------------------------------------------------


@pytest.mark.attack("R7")
@pytest.mark.compliance("RFC 7009", "2.1", "revoking a refresh token invalidates its access tokens")
@pytest.mark.parametrize("generation", [0, 1])
def test_revoking_any_refresh_token_ends_its_session_and_no_other(
    world: World, kim: User, generation: int, clock: MovableClock
) -> None:
    client = world.client(**rotation())
    other = world.tokens(client, kim)
    line = [world.tokens(client, kim)]
    clock.advance(1)
    line.append(world.refresh(client, line[0]))
    world.services.revocation.revoke(client, str(line[generation].refresh_token), BASE)
    world.services.revocation.revoke(client, str(line[generation].refresh_token), BASE)

    with pytest.raises(RefreshTokenRevoked):
        world.refresh(client, line[1])
    with pytest.raises(InvalidToken):
        world.userinfo(line[1])
    assert world.userinfo(other)["username"] == "kim"


@pytest.mark.compliance("RFC 7009", "2.2", "an unknown token is no error")
def test_unknown_token_is_revoked_without_a_word(world: World, client: Registration) -> None:
    for token in ("unknown", "\ud800", "a.b.c", "x" * 9000):
        world.services.revocation.revoke(client, token, BASE)


@pytest.mark.attack("R7")
def test_revocation_refuses_what_is_not_its_own(world: World, client: Registration, kim: User) -> None:
    tokens = world.tokens(client, kim)
    for token in (tokens.access_token, str(tokens.id_token)):
        with pytest.raises(UnsupportedTokenType):
            world.services.revocation.revoke(client, token, BASE)
    with pytest.raises(InvalidTokenRequest):
        world.services.revocation.revoke(world.client(), str(tokens.refresh_token), BASE)

    assert world.refresh(client, tokens)


def test_revocation_switched_off_is_refused_and_leaves_its_mark_on_tokens(world: World, kim: User) -> None:
    client = world.client(enable_token_revocation=False)
    tokens = world.tokens(client, kim)
    with pytest.raises(InvalidTokenRequest):
        world.services.revocation.revoke(client, str(tokens.refresh_token), BASE)

    assert "origin_jti" not in claims(tokens.access_token)
    assert not {"origin_jti", "jti"} & set(claims(tokens.id_token))
    assert world.userinfo(tokens)["username"] == "kim"


# --- client_credentials, implicit -----------------------------------------------------------------


def test_client_without_the_flow_gets_no_machine_token(world: World, client: Registration) -> None:
    with pytest.raises(GrantNotAllowed):
        world.services.machine_tokens.client_credentials(client, None, BASE)

    off = world.client(
        allowed_oauth_flows_user_pool_client=False,
        allowed_oauth_flows=None,
        allowed_oauth_scopes=None,
        callback_urls=None,
    )
    with pytest.raises(OAuthDisabled):
        world.services.machine_tokens.client_credentials(off, None, BASE)


@pytest.mark.compliance("OIDC Core", "3.2", "the implicit flow")
@pytest.mark.parametrize("dialect, names", [("cognito", ["id_token", "access_token"]), ("oidc", ["access_token"])])
def test_implicit_flow_answers_in_the_fragment_and_keeps_no_session(
    engine: sa.Engine, clock: MovableClock, dialect: str, names: list[str]
) -> None:
    world = world_over(engine, clock, spec=PoolSpec(name="pool", dialect=dialect))
    client, kim = world.client(generate_secret=False, allowed_oauth_flows=("implicit",)), world.user()
    request = world.services.authorization.judge(
        {
            "client_id": client.client.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "token",
            "scope": "openid email",
            "state": "s",
            "nonce": "n",
        }
    )
    _, signed_in = world.services.sessions.begin(kim, replacing=None)
    answer = world.services.authorization.complete(request, signed_in, BASE)
    parameters = dict(answer.parameters)

    assert answer.in_fragment
    assert [name for name in parameters if name.endswith("_token")] == names
    assert (parameters["token_type"], parameters["expires_in"], parameters["state"]) == ("Bearer", "3600", "s")
    assert not {"origin_jti", "event_id"} & set(claims(parameters["access_token"]))
    assert rows(engine, "authz_token_sessions") == 0
    clock.advance(1)
    assert world.services.profile.userinfo(parameters["access_token"], BASE)["username"] == "kim"
    world.services.users.sign_out(world.pool.id, "kim")
    with pytest.raises(InvalidToken):
        world.services.profile.userinfo(parameters["access_token"], BASE)


# --- userInfo -------------------------------------------------------------------------------------


@pytest.mark.compliance("OIDC Core", "5.3.2", "claims about the user")
def test_userinfo_shows_what_scope_and_client_let_through(world: World) -> None:
    kim = world.user("kim", email_verified="true", name="Kim")
    narrow = world.client(read_attributes=("email", "email_verified"))
    everything = {"sub": kim.sub, "email": "kim@example.com", "email_verified": "true", "username": "kim"}

    assert world.userinfo(world.tokens(world.client(), kim)) == everything
    assert world.userinfo(world.tokens(narrow, kim, scope="openid")) == everything
    assert world.userinfo(world.tokens(world.client(), kim, scope="openid profile")) == {
        "sub": kim.sub,
        "name": "Kim",
        "username": "kim",
    }


def test_userinfo_needs_openid(world: World, client: Registration, kim: User) -> None:
    with pytest.raises(OpenIdScopeMissing):
        world.userinfo(world.tokens(client, kim, scope="email"))


@pytest.mark.attack("R9")
@pytest.mark.parametrize("token", ["", "a.b.c", "e30.e30.", "x" * 20_000, "\ud800", "é.é.é"])
def test_userinfo_refuses_garbage(services: Services, token: str) -> None:
    with pytest.raises(InvalidToken):
        services.profile.userinfo(token, BASE)


@pytest.mark.attack("R9")
def test_userinfo_refuses_other_tokens_and_other_issuers(
    world: World, client: Registration, kim: User, clock: MovableClock
) -> None:
    tokens = world.tokens(client, kim)
    with pytest.raises(InvalidToken):
        world.services.profile.userinfo(str(tokens.id_token), BASE)
    with pytest.raises(InvalidToken):
        world.services.profile.userinfo(tokens.access_token, "https://evil.example/auth")
    world.userinfo(tokens)
    clock.advance(3600)
    with pytest.raises(InvalidToken):
        world.userinfo(tokens)


@pytest.mark.attack("R23")
def test_token_of_a_deleted_pool_opens_nothing(world: World, client: Registration, kim: User) -> None:
    tokens = world.tokens(client, kim)
    world.services.pools.delete(world.pool.id)

    with pytest.raises(InvalidToken):
        world.userinfo(tokens)


def test_no_custom_scope_left_is_an_invalid_scope(world: World) -> None:
    machine = world.client()
    stripped = dataclasses.replace(
        machine,
        client=dataclasses.replace(
            machine.client,
            spec=dataclasses.replace(machine.client.spec, allowed_oauth_flows=("client_credentials",)),
        ),
    )
    with pytest.raises(InvalidScope):
        world.services.machine_tokens.client_credentials(stripped, "openid", BASE)
