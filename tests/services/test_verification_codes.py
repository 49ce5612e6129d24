"""Six-digit codes: guessed within limits, used once, on both databases."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import CodeMismatch, ExpiredCode, LimitExceeded, OperationError
from app_client_authz.domain.user import User
from app_client_authz.domain.verification import CONFIRM_SIGN_UP, RESET_PASSWORD, VERIFY_EMAIL, Purpose
from app_client_authz.services.audit import security_event
from app_client_authz.services.registry import Services
from app_client_authz.services.verification_codes import Proof
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit
from tests.services.test_races import at_once
from tests.services.world import SEALING_KEY, World, rows, services_over
from tests.support.clock import MovableClock

EMAIL = "kim@example.com"
LIMIT = RESET_PASSWORD.guesses_per_hour
EXPIRED = r"^Invalid code provided, please request a code again\.$"
MISMATCH = r"^Invalid verification code provided, please try again\.$"
TOO_MANY = r"^Attempt limit exceeded, please try after some time\.$"


def account(user: User) -> Account:
    return Account(user.pool_id, user.sub)


def issued(services: Services, user: User, purpose: Purpose = RESET_PASSWORD) -> str:
    codes = services.verification_codes
    return codes._units.write(lambda unit: codes.issue(unit, account(user), purpose, EMAIL))


def redeem(services: Services, proof: Proof) -> None:
    codes = services.verification_codes
    codes._units.write(lambda unit: codes.redeem(unit, proof))


def other(code: str) -> str:
    """A wrong code that has the form of a right one."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def outcome(guess: Callable[[], object]) -> str:
    try:
        guess()
    except OperationError as error:
        return error.code
    return "right"


def test_the_right_code_is_proved_and_used_once(services: Services, kim: User) -> None:
    code = issued(services, kim)

    proof = services.verification_codes.prove(account(kim), RESET_PASSWORD, code)
    redeem(services, proof)

    assert proof.destination == EMAIL
    with pytest.raises(ExpiredCode, match=EXPIRED):
        redeem(services, proof)
    with pytest.raises(ExpiredCode, match=EXPIRED):
        services.verification_codes.prove(account(kim), RESET_PASSWORD, code)


def test_codes_have_six_digits_and_differ(services: Services, kim: User) -> None:
    codes = [issued(services, kim) for _ in range(30)]

    assert all(re.fullmatch(r"[0-9]{6}", code) for code in codes)
    assert len(set(codes)) > 25


@pytest.mark.parametrize("guess", ["", "12345", "1234567", "x" * 2048, "１２３４５６", "\ud800", "123 456"])
def test_a_guess_of_any_form_is_only_wrong(services: Services, kim: User, guess: str) -> None:
    issued(services, kim)

    with pytest.raises(CodeMismatch, match=MISMATCH):
        services.verification_codes.prove(account(kim), RESET_PASSWORD, guess)


def test_a_wrong_code_leaves_the_right_one_good(services: Services, kim: User) -> None:
    code = issued(services, kim)

    with pytest.raises(CodeMismatch):
        services.verification_codes.prove(account(kim), RESET_PASSWORD, other(code))

    redeem(services, services.verification_codes.prove(account(kim), RESET_PASSWORD, code))


@pytest.mark.parametrize("purpose", [RESET_PASSWORD, CONFIRM_SIGN_UP, VERIFY_EMAIL])
def test_a_code_is_good_until_its_hour_and_not_after(
    services: Services, kim: User, clock: MovableClock, purpose: Purpose
) -> None:
    code = issued(services, kim, purpose)

    clock.advance(purpose.lifetime_seconds - 1)
    proof = services.verification_codes.prove(account(kim), purpose, code)
    clock.advance(1)

    with pytest.raises(ExpiredCode, match=EXPIRED):
        services.verification_codes.prove(account(kim), purpose, code)
    with pytest.raises(ExpiredCode, match=EXPIRED):
        redeem(services, proof)


def test_the_newest_code_wins_and_earlier_ones_are_known_to_be_over(services: Services, kim: User) -> None:
    *earlier, newest = [issued(services, kim) for _ in range(6)]

    for code in set(earlier) - {newest}:
        with pytest.raises(ExpiredCode, match=EXPIRED):
            services.verification_codes.prove(account(kim), RESET_PASSWORD, code)
    services.verification_codes.prove(account(kim), RESET_PASSWORD, newest)


def test_a_proof_is_over_when_a_newer_code_was_sent(services: Services, kim: User) -> None:
    proof = services.verification_codes.prove(account(kim), RESET_PASSWORD, issued(services, kim))
    issued(services, kim)

    with pytest.raises(ExpiredCode):
        redeem(services, proof)


def test_a_code_is_for_one_purpose_and_one_user(world: World, services: Services, kim: User) -> None:
    code = issued(services, kim)
    lee = world.user("lee")
    while issued(services, lee) == code:  # one in a million
        pass

    with pytest.raises(ExpiredCode):
        services.verification_codes.prove(account(kim), VERIFY_EMAIL, code)
    with pytest.raises(CodeMismatch):
        services.verification_codes.prove(account(lee), RESET_PASSWORD, code)


def test_a_refusal_behind_the_right_code_does_not_use_it_up(services: Services, kim: User) -> None:
    code = issued(services, kim)
    codes = services.verification_codes
    proof = codes.prove(account(kim), RESET_PASSWORD, code)

    def fail(unit: Unit) -> None:
        codes.redeem(unit, proof)
        raise LookupError

    with pytest.raises(LookupError):
        codes._units.write(fail)

    redeem(services, codes.prove(account(kim), RESET_PASSWORD, code))


# --- limits ---------------------------------------------------------------------------------------


def test_after_too_many_wrong_codes_no_code_is_looked_at_for_an_hour(
    services: Services, kim: User, clock: MovableClock
) -> None:
    codes = services.verification_codes
    wrong = other(issued(services, kim))
    for _ in range(LIMIT):
        with pytest.raises(CodeMismatch):
            codes.prove(account(kim), RESET_PASSWORD, wrong)

    clock.advance(1800)
    code = issued(services, kim)  # a new code is no new chance (LCK-5)
    with pytest.raises(LimitExceeded, match=TOO_MANY):
        codes.prove(account(kim), RESET_PASSWORD, code)
    clock.advance(1799)
    with pytest.raises(LimitExceeded, match=TOO_MANY):
        codes.prove(account(kim), RESET_PASSWORD, code)
    clock.advance(1)
    codes.prove(account(kim), RESET_PASSWORD, code)


def test_the_limit_is_of_one_user_and_one_purpose(world: World, services: Services, kim: User) -> None:
    codes, lee = services.verification_codes, world.user("lee")
    for _ in range(LIMIT):
        outcome(lambda: codes.prove(account(kim), RESET_PASSWORD, "nothing"))

    codes.prove(account(lee), RESET_PASSWORD, issued(services, lee))
    codes.prove(account(kim), VERIFY_EMAIL, issued(services, kim, VERIFY_EMAIL))


def test_right_codes_do_not_count_and_a_used_one_gives_no_new_guesses(services: Services, kim: User) -> None:
    codes = services.verification_codes
    code = issued(services, kim)
    for _ in range(LIMIT - 1):
        outcome(lambda: codes.prove(account(kim), RESET_PASSWORD, other(code)))
    for _ in range(5):
        proof = codes.prove(account(kim), RESET_PASSWORD, code)

    redeem(services, proof)

    code = issued(services, kim)
    guesses = [outcome(lambda: codes.prove(account(kim), RESET_PASSWORD, other(code))) for _ in range(2)]
    assert guesses == ["CodeMismatchException", "LimitExceededException"]


def test_names_that_nobody_has_are_limited_alike(world: World, services: Services) -> None:
    """Else the limit would tell who exists (ENU-7)."""
    nobody = Account(world.pool.id, "0f" * 32)

    found = [
        outcome(lambda: services.verification_codes.prove(nobody, RESET_PASSWORD, "123456")) for _ in range(LIMIT + 2)
    ]

    assert found == ["ExpiredCodeException"] * LIMIT + ["LimitExceededException"] * 2


# --- races ----------------------------------------------------------------------------------------


@pytest.mark.attack("R14")
def test_of_50_guesses_at_once_no_more_are_looked_at_than_allowed(
    engine: sa.Engine, clock: MovableClock, services: Services, kim: User
) -> None:
    code = issued(services, kim)
    workers = [services.verification_codes, services_over(engine, clock).verification_codes]

    found = at_once(
        [
            lambda worker=workers[number % 2]: outcome(  # type: ignore[misc]
                lambda: worker.prove(account(kim), RESET_PASSWORD, other(code))
            )
            for number in range(50)
        ]
    )

    assert Counter(found) == {"CodeMismatchException": LIMIT, "LimitExceededException": 50 - LIMIT}
    assert outcome(lambda: workers[0].prove(account(kim), RESET_PASSWORD, code)) == "LimitExceededException"


@pytest.mark.attack("R24")
def test_of_two_redemptions_at_once_one_wins(
    engine: sa.Engine, clock: MovableClock, services: Services, kim: User
) -> None:
    workers = [services, services_over(engine, clock)]
    for _ in range(5):
        code = issued(services, kim)

        def use(worker: Services, code: str = code) -> None:
            redeem(worker, worker.verification_codes.prove(account(kim), RESET_PASSWORD, code))

        found = at_once([lambda worker=worker: outcome(lambda: use(worker)) for worker in workers])  # type: ignore[misc]

        assert sorted(found) == ["ExpiredCodeException", "right"]


def test_of_codes_issued_at_once_exactly_one_is_good(
    engine: sa.Engine, clock: MovableClock, services: Services, kim: User
) -> None:
    workers = [services, services_over(engine, clock)]

    found: list[str] = at_once([lambda worker=workers[number % 2]: issued(worker, kim) for number in range(8)])  # type: ignore[misc]

    def prove(code: str) -> str:
        return outcome(lambda: services.verification_codes.prove(account(kim), RESET_PASSWORD, code))

    verdicts = {code: prove(code) for code in found}
    assert sorted(verdicts.values()) == ["ExpiredCodeException"] * (len(verdicts) - 1) + ["right"]


# --- at rest --------------------------------------------------------------------------------------


def test_nothing_at_rest_or_in_the_audit_tells_the_code(
    engine: sa.Engine, services: Services, kim: User, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[object] = []
    with security_event.connected_to(lambda sender, **event: told.append(event)), caplog.at_level("DEBUG"):
        code = issued(services, kim)
        proof = services.verification_codes.prove(account(kim), RESET_PASSWORD, code)
        outcome(lambda: services.verification_codes.prove(account(kim), RESET_PASSWORD, other(code)))

    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM authz_verification_codes")).one()._mapping
    shown = f"{dict(row)} {told} {proof!r} {caplog.text}"
    assert not re.search(rf"\b({code}|{other(code)})\b", shown)
    assert hashlib.sha256(code.encode()).digest() != bytes(row["digest"])
    assert told == [{"event": "code_wrong", "pool_id": kim.pool_id, "sub": kim.sub, "purpose": "reset_password"}]


def test_codes_outlive_a_change_of_the_sealing_key(
    engine: sa.Engine, clock: MovableClock, services: Services, kim: User
) -> None:
    code = issued(services, kim)
    rotated = services_over(engine, clock, sealing_keys=("another sealing key, which is as long", SEALING_KEY))

    redeem(rotated, rotated.verification_codes.prove(account(kim), RESET_PASSWORD, code))


def test_codes_go_with_their_user(engine: sa.Engine, services: Services, kim: User) -> None:
    issued(services, kim)

    services.users.delete(kim.pool_id, kim.sub)

    assert rows(engine, "authz_verification_codes") == 0


def test_prune_takes_codes_a_day_after_their_end_and_counts_after_their_hour(
    engine: sa.Engine, services: Services, kim: User, clock: MovableClock
) -> None:
    issued(services, kim)
    outcome(lambda: services.verification_codes.prove(account(kim), RESET_PASSWORD, "nothing"))

    clock.advance(3599)
    services.upkeep.prune()
    assert (rows(engine, "authz_verification_codes"), rows(engine, "authz_hourly_counts")) == (1, 1)
    clock.advance(1)
    services.upkeep.prune()
    assert (rows(engine, "authz_verification_codes"), rows(engine, "authz_hourly_counts")) == (1, 0)
    clock.advance(86_400)
    services.upkeep.prune()
    assert rows(engine, "authz_verification_codes") == 0
