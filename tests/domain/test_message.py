"""Messages as senders get them."""

import pytest

from app_client_authz.domain.message import Medium, Message, MessageKind


def message(*, medium: Medium = Medium.EMAIL, **members: str) -> Message:
    given = {
        "pool_id": "us-east-1_Demo00001",
        "sub": "sub",
        "destination": "kim@example.com",
        "username": "kim",
        "subject": "Your verification code",
        "body": "Your verification code is 123456.",
        "code": "123456",
    }
    return Message(kind=MessageKind.RESET_PASSWORD, medium=medium, **(given | members))


def test_a_message_shows_neither_what_it_says_nor_to_whom() -> None:
    shown = repr(message())

    assert "123456" not in shown
    assert "kim" not in shown
    assert "us-east-1_Demo00001" in shown


@pytest.mark.parametrize(
    "destination",
    [
        "",
        "kim",
        "kim@example.com\r\nBcc: eve@example.com",
        "kim@example.com\n",
        "kim@example.com,eve@example.com",
        "kim@example.com>, <eve@example.com",
        "kim@example.com eve@example.com",
        "Kim <kim@example.com>",
        "kim(eve@example.com)@example.com",
        'kim"@example.com',
        "kim@example.com:eve@example.com",
        "+15550100",
    ],
)
def test_an_email_goes_to_exactly_one_address(destination: str) -> None:
    with pytest.raises(ValueError, match=r"^the destination of a message by EMAIL"):
        message(destination=destination)


@pytest.mark.parametrize("destination", ["", "kim@example.com", "15550100", "+1555 0100", "+15550100\n"])
def test_a_text_message_goes_to_exactly_one_number(destination: str) -> None:
    with pytest.raises(ValueError, match=r"^the destination of a message by SMS"):
        message(medium=Medium.SMS, destination=destination)


@pytest.mark.parametrize("subject", ["", "a\r\nBcc: eve@example.com", "a\n", "a\0", "a\u2028b"])
def test_a_subject_never_becomes_another_header(subject: str) -> None:
    with pytest.raises(ValueError, match=r"^the subject of a message"):
        message(subject=subject)
