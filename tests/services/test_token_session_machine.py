"""The token session as a state machine: any order of issue, refresh, revoke, sign-out and time, against a model."""

import itertools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from app_client_authz.crypto import jwts
from app_client_authz.domain.errors import (
    InvalidToken,
    RefreshTokenExpired,
    RefreshTokenReused,
    RefreshTokenRevoked,
)
from app_client_authz.services.issuer import TokenSet
from app_client_authz.storage.engine import tune_sqlite
from tests.services.world import BASE, World, claims, rotation, world_over
from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate

LIFE = 3600
STEP = 0.001


@dataclass
class Session:
    """What the model knows of a token session."""

    opened_at: float
    last_rotated_at: float | None = None
    over: bool = False


@dataclass
class Held:
    """A refresh token in somebody's hands, with the access token that came along."""

    token: str
    access_token: str
    session: Session
    superseded_at: float | None = field(default=None)


class TokenSessions(RuleBasedStateMachine):
    """Subclasses say whether the client rotates, and with how many seconds of grace."""

    grace: ClassVar[int | None]
    template: ClassVar[SqliteTemplate]
    held = Bundle("held")

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.engine = sa.create_engine(self.template.copy_to(Path(self.directory.name) / "authz.sqlite"))
        tune_sqlite(self.engine)
        sa.event.listen(self.engine, "connect", _without_waiting_for_the_disk)
        self.clock = MovableClock()
        self.world: World = world_over(self.engine, self.clock)
        members = {} if self.grace is None else rotation(self.grace)
        validity = {"refresh_token_validity": 1, "token_validity_units": _hours()}
        self.client = self.world.client(**members, **validity)
        self.world.user()
        self.sessions: list[tuple[Session, Held]] = []

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()
            self.directory.cleanup()

    # Two things never happen at the very same instant: so the order is the order of the instants.
    def _now(self) -> float:
        return self.clock.advance(STEP)

    def _keep(self, tokens: TokenSet, session: Session) -> Held:
        held = Held(str(tokens.refresh_token), tokens.access_token, session)
        self.sessions.append((session, held))
        return held

    @rule(target=held)
    def issue(self) -> Held:
        self._now()
        code = self.world.code(self.client, self.world.services.users.describe(self.world.pool.id, "kim"))
        self._now()
        session = Session(self.clock())
        return self._keep(self.world.redeem(self.client, code), session)

    @rule(target=held, one=held)
    def refresh(self, one: Held) -> object:
        now, session = self._now(), one.session
        expected = self._expected(one, now)
        if expected is not None:
            with pytest.raises(expected):
                self.world.refresh(self.client, one.token)
            session.over = session.over or expected is RefreshTokenReused
            return multiple()
        tokens = self.world.refresh(self.client, one.token)
        assert claims(tokens.access_token)["origin_jti"] == claims(one.access_token)["origin_jti"]
        if self.grace is None:
            assert tokens.refresh_token is None
            return multiple()
        if one.superseded_at is None:
            one.superseded_at = session.last_rotated_at = now
        return self._keep(tokens, session)

    def _expected(self, one: Held, now: float) -> type[Exception] | None:
        session = one.session
        if session.over:
            return RefreshTokenRevoked
        if now >= session.opened_at + LIFE:
            return RefreshTokenExpired
        if one.superseded_at is None:
            return None
        is_direct_predecessor = one.superseded_at == session.last_rotated_at
        if is_direct_predecessor and now < one.superseded_at + (self.grace or 0):
            return None
        return RefreshTokenReused

    @rule(one=held)
    def revoke(self, one: Held) -> None:
        self._now()
        self.world.services.revocation.revoke(self.client, one.token, BASE)
        one.session.over = True

    @rule()
    def sign_out_everywhere(self) -> None:
        self._now()
        self.world.services.users.sign_out(self.world.pool.id, "kim")
        for session, _ in self.sessions:
            session.over = True

    @rule(seconds=st.sampled_from([1, 5, 9.999, 10, 60, 1700]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def prune(self) -> None:
        """It must make no difference to sessions that can still be refreshed."""
        self._now()
        kept = [(session, held) for session, held in self.sessions if self.clock() < session.opened_at + LIFE]
        if len(kept) == len(self.sessions):
            self.world.services.upkeep.prune()

    @invariant()
    def access_tokens_live_as_long_as_their_session(self) -> None:
        for session, held in getattr(self, "sessions", [])[-3:]:
            expected = not session.over and self.clock() < claims(held.access_token)["exp"]
            assert self._opens_userinfo(held.access_token) is expected

    def _opens_userinfo(self, access_token: str) -> bool:
        try:
            self.world.services.profile.userinfo(access_token, BASE)
        except InvalidToken:
            return False
        return True


def _without_waiting_for_the_disk(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _hours() -> object:
    from app_client_authz.domain.client_spec import TokenValidityUnits

    return TokenValidityUnits(refresh_token="hours", given=True)


@pytest.mark.attack("R6")
@pytest.mark.parametrize("grace", [None, 0, 10])
def test_token_session_follows_its_model(
    sqlite_template: SqliteTemplate, grace: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every example has a database of its own, so that all of them can have the same two keys.
    ready = itertools.cycle([jwts.generate_signing_key(), jwts.generate_signing_key()])
    monkeypatch.setattr(jwts, "generate_signing_key", lambda: next(ready))
    machine = type("Machine", (TokenSessions,), {"grace": grace, "template": sqlite_template})
    run = machine.TestCase
    run.settings = settings(
        max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run("runTest").runTest()
