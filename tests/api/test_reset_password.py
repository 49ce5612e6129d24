"""AdminResetUserPassword over the wire."""

import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app_client_authz.domain.user import UserStatus
from tests.support.aws import ACCESS_KEY, SECRET_KEY, Wire, refusal
from tests.support.clock import MovableClock
from tests.support.site import USERNAME, Site, make_site


def test_the_user_has_to_reset_the_password_and_gets_a_code(cognito: Any, site: Site, pool_id: str) -> None:
    answer = cognito.admin_reset_user_password(UserPoolId=pool_id, Username=USERNAME)

    assert set(answer) == {"ResponseMetadata"}
    assert site.services.users.describe(pool_id, USERNAME).status == UserStatus.RESET_REQUIRED
    assert site.services.outbox is not None
    (kept,) = site.services.outbox.of_user(pool_id, site.user.sub)
    assert (kept.kind, kept.medium, kept.destination) == ("reset_password", "EMAIL", "kim@example.com")


def test_the_answer_is_an_empty_object(wire: Wire, pool_id: str) -> None:
    answer = wire("AdminResetUserPassword", {"UserPoolId": pool_id, "Username": USERNAME})

    assert (answer.status_code, answer.data) == (200, b"{}")


@pytest.mark.parametrize(
    "pool, username, code, message",
    [
        ("us-east-1_None00001", USERNAME, "ResourceNotFoundException", "User pool us-east-1_None00001 does not exist."),
        ("", "nobody", "UserNotFoundException", "User does not exist."),
        (
            "",
            "new",
            "NotAuthorizedException",
            "User password cannot be reset in the current state.",
        ),
        (
            "",
            "bare",
            "InvalidParameterException",
            "Cannot reset password for the user as there is no registered/verified email or phone_number",
        ),
    ],
)
def test_refusals_are_worded_as_recorded(
    cognito: Any, site: Site, pool_id: str, pool: str, username: str, code: str, message: str
) -> None:
    verified = {"email": "new@example.com", "email_verified": "true"}
    site.services.users.create(pool_id, "new", verified, password="Temp0rary-h0rse")
    site.services.users.create(pool_id, "bare", {}, password="Correct-h0rse", permanent=True)

    with pytest.raises(ClientError) as refused:
        cognito.admin_reset_user_password(UserPoolId=pool or pool_id, Username=username)

    assert refused.value.response["Error"] == {"Code": code, "Message": message}


def test_a_message_that_cannot_be_sent_is_said(sqlite_url_migrated: str, clock: MovableClock) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings = {
            "AUTHZ_ACCESS_KEYS": {ACCESS_KEY: SECRET_KEY},
            "AUTHZ_MESSAGE_SENDER": "smtp",
            "AUTHZ_SMTP_HOST": "127.0.0.1",
            "AUTHZ_SMTP_PORT": nobody.getsockname()[1],
            "AUTHZ_SMTP_TLS": "none",
            "AUTHZ_SMTP_FROM": "login@example.com",
        }
        site = make_site(sqlite_url_migrated, clock, config=settings)

        answer = Wire(site.app)("AdminResetUserPassword", {"UserPoolId": site.pool.id, "Username": USERNAME})

    assert refusal(answer) == ("CodeDeliveryFailureException", "Unable to deliver code to user")
    assert site.services.users.describe(site.pool.id, USERNAME).status == UserStatus.RESET_REQUIRED
