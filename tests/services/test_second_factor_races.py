"""Second factors and many hands: guesses are counted to the last one, an answer counts once (R14, R24)."""

import base64
import uuid
from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app_client_authz.crypto.sealing import SealError
from app_client_authz.domain import totp
from app_client_authz.domain.challenge import EMAIL_OTP, SOFTWARE_TOKEN_MFA
from app_client_authz.domain.errors import AuthzError, ChallengeExpired, ExpiredCode, OperationError
from app_client_authz.domain.pool import MfaChange, PoolSpec
from app_client_authz.domain.pool_settings import EmailConfiguration, EmailMfaConfiguration
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User
from app_client_authz.domain.user_mfa import EMAIL, SOFTWARE_TOKEN, Wish
from app_client_authz.services.challenges import Passed
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.next_steps import ChallengeRequired
from app_client_authz.services.second_factors import Reply
from app_client_authz.services.sign_in_codes import GUESSES_PER_HOUR
from tests.services.test_races import at_once
from tests.services.world import BASE, PASSWORD, SEALING_KEY, World, rows, services_over, world_over
from tests.support.clock import MovableClock

FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
THREADS, ROUNDS = 12, 3


@pytest.fixture
def world(engine: sa.Engine, clock: MovableClock) -> World:
    """A pool with second factors, and kim, who has proved an e-mail address."""
    spec = PoolSpec(name="customers", email=EmailConfiguration(email_sending_account="DEVELOPER"))
    world = world_over(engine, clock, spec=spec)
    change = MfaChange(mode="OPTIONAL", software_token=True, email=EmailMfaConfiguration())
    world.pool = world.services.pool_settings.set_mfa(world.pool.id, change)
    world.user("kim", email_verified="true")
    return world


@pytest.fixture
def app_client(world: World) -> Registration:
    return world.client(generate_secret=False, explicit_auth_flows=FLOWS)


def tokens(world: World, registration: Registration, who: User | Passed) -> TokenSet:
    return world.services.tokens.sign_in(registration, who, str(uuid.uuid4()), BASE)


def enrol(world: World, registration: Registration) -> bytes:
    """kim's app: its secret, verified and asked for."""
    token = tokens(world, registration, world.sign_in(registration)).access_token
    code = world.services.software_tokens.associate(token, BASE).secret_code
    secret = base64.b32decode(code + "=" * (-len(code) % 8))
    world.services.software_tokens.verify(token, BASE, now_code(world, secret), None)
    world.services.mfa_settings.prefer(token, BASE, {SOFTWARE_TOKEN: Wish(enabled=True)})
    world.clock.advance(totp.STEP_SECONDS)
    return secret


def now_code(world: World, secret: bytes) -> str:
    return totp.code_at(secret, int(world.clock() // totp.STEP_SECONDS))


def wrong_code(world: World, secret: bytes) -> str:
    step = int(world.clock() // totp.STEP_SECONDS)
    near = {totp.code_at(secret, step + away) for away in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in near)


def challenged(world: World, registration: Registration) -> ChallengeRequired:
    step = world.services.authentication.sign_in(registration, "kim", PASSWORD, session_seconds=180, door="pages")
    assert isinstance(step, ChallengeRequired)
    return step


def kinds(outcomes: list[object]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


@pytest.mark.attack("R14")
def test_parallel_guesses_at_an_app_are_no_more_than_the_same_in_a_row(world: World, app_client: Registration) -> None:
    secret = enrol(world, app_client)
    reply = Reply(app_client, challenged(world, app_client).session)
    wrong = wrong_code(world, secret)

    outcomes = at_once([lambda: world.services.second_factors.answer(reply, SOFTWARE_TOKEN_MFA, wrong)] * THREADS)

    assert kinds(list(outcomes)) == {"CodeMismatch": 5, "LimitExceeded": THREADS - 5}


@pytest.mark.attack("R14")
def test_parallel_guesses_at_a_new_app_are_counted_too(world: World, app_client: Registration) -> None:
    token = tokens(world, app_client, world.sign_in(app_client)).access_token
    code = world.services.software_tokens.associate(token, BASE).secret_code
    wrong = wrong_code(world, base64.b32decode(code + "=" * (-len(code) % 8)))

    outcomes = at_once([lambda: world.services.software_tokens.verify(token, BASE, wrong, None)] * THREADS)

    assert kinds(list(outcomes)) == {"EnableSoftwareTokenMfa": 5, "LimitExceeded": THREADS - 5}


@pytest.mark.attack("R14")
def test_parallel_guesses_at_a_code_are_no_more_than_an_hour_has(world: World, app_client: Registration) -> None:
    world.services.mfa_settings.prefer_for(world.pool.id, "kim", {EMAIL: Wish(enabled=True)})
    sessions = [challenged(world, app_client).session for _ in range(2)]
    guesses: list[Callable[[], object]] = [
        lambda session=session: world.services.second_factors.answer(Reply(app_client, session), EMAIL_OTP, "no code")
        for session in sessions * 10
    ]

    outcomes = at_once(guesses)

    assert kinds(list(outcomes)) == {"CodeMismatch": GUESSES_PER_HOUR, "LimitExceeded": 20 - GUESSES_PER_HOUR}


@pytest.mark.attack("R24")
def test_one_of_many_who_give_the_same_answer_comes_in(world: World, app_client: Registration) -> None:
    secret = enrol(world, app_client)
    for _ in range(ROUNDS):
        # Two sessions: the code counts once, whichever it is given to.
        replies = [Reply(app_client, challenged(world, app_client).session) for _ in range(2)] * 3
        code = now_code(world, secret)

        def come_in(reply: Reply, code: str = code) -> TokenSet:
            return tokens(world, app_client, world.services.second_factors.answer(reply, SOFTWARE_TOKEN_MFA, code))

        outcomes = at_once([lambda reply=reply: come_in(reply) for reply in replies])

        assert kinds(list(outcomes))["TokenSet"] == 1, outcomes
        assert all(isinstance(each, (TokenSet, OperationError)) for each in outcomes)
        world.clock.advance(totp.STEP_SECONDS + 1)


@pytest.mark.attack("R24")
def test_code_by_email_opens_one_session_once(world: World, app_client: Registration) -> None:
    world.services.mfa_settings.prefer_for(world.pool.id, "kim", {EMAIL: Wish(enabled=True)})
    step = challenged(world, app_client)
    assert world.services.outbox is not None
    sub = world.services.users.describe(world.pool.id, "kim").sub
    code = world.services.outbox.of_user(world.pool.id, sub)[0].code
    before = rows(world.services.engine, "authz_token_sessions")

    def come_in() -> TokenSet:
        passed = world.services.second_factors.answer(Reply(app_client, step.session), EMAIL_OTP, code)
        assert isinstance(passed, Passed)
        return tokens(world, app_client, passed)

    outcomes = at_once([come_in] * 6)

    assert kinds(list(outcomes)) == {"TokenSet": 1, "ChallengeExpired": 5}
    assert rows(world.services.engine, "authz_token_sessions") == before + 1


@pytest.mark.attack("R24")
def test_right_code_that_lets_nobody_in_is_not_used_up(world: World, app_client: Registration) -> None:
    """Proved, and then the tokens could not be made: the answer is still good."""
    secret = enrol(world, app_client)
    reply = Reply(app_client, challenged(world, app_client).session)
    code = now_code(world, secret)
    world.services.second_factors.answer(reply, SOFTWARE_TOKEN_MFA, code)

    again = world.services.second_factors.answer(reply, SOFTWARE_TOKEN_MFA, code)

    assert tokens(world, app_client, again).access_token


@pytest.mark.attack("R18")
def test_user_who_changed_between_the_answer_and_the_door_stays_out(world: World, app_client: Registration) -> None:
    secret = enrol(world, app_client)
    reply = Reply(app_client, challenged(world, app_client).session)
    passed = world.services.second_factors.answer(reply, SOFTWARE_TOKEN_MFA, now_code(world, secret))
    world.clock.advance(1)
    world.services.users.disable(world.pool.id, "kim")

    with pytest.raises(AuthzError, match="Incorrect"):
        tokens(world, app_client, passed)


@pytest.mark.attack("R18")
def test_factor_that_is_switched_on_while_the_password_is_checked_is_asked_for(
    world: World, app_client: Registration
) -> None:
    user = world.sign_in(app_client)
    world.clock.advance(1)
    world.services.mfa_settings.prefer_for(world.pool.id, "kim", {EMAIL: Wish(enabled=True)})

    with pytest.raises(AuthzError, match="Incorrect"):
        tokens(world, app_client, user)


# --- secrets at rest ------------------------------------------------------------------------------


@pytest.mark.attack("R11")
def test_secret_of_an_app_stands_nowhere_and_opens_in_its_own_row_only(
    world: World, app_client: Registration, engine: sa.Engine
) -> None:
    secret = enrol(world, app_client)
    ada = world.user("ada")
    kim = world.services.users.describe(world.pool.id, "kim")
    units = world.services.software_tokens._units
    units.write(lambda unit: unit.software_tokens.associate(ada.sub, b"another secret"))
    with engine.begin() as connection:
        stored = connection.scalar(
            sa.text("SELECT sealed_secret FROM authz_software_tokens WHERE sub = :sub"), {"sub": kim.sub}
        )
        assert secret.hex() not in str(stored)
        connection.execute(
            sa.text("UPDATE authz_software_tokens SET sealed_secret = :sealed WHERE sub = :sub"),
            {"sealed": stored, "sub": ada.sub},
        )
    found = units.read(lambda unit: unit.software_tokens.find(kim.sub))

    assert found is not None
    assert found.secret == secret
    assert "secret=" not in repr(found)
    with pytest.raises(SealError):
        units.read(lambda unit: unit.software_tokens.find(ada.sub))


def test_old_sealing_key_can_go_once_secrets_are_sealed_anew(
    world: World, app_client: Registration, engine: sa.Engine
) -> None:
    secret = enrol(world, app_client)
    token = tokens(world, app_client, _passed(world, app_client, secret)).access_token
    world.services.software_tokens.associate(token, BASE)
    both = services_over(engine, world.clock, sealing_keys=("a new sealing key of 32 characters", SEALING_KEY))

    both.upkeep.reseal()

    kim = world.services.users.describe(world.pool.id, "kim")
    new = services_over(engine, world.clock, sealing_keys=("a new sealing key of 32 characters",))
    found = new.software_tokens._units.read(lambda unit: unit.software_tokens.find(kim.sub))
    assert found is not None
    assert found.secret == secret
    assert found.pending is not None


def test_step_at_the_pages_gives_nothing_at_the_api(world: World, app_client: Registration) -> None:
    """API-1: what began without a flow of the API gives no tokens of it."""
    secret = enrol(world, app_client)
    session = challenged(world, app_client).session
    shown = world.services.second_factors.look(Reply(app_client, session), frozenset({SOFTWARE_TOKEN_MFA}))

    assert shown.challenge == SOFTWARE_TOKEN_MFA
    with pytest.raises(ChallengeExpired):
        world.services.second_factors.answer(
            Reply(app_client, session, "api"), SOFTWARE_TOKEN_MFA, now_code(world, secret)
        )


@pytest.mark.attack("R24")
def test_answer_at_the_pages_is_used_up_by_the_session_of_the_browser(world: World, app_client: Registration) -> None:
    secret = enrol(world, app_client)
    passed = _passed(world, app_client, secret)

    cookie, _ = world.services.sessions.begin(passed, replacing=None)

    assert world.services.sessions.find(world.pool, cookie) is not None
    with pytest.raises(ExpiredCode):
        world.services.sessions.begin(passed, replacing=None)
    assert rows(world.services.engine, "authz_sso_sessions") == 1


def _passed(world: World, registration: Registration, secret: bytes) -> User | Passed:
    reply = Reply(registration, challenged(world, registration).session)
    return world.services.second_factors.answer(reply, SOFTWARE_TOKEN_MFA, now_code(world, secret))
