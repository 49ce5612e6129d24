"""Devices on both databases: what must happen once, what a page costs nothing, what is sealed (api.md 4.26)."""

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.domain import device
from app_client_authz.domain.device import DeviceVerifier
from app_client_authz.domain.errors import (
    DeviceKeyExists,
    InvalidParameter,
    NotAuthorized,
    RefreshTokenOfAnotherDevice,
    ResourceNotFound,
    UserDisabled,
)
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.pool_settings import DeviceConfiguration
from app_client_authz.domain.registration import Registration
from app_client_authz.services.audit import security_event
from app_client_authz.services.devices import Devices
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.sign_ins import Answer, Challenge, Request
from tests.services.test_races import at_once
from tests.services.world import BASE, PASSWORD, SEALING_KEY, World, claims, rows, services_over, world_over
from tests.support.clock import MovableClock
from tests.support.devices import PhysicalDevice

VERIFIER = DeviceVerifier(b"salt of 16 bytes", 2**3000 + 1)
THREADS, ROUNDS = 8, 3


@dataclass
class Tracking:
    """A world whose pool tracks devices."""

    world: World
    client: Registration

    @property
    def devices(self) -> Devices:
        return self.world.services.devices

    def sign_in(self, name: str = "kim") -> tuple[TokenSet, str]:
        """Tokens, and the key of the new device that they were given to."""
        request = Request(self.client, str(uuid.uuid4()), BASE)
        parameters = {"USERNAME": name, "PASSWORD": PASSWORD}
        given = self.world.services.sign_ins.initiate(request, "USER_PASSWORD_AUTH", parameters, by_admin=False)
        assert isinstance(given, TokenSet)
        assert given.new_device is not None
        return given, given.new_device.key

    def confirm(self, tokens: TokenSet, key: str, verifier: DeviceVerifier | None = VERIFIER) -> bool:
        return self.devices.confirm(tokens.access_token, BASE, key, verifier)

    def confirmed(self) -> tuple[TokenSet, str]:
        tokens, key = self.sign_in()
        self.confirm(tokens, key)
        return tokens, key

    def refresh(self, tokens: TokenSet, key: str) -> TokenSet:
        return self.world.services.tokens.refresh(self.client, tokens.refresh_token or "", BASE, device_key=key)


@pytest.fixture
def tracking(engine: sa.Engine, clock: MovableClock) -> Tracking:
    world = world_over(engine, clock, spec=PoolSpec(name="customers", devices=DeviceConfiguration()))
    world.user("kim")
    flows = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    return Tracking(world, world.client(generate_secret=False, explicit_auth_flows=flows))


@pytest.mark.attack("R24")
def test_one_of_eight_who_confirm_a_device_at_once_does(tracking: Tracking, engine: sa.Engine) -> None:
    for turn in range(ROUNDS):
        tokens, key = tracking.sign_in()
        hands: list[Callable[[], bool]] = [lambda tokens=tokens, key=key: tracking.confirm(tokens, key)] * THREADS

        outcomes = at_once(hands)

        assert outcomes.count(False) == 1
        assert sum(isinstance(each, DeviceKeyExists) for each in outcomes) == THREADS - 1
        assert rows(engine, "authz_devices") == turn + 1


@pytest.mark.attack("R24")
def test_device_that_is_confirmed_and_forgotten_at_once_is_one_of_both(tracking: Tracking, engine: sa.Engine) -> None:
    for _ in range(ROUNDS):
        tokens, key = tracking.confirmed()
        other, _ = tracking.sign_in()
        owner = tracking.devices.holder(other.access_token, BASE)

        outcomes = at_once(
            [
                lambda tokens=tokens, key=key: tracking.confirm(tokens, key),
                lambda key=key, owner=owner: tracking.devices.forget(owner, key),
                lambda key=key, owner=owner: tracking.devices.forget(owner, key),
            ]
        )

        assert isinstance(outcomes[0], DeviceKeyExists | InvalidParameter)
        assert sum(isinstance(each, ResourceNotFound) for each in outcomes) == 1
        assert rows(engine, "authz_devices") == 0
        with pytest.raises(RefreshTokenOfAnotherDevice):
            tracking.refresh(tokens, key)


@pytest.mark.attack("R18")
def test_device_changes_in_no_hands_whose_token_ended_meanwhile(tracking: Tracking) -> None:
    users, pool_id = tracking.world.services.users, tracking.world.pool.id
    tokens, key = tracking.confirmed()
    owner = tracking.devices.holder(tokens.access_token, BASE)

    users.sign_out(pool_id, "kim")

    with pytest.raises(NotAuthorized, match="revoked"):
        tracking.devices.forget(owner, key)
    users.disable(pool_id, "kim")
    with pytest.raises(UserDisabled):
        tracking.devices.set_remembered(owner, key, remembered=False)
    assert tracking.devices.get(tracking.devices.user(pool_id, "kim"), key).remembered


@pytest.mark.attack("R16")
def test_token_of_a_client_without_revocation_confirms_its_own_device_once_and_no_other(
    tracking: Tracking, clock: MovableClock
) -> None:
    flows = ("ALLOW_USER_PASSWORD_AUTH",)
    untraced = tracking.world.client(generate_secret=False, explicit_auth_flows=flows, enable_token_revocation=False)
    another = Tracking(tracking.world, untraced)
    clock.advance(1)
    tokens, key = another.sign_in()
    _, foreign = another.sign_in()
    assert "origin_jti" not in claims(tokens.access_token)

    with pytest.raises(InvalidParameter, match=r"^Invalid device key given\.$"):
        another.confirm(tokens, foreign)
    assert another.confirm(tokens, key) is False

    tracking.devices.forget(tracking.devices.user(tracking.world.pool.id, "kim"), key)
    with pytest.raises(InvalidParameter, match=r"^Invalid device key given\.$"):
        another.confirm(tokens, key)


def test_verifier_is_sealed_for_its_row_and_resealed(
    tracking: Tracking, engine: sa.Engine, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app_client_authz.services.upkeep.BATCH", 2)
    confirmed = [tracking.confirmed() for _ in range(3)]
    tracking.confirm(*tracking.sign_in(), verifier=None)
    sub = claims(confirmed[0][0].access_token)["sub"]

    def stored() -> dict[str, str]:
        with engine.connect() as connection:
            found = connection.execute(sa.text("SELECT id, sealed_verifier FROM authz_devices")).all()
        return {bytes(row.id).hex(): row.sealed_verifier for row in found if row.sealed_verifier}

    before = stored()
    assert len(before) == 3
    assert all(base64.b64encode(VERIFIER.salt).decode() not in sealed for sealed in before.values())
    new = "another sealing key of the tests, also long"
    both = services_over(engine, clock, sealing_keys=(new, SEALING_KEY))
    assert (
        both.upkeep.reseal() == 2 + 3
    )  # private keys, devices; no client allows SRP, which seals passwords' verifiers
    assert both.upkeep.reseal() == 0
    after = stored()
    assert all(before[each] != after[each] for each in before)
    alone = services_over(engine, clock, sealing_keys=(new,))
    for _, key in confirmed:
        device_id = key.partition("_")[2]
        opened = alone.devices._units.read(lambda unit, device_id=device_id: unit.devices.verifier(sub, device_id))
        assert opened == VERIFIER


def test_page_goes_on_where_the_last_one_ended(tracking: Tracking) -> None:
    keys = sorted(tracking.confirmed()[1] for _ in range(5))
    owner = tracking.devices.user(tracking.world.pool.id, "kim")
    tracking.devices.set_remembered(owner, keys[1], remembered=False)

    def pages(who: str | None) -> list[list[str]]:
        asked = owner if who is None else tracking.devices.holder(who, BASE)
        found, after = [], ""
        while page := tracking.devices.page(asked, after=after, limit=2):
            found.append([f"us-east-1_{each.id}" for each in page])
            after = page[-1].id
        return found

    assert pages(None) == [keys[:2], keys[2:4], keys[4:]]
    token, _ = tracking.sign_in()
    assert pages(token.access_token) == [[keys[0], keys[2]], keys[3:]]


def test_device_of_another_pool_with_the_same_key_is_another_device(tracking: Tracking) -> None:
    services = tracking.world.services
    _, key = tracking.confirmed()
    spec = PoolSpec(name="others", devices=DeviceConfiguration())
    other = World(services, tracking.world.clock, services.pools.create(spec))
    other.user("kim")

    with pytest.raises(ResourceNotFound, match=r"^Device does not exist\.$"):
        services.devices.get(services.devices.user(other.pool.id, "kim"), key)


def test_events_tell_what_became_of_a_device(tracking: Tracking) -> None:
    heard: list[tuple[str, object]] = []

    def listen(_sender: object, *, event: str, **ids: object) -> None:
        if event.startswith("device"):
            heard.append((event, ids.get("device_key")))

    with security_event.connected_to(listen):
        tokens, key = tracking.confirmed()
        owner = tracking.devices.holder(tokens.access_token, BASE)
        tracking.devices.set_remembered(owner, key, remembered=False)
        tracking.devices.set_remembered(owner, key, remembered=True)
        tracking.devices.set_remembered(owner, key, None)
        tracking.devices.forget(owner, key)

    names = ("device_confirmed", "device_not_remembered", "device_remembered", "device_forgotten")
    assert heard == [(name, key) for name in names]


# --- sign-in with a device ------------------------------------------------------------------------


@pytest.fixture
def standing_in(tracking: Tracking) -> Tracking:
    """Devices of this world stand in for second factors."""
    stands_in = DeviceConfiguration(challenge_required_on_new_device=True)
    tracking.world.services.pools.replace(tracking.world.pool.id, PoolSpec(name="customers", devices=stands_in))
    return Tracking(tracking.world, tracking.world.registration(tracking.client.client.client_id))


@pytest.mark.attack("R24")
def test_one_of_eight_who_present_the_proof_of_a_device_at_once_signs_in(standing_in: Tracking) -> None:
    world, sign_ins = standing_in.world, standing_in.world.services.sign_ins
    tokens, key = standing_in.sign_in()
    metadata = {"DeviceKey": key, "DeviceGroupKey": device.group_key(world.pool.id, claims(tokens.access_token)["sub"])}
    phone = PhysicalDevice(metadata)
    config = phone.config
    standing_in.confirm(tokens, key, device.verifier_from(config["PasswordVerifier"], config["Salt"]))
    request = Request(standing_in.client, str(uuid.uuid4()), BASE)
    for _ in range(ROUNDS):
        begun = {"USERNAME": "kim", "PASSWORD": PASSWORD, "DEVICE_KEY": key}
        sign_ins.initiate(request, "USER_PASSWORD_AUTH", begun, by_admin=False)
        user = phone.srp()
        asked = {"USERNAME": "kim", "DEVICE_KEY": key, "SRP_A": user.a}
        challenge = sign_ins.respond(request, "DEVICE_SRP_AUTH", None, asked)
        assert isinstance(challenge, Challenge)
        responses = user.responses(challenge.parameters, now=world.clock(), DEVICE_KEY=key)

        def present(responses: dict[str, str] = responses) -> Answer:
            return sign_ins.respond(request, "DEVICE_PASSWORD_VERIFIER", None, responses)

        hands: list[Callable[[], Answer]] = [present] * THREADS
        outcomes = at_once(hands)

        assert [type(each) for each in outcomes].count(TokenSet) == 1
        refused = [each for each in outcomes if not isinstance(each, TokenSet)]
        assert all(isinstance(each, NotAuthorized) for each in refused), refused
        world.clock.advance(3600)


@pytest.mark.attack("R18")
def test_device_that_is_forgotten_while_its_user_signs_in_gets_no_tokens(
    tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = tracking.world
    _, key = tracking.confirmed()
    owner = tracking.devices.user(world.pool.id, "kim")
    tracking.devices.set_remembered(owner, key, remembered=False)
    tokens, sign_in = world.services.tokens, world.services.tokens.sign_in

    def forgotten_first(*arguments: Any, **named: Any) -> TokenSet:
        tracking.devices.forget(owner, key)
        return sign_in(*arguments, **named)

    monkeypatch.setattr(tokens, "sign_in", forgotten_first)
    parameters = {"USERNAME": "kim", "PASSWORD": PASSWORD, "DEVICE_KEY": key}
    request = Request(tracking.client, str(uuid.uuid4()), BASE)

    with pytest.raises(ResourceNotFound, match=r"^Device does not exist\.$"):
        world.services.sign_ins.initiate(request, "USER_PASSWORD_AUTH", parameters, by_admin=False)
