"""Password hashes: Argon2id, so many at a time, at the same price for everybody."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import argon2
import pytest
from argon2.exceptions import VerificationError

from app_client_authz.crypto import hashing
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.domain.errors import ConfigurationError, InvalidPassword, TooManyRequests, Unavailable

PASSWORD = "correct Horse 7 battery"


def cheap(*, slots: int | None = 2, wait_seconds: float = 2.0, memory_kib: int = 64) -> PasswordHasher:
    return PasswordHasher(memory_kib=memory_kib, time_cost=1, slots=slots, wait_seconds=wait_seconds)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stored hashes that argon2 was made to compute against, in order."""
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def watched(self: argon2.PasswordHasher, stored: str, password: bytes) -> bool:
        seen.append(stored)
        return verify(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    return seen


def parameters_of(stored: str) -> tuple[int, int, int]:
    found = argon2.extract_parameters(stored)
    assert found.type is argon2.Type.ID
    return found.memory_cost, found.time_cost, found.parallelism


def test_a_password_matches_its_own_hash_only() -> None:
    hasher = cheap()
    stored = hasher.hash(PASSWORD)
    assert hasher.verify(stored, PASSWORD)
    assert not hasher.verify(stored, PASSWORD + " ")
    assert not hasher.verify(stored, "")
    assert PASSWORD not in stored


def test_the_default_is_argon2id_with_19_mib_two_passes_and_one_lane() -> None:
    assert parameters_of(PasswordHasher().hash(PASSWORD)) == (19456, 2, 1)


def test_the_same_password_is_hashed_with_a_new_salt_each_time() -> None:
    hasher = cheap()
    assert hasher.hash(PASSWORD) != hasher.hash(PASSWORD)


@pytest.mark.attack("R15")
@pytest.mark.parametrize("stored", [None, "", "!", "$argon2id$v=19$m=64,t=1,p=1$short$x"])
def test_without_a_usable_hash_the_answer_is_no_after_the_work_of_one(stored: str | None, work: list[str]) -> None:
    hasher = cheap()
    assert hasher.verify(stored, PASSWORD) is False
    assert [parameters_of(computed) for computed in work] == [(64, 1, 1)]


@pytest.mark.attack("R15")
def test_the_dummy_is_made_once_and_before_the_first_answer_whoever_asks(
    work: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = cheap().hash(PASSWORD)
    made: list[bytes] = []
    make = argon2.PasswordHasher.hash

    def watched(self: argon2.PasswordHasher, password: bytes) -> str:
        made.append(password)
        return make(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", watched)
    hasher = cheap()
    hasher.verify(stored, PASSWORD)
    assert len(made) == 1
    hasher.verify(None, PASSWORD)
    hasher.verify(None, PASSWORD)
    assert len(made) == 1
    assert work[0] == stored
    assert work[1] == work[2] != stored


@pytest.mark.attack("R15")
@pytest.mark.parametrize("password", [PASSWORD, "", "x" * 1000])
def test_without_a_stored_hash_the_work_is_that_of_a_neighbours_hash(password: str, work: list[str]) -> None:
    """Hashes from before a change of the parameters cost something else than today's."""
    hasher = cheap(memory_kib=64)
    neighbours = PasswordHasher(memory_kib=128, time_cost=3, parallelism=2).hash(PASSWORD)
    assert hasher.verify(None, password, like=neighbours) is False
    assert [parameters_of(computed) for computed in work] == [(128, 3, 2)]


@pytest.mark.attack("R15")
def test_an_overlong_password_costs_what_its_users_hash_costs(work: list[str]) -> None:
    stored = cheap(memory_kib=128).hash(PASSWORD)
    assert cheap(memory_kib=64).verify(stored, "x" * 1000) is False
    assert [parameters_of(computed) for computed in work] == [(128, 1, 1)]


@pytest.mark.attack("R15")
def test_the_work_of_a_neighbours_hash_is_done_once_and_nothing_is_hashed_beside_it(
    work: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher = cheap(memory_kib=64)
    neighbours = cheap(memory_kib=128).hash(PASSWORD)
    stored = hasher.hash(PASSWORD)
    made: list[bytes] = []
    make = argon2.PasswordHasher.hash

    def watched(self: argon2.PasswordHasher, password: bytes) -> str:
        made.append(password)
        return make(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", watched)
    hasher.verify(None, PASSWORD, like=neighbours)
    hasher.verify(stored, PASSWORD, like=neighbours)
    assert made == []
    assert [parameters_of(computed) for computed in work] == [(128, 1, 1), (64, 1, 1)]


@pytest.mark.attack("R22")
@pytest.mark.parametrize(
    "like",
    ["", "!", "pbkdf2:sha256:1$x$y", "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHQ"],
)
def test_a_neighbour_whose_hash_is_broken_or_absurd_costs_a_hash_of_today(like: str, work: list[str]) -> None:
    assert cheap().verify(None, PASSWORD, like=like) is False
    assert [parameters_of(computed) for computed in work] == [(64, 1, 1)]


@pytest.mark.attack("R15")
def test_a_right_password_of_the_neighbour_opens_nothing() -> None:
    hasher = cheap()
    assert hasher.verify(None, PASSWORD, like=hasher.hash(PASSWORD)) is False


@pytest.mark.attack("R14")
def test_a_check_that_argon2_cannot_do_is_no_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = cheap(slots=1, wait_seconds=0.02)
    stored = hasher.hash(PASSWORD)

    def exhausted(*_: object) -> bool:
        raise VerificationError("Memory allocation error")

    with monkeypatch.context() as patch:
        patch.setattr(argon2.PasswordHasher, "verify", exhausted)
        for given in (stored, None):
            with pytest.raises(Unavailable):
                hasher.verify(given, PASSWORD)
    assert hasher.verify(stored, PASSWORD)


@pytest.mark.attack("R22")
@pytest.mark.parametrize(
    "parameters",
    ["m=4194304,t=1,p=1", "m=64,t=99,p=1", "m=1024,t=1,p=99", "m=8,t=1,p=4", "m=0,t=0,p=0", "m=99999999,t=1,p=1"],
)
def test_a_stored_hash_with_absurd_parameters_is_never_computed(parameters: str, work: list[str]) -> None:
    hasher = cheap()
    salt_and_hash = hasher.hash(PASSWORD).split("$", 4)[4]
    assert not hasher.verify(f"$argon2id$v=19${parameters}${salt_and_hash}", PASSWORD)
    assert [parameters_of(computed) for computed in work] == [(64, 1, 1)]


@pytest.mark.parametrize("variant", [argon2.Type.I, argon2.Type.D])
def test_a_hash_of_another_argon2_variant_is_refused(variant: argon2.Type) -> None:
    stored = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, type=variant).hash(PASSWORD)
    assert not cheap().verify(stored, PASSWORD)


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "broken",
    [
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$",
        "$argon2id$v=18$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
        "$argon2id$v=19$m=٦٤,t=1,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
        "pbkdf2:sha256:1$x$y",
        "\ud800",
        "x" * 100_000,
    ],
)
def test_a_broken_stored_hash_is_no_match_and_wants_rehashing(broken: str) -> None:
    hasher = cheap()
    assert hasher.verify(broken, PASSWORD) is False
    assert hasher.needs_rehash(broken) is (not broken.startswith("$argon2id$v=19$m=64,t=1,p=1$AAAA"))


@pytest.mark.attack("R22")
def test_an_overlong_password_is_refused_without_being_cut_to_a_good_one(work: list[str]) -> None:
    hasher = cheap()
    longest = "ü" * hashing.MAX_PASSWORD_CHARACTERS
    stored = hasher.hash(longest)
    assert hasher.verify(stored, longest)
    assert not hasher.verify(stored, longest + "x")
    assert len(work) == 2
    with pytest.raises(InvalidPassword):
        hasher.hash(longest + "x")


@pytest.mark.attack("R19")
@pytest.mark.parametrize("password", ["\x00", "\ud800", "", "пароль"])
def test_strange_passwords_are_hashed_like_others(password: str) -> None:
    hasher = cheap()
    assert hasher.verify(hasher.hash(password), password)
    assert not hasher.verify(hasher.hash(password), password + "\x00")


def test_a_hash_of_other_parameters_verifies_and_wants_rehashing() -> None:
    before, after = cheap(memory_kib=64), cheap(memory_kib=128)
    stored = before.hash(PASSWORD)
    assert after.verify(stored, PASSWORD)
    assert after.needs_rehash(stored)
    assert not before.needs_rehash(stored)
    assert not after.needs_rehash(after.hash(PASSWORD))


@pytest.mark.parametrize(
    "parameters",
    [
        {"memory_kib": 7},
        {"memory_kib": 15, "parallelism": 2},
        {"memory_kib": hashing.MAX_MEMORY_KIB + 1},
        {"time_cost": 0},
        {"time_cost": 17},
        {"parallelism": 0},
        {"parallelism": 17},
    ],
)
def test_parameters_out_of_bounds_stop_the_start(parameters: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        PasswordHasher(**parameters)


# --- slots ------------------------------------------------------------------------------------


@contextmanager
def all_slots_taken(monkeypatch: pytest.MonkeyPatch, hasher: PasswordHasher, slots: int) -> Iterator[threading.Event]:
    """As many verifications as there are slots, held inside argon2 until the event is set."""
    release, inside = threading.Event(), threading.Barrier(slots + 1)
    verify = argon2.PasswordHasher.verify

    def held(self: argon2.PasswordHasher, stored: str, password: bytes) -> bool:
        inside.wait(10)
        release.wait(10)
        return verify(self, stored, password)

    hasher.hash(PASSWORD)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", held)
    threads = [threading.Thread(target=hasher.verify, args=(None, PASSWORD)) for _ in range(slots)]
    for thread in threads:
        thread.start()
    inside.wait(10)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    try:
        yield release
    finally:
        release.set()
        for thread in threads:
            thread.join(10)


@pytest.mark.attack("R22")
def test_who_finds_no_slot_in_time_is_turned_away_and_later_served(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = cheap(slots=2, wait_seconds=0.02)
    with all_slots_taken(monkeypatch, hasher, 2):
        with pytest.raises(TooManyRequests, match="Rate exceeded"):
            hasher.verify(None, PASSWORD)
        with pytest.raises(TooManyRequests):
            hasher.hash(PASSWORD)
    assert hasher.verify(hasher.hash(PASSWORD), PASSWORD)


def test_who_waits_gets_the_slot_that_becomes_free(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher, answers = cheap(slots=1, wait_seconds=10), []
    with all_slots_taken(monkeypatch, hasher, 1) as release:
        waiting = threading.Thread(target=lambda: answers.append(hasher.verify(None, PASSWORD)))
        waiting.start()
        release.set()
        waiting.join(10)
    assert answers == [False]


def test_a_slot_is_free_again_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = cheap(slots=1, wait_seconds=0.02)
    for _ in range(3):
        assert not hasher.verify("broken", PASSWORD)
        assert not hasher.verify(hasher.hash(PASSWORD), "wrong")


@pytest.mark.attack("R24")
def test_threads_that_share_a_hasher_each_get_their_own_answer() -> None:
    hasher, wrong = cheap(slots=2), []

    def work(password: str) -> None:
        for _ in range(20):
            stored = hasher.hash(password)
            if not hasher.verify(stored, password) or hasher.verify(stored, password + "x"):
                wrong.append(password)

    threads = [threading.Thread(target=work, args=(password,)) for password in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.fixture
def at_work(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The threads in which argon2 computed."""
    seen: set[int] = set()
    verify = argon2.PasswordHasher.verify

    def watched(self: argon2.PasswordHasher, stored: str, password: bytes) -> bool:
        seen.add(threading.get_ident())
        return verify(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    return seen


def test_hashes_of_all_requests_are_made_in_as_many_threads_as_there_are_slots(at_work: set[int]) -> None:
    """What a thread allocated stays with it: memory is that of the slots, and not of the requests."""
    hasher = cheap(slots=2, wait_seconds=60)
    stored = hasher.hash(PASSWORD)
    with ThreadPoolExecutor(16) as requests:
        answers = list(requests.map(lambda _: hasher.verify(stored, PASSWORD), range(64)))

    assert all(answers)
    assert len(at_work) <= 2
    assert threading.get_ident() not in at_work


def test_a_child_of_a_process_that_has_hashed_makes_threads_of_its_own(
    at_work: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a fork, those of the parent are not there: whoever waited for them would wait for ever."""
    hasher = cheap(slots=1)
    stored = hasher.hash(PASSWORD)
    assert hasher.verify(stored, PASSWORD)
    parents, child = set(at_work), os.getpid() + 1
    before = hasher._executor()
    monkeypatch.setattr(os, "getpid", lambda: child)

    assert hasher.verify(stored, PASSWORD)

    assert hasher._executor() is not before
    assert at_work > parents


def test_a_process_that_serves_tokens_never_imports_argon2() -> None:
    program = (
        "import sys; from app_client_authz.crypto import digests, hashing, jwts, sealing;"
        "hashing.PasswordHasher(); sys.exit('argon2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
