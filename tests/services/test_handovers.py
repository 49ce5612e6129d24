"""What one page hands on to the next, and who can read it."""

from dataclasses import replace

import pytest

from app_client_authz.crypto.sealing import Sealer, keys_from
from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.message import Medium
from app_client_authz.services.handovers import SECONDS, Handover, Handovers, NextPage
from tests.services.world import SEALING_KEY
from tests.support.clock import MovableClock

HANDED = Handover("kim", Medium.EMAIL, "k***@e***", "a-sub")


def client(client_id: str = "one") -> AppClient:
    return AppClient(client_id, "us-east-1_Demo00001", ClientSpec(client_name="web"), False, (), 0.0, 0.0)


@pytest.fixture
def handovers(clock: MovableClock) -> Handovers:
    return Handovers(Sealer(keys_from((SEALING_KEY,), ())), clock)


@pytest.mark.parametrize("handed", [HANDED, Handover("kim"), Handover("🐙" * 128, Medium.SMS, "+*******9934")])
def test_handover_comes_back_as_it_was(handovers: Handovers, handed: Handover) -> None:
    sealed = handovers.seal(client(), NextPage.CONFIRM, handed)

    opened = handovers.open(client(), NextPage.CONFIRM, sealed)
    assert opened is not None
    assert replace(opened, until=None) == handed
    assert len(sealed) < 3000, "a cookie has to hold it"


@pytest.mark.attack("R13")
def test_handover_is_worth_nothing_elsewhere(handovers: Handovers, clock: MovableClock) -> None:
    sealed = handovers.seal(client(), NextPage.CONFIRM, HANDED)
    others = Handovers(Sealer(keys_from(("another sealing key, 32 characters and more",), ())), clock)

    assert handovers.open(client("two"), NextPage.CONFIRM, sealed) is None
    assert handovers.open(client(), NextPage.RESET, sealed) is None
    assert others.open(client(), NextPage.CONFIRM, sealed) is None
    for changed in (None, "", "x", sealed[:-1], sealed + "x", "." * 4, "é", "\ud800"):
        assert handovers.open(client(), NextPage.CONFIRM, changed) is None


@pytest.mark.parametrize("following", list(NextPage))
def test_handover_is_over_when_its_time_is(handovers: Handovers, clock: MovableClock, following: NextPage) -> None:
    sealed = handovers.seal(client(), following, HANDED)
    clock.advance(SECONDS[following] - 1)
    opened = handovers.open(client(), following, sealed)
    assert opened is not None
    again = handovers.seal(client(), following, opened)
    clock.advance(1)

    assert handovers.open(client(), following, sealed) is None
    assert handovers.open(client(), following, again) is None, "handed on again, it lasts no longer"


@pytest.mark.attack("R11")
def test_handover_says_nothing_of_the_user(handovers: Handovers) -> None:
    assert "kim" not in repr(HANDED) + handovers.seal(client(), NextPage.CONFIRM, HANDED)
    assert "k***" not in repr(HANDED)
