"""Every operation at its work, and of all that was sent and received nothing secret in signals, log or database."""

import itertools
import logging
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from app_client_authz import AppClientAuthz
from app_client_authz.api.local_client import LocalClient, method_name
from app_client_authz.api.operations import OPERATIONS
from app_client_authz.api.shapes import model
from app_client_authz.crypto import digests
from app_client_authz.domain import ids
from app_client_authz.services.audit import security_event
from app_client_authz.storage.tables import metadata
from tests.api.test_local_client_differential import CODE, SCENES, UNCONFIRMED
from tests.support.clock import MovableClock
from tests.support.site import Site
from tests.support.twins import Recorder

# Sensitive in the model, and kept or told on purpose: who somebody is.
KNOWN = {"AttributeValueType", "ClientIdType", "SessionIpAddressType", "UserContextDataType", "UsernameType"}
NAMES = {"USERNAME", "USER_ID_FOR_SRP", "DEVICE_KEY", "SRP_A"}
PUBLIC = {*model().shapes["ChallengeNameType"]["enum"], "SRP_A"}
"""Answers to a choice, which stand among the secret ones."""
SHORTEST_SECRET = 6
# What of a user's doings is told, by the operation that it was done with.
TOLD = {
    "AdminInitiateAuth": "tokens_issued",
    "AdminRespondToAuthChallenge": "tokens_issued",
    "AdminResetUserPassword": "password_reset_required",
    "AdminRevokeUserSession": "user_session_revoked",
    "AdminSetUserPassword": "password_set",
    "AdminUserGlobalSignOut": "user_signed_out",
    "ChangePassword": "password_changed",
    "ConfirmForgotPassword": "password_reset",
    "ConfirmSignUp": "user_confirmed",
    "DeleteUser": "user_deleted",
    "ForgotPassword": "message_sent",
    "GetClientToken": "client_token_issued",
    "GetTokensFromRefreshToken": "tokens_refreshed",
    "GlobalSignOut": "user_signed_out",
    "InitiateAuth": "tokens_issued",
    "ResendConfirmationCode": "message_sent",
    "RespondToAuthChallenge": "tokens_issued",
    "RevokeToken": "token_session_revoked",
    "RevokeUserSession": "user_session_revoked",
    "SignUp": "user_signed_up",
    "UpdateUserAttributes": "user_attributes_changed",
    "VerifyUserAttribute": "user_attribute_verified",
}
BY_METHOD = {method_name(operation): operation for operation in OPERATIONS}


def secrets_in(kind: str, value: Any, *, inside: bool = False) -> Iterator[str]:
    """The texts of a value that the model calls sensitive, and that are not in ``KNOWN``."""
    shape = model().shapes[kind]
    secret = inside or (shape.get("sensitive", False) and kind not in KNOWN)
    match value:
        case dict():
            for name, each in value.items():
                if shape["type"] == "structure" and name in shape["members"]:
                    yield from secrets_in(shape["members"][name], each, inside=secret)
                elif shape["type"] == "map" and name not in NAMES:
                    yield from secrets_in(shape["value"], each, inside=secret)
        case list():
            for each in value:
                yield from secrets_in(shape["member"], each, inside=secret)
        case str() if secret and len(value) >= SHORTEST_SECRET and value not in PUBLIC and not value.isdecimal():
            yield value


class Watched:
    """A client that remembers the secrets that went through it, and what each operation told."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client
        self.secrets: set[str] = set()
        self.told: dict[str, set[str]] = defaultdict(set)
        self.signals: list[dict[str, Any]] = []

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._client, method)
        operation = BY_METHOD.get(method)
        return call if operation is None else lambda **sent: self._run(operation, call, sent)

    def _run(self, operation: str, call: Any, sent: dict[str, Any]) -> Any:
        shapes, before = model().operations[operation], len(self.signals)
        self.secrets.update(secrets_in(shapes["input"], sent))
        try:
            answer = call(**sent)
        finally:
            self.told[operation].update(str(signal["event"]) for signal in self.signals[before:])
        if "output" in shapes:
            self.secrets.update(secrets_in(shapes["output"], answer))
        return answer


@pytest.fixture
def watched(site: Site, clock: MovableClock, caplog: pytest.LogCaptureFixture) -> Iterator[Watched]:
    """Every scene, played once in a pool that tracks sessions and keeps a record of sign-ins."""
    site.services.users.create(site.pool.id, UNCONFIRMED, {"email": "lee@example.com"}, password=None, permanent=False)
    with site.services.engine.begin() as connection:
        name = {"name": UNCONFIRMED}
        connection.execute(sa.text("UPDATE authz_users SET status = 'UNCONFIRMED' WHERE username = :name"), name)
    numbers = itertools.count(1)
    client = Watched(AppClientAuthz().client("cognito-idp", app=site.app))
    recorder = Recorder(client, clock)
    caplog.set_level(logging.DEBUG)
    with (
        patch.object(ids, "pool_id_from", side_effect=lambda region, _random: f"{region}_{next(numbers):09}"),
        patch.object(digests, "random_digits", return_value=CODE),
        security_event.connected_to(lambda _sender, **signal: client.signals.append(signal)),
    ):
        for scene in SCENES:
            scene(recorder, site.pool.id)
        yield client


@pytest.mark.attack("R11")
def test_no_secret_is_told_or_kept_and_every_doing_of_a_user_is_told(
    watched: Watched, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    told = "\n".join(f"{name}={value!r}" for signal in watched.signals for name, value in signal.items())
    logged = caplog.text
    with closing(site.services.engine.raw_connection()) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined]
    kept = Path(str(sa.make_url(site.app.config["SQLALCHEMY_DATABASE_URI"]).database)).read_bytes()
    rows = dumped(site.services.engine)

    assert len(watched.secrets) > 40
    for secret in watched.secrets:
        for text in (told, logged, rows):
            assert secret not in text
        assert secret.encode() not in kept
    # Six digits are part of many a number.
    assert not re.search(rf"\b{CODE}\b", f"{told}\n{logged}\n{rows}")
    assert {operation: event for operation, event in TOLD.items() if event not in watched.told[operation]} == {}
    for signal in watched.signals:
        assert all(isinstance(value, str | int) for value in signal.values())


def dumped(engine: sa.Engine) -> str:
    """Every value of every row, binary ones as text too."""
    with engine.connect() as connection:
        values = [
            value for table in metadata.sorted_tables for row in connection.execute(sa.select(table)) for value in row
        ]
    return "\n".join(value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in values)
