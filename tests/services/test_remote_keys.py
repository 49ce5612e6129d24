"""Keys of another issuer: when they are looked up, and with what the process goes on when they cannot be (R20)."""

import threading
from collections.abc import Callable

import pytest

from app_client_authz.crypto import jwts
from app_client_authz.domain.errors import Unavailable
from app_client_authz.services.remote_keys import FRESH_SECONDS, PAUSE_SECONDS, STALE_SECONDS, RemoteKeys
from tests.resource.cognito import Cognito
from tests.support.clock import MovableClock

PLACE = "https://keys.example/jwks.json"
NOBODYS = "A" * 43 + "="


class Publisher:
    """Counts how often it is asked; ``up`` False: it does not answer."""

    def __init__(self) -> None:
        self.cognito = Cognito()
        self.asked = 0
        self.up = True
        self.while_asked: Callable[[], object] = lambda: None

    def __call__(self, place: str) -> bytes:
        assert place == PLACE
        self.asked += 1
        self.while_asked()
        if not self.up:
            raise Unavailable(detail="status 503")
        return self.cognito.jwks

    @property
    def kid(self) -> str:
        return jwts.read(self.cognito.access_token()).kid or ""


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def keys(publisher: Publisher, clock: MovableClock) -> RemoteKeys:
    return RemoteKeys(PLACE, publisher, clock)


def test_keys_are_looked_up_once_when_the_first_token_comes(keys: RemoteKeys, publisher: Publisher) -> None:
    assert publisher.asked == 0
    for _ in range(5):
        assert publisher.kid in keys.for_kid(publisher.kid)
    assert publisher.asked == 1


def test_keys_that_tokens_make_up_cost_one_look_in_ten_seconds(
    keys: RemoteKeys, publisher: Publisher, clock: MovableClock
) -> None:
    keys.for_kid(publisher.kid)
    for _ in range(20):
        assert NOBODYS not in keys.for_kid(NOBODYS)
    assert publisher.asked == 1
    clock.advance(PAUSE_SECONDS)
    for _ in range(20):
        assert publisher.kid in keys.for_kid(NOBODYS)
    assert publisher.asked == 2


def test_withdrawn_key_is_gone_after_an_hour_without_being_asked_for(
    keys: RemoteKeys, publisher: Publisher, clock: MovableClock
) -> None:
    old = publisher.kid
    keys.for_kid(old)
    publisher.cognito.rotate()
    clock.advance(FRESH_SECONDS - 1)
    assert old in keys.for_kid(old)
    clock.advance(1)

    assert old not in keys.for_kid(old)


@pytest.mark.parametrize("answer", [None, b"", b"[]", b'{"keys":[]}'])
def test_last_keys_go_on_for_a_day_when_there_are_no_new_ones(
    keys: RemoteKeys, publisher: Publisher, clock: MovableClock, answer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.for_kid(publisher.kid)
    publisher.up = answer is not None
    monkeypatch.setattr(Cognito, "jwks", answer)
    clock.advance(STALE_SECONDS - 1)
    assert publisher.kid in keys.for_kid(publisher.kid)
    clock.advance(1)

    with pytest.raises(Unavailable):
        keys.for_kid(publisher.kid)


def test_publisher_that_is_down_is_asked_again_after_ten_seconds(
    keys: RemoteKeys, publisher: Publisher, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    publisher.up = False
    for _ in range(10):
        with pytest.raises(Unavailable):
            keys.for_kid(publisher.kid)
    assert publisher.asked == 1
    assert "status 503" in caplog.text
    publisher.up = True
    clock.advance(PAUSE_SECONDS)

    assert publisher.kid in keys.for_kid(publisher.kid)


def test_nobody_waits_for_a_look_while_keys_are_known(
    keys: RemoteKeys, publisher: Publisher, clock: MovableClock
) -> None:
    keys.for_kid(publisher.kid)
    clock.advance(FRESH_SECONDS)
    looking, go_on = threading.Event(), threading.Event()
    publisher.while_asked = lambda: (looking.set(), go_on.wait(10))
    slow = threading.Thread(target=keys.for_kid, args=(publisher.kid,))
    slow.start()
    assert looking.wait(10)

    assert publisher.kid in keys.for_kid(publisher.kid)
    assert NOBODYS not in keys.for_kid(NOBODYS)

    go_on.set()
    slow.join()
    assert publisher.asked == 2


def test_all_wait_for_the_first_look_and_share_it(keys: RemoteKeys, publisher: Publisher) -> None:
    began = threading.Barrier(8)
    found: list[bool] = []

    def ask() -> None:
        began.wait(10)
        found.append(publisher.kid in keys.for_kid(publisher.kid))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [True] * 8
    assert publisher.asked == 1
