"""Security events: what listeners and the log are told (OPS-2)."""

import logging

import pytest

from app_client_authz.services import audit, origin


@pytest.mark.parametrize(
    "address, told",
    [
        ("203.0.113.9", {"source": "203.0.113.9"}),
        ("2001:DB8::1", {"source": "2001:db8::1"}),
        # A server on a Unix socket; whoever signs a request says what they like.
        ("", {}),
        ("203.0.113.9\nsigned_in sub=forged", {}),
        (None, {}),
    ],
)
def test_an_event_tells_the_address_that_its_request_came_from(
    caplog: pytest.LogCaptureFixture, address: str | None, told: dict[str, str]
) -> None:
    caplog.set_level(logging.INFO, logger=audit.log.name)
    heard: list[dict[str, str]] = []

    def listen(_sender: object, **event: str) -> None:
        heard.append(event)

    with audit.security_event.connected_to(listen), origin.coming_from(address, claimed="192.0.2.1"):
        audit.record("password_wrong", sub="kim", client_id=None)

    assert heard == [{"event": "password_wrong", "sub": "kim", **told}]
    assert caplog.messages == [" ".join(["password_wrong sub=kim", *(f"source={each}" for each in told.values())])]
