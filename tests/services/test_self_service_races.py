"""What an administrator decides while a user's own request is under way, and limits that nobody talks away."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from app_client_authz.crypto import digests
from app_client_authz.domain.errors import (
    ChallengeExpired,
    CodeMismatch,
    ConcurrentModification,
    LimitExceeded,
    NotAuthorized,
    UserDisabled,
)
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import UserStatus
from app_client_authz.services.authentication import NewPasswordRequired
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.stored_users import store
from tests.services.world import BASE, PASSWORD, World
from tests.support.members import Member, WritableMembers

FRESH = "Fresh-passw0rd!"
FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")


def token_of(world: World, name: str = "kim") -> str:
    """An access token of the API."""
    return tokens_of(world, world.client(explicit_auth_flows=FLOWS), name).access_token


def tokens_of(world: World, registration: Registration, name: str = "kim") -> TokenSet:
    user = world.sign_in(registration, name)
    return world.services.tokens.sign_in(registration, user, digests.random_uuid(), BASE)


def meanwhile(monkeypatch: pytest.MonkeyPatch, world: World, act: Callable[[], Any]) -> None:
    """``act`` happens while the next new password is hashed."""
    passwords = world.services.own_account._new_passwords
    hash_password = passwords.hash

    def hash_and_act(*arguments: Any, **named: Any) -> Any:
        hashed = hash_password(*arguments, **named)
        monkeypatch.setattr(passwords, "hash", hash_password)
        act()
        return hashed

    monkeypatch.setattr(passwords, "hash", hash_and_act)


@pytest.mark.parametrize(
    "decide, refusal",
    [
        ("disable", UserDisabled),
        ("sign_out", NotAuthorized),
    ],
)
def test_password_change_loses_to_the_administrator(
    world: World, monkeypatch: pytest.MonkeyPatch, decide: str, refusal: type[Exception]
) -> None:
    world.user()
    token = token_of(world)
    meanwhile(monkeypatch, world, lambda: getattr(world.services.users, decide)(world.pool.id, "kim"))

    with pytest.raises(refusal):
        world.services.own_account.change_password(token, BASE, PASSWORD, FRESH)

    world.services.users.enable(world.pool.id, "kim")
    assert world.sign_in(world.client()).username == "kim"


@pytest.mark.attack("R18")
@pytest.mark.parametrize("ends", ["its session", "its client, where it names no session", "all from before a restore"])
def test_password_change_loses_to_the_end_of_its_token(
    world: World, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    world.user()
    names_session = "no session" not in ends
    registration = world.client(explicit_auth_flows=FLOWS, enable_token_revocation=names_session)
    tokens = tokens_of(world, registration)
    world.clock.advance(1)

    def end() -> None:
        if ends == "its session":
            world.services.revocation.revoke(registration, tokens.refresh_token or "", BASE)
        elif names_session:
            world.services.pools.forget_sessions(world.pool.id)
        else:
            world.services.app_clients.delete(world.pool.id, registration.client.client_id)

    meanwhile(monkeypatch, world, end)

    with pytest.raises(NotAuthorized, match="revoked"):
        world.services.own_account.change_password(tokens.access_token, BASE, PASSWORD, FRESH)

    assert world.sign_in(world.client()).username == "kim"


@pytest.mark.attack("R18")
@pytest.mark.parametrize("names_session", [True, False])
def test_end_of_a_token_waits_for_what_it_is_writing(
    world: World, monkeypatch: pytest.MonkeyPatch, names_session: bool
) -> None:
    """Once the end is answered, nothing is written any more."""
    world.user()
    registration = world.client(explicit_auth_flows=FLOWS, enable_token_revocation=names_session)
    tokens = tokens_of(world, registration)

    def end() -> None:
        if names_session:
            world.services.revocation.revoke(registration, tokens.refresh_token or "", BASE)
        else:
            world.services.app_clients.delete(world.pool.id, registration.client.client_id)

    with ThreadPoolExecutor(1) as elsewhere:
        ending: list[Future[None]] = []

        def store_slowly(*arguments: Any) -> Any:
            ending.append(elsewhere.submit(end))
            with pytest.raises(TimeoutError):
                ending[0].result(timeout=0.2)
            return store(*arguments)

        monkeypatch.setattr("app_client_authz.services.own_attributes.store", store_slowly)
        world.services.own_attributes.update(tokens.access_token, BASE, {"name": "Kim"})
        ending[0].result(timeout=5)

    assert world.services.users.describe(world.pool.id, "kim").attributes["name"] == "Kim"


@pytest.mark.attack("R18")
@pytest.mark.parametrize("operation", ["delete", "sign_out"])
def test_token_that_ended_meanwhile_neither_deletes_nor_signs_out_its_user(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    world.user()
    registration = world.client(explicit_auth_flows=FLOWS)
    stolen, tokens = tokens_of(world, registration), tokens_of(world, registration)
    change = world.services.users._change

    def revoked_first(*arguments: Any) -> Any:
        world.services.revocation.revoke(registration, stolen.refresh_token or "", BASE)
        return change(*arguments)

    monkeypatch.setattr(world.services.users, "_change", revoked_first)

    with pytest.raises(NotAuthorized, match="revoked"):
        getattr(world.services.own_account, operation)(stolen.access_token, BASE)

    assert world.refresh(registration, tokens)


def test_password_change_does_not_undo_a_required_reset(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.user(email_verified="true")
    token = token_of(world)
    meanwhile(monkeypatch, world, lambda: world.services.recovery.require_reset(world.pool.id, "kim"))

    with pytest.raises(NotAuthorized):
        world.services.own_account.change_password(token, BASE, PASSWORD, FRESH)

    assert world.services.users.describe(world.pool.id, "kim").status == UserStatus.RESET_REQUIRED


@pytest.mark.parametrize("decide", ["set_password", "sign_out", "disable"])
def test_no_tokens_for_a_proof_that_was_overtaken(world: World, clock: Any, decide: str) -> None:
    world.user()
    registration = world.client(explicit_auth_flows=FLOWS)
    proved = world.sign_in(registration)
    clock.advance(1)
    users, pool_id = world.services.users, world.pool.id
    if decide == "set_password":
        users.set_password(pool_id, "kim", FRESH, permanent=True)
    else:
        getattr(users, decide)(pool_id, "kim")

    with pytest.raises(NotAuthorized):
        world.services.tokens.sign_in(registration, proved, digests.random_uuid(), BASE)


def test_temporary_password_becomes_no_other_than_by_signing_in(world: World) -> None:
    world.user()
    token = token_of(world)
    world.services.users.set_password(world.pool.id, "kim", FRESH, permanent=False)

    with pytest.raises(NotAuthorized):
        world.services.own_account.change_password(token, BASE, FRESH, PASSWORD)


@pytest.mark.attack("R17")
def test_step_that_began_at_the_pages_ends_at_the_pages(world: World) -> None:
    world.user()
    world.services.users.set_password(world.pool.id, "kim", FRESH, permanent=False)
    registration = world.client(explicit_auth_flows=("ALLOW_REFRESH_TOKEN_AUTH",))
    authentication = world.services.authentication
    pending = authentication.sign_in(registration, "kim", FRESH, session_seconds=180)
    assert isinstance(pending, NewPasswordRequired)

    with pytest.raises(ChallengeExpired):
        authentication.answer_new_password(registration, pending.session, PASSWORD, {}, door="api", name="kim")

    assert authentication.answer_new_password(registration, pending.session, PASSWORD, {}).username == "kim"


@pytest.fixture
def proving(world: World) -> World:
    """A pool in which new addresses are proved by a code."""
    world.services.pools.replace(world.pool.id, PoolSpec(name="customers", auto_verified_attributes=("email",)))
    world.user()
    return world


def newest_code(world: World, sub: str) -> str:
    assert world.services.outbox is not None
    return world.services.outbox.of_user(world.pool.id, sub)[0].code


@pytest.mark.attack("R14")
def test_right_code_in_between_gives_no_new_guesses(proving: World) -> None:
    own = proving.services.own_attributes
    token, sub = token_of(proving), proving.services.users.describe(proving.pool.id, "kim").sub
    guesses: list[str] = []

    def guess_in_rounds() -> None:
        for number in range(5):
            own.update(token, BASE, {"email": f"victim{number}@example.com"})
            for _ in range(14):
                with pytest.raises(CodeMismatch):
                    own.verify(token, BASE, "email", "not-it")
                guesses.append("looked at")
            own.update(token, BASE, {"email": "kim@example.com"})
            own.verify(token, BASE, "email", newest_code(proving, sub))

    with pytest.raises(LimitExceeded):
        guess_in_rounds()

    assert len(guesses) <= 15


def test_changes_of_the_address_send_five_codes_an_hour_and_the_sixth_changes_nothing(proving: World) -> None:
    own, token = proving.services.own_attributes, token_of(proving)
    for number in range(5):
        own.update(token, BASE, {"email": f"kim{number}@example.com"})

    with pytest.raises(LimitExceeded):
        own.update(token, BASE, {"email": "sixth@example.com", "name": "Kim"})

    attributes = proving.services.users.describe(proving.pool.id, "kim").attributes
    assert (attributes["email"], "name" in attributes) == ("kim4@example.com", False)


def test_codes_from_before_a_restore_prove_nothing(proving: World) -> None:
    own, token = proving.services.own_attributes, token_of(proving)
    sub = proving.services.users.describe(proving.pool.id, "kim").sub
    own.update(token, BASE, {"email": "new@example.com"})

    proving.services.pools.forget_sessions(proving.pool.id)

    with proving.services.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM authz_verification_codes").scalar() == 0
    assert newest_code(proving, sub)


# --- users of a directory -------------------------------------------------------------------------


@pytest.fixture
def members() -> WritableMembers:
    """kim, in a directory of the host."""
    return WritableMembers(Member("7", "kim"))


@pytest.fixture
def hosting(world: World, members: WritableMembers) -> World:
    world.services.directory_calls.own.register(members)
    return world


def after_the_check(monkeypatch: pytest.MonkeyPatch, members: WritableMembers, act: Callable[[], Any]) -> None:
    """``act`` happens when the directory has looked at the next password."""
    verify = members.verify_password

    def verify_and_act(key: str, password: str) -> bool:
        right = verify(key, password)
        monkeypatch.setattr(members, "verify_password", verify)
        act()
        return right

    monkeypatch.setattr(members, "verify_password", verify_and_act)


@pytest.mark.attack("R24")
def test_one_of_two_changes_from_one_password_counts_in_a_directory(
    hosting: World, members: WritableMembers, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, token = hosting.services.own_account.change_password, token_of(hosting)
    after_the_check(monkeypatch, members, lambda: change(token, BASE, PASSWORD, FRESH))

    with pytest.raises(ConcurrentModification):
        change(token, BASE, PASSWORD, "Sec0nd-passw0rd!")

    assert members.rows["7"].password == FRESH


@pytest.mark.attack("R24")
def test_password_that_a_directory_is_just_replacing_is_the_old_one_already(
    hosting: World, members: WritableMembers, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, token = hosting.services.own_account.change_password, token_of(hosting)
    set_password, proved, replaced = members.set_password, threading.Event(), threading.Event()

    def both_under_way() -> None:
        proved.set()
        assert replaced.wait(30)

    with ThreadPoolExecutor(1) as elsewhere:
        second: list[Future[None]] = []

        def set_slowly(key: str, password: str) -> None:
            after_the_check(monkeypatch, members, both_under_way)
            second.append(elsewhere.submit(change, token, BASE, PASSWORD, "Sec0nd-passw0rd!"))
            assert proved.wait(30)
            set_password(key, password)

        monkeypatch.setattr(members, "set_password", set_slowly)
        try:
            change(token, BASE, PASSWORD, FRESH)
        finally:
            monkeypatch.setattr(members, "set_password", set_password)
            replaced.set()
        with pytest.raises(ConcurrentModification):
            second[0].result(timeout=30)

    assert members.rows["7"].password == FRESH


@pytest.mark.attack("R18")
def test_token_that_ended_meanwhile_sets_no_password_in_a_directory(
    hosting: World, members: WritableMembers, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(hosting)
    after_the_check(monkeypatch, members, lambda: hosting.services.users.sign_out(hosting.pool.id, "kim"))

    with pytest.raises(NotAuthorized, match="revoked"):
        hosting.services.own_account.change_password(token, BASE, PASSWORD, FRESH)

    assert members.rows["7"].password == PASSWORD
