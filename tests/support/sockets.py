"""Keeps tests on this machine."""

import socket
from typing import Any

import pytest

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def only_loopback(patch: pytest.MonkeyPatch) -> None:
    """Makes a connection from Python to any other machine an error."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test reached out to {address[0]}")
        connect(self, address)

    patch.setattr(socket.socket, "connect", guarded)
