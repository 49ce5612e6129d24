"""Fixtures for the tests of a host: a pool, an app client, a user, their tokens, and a clock that moves.

They need a fixture ``app`` of the host's: its Flask app, with ``AppClientAuthz``. See docs/how-to/testing.md.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from app_client_authz.extension import SystemClock

if TYPE_CHECKING:
    from flask import Flask

    from app_client_authz.domain.pool import UserPool
    from app_client_authz.pytest_plugin.bench import AuthzBench, BenchClient, BenchUser, Tokens


@pytest.fixture
def authz_bench(app: "Flask") -> "AuthzBench":
    """Everything below in one object, for more than one user or client: ``create_user``, ``create_app_client``."""
    # Here and not above: other test suites of the environment load this module and need nothing of it.
    from app_client_authz.pytest_plugin.bench import AuthzBench

    return AuthzBench(app)


@pytest.fixture
def authz_clock(app: "Flask") -> Iterator[SystemClock]:
    """The clock of the extension: ``authz_clock.advance(3600)`` makes it an hour later until the test ends."""
    from app_client_authz.extension import AppClientAuthz

    clock = AppClientAuthz.services(app).clock
    if not isinstance(clock, SystemClock):
        pytest.fail(f"AppClientAuthz was given the clock {clock!r}: move that one", pytrace=False)
    ahead = clock.ahead
    yield clock
    clock.ahead = ahead


@pytest.fixture
def pool(authz_bench: "AuthzBench") -> "UserPool":
    """The user pool whose tokens open the app's views; made if it is not there."""
    return authz_bench.pool


@pytest.fixture
def app_client(authz_bench: "AuthzBench") -> "BenchClient":
    """A public app client with the code flow."""
    return authz_bench.app_client


@pytest.fixture
def user(authz_bench: "AuthzBench") -> "BenchUser":
    """A confirmed user with a password."""
    return authz_bench.user


@pytest.fixture
def tokens_for(authz_bench: "AuthzBench") -> "Callable[..., Tokens]":
    """``tokens_for(user, scopes=["orders/read"])``: what the user's sign-in would give, without the pages."""
    return authz_bench.tokens_for


@pytest.fixture
def machine_tokens(authz_bench: "AuthzBench") -> "Callable[..., Tokens]":
    """``machine_tokens(scopes=["orders/read"])``: what client credentials would give."""
    return authz_bench.machine_tokens


@pytest.fixture
def sign_in(authz_bench: "AuthzBench") -> "Callable[..., Tokens]":
    """``sign_in(user)``: through the real pages, to the tokens."""
    return authz_bench.sign_in
